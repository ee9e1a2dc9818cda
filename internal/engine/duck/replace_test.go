package duck

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"tidegate/internal/engine"
	"tidegate/internal/engine/enginetest"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

func load(t *testing.T, db *DB, columns []engine.LoadColumn, rows ...[]any) error {
	t.Helper()
	return db.Replace(t.Context(), "sys", "t", columns, slices.Values(rows))
}

func TestReplace(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	at := time.Date(2018, 2, 15, 23, 30, 0, 5000, time.FixedZone("JST", 9*3600))
	columns := []engine.LoadColumn{
		{Name: "b", Type: pgtypes.Bool},
		{Name: "i2", Type: pgtypes.Int2},
		{Name: "i4", Type: pgtypes.Int4},
		{Name: "i8", Type: pgtypes.Int8},
		{Name: "oid", Type: pgtypes.OIDType},
		{Name: "f4", Type: pgtypes.Float4},
		{Name: "f8", Type: pgtypes.Float8},
		{Name: "n", Type: pgtypes.Numeric},
		{Name: "ni", Type: pgtypes.Numeric},
		{Name: `na"me`, Type: pgtypes.Name},
		{Name: "text", Type: pgtypes.Text},
		{Name: "json", Type: pgtypes.JSON},
		{Name: "bytea", Type: pgtypes.Bytea},
		{Name: "date", Type: pgtypes.Date},
		{Name: "ts", Type: pgtypes.Timestamp},
		{Name: "tstz", Type: pgtypes.Timestamptz},
		{Name: "texts", Type: pgtypes.Text, List: true},
		{Name: "ints", Type: pgtypes.Int2, List: true},
	}
	row := []any{
		true, int64(-2), int64(-4), int64(-8), int64(4000000000), 1.5, -0.1, "-12.5", int64(7), "rel", "a\x00b and a long text",
		`{"a":1}`,
		[]byte{0, 255},
		at, at, at,
		[]string{"a", "b c", ""},
		[]int64{1, -2},
	}
	null := make([]any, len(columns))
	if err := load(t, db, columns, row, null, row); err != nil {
		t.Fatal(err)
	}
	filled := []string{
		"true", "-2", "-4", "-8", "4000000000", "1.5", "-0.1", "-12.500000000", "7.000000000", "rel",
		"a\x00b and a long text", `{"a":1}`, "00ff", "2018-02-15", "2018-02-15 23:30:00.000005",
		"2018-02-15 14:30:00.000005", `{a,"b c",""}`, "{1,-2}",
	}
	nulls := slices.Repeat([]string{"NULL"}, len(columns))
	if diff := cmp.Diff(table(t, db, "select * from sys.t"), [][]string{filled, nulls, filled}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestReplaceMany(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	columns := []engine.LoadColumn{{Name: "i", Type: pgtypes.Int8}, {Name: "l", Type: pgtypes.Int8, List: true}}
	for _, n := range []int{0, 1, 2048, 2049, 10000} {
		err := db.Replace(t.Context(), "sys", "t", columns, numbered(n))
		if err != nil {
			t.Fatal(err)
		}
		got := table(t, db, "select i, l from sys.t")
		if len(got) != n {
			t.Fatalf("%d rows, want %d", len(got), n)
		}
		for i, row := range got {
			want := []string{strconv.Itoa(i), fmt.Sprintf("{%d,%d}", i, i+1)}
			if i%3 == 0 {
				want[1] = "NULL"
			}
			if !cmp.Equal(row, want) {
				t.Fatalf("row %d is %q, want %q", i, row, want)
			}
		}
	}
}

func numbered(n int) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for i := range int64(n) {
			var list any = []int64{i, i + 1}
			if i%3 == 0 {
				list = nil
			}
			if !yield([]any{i, list}) {
				return
			}
		}
	}
}

