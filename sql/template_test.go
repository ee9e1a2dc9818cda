package sql_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tidegate/internal/pgtypes"
	"tidegate/sql"
	"tidegate/test/differential/script"
)

// templateOf makes the template of a text, as the router does when it comes the second time.
func templateOf(d sql.Dialect, catalog sql.Catalog, env sql.Env, text string) (t *sql.Template, n sql.Normal, free []bool) {
	n, ok := sql.Normalize(text)
	statements, err := d.Parse(text)
	if !ok || err != nil {
		return nil, n, nil
	}
	q, err := sql.Bind(statements[0], catalog, env)
	if err != nil {
		return nil, n, nil
	}
	if free, ok = statements[0].Free(n); !ok {
		return nil, n, nil
	}
	if t, ok = sql.NewTemplate(q, n, free); !ok {
		return nil, n, nil
	}
	return t, n, free
}

// values are literals of each type, among them some that a context of another type cannot read.
var literals = map[pgtypes.OID][]string{
	pgtypes.Int4:    {"0", "1", "2", "5", "007", "2147483647"},
	pgtypes.Int8:    {"2147483648", "9223372036854775807"},
	pgtypes.Numeric: {"0.5", ".25", "1.", "1e3", "99999999999999999999", "2.500"},
	0: {
		"''", "'a'", "'añb_c%d'", "'it''s'", "'2018-02-15'", "'2018-02-15 03:04:05.6+09'", "'2000-02-29'", "'1'", "'t'", "'today'",
		"'infinity'", "'1.5'", "'99999999999'",
	},
}

// otherwise gives the text with other values for its free literals.
func (c *templateCheck) otherwise(text string, n sql.Normal, free []bool) string {
	var b strings.Builder
	at := 0
	for i, l := range n.Literals {
		if !free[i] {
			continue
		}
		old := len(l.Text)
		if l.Type == 0 {
			old = len(strings.ReplaceAll(l.Text, "'", "''")) + 2
		}
		b.WriteString(text[at:l.At] + c.other(l.Type))
		at = l.At + old
	}
	return b.String() + text[at:]
}

// other gives a literal of a type.
func (c *templateCheck) other(typ pgtypes.OID) string {
	if typ == 0 && c.value != "" && c.r.IntN(2) == 0 {
		return c.value
	}
	return literals[typ][c.r.IntN(len(literals[typ]))]
}

// corpus gives the statements of the differential tests over tables v and w, with their zones.
func corpus(tb testing.TB, each func(query string, zone *time.Location)) {
	tb.Helper()
	var files []string
	for _, names := range []string{"values.test", "zone-*.test"} {
		list, err := filepath.Glob("../test/differential/testdata/*/" + names)
		if err != nil || len(list) == 0 {
			tb.Fatalf("no corpus: %v", err)
		}
		files = append(files, list...)
	}
	for _, f := range files {
		statements, err := script.Read(f)
		if err != nil {
			tb.Fatal(err)
		}
		zone := time.UTC
		for _, s := range statements {
			if name, ok := strings.CutPrefix(s.Text, "set timezone = '"); ok && s.Set {
				if zone, err = time.LoadLocation(strings.TrimSuffix(name, "'")); err != nil {
					tb.Fatal(err)
				}
			}
			if !s.Set && s.Reason == "" && s.Parameters == nil {
				each(s.Text, zone)
			}
		}
	}
}

// comparisons has what the corpus of two engines has not: every type compared with every kind of literal.
func comparisons(each func(query string)) {
	for _, column := range []string{"id", "i", "k", "n", "f", "r", "t", "b", "d", "s", "z", "lower(t)", "date_trunc('month', z)", "z::date", "i + 1"} {
		for _, literal := range []string{"1", "2147483648", "1.5", "'1'", "'2018-02-15'", "date '2018-02-15'", "'2018-02-15'::timestamptz", "'t'::bool", "1::bigint", "'1'::int", "1.5::float8"} {
			for _, where := range []string{"%[1]s = %[2]s", "%[1]s < %[2]s and not (%[1]s >= %[2]s or id > 3)", "%[2]s <> %[1]s", "%[1]s in (%[2]s, %[2]s)", "%[1]s not between %[2]s and %[2]s", "(%[1]s = %[2]s) is not true"} {
				each(fmt.Sprintf("select id, t from v where "+where+" order by id", column, literal))
			}
			each(fmt.Sprintf("select count(*), max(j) from v where %s > %s", column, literal))
			each(fmt.Sprintf("select v.id, w.name, %[1]s = %[2]s from v left join w on w.id = v.id and %[1]s > %[2]s and w.id <= 2 order by 1, 2", column, literal))
			each(fmt.Sprintf("select %[1]s > %[2]s, count(*) from v group by 1 having count(*) > 1 order by 1", column, literal))
			each(fmt.Sprintf("select * from (select id, j from v where %s = %s) x where j < 10 order by id limit 3", column, literal))
		}
	}
}

