package enginetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"tidegate/internal/engine"
)

var errStop = errors.New("the test says stop")

// heavy is an aggregate that would run for hours.
const heavy = "select sum(a.i * b.i % 7) from generate_series(1, 10000000) as a(i), generate_series(1, 1000000) as b(i)"

func testCancelBlocked(t *testing.T, e engine.Engine) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	timer := time.AfterFunc(50*time.Millisecond, func() { cancel(errStop) })
	defer timer.Stop()
	rows, err := e.Query(ctx, engine.Statement{SQL: heavy})
	if err == nil {
		_, err = drain(ctx, rows)
		rows.Close()
	}
	if !errors.Is(err, errStop) {
		t.Errorf("got %v, want the cause", err)
	}
	// The engine goes on.
	if n, err := drain(t.Context(), query(t, e, engine.Statement{SQL: numbers("10")})); n != 10 || err != nil {
		t.Errorf("afterwards: %d rows, %v", n, err)
	}
}

func testCancelBetween(t *testing.T, c Config) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	rows, err := c.Engine.Query(ctx, c.endless("100000000", "true"))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if _, err := rows.Next(ctx); err != nil {
		t.Fatal(err)
	}
	cancel(errStop)
	// The context of the statement ends the rows, whatever context Next has. What is buffered may still come.
	if _, err := drain(t.Context(), rows); !errors.Is(err, errStop) {
		t.Errorf("got %v, want the cause", err)
	}
}

func testCancelNext(t *testing.T, c Config) {
	t.Helper()
	// More rows than an engine buffers, then hours without one.
	rows := query(t, c.Engine, c.endless("1000000000000", "i < 1000000 or i % 7 > 7"))
	ctx, cancel := context.WithCancelCause(t.Context())
	timer := time.AfterFunc(50*time.Millisecond, func() { cancel(errStop) })
	defer timer.Stop()
	if _, err := drain(ctx, rows); !errors.Is(err, errStop) {
		t.Errorf("got %v, want the cause", err)
	}
}

func testAlreadyCanceled(t *testing.T, e engine.Engine) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStop)
	if _, err := e.Query(ctx, engine.Statement{SQL: heavy}); !errors.Is(err, errStop) {
		t.Errorf("query: got %v, want the cause", err)
	}
	rows := query(t, e, engine.Statement{SQL: numbers("10")})
	if _, err := rows.Next(ctx); !errors.Is(err, errStop) {
		t.Errorf("next: got %v, want the cause", err)
	}
}

func testTwoRows(t *testing.T, e engine.Engine) {
	t.Helper()
	a := query(t, e, engine.Statement{SQL: numbers("300000")})
	b := query(t, e, engine.Statement{SQL: numbers("300000")})
	for _, r := range []engine.Rows{a, b, a, b} {
		if _, err := r.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range []engine.Rows{a, b} {
		n, err := drain(t.Context(), r)
		if err != nil || n >= 300000 || n < 200000 {
			t.Errorf("%d rows left, %v", n, err)
		}
	}
}

func testCloseEarly(t *testing.T, c Config) {
	t.Helper()
	for range 20 {
		rows, err := c.Engine.Query(t.Context(), c.endless("100000000", "true"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rows.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := rows.Next(t.Context()); err == nil {
			t.Error("closed rows still give a chunk")
		}
	}
}
