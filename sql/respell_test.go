package sql

import (
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// TestRespell compares the tree of Redshift's text with that of a text in PostgreSQL's words. Respelled calls are
// deparsed with what they are more in front of their name.
func TestRespell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"select top 5 a from t", "SELECT a FROM t LIMIT 5"},
		{"select top 5 * from t order by a", "SELECT * FROM t ORDER BY a LIMIT 5"},
		{"select distinct top 5 a from t", "SELECT DISTINCT a FROM t LIMIT 5"},
		{"select top 5 distinct a, b from t", "SELECT DISTINCT a, b FROM t LIMIT 5"},
		{"select top 5 all a from t", "SELECT a FROM t LIMIT 5"},
		{"select top $1 a from t", "SELECT a FROM t LIMIT $1"},
		{"select top, top from top", "SELECT top, top FROM top"},
		{"select top(5) from t", "SELECT top(5) FROM t"},
		{"select a from (select top 3 a from t) x", "SELECT a FROM (SELECT a FROM t LIMIT 3) x"},
		{"select top 1 a from t union all select top 2 b from u", "(SELECT a FROM t LIMIT 1) UNION ALL (SELECT b FROM u LIMIT 2)"},
		{"select a from t minus select b from u", "SELECT a FROM t EXCEPT SELECT b FROM u"},
		{"select a from t minus (select b from u) order by 1", "SELECT a FROM t EXCEPT SELECT b FROM u ORDER BY 1"},
		{"select a minus from t minus", "SELECT a AS minus FROM t minus"},
		{"select t.minus, minus(1) from t", "SELECT t.minus, minus(1) FROM t"},
		{"select a from t x qualify row_number() over (order by a) = 1", "SELECT a FROM t x HAVING qualify(row_number() OVER (ORDER BY a) = 1)"},
		{"select a from t where b qualify rn = 1 order by a limit 3", "SELECT a FROM t WHERE b HAVING qualify(rn = 1) ORDER BY a LIMIT 3"},
		{
			"select a from t group by a having count(*) > 1 or a = 2 qualify rank() over (order by a) < 3 and a > 1",
			"SELECT a FROM t GROUP BY a HAVING (count(*) > 1 OR a = 2) AND qualify(rank() OVER (ORDER BY a) < 3 AND a > 1)",
		},
		{
			"select a from (select a from t x qualify b = 1) y qualify c = 2 minus select 1",
			"SELECT a FROM (SELECT a FROM t x HAVING qualify(b = 1)) y HAVING qualify(c = 2) EXCEPT SELECT 1",
		},
		{"select qualify, t.qualify from t", "SELECT qualify, t.qualify FROM t"},
		{"select a as qualify from t qualify where qualify = 1", "SELECT a AS qualify FROM t qualify WHERE qualify = 1"},
		{"select approximate count(distinct a) from t", "SELECT approximate.count(DISTINCT a) FROM t"},
		{"select approximate percentile_disc(0.5) within group (order by a) from t", "SELECT approximate.percentile_disc(0.5) WITHIN GROUP (ORDER BY a) FROM t"},
		{"select approximate from t", "SELECT approximate FROM t"},
		{"select lag(a, 2) ignore nulls over (order by b) from t", `SELECT "ignore nulls".lag(a, 2) OVER (ORDER BY b) FROM t`},
		{"select first_value(f(a)) respect nulls over (order by b) from t", "SELECT first_value(f(a)) OVER (ORDER BY b) FROM t"},
		{"select ignore, respect from t ignore", "SELECT ignore, respect FROM t ignore"},
		{"select listagg(distinct a, ',') within group (order by a) from t", `SELECT "distinct".listagg(a, ',') WITHIN GROUP (ORDER BY a) FROM t`},
		{"select listagg(a) within group (order by b) over (partition by c) from t", "SELECT listagg(a) WITHIN GROUP (ORDER BY b) OVER (PARTITION BY c) FROM t"},
		{"select a::varchar(max), cast(b as character varying(MAX)), c::nvarchar(max)", "SELECT a::varchar(65535), b::varchar(65535), c::nvarchar(65535)"},
		{"select max(max) from t", "SELECT max(max) FROM t"},
		{"select convert(integer, a), convert(varchar(10), b), convert(decimal(8,2), c)", "SELECT a::int, b::varchar(10), c::numeric(8, 2)"},
		{"select convert(timestamp, a) + 1", "SELECT a::timestamp + 1"},
		{"select * from #t join #u on #t.a = #u.b", `SELECT * FROM "#t" JOIN "#u" ON "#t".a = "#u".b`},
		{"select a #b, 5 # 3 from x", "SELECT a # b, 5 # 3 FROM x"},
		{`select 'a\\b', 'a' like 'b' escape '\', '\\'`, `SELECT E'a\\b', 'a' LIKE pg_catalog.like_escape('b', E'\\'), E'\\'`},
		{"select dateadd(day, 1, x), datediff(qtr, a, b), date_part(dow, c)", "SELECT dateadd(day, 1, x), datediff(qtr, a, b), date_part.pgdate_part(dow, c)"},
		{"select 'top 5 minus select', \"qualify\" /* top 5 */ from t -- minus select", `SELECT 'top 5 minus select', qualify FROM t`},
	} {
		statements, err := Redshift.Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got, err := pg_query.Deparse(&pg_query.ParseResult{Version: statements[0].grammar, Stmts: []*pg_query.RawStmt{{Stmt: statements[0].node}}})
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		if got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.text, got, c.want)
		}
		if statements[0].Text != c.text || statements[0].Fingerprint() == "" {
			t.Errorf("%s: its text is %q, its fingerprint %q", c.text, statements[0].Text, statements[0].Fingerprint())
		}
	}
}

// TestRespelledPlaces wants the places of errors in the user's text.
func TestRespelledPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, message string
		at            int
	}{
		{"select top 5 a, from t", `syntax error at or near "from"`, 17},
		{"select a from t minus select b from", "syntax error at end of input", 36},
		{"select é, top 5 from t", `syntax error at or near "5"`, 15},
		{"select convert(integer, 'é'), #u b c from t", `syntax error at or near "c"`, 36},
		{"select a::varchar(max), b c d from t", `syntax error at or near "d"`, 29},
		{"select approximate count(distinct a) b c", `syntax error at or near "c"`, 40},
	} {
		_, err := Redshift.Parse(c.text)
		p, ok := asError(err)
		if !ok {
			t.Errorf("%s: %v, want %s", c.text, err, c.message)
			continue
		}
		if p.Code != pgerr.SyntaxError || p.Message != c.message || p.Position != c.at {
			t.Errorf("%s: %v at %d, want %s at %d", c.text, err, p.Position, c.message, c.at)
		}
	}
}

// TestRedshiftWordsElsewhere wants PostgreSQL's errors for what Redshift alone spells.
func TestRedshiftWordsElsewhere(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"select top 5 a from t", "select a from t where b qualify a = 1", "select approximate count(distinct a) from t",
		"select lag(a) ignore nulls over () from t", "select a::varchar(max)", "select convert(varchar(10), a)", "select * from #t",
		"select listagg(distinct a, ',') within group (order by a) from t", "select a from t minus select b from u where c",
	} {
		if _, err := Parse(text); pgerr.CodeOf(err) != pgerr.SyntaxError {
			t.Errorf("%s: %v", text, err)
		}
	}
}
