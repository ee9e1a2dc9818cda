package sql_test

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// truth is SQL's: yes, no or unknown.
type truth int8

const (
	no truth = iota
	unknown
	yes
)

// predicate is a random condition as text and as a naive evaluation of a row.
type predicate struct {
	text string
	eval func(row map[string]*pgtypes.Datum) truth
}

var (
	proofColumns = []string{"a", "b", "t", "d", "s"}
	proofValues  = map[string][]pgtypes.Datum{
		"a": ints(0, 1, 2, 3), "b": ints(0, 1, 2),
		"t": {{Class: pgtypes.ClassText, S: ""}, {Class: pgtypes.ClassText, S: "m"}, {Class: pgtypes.ClassText, S: "z"}},
		"d": {{Class: pgtypes.ClassDate, I: 17563}, {Class: pgtypes.ClassDate, I: 17564}, {Class: pgtypes.ClassDate, I: 17600}},
		"s": {stamp(17563, 0), stamp(17563, 1), stamp(17564, 0), stamp(17570, 5)},
	}
)

func ints(list ...int64) []pgtypes.Datum {
	var out []pgtypes.Datum
	for _, n := range list {
		out = append(out, pgtypes.Datum{Class: pgtypes.ClassInt, I: n})
	}
	return out
}

func stamp(day, hours int64) pgtypes.Datum {
	return pgtypes.Datum{Class: pgtypes.ClassTimestamp, I: day*86400e6 + hours*3600e6}
}

func literalOf(d pgtypes.Datum) string {
	switch d.Class {
	case pgtypes.ClassText:
		return "'" + d.S + "'"
	case pgtypes.ClassDate:
		return "date '" + string(pgtypes.AppendDate(nil, int32(d.I))) + "'"
	case pgtypes.ClassTimestamp:
		return "timestamp '" + string(pgtypes.AppendTimestamp(nil, d.I)) + "'"
	default:
		return strconv.FormatInt(d.I, 10)
	}
}

