package catalogs

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
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
	s := sides{testkit.Dial(t, program.ServeOver(t, binary, cluster.DSN()).URL), postgres}
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
	var a answer
	r := c.ExecParams(t.Context(), text, nil, nil, nil, nil)
	for r.NextRow() {
		row := r.Values()
		texts := make([]string, len(row))
		for i, v := range row {
			if texts[i] = string(v); v == nil {
				texts[i] = "∅"
			}
		}
		a.Rows = append(a.Rows, texts)
	}
	for _, f := range r.FieldDescriptions() {
		a.Columns = append(a.Columns, fmt.Sprintf("%s:%d(%d)", f.Name, f.DataTypeOID, f.TypeModifier))
	}
	if _, err := r.Close(); err != nil {
		return answer{Error: err.Error()}
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
		"select relnamespace::regnamespace, relkind, count(*) from pg_class where relnamespace::regnamespace::text !~ 'toast|shop|tidegate' and relkind in ('r', 'v') group by 1, 2 order by 1, 2",
		"select oid::regclass from pg_class where oid < 1300 and relkind = 'r' order by oid::regclass desc",
		"select oid::regclass, relname from pg_class where oid < 1300 and relkind = 'r' order by oid::regclass::text",
		"select xmin is null, xmax, cmin, cmax, ctid is null, tableoid::regclass from pg_class where oid = 1259",
		"select pg_typeof(xmin), pg_typeof(cmin), pg_typeof(ctid), pg_typeof(relfrozenxid) from pg_class where oid = 1259",
		"select xmin::text is null, (xmin::text)::bigint > 0, age(xmin) >= 0, xmax = 0, xmax = '0', xmax <> 0, xmin = xmin from pg_class where oid = 1259",
		"select c.relname, n.xmin is null, n.tableoid::regclass from pg_class c left join pg_namespace n on n.oid = c.relnamespace and c.relkind = 'v' " +
			"where c.relname in ('pg_class', 'pg_views') order by 1",
		"select '5'::xid, '7'::xid::text, age('1'::xid), age('2'::xid), (select xmin from pg_am limit 1) is null",
		"select age(datfrozenxid) < 1000000, mxid_age(datminmxid) from pg_database where datname = current_database()",
		"select relname, mxid_age(relminmxid), age(relfrozenxid) < 1000 from pg_class where relname in ('pg_class', 'pg_views') order by 1",
		"select 'a'::information_schema.sql_identifier, relname::information_schema.character_data, 5::information_schema.cardinal_number from pg_class where oid = 1259",
		"select 'YES'::information_schema.yes_or_no, null::information_schema.cardinal_number, '2020-01-02 03:04:05.678+00'::information_schema.time_stamp",
		"select pg_typeof('a'::information_schema.sql_identifier), 'information_schema.time_stamp'::regtype, pg_typeof(relname::information_schema.character_data) " +
			"from pg_class where oid = 1259",
		"select indkey::int2[], (indkey::int2[])[0], (indkey::int2[])[1], indclass::oid[], array_lower(indkey::int2[], 1), indkey::int2[]::text, indkey::int4[], indkey::text " +
			"from pg_index where indrelid = 'shop.items'::regclass",
		"select k[0], k from (select indkey::int2[] as k from pg_index where indrelid = 'shop.items'::regclass) t",
		"select indkey::int2[] = '{1,3}', indkey::int2[] <> '{1,3}', indkey::int2[] = indkey::int2[], indkey::int2[] <@ '{1,3}', 3 = any(indkey::int2[]) " +
			"from pg_index where indrelid = 'shop.items'::regclass",
		"select conkey = (select indkey::int2[] from pg_index i where i.indexrelid = conindid) from pg_constraint where conrelid = 'shop.items'::regclass and contype = 'p'",
		"select array_append(indkey::int2[], 4::int2), array_remove(indkey::int2[], 1::int2), array_position(indkey::int2[], 3::int2), array_dims(indkey::int2[]), " +
			"generate_subscripts(indkey::int2[], 1), array(select unnest(indkey)) from pg_index where indrelid = 'shop.items'::regclass",
		"select proargtypes::oid[] from pg_proc where proname in ('array_append', 'now') order by proname",
		"select attname, (select count(*) from shop.kinds) from pg_attribute where attrelid = 'shop.kinds'::regclass and attnum between 1 and 3 order by attnum",
	} {
		s.alike(t, text)
	}
}

