package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// answer is what a server says to one query: columns and rows as text, or the SQLSTATE of its error.
type answer struct {
	names   []string
	types   []uint32
	rows    [][]string
	code    string
	message string
}

// null stands for NULL among the texts of a row.
const null = "\x00NULL"

// ask runs one query in the simple protocol.
func ask(ctx context.Context, c *pgconn.PgConn, query string) (*answer, error) {
	a := new(answer)
	reader := c.Exec(ctx, query)
	for reader.NextResult() {
		rr := reader.ResultReader()
		if len(rr.FieldDescriptions()) == 0 {
			_, _ = rr.Close() // its error is that of the reader
			continue
		}
		a.names, a.types, a.rows = nil, nil, nil
		for _, f := range rr.FieldDescriptions() {
			a.names, a.types = append(a.names, f.Name), append(a.types, f.DataTypeOID)
		}
		for rr.NextRow() {
			row := make([]string, len(rr.Values()))
			for i, v := range rr.Values() {
				if row[i] = string(v); v == nil {
					row[i] = null
				}
			}
			a.rows = append(a.rows, row)
		}
	}
	err := reader.Close()
	if p, ok := errors.AsType[*pgconn.PgError](err); ok {
		a.code, a.message = p.Code, p.Message
		return a, nil
	}
	return a, err
}

// compareAnswers gives the first difference of got from PostgreSQL's answer, "" for none. Rows are compared in
// their order if ordered is set, else as multisets.
func compareAnswers(want, got *answer, ordered bool) string {
	switch {
	case want.code != got.code:
		return fmt.Sprintf("SQLSTATE %q (%s), want %q (%s)", got.code, got.message, want.code, want.message)
	case want.code != "":
		return ""
	case !slices.Equal(want.names, got.names):
		return fmt.Sprintf("columns %q, want %q", got.names, want.names)
	}
	for i, t := range want.types {
		// Quotients and averages of numerics are double precision: see README.
		if t != got.types[i] && (t != pgtype.NumericOID || got.types[i] != pgtype.Float8OID) {
			return fmt.Sprintf("column %s has type %d, want %d", want.names[i], got.types[i], t)
		}
	}
	if len(want.rows) != len(got.rows) {
		return fmt.Sprintf("%d rows, want %d", len(got.rows), len(want.rows))
	}
	w, g := want.rows, got.rows
	if !ordered {
		w, g = sorted(w, got.types), sorted(g, got.types)
	}
	for i := range w {
		for j := range w[i] {
			if !sameCell(got.types[j], w[i][j], g[i][j]) {
				return fmt.Sprintf("row %d, %s = %s, want %s; whole row %q, want %q", i, want.names[j], g[i][j], w[i][j], g[i], w[i])
			}
		}
	}
	return ""
}

func isReal(t uint32) bool { return t == pgtype.Float8OID || t == pgtype.Float4OID }

// sorted orders rows by their exact columns, and by the leading digits of the others.
func sorted(rows [][]string, types []uint32) [][]string {
	key := func(row []string, i int) string {
		if isReal(types[i]) || types[i] == pgtype.NumericOID {
			if f, err := strconv.ParseFloat(row[i], 64); err == nil {
				return fmt.Sprintf("%.9g", f)
			}
		}
		return row[i]
	}
	list := slices.Clone(rows)
	slices.SortStableFunc(list, func(a, b []string) int {
		for i := range a {
			if !isReal(types[i]) {
				if order := cmp.Compare(key(a, i), key(b, i)); order != 0 {
					return order
				}
			}
		}
		for i := range a {
			if order := cmp.Compare(key(a, i), key(b, i)); order != 0 {
				return order
			}
		}
		return 0
	})
	return list
}

// sameCell compares two texts: reals within 1e-12, numerics by value, because a DECIMAL has one scale for all rows.
func sameCell(t uint32, want, got string) bool {
	if want == got {
		return true
	}
	switch {
	case want == null || got == null:
		return false
	case isReal(t):
		w, err1 := strconv.ParseFloat(want, 64)
		g, err2 := strconv.ParseFloat(got, 64)
		return err1 == nil && err2 == nil && math.Abs(w-g) <= 1e-12*math.Max(math.Abs(w), math.Abs(g))
	case t == pgtype.NumericOID:
		w, ok1 := new(big.Rat).SetString(want)
		g, ok2 := new(big.Rat).SetString(got)
		return ok1 && ok2 && w.Cmp(g) == 0
	}
	return false
}