func holds(op string, c int) truth {
	ok := map[string]bool{"=": c == 0, "<>": c != 0, "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0}[op]
	if ok {
		return yes
	}
	return no
}

var operators = []string{"=", "<>", "<", "<=", ">", ">="}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func randomPredicate(r *rand.Rand, prefix string, depth int) predicate {
	if depth > 0 {
		a, b := randomPredicate(r, prefix, depth-1), randomPredicate(r, prefix, depth-1)
		switch r.IntN(6) {
		case 0, 1:
			return predicate{"(" + a.text + " and " + b.text + ")", func(row map[string]*pgtypes.Datum) truth { return min(a.eval(row), b.eval(row)) }}
		case 2, 3:
			return predicate{"(" + a.text + " or " + b.text + ")", func(row map[string]*pgtypes.Datum) truth { return max(a.eval(row), b.eval(row)) }}
		case 4:
			return predicate{"(not " + a.text + ")", func(row map[string]*pgtypes.Datum) truth { return yes - a.eval(row) }}
		default:
			return predicate{"(" + a.text + " is not true)", func(row map[string]*pgtypes.Datum) truth {
				if a.eval(row) == yes {
					return no
				}
				return yes
			}}
		}
	}
	return randomLeaf(r, prefix)
}

func randomLeaf(r *rand.Rand, prefix string) predicate {
	c := pick(r, proofColumns)
	v, w, op := pick(r, proofValues[c]), pick(r, proofValues[c]), pick(r, operators)
	column := prefix + c
	compare := func(row map[string]*pgtypes.Datum, op string, v pgtypes.Datum) truth {
		if row[c] == nil {
			return unknown
		}
		order, _ := row[c].Compare(v)
		return holds(op, order)
	}
	switch r.IntN(9) {
	case 0:
		return predicate{column + " is null", func(row map[string]*pgtypes.Datum) truth { return map[bool]truth{true: yes}[row[c] == nil] }}
	case 1:
		return predicate{column + " is not null", func(row map[string]*pgtypes.Datum) truth { return map[bool]truth{true: yes}[row[c] != nil] }}
	case 2:
		return predicate{column + " between " + literalOf(v) + " and " + literalOf(w), func(row map[string]*pgtypes.Datum) truth {
			return min(compare(row, ">=", v), compare(row, "<=", w))
		}}
	case 3:
		return predicate{column + " in (" + literalOf(v) + ", " + literalOf(w) + ")", func(row map[string]*pgtypes.Datum) truth {
			return max(compare(row, "=", v), compare(row, "=", w))
		}}
	case 4:
		return predicate{column + " not in (" + literalOf(v) + ", null)", func(row map[string]*pgtypes.Datum) truth {
			return min(compare(row, "<>", v), unknown)
		}}
	case 5:
		// A column beside a column proves nothing.
		return predicate{prefix + "a " + op + " " + prefix + "b", func(row map[string]*pgtypes.Datum) truth {
			if row["a"] == nil || row["b"] == nil {
				return unknown
			}
			order, _ := row["a"].Compare(*row["b"])
			return holds(op, order)
		}}
	case 6:
		day := pick(r, proofValues["d"])
		return predicate{prefix + "s::date " + op + " " + literalOf(day), func(row map[string]*pgtypes.Datum) truth {
			if row["s"] == nil {
				return unknown
			}
			order, _ := pgtypes.Datum{Class: pgtypes.ClassDate, I: row["s"].I / 86400e6}.Compare(day)
			return holds(op, order)
		}}
	case 7:
		// A date stands for its midnight beside a timestamp.
		at := pick(r, proofValues["s"])
		return predicate{prefix + "d " + op + " " + literalOf(at), func(row map[string]*pgtypes.Datum) truth {
			if row["d"] == nil {
				return unknown
			}
			order, _ := pgtypes.Datum{Class: pgtypes.ClassTimestamp, I: row["d"].I * 86400e6}.Compare(at)
			return holds(op, order)
		}}
	}
	return predicate{literalOf(v) + " " + op + " " + column, func(row map[string]*pgtypes.Datum) truth {
		if row[c] == nil {
			return unknown
		}
		order, _ := v.Compare(*row[c])
		return holds(op, order)
	}}
}

func proofTables() tables {
	const columns = "a int, b int, t text, d date, s timestamp"
	return newTables("public.x "+columns, "public.y "+columns, "public.z "+columns)
}

func mustBind(t *testing.T, text string, c sql.Catalog) *sql.Query {
	t.Helper()
	statements, err := sql.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	q, err := sql.Bind(statements[0], c, testEnv())
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return q
}

// TestProofs evaluates random predicates naively: a row that the predicate accepts must lie in the domains, and
// with Exact only such rows may.
func TestProofs(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var rows []map[string]*pgtypes.Datum
	for range 120 {
		row := map[string]*pgtypes.Datum{}
		for _, c := range proofColumns {
			if r.IntN(5) > 0 {
				v := pick(r, proofValues[c])
				row[c] = &v
			}
		}
		rows = append(rows, row)
	}
	catalog := proofTables()
	exact, narrowed := 0, 0
	for range 3000 {
		p := randomPredicate(r, "", r.IntN(4))
		u := mustBind(t, "select a from x where "+p.text, catalog).Uses[0]
		if u.Exact {
			exact++
		}
		if len(u.Where) > 0 {
			narrowed++
		}
		for _, row := range rows {
			in := true
			for c, d := range u.Where {
				in = in && d.Contains(row[c])
			}
			accepted := p.eval(row) == yes
			if accepted && !in || u.Exact && in && !accepted {
				t.Fatalf("%s\nrow %v accepted=%v in=%v exact=%v\n%v", p.text, row, accepted, in, u.Exact, u.Where)
			}
		}
	}
	if exact < 300 || narrowed < 1000 {
		t.Errorf("only %d of 3000 exact, %d narrowed", exact, narrowed)
	}
}

// TestPrunedJoins runs random joins on DuckDB twice, over whole tables and over tables without the rows that the
// proofs exclude: the answers must be the same.
func TestPrunedJoins(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	duck := openDuck(t)
	for _, table := range []string{"x", "y", "z"} {
		if _, err := duck.Exec("CREATE TABLE " + table + "(a INTEGER, b INTEGER, t VARCHAR, d DATE, s TIMESTAMP)"); err != nil {
			t.Fatal(err)
		}
		for range 9 {
			var values []string
			for _, c := range proofColumns {
				v := "NULL"
				if r.IntN(4) > 0 {
					v = literalOf(pick(r, proofValues[c]))
				}
				values = append(values, v)
			}
			if _, err := duck.Exec("INSERT INTO " + table + " VALUES (" + strings.Join(values, ", ") + ")"); err != nil {
				t.Fatal(err)
			}
		}
	}
	catalog := proofTables()
	pruned := 0
	for range 500 {
		q := mustBind(t, randomJoin(r), catalog)
		whole := fetch(t, duck, q, func(u *sql.Use) string { return "memory.main." + u.Relation.Name.Table })
		part := fetch(t, duck, q, func(u *sql.Use) string {
			w := conditionOf(u.Where)
			if w != "true" {
				pruned++
			}
			return "(SELECT * FROM memory.main." + u.Relation.Name.Table + " WHERE " + w + ")"
		})
		if !slices.Equal(whole, part) {
			text, _ := q.Render(func(u *sql.Use) (string, error) { return conditionOf(u.Where), nil })
			t.Fatalf("%s\nwhole %q\npart  %q", text, whole, part)
		}
	}
	if pruned < 300 {
		t.Errorf("only %d tables were pruned", pruned)
	}
}

func randomJoin(r *rand.Rand) string {
	kind := func() string { return pick(r, []string{"join", "left join", "right join", "full join"}) }
	on := func(l, m string) string {
		return l + ".a = " + m + ".a and " + randomPredicate(r, pick(r, []string{l, m})+".", r.IntN(2)).text
	}
	item := func(table string) string {
		switch r.IntN(4) {
		case 0:
			return "(select a, b, t, d, s from " + table + " where " + randomPredicate(r, "", 1).text + ") " + table
		case 1:
			return "(select * from " + table + ") " + table
		}
		return table
	}
	from := item("x") + " " + kind() + " " + item("y") + " on " + on("x", "y")
	prefixes := []string{"x.", "y."}
	switch r.IntN(3) {
	case 0:
		from += " " + kind() + " z on " + on("y", "z")
		prefixes = append(prefixes, "z.")
	case 1:
		from = "z " + kind() + " (" + from + ") on " + on("z", "x")
		prefixes = append(prefixes, "z.")
	}
	where := randomPredicate(r, pick(r, prefixes), r.IntN(3)).text + pick(r, []string{" and ", " or "}) + randomPredicate(r, pick(r, prefixes), r.IntN(2)).text
	columns := "x.a, x.b, y.a as ya, y.t"
	if len(prefixes) > 2 {
		columns += ", z.a as za, z.d"
	}
	return "select " + columns + " from " + from + " where " + where
}

func conditionOf(where map[string]sql.Domain) string {
	all := []string{"true"}
	for c, d := range where {
		any := []string{"false"}
		if d.Null {
			any = append(any, c+" IS NULL")
		}
		for _, i := range d.Intervals {
			in := []string{c + " IS NOT NULL"}
			if i.Low != nil {
				in = append(in, c+map[bool]string{true: " > ", false: " >= "}[i.LowOpen]+literalOf(*i.Low))
			}
			if i.High != nil {
				in = append(in, c+map[bool]string{true: " < ", false: " <= "}[i.HighOpen]+literalOf(*i.High))
			}
			any = append(any, "("+strings.Join(in, " AND ")+")")
		}
		all = append(all, "("+strings.Join(any, " OR ")+")")
	}
	return strings.TrimPrefix(strings.Join(all, " AND "), "true AND ")
}

func fetch(t *testing.T, duck *stdsql.DB, q *sql.Query, source func(*sql.Use) string) []string {
	t.Helper()
	text, err := q.Render(func(u *sql.Use) (string, error) { return source(u), nil })
	if err != nil {
		t.Fatal(err)
	}
	rows, err := askDuck(context.Background(), duck, text, q.Types)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var out []string
	for _, r := range rows {
		out = append(out, strings.Join(r, "|"))
	}
	slices.Sort(out)
	return out
}

// openDuck opens a DuckDB with the settings that cold statements count on.
func openDuck(t *testing.T) *stdsql.DB {
	t.Helper()
	db, err := stdsql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	for _, q := range []string{"SET integer_division=true", "SET default_null_order='nulls_last_on_asc_first_on_desc'", "SET TimeZone='UTC'"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	return db
}

func askDuck(ctx context.Context, duck *stdsql.DB, text string, types []pgtypes.Type) ([][]string, error) {
	var columns []string
	for i := range types {
		columns = append(columns, fmt.Sprintf("CAST(c%d AS VARCHAR)", i))
	}
	var list []string
	for i := range types {
		list = append(list, fmt.Sprintf("c%d", i))
	}
	result, err := duck.QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM ("+text+") AS q("+strings.Join(list, ", ")+")")
	if err != nil {
		return nil, err
	}
	defer result.Close()
	var rows [][]string
	for result.Next() {
		row := make([]stdsql.NullString, len(types))
		into := make([]any, len(types))
		for i := range row {
			into[i] = &row[i]
		}
		if err := result.Scan(into...); err != nil {
			return nil, err
		}
		var out []string
		for _, v := range row {
			if !v.Valid {
				out = append(out, "NULL")
			} else {
				out = append(out, "'"+v.String)
			}
		}
		rows = append(rows, out)
	}
	return rows, result.Err()
}
