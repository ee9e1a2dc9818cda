CREATE VIEW pgc._rs_schema AS
SELECT d.datname AS database_name, n.oid, n.nspname AS schema_name, n.nspowner AS owner,
  coalesce((SELECT bool_and(r._r_cold) FROM pgc._relation r WHERE r._r_schema = n.nspname), false) AS cold
FROM pgc.pg_namespace n, pgc.pg_database d
--
CREATE VIEW pgc._rs_table AS
SELECT d.datname AS database_name, n.nspname AS schema_name, c.oid, c.relname AS table_name, c.relkind AS kind, r._r_cold AS cold, c.relowner AS owner,
  o._d_text AS remarks, r._r_bytes AS bytes, c.reltuples AS tuples, pgc.array_out(c.relacl) AS acl
FROM pgc.pg_class c
  JOIN pgc.pg_namespace n ON n.oid = c.relnamespace
  JOIN pgc._relation r ON r._r_oid = c.oid
  LEFT JOIN pgc._description o ON o._d_object = c.oid AND o._d_class = 'pg_class' AND o._d_column = 0
  CROSS JOIN pgc.pg_database d
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')
--
CREATE VIEW pgc._rs_column AS
SELECT c.*, r._r_oid AS oid, r._r_cold AS cold, o._d_text AS remarks
FROM pgi.columns c
  JOIN pgc._relation r ON r._r_schema = c.table_schema AND r._r_name = c.table_name AND r._r_kind IN ('r', 'v', 'm', 'f', 'p')
  LEFT JOIN pgc._description o ON o._d_object = r._r_oid AND o._d_class = 'pg_class' AND o._d_column = c.ordinal_position
--
CREATE VIEW pgc.svv_tables AS
SELECT database_name AS table_catalog, schema_name AS table_schema, table_name,
  CASE WHEN cold THEN 'EXTERNAL TABLE' WHEN kind IN ('v', 'm') THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type, remarks
FROM pgc._rs_table
--
CREATE VIEW pgc.svv_columns AS
SELECT table_catalog, table_schema, table_name, column_name, ordinal_position, column_default, is_nullable, data_type, character_maximum_length,
  numeric_precision, numeric_precision_radix, numeric_scale, datetime_precision, interval_type, interval_precision::VARCHAR AS interval_precision,
  character_set_catalog, character_set_schema, character_set_name, collation_catalog, collation_schema, collation_name, domain_name, remarks
FROM pgc._rs_column
--
CREATE VIEW pgc.svv_all_schemas AS
SELECT database_name, schema_name, owner::INTEGER AS schema_owner, CASE WHEN cold THEN 'external' ELSE 'local' END AS schema_type,
  NULL::VARCHAR AS schema_acl, NULL::VARCHAR AS source_database, NULL::VARCHAR AS schema_option
FROM pgc._rs_schema
--
CREATE VIEW pgc.svv_all_tables AS
SELECT database_name, schema_name, table_name, acl AS table_acl,
  CASE WHEN cold THEN 'EXTERNAL TABLE' WHEN kind IN ('v', 'm') THEN 'VIEW' ELSE 'TABLE' END AS table_type, remarks
FROM pgc._rs_table
--
CREATE VIEW pgc.svv_all_columns AS
SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, column_name, ordinal_position, column_default, is_nullable, data_type,
  character_maximum_length, numeric_precision, numeric_scale, remarks
FROM pgc._rs_column
--
CREATE VIEW pgc.svv_redshift_databases AS
SELECT datname AS database_name, datdba::INTEGER AS database_owner, 'local' AS database_type, NULL::VARCHAR AS database_acl,
  NULL::VARCHAR AS database_options, NULL::VARCHAR AS database_isolation_level
FROM pgc.pg_database
--
CREATE VIEW pgc.svv_redshift_schemas AS
SELECT database_name, schema_name, owner::INTEGER AS schema_owner, 'local' AS schema_type, NULL::VARCHAR AS schema_acl, NULL::VARCHAR AS schema_option
FROM pgc._rs_schema WHERE NOT cold
--
CREATE VIEW pgc.svv_redshift_tables AS
SELECT database_name, schema_name, table_name, CASE WHEN kind IN ('v', 'm') THEN 'VIEW' ELSE 'TABLE' END AS table_type, acl AS table_acl, remarks,
  pgc.pg_get_userbyid(owner) AS table_owner
