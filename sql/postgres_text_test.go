package sql_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
	"tidegate/sql"
)

// withNulls is a source as the router makes it: the columns that are not needed are NULLs.
func withNulls(u *sql.Use) (string, error) {
	var columns []string
	for _, c := range u.Relation.Columns {
		text := c.Name
		if !slices.Contains(u.Columns, c.Name) {
			text = "CAST(NULL AS " + c.Type.String() + ") AS " + c.Name
		}
		columns = append(columns, text)
	}
	return "(SELECT " + strings.Join(columns, ", ") + " FROM public." + u.Relation.Name.Table + ")", nil
}

// postgresCopy renders a query for PostgreSQL.
func postgresCopy(catalog sql.Catalog, env sql.Env, query string, args ...sql.Arg) (string, *sql.Query, error) {
	statements, err := sql.Parse(query)
	if err != nil {
		return "", nil, err
	}
	q, err := sql.Bind(statements[0], catalog, env)
	if err == nil && args != nil {
		q, err = q.WithArgs(args)
	}
	if err != nil {
		return "", nil, err
	}
	text, err := q.RenderPostgres(withNulls)
	return text, q, err
}

func openPostgres(t *testing.T) *pgx.Conn {
	t.Helper()
	pg := testkit.Postgres(t).Connect(t)
	if _, err := pg.Exec(t.Context(), "create table v ("+valueColumns+"); insert into v values "+values+
		"; create table w (id int, name text); insert into w values (1, 'one'), (2, 'two'), (2, 'zwei'), (9, 'nine'), (null, 'none'); set search_path = pg_catalog"); err != nil {
		t.Fatal(err)
	}
	return pg
}

// TestPostgresTextAgainstPostgreSQL runs every statement of the corpus as it is and as it is rendered for another
// PostgreSQL: names, types and values must be the same, and whatever binds must be rendered.
func TestPostgresTextAgainstPostgreSQL(t *testing.T) {
	t.Parallel()
	pg := openPostgres(t)
	catalog := newTables("public.v "+valueColumns, "public.w id int, name text")
	compared := 0
	corpus(t, func(query string, zone *time.Location) {
		env := testEnv()
		env.Zone = zone
		if _, err := pg.Exec(t.Context(), "set timezone = '"+zone.String()+"'"); err != nil {
			t.Fatal(err)
		}
		text, _, err := postgresCopy(catalog, env, query)
		if err != nil {
			if _, _, _, wantErr := askPostgres(t.Context(), pg, "set search_path = public; "+query); wantErr == nil {
				t.Errorf("%s: %v", query, err)
			}
			return
		}
		compared++
		sameAnswer(t, pg, query, text)
	})
	if compared < 150 {
		t.Errorf("only %d lines were compared", compared)
	}
}

