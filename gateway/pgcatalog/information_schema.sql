CREATE VIEW pgi.information_schema_catalog_name AS
SELECT datname AS catalog_name FROM pgc.pg_database
--
CREATE VIEW pgi.schemata AS
SELECT b.datname AS catalog_name, n.nspname AS schema_name, pgc.pg_get_userbyid(n.nspowner) AS schema_owner,
  NULL::VARCHAR AS default_character_set_catalog, NULL::VARCHAR AS default_character_set_schema, NULL::VARCHAR AS default_character_set_name, NULL::VARCHAR AS sql_path
FROM pgc.pg_namespace n, pgc.pg_database b
--
CREATE VIEW pgi.tables AS
SELECT b.datname AS table_catalog, n.nspname AS table_schema, c.relname AS table_name,
  CASE WHEN c.relpersistence = 't' THEN 'LOCAL TEMPORARY' WHEN c.relkind IN ('r', 'p') THEN 'BASE TABLE' WHEN c.relkind = 'v' THEN 'VIEW' WHEN c.relkind = 'f' THEN 'FOREIGN' END AS table_type,
  NULL::VARCHAR AS self_referencing_column_name, NULL::VARCHAR AS reference_generation, NULL::VARCHAR AS user_defined_type_catalog,
  NULL::VARCHAR AS user_defined_type_schema, NULL::VARCHAR AS user_defined_type_name, CASE WHEN c.relpersistence = 't' THEN 'YES' ELSE 'NO' END AS is_insertable_into, 'NO' AS is_typed, NULL::VARCHAR AS commit_action
FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace, pgc.pg_database b
WHERE c.relkind IN ('r', 'v', 'f', 'p')
--
CREATE VIEW pgi.views AS
SELECT b.datname AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, pgc.pg_get_viewdef(c.oid) AS view_definition, 'NONE' AS check_option,
  'NO' AS is_updatable, 'NO' AS is_insertable_into, 'NO' AS is_trigger_updatable, 'NO' AS is_trigger_deletable, 'NO' AS is_trigger_insertable_into
FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace, pgc.pg_database b
WHERE c.relkind = 'v'
--
CREATE VIEW pgi.columns AS
SELECT datname AS table_catalog, nspname AS table_schema, relname AS table_name, attname AS column_name, attnum::INTEGER AS ordinal_position,
  CASE WHEN attgenerated = '' THEN adbin END AS column_default, CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
  CASE WHEN basecategory = 'A' THEN 'ARRAY' WHEN basetype < 16384 THEN pgc.format_type(basetype, NULL) ELSE 'USER-DEFINED' END AS data_type,
  CASE WHEN basetype IN (1042, 1043) AND mod <> -1 THEN mod - 4 WHEN basetype IN (1560, 1562) AND mod <> -1 THEN mod END AS character_maximum_length,
  CASE WHEN basetype IN (25, 1042, 1043) THEN CASE WHEN mod = -1 THEN 1073741824 ELSE (mod - 4) * 4 END END AS character_octet_length,
  CASE basetype WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53 WHEN 1700 THEN CASE WHEN mod <> -1 THEN (mod - 4) >> 16 END END AS numeric_precision,
  CASE WHEN basetype IN (20, 21, 23, 700, 701) THEN 2 WHEN basetype = 1700 THEN 10 END AS numeric_precision_radix,
  CASE WHEN basetype IN (20, 21, 23) THEN 0 WHEN basetype = 1700 AND mod <> -1 THEN (mod - 4) & 2047 END AS numeric_scale,
  CASE WHEN basetype = 1082 THEN 0 WHEN basetype IN (1083, 1114, 1184, 1266) THEN CASE WHEN mod < 0 THEN 6 ELSE mod END
    WHEN basetype = 1186 THEN CASE WHEN mod < 0 OR mod & 65535 = 65535 THEN 6 ELSE mod & 65535 END END AS datetime_precision,
  NULL::VARCHAR AS interval_type, NULL::INTEGER AS interval_precision, NULL::VARCHAR AS character_set_catalog, NULL::VARCHAR AS character_set_schema, NULL::VARCHAR AS character_set_name,
  CASE WHEN collname IS NOT NULL THEN datname END AS collation_catalog, CASE WHEN collname IS NOT NULL THEN 'pg_catalog' END AS collation_schema, collname AS collation_name,
  CASE WHEN typtype = 'd' THEN datname END AS domain_catalog, CASE WHEN typtype = 'd' THEN typschema END AS domain_schema, CASE WHEN typtype = 'd' THEN typname END AS domain_name,
  datname AS udt_catalog, baseschema AS udt_schema, basename AS udt_name,
  NULL::VARCHAR AS scope_catalog, NULL::VARCHAR AS scope_schema, NULL::VARCHAR AS scope_name, NULL::INTEGER AS maximum_cardinality, attnum::VARCHAR AS dtd_identifier,
  'NO' AS is_self_referencing, CASE WHEN attidentity IN ('a', 'd') THEN 'YES' ELSE 'NO' END AS is_identity,
  CASE attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END AS identity_generation, seqstart::VARCHAR AS identity_start, seqincrement::VARCHAR AS identity_increment,
  seqmax::VARCHAR AS identity_maximum, seqmin::VARCHAR AS identity_minimum, CASE WHEN seqcycle THEN 'YES' ELSE 'NO' END AS identity_cycle,
  CASE WHEN attgenerated = 's' THEN 'ALWAYS' ELSE 'NEVER' END AS is_generated, CASE WHEN attgenerated = 's' THEN adbin END AS generation_expression, 'NO' AS is_updatable
