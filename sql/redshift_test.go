package sql_test

import (
	"errors"
	"strings"
	"testing"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// redshiftCopy renders a query for Redshift.
func redshiftCopy(t *testing.T, query string, args ...sql.Arg) (string, error) {
	t.Helper()
	_, q, err := postgresCopy(newTables("public.v "+valueColumns, "public.w id int, name text"), testEnv(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return q.RenderRedshift(func(u *sql.Use) (string, error) { return "hot." + u.Relation.Name.Table, nil })
}

func TestRedshiftText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query string
		args  []sql.Arg
		want  string
	}{
		{"select name, count(*) from w group by 1 order by 2 desc limit 5", nil, "SELECT name, count(*) FROM hot.w w GROUP BY 1 ORDER BY 2 DESC LIMIT 5"},
		{"select avg(id::float8), sum(id) / count(*) from w", nil, "SELECT avg(id::double precision), sum(id) / count(*) FROM hot.w w"},
		{"select cast(id as text), name::varchar from w", nil, "SELECT id::varchar(65535), name::varchar(65535) FROM hot.w w"},
		{"select count(*) from w where name = $1 and id > $2", []sql.Arg{{Text: "a'b"}, {Text: "7"}}, "SELECT count(*) AS count FROM hot.w w WHERE name = 'a''b'::varchar(65535) AND id > '7'::int"},
		{"select count(*) from w where id = $1", []sql.Arg{{Null: true}}, "SELECT count(*) AS count FROM hot.w w WHERE id = NULL::int"},
		{"select now() - interval '7 days', date '2018-02-03' + 1 from w", nil, "SELECT '2018-02-15 03:04:05.6+00'::timestamp with time zone - INTERVAL '7 days' AS \"?column?\", '2018-02-03'::date + 1 AS \"?column?\" FROM hot.w w"},
		{"select extract(year from now()), date_trunc('day', now()) from w", nil, "SELECT date_part('year', '2018-02-15 03:04:05.6+00'::timestamp with time zone) AS \"extract\", date_trunc('day', '2018-02-15 03:04:05.6+00'::timestamp with time zone) AS date_trunc FROM hot.w w"},
		{"select trim(name), position('a' in name), name like 'a%', name ilike 'b_' from w", nil, "SELECT btrim(name), strpos(name, 'a'), name LIKE 'a%', name ILIKE 'b_' FROM hot.w w"},
		{
			"select rank() over (order by id desc), sum(id) over (order by id rows between unbounded preceding and current row), max(id) over () from w", nil,
			"SELECT rank() OVER (ORDER BY id DESC), sum(id) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), max(id) OVER () FROM hot.w w",
		},
		{
			"with x as (select id from w) select case when id > 1 then 'a' else null end from x where id in (select id from w) and exists (select 1 from w)", nil,
			"WITH x AS (SELECT id FROM hot.w w) SELECT CASE WHEN id > 1 THEN 'a' ELSE NULL END FROM x WHERE id IN (SELECT id FROM hot.w w) AND EXISTS (SELECT 1 FROM hot.w w)",
		},
	} {
		got, err := redshiftCopy(t, c.query, c.args...)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.query, err, got, c.want)
		}
	}
}

// TestNotRedshift has what Redshift has not, or means otherwise: 0A000, and the router answers cold.
func TestNotRedshift(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"select avg(id) from w":                                                                         "the average of what is not double precision",
		"select string_agg(name, ',') from w":                                                           "function string_agg",
		"select count(*) filter (where id > 1) from w":                                                  "FILTER",
		"select id is distinct from 1 from w":                                                           "IS DISTINCT FROM",
		"select distinct on (id) id, name from w order by id, name":                                     "DISTINCT ON",
		"select id from w except all select id from w":                                                  "INTERSECT ALL or EXCEPT ALL",
		"select name from w where name ~ 'a'":                                                           "operator ~",
		"select name from w where name = 'a\\b'":                                                        "a text with a backslash",
		"select id from w where id = any (array[1, 2])":                                                 "",
		"select concat(name, 'x') from w":                                                               "function concat",
		"select max(id) over (order by id) from w":                                                      "an aggregate over an ordered window without a frame",
		"select max(id) over x from w window x as (order by id)":                                        "a named window",
		"select cast(name as varchar(3)) from w":                                                        "a cast to varchar",
		"select 1.0 * id / 3.0 from w":                                                                  "the quotient of numerics",
		"select x.a from (values (1), (2)) x(a), w":                                                     "VALUES",
		"select extract(epoch from now()) from w":                                                       "extract of epoch",
		"select now() - now() from w":                                                                   "column ?column? of type interval",
		"select g from w, generate_series(1, 2) g":                                                      "RangeFunction",
		"select x.id from w, lateral (select w.id) x":                                                   "LATERAL",
		"with recursive r as (select 1 a union all select a + 1 from r where a < 3) select a from r, w": "WITH RECURSIVE",
	} {
		statements, err := sql.Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		q, err := sql.Bind(statements[0], newTables("public.v "+valueColumns, "public.w id int, name text"), testEnv())
		if err != nil {
			t.Errorf("%s: not even bound: %v", query, err)
			continue
		}
		text, err := q.RenderRedshift(func(u *sql.Use) (string, error) { return "hot." + u.Relation.Name.Table, nil })
		refused, ok := errors.AsType[*pgerr.Error](err)
		if !ok || refused.Code != pgerr.FeatureNotSupported || !strings.Contains(refused.Message, want) || !strings.HasSuffix(refused.Message, "is not asked of Redshift") {
			t.Errorf("%s: %v, want %s\n%s", query, err, want, text)
		}
	}
}

