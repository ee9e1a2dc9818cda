CREATE OR REPLACE TABLE pgc._relation AS
SELECT c.oid AS _r_oid, n.nspname AS _r_schema, c.relname AS _r_name, c.relkind AS _r_kind,
  CASE WHEN regexp_full_match(c.relname, '[a-z_][a-z0-9_$]*') AND kc.word IS NULL THEN c.relname ELSE '"' || replace(c.relname, '"', '""') || '"' END AS _r_text,
  CASE WHEN regexp_full_match(n.nspname, '[a-z_][a-z0-9_$]*') AND kn.word IS NULL THEN n.nspname ELSE '"' || replace(n.nspname, '"', '""') || '"' END AS _r_schema_text,
  list(n.nspname) OVER (PARTITION BY c.relname) AS _r_rivals,
  x._x_definition AS _r_definition, x._x_pretty AS _r_pretty, coalesce(x._x_bytes, 0) AS _r_bytes,
  coalesce(x._x_part, false) AS _r_part, coalesce(x._x_writable, false) AS _r_writable,
  coalesce(x._x_cold, false) AS _r_cold, x._x_partition AS _r_partition
FROM pgc.pg_class c
  JOIN pgc.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pgc._keyword kc ON kc.word = c.relname AND kc.category <> 'U'
  LEFT JOIN pgc._keyword kn ON kn.word = n.nspname AND kn.category <> 'U'
  LEFT JOIN pgc._extra x ON x._x_oid = c.oid
--
CREATE OR REPLACE TABLE pgc._type AS
WITH quoted AS (
  SELECT t.*, n.nspname,
    CASE WHEN n.nspname = 'pg_catalog' THEN '' ELSE
      CASE WHEN regexp_full_match(n.nspname, '[a-z_][a-z0-9_$]*') AND kn.word IS NULL THEN n.nspname ELSE '"' || replace(n.nspname, '"', '""') || '"' END || '.'
    END ||
    CASE WHEN regexp_full_match(t.typname, '[a-z_][a-z0-9_$]*') AND kt.word IS NULL THEN t.typname ELSE '"' || replace(t.typname, '"', '""') || '"' END AS ident,
    list(n.nspname) OVER (PARTITION BY t.typname) AS rivals
  FROM pgc.pg_type t
    JOIN pgc.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pgc._keyword kt ON kt.word = t.typname AND kt.category <> 'U'
    LEFT JOIN pgc._keyword kn ON kn.word = n.nspname AND kn.category <> 'U'
), named AS (
  SELECT q.*, coalesce(s.prefix, ident) AS prefix, coalesce(s.suffix, '') AS suffix, coalesce(s.modifier, '') AS modifier, coalesce(s.bare, s.prefix || s.suffix, ident) AS bare
  FROM quoted q LEFT JOIN (VALUES
    (16, 'boolean', '', 'none', NULL), (20, 'bigint', '', 'none', NULL), (21, 'smallint', '', 'none', NULL), (23, 'integer', '', 'none', NULL),
    (700, 'real', '', 'none', NULL), (701, 'double precision', '', 'none', NULL), (1042, 'character', '', 'length', 'bpchar'),
    (1043, 'character varying', '', 'length', NULL), (1083, 'time', ' without time zone', 'plain', NULL),
    (1114, 'timestamp', ' without time zone', 'plain', NULL), (1184, 'timestamp', ' with time zone', 'plain', NULL),
    (1186, 'interval', '', 'interval', NULL), (1266, 'time', ' with time zone', 'plain', NULL), (1560, 'bit', '', 'plain', '"bit"'),
    (1562, 'bit varying', '', 'plain', NULL), (1700, 'numeric', '', 'numeric', NULL)
  ) s(oid, prefix, suffix, modifier, bare) ON s.oid = q.oid
)
SELECT t.oid AS _t_oid, t.nspname AS _t_schema, t.typname AS _t_name, t.rivals AS _t_rivals,
  coalesce(e.prefix, t.prefix) AS _t_prefix, coalesce(e.suffix, t.suffix) AS _t_suffix, coalesce(e.modifier, t.modifier) AS _t_modifier,
  coalesce(e.bare, t.bare) AS _t_bare, CASE WHEN e.oid IS NULL THEN '' ELSE '[]' END AS _t_array
FROM named t
  LEFT JOIN named e ON e.oid = t.typelem AND t.typsubscript = 6179 AND t.typstorage <> 'p'
--
CREATE OR REPLACE TABLE pgc._schema AS
SELECT n.oid AS _r_schema_oid, n.nspname AS _r_schema,
  CASE WHEN regexp_full_match(n.nspname, '[a-z_][a-z0-9_$]*') AND k.word IS NULL THEN n.nspname ELSE '"' || replace(n.nspname, '"', '""') || '"' END AS _r_schema_text
FROM pgc.pg_namespace n LEFT JOIN pgc._keyword k ON k.word = n.nspname AND k.category <> 'U'
--
CREATE OR REPLACE TABLE pgc._serial AS
SELECT d.objid AS _s_sequence, d.refobjid AS _s_table, a.attname AS _s_column
FROM pgc.pg_depend d JOIN pgc.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid JOIN pgc.pg_sequence s ON s.seqrelid = d.objid
--
CREATE OR REPLACE TABLE pgc._role AS
SELECT a.oid AS _u_oid, a.rolname AS _u_name,
  CASE WHEN regexp_full_match(a.rolname, '[a-z_][a-z0-9_$]*') AND k.word IS NULL THEN a.rolname ELSE '"' || replace(a.rolname, '"', '""') || '"' END AS _u_text,
  a.rolcanlogin AS _u_login
FROM pgc.pg_authid a LEFT JOIN pgc._keyword k ON k.word = a.rolname AND k.category <> 'U'
--
CREATE OR REPLACE TABLE pgc._description AS
SELECT d.objoid AS _d_object, c.relname AS _d_class, d.objsubid AS _d_column, d.description AS _d_text
FROM pgc.pg_description d JOIN pgc.pg_class c ON c.oid = d.classoid