// templateCheck fills templates with other literals, and compares with what a new binding of the whole text gives.
type templateCheck struct {
	dialect                  sql.Dialect
	r                        *rand.Rand
	value                    string // a string to try beside literals; "" is none
	templates, fills, errors int
}

func (c *templateCheck) check(t *testing.T, catalog sql.Catalog, env sql.Env, query string) {
	t.Helper()
	template, n, free := templateOf(c.dialect, catalog, env, query)
	if template == nil {
		return
	}
	c.templates++
	for range 4 {
		text := c.otherwise(query, n, free)
		other, ok := sql.Normalize(text)
		if !ok || string(other.Fixed([]byte(other.Key), free)) != string(n.Fixed([]byte(n.Key), free)) {
			t.Fatalf("%s has not the normal form of %s", text, query)
		}
		statements, err := c.dialect.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want, wantErr := sql.Bind(statements[0], catalog, env)
		got, err := template.Fill(env, catalog, text, other, free)
		c.fills++
		switch {
		case wantErr != nil && err == nil:
			t.Errorf("%s: the template takes it, binding says %v", text, wantErr)
		case err != nil:
			c.errors++
		default:
			for range 2 { // the second time it is remembered
				if d := cmp.Diff(describe(want)+redshift(want), describe(got)+redshift(got)); d != "" {
					t.Errorf("%s: (-bound +template)\n%s", text, d)
				}
			}
		}
	}
}

// wants fails if there was less to see.
func (c *templateCheck) wants(t *testing.T, templates, filled int) {
	t.Helper()
	if c.templates < templates || c.fills-c.errors < filled {
		t.Errorf("only %d templates and %d fills, %d of them in vain", c.templates, c.fills, c.errors)
	}
	t.Logf("%d templates, %d fills, %d of them left to binding", c.templates, c.fills, c.errors)
}

// TestTemplate has what the differential tests ask.
func TestTemplate(t *testing.T) {
	t.Parallel()
	c := templateCheck{r: rand.New(rand.NewPCG(1, 2))}
	tables := newTables("public.v "+valueColumns, "public.w id int, name text")
	corpus(t, func(query string, zone *time.Location) {
		env := testEnv()
		env.Zone = zone
		c.check(t, tables, env, query)
	})
	comparisons(func(query string) { c.check(t, tables, testEnv(), query) })
	datadriven.Walk(t, "testdata/golden", func(t *testing.T, path string) {
		t.Helper()
		datadriven.RunTest(t, path, func(_ *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "bind" && !d.HasArg("args") && !d.HasArg("system") {
				c.check(t, testTables(), testEnv(), d.Input)
			}
			return d.Expected
		})
	})
	c.wants(t, 900, 2000)
}

// TestTemplateOfRedshift has the same in the dialect redshift, and what only that has.
func TestTemplateOfRedshift(t *testing.T) {
	t.Parallel()
	c := templateCheck{dialect: sql.Redshift, r: rand.New(rand.NewPCG(1, 2))}
	tables := newTables("public.v "+valueColumns, "public.w id int, name text")
	seen := 0
	comparisons(func(query string) {
		if seen++; seen%3 == 0 { // the two dialects compare most types alike
			c.check(t, tables, testEnv(), query)
		}
	})
	for _, query := range []string{
		"select top 3 id, t from v where t = 'a' and id > 1", "select id from v where t in ('a', 'b ') minus select id from w where name <> 'x'",
		"select id, j from v where t >= 'a ' and not (t < 'b') qualify row_number() over (partition by t order by id) = 1",
		"select id from v where d > dateadd(day, -3, '2018-02-03') and datediff(day, d, s) = 2 and nvl(t, 'x') = 'y'",
		"select id, convert(varchar(max), t), decode(j, 1, 'a', 2, 'b') from v where convert(decimal(8,2), n) = 1.5 and date_part(dow, d) = 3",
		"select j * 2 as k2, k2 + 1 as k3, avg(n) from v where n > 1.5 group by 1, 2 having sum(j) > 3",
	} {
		before := c.templates
		c.check(t, tables, testEnv(), query)
		if c.templates == before {
			t.Errorf("%s has no template", query)
		}
	}
	c.wants(t, 200, 400)
}

