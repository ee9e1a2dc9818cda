package udf_test

import (
	"errors"
	"strings"
	"testing"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgerr"
)

func functions() []udf.Function {
	return []udf.Function{
		udf.Of0("t_answer", func() (int64, error) { return 42, nil }),
		udf.Of1("t_twice", func(s string) (string, error) { return s + s, nil }),
		udf.Of1("t_isnull", func(x udf.Null[int64]) (bool, error) { return !x.Valid, nil }),
		udf.Of1("t_even", func(x int64) (udf.Null[int64], error) { return udf.Null[int64]{V: x, Valid: x%2 == 0}, nil }),
		udf.Of2("t_div", func(a, b float64) (float64, error) {
			if b == 0 {
				return 0, pgerr.New(pgerr.DivisionByZero, "division by zero")
			}
			return a / b, nil
		}),
		udf.Of2("t_split", func(s, by string) ([]udf.Null[string], error) {
			var out []udf.Null[string]
			for part := range strings.SplitSeq(s, by) {
				out = append(out, udf.Null[string]{V: part, Valid: part != ""})
			}
			return out, nil
		}),
		udf.Of1("t_join", func(list []udf.Null[string]) (string, error) {
			var b strings.Builder
			for _, x := range list {
				if !x.Valid {
					x.V = "-"
				}
				b.WriteString(x.V)
			}
			return b.String(), nil
		}),
		udf.Of1("t_days", func(x udf.Interval) (int64, error) { return int64(x.Months)*30 + int64(x.Days), nil }),
		udf.Of1("t_reverse", func(b []byte) ([]byte, error) {
			out := make([]byte, len(b))
			for i, c := range b {
				out[len(b)-1-i] = c
			}
			return out, nil
		}),
		udf.Variadic("t_count", func(args []udf.Null[string]) (int32, error) { return int32(len(args)), nil }),
		udf.Of1("t_panic", func(string) (string, error) { panic("lost") }),
	}
}

// TestFunctions calls functions of every shape, with NULLs, short and long texts, one row and many.
func TestFunctions(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for _, test := range []struct{ query, want string }{
		{"SELECT t_answer()", "42"},
		{"SELECT t_twice('ab')", "abab"},
		{"SELECT t_twice('more than twelve bytes ä')", "more than twelve bytes ämore than twelve bytes ä"},
		{"SELECT t_twice(NULL) IS NULL", "true"},
		{"SELECT string_agg(t_twice(x), ',' ORDER BY i) FROM (VALUES (1, 'a'), (2, NULL), (3, 'cccccccccccc')) v(i, x)", "aa,cccccccccccccccccccccccc"},
		{"SELECT t_isnull(NULL), t_isnull(1)", "true false"},
		{"SELECT sum(t_even(i)), count(*), count(t_even(i)) FROM range(10000) t(i)", "24995000 10000 5000"},
		{"SELECT t_div(1, 4)", "0.25"},
		{"SELECT t_split('a,,ccccccccccccc', ',')", "[a, NULL, ccccccccccccc]"},
		{"SELECT sum(len(t_split(repeat('x,', i::INT), ','))) FROM range(5000) t(i)", "12502500"},
		{"SELECT t_join(['a', NULL, 'b']), t_join([]), t_join(NULL) IS NULL", "a-b  true"},
		{"SELECT t_days(INTERVAL '1 month 3 days')", "33"},
		{"SELECT t_reverse('\\x01\\x02'::BLOB)", "\\x02\\x01"},
		{"SELECT t_count(), t_count('a', NULL, 'c')", "0 3"},
		{"SELECT count(DISTINCT t_twice(i::VARCHAR)) FROM range(300000) t(i)", "300000"},
	} {
		if got, err := ask(c, test.query); err != nil || got != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.query, got, err, test.want)
		}
	}
}

// TestErrors checks that an error of one row is the statement's, with its code, and that a panic is one too.
func TestErrors(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for query, want := range map[string]string{
		"SELECT t_div(i, 5000 - i) FROM range(10000) t(i)": "22012: division by zero",
		"SELECT t_div(1, 0)":  "22012: division by zero",
		"SELECT t_panic('x')": "function t_panic: lost",
	} {
		if _, err := ask(c, query); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", query, err, want)
		}
	}
}

func connect(tb testing.TB) bind.Connection {
	tb.Helper()
	var db bind.Database
	var c bind.Connection
	if bind.Open("", &db) == bind.StateError || bind.Connect(db, &c) == bind.StateError {
		tb.Fatal("open duckdb")
	}
	tb.Cleanup(func() {
		bind.Disconnect(&c)
		bind.Close(&db)
	})
	if err := udf.Register(c, functions()); err != nil {
		tb.Fatal(err)
	}
	if err := udf.RegisterAggregates(c, aggregates()); err != nil {
		tb.Fatal(err)
	}
	return c
}

// ask gives the only row of a result, with blanks between the columns.
func ask(c bind.Connection, query string) (string, error) {
	var r bind.Result
	defer bind.DestroyResult(&r)
	if bind.Query(c, "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ("+query+")", &r) == bind.StateError {
		return "", errors.New(bind.ResultError(&r))
	}
	chunk := bind.FetchChunk(r)
	defer bind.DestroyDataChunk(&chunk)
	row := make([]string, bind.ColumnCount(&r))
	for i := range row {
		v := bind.DataChunkGetVector(chunk, bind.IdxT(i))
		if p := (*uint64)(bind.VectorGetValidity(v)); p != nil && *p&1 == 0 {
			continue // NULL
		}
		row[i] = bind.StringTData((*bind.StringT)(bind.VectorGetData(v)))
	}
	return strings.Join(row, " "), nil
}
