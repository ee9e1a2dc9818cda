package hot_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"testing"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/engine/hot"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

func pin(t *testing.T, e *hot.Engine, keep bool) *hot.Pinned {
	t.Helper()
	p, err := e.Pin(t.Context(), keep)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func run(t *testing.T, p *hot.Pinned, s engine.Statement) *hot.Result {
	t.Helper()
	r, err := p.Run(t.Context(), s)
	if err != nil {
		t.Fatalf("%s: %v", s.SQL, err)
	}
	return r
}

func TestPinned(t *testing.T) { //nolint:tparallel // the parts share one connection
	t.Parallel()
	pg := testkit.Postgres(t)
	e := open(t, hot.Options{URL: pg.DSN(), Pool: 3})
	p := pin(t, e, true)
	if err := p.Begin(t.Context(), "read committed"); err != nil {
		t.Fatal(err)
	}
	if r := run(t, p, engine.Statement{SQL: "create table public.t (id int, name text)"}); r.Tag() != "CREATE TABLE" || r.Columns() != nil {
		t.Errorf("tag %q, columns %v", r.Tag(), r.Columns())
	}
	inserted := run(t, p, engine.Statement{SQL: "insert into public.t select i, repeat('x', 200) from generate_series(1, 30000) i returning *"})

	t.Run("two results at once", func(t *testing.T) {
		read := run(t, p, engine.Statement{SQL: "select id from public.t order by id"})
		var a, b messages
		var rows int64
		for done := false; !done; {
			n, over, err := inserted.CopyDataRows(t.Context(), &a, 7000)
			if err != nil {
				t.Fatal(err)
			}
			rows, done = rows+n, over
			if _, _, err := read.CopyDataRows(t.Context(), &b, 2500); err != nil {
				t.Fatal(err)
			}
		}
		if rows != 30000 || inserted.Tag() == "" {
			t.Errorf("%d rows, tag %q", rows, inserted.Tag())
		}
		for i, row := range b.cells(t) {
			if row[0] != strconv.Itoa(i+1) {
				t.Fatalf("row %d of the other result is %v", i, row)
			}
		}
	})
	t.Run("parameters", func(t *testing.T) {
		params, columns, err := p.Describe(t.Context(), "update public.t set name = $2 where id = $1 returning id", []pgtypes.OID{pgtypes.Int8})
		if err != nil || len(params) != 2 || params[0] != pgtypes.Int8 || params[1] != pgtypes.Text || len(columns) != 1 {
			t.Errorf("%v, %v, %v", params, columns, err)
		}
		r := run(t, p, engine.Statement{SQL: "update public.t set name = $2 where id = $1", Params: []engine.Param{
			{Type: pgtypes.Int4, Format: 1, Value: []byte{0, 0, 0, 1}}, {Type: pgtypes.Text},
		}})
		if r.Tag() != "UPDATE 1" {
			t.Errorf("tag %q", r.Tag())
		}
	})
	t.Run("an error leaves the connection", func(t *testing.T) {
		if _, err := p.Control(t.Context(), "SAVEPOINT s"); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Run(t.Context(), engine.Statement{SQL: "select 1 / 0"}); pgerr.CodeOf(err) != pgerr.DivisionByZero {
			t.Errorf("got %v", err)
		}
		ctx, stop := context.WithCancelCause(t.Context())
		defer time.AfterFunc(50*time.Millisecond, func() { stop(io.ErrNoProgress) }).Stop()
		if _, err := p.Control(t.Context(), "ROLLBACK TO s"); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Run(ctx, engine.Statement{SQL: "select pg_sleep(60)"}); !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("got %v, want the cause", err)
		}
		if tag, err := p.Control(t.Context(), "COMMIT"); tag != "ROLLBACK" || err != nil || p.Lost() {
			t.Errorf("tag %q, %v: the server had cancelled it", tag, err)
		}
	})
	t.Run("queries cannot write", func(t *testing.T) {
		if _, err := e.Query(t.Context(), engine.Statement{SQL: "select 1 into public.x"}); pgerr.CodeOf(err) != pgerr.ReadOnlyTransaction {
			t.Errorf("got %v", err)
		}
	})
	t.Run("one is left", func(t *testing.T) {
		second := pin(t, e, true)
		if _, err := e.Pin(t.Context(), true); pgerr.CodeOf(err) != pgerr.TooManyConnections {
			t.Errorf("got %v", err)
		}
		third := pin(t, e, false)
		if err := third.Keep(); pgerr.CodeOf(err) != pgerr.TooManyConnections {
			t.Errorf("got %v", err)
		}
		third.Release()
		second.Close()
		pin(t, e, true).Release()
	})
	p.Close()
	if _, err := p.Control(t.Context(), "BEGIN"); pgerr.CodeOf(err) != pgerr.ConnectionFailure {
		t.Errorf("a closed one: %v", err)
	}
}