func TestReplaceErrors(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	good := []engine.LoadColumn{{Name: "v", Type: pgtypes.Text}}
	if err := load(t, db, good, []any{"old"}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		oid   pgtypes.OID
		list  bool
		value any
		code  pgerr.Code
	}{
		{pgtypes.Int2, false, int64(40000), pgerr.NumericOutOfRange},
		{pgtypes.Int4, false, int64(1) << 40, pgerr.NumericOutOfRange},
		{pgtypes.OIDType, false, int64(-1), pgerr.NumericOutOfRange},
		{pgtypes.Numeric, false, "1e40", pgerr.NumericOutOfRange},
		{pgtypes.Numeric, false, "0.0000000001", pgerr.NumericOutOfRange},
		{pgtypes.Numeric, false, "x", pgerr.InvalidTextRepresentation},
		{pgtypes.Text, false, "\xff", pgerr.CharacterNotInRepertoire},
		{pgtypes.Text, false, int64(1), pgerr.DatatypeMismatch},
		{pgtypes.Int8, false, "1", pgerr.DatatypeMismatch},
		{pgtypes.Int8, false, int32(1), pgerr.DatatypeMismatch},
		{pgtypes.Bool, false, 1.0, pgerr.DatatypeMismatch},
		{pgtypes.Date, false, "2018-02-15", pgerr.DatatypeMismatch},
		{pgtypes.Text, true, "a", pgerr.InternalError},
		{pgtypes.Text, true, []int64{1}, pgerr.DatatypeMismatch},
		{99999, false, "a", pgerr.InternalError},
	} {
		columns := []engine.LoadColumn{{Name: "v", Type: test.oid, List: test.list}}
		if err := load(t, db, columns, []any{nil}, []any{test.value}); err == nil || pgerr.CodeOf(err) != test.code {
			t.Errorf("%v as %d: got %v, want %s", test.value, test.oid, err, test.code)
		}
	}
	if err := load(t, db, good, []any{"a", "b"}); err == nil {
		t.Error("a row that is too long is taken")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	if err := db.Replace(ctx, "sys", "t", good, slices.Values([][]any{{"a"}})); !errors.Is(err, stop) {
		t.Errorf("canceled: %v", err)
	}
	if got := table(t, db, "select v from sys.t"); !cmp.Equal(got, [][]string{{"old"}}) {
		t.Errorf("the old table is %q", got)
	}
}

// TestReplaceWhileRead: readers see one version or another, whole, and one that has begun goes on with its own.
func TestReplaceWhileRead(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	columns := []engine.LoadColumn{{Name: "version", Type: pgtypes.Int8}, {Name: "extra", Type: pgtypes.Text}}
	version := func(v int64) iter.Seq[[]any] {
		return func(yield func([]any) bool) {
			for range 5000 {
				if !yield([]any{v, "x"}) {
					return
				}
			}
		}
	}
	if err := db.Replace(t.Context(), "sys", "t", columns, version(0)); err != nil {
		t.Fatal(err)
	}
	begun, err := db.Query(t.Context(), engine.Statement{SQL: "select version from sys.t"})
	if err != nil {
		t.Fatal(err)
	}
	defer begun.Close()
	g, ctx := errgroup.WithContext(t.Context())
	for i := range int64(4) {
		g.Go(func() error {
			for n := range int64(5) {
				if err := db.Replace(ctx, "sys", "t", columns, version(i*5+n+1)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		for range 200 {
			rows, err := db.Query(ctx, engine.Statement{SQL: "select count(*), count(distinct version) from sys.t"})
			if err != nil {
				return err
			}
			chunk, err := rows.Next(ctx)
			if err == nil && (chunk.Vectors[0].I64[0] != 5000 || chunk.Vectors[1].I64[0] != 1) {
				err = fmt.Errorf("%d rows of %d versions", chunk.Vectors[0].I64[0], chunk.Vectors[1].I64[0])
			}
			if err := errors.Join(err, rows.Close()); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	for i, row := range enginetest.Table(t, begun) {
		if row[0] != "0" {
			t.Fatalf("row %d of the reader that had begun is of version %s", i, row[0])
		}
	}
}
