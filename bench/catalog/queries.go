package catalog

import "strings"

// query is what a client sends, in turns of so many. {{oid}} is the OID of shop.t00042.
type query struct {
	metric string
	turn   int
	text   string
}

// queries are those of psql 15 for \d shop.t00042 and \d, of pgjdbc 42.5's getTables, getColumns and getPrimaryKeys, and of
// whoever asks information_schema. What ends in _all asks for all tables.
var queries = []query{
	{"psql_find_p50", 20, `
		SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid =
		c.relnamespace WHERE c.relname OPERATOR(pg_catalog.~) '^(t00042)$' COLLATE pg_catalog.default AND n.nspname
		OPERATOR(pg_catalog.~) '^(shop)$' COLLATE pg_catalog.default ORDER BY 2, 3`},
	{"psql_relation_p50", 20, `
		SELECT c.relchecks, c.relkind, c.relhasindex, c.relhasrules, c.relhastriggers, c.relrowsecurity,
		c.relforcerowsecurity, false AS relhasoids, c.relispartition, '', c.reltablespace, CASE WHEN c.reloftype = 0
		THEN '' ELSE c.reloftype::pg_catalog.regtype::pg_catalog.text END, c.relpersistence, c.relreplident, am.amname
		FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_class tc ON (c.reltoastrelid = tc.oid) LEFT JOIN
		pg_catalog.pg_am am ON (c.relam = am.oid) WHERE c.oid = '{{oid}}'`},
	{"psql_columns_p50", 20, `
		SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), (SELECT pg_catalog.pg_get_expr(d.adbin,
		d.adrelid, true) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND
		a.atthasdef), a.attnotnull, (SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type t WHERE
		c.oid = a.attcollation AND t.oid = a.atttypid AND a.attcollation <> t.typcollation) AS attcollation,
		a.attidentity, a.attgenerated FROM pg_catalog.pg_attribute a WHERE a.attrelid = '{{oid}}' AND a.attnum > 0 AND
		NOT a.attisdropped ORDER BY a.attnum`},
	{"psql_list_p50", 1, `
		SELECT n.nspname as "Schema", c.relname as "Name", CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view'
		WHEN 'm' THEN 'materialized view' WHEN 'i' THEN 'index' WHEN 'S' THEN 'sequence' WHEN 't' THEN 'TOAST table'
		WHEN 'f' THEN 'foreign table' WHEN 'p' THEN 'partitioned table' WHEN 'I' THEN 'partitioned index' END as
		"Type", pg_catalog.pg_get_userbyid(c.relowner) as "Owner" FROM pg_catalog.pg_class c LEFT JOIN
		pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam WHERE
		c.relkind IN ('r','p','t','s','') ORDER BY 1,2`},
	{"jdbc_tables_p50", 10, named(jdbcTables, "t0004_")},
	{"jdbc_tables_all", 1, named(jdbcTables, "%")},
	{"jdbc_columns_p50", 10, named(jdbcColumns, "t00042")},
	{"jdbc_columns_all", 1, named(jdbcColumns, "%")},
	{"jdbc_keys_p50", 10, `
		SELECT result.TABLE_CAT, result.TABLE_SCHEM, result.TABLE_NAME, result.COLUMN_NAME, result.KEY_SEQ,
		result.PK_NAME, result.IS_NOT_NULL FROM (SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, ct.relname AS
		TABLE_NAME, a.attname AS COLUMN_NAME, (information_schema._pg_expandarray(i.indkey)).n AS KEY_SEQ, ci.relname
		AS PK_NAME, information_schema._pg_expandarray(i.indkey) AS KEYS, a.attnum AS A_ATTNUM, a.attnotnull AS
		IS_NOT_NULL FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid) JOIN
		pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid) JOIN pg_catalog.pg_index i ON ( a.attrelid =
		i.indrelid) JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid) WHERE (i.indisprimary OR ( i.indisunique
		AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL )) AND n.nspname = 'shop' AND ct.relname =
		't00042' ) result where result.A_ATTNUM = (result.KEYS).x ORDER BY result.table_name, result.pk_name,
		result.key_seq`},
	{"information_schema_p50", 10, `
		SELECT column_name, data_type, is_nullable, ordinal_position FROM information_schema.columns WHERE
		table_schema = 'shop' AND table_name = 't00042' ORDER BY ordinal_position`},
}

// What pgjdbc asks for the tables whose names are like a pattern, and for their columns.
const (
	jdbcTables = `
		SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME, CASE n.nspname ~ '^pg_' OR
		n.nspname = 'information_schema' WHEN true THEN CASE WHEN n.nspname = 'pg_catalog' OR n.nspname =
		'information_schema' THEN CASE c.relkind WHEN 'r' THEN 'SYSTEM TABLE' WHEN 'v' THEN 'SYSTEM VIEW' WHEN 'i'
		THEN 'SYSTEM INDEX' ELSE NULL END WHEN n.nspname = 'pg_toast' THEN CASE c.relkind WHEN 'r' THEN 'SYSTEM TOAST
		TABLE' WHEN 'i' THEN 'SYSTEM TOAST INDEX' ELSE NULL END ELSE CASE c.relkind WHEN 'r' THEN 'TEMPORARY TABLE'
		WHEN 'p' THEN 'TEMPORARY TABLE' WHEN 'i' THEN 'TEMPORARY INDEX' WHEN 'S' THEN 'TEMPORARY SEQUENCE' WHEN 'v'
		THEN 'TEMPORARY VIEW' ELSE NULL END END WHEN false THEN CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN
		'PARTITIONED TABLE' WHEN 'i' THEN 'INDEX' WHEN 'P' then 'PARTITIONED INDEX' WHEN 'S' THEN 'SEQUENCE' WHEN 'v'
		THEN 'VIEW' WHEN 'c' THEN 'TYPE' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE NULL END
		ELSE NULL END AS TABLE_TYPE, d.description AS REMARKS, '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, ''
		AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c LEFT
		JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0 and d.classoid =
		'pg_class'::regclass) WHERE c.relnamespace = n.oid AND n.nspname LIKE 'shop' AND c.relname LIKE '{{names}}' AND
		(false OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ) OR ( c.relkind =
		'v' AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ) ) ORDER BY
		TABLE_TYPE,TABLE_SCHEM,TABLE_NAME`
	jdbcColumns = `
		SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND
		t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER
		BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as
		attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype
		FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid) JOIN
		pg_catalog.pg_attribute a ON (a.attrelid=c.oid) JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid) LEFT JOIN
		pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum) LEFT JOIN
		pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid) LEFT JOIN pg_catalog.pg_class
		dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class') LEFT JOIN pg_catalog.pg_namespace dn ON
		(dc.relnamespace=dn.oid AND dn.nspname='pg_catalog') WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0
		AND NOT a.attisdropped AND n.nspname LIKE 'shop' AND c.relname LIKE '{{names}}') c WHERE true AND attname LIKE
		'%' ORDER BY nspname,c.relname,attnum`
)

func named(text, pattern string) string { return strings.Replace(text, "{{names}}", pattern, 1) }
