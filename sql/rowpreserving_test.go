package sql

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/pgerr"
)

func oneStatement(t *testing.T, text string) *Statement {
	t.Helper()
	statements, err := Parse(text)
	if err != nil || len(statements) != 1 {
		t.Fatalf("parse %q: %d statements, %v", text, len(statements), err)
	}
	return statements[0]
}

func TestRowPreserving(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, want string }{
		{"select a, lower(b) as b, (c ->> 'x')::int from source where d is not null or a > 1", ""},
		{"select s.a, case when s.b then 1 else 2 end from source as s", ""},
		{"select * from source", ""},
		{"select count(*) from source", "aggregate count"},
		{"select max(a) from source", "aggregate max"},
		{"select a + sum(b) filter (where c) from source", "aggregate sum"},
		{"select string_agg(a, ',' order by b) from source", "aggregate string_agg"},
		{"select row_number() over () from source", "window function row_number"},
		{"select sum(a) over w from source window w as (order by b)", "WINDOW"},
		{"select pg_catalog.unnest(a) from source", "set-returning function unnest"},
		{"select json_array_elements(a) from source", "set-returning function"},
		{"select a from source where b in (select 1)", "a subquery"},
		{"select a, (select 1) from source", "a subquery"},
		{"select exists (select 1 from source) from source", "a subquery"},
		{"select distinct a from source", "DISTINCT"},
		{"select distinct on (a) a from source", "DISTINCT"},
		{"select a from source group by a", "GROUP BY"},
		{"select 1 from source having true", "HAVING"},
		{"select a from source limit 3", "LIMIT"},
		{"select a from source offset 3", "LIMIT"},
		{"select a from source fetch first row only", "LIMIT"},
		{"select a from source order by a", "ORDER BY"},
		{"select a from source union all select a from source", "set operation"},
		{"select a from source for update", "FOR UPDATE"},
		{"with x as (select 1) select a from source", "WITH"},
		{"select a into t from source", "INTO"},
		{"values (1)", "VALUES"},
		{"select 1", "source alone"},
		{"select a from web.events", "source alone"},
		{"select a from web.source", "source alone"},
		{"select a from source, source s2", "source alone"},
		{"select a from source join web.x using (a)", "source alone"},
		{"select a from (select * from source) s", "source alone"},
		{"select a from source, lateral unnest(b)", "source alone"},
		{"select a from generate_series(1, 2) source", "source alone"},
		{"delete from source", "one SELECT, not DELETE"},
	} {
		err := RowPreserving(oneStatement(t, tc.text))
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", tc.text, err, tc.want)
		}
		if err != nil && pgerr.CodeOf(err) != pgerr.FeatureNotSupported {
			t.Errorf("%s: SQLSTATE %s", tc.text, pgerr.CodeOf(err))
		}
	}
}

func TestColumnAndTableNames(t *testing.T) {
	t.Parallel()
	s := oneStatement(t, `with c as (select x from web.events) select s.a, b + a, "C", t.* from c as s, air.flights t where exists (select d from c) and e in (1, f)`)
	names := s.SourceColumns()
	if d := cmp.Diff([]string{"a", "b", "C", "e", "f", "d", "x"}, names); d != "" && len(names) != 7 {
		t.Errorf("columns %v: (-want +got)\n%s", names, d)
	}
	if d := cmp.Diff([]TableName{{"air", "flights"}, {"web", "events"}}, s.TableNames()); d != "" {
		t.Errorf("tables (-want +got)\n%s", d)
	}
}