FROM (
  SELECT b.datname, n.nspname, c.relname, a.attname, a.attnum, a.attnotnull, a.attidentity, a.attgenerated, q.seqstart, q.seqincrement, q.seqmax, q.seqmin, q.seqcycle, d.adbin, t.typtype, t.typname, tn.nspname AS typschema,
    coalesce(bt.oid, t.oid) AS basetype, coalesce(bt.typname, t.typname) AS basename, coalesce(bn.nspname, tn.nspname) AS baseschema, coalesce(bt.typcategory, t.typcategory) AS basecategory,
    CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS mod, nullif(l.collname, 'default') AS collname
  FROM pgc.pg_attribute a
    JOIN pgc.pg_class c ON c.oid = a.attrelid
    JOIN pgc.pg_namespace n ON n.oid = c.relnamespace
    JOIN pgc.pg_type t ON t.oid = a.atttypid
    JOIN pgc.pg_namespace tn ON tn.oid = t.typnamespace
    LEFT JOIN pgc.pg_type bt ON t.typtype = 'd' AND bt.oid = t.typbasetype
    LEFT JOIN pgc.pg_namespace bn ON bn.oid = bt.typnamespace
    LEFT JOIN pgc.pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pgc.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pgc.pg_depend p ON p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'i' AND a.attidentity IN ('a', 'd')
    LEFT JOIN pgc.pg_sequence q ON q.seqrelid = p.objid
    CROSS JOIN pgc.pg_database b
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'f', 'p')
  ORDER BY a.attrelid, a.attnum
)
--
CREATE VIEW pgi.table_privileges AS
SELECT pgc.pg_get_userbyid(c.relowner) AS grantor, u._u_name AS grantee, b.datname AS table_catalog, n.nspname AS table_schema, c.relname AS table_name,
  p._p_name AS privilege_type, 'NO' AS is_grantable, CASE p._p_name WHEN 'SELECT' THEN 'YES' ELSE 'NO' END AS with_hierarchy
FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace, pgc._role u, pgc._privilege p, pgc.pg_database b
WHERE c.relkind IN ('r', 'v', 'f', 'p') AND c.relacl IS NULL AND (u._u_oid = c.relowner OR u._u_oid >= 16384) AND pgc.has_table_privilege(c.oid, p._p_name)
UNION ALL
SELECT a._a_grantor, a._a_grantee, b.datname, n.nspname, c.relname, p._p_name, CASE WHEN a._a_grantee = a._a_grantor THEN 'YES' ELSE 'NO' END,
  CASE p._p_name WHEN 'SELECT' THEN 'YES' ELSE 'NO' END
FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace JOIN pgc._acl a ON a._a_oid = c.oid AND a._a_column = 0
  JOIN pgc._privilege p ON contains(a._a_letters, p._p_letter), pgc.pg_database b
