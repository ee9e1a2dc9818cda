package catalogs

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestOrigins asks which columns of which relations the columns of a result are, by the numbers that the system relations
// have for them.
func TestOrigins(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, text := range []string{
		"select * from shop.kinds limit 0",
		"select k.t, k.id as x, id + 1, (id), id::int, id::bigint, t::text, t::varchar(9), coalesce(id), +id, (select id) from shop.kinds k limit 0",
		"select * from (select id, upper(t), t as u from shop.kinds) s limit 0",
		"with w as (select id, t from shop.kinds) select w.*, v.id from w join shop.kinds v using (id) limit 0",
		"select id from shop.kinds union all select id from shop.kinds limit 0",
		"select id, count(*) from shop.kinds group by id limit 0",
		"select distinct on (t) t, id from shop.kinds order by t limit 0",
		"select relname, c.oid, c.tableoid, nspname from pg_class c, pg_namespace n limit 0",
		"select table_name from information_schema.tables limit 0",
		"select c.relname, k.id, k.tableoid from shop.kinds k join pg_class c on c.oid = k.tableoid limit 0",
		"select o.* from shop.orders o limit 0",
		"table shop.items limit 0",
		"values (1)",
		"show datestyle",
	} {
		want, got := origins(t, s.postgres, text), origins(t, s.gateway, text)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-PostgreSQL +gateway):\n%s", text, diff)
		}
	}
}

func origins(t *testing.T, c *pgconn.PgConn, text string) []string {
	t.Helper()
	r := c.ExecParams(t.Context(), text, nil, nil, nil, nil)
	fields := r.FieldDescriptions()
	if _, err := r.Close(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var all []string
	for _, f := range fields {
		name := "0"
		if f.TableOID != 0 {
			name = ask(t, c, fmt.Sprintf("select relname from pg_class where oid = %d", f.TableOID)).Rows[0][0]
		}
		all = append(all, fmt.Sprintf("%s: %s.%d", f.Name, name, int16(f.TableAttributeNumber)))
	}
	return all
}
