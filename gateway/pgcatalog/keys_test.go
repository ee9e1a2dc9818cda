package pgcatalog_test

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/gateway/pgcatalog"
	"tidegate/internal/pgtypes"
)

//go:embed testdata/keys.sql
var keysFixture string

// shopContents are tables with keys, indexes and a default.
func shopContents() *pgcatalog.Contents {
	column := func(name string, oid pgtypes.OID, notNull bool) pgcatalog.Column {
		return pgcatalog.Column{Name: name, Type: pgtypes.Of(oid), NotNull: notNull}
	}
	orders := pgcatalog.Table{
		Schema: "shop", Name: "orders", Rows: -1,
		Columns: []pgcatalog.Column{
			column("id", pgtypes.Int8, true),
			{Name: "Code", Type: pgtypes.VarcharOf(40), NotNull: true},
			{Name: "d", Type: pgtypes.Of(pgtypes.Date), Default: "CURRENT_DATE"},
			column("note", pgtypes.Text, false),
		},
		Keys: []pgcatalog.Key{
			{Name: "orders_pkey", Kind: pgcatalog.PrimaryKey, Columns: []string{"id"}},
			{Name: "orders_Code_key", Kind: pgcatalog.UniqueKey, Columns: []string{"Code"}},
		},
		Indexes: []pgcatalog.Index{
			{Name: "orders_d_idx", Columns: []string{"d", "note"}},
			{Name: "orders_note_idx", Columns: []string{""}, Definition: "CREATE INDEX orders_note_idx ON shop.orders USING btree (lower(note)) WHERE (d IS NOT NULL)"},
		},
	}
	items := pgcatalog.Table{
		Schema: "shop", Name: "items", Rows: -1,
		Columns: []pgcatalog.Column{column("order_id", pgtypes.Int8, true), column("line", pgtypes.Int4, true)},
		Keys: []pgcatalog.Key{
			{Name: "items_pkey", Kind: pgcatalog.PrimaryKey, Columns: []string{"order_id", "line"}},
			{Name: "items_order_id_fkey", Kind: pgcatalog.ForeignKey, Columns: []string{"order_id"}, RefSchema: "shop", RefTable: "orders", RefColumns: []string{"id"}},
		},
	}
	return &pgcatalog.Contents{Database: "tidegate", Tables: []pgcatalog.Table{items, orders}}
}

// keysLikePostgres are statements about keys that both must answer alike. OIDs of ours differ, so none is shown.
var keysLikePostgres = map[string]string{
	"constraints": `
		select k.conname, k.contype, c.relname, f.relname, i.relname, k.conkey, k.confkey, k.confupdtype, k.confdeltype, k.confmatchtype, k.convalidated,
			pg_catalog.pg_get_constraintdef(k.oid)
		from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid left join pg_catalog.pg_class f on f.oid = k.confrelid
			left join pg_catalog.pg_class i on i.oid = k.conindid
		where c.relnamespace in (select oid from pg_catalog.pg_namespace where nspname = 'shop') order by 1`,
	"what constraints depend on": `
		select k.conname, r.relname, d.refobjsubid, d.deptype
		from pg_catalog.pg_depend d join pg_catalog.pg_constraint k on k.oid = d.objid join pg_catalog.pg_class r on r.oid = d.refobjid
		where d.classid = 'pg_catalog.pg_constraint'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
			and k.connamespace in (select oid from pg_catalog.pg_namespace where nspname = 'shop') order by 1, 2, 3, 4`,
	"indexes": `
		select c.relname, i.relname, i.relkind, i.relnatts, x.indisprimary, x.indisunique, x.indnatts, x.indkey::text, a.amname, pg_catalog.pg_get_indexdef(i.oid),
			c.relhasindex, c.relhastriggers
		from pg_catalog.pg_index x join pg_catalog.pg_class i on i.oid = x.indexrelid join pg_catalog.pg_class c on c.oid = x.indrelid
			join pg_catalog.pg_am a on a.oid = i.relam
		where c.relnamespace in (select oid from pg_catalog.pg_namespace where nspname = 'shop') order by 1, 2`,
	"columns of indexes": `
		select i.relname, a.attname, a.attnum, a.atttypid, a.atttypmod, pg_catalog.pg_get_indexdef(i.oid, a.attnum, false)
		from pg_catalog.pg_attribute a join pg_catalog.pg_class i on i.oid = a.attrelid
		where i.relkind = 'i' and i.relname <> 'orders_note_idx' and i.relnamespace in (select oid from pg_catalog.pg_namespace where nspname = 'shop') order by 1, 3`,
	"defaults": `
		select c.relname, a.attname, a.atthasdef, pg_catalog.pg_get_expr(d.adbin, d.adrelid)
		from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
		where c.relkind = 'r' and a.attnum > 0 and c.relnamespace in (select oid from pg_catalog.pg_namespace where nspname = 'shop') order by 1, a.attnum`,
	"defaults of information_schema": `
		select column_name, column_default from information_schema.columns where table_schema = 'shop' order by table_name, ordinal_position`,
	"table_constraints": `
		select constraint_catalog, constraint_schema, case constraint_type when 'CHECK' then '' else constraint_name end, table_catalog, table_schema, table_name,
			constraint_type, is_deferrable, initially_deferred, enforced, nulls_distinct
		from information_schema.table_constraints where table_schema = 'shop' order by 6, 7, 3`,
	"key_column_usage":        `select * from information_schema.key_column_usage where table_schema = 'shop' order by table_name, constraint_name, ordinal_position`,
	"referential_constraints": `select * from information_schema.referential_constraints where constraint_schema = 'shop' order by 3`,
	"constraint_column_usage": `
		select * from information_schema.constraint_column_usage where table_schema = 'shop' and constraint_name not like '%not_null' order by constraint_name, column_name`,
	"constraint_table_usage": `select * from information_schema.constraint_table_usage where table_schema = 'shop' order by constraint_name`,
}

func TestKeysLikePostgres(t *testing.T) {
	t.Parallel()
	conn := openPostgres(t)
	if _, err := conn.Exec(t.Context(), keysFixture).ReadAll(); err != nil {
		t.Fatal(err)
	}
	db, c := openCatalog(t)
	if err := c.Refresh(t.Context(), 2, shopContents()); err != nil {
		t.Fatal(err)
	}
	for name, text := range keysLikePostgres {
		want := reference(t, conn, text)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if len(want) == 0 {
				t.Fatal("PostgreSQL has no rows: the comparison shows nothing")
			}
			got, err := ask(t.Context(), db, c, text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.rows); diff != "" {
				t.Errorf("rows differ (-PostgreSQL +ours):\n%s", clip(diff))
			}
		})
	}
}

// A role that may not see the table that a foreign key refers to is not told of it.
func TestKeyToWhatIsNotSeen(t *testing.T) {
	t.Parallel()
	db, c := openCatalog(t)
	hidden := shopContents()
	hidden.Tables = hidden.Tables[:1]
	if err := c.Refresh(t.Context(), 2, hidden); err != nil {
		t.Fatal(err)
	}
	got, err := ask(t.Context(), db, c, "select string_agg(conname || ' ' || pg_get_constraintdef(oid), '; ') from pg_constraint")
	if err != nil || strings.Contains(got.text(), "orders") || !strings.Contains(got.text(), "items_pkey") {
		t.Errorf("%v\n%s", err, got.text())
	}
}