WHERE c.relkind IN ('r', 'v', 'f', 'p')
--
CREATE VIEW pgi.role_table_grants AS
SELECT * FROM pgi.table_privileges WHERE grantee <> 'PUBLIC'
--
CREATE VIEW pgi.column_privileges AS
SELECT p.grantor, p.grantee, p.table_catalog, p.table_schema, p.table_name, c.column_name, p.privilege_type, p.is_grantable
FROM pgi.table_privileges p JOIN pgi.columns c ON c.table_schema = p.table_schema AND c.table_name = p.table_name
WHERE p.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
UNION ALL
SELECT a._a_grantor, a._a_grantee, b.datname, n.nspname, c.relname, t.attname, p._p_name, 'NO'
FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace JOIN pgc.pg_attribute t ON t.attrelid = c.oid
  JOIN pgc._acl a ON a._a_oid = c.oid AND a._a_column = t.attnum JOIN pgc._privilege p ON p._p_column AND contains(a._a_letters, p._p_letter), pgc.pg_database b
WHERE c.relkind IN ('r', 'v', 'f', 'p') AND t.attnum > 0
--
CREATE VIEW pgi.character_sets AS
SELECT NULL::VARCHAR AS character_set_catalog, NULL::VARCHAR AS character_set_schema, 'UTF8' AS character_set_name, 'UCS' AS character_repertoire, 'UTF8' AS form_of_use,
  NULL::VARCHAR AS default_collate_catalog, NULL::VARCHAR AS default_collate_schema, NULL::VARCHAR AS default_collate_name
FROM pgc.pg_database
--
CREATE VIEW pgi.collations AS
SELECT b.datname AS collation_catalog, n.nspname AS collation_schema, l.collname AS collation_name, 'NO PAD' AS pad_attribute
FROM pgc.pg_collation l JOIN pgc.pg_namespace n ON n.oid = l.collnamespace, pgc.pg_database b
WHERE l.collencoding IN (-1, 6)
--
CREATE VIEW pgi.table_constraints AS
SELECT b.datname AS constraint_catalog, n.nspname AS constraint_schema, k.conname AS constraint_name, b.datname AS table_catalog, n.nspname AS table_schema, c.relname AS table_name,
  CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK' ELSE 'FOREIGN KEY' END AS constraint_type, CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END AS is_deferrable, CASE WHEN k.condeferred THEN 'YES' ELSE 'NO' END AS initially_deferred,
  'YES' AS enforced, CASE WHEN k.contype = 'u' THEN 'YES' END AS nulls_distinct
FROM pgc.pg_constraint k JOIN pgc.pg_class c ON c.oid = k.conrelid JOIN pgc.pg_namespace n ON n.oid = c.relnamespace, pgc.pg_database b
UNION ALL
SELECT b.datname, n.nspname, n.oid || '_' || c.oid || '_' || a.attnum || '_not_null', b.datname, n.nspname, c.relname, 'CHECK', 'NO', 'NO', 'YES', NULL
FROM pgc.pg_attribute a JOIN pgc.pg_class c ON c.oid = a.attrelid JOIN pgc.pg_namespace n ON n.oid = c.relnamespace, pgc.pg_database b
WHERE a.attnotnull AND a.attnum > 0 AND c.relkind IN ('r', 'p')
--
CREATE VIEW pgi.key_column_usage AS
SELECT b.datname AS constraint_catalog, n.nspname AS constraint_schema, k.conname AS constraint_name, b.datname AS table_catalog, n.nspname AS table_schema, c.relname AS table_name,
  a.attname AS column_name, k.position AS ordinal_position, list_position(x.indkey, k.referenced)::INTEGER AS position_in_unique_constraint
FROM (SELECT *, unnest(conkey) AS attnum, unnest(confkey) AS referenced, generate_subscripts(conkey, 1)::INTEGER AS position FROM pgc.pg_constraint WHERE contype <> 'c') k
  JOIN pgc.pg_class c ON c.oid = k.conrelid
  JOIN pgc.pg_namespace n ON n.oid = c.relnamespace
  JOIN pgc.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
  LEFT JOIN pgc.pg_index x ON k.contype = 'f' AND x.indexrelid = k.conindid
  CROSS JOIN pgc.pg_database b