// sameAnswer runs the user's text and the rendered one.
func sameAnswer(t *testing.T, pg *pgx.Conn, query, text string) {
	t.Helper()
	set := func(path string) {
		if _, err := pg.Exec(t.Context(), "set search_path = "+path); err != nil {
			t.Fatal(err)
		}
	}
	set("public")
	want, names, oids, wantErr := askPostgres(t.Context(), pg, query)
	set("pg_catalog")
	got, gotNames, gotOIDs, gotErr := askPostgres(t.Context(), pg, text)
	wantCode, gotCode := codeOf(wantErr), codeOf(gotErr)
	if wantCode != gotCode {
		t.Errorf("%s: want error %v, got %v\n%s", query, wantErr, gotErr, text)
		return
	}
	if !strings.Contains(query, "order by") {
		slices.SortFunc(want, slices.Compare[[]string])
		slices.SortFunc(got, slices.Compare[[]string])
	}
	if strings.Contains(query, "random()") {
		return
	}
	if d := cmp.Diff([]any{names, oids, want}, []any{gotNames, gotOIDs, got}); d != "" {
		t.Errorf("%s\n%s\n%s", query, text, d)
	}
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// TestPostgresText has what a corpus for two engines does not: the words in which the text is rendered.
func TestPostgresText(t *testing.T) {
	t.Parallel()
	pg := openPostgres(t)
	catalog := newTables("public.v "+valueColumns, "public.w id int, name text")
	for _, c := range []struct {
		query string
		args  []sql.Arg
		same  string // what PostgreSQL answers alike
	}{
		{"select * from v x(a, b) order by a", nil, "select * from public.v x(a, b) order by a"},
		{"select a from (select * from v) x(c, a) order by 1", nil, "select i as a from public.v order by 1"},
		{"select public.v.id, public.w.name from public.v join tidegate.public.w using (id) order by 1, 2", nil, "select v.id, w.name from public.v join public.w using (id) order by 1, 2"},
		{"select * from v natural join w order by id, name", nil, "select * from public.v natural join public.w order by id, name"},
		{"select w.* from w order by 1, 2", nil, "select * from public.w order by 1, 2"},
		{"with v as (select id from v) select count(*) from v", nil, "select count(*) from public.v"},
		{"select count(*) from v a, v b where a.id = b.id", nil, "select 6::int8 as count"},
		{"select current_user, current_database(), version(), pg_backend_pid() from w where id = 1", nil, "select 'demo'::name as current_user, 'tidegate'::name as current_database, 'PostgreSQL 15.20 (Tidegate)'::text as version, 7 as pg_backend_pid"},
		{"select now(), current_date, localtimestamp, current_timestamp from w where id = 1", nil, "select timestamptz '2018-02-15 03:04:05.6+00' as now, date '2018-02-15' as current_date, timestamp '2018-02-15 03:04:05.6' as localtimestamp, timestamptz '2018-02-15 03:04:05.6+00' as current_timestamp"},
		{"select current_setting('server_version_num') from w where id = 1", nil, "select '150020'::text as current_setting"},
		{"select name from w where id = $1 order by 1", []sql.Arg{{Text: "2"}}, "select name from public.w where id = 2 order by 1"},
		{"select name, $2::text from w where id = $1 limit $3", []sql.Arg{{Text: "1"}, {Null: true}, {Text: "5"}}, "select name, null::text from public.w where id = 1"},
		{"select id from v where t = $1", []sql.Arg{{Text: `añb_c%d\e`}}, `select id from public.v where t = 'añb_c%d\e'`},
		{"select id from w where name = $1", []sql.Arg{{Text: "'; drop table public.v; --"}}, "select id from public.w where false"},
		{"select 'tidegate_relation0x0x', name from w where id = 1", nil, "select 'tidegate_relation0x0x', name from public.w where id = 1"},
		{"select id from v order by id limit 2 offset 1", nil, "select id from public.v order by id limit 2 offset 1"},
		{"select x.now, y from (select now(), $1 y from w where id = 1) x", []sql.Arg{{Text: "a"}}, "select timestamptz '2018-02-15 03:04:05.6+00' as now, 'a' as y"},
		{"select max(id) over (order by id) from v order by id limit 1", nil, "select 1 as max"},
	} {
		text, q, err := postgresCopy(catalog, testEnv(), c.query, c.args...)
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		sameAnswer(t, pg, c.same, text)
		if _, names, _, err := askPostgres(t.Context(), pg, text); err == nil && names != nil && !slices.Equal(names, q.Names) {
			t.Errorf("%s: names %q, bound %q", c.query, names, q.Names)
		}
	}
	if _, _, err := postgresCopy(catalog, testEnv(), "select * from w, now() n"); err == nil || !strings.Contains(err.Error(), "0A000") {
		t.Errorf("a session's function in FROM: %v", err)
	}
}

// values are the rows of table v.
const values = `(1, 1::int2, 10, 100::int8, 1.500, 1.5::float8, 0.5::float4, 'Hello World', true, date '2018-02-15', timestamp '2018-02-15 03:04:05.678', timestamptz '2018-02-15 03:04:05.678+00', '{"a": "x", "b": [1, 2, {"c": null}], "n": 5}'),
(2, -7, -3, 9007199254740993, -2.250, -2.5, -1.25, '  pad  ', false, '1999-12-31', '1999-12-31 23:59:59.999999', '1999-12-31 23:59:59.999999+00', '{"a": 1.5, "b": {}}'),
(3, 0, 0, 0, 0, 0, 0, '', true, '2000-02-29', '2000-02-29 00:00:00', '2000-02-29 00:00:00+00', '[10, "y", {"a": true}]'),
(4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
(5, 32767, 2147483647, -9000000000000000000, 9999999.999, 123456.789, 3.25, 'añb_c%d\e', false, '2024-12-30', '2024-12-30 12:00:00', '2024-12-30 12:00:00+00', '{"a": null}'),
(6, 3, 7, 12, 2.500, 2.5, 2.5, 'a,b,c', true, '1970-01-01', '1970-01-01 00:00:01', '1970-01-01 00:00:01+00', '{"a b": {"c": "deep"}, "a": [3]}')`

const valueColumns = "id int, i int2, j int, k bigint, n numeric(10,3), f float8, r float4, t text, b bool, d date, s timestamp, z timestamptz, q json"

func askPostgres(ctx context.Context, pg *pgx.Conn, query string) (rows [][]string, names []string, oids []uint32, err error) {
	result, err := pg.PgConn().Exec(ctx, query).ReadAll()
	if err != nil {
		return nil, nil, nil, err
	}
	for _, f := range result[0].FieldDescriptions {
		names, oids = append(names, f.Name), append(oids, f.DataTypeOID)
	}
	return postgresRows(result[0]), names, oids, nil
}

func postgresRows(r *pgconn.Result) [][]string {
	var rows [][]string
	for _, row := range r.Rows {
		var out []string
		for _, v := range row {
			if v == nil {
				out = append(out, "NULL")
			} else {
				out = append(out, "'"+string(v))
			}
		}
		rows = append(rows, out)
	}
	return rows
}
