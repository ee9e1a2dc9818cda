package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestWarehouseRefusesUnknownFaults(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"warehouse", "--data", t.TempDir(), "--fail", "fire"}, &out, &errs); code != 2 {
		t.Errorf("exit code %d, want 2\n%s", code, errs.String())
	}
	if !bytes.Contains(errs.Bytes(), []byte("drop-before-commit")) {
		t.Errorf("the error does not say what there is: %s", errs.String())
	}
}

// The verb serves tables that are still there when it is started again, and buckets that are folders.
func TestWarehouseServes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "buckets", "lake"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "buckets", "lake", "e.csv"), []byte("1,a\n2,b\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"warehouse", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--buckets", filepath.Join(dir, "buckets")}
	for _, sql := range []string{
		"create table e (n int, s varchar(3)); copy e from 's3://lake/e.csv' iam_role default csv", "insert into e values (3, 'c')",
	} {
		serveWarehouse(t, args, func(c *pgx.Conn) {
			if _, err := c.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
				t.Error(err)
			}
		})
	}
	serveWarehouse(t, args, func(c *pgx.Conn) {
		var n int
		if err := c.QueryRow(t.Context(), "select count(*) from e").Scan(&n); err != nil || n != 3 {
			t.Errorf("%d rows, want 3: %v", n, err)
		}
	})
}

// serveWarehouse runs the verb, hands f a connection and stops it.
func serveWarehouse(t *testing.T, args []string, f func(*pgx.Conn)) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	log, errs := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, args, io.Discard, errs)
		errs.Close()
	}()
	ready := regexp.MustCompile(`warehouse ready.*(127\.0\.0\.1:\d+)`)
	lines := bufio.NewScanner(log)
	address := ""
	for address == "" && lines.Scan() {
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			address = m[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
	c, err := pgx.Connect(t.Context(), "postgres://etl@"+address+"/dev?sslmode=disable")
	if err != nil {
		stop()
		t.Fatal(err)
	}
	f(c)
	_ = c.Close(t.Context())
	stop()
	if got := <-code; got != 0 {
		t.Errorf("exit code %d", got)
	}
}
