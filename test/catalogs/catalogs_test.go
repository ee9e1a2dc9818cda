package catalogs

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
	"tidegate/test/program"
)

//go:embed testdata/objects.sql
var objects string

// sides are connections to the gateway and to the warehouse behind it.
type sides struct{ gateway, postgres *pgconn.PgConn }

// serve makes the objects in a warehouse and puts a gateway before it. The roles own alike: tidegate does.
func serve(t *testing.T) sides {
	t.Helper()
	binary, err := program.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cluster := testkit.Postgres(t)
	postgres := testkit.Dial(t, cluster.DSN())
	if _, err := postgres.Exec(t.Context(), objects).ReadAll(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := fmt.Sprintf("data_dir: ./data\npipelines: ./pipelines\nhot: { kind: postgres, url: %q, schema: hot_data, pool: 4 }\n", cluster.DSN())
	if err := os.WriteFile(filepath.Join(dir, "tidegate.yml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "pipelines"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := sides{testkit.Dial(t, program.Start(t, binary, dir, "serve").URL), postgres}
	for _, c := range []*pgconn.PgConn{s.gateway, s.postgres} {
		if _, err := c.Exec(t.Context(), "set search_path to public").ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// answer is what a client sees: columns with type and modifier, rows as text, or the error.
type answer struct {
	Columns []string
	Rows    [][]string
	Error   string
}

func ask(t *testing.T, c *pgconn.PgConn, text string) answer {
	t.Helper()
	r := c.ExecParams(t.Context(), text, nil, nil, nil, nil).Read()
	if r.Err != nil {
		return answer{Error: r.Err.Error()}
	}
	var a answer
	for _, f := range r.FieldDescriptions {
		a.Columns = append(a.Columns, fmt.Sprintf("%s:%d(%d)", f.Name, f.DataTypeOID, f.TypeModifier))
	}
	for _, row := range r.Rows {
		texts := make([]string, len(row))
		for i, v := range row {
			if texts[i] = string(v); v == nil {
				texts[i] = "∅"
			}
		}
		a.Rows = append(a.Rows, texts)
	}
	return a
}

// alike asks both sides.
func (s sides) alike(t *testing.T, text string) {
	t.Helper()
	want, got := ask(t, s.postgres, text), ask(t, s.gateway, text)
	if want.Error != "" || len(want.Columns) == 0 {
		t.Errorf("PostgreSQL: %s\n%s", want.Error, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		if len(diff) > 6000 {
			diff = diff[:6000] + "…"
		}
		t.Errorf("%s (-PostgreSQL +gateway):\n%s", text, diff)
	}
}

// TestTablesBesideSystemRelations reads tables and system relations in one statement.
func TestTablesBesideSystemRelations(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, text := range []string{
		"select k.*, c.relname, c.relkind from shop.kinds k join pg_class c on c.oid = k.tableoid order by k.id",
		"select tableoid::regclass, count(*) from shop.kinds group by 1",
		"select k.tableoid::regclass::text, n from shop.kinds k order by n",
		"select id, (select typname from pg_type where oid = 20) from shop.kinds where at < '2019-01-01' and n > 0",
		"select c.relname, k.tableoid is null, k.id from pg_class c left join shop.kinds k on k.tableoid = c.oid and k.id = 2 where c.relname in ('kinds', 'pg_class') order by 1",
		"select 'shop.kinds'::regclass::text, count(*) from shop.kinds",
		"select format_type(23, null), sum(small) from shop.kinds where yes",
		"select pg_typeof(n), pg_typeof(id), pg_typeof(span)::text, pg_typeof(t || 'x') from shop.kinds order by id limit 1",
		"select day, at, atz from shop.kinds where atz >= '2018-02-02 00:00:00+00' and tableoid > 0",
		"select count(*) from shop.kinds, pg_am",
		"select has_table_privilege('shop.kinds', 'select') from shop.kinds where id = 1",
		"select attname, (select count(*) from shop.kinds) from pg_attribute where attrelid = 'shop.kinds'::regclass and attnum between 1 and 3 order by attnum",
	} {
		s.alike(t, text)
	}
}