// TestTemplateOfMoments sees that nothing is kept of a day that is another one tomorrow.
func TestTemplateOfMoments(t *testing.T) {
	t.Parallel()
	tables := newTables("public.v " + valueColumns)
	for query, want := range map[string]bool{
		"select id from v where z > 'today'":                           true, // free: read anew for every statement
		"select id from v where d in ('yesterday', date 'tomorrow')":   true,
		"select id from v where d is not distinct from 'today'":        false,
		"select id from v where d > date 'today' - 7":                  false,
		"select id, date 'tomorrow' from v where i = 1":                false,
		"select id, timestamptz 'yesterday' as at from v where i = 1":  false,
		"select id, timestamptz '2018-02-15' as at from v where i = 1": true,
		"select coalesce(d, 'today') from v where i = 1":               false,
	} {
		if template, _, _ := templateOf(sql.Postgres, tables, testEnv(), query); (template != nil) != want {
			t.Errorf("%s: has a template is %t, want %t", query, !want, want)
		}
	}
}

// TestTemplateRemembers sees that the same values are not bound again, unless they mean another day tomorrow.
func TestTemplateRemembers(t *testing.T) { // not parallel: it counts allocations
	tables := newTables("public.v " + valueColumns)
	for text, want := range map[string]bool{
		"select id from v where d >= '2018-02-15' and i in (1, 2)": true,
		"select id from v where d >= 'today'":                      false,
	} {
		template, n, free := templateOf(sql.Postgres, tables, testEnv(), text)
		q, err := template.Fill(testEnv(), tables, text, n, free)
		if err != nil {
			t.Fatal(err)
		}
		render := func() { describe(q) }
		render()
		remembered := testing.AllocsPerRun(3, render)
		if got := remembered < 150; got != want {
			t.Errorf("%s: %.0f allocations, remembered is %t, want %t", text, remembered, got, want)
		}
		tomorrow := testEnv()
		tomorrow.Now = tomorrow.Now.AddDate(0, 0, 1)
		later, err := template.Fill(tomorrow, tables, text, n, free)
		if err != nil {
			t.Fatal(err)
		}
		if same := describe(later) == describe(q); same != want {
			t.Errorf("%s is the same a day later: %t, want %t", text, same, want)
		}
	}
}

// redshift is what Redshift is asked, or why not.
func redshift(q *sql.Query) string {
	text, err := q.RenderRedshift(withNulls)
	return fmt.Sprint(text, err)
}

// TestTemplateAgainstPostgreSQL asks PostgreSQL the user's text and the template's with the values as parameters.
func TestTemplateAgainstPostgreSQL(t *testing.T) {
	t.Parallel()
	pg := openPostgres(t)
	r := rand.New(rand.NewPCG(3, 4))
	c := templateCheck{r: r}
	tables := newTables("public.v "+valueColumns, "public.w id int, name text")
	asked := 0
	check := func(query string, zone *time.Location) {
		env := testEnv()
		env.Zone = zone
		template, n, free := templateOf(sql.Postgres, tables, env, query)
		if template == nil || strings.Contains(query, "random()") {
			return
		}
		text := c.otherwise(query, n, free)
		other, _ := sql.Normalize(text)
		q, err := template.Fill(env, tables, text, other, free)
		if err != nil {
			return
		}
		asked++
		if _, err := pg.Exec(t.Context(), "set timezone = '"+zone.String()+"'"); err != nil {
			t.Fatal(err)
		}
		sameAsParameters(t, pg, text, q)
	}
	corpus(t, check)
	comparisons(func(query string) {
		if r.IntN(4) == 0 {
			check(query, time.UTC)
		}
	})
	if asked < 200 {
		t.Errorf("only %d statements were asked", asked)
	}
}

// sameAsParameters compares the user's text with the two texts of a template's query.
func sameAsParameters(t *testing.T, pg *pgx.Conn, text string, q *sql.Query) {
	t.Helper()
	hot, args, ok, err := q.Parameterized(withNulls)
	if err != nil || !ok {
		t.Fatalf("%s: %t, %v", text, ok, err)
	}
	inline, err := q.RenderPostgres(withNulls)
	if err != nil {
		t.Fatal(err)
	}
	sameAnswer(t, pg, text, inline)
	values := make([][]byte, len(args))
	for i, a := range args {
		values[i] = []byte(a.Text)
	}
	got := pg.PgConn().ExecParams(t.Context(), hot, values, nil, nil, nil).Read()
	want := pg.PgConn().ExecParams(t.Context(), inline, nil, nil, nil, nil).Read()
	if codeOf(got.Err) != codeOf(want.Err) {
		t.Errorf("%s: want error %v, got %v\n%s", text, want.Err, got.Err, hot)
		return
	}
	sort := func(rows [][][]byte) [][][]byte {
		slices.SortFunc(rows, func(a, b [][]byte) int { return slices.CompareFunc(a, b, slices.Compare) })
		return rows
	}
	if d := cmp.Diff(sort(want.Rows), sort(got.Rows)); d != "" {
		t.Errorf("%s\n%s\n%s", text, hot, d)
	}
}

