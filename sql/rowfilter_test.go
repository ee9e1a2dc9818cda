package sql_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// restricted is the test's catalog as somebody sees it who has a row filter on web.events, and not all of its columns.
type restricted struct {
	sql.Catalog
	filter *sql.RowFilter
	hidden []string
}

func (c restricted) Relation(schema, table string) (*sql.Relation, bool) {
	r, ok := c.Catalog.Relation(schema, table)
	if !ok || r.Name != (sql.TableName{Schema: "web", Table: "events"}) {
		return r, ok
	}
	seen := *r
	seen.Filter, seen.Columns = c.filter, nil
	for _, column := range r.Columns {
		if slices.Contains(c.hidden, column.Name) {
			seen.Hidden = append(seen.Hidden, column)
		} else {
			seen.Columns = append(seen.Columns, column)
		}
	}
	return &seen, true
}

// restrictedQuery binds a query whose asker sees site_id 12 and 15 alone, and not which those are.
func restrictedQuery(t *testing.T, text string, predicates ...string) (*sql.Query, error) {
	t.Helper()
	f, err := sql.ParseRowFilter(predicates...)
	if err != nil {
		t.Fatal(err)
	}
	statements, err := sql.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return sql.Bind(statements[0], restricted{testTables(), f, []string{"site_id"}}, testEnv())
}

// TestRowFilter reads through a filter, in DuckDB's words and in PostgreSQL's.
func TestRowFilter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, duck, postgres string }{
		{
			"select count(*) from web.events",
			"FROM (SELECT 1 FROM [site_id] AS events WHERE (events.site_id IN (12, 15))) AS events",
			"FROM (SELECT event_id, ts, domain, path, user_id, load_ms, amount, ratio, ok, query, dt, seen FROM [site_id] events WHERE site_id IN (12, 15)) events",
		},
		{
			"select load_ms from web.events e where load_ms = 3",
			"FROM (SELECT events.load_ms FROM [load_ms site_id] AS events WHERE (events.site_id IN (12, 15))) AS e WHERE",
			"FROM [load_ms site_id] events WHERE site_id IN (12, 15)) e WHERE load_ms = 3",
		},
		{
			"select load_ms from web.events e where 1 / load_ms = 3",
			"WHERE (events.site_id IN (12, 15)) OFFSET 0) AS e WHERE",
			"WHERE site_id IN (12, 15) OFFSET 0) e WHERE",
		},
		{
			"select 1 from web.events a join web.events b on a.path = b.path",
			"FROM (SELECT events.path FROM [path site_id] AS events WHERE (events.site_id IN (12, 15))) AS a INNER JOIN (SELECT events.path FROM",
			"WHERE site_id IN (12, 15)) b ON",
		},
	} {
		q, err := restrictedQuery(t, c.text, "site_id in (12, 15) -- ours")
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		source := func(u *sql.Use) (string, error) { return "[" + strings.Join(u.Columns, " ") + "]", nil }
		for words, render := range map[string]func(func(*sql.Use) (string, error)) (string, error){c.duck: q.Render, c.postgres: q.RenderPostgres} {
			if text, err := render(source); err != nil || !strings.Contains(text, words) {
				t.Errorf("%s becomes %s (%v), want %s in it", c.text, text, err, words)
			}
		}
		u := q.Uses[0]
		if !u.Filtered() || u.Exact || q.Shape.Statistics != nil || len(u.Where["site_id"].Intervals) != 2 {
			t.Errorf("%s: %+v may be answered without its filter", c.text, u)
		}
	}
}

// TestRowFilterMistakes has filters that are none, or do not fit, and names that are not there.
func TestRowFilterMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "is no predicate", "site_id =": "is no predicate", "true) or (true": "", "true) group by (1": "more of a statement",
		"true); drop table x; select (1": "more of a statement", "site_id in (select 1)": "subquery", "site_id = $1": "subquery or a parameter",
	} {
		if _, err := sql.ParseRowFilter(text); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, c := range []struct {
		text, filter string
		code         pgerr.Code
	}{
		{"select 1 from web.events", "gone = 1", pgerr.ObjectNotInState},
		{"select 1 from web.events", "count(*) > 1", pgerr.ObjectNotInState},
		{"select 1 from web.events", "read_text('x') = ''", pgerr.ObjectNotInState},
		{"select 1 from web.events", "site_id", pgerr.ObjectNotInState},
		{"select site_id from web.events", "site_id = 1", pgerr.UndefinedColumn},
		{"select 1 from web.events order by events.site_id", "site_id = 1", pgerr.UndefinedColumn},
	} {
		_, err := restrictedQuery(t, c.text, c.filter)
		if e, ok := errors.AsType[*pgerr.Error](err); !ok || e.Code != c.code || strings.Contains(e.Message+e.Hint+e.Detail, c.filter) {
			t.Errorf("%s behind %s: %v, want %s without the filter's text", c.text, c.filter, err, c.code)
		}
	}
}

// TestLeakproof has statements that cannot fail by a row's values, and such that can.
func TestLeakproof(t *testing.T) {
	t.Parallel()
	for text, can := range map[string]bool{
		"select 1 / load_ms, upper(path) from web.events where path = 'x' and load_ms > 1":                                        false,
		"select path from web.events where ts >= '2018-02-01' and ts < timestamptz '2018-03-01' and path like 'a%'":               false,
		"select path, sum(1 / load_ms) from web.events where load_ms in (1, 2) or load_ms is null group by 1 having count(*) > 2": false,
		"select 1 from web.events e left join web.sites s on s.name = e.path where s.name between 'a' and 'b'":                    false,
		"select 1 from web.events where exists (select 1 from web.sites where name = path) limit 3":                               false,
		"select 1 from web.events where path = any('{a,b}')":                                                                      false,
		"with x as (select path, max(load_ms) as m from web.events group by 1) select * from x where m > 3":                       false,

		"select 1 from web.events where load_ms + 1 > 2":                                                            true,
		"select 1 from web.events where load_ms::text = '1'":                                                        true,
		"select 1 from web.events where -load_ms > 2":                                                               true,
		"select 1 from web.events where upper(path) = 'X'":                                                          true,
		`select 1 from web.events where path like 'a\'`:                                                             true,
		"select 1 from web.events where path like domain":                                                           true,
		"select 1 from web.events where load_ms = (select 1)":                                                       true,
		"select 1 from web.events where case when load_ms = 1 then true else false end":                             true,
		"select 1 from web.events e join web.sites s on e.load_ms / 2 = 1":                                          true,
		"select * from (select 1 / load_ms as q from web.events) x where q = 1":                                     true,
		"with x as (select 1 / load_ms as q from web.events) select * from x where q = 1":                           true,
		"select 1 from web.events group by load_ms having 1 / load_ms = 1":                                          true,
		"select (select max(1) from web.events i where 1 / i.load_ms = 1)":                                          true,
		"select 1 / load_ms from web.events union all select 1":                                                     true,
		"select 1 from web.events where load_ms in (1, 2 / load_ms)":                                                true,
		"select 1 from web.events where load_ms in (select 1 / load_ms from web.events)":                            true,
		"select 1 from web.events e, lateral (select 1 / e.load_ms as q) x where q = 1":                             true,
		"select row_number() over (order by load_ms) from (select load_ms from web.events where 1 / load_ms = 1) x": true,
	} {
		q, err := restrictedQuery(t, text, "site_id = 12")
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if q.Uses[0].Barrier() != can {
			t.Errorf("%s: needs a barrier: %v, want %v", text, !can, can)
		}
	}
}
