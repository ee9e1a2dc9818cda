package sql

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/pgerr"
)

func parseOne(t *testing.T, text string) *Statement {
	t.Helper()
	statements, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return statements[0]
}

func TestCarry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"select a from source", "SELECT a, source.x, source.y FROM source"},
		{"select a::int as b from source s where a > 1 -- note", "SELECT a::int AS b, s.x, s.y FROM source s WHERE a > 1"},
		{"select *, 1 as one from source", "SELECT source.a, source.b, 1 AS one, source.x, source.y FROM source"},
		{`select s.* from source as "S t", source2`, ""},
		{`select "T".* from source as "T"`, `SELECT "T".a, "T".b, "T".x, "T".y FROM source "T"`},
		{"select s.*, sites.* from source s left join sites using (site_id)", "SELECT s.a, s.b, sites.*, s.x, s.y FROM source s LEFT JOIN sites USING (site_id)"},
		{"select a from (select a from source) s", ""},
		{"with s as (select 1 as a) select a from s", ""},
		{"select a from source union all select a from source", ""},
		{"select k from source as s(k)", ""},
		{"values (1)", ""},
	} {
		got, err := parseOne(t, c.text).Carry([]string{"a", "b"}, "x", "y")
		if c.want == "" {
			if e, ok := errors.AsType[*pgerr.Error](err); !ok || e.Code != pgerr.FeatureNotSupported {
				t.Errorf("%s: %v", c.text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.want, got.Text); diff != "" {
			t.Errorf("%s:\n%s", c.text, diff)
		}
	}
}

func TestBareOutputs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want map[string]string
	}{
		{"select dt, e.site_id, a as b, lower(c) as c, d::text, count(*) from web.events e group by 1, 2", map[string]string{"dt": "dt", "site_id": "site_id", "b": "a"}},
		{"select * from web.events", map[string]string{}},
		{"select dt from a union all select dt from b", map[string]string{}},
		{"select a.dt from web.events a join web.events b using (dt)", map[string]string{"dt": "dt"}},
		{"select distinct dt, site_id from web.events", map[string]string{"dt": "dt", "site_id": "site_id"}},
		{"select distinct on (site_id) dt from web.events", map[string]string{}},
		{"select dt from (select left(dt, 7) as dt from web.events) e", map[string]string{}},
		{"with e as (select left(dt, 7) as dt from web.events) select dt from e", map[string]string{}},
		{"select dt from web.events order by ts limit 10", map[string]string{}},
		{"select dt, count(*) from web.events group by rollup (dt)", map[string]string{}},
	} {
		if diff := cmp.Diff(c.want, parseOne(t, c.text).BareOutputs()); diff != "" {
			t.Errorf("%s:\n%s", c.text, diff)
		}
	}
}

func TestReadsOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want bool
	}{
		{"select dt, count(distinct a) from web.events where b > 1 group by dt having count(*) > 1", true},
		{"select a.dt from web.events a join web.events b using (dt)", false},
		{"select dt from web.events where ts > (select max(ts) from web.events)", false},
		{"select dt from web.events where a in (select 1)", false},
		{"select dt, row_number() over (order by ts) as n from web.events", false},
		{"select dt from (select dt from web.events) e", false},
	} {
		if got := parseOne(t, c.text).ReadsOnce(); got != c.want {
			t.Errorf("%s: %v", c.text, got)
		}
	}
}