--
CREATE VIEW pgi.referential_constraints AS
SELECT b.datname AS constraint_catalog, n.nspname AS constraint_schema, k.conname AS constraint_name,
  CASE WHEN u.conname IS NOT NULL THEN b.datname END AS unique_constraint_catalog, un.nspname AS unique_constraint_schema, u.conname AS unique_constraint_name,
  CASE k.confmatchtype WHEN 'f' THEN 'FULL' WHEN 'p' THEN 'PARTIAL' ELSE 'NONE' END AS match_option,
  CASE k.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END AS update_rule,
  CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END AS delete_rule
FROM pgc.pg_constraint k
  JOIN pgc.pg_namespace n ON n.oid = k.connamespace
  LEFT JOIN pgc.pg_constraint u ON u.contype IN ('p', 'u') AND u.conindid = k.conindid
  LEFT JOIN pgc.pg_namespace un ON un.oid = u.connamespace
  CROSS JOIN pgc.pg_database b
WHERE k.contype = 'f'
--
CREATE VIEW pgi.constraint_column_usage AS
SELECT b.datname AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name,
  b.datname AS constraint_catalog, kn.nspname AS constraint_schema, k.conname AS constraint_name
FROM (SELECT *, CASE contype WHEN 'f' THEN confrelid ELSE conrelid END AS relation, unnest(CASE contype WHEN 'f' THEN confkey ELSE conkey END) AS attnum FROM pgc.pg_constraint) k
  JOIN pgc.pg_namespace kn ON kn.oid = k.connamespace
  JOIN pgc.pg_class c ON c.oid = k.relation
  JOIN pgc.pg_namespace n ON n.oid = c.relnamespace
  JOIN pgc.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
  CROSS JOIN pgc.pg_database b
--
CREATE VIEW pgi.constraint_table_usage AS
SELECT b.datname AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, b.datname AS constraint_catalog, kn.nspname AS constraint_schema, k.conname AS constraint_name
FROM pgc.pg_constraint k
  JOIN pgc.pg_namespace kn ON kn.oid = k.connamespace
  JOIN pgc.pg_class c ON c.oid = CASE k.contype WHEN 'f' THEN k.confrelid ELSE k.conrelid END
  JOIN pgc.pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN pgc.pg_database b
--
CREATE VIEW pgi.check_constraints AS
SELECT b.datname AS constraint_catalog, n.nspname AS constraint_schema, k.conname AS constraint_name, substr(pgc.pg_get_constraintdef(k.oid), 7) AS check_clause
FROM pgc.pg_constraint k JOIN pgc.pg_namespace n ON n.oid = k.connamespace, pgc.pg_database b
WHERE k.contype = 'c'
UNION ALL
SELECT b.datname, n.nspname, n.oid || '_' || c.oid || '_' || a.attnum || '_not_null', a.attname || ' IS NOT NULL'
FROM pgc.pg_attribute a JOIN pgc.pg_class c ON c.oid = a.attrelid JOIN pgc.pg_namespace n ON n.oid = c.relnamespace, pgc.pg_database b
WHERE a.attnotnull AND a.attnum > 0 AND c.relkind IN ('r', 'p')
--
CREATE VIEW pgi.sequences AS
SELECT b.datname AS sequence_catalog, n.nspname AS sequence_schema, c.relname AS sequence_name, pgc.format_type(s.seqtypid, NULL) AS data_type,
  CASE s.seqtypid WHEN 21 THEN 16 WHEN 23 THEN 32 ELSE 64 END::INTEGER AS numeric_precision, 2::INTEGER AS numeric_precision_radix, 0::INTEGER AS numeric_scale,
  s.seqstart::VARCHAR AS start_value, s.seqmin::VARCHAR AS minimum_value, s.seqmax::VARCHAR AS maximum_value, s.seqincrement::VARCHAR AS increment,
  CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END AS cycle_option
FROM pgc.pg_sequence s JOIN pgc.pg_class c ON c.oid = s.seqrelid JOIN pgc.pg_namespace n ON n.oid = c.relnamespace, pgc.pg_database b
WHERE s.seqrelid NOT IN (SELECT objid FROM pgc.pg_depend WHERE deptype = 'i')
