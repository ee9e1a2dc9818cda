package catalog

// ofTools are what tools ask that only look: Metabase, Power BI, Tableau, DBeaver, DataGrip, SQLAlchemy, Rails.
var ofTools = []query{
	{"metabase_tables_all", 1, `
		select "n"."nspname" as "schema", "c"."relname" as "name", case "c"."relkind" when 'r' then 'TABLE' when 'p'
		then 'PARTITIONED TABLE' when 'v' then 'VIEW' when 'f' then 'FOREIGN TABLE' when 'm' then 'MATERIALIZED VIEW'
		else null end as "type", "d"."description" as "description", "stat"."n_live_tup" >= 0 as "estimated_row_count"
		from "pg_catalog"."pg_class" as "c" inner join "pg_catalog"."pg_namespace" as "n" on "c"."relnamespace" =
		"n"."oid" left join "pg_catalog"."pg_description" as "d" on ("c"."oid" = "d"."objoid") and ("d"."objsubid" =
		0) and ("d"."classoid" = 'pg_class'::regclass) left join "pg_stat_user_tables" as "stat" on ("n"."nspname" =
		"stat"."schemaname") and ("c"."relname" = "stat"."relname") where ("c"."relnamespace" = "n"."oid") and
		("n"."nspname" !~ '^pg_') and ("n"."nspname" <> 'information_schema') and "c"."relkind" in ('r', 'p', 'v',
		'f', 'm') and ("n"."nspname" in ('shop', 'sales')) order by "type" asc, "schema" asc, "name" asc`},
	{"metabase_privileges_all", 1, `
		with table_privileges as ( select NULL as role, t.schemaname as schema, t.objectname as table,
		pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"'
		|| replace(t.objectname, '"', '""') || '"', 'update') as update,
		pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"'
		|| replace(t.objectname, '"', '""') || '"', 'select') as select,
		pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"'
		|| replace(t.objectname, '"', '""') || '"', 'insert') as insert, pg_catalog.has_table_privilege(current_user,
		'"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"' || replace(t.objectname, '"', '""') || '"',
		'delete') as delete from ( select schemaname, tablename as objectname from pg_catalog.pg_tables union select
		schemaname, viewname as objectname from pg_catalog.pg_views union select schemaname, matviewname as objectname
		from pg_catalog.pg_matviews ) t where t.schemaname !~ '^pg_' and t.schemaname <> 'information_schema' and
		pg_catalog.has_schema_privilege(current_user, t.schemaname, 'usage') ) select t.* from table_privileges t
		where t.schema in ('shop', 'sales') order by 2, 3`},
	{"metabase_keys_all", 1, `
		select "fk_ns"."nspname" as "fk-table-schema", "fk_table"."relname" as "fk-table-name", "fk_column"."attname"
		as "fk-column-name", "pk_ns"."nspname" as "pk-table-schema", "pk_table"."relname" as "pk-table-name",
		"pk_column"."attname" as "pk-column-name" from "pg_constraint" as "c" inner join "pg_class" as "fk_table" on
		"c"."conrelid" = "fk_table"."oid" inner join "pg_namespace" as "fk_ns" on "c"."connamespace" = "fk_ns"."oid"
		inner join "pg_attribute" as "fk_column" on "c"."conrelid" = "fk_column"."attrelid" inner join "pg_class" as
		"pk_table" on "c"."confrelid" = "pk_table"."oid" inner join "pg_namespace" as "pk_ns" on
		"pk_table"."relnamespace" = "pk_ns"."oid" inner join "pg_attribute" as "pk_column" on "c"."confrelid" =
		"pk_column"."attrelid" where ("fk_ns"."nspname" !~ '^information_schema|catalog_history|pg_') and
		("c"."contype" = 'f'::char) and "fk_column"."attnum" = any("c"."conkey") and "pk_column"."attnum" =
		any("c"."confkey") and ("fk_ns"."nspname" in ('shop', 'sales')) order by "fk-table-schema" asc,
		"fk-table-name" asc`},
	{"powerbi_columns_p50", 10, `
		select COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, case when (data_type like '%unsigned%') then DATA_TYPE || '
		unsigned' else DATA_TYPE end as DATA_TYPE from INFORMATION_SCHEMA.columns where TABLE_SCHEMA = 'shop' and
		TABLE_NAME = 't00042' order by TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`},
	{"powerbi_keys_p50", 10, `
		select i.CONSTRAINT_SCHEMA || '_' || i.CONSTRAINT_NAME as INDEX_NAME, ii.COLUMN_NAME, ii.ORDINAL_POSITION,
		case when i.CONSTRAINT_TYPE = 'PRIMARY KEY' then 'Y' else 'N' end as PRIMARY_KEY from
		INFORMATION_SCHEMA.table_constraints i inner join INFORMATION_SCHEMA.key_column_usage ii on
		i.CONSTRAINT_SCHEMA = ii.CONSTRAINT_SCHEMA and i.CONSTRAINT_NAME = ii.CONSTRAINT_NAME and i.TABLE_SCHEMA =
		ii.TABLE_SCHEMA and i.TABLE_NAME = ii.TABLE_NAME where i.TABLE_SCHEMA = 'shop' and i.TABLE_NAME = 't00042' and
		i.CONSTRAINT_TYPE in ('PRIMARY KEY', 'UNIQUE') order by i.CONSTRAINT_SCHEMA || '_' || i.CONSTRAINT_NAME,
		ii.TABLE_SCHEMA, ii.TABLE_NAME, ii.ORDINAL_POSITION`},
	{"tableau_columns_p50", 10, `
		select n.nspname, c.relname, a.attname, a.atttypid, t.typname, a.attnum, a.attlen, a.atttypmod, a.attnotnull,
		c.relhasrules, c.relkind, c.oid > 0, pg_get_expr(d.adbin, d.adrelid), case t.typtype when 'd' then
		t.typbasetype else 0 end, t.typtypmod, 0, attidentity, c.relhassubclass from (((pg_catalog.pg_class c inner
		join pg_catalog.pg_namespace n on n.oid = c.relnamespace and c.oid = 'shop.t00042'::regclass) inner join
		pg_catalog.pg_attribute a on (not a.attisdropped) and a.attnum > 0 and a.attrelid = c.oid) inner join
		pg_catalog.pg_type t on t.oid = a.atttypid) left outer join pg_attrdef d on a.atthasdef and d.adrelid =
		a.attrelid and d.adnum = a.attnum order by n.nspname, c.relname, attnum`},
	{"tableau_tables_all", 1, `
		select relname, nspname, relkind from pg_catalog.pg_class c, pg_catalog.pg_namespace n where relkind in ('r',
		'v', 'm', 'f', 'p') and nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pg_temp_1',
		'tidegate') and n.oid = relnamespace order by nspname, relname`},
	{"dbeaver_tables_all", 1, `
		SELECT
		c.relname,c.relkind,c.relpersistence,c.relhasindex,c.relhasrules,c.relnatts,d.description,pg_catalog.pg_get_expr(c.relpartbound,
		c.oid) as partition_expr, pg_catalog.pg_get_partkeydef(c.oid) as partition_key FROM pg_catalog.pg_class c LEFT
		OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_class'::regclass
		WHERE c.relnamespace='shop'::regnamespace AND c.relkind not in ('i','I','c') order by 1`},
	{"dbeaver_columns_p50", 10, `
		SELECT c.relname,a.attname,a.attnum,pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) as
		def_value,dsc.description,dep.objid is not null as owned FROM pg_catalog.pg_attribute a INNER JOIN
		pg_catalog.pg_class c ON (a.attrelid=c.oid) LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid=ad.adrelid
		AND a.attnum = ad.adnum) LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum =
		dsc.objsubid) LEFT OUTER JOIN pg_depend dep on dep.refobjid = a.attrelid AND dep.deptype = 'i' and
		dep.refobjsubid = a.attnum and dep.classid = dep.refclassid WHERE NOT a.attisdropped AND
		c.oid='shop.t00042'::regclass ORDER BY a.attnum`},
	{"dbeaver_constraints_p50", 10, `
		SELECT c.conname,c.contype,t.relname as tabrelname,rt.relnamespace::regnamespace as
		refnamespace,d.description, case when c.contype='c' then substring(pg_get_constraintdef(c.oid), 7) else null
		end consrc_copy FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid=c.conrelid LEFT
		OUTER JOIN pg_catalog.pg_class rt ON rt.oid=c.confrelid LEFT OUTER JOIN pg_catalog.pg_description d ON
		d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_constraint'::regclass WHERE
		c.conrelid='shop.t00042'::regclass ORDER BY c.conname`},
	{"datagrip_regclass_all", 1, `
		select T.oid::regclass::text as object_id, T.relacl as acl from pg_catalog.pg_class T where T.relnamespace =
		'shop'::regnamespace and T.relkind in ('r','v','m') order by 1`},
	{"sqlalchemy_columns_p50", 10, `
		SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), (SELECT pg_catalog.pg_get_expr(d.adbin,
		d.adrelid) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef)
		AS DEFAULT, a.attnotnull, a.attrelid as table_oid, pgd.description as comment, a.attgenerated as generated,
		(SELECT json_build_object('always', a.attidentity = 'a', 'start', s.seqstart, 'increment', s.seqincrement)
		FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c on s.seqrelid = c."oid" WHERE c.relkind = 'S' AND
		a.attidentity != '' AND s.seqrelid = pg_catalog.pg_get_serial_sequence(a.attrelid::regclass::text,
		a.attname)::regclass::oid) as identity_options FROM pg_catalog.pg_attribute a LEFT JOIN
		pg_catalog.pg_description pgd ON (pgd.objoid = a.attrelid AND pgd.objsubid = a.attnum) WHERE a.attrelid =
		'{{oid}}' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`},
	{"rails_key_p50", 10, `
		SELECT a.attname FROM ( SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx FROM pg_index WHERE
		indrelid = '"shop"."t00042"'::regclass AND indisprimary ) i JOIN pg_attribute a ON a.attrelid = i.indrelid AND
		a.attnum = i.indkey[i.idx] ORDER BY i.idx`},
}
