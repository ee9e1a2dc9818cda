package hot_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"tidegate/internal/engine"
	"tidegate/internal/engine/enginetest"
	"tidegate/internal/engine/hot"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, o hot.Options) *hot.Engine {
	t.Helper()
	if o.Kind == "" {
		o.Kind = hot.PostgreSQL
	}
	e, err := hot.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func TestConformance(t *testing.T) { //nolint:tparallel // the suite's own tests are parallel
	t.Parallel()
	pg := testkit.Postgres(t)
	e := open(t, hot.Options{URL: pg.DSN(), Pool: 16, SpoolDir: t.TempDir(), SpoolBytes: 1 << 30})
	// In a subtest: the cluster ends after it.
	t.Run("suite", func(t *testing.T) {
		enginetest.Run(t, enginetest.Config{
			Engine: e,
			Series: func(n string) string { return "(select generate_series(1, " + n + ") as i) as t" },
		})
	})
}

// messages counts DataRow messages and keeps their bytes.
type messages struct {
	bytes.Buffer
}

// cells reads the messages with a decoder of the test's own.
func (m *messages) cells(t *testing.T) [][]string {
	t.Helper()
	var all [][]string
	b := m.Bytes()
	for len(b) > 0 {
		if b[0] != 'D' {
			t.Fatalf("message %q among the rows", b[0])
		}
		size := binary.BigEndian.Uint32(b[1:])
		body := b[7 : size+1]
		var row []string
		for range binary.BigEndian.Uint16(b[5:]) {
			n := int32(binary.BigEndian.Uint32(body))
			body = body[4:]
			if n < 0 {
				row = append(row, "NULL")
				continue
			}
			row = append(row, string(body[:n]))
			body = body[n:]
		}
		all = append(all, row)
		b = b[size+1:]
	}
	return all
}

func TestRawRows(t *testing.T) { //nolint:tparallel // two connections are enough for all, one after the other
	t.Parallel()
	e := open(t, hot.Options{URL: testkit.Postgres(t).DSN(), Pool: 2})
	ask := func(t *testing.T, s engine.Statement) engine.RawRows {
		t.Helper()
		rows, err := e.Query(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { rows.Close() })
		return rows.(engine.RawRows)
	}
	t.Run("text in pieces", func(t *testing.T) {
		r := ask(t, engine.Statement{SQL: "select i, nullif(i, 3)::text from generate_series(1, 10) i"})
		if d := cmp.Diff([]int16{0, 0}, r.Formats()); d != "" {
			t.Error(d)
		}
		var got messages
		for _, want := range []struct {
			limit, n int64
			done     bool
		}{{4, 4, false}, {6, 6, false}, {5, 0, true}, {5, 0, true}} {
			n, done, err := r.CopyDataRows(t.Context(), &got, want.limit)
			if n != want.n || done != want.done || err != nil {
				t.Errorf("limit %d: %d, %t, %v, want %d, %t", want.limit, n, done, err, want.n, want.done)
			}
		}
		var want [][]string
		for i := range 10 {
			text := strconv.Itoa(i + 1)
			want = append(want, []string{text, text})
		}
		want[2][1] = "NULL"
		if d := cmp.Diff(want, got.cells(t)); d != "" {
			t.Error(d)
		}
	})
	t.Run("binary", func(t *testing.T) {
		r := ask(t, engine.Statement{SQL: "select 258, 'x'", Formats: []int16{1, 0}})
		var got messages
		if _, _, err := r.CopyDataRows(t.Context(), &got, 1); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([][]string{{"\x00\x00\x01\x02", "x"}}, got.cells(t)); d != "" {
			t.Error(d)
		}
	})
	t.Run("pieces by both ways", func(t *testing.T) {
		r := ask(t, engine.Statement{SQL: "select i from generate_series(1, 5000) i"})
		var got messages
		if _, _, err := r.CopyDataRows(t.Context(), &got, 7); err != nil {
			t.Fatal(err)
		}
		c, err := r.Next(t.Context())
		if err != nil || c.Vectors[0].I64[0] != 8 {
			t.Fatalf("next: %v", err)
		}
		if n, done, err := r.CopyDataRows(t.Context(), &got, 10000); n != 5000-7-int64(c.Rows) || !done || err != nil {
			t.Errorf("%d rows, %t, %v", n, done, err)
		}
	})
	t.Run("other types are converted", func(t *testing.T) {
		r := ask(t, engine.Statement{
			SQL: "select avg(i) from generate_series(1, 2) i", Formats: []int16{1},
			Columns: []engine.Column{{Name: "avg", Type: pgtypes.Of(pgtypes.Float8)}},
		})
		if r.Formats() != nil {
			t.Error("a numeric passes as a float8")
		}
		c, err := r.Next(t.Context())
		if err != nil || c.Vectors[0].F64[0] != 1.5 {
			t.Errorf("got %v, %v", c, err)
		}
	})
	t.Run("a varchar passes as text and json", func(t *testing.T) {
		for _, format := range []int16{0, 1} {
			r := ask(t, engine.Statement{
				SQL: `select 'é'::varchar(3), '[1]'::varchar(65535)`, Formats: []int16{format},
				Columns: []engine.Column{{Name: "t", Type: pgtypes.Of(pgtypes.Text)}, {Name: "j", Type: pgtypes.Of(pgtypes.JSON)}},
			})
			if r.Formats() == nil {
				t.Fatal("it is converted")
			}
			var got messages
			if _, _, err := r.CopyDataRows(t.Context(), &got, 10); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([][]string{{"é", "[1]"}}, got.cells(t)); d != "" {
				t.Error(d)
			}
		}
	})
	t.Run("a large row", func(t *testing.T) {
		r := ask(t, engine.Statement{SQL: "select repeat('x', 3000000), 1 union all select 'y', 2"})
		var got messages
		if n, done, err := r.CopyDataRows(t.Context(), &got, 10); n != 2 || !done || err != nil {
			t.Fatalf("%d, %t, %v", n, done, err)
		}
		if cells := got.cells(t); len(cells[0][0]) != 3000000 || cells[1][0] != "y" {
			t.Error("rows are not what was sent")
		}
	})
	t.Run("error in mid-stream", func(t *testing.T) {
		r := ask(t, engine.Statement{SQL: "select 100000 / (90000 - i) from generate_series(1, 100000) i"})
		n, done, err := r.CopyDataRows(t.Context(), io.Discard, 1<<40)
		if n != 89999 || done || pgerr.CodeOf(err) != pgerr.DivisionByZero {
			t.Errorf("%d, %t, %v", n, done, err)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := time.AfterFunc(50*time.Millisecond, func() { cancel(io.ErrNoProgress) })
		defer stop.Stop()
		r, err := e.Query(ctx, engine.Statement{SQL: "select i from (select generate_series(1, 1000000000000) i) t where i < 100 or i % 7 > 7"})
		if err == nil {
			_, _, err = r.(engine.RawRows).CopyDataRows(ctx, io.Discard, 1<<40)
			r.Close()
		}
		if !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("got %v, want the cause", err)
		}
	})
}
