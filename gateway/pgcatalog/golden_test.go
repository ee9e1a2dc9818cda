package pgcatalog_test

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgtypes"
)

var goldens = []string{"testdata/psql.txt", "testdata/drivers.txt"}

// result is what a client sees of a statement.
type result struct {
	columns []string
	rows    [][]string
}

// header shows a column with its type's OID and modifier.
func header(name string, t pgtypes.Type) string {
	if t.Typmod >= 0 {
		return fmt.Sprintf("%s:%d(%d)", name, t.OID, t.Typmod)
	}
	return fmt.Sprintf("%s:%d", name, t.OID)
}

// shownRows is how many rows a golden shows; the others are in its hash.
const shownRows = 12

// text writes a result as the goldens hold it.
func (r *result) text() string {
	var b strings.Builder
	b.WriteString(strings.Join(r.columns, " | ") + "\n")
	hash := fnv.New32a()
	for i, row := range r.rows {
		line := strings.ReplaceAll(strings.Join(row, " | "), "\n", "⏎")
		hash.Write([]byte(line + "\n"))
		if i < shownRows {
			b.WriteString(line + "\n")
		}
	}
	if len(r.rows) > shownRows {
		fmt.Fprintf(&b, "… %d rows, %08x\n", len(r.rows), hash.Sum32())
	}
	return b.String()
}

var relationOID = regexp.MustCompile(`\{\{(\w+)\.(\w+)\}\}`)

// numbers maps the placeholders of our own objects to their OIDs.
type numbers map[string]string

func (n numbers) into(text string) string {
	return relationOID.ReplaceAllStringFunc(text, func(s string) string { return n[s] })
}

// out puts the placeholders where a value is the OID of one of our objects, and sorts what the statement does not.
func (n numbers) out(d *datadriven.TestData, r *result) *result {
	if d.HasArg("sorted") {
		slices.SortFunc(r.rows, slices.Compare)
	}
	names := map[string]string{}
	for name, oid := range n {
		if len(oid) > 4 {
			names[oid] = name
		}
	}
	for _, row := range r.rows {
		for i := range row {
			if name, ok := names[row[i]]; ok {
				row[i] = name
			}
		}
	}
	return r
}

// numbersQuery gives the placeholders of relations and, for results only, of their row types.
const numbersQuery = `SELECT '{{type ' || n.nspname || '.' || c.relname || '}}', c.reltype FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v')
	UNION ALL SELECT '{{' || n.nspname || '.' || c.relname || '}}', c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v')`

func numbersOf(rows [][]string) numbers {
	n := numbers{}
	for _, row := range rows {
		n[row[0]] = row[1]
	}
	return n
}

// values gives the statement's arguments.
func (n numbers) values(d *datadriven.TestData) []string {
	for _, arg := range d.CmdArgs {
		if arg.Key == "args" {
			out := make([]string, len(arg.Vals))
			for i, v := range arg.Vals {
				out[i] = n.into(v)
			}
			return out
		}
	}
	return nil
}

// TestGoldenIsPostgres asks PostgreSQL 15 the same: the goldens hold what it shows.
func TestGoldenIsPostgres(t *testing.T) {
	t.Parallel()
	conn := openPostgres(t)
	n := numbersOf(reference(t, conn, numbersQuery))
	for _, file := range goldens {
		datadriven.RunTest(t, file, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			if d.Cmd == "differs" {
				return d.Expected
			}
			return n.out(d, referenceResult(t, conn, n.into(d.Input), n.values(d))).text()
		})
	}
}

func referenceResult(t *testing.T, conn *pgconn.PgConn, text string, args []string) *result {
	t.Helper()
	params := make([][]byte, len(args))
	for i, a := range args {
		params[i] = []byte(a)
	}
	r := conn.ExecParams(t.Context(), text, params, nil, nil, nil)
	var rows [][][]byte
	for r.NextRow() {
		rows = append(rows, slices.Clone(r.Values()))
		for i, v := range rows[len(rows)-1] {
			rows[len(rows)-1][i] = bytes.Clone(v)
		}
	}
	if _, err := r.Close(); err != nil {
		t.Fatalf("PostgreSQL: %v\n%s", err, text)
	}
	out := &result{rows: texts(rows)}
	for _, f := range r.FieldDescriptions() {
		out.columns = append(out.columns, header(f.Name, pgtypes.Type{OID: f.DataTypeOID, Typmod: f.TypeModifier}))
	}
	return out
}
