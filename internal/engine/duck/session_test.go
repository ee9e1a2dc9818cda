package duck

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/engine"
	"tidegate/internal/engine/enginetest"
	"tidegate/internal/pgerr"
)

func TestSession(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	s := session(t, db)
	for _, step := range []struct {
		sql     string
		changed int64
	}{
		{"create table t (i int, s text)", 0},
		{"insert into t select i, 's' || i from range(5000) r(i)", 5000},
		{"update t set s = 'x' where i < 10", 10},
		{"begin", 0},
		{"delete from t where i >= 100", 4900},
		{"select 1", 0},
		{"rollback", 0},
		{"delete from t where i >= 4999", 1},
	} {
		n, err := s.Exec(t.Context(), step.sql)
		if err != nil || n != step.changed {
			t.Errorf("%s: %d rows changed, %v; want %d", step.sql, n, err, step.changed)
		}
	}
	if got := table(t, db, "select count(*), count(*) filter (where s = 'x') from t"); !cmp.Equal(got, [][]string{{"4999", "10"}}) {
		t.Errorf("got %q", got)
	}
}

// TestSessionSecondStatement: the rows before end loudly.
func TestSessionSecondStatement(t *testing.T) {
	t.Parallel()
	s := session(t, open(t, Options{}))
	first, err := s.Query(t.Context(), "select * from range(1000000)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	second, err := s.Query(t.Context(), "select 2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Next(t.Context()); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("rows of the statement before: %v", err)
	}
	if got := enginetest.Table(t, second); !cmp.Equal(got, [][]string{{"2"}}) {
		t.Errorf("got %q", got)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
}

func TestSessionCancel(t *testing.T) {
	t.Parallel()
	s := session(t, open(t, Options{}))
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	timer := time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
	defer timer.Stop()
	_, err := s.Exec(ctx, "create table t as select sum(a.i * b.i % 7) from range(10000000) a(i), range(1000000) b(i)")
	if !errors.Is(err, stop) {
		t.Errorf("got %v, want the cause", err)
	}
	if _, err := s.Exec(ctx, "select 1"); !errors.Is(err, stop) {
		t.Errorf("afterwards with the same context: %v", err)
	}
	if _, err := s.Exec(t.Context(), "create table t (i int)"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestSessionErrors(t *testing.T) {
	t.Parallel()
	s := session(t, open(t, Options{}))
	if _, err := s.Exec(t.Context(), "create table t (i int primary key)"); err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]pgerr.Code{
		"create table t (i int)":        codeDuplicateTable,
		"insert into t values (1), (1)": codeConstraint,
		"insert into u values (1)":      pgerr.UndefinedTable,
		"select 1; select 2":            pgerr.SyntaxError,
		"nonsense":                      pgerr.SyntaxError,
	} {
		if _, err := s.Exec(t.Context(), sql); pgerr.CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "select 1"); !errors.Is(err, ErrClosed) {
		t.Errorf("closed session: %v", err)
	}
}

// TestRebind replaces a table between prepare and execution.
func TestRebind(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	exec(t, db, "create table t as select 1 as a")
	c, err := db.acquire(utc)
	if err != nil {
		t.Fatal(err)
	}
	defer db.release(c, false)
	p, err := c.prepareFor(engine.Statement{SQL: "select a from t"})
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, "create or replace table t as select ['a long text in a list'] as a")
	_, err = c.start(c.watch(t.Context()), p)
	if pgerr.CodeOf(err) == "" || pgerr.CodeOf(err) == pgerr.InternalError {
		t.Errorf("got %v", err)
	}
}

// TestConnectionReuse: a connection whose result was not read to the end still holds a snapshot, so it is not kept.
func TestConnectionReuse(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	for _, test := range []struct {
		name   string
		sql    string
		chunks int
		idle   int
	}{
		{"drained", "select * from range(5000)", 4, 1},
		{"closed early", "select * from range(100000000)", 1, 0},
		{"failed", "select case when range > 3000 then cast('x' || range as int) end from range(4000)", 5, 0},
		{"does not parse", "nonsense", 0, 1},
	} {
		rows, err := db.Query(t.Context(), engine.Statement{SQL: test.sql})
		for n := test.chunks; err == nil && n > 0; n-- {
			_, err = rows.Next(t.Context())
		}
		if rows != nil {
			rows.Close()
		}
		if got := len(db.idle); got != test.idle {
			t.Errorf("%s: %d idle connections, want %d (%v)", test.name, got, test.idle, err)
		}
	}
	if db.users != 0 {
		t.Errorf("%d users", db.users)
	}
}