FROM pgc._rs_table WHERE NOT cold
--
CREATE VIEW pgc.svv_redshift_columns AS
SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, column_name, ordinal_position, data_type, column_default, is_nullable,
  NULL::VARCHAR AS encoding, false AS distkey, 0::INTEGER AS sortkey, NULL::VARCHAR AS column_acl, remarks
FROM pgc._rs_column WHERE NOT cold
--
CREATE VIEW pgc.svv_external_schemas AS
SELECT oid AS esoid, 1::INTEGER AS eskind, schema_name AS schemaname, owner::INTEGER AS esowner, database_name AS databasename, NULL::VARCHAR AS esoptions
FROM pgc._rs_schema WHERE cold
--
CREATE VIEW pgc.svv_external_databases AS
SELECT DISTINCT eskind, databasename, esoptions FROM pgc.svv_external_schemas
--
CREATE VIEW pgc.svv_external_tables AS
SELECT database_name AS redshift_database_name, schema_name AS schemaname, table_name AS tablename, 'TABLE' AS tabletype, NULL::VARCHAR AS location,
  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat' AS input_format,
  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat' AS output_format,
  'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' AS serialization_lib,
  NULL::VARCHAR AS serde_parameters, 0::INTEGER AS compressed, NULL::VARCHAR AS parameters
FROM pgc._rs_table WHERE cold
--
CREATE VIEW pgc.svv_external_columns AS
SELECT c.table_catalog AS redshift_database_name, c.table_schema AS schemaname, c.table_name AS tablename, c.column_name AS columnname,
  pgc.format_type(a.atttypid, a.atttypmod) AS external_type, c.ordinal_position AS columnnum,
  coalesce(list_position(r._r_partition, c.column_name), 0)::INTEGER AS part_key, lower(c.is_nullable) AS is_nullable
FROM pgc._rs_column c
  JOIN pgc._relation r ON r._r_oid = c.oid
  JOIN pgc.pg_attribute a ON a.attrelid = c.oid AND a.attnum = c.ordinal_position