// TestNoSystemColumns asks for system columns that PostgreSQL has not, and for those that a table of a user has there.
func TestNoSystemColumns(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, text := range []string{
		"select xmin from pg_roles", "select r.tableoid from pg_roles r", "select t.xmin from (select * from pg_class) t", "select xmin from pg_class, pg_type",
		"select relname from pg_class order by xmin", "select count(distinct xmin) from pg_class", "select max(xmin) from pg_class", "select xmin < xmax from pg_class",
		"select xmin::int from pg_class",
		"select 'MAYBE'::information_schema.yes_or_no", "select (-5)::information_schema.cardinal_number", "select 1::information_schema.nothing",
	} {
		if diff := cmp.Diff(ask(t, s.postgres, text), ask(t, s.gateway, text)); diff != "" {
			t.Errorf("%s (-PostgreSQL +gateway):\n%s", text, diff)
		}
	}
	for _, text := range []string{"select xmin from shop.orders", "select o.ctid from shop.orders o, pg_class", "select xmin from shop.orders, pg_class"} {
		if got := ask(t, s.gateway, text).Error; !strings.Contains(got, "whose rows no transaction has numbered") || !strings.Contains(got, "0A000") {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// TestObjects asks the catalogs for what the warehouse's objects are made of.
func TestObjects(t *testing.T) {
	t.Parallel()
	s := serve(t)
	const (
		ofShop  = " join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'shop' "
		columns = "pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.atthasdef, a.attnotnull, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)"
	)
	for _, text := range []string{
		"select c.relname, c.relkind, c.relchecks, c.relhasindex, c.relnatts, c.relhasrules, obj_description(c.oid, 'pg_class') from pg_class c" + ofShop + "order by 1",
		"select c.relname, a.attname, a.attnum, " + columns + " from pg_class c" + ofShop + "join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 " +
			"left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum where c.relkind <> 'i' and a.attname <> 'line' order by 1, 3",
		"select k.conname, k.contype, k.conkey, k.confkey, k.confupdtype, k.confdeltype, k.confmatchtype, k.condeferrable, k.condeferred, k.convalidated, k.connoinherit, " +
			"pg_get_constraintdef(k.oid), pg_get_constraintdef(k.oid, true), k.conindid::regclass from pg_constraint k join pg_class c on c.oid = k.conrelid" + ofShop + "order by 1",
		"select i.relname, am.amname, x.indisunique, x.indnatts, x.indnkeyatts, x.indkey, x.indoption, x.indclass, pg_get_indexdef(i.oid) " +
			"from pg_index x join pg_class i on i.oid = x.indexrelid join pg_am am on am.oid = i.relam join pg_class c on c.oid = x.indrelid" + ofShop + "order by 1",
		"select c.relname, pg_get_viewdef(c.oid), pg_get_viewdef(c.oid, true) from pg_class c" + ofShop + "where c.relkind in ('v', 'm') order by 1",
		"select nspname, obj_description(oid, 'pg_namespace') from pg_namespace where nspname = 'shop'",
		"select schemaname, viewname, definition from pg_views where schemaname = 'shop'",
		"select schemaname, matviewname, definition from pg_matviews where schemaname = 'shop'",
		"select schemaname, tablename, indexname, indexdef from pg_indexes where schemaname = 'shop' order by 3",
		"select schemaname, sequencename, data_type, start_value, min_value, max_value, increment_by, cycle, cache_size, last_value from pg_sequences where schemaname = 'shop' order by 2",
		"select s.seqrelid::regclass, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle from pg_sequence s order by s.seqrelid::regclass::text",
		"select d.objid::regclass::text, d.refobjid::regclass::text, d.refobjsubid, d.deptype from pg_depend d join pg_sequence s on s.seqrelid = d.objid and d.refobjsubid > 0 order by 1",
		"select c.relname, pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass " +
			"from pg_class c" + ofShop + "join pg_attribute a on a.attrelid = c.oid where a.attname in ('id', 'line', 'net') and c.relkind = 'r' order by 1, a.attnum",
		"select pg_get_serial_sequence('shop.items', 'line'), pg_get_serial_sequence('shop.orders', 'id'), pg_get_serial_sequence('shop.orders', 'net')",
		"select column_name, is_identity, identity_generation, identity_start, identity_increment, identity_maximum, identity_minimum, identity_cycle, is_generated, " +
			"generation_expression, column_default from information_schema.columns where table_schema = 'shop' and column_name <> 'line' order by table_name, ordinal_position",
		"select sequence_schema, sequence_name, data_type, numeric_precision, start_value, minimum_value, maximum_value, increment, cycle_option " +
			"from information_schema.sequences where sequence_schema = 'shop' order by 2",
		"select constraint_name, check_clause from information_schema.check_constraints where constraint_schema = 'shop' and constraint_name !~ '_not_null$' order by 1",
		"select constraint_name, table_name, constraint_type, is_deferrable, initially_deferred, enforced from information_schema.table_constraints " +
			"where table_schema = 'shop' and constraint_name !~ '_not_null$' order by 1",
		"select constraint_name, unique_constraint_name, match_option, update_rule, delete_rule from information_schema.referential_constraints where constraint_schema = 'shop' order by 1",
		"select constraint_name, table_name, column_name, ordinal_position, position_in_unique_constraint from information_schema.key_column_usage where table_schema = 'shop' order by 1, 4",
		"select table_name, table_type from information_schema.tables where table_schema = 'shop' order by 1",
	} {
		s.alike(t, text)
	}
	for _, c := range []*pgconn.PgConn{s.gateway, s.postgres} { // names without their schema
		if _, err := c.Exec(t.Context(), "set search_path to shop").ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{
		"select pg_get_serial_sequence('items', 'line'), has_table_privilege('orders', 'select'), has_any_column_privilege(current_user, 'orders', 'select')",
		"select conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true), pg_get_indexdef(conindid), pg_get_indexdef(conindid, 0, true) " +
			"from pg_constraint where connamespace = 'shop'::regnamespace and contype in ('p', 'f') order by 1",
		"select relname, pg_get_viewdef(oid), pg_get_viewdef(oid, true) from pg_class where relkind in ('v', 'm') and relnamespace = 'shop'::regnamespace order by 1",
		"select viewname, definition, pg_get_viewdef(viewname), pg_get_viewdef('big', true) from pg_views where schemaname = 'shop' order by 1",
		"select matviewname, definition from pg_matviews order by 1",
		"select table_name, view_definition from information_schema.views where table_schema = 'shop' order by 1",
		"select table_name, column_name, column_default from information_schema.columns where table_schema = 'shop' and column_default is not null order by 1, 2",
		"select adrelid::regclass, adnum, pg_get_expr(adbin, adrelid), pg_get_expr(adbin, adrelid, true) from pg_attrdef order by adrelid::regclass::text, 2",
		"select pg_get_ruledef(oid), pg_get_ruledef(oid, true) from pg_rewrite where ev_class = 'big'::regclass",
		"select relname, pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass::oid = 'items_line_seq'::regclass " +
			"from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relname = 'items' and a.attname = 'line'",
	} {
		s.alike(t, text)
	}
}

// TestShapes asks for the columns of every relation of PostgreSQL's two schemas.
func TestShapes(t *testing.T) {
	t.Parallel()
	s := serve(t)
	names := ask(t, s.postgres, "select format('%I.%I', n.nspname, c.relname), n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "+
		"where n.nspname in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v') order by 1")
	if len(names.Rows) < 200 {
		t.Fatalf("%d relations", len(names.Rows))
	}
	for _, row := range names.Rows {
		text := "select * from " + row[0] + " limit 0"
		want, got := ask(t, s.postgres, text), ask(t, s.gateway, text)
		if diff := cmp.Diff(s.told(want), got); diff != "" {
			t.Errorf("%s (-PostgreSQL +gateway):\n%s", row[0], diff)
		}
	}
}

// told gives PostgreSQL's answer with the types that the gateway tells instead.
func (sides) told(a answer) answer {
	a.Columns = slices.Clone(a.Columns)
	for i, c := range a.Columns {
		colon, bracket := strings.LastIndexByte(c, ':'), strings.LastIndexByte(c, '(')
		if other := told[c[colon+1:bracket]]; other != "" {
			a.Columns[i] = c[:colon+1] + other + c[bracket:]
		}
	}
	return a
}

// told are the OIDs of types that are told as another: what Tidegate has no binary form of is told as the text that it
// shows.
var told = map[string]string{
	"194": "25", "3220": "25", "869": "25", "3361": "25", "3402": "25", "5017": "25", // pg_node_tree, pg_lsn, inet, what statistics are
	"2211": "1028",                                                                // regtype[]
	"2277": "1009", "1021": "1009", "1022": "1009", "1000": "1009", "10028": "25", // anyarray, arrays of statistics
}