// TestTemplateOfParameters fills templates with parameters that are not compared, and compares with a new binding; both
// texts are asked of PostgreSQL.
func TestTemplateOfParameters(t *testing.T) {
	t.Parallel()
	pg := openPostgres(t)
	tables := newTables("public.v "+valueColumns, "public.w id int, name text")
	null := sql.Arg{Null: true}
	arrays := []sql.Arg{{Text: "{1,2}"}, {Text: "{}"}, {Text: "{NULL}"}, {Text: "{3,NULL,3}"}, {Text: "{7"}, null}
	texts := []sql.Arg{{Text: "a"}, {Text: ""}, {Text: "it's"}, null}
	counts := []sql.Arg{{Text: "1"}, {Text: "0"}, {Text: "-1"}, {Text: "x"}, null}
	for text, values := range map[string][]sql.Arg{
		"select id from v where id = any($1) order by id":                        arrays,
		"select id from v where id = any($1::int[]) and t <> 'x' order by id":    arrays,
		"select id from v where not (k = any($1::bigint[])) order by id":         arrays,
		"select id from v where i <> all($1) order by id":                        arrays,
		"select count(*), max(id) from v where id = any($1)":                     arrays,
		"select id from v where d = any($1::date[]) order by id":                 {{Text: "{2018-02-15,2018-02-03}"}, {Text: "{x}"}},
		"select v.id from v join w on w.id = v.id and w.id = any($1) order by 1": arrays,
		"select id from v where t like $1 order by id":                           {{Text: "a%"}, {Text: ""}, {Text: "%\\"}, null},
		"select id from v where t not ilike $1::text or id = 1 order by id":      {{Text: "_B%"}, null},
		"select id, t from v where id > 1 order by id limit $1":                  counts,
		"select id from v order by id limit $1::int offset 1":                    counts,
		"select id from v order by id limit 2 offset $1":                         counts,
		"select id from v limit $1":                                              {{Text: "0"}, {Text: "1000"}},
		"select id from (select id from v order by id limit $1) x where id = 2":  counts,
		"select id, $1 from v order by id":                                       texts,
		"select $1::text, t from v where id < 3 order by id":                     texts,
		"select $1::int as n, count(*) from v":                                   counts,
		"select distinct $1::date as d from v where id > 2":                      {{Text: "2018-02-15"}, {Text: "infinity"}, {Text: "x"}, null},
		"select $1::int4::int8, 'x' as t":                                        counts,
		"select $1":                                                              texts,
		"select $1::timestamp, null":                                             {{Text: "2018-02-15 10:00"}, {Text: "x"}, null},
		"select $1::float8, 1":                                                   {{Text: "1.5"}, {Text: "NaN"}, {Text: "x"}, null},
	} {
		n, _ := sql.Normalize(text)
		template, _, free := templateOf(sql.Postgres, tables, testEnv(), text)
		if template == nil {
			t.Errorf("%s has no template", text)
			continue
		}
		statements, err := sql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		bound, err := sql.Bind(statements[0], tables, testEnv())
		if err != nil {
			t.Fatal(err)
		}
		filled, err := template.Fill(testEnv(), tables, text, n, free)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range values {
			want, wantErr := bound.WithArgs([]sql.Arg{a})
			got, err := filled.WithArgs([]sql.Arg{a})
			if codeOf(err) != codeOf(wantErr) {
				t.Errorf("%s of %v: %v, want %v", text, a, err, wantErr)
			}
			if err != nil || wantErr != nil {
				continue
			}
			if d := cmp.Diff(describe(want), describe(got)); d != "" {
				t.Errorf("%s of %v: (-bound +template)\n%s", text, a, d)
			}
			if !a.Null && want.Planned() == "" { // not LIMIT -1
				sameAsParameters(t, pg, bind(t, want), got)
			}
		}
	}
}

// bind gives the text for PostgreSQL with its values in it.
func bind(t *testing.T, q *sql.Query) string {
	t.Helper()
	text, err := q.RenderPostgres(withNulls)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
