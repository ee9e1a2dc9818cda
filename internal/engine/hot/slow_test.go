package hot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tidegate/internal/engine"
	"tidegate/internal/engine/hot"
	"tidegate/internal/pgerr"
	"tidegate/internal/testkit"
)

const (
	slowRows  = 200_000
	slowQuery = "select i, md5(i::text) as h, repeat('x', i % 50) as x from generate_series(1, 200000) i"
)

// statement gives a result as a client of the gateway has it.
func statement(t *testing.T, e *hot.Engine, query string) engine.RawRows {
	t.Helper()
	rows, err := e.Query(t.Context(), engine.Statement{SQL: query})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	return rows.(engine.RawRows)
}

// take reads n rows, or all that are left.
func take(t *testing.T, r engine.RawRows, w io.Writer, n int64) (rows int64, done bool) {
	t.Helper()
	rows, done, err := r.CopyDataRows(t.Context(), w, n)
	if err != nil {
		t.Fatal(err)
	}
	return rows, done
}

// direct is the result for a client that keeps up.
func direct(t *testing.T, url string) []byte {
	t.Helper()
	var all bytes.Buffer
	r := statement(t, open(t, hot.Options{URL: url, Pool: 1}), slowQuery)
	if n, done := take(t, r, &all, slowRows+1); n != slowRows || !done {
		t.Fatalf("%d rows, done %t", n, done)
	}
	return all.Bytes()
}

