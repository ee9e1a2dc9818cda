package e2e

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// TestAdoptNested reads lists as PostgreSQL's arrays, and what PostgreSQL has no type for as json.
func TestAdoptNested(t *testing.T) {
	for name, p := range newPlaces(t) {
		t.Run(name, func(t *testing.T) {
			p.write(t, "a.parquet", `SELECT i AS id, CASE WHEN i % 3 > 0 THEN ['a b', NULL, 'x' || i] WHEN i = 0 THEN [] END AS tags, [i, -i] AS numbers,
				[DATE '2018-02-15' + i::INTEGER] AS days, [(i * 0.25)::DECIMAL(9,2)] AS prices, {'a': i, 'b c': ['x', NULL], 'd': DATE '2018-02-15'} AS s,
				map {'k': i} AS m, [{'x': i}] AS structs, INTERVAL 1 MONTH + to_days(i::INTEGER) AS iv,
				CAST((lpad((20 + i)::VARCHAR, 2, '0') || ':30:00.25+00') AS TIMETZ) AS tz FROM range(4) r(i)`)
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "tidegate.yml"), "hot: { kind: none }\n")
			writeFile(t, filepath.Join(dir, "pipelines/web/nested.yml"), fmt.Sprintf("table: web.nested\nadopt: { cold: %q }\n"+
				"primary_key: [id]\nforeign_keys: [ { columns: [id], references: web.nested, key: [id] } ]\n", p.location))
			mustRun(t, dir, "etl", "run")
			s := start(t, dir, "serve")
			c := s.connect(t)
			for query, want := range map[string][]string{
				"select tags from web.nested order by id":                                                {"{}", `{"a b",NULL,x1}`, `{"a b",NULL,x2}`, "NULL"},
				"select numbers, days, prices from web.nested where id = 3":                              {"{3,-3}|{2018-02-18}|{0.75}"},
				"select s, m, structs, iv from web.nested where id = 1":                                  {`{"a":1,"b c":["x",null],"d":"2018-02-15"}|{"k":1}|[{"x":1}]|1 mon 1 day`},
				"select tags[3], s ->> 'a', structs -> 0 ->> 'x', m -> 'k' from web.nested where id = 2": {"x2|2|2|2"},
				"select sum(n) from web.nested, unnest(numbers) as n where n > 0":                        {"6"},
				"select conname, pg_get_constraintdef(oid) from pg_constraint order by 1": {
					"nested_id_fkey|FOREIGN KEY (id) REFERENCES nested(id)", "nested_pkey|PRIMARY KEY (id)",
				},
				"select count(*) from web.nested where 'x1' = any (tags)": {"1"},
				"select tz, tz::time, extract(hour from tz), tz at time zone interval '+02:00' from web.nested where id < 2 order by id desc": {
					"21:30:00.25+00|21:30:00.25|21|23:30:00.25+02", "20:30:00.25+00|20:30:00.25|20|22:30:00.25+02",
				},
				"select min(tz), max(tz), count(distinct tz) from web.nested where tz >= '22:30:00.25+02'": {"20:30:00.25+00|23:30:00.25+00|4"},
			} {
				if d := cmp.Diff(want, table(t, c, query)); d != "" {
					t.Errorf("%s (-want +got):\n%s", query, d)
				}
			}
			checkNestedTypes(t, c)
			s.interrupt(t)
		})
	}
}

func checkNestedTypes(t *testing.T, c *pgx.Conn) {
	t.Helper()
	d, err := c.PgConn().Prepare(t.Context(), "nested", "select tags, numbers, days, prices, s, m, structs, iv, tz from web.nested", nil)
	if err != nil {
		t.Fatal(err)
	}
	var types []uint32
	for _, f := range d.Fields {
		types = append(types, f.DataTypeOID)
	}
	if d := cmp.Diff([]uint32{1009, 1016, 1182, 1231, 114, 114, 114, 1186, 1266}, types); d != "" {
		t.Errorf("types (-want +got):\n%s", d)
	}
}