WHERE c.cold
--
CREATE VIEW pgc.svv_table_info AS
SELECT database_name AS database, schema_name AS schema, oid AS table_id, table_name AS table, 'N' AS encoded, 'EVEN' AS diststyle, NULL::VARCHAR AS sortkey1,
  NULL::INTEGER AS max_varchar, NULL::VARCHAR AS sortkey1_enc, 0::INTEGER AS sortkey_num, ((bytes + 1048575) // 1048576)::BIGINT AS size,
  NULL::DECIMAL(10, 4) AS pct_used, 0::BIGINT AS empty, NULL::DECIMAL(5, 2) AS unsorted, NULL::DECIMAL(5, 2) AS stats_off,
  CASE WHEN tuples >= 0 THEN tuples::DECIMAL(38, 0) END AS tbl_rows, NULL::DECIMAL(19, 2) AS skew_sortkey1, NULL::DECIMAL(19, 2) AS skew_rows,
  CASE WHEN tuples >= 0 THEN tuples::DECIMAL(38, 0) END AS estimated_visible_rows, NULL::VARCHAR AS risk_event,
  NULL::DECIMAL(12, 2) AS vacuum_sort_benefit, NULL::TIMESTAMP AS create_time
FROM pgc._rs_table WHERE NOT cold AND kind = 'r' AND oid >= 16384
--
CREATE VIEW pgc.pg_table_def AS
SELECT n.nspname AS schemaname, c.relname AS tablename, a.attname AS column, pgc.format_type(a.atttypid, a.atttypmod) AS type, 'none' AS encoding,
  false AS distkey, 0::INTEGER AS sortkey, a.attnotnull AS notnull
FROM pgc.pg_attribute a
  JOIN pgc.pg_class c ON c.oid = a.attrelid
  JOIN pgc.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
--
CREATE VIEW pgc.show_databases AS
SELECT datname AS database_name FROM pgc.pg_database
--
CREATE VIEW pgc.show_schemas AS
SELECT * FROM pgc.svv_all_schemas
--
CREATE VIEW pgc.show_tables AS
SELECT database_name, schema_name, table_name, CASE WHEN cold THEN 'EXTERNAL TABLE' WHEN kind IN ('v', 'm') THEN 'VIEW' ELSE 'TABLE' END AS table_type,
  acl AS table_acl, remarks, pgc.pg_get_userbyid(owner) AS owner, NULL::TIMESTAMP AS last_altered_time, NULL::TIMESTAMP AS last_modified_time,
  NULL::VARCHAR AS dist_style, CASE kind WHEN 'v' THEN 'REGULAR VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE CASE WHEN NOT cold THEN 'REGULAR TABLE' END END AS table_subtype
FROM pgc._rs_table
--
CREATE VIEW pgc.show_columns AS
SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, column_name, ordinal_position, column_default, is_nullable, data_type,
  character_maximum_length, numeric_precision, numeric_scale, remarks, NULL::VARCHAR AS sort_key_type, NULL::INTEGER AS sort_key, NULL::INTEGER AS dist_key,
  NULL::VARCHAR AS encoding, NULL::VARCHAR AS collation
FROM pgc._rs_column
--
CREATE VIEW pgc.show_primary_keys AS
SELECT k.table_catalog AS database_name, k.table_schema AS schema_name, k.table_name, k.column_name, k.ordinal_position AS key_seq, k.constraint_name AS pk_name
FROM pgi.key_column_usage k
  JOIN pgi.table_constraints t ON t.table_schema = k.table_schema AND t.table_name = k.table_name AND t.constraint_name = k.constraint_name
WHERE t.constraint_type = 'PRIMARY KEY'
--
CREATE VIEW pgc.show_foreign_keys AS
SELECT d.datname AS pk_database_name, pn.nspname AS pk_schema_name, pc.relname AS pk_table_name, pa.attname AS pk_column_name,
  d.datname AS fk_database_name, fn.nspname AS fk_schema_name, fc.relname AS fk_table_name, fa.attname AS fk_column_name,
  k.position AS key_seq, NULL::VARCHAR AS update_rule, NULL::VARCHAR AS delete_rule, k.conname AS fk_name, u.conname AS pk_name, NULL::VARCHAR AS deferrability
FROM (SELECT *, unnest(conkey) AS fk_column, unnest(confkey) AS pk_column, generate_subscripts(conkey, 1)::INTEGER AS position FROM pgc.pg_constraint WHERE contype = 'f') k
  JOIN pgc.pg_class fc ON fc.oid = k.conrelid
  JOIN pgc.pg_namespace fn ON fn.oid = fc.relnamespace
  JOIN pgc.pg_attribute fa ON fa.attrelid = fc.oid AND fa.attnum = k.fk_column
  JOIN pgc.pg_class pc ON pc.oid = k.confrelid
  JOIN pgc.pg_namespace pn ON pn.oid = pc.relnamespace
  JOIN pgc.pg_attribute pa ON pa.attrelid = pc.oid AND pa.attnum = k.pk_column
  LEFT JOIN pgc.pg_constraint u ON u.contype IN ('p', 'u') AND u.conindid = k.conindid
  CROSS JOIN pgc.pg_database d
--
CREATE VIEW pgc.show_grants AS
SELECT p.table_catalog AS database_name, p.table_schema AS schema_name, p.table_name AS object_name, 'TABLE' AS object_type, p.privilege_type,
  u._u_oid::INTEGER AS identity_id, p.grantee AS identity_name, CASE WHEN p.grantee = 'PUBLIC' THEN 'public' WHEN u._u_login THEN 'user' ELSE 'role' END AS identity_type,
  p.is_grantable = 'YES' AS admin_option, 'TABLE' AS privilege_scope, p.grantor AS grantor_name
FROM pgi.table_privileges p LEFT JOIN pgc._role u ON u._u_name = p.grantee
--
CREATE VIEW pgc.show_column_grants AS
SELECT p.table_catalog AS database_name, p.table_schema AS schema_name, p.table_name, p.column_name, 'COLUMN' AS object_type, p.privilege_type,
  u._u_oid::INTEGER AS identity_id, p.grantee AS identity_name, CASE WHEN p.grantee = 'PUBLIC' THEN 'public' WHEN u._u_login THEN 'user' ELSE 'role' END AS identity_type,
  p.is_grantable = 'YES' AS admin_option, 'COLUMN' AS privilege_scope, p.grantor AS grantor_name
FROM pgi.column_privileges p LEFT JOIN pgc._role u ON u._u_name = p.grantee
--
CREATE VIEW pgc._rs_routine AS
SELECT d.datname AS database_name, f._f_schema AS schema_name, f._f_oid AS oid, p.proname, p.prokind, p.pronargs::INTEGER AS number_of_arguments,
  coalesce((SELECT string_agg(t._t_text, ', ' ORDER BY a.i) FROM (SELECT unnest(p.proargtypes) AS type, generate_subscripts(p.proargtypes, 1) AS i) a JOIN pgc._type t ON t._t_oid = a.type), '') AS argument_list,
  f._f_result AS return_type, o._d_text AS remarks
FROM pgc._function f
  JOIN pgc.pg_proc p ON p.oid = f._f_oid
  LEFT JOIN pgc._description o ON o._d_object = f._f_oid AND o._d_class = 'pg_proc' AND o._d_column = 0
  CROSS JOIN pgc.pg_database d
--
CREATE VIEW pgc.show_procedures AS
SELECT database_name, schema_name, proname AS procedure_name, number_of_arguments, argument_list, return_type, remarks FROM pgc._rs_routine WHERE prokind = 'p'
--
CREATE VIEW pgc.show_functions AS
SELECT database_name, schema_name, proname AS function_name, number_of_arguments, argument_list, return_type, remarks FROM pgc._rs_routine WHERE prokind <> 'p'
--
CREATE VIEW pgc._rs_parameter AS
SELECT d.datname AS database_name, n.nspname AS schema_name, p.proname, p.prokind, coalesce(nullif(p.names[p.i], ''), '') AS parameter_name, p.i::INTEGER AS ordinal_position,
  CASE coalesce(p.modes[p.i], 'i') WHEN 'o' THEN 'OUT' WHEN 'b' THEN 'INOUT' WHEN 't' THEN 'TABLE' ELSE 'IN' END AS parameter_type,
  t._t_text AS data_type, u.argument_list
FROM (SELECT oid, proname, prokind, pronamespace, proargnames AS names, proargmodes AS modes, unnest(coalesce(proallargtypes, proargtypes)) AS type,
    generate_subscripts(coalesce(proallargtypes, proargtypes), 1) AS i FROM pgc.pg_proc) p
  JOIN pgc.pg_namespace n ON n.oid = p.pronamespace
  JOIN pgc._type t ON t._t_oid = p.type
  JOIN pgc._rs_routine u ON u.oid = p.oid
  CROSS JOIN pgc.pg_database d
--
CREATE VIEW pgc.show_procedure_parameters AS
SELECT database_name, schema_name, proname AS procedure_name, parameter_name, ordinal_position, parameter_type, data_type,
  NULL::INTEGER AS character_maximum_length, NULL::INTEGER AS numeric_precision, NULL::INTEGER AS numeric_scale, argument_list FROM pgc._rs_parameter WHERE prokind = 'p'
--
CREATE VIEW pgc.show_function_parameters AS
SELECT database_name, schema_name, proname AS function_name, parameter_name, ordinal_position, parameter_type, data_type,
  NULL::INTEGER AS character_maximum_length, NULL::INTEGER AS numeric_precision, NULL::INTEGER AS numeric_scale, argument_list FROM pgc._rs_parameter WHERE prokind <> 'p'