// TestRedshiftsOwnWords has what only Redshift's words say: it is asked of Redshift as the user wrote it.
func TestRedshiftsOwnWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query string
		args  []sql.Arg
		want  string
	}{
		{query: "select top 3 id from w order by id", want: "SELECT id FROM hot.w w ORDER BY id LIMIT 3"},
		{query: "select id from w minus select id from v", want: "SELECT id FROM hot.w w EXCEPT SELECT id FROM hot.v v"},
		{
			query: "select id, name from w where id > 1 qualify row_number() over (partition by name order by id) = 1",
			want:  "SELECT id, name FROM hot.w w WHERE id > 1 QUALIFY (row_number() OVER (PARTITION BY name ORDER BY id) = 1)",
		},
		{
			query: "select name, count(*) from w group by 1 having count(*) > 1 or name = 'x' qualify rank() over (order by count(*)) = 1 order by 1",
			want:  "SELECT name, count(*) FROM hot.w w GROUP BY 1 HAVING (count(*) > 1 OR name = 'x') QUALIFY (rank() OVER (ORDER BY count(*)) = 1) ORDER BY 1",
		},
		{query: "select approximate count(distinct name) from w", want: "SELECT APPROXIMATE count(DISTINCT name) FROM hot.w w"},
		{
			query: "select lag(name, 1) ignore nulls over (order by id), first_value(replace(name, ')', '(')) ignore nulls over (order by id rows unbounded preceding) from w",
			want:  "SELECT lag(name, 1) IGNORE NULLS OVER (ORDER BY id), first_value(replace(name, ')', '(')) IGNORE NULLS OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) FROM hot.w w",
		},
		{
			query: "select listagg(distinct name, ', ') within group (order by name), median(id::float8) over (partition by name) from w group by name, id",
			want:  "SELECT listagg(DISTINCT name, ', ') WITHIN GROUP (ORDER BY name), median(id::double precision) OVER (PARTITION BY name) FROM hot.w w GROUP BY name, id",
		},
		{
			query: "select extract(dow from dateadd(day, id, '2018-02-03')), date_part(qtr, date '2018-02-03'), decode(id, 1, 'a', null, 'b') from w",
			want:  "SELECT EXTRACT(dow FROM dateadd(day, id, '2018-02-03')), date_part(qtr, '2018-02-03'::date), decode(id, 1, 'a', NULL, 'b') FROM hot.w w",
		},
		{
			query: "select nvl(name, 'x'), nvl2(name, 1, 2), datediff(month, '2018-01-01', '2018-02-03'), convert_timezone('UTC', 'Asia/Tokyo', timestamp '2018-02-03') from w",
			want:  "SELECT nvl(name, 'x'), nvl2(name, 1, 2), datediff(month, '2018-01-01', '2018-02-03'), convert_timezone('UTC', 'Asia/Tokyo', '2018-02-03'::timestamp) FROM hot.w w",
		},
		{query: "select avg(id), sum(id) from w", want: "SELECT avg(id), sum(id) FROM hot.w w"},
		{
			query: "select cast(name as varchar(3)), name::text, convert(decimal, id), name::varchar(max) from w",
			want:  "SELECT name::varchar(3), name::text, id::numeric, name::varchar(65535) FROM hot.w w",
		},
		{
			query: "select getdate(), sysdate, trunc(sysdate) - 1 as d from w where name = $1 and id = $2::decimal", args: []sql.Arg{{Text: "a"}, {Text: "7.5"}},
			want: "SELECT '2018-02-15 03:04:06'::timestamp AS getdate, '2018-02-15 03:04:05.6'::timestamp AS sysdate, " +
				"trunc('2018-02-15 03:04:05.6'::timestamp) - 1 AS d FROM hot.w w WHERE name = 'a'::varchar(65535) AND id = '7.5'::numeric(2, 1)::numeric",
		},
	} {
		got, err := ownCopy(t, c.query, c.args...)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.query, err, got, c.want)
		}
	}
	for query, want := range map[string]string{
		"select 1.5 / id from w":                                "the quotient of decimals",
		"select avg(id::decimal(5,2)) from w":                   "the average of decimals",
		"select median(id) from w":                              "an interpolation of exact numbers",
		"select datediff(week, '2018-01-01', getdate()) from w": "DATEDIFF of weeks",
		"select regexp_substr(name, 'a|ab') from w":             "function regexp_substr",
		"select string_agg(name, ',') from w":                   "function string_agg",
		"select name from w where name = 'a\\\\b'":              "a text with a backslash",
	} {
		if got, err := ownCopy(t, query); pgerr.CodeOf(err) != pgerr.FeatureNotSupported || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s\n%s", query, err, want, got)
		}
	}
}

// ownCopy is redshiftCopy of a statement of the dialect redshift.
func ownCopy(t *testing.T, query string, args ...sql.Arg) (string, error) {
	t.Helper()
	statements, err := sql.Redshift.Parse(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	q, err := sql.Bind(statements[0], newTables("public.v "+valueColumns, "public.w id int, name text"), testEnv())
	if err == nil && args != nil {
		q, err = q.WithArgs(args)
	}
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return q.RenderRedshift(func(u *sql.Use) (string, error) { return "hot." + u.Relation.Name.Table, nil })
}
