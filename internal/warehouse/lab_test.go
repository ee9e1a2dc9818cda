package warehouse_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/engine/duck"
	"tidegate/internal/storage"
	"tidegate/internal/storage/file"
	"tidegate/internal/warehouse"
)

// lab is a running warehouse with one bucket, "lake", on a folder.
type lab struct {
	*warehouse.Warehouse
	address string
	bucket  *file.Bucket
	db      *duck.DB
}

// start serves a warehouse until the test ends.
func start(t *testing.T, change ...func(*warehouse.Options)) *lab {
	t.Helper()
	dir := t.TempDir()
	stage := filepath.Join(dir, "stage")
	if err := os.MkdirAll(stage, 0o755); err != nil {
		t.Fatal(err)
	}
	db, err := duck.Open(t.Context(), duck.Options{
		Path: filepath.Join(dir, "warehouse.duckdb"), Threads: 2, Fence: true, AllowedDirs: []string{stage},
	})
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := file.Create("file:" + filepath.Join(dir, "lake"))
	if err != nil {
		t.Fatal(err)
	}
	o := warehouse.Options{Database: db, Stage: stage, Open: func(name string) (storage.Bucket, error) {
		if name != "lake" {
			return nil, storage.ErrNotFound
		}
		return bucket, nil
	}}
	for _, c := range change {
		c(&o)
	}
	w, err := warehouse.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := w.Serve(ctx, l); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() {
		stop()
		serving.Wait()
		if err := db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return &lab{Warehouse: w, address: l.Addr().String(), bucket: bucket, db: db}
}

func (l *lab) url() string { return "postgres://etl@" + l.address + "/dev?sslmode=disable" }

// connect opens a connection of pgconn that ends with the test.
func (l *lab) connect(t *testing.T) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), l.url())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return c
}

// pgx opens a connection of pgx that ends with the test.
func (l *lab) pgx(t *testing.T) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), l.url())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return c
}

// ask runs statements by the simple protocol and gives the rows of the last, as text: "a|b" and "∅" for NULL.
func ask(t *testing.T, c *pgconn.PgConn, sql string) []string {
	t.Helper()
	rows, err := try(t, c, sql)
	if err != nil {
		t.Fatalf("%s\n%v", sql, err)
	}
	return rows
}

func try(t *testing.T, c *pgconn.PgConn, sql string) ([]string, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil || len(results) == 0 {
		return nil, err
	}
	out := []string{}
	for _, row := range results[len(results)-1].Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = string(v)
			if v == nil {
				cells[i] = "∅"
			}
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out, nil
}

// refused runs a statement that must fail with the SQLSTATE and a message that contains the text.
func refused(t *testing.T, c *pgconn.PgConn, sql, code, message string) {
	t.Helper()
	_, err := try(t, c, sql)
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		t.Fatalf("%s\ngot %v, want SQLSTATE %s", sql, err, code)
	}
	if e.Code != code || !strings.Contains(e.Message+" "+e.Detail, message) {
		t.Errorf("%s\ngot %s %q %q, want %s %q", sql, e.Code, e.Message, e.Detail, code, message)
	}
}
