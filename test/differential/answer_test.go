package differential

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"tidegate/test/differential/script"
)

// answer is what a server says to one statement: columns and rows, or its error.
type answer struct {
	names      []string
	types      []uint32
	typmods    []int32
	origins    []string
	parameters []uint32
	rows       [][]string

	code     string
	message  string
	hint     string
	position int32
}

// null stands for NULL among the texts of a row.
const null = "\x00NULL"

// ask runs a statement in the simple protocol. An error is that of the connection; the server's is in the answer.
func ask(ctx context.Context, c *pgconn.PgConn, text string) (*answer, error) {
	a := new(answer)
	reader := c.Exec(ctx, text)
	for reader.NextResult() {
		a.read(reader.ResultReader())
	}
	return a, a.fails(reader.Close())
}

// askExtended runs it in the extended protocol without parameters; values come in binary.
func askExtended(ctx context.Context, c *pgconn.PgConn, text string) (*answer, error) {
	a := new(answer)
	reader := c.ExecParams(ctx, text, nil, nil, nil, []int16{1})
	a.read(reader)
	_, err := reader.Close()
	return a, a.fails(err)
}

// askPrepared prepares it without saying types, and executes it with parameters as texts.
func askPrepared(ctx context.Context, c *pgconn.PgConn, text string, parameters []*string) (*answer, error) {
	a := new(answer)
	description, err := c.Prepare(ctx, "", text, nil)
	if err != nil {
		return a, a.fails(err)
	}
	a.parameters = description.ParamOIDs
	values := make([][]byte, len(parameters))
	for i, p := range parameters {
		if p != nil {
			values[i] = []byte(*p)
		}
	}
	reader := c.ExecPrepared(ctx, "", values, nil, nil)
	a.read(reader)
	_, err = reader.Close()
	return a, a.fails(err)
}

func (a *answer) read(r *pgconn.ResultReader) {
	for r.NextRow() {
		row := make([]string, len(r.Values()))
		for i, v := range r.Values() {
			if row[i] = string(v); v == nil {
				row[i] = null
			}
		}
		a.rows = append(a.rows, row)
	}
	for _, f := range r.FieldDescriptions() {
		a.names, a.types, a.typmods = append(a.names, f.Name), append(a.types, f.DataTypeOID), append(a.typmods, f.TypeModifier)
		a.origins = append(a.origins, origin(f))
	}
}

// origin is the column of a relation that a field says it is, without the number of what is no system relation: that is
// each server's own. TestOrigins of test/catalogs has it.
func origin(f pgconn.FieldDescription) string {
	const firstObject = 16384
	return fmt.Sprintf("%d.%d", min(f.TableOID, firstObject), int16(f.TableAttributeNumber))
}

func (a *answer) fails(err error) error {
	if p, ok := errors.AsType[*pgconn.PgError](err); ok {
		a.code, a.message, a.hint, a.position = p.Code, p.Message, p.Hint, p.Position
		return nil
	}
	return err
}

// difference gives the first difference of got from PostgreSQL's answer, "" for none.
func difference(s *script.Statement, want, got *answer) string {
	switch {
	case want.code != got.code:
		return fmt.Sprintf("%s, want %s", got.outcome(), want.outcome())
	case want.code != "" && want.position != 0 && want.position != got.position:
		return fmt.Sprintf("%s at %d, want %d (%s)", got.outcome(), got.position, want.position, want.message)
	case want.code != "" && want.code[:2] == "42" && want.message != got.message:
		return fmt.Sprintf("message %q, want %q", got.message, want.message)
	case want.hint != "" && (want.code == "42703" || want.code == "42P01") && want.hint != got.hint:
		return fmt.Sprintf("hint %q, want %q", got.hint, want.hint)
	case want.code != "":
		return ""
	case !slices.Equal(want.names, got.names):
		return fmt.Sprintf("columns %q, want %q", got.names, want.names)
	case !slices.Equal(want.types, got.types):
		return fmt.Sprintf("types %d, want %d", got.types, want.types)
	case !slices.Equal(want.typmods, got.typmods):
		return fmt.Sprintf("typmods %d, want %d", got.typmods, want.typmods)
	case !slices.Equal(want.origins, got.origins):
		return fmt.Sprintf("origins %s, want %s", got.origins, want.origins)
	case !slices.Equal(want.parameters, got.parameters):
		return fmt.Sprintf("parameter types %d, want %d", got.parameters, want.parameters)
	case len(want.rows) != len(got.rows):
		return fmt.Sprintf("%d rows, want %d", len(got.rows), len(want.rows))
	case s.Count:
		return ""
	}
	w, g := want.rows, got.rows
	if !s.Ordered {
		w, g = sorted(w, got.types), sorted(g, got.types)
	}
	for i := range w {
		for j := range w[i] {
			if w[i][j] != g[i][j] && (!s.Tolerance || !closeEnough(got.types[j], w[i][j], g[i][j])) {
				return fmt.Sprintf("row %d, %s = %q, want %q; whole row %q, want %q", i+1, want.names[j], g[i][j], w[i][j], g[i], w[i])
			}
		}
	}
	return ""
}

func (a *answer) outcome() string {
	if a.code == "" {
		return fmt.Sprintf("no error, %d rows %.200q", len(a.rows), a.rows)
	}
	return fmt.Sprintf("SQLSTATE %s (%s)", a.code, a.message)
}

func isReal(t uint32) bool { return t == pgtype.Float8OID || t == pgtype.Float4OID }

// sorted orders rows by their exact columns, and by the leading digits of the others.
func sorted(rows [][]string, types []uint32) [][]string {
	key := func(row []string, i int) string {
		if isReal(types[i]) {
			if f, err := strconv.ParseFloat(row[i], 64); err == nil {
				return fmt.Sprintf("%.9g", f)
			}
		}
		return row[i]
	}
	list := slices.Clone(rows)
	slices.SortStableFunc(list, func(a, b []string) int {
		for _, real := range []bool{false, true} {
			for i := range a {
				if isReal(types[i]) == real {
					if order := cmp.Compare(key(a, i), key(b, i)); order != 0 {
						return order
					}
				}
			}
		}
		return slices.Compare(a, b)
	})
	return list
}

// closeEnough compares two texts of real and double precision.
func closeEnough(t uint32, want, got string) bool {
	if !isReal(t) || want == null || got == null {
		return false
	}
	w, err1 := strconv.ParseFloat(want, 64)
	g, err2 := strconv.ParseFloat(got, 64)
	// How the rows are split among those who add them is nobody's promise: of some hundred reals 59.99978 and 59.99966 are
	// sums of the same 0.1.
	tolerance := 1e-12
	if t == pgtype.Float4OID {
		tolerance = 1e-5
	}
	// Below noise both are the zero of a variance or a covariance.
	const noise = 1e-12
	return err1 == nil && err2 == nil && math.Abs(w-g) <= max(tolerance*max(math.Abs(w), math.Abs(g)), noise)
}