// becomesIdle waits until no connection of Tidegate works at the server.
func becomesIdle(t *testing.T, url string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for {
		var busy int
		err := c.QueryRow(t.Context(), "select count(*) from pg_stat_activity where application_name = 'tidegate' and state <> 'idle'").Scan(&busy)
		if err != nil {
			t.Fatal(err)
		}
		if busy == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestSlowPortal: a client that has read 1 % and asks for no more does not hold the server's slot.
func TestSlowPortal(t *testing.T) {
	t.Parallel()
	url := testkit.Postgres(t).DSN()
	want := direct(t, url)
	e := open(t, hot.Options{URL: url, Pool: 1, SpoolDir: t.TempDir(), SpoolBytes: 1 << 30})
	var got bytes.Buffer
	r := statement(t, e, slowQuery)
	if n, done := take(t, r, &got, slowRows/100); n != slowRows/100 || done {
		t.Fatalf("%d rows, done %t", n, done)
	}
	becomesIdle(t, url)
	if results, bytes := e.Spooled(); results != 1 || bytes < int64(len(want))/2 {
		t.Errorf("%d results with %d bytes are spooled", results, bytes)
	}
	// The one connection there is serves the next statement.
	var other messages
	take(t, statement(t, e, "select 7"), &other, 10)
	if cells := other.cells(t); len(cells) != 1 || cells[0][0] != "7" {
		t.Errorf("beside it: %v", cells)
	}
	for done := false; !done; {
		_, done = take(t, r, &got, 1000)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes came, not the %d of a fast client", got.Len(), len(want))
	}
	if _, left := e.Spooled(); left != 0 {
		t.Errorf("%d bytes are still counted", left)
	}
}

// blocked is a client's connection that takes nothing until open is closed.
type blocked struct {
	bytes.Buffer
	open chan struct{}
}

func (b *blocked) Write(p []byte) (int, error) {
	<-b.open
	return b.Buffer.Write(p)
}

// TestClientThatTakesNothing: nor does one whose connection takes no bytes in the middle of a write.
func TestClientThatTakesNothing(t *testing.T) {
	t.Parallel()
	url := testkit.Postgres(t).DSN()
	want := direct(t, url)
	e := open(t, hot.Options{URL: url, Pool: 1, SpoolDir: t.TempDir(), SpoolBytes: 1 << 30})
	r := statement(t, e, slowQuery)
	got := &blocked{open: make(chan struct{})}
	type end struct {
		n    int64
		done bool
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		n, done, err := r.CopyDataRows(t.Context(), got, slowRows+1)
		ended <- end{n, done, err}
	}()
	becomesIdle(t, url)
	var other messages
	take(t, statement(t, e, "select 7"), &other, 10)
	close(got.open)
	if x := <-ended; x != (end{slowRows, true, nil}) {
		t.Errorf("%+v", x)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes came, not the %d of a fast client", got.Len(), len(want))
	}
}

// TestSlowChunks: the rows of a converted result are spooled too.
func TestSlowChunks(t *testing.T) {
	t.Parallel()
	url := testkit.Postgres(t).DSN()
	e := open(t, hot.Options{URL: url, Pool: 1, SpoolDir: t.TempDir(), SpoolBytes: 1 << 30})
	r := statement(t, e, slowQuery)
	rows, sum := 0, int64(0)
	for {
		c, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if rows == 0 {
			becomesIdle(t, url)
		}
		for i := range c.Rows {
			sum += c.Vectors[0].I64[i]
		}
		rows += c.Rows
	}
	if rows != slowRows || sum != slowRows*(slowRows+1)/2 {
		t.Errorf("%d rows, sum %d", rows, sum)
	}
}

// TestSpoolWithoutRoom: where nothing can be spooled the server waits, as for a client without a spool.
func TestSpoolWithoutRoom(t *testing.T) {
	t.Parallel()
	url := testkit.Postgres(t).DSN()
	want := direct(t, url)
	for name, o := range map[string]hot.Options{
		"limit":     {SpoolDir: t.TempDir(), SpoolBytes: 1 << 20},
		"no folder": {SpoolDir: filepath.Join(t.TempDir(), "missing"), SpoolBytes: 1 << 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.URL, o.Pool = url, 1
			r := statement(t, open(t, o), slowQuery)
			var got bytes.Buffer
			take(t, r, &got, 1)
			time.Sleep(500 * time.Millisecond) // long enough to be slow
			for done := false; !done; {
				_, done = take(t, r, &got, 5000)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%d bytes came, not the %d of a fast client", got.Len(), len(want))
			}
		})
	}
}

// TestSlowReaderIsLeft: a result that is closed or cancelled while it is spooled leaves a connection that works.
func TestSlowReaderIsLeft(t *testing.T) {
	t.Parallel()
	url := testkit.Postgres(t).DSN()
	// The server is at work for minutes, and has sent something before.
	const endless = "select i, repeat('x', 1000) as x, case when i > 20000 then pg_sleep(0.01) end from generate_series(1, 60000) i"
	for name, leave := range map[string]func(t *testing.T, r engine.RawRows, cancel context.CancelCauseFunc){
		"closed": func(t *testing.T, r engine.RawRows, _ context.CancelCauseFunc) {
			t.Helper()
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		},
		"cancelled": func(t *testing.T, r engine.RawRows, cancel context.CancelCauseFunc) {
			t.Helper()
			stopped := pgerr.New(pgerr.QueryCanceled, "stopped")
			cancel(stopped)
			if _, _, err := r.CopyDataRows(t.Context(), io.Discard, 1<<40); !errors.Is(err, stopped) {
				t.Errorf("got %v", err)
			}
		},
		"cancelled while it waits": func(t *testing.T, r engine.RawRows, cancel context.CancelCauseFunc) {
			t.Helper()
			stopped := pgerr.New(pgerr.QueryCanceled, "stopped")
			time.AfterFunc(100*time.Millisecond, func() { cancel(stopped) })
			if _, _, err := r.CopyDataRows(t.Context(), io.Discard, 1<<40); !errors.Is(err, stopped) {
				t.Errorf("got %v", err)
			}
		},
		"call ended": func(t *testing.T, r engine.RawRows, _ context.CancelCauseFunc) {
			t.Helper()
			ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer stop()
			if _, _, err := r.CopyDataRows(ctx, io.Discard, 1<<40); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, hot.Options{URL: url, Pool: 1, SpoolDir: t.TempDir(), SpoolBytes: 1 << 30})
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			rows, err := e.Query(ctx, engine.Statement{SQL: endless})
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			r := rows.(engine.RawRows)
			take(t, r, io.Discard, 10)
			time.Sleep(500 * time.Millisecond) // long enough to be slow
			leave(t, r, cancel)
			var other messages
			take(t, statement(t, e, "select 7"), &other, 10)
			if cells := other.cells(t); len(cells) != 1 || cells[0][0] != "7" {
				t.Errorf("after it: %v", cells)
			}
		})
	}
}

// TestSlowReaderOfAnError: the rows come, then the error that ended them.
func TestSlowReaderOfAnError(t *testing.T) {
	t.Parallel()
	url := testkit.Postgres(t).DSN()
	e := open(t, hot.Options{URL: url, Pool: 1, SpoolDir: t.TempDir(), SpoolBytes: 1 << 30})
	r := statement(t, e, "select i, 1 / (150000 - i) as d from generate_series(1, 200000) i")
	take(t, r, io.Discard, 10)
	becomesIdle(t, url)
	n, done, err := r.CopyDataRows(t.Context(), io.Discard, 1<<40)
	e2, ok := errors.AsType[*pgerr.Error](err)
	if n != 149_989 || done || !ok || e2.Code != pgerr.DivisionByZero {
		t.Errorf("%d rows, done %t, %v", n, done, err)
	}
	var other messages
	take(t, statement(t, e, "select 7"), &other, 10)
	if text := fmt.Sprint(other.cells(t)); !strings.Contains(text, "7") {
		t.Errorf("after it: %s", text)
	}
}
