// Package wirelib measures, for the record, what a library of PostgreSQL's protocol makes of the same engine: the rows of
// one table through github.com/jeroenrinzema/psql-wire, beside PostgreSQL.
//
// The library is no dependency of Tidegate: what is measured is a module of its own, in front.
package wirelib

import (
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"tidegate/bench/client"
	"tidegate/bench/measure"
	"tidegate/internal/testkit"
)

const (
	columns       = "id, big, dbl, name, ts, flag"
	postgresTable = `create schema bench; create table bench.wide as select i as id, i::bigint * 7919000003 as big, i / 3.0::float8 as dbl,
	'user_' || i %% 1000 as name, timestamp '2018-02-01' + i * interval '400 milliseconds' as ts, i %% 2 = 1 as flag
	from generate_series(0, %d) i`
)

// Run measures the suite.
func Run(ctx context.Context, b *measure.Bench) error {
	rows := 2_000_000
	if b.Quick {
		rows = 200_000
	}
	cluster := testkit.PostgresTCP(b.TB) //nolint:contextcheck // the stage has ctx
	conn := cluster.Connect(b.TB)        //nolint:contextcheck // as above
	for _, text := range []string{fmt.Sprintf(postgresTable, rows-1), "vacuum analyze bench.wide"} {
		if err := conn.PgConn().Exec(ctx, text).Close(); err != nil {
			return err
		}
	}
	address, err := start(ctx, b, rows)
	if err != nil {
		return err
	}
	targets := []client.Target{
		{Name: "postgresql", Address: "127.0.0.1:" + cluster.Port, User: "postgres", Database: "postgres"},
		{Name: "psql-wire", Address: address, User: "bench", Database: "bench"},
	}
	message, err := client.Simple("select " + columns + " from bench.wide")
	if err != nil {
		return err
	}
	return client.Compare(ctx, b, "rows_text_6col", "rows/s", b.Samples(), targets, func(t client.Target) (func() (float64, error), error) {
		c, err := t.Connect()
		if err != nil {
			return nil, err
		}
		return func() (float64, error) {
			began := time.Now()
			n, err := c.Ask(message)
			if err == nil && n != rows {
				err = fmt.Errorf("%d rows came, not %d", n, rows)
			}
			return float64(n) / time.Since(began).Seconds(), err
		}, nil
	})
}

// start builds the front and runs it until the bench ends.
func start(ctx context.Context, b *measure.Bench, rows int) (address string, err error) {
	folder, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "tidegate/bench/wirelib").Output()
	if err != nil {
		return "", fmt.Errorf("find the front: %w", err)
	}
	binary := filepath.Join(b.TB.TempDir(), "front")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = filepath.Join(strings.TrimSpace(string(folder)), "front")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the front: %w\n%s", err, out)
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), binary, "-rows", strconv.Itoa(rows))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = b.Log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	b.TB.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // after a kill its status tells nothing
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the front ended before it listened: %w", err)
	}
	return strings.TrimSpace(line), nil
}
