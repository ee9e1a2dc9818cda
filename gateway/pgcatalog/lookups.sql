CREATE VIEW pgc._relation AS
SELECT c.oid AS _r_oid, n.nspname AS _r_schema, c.relname AS _r_name, c.relkind AS _r_kind, coalesce(x._x_bytes, 0) AS _r_bytes,
  coalesce(x._x_cold, false) AS _r_cold, x._x_partition AS _r_partition
FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pgc._extra x ON x._x_oid = c.oid
--
CREATE VIEW pgc._role AS
SELECT oid AS _u_oid, rolname AS _u_name, rolcanlogin AS _u_login FROM pgc.pg_authid
--
CREATE VIEW pgc._acl AS
SELECT _a_oid, _a_column, CASE WHEN string_split(_a_item, '=')[1] = '' THEN 'PUBLIC' ELSE replace(trim(string_split(_a_item, '=')[1], '"'), '""', '"') END AS _a_grantee,
  trim(string_split(_a_item, '/')[2], '"') AS _a_grantor, string_split(string_split(_a_item, '=')[2], '/')[1] AS _a_letters
FROM (SELECT oid AS _a_oid, 0::SMALLINT AS _a_column, unnest(relacl) AS _a_item FROM pgc.pg_class
  UNION ALL SELECT attrelid, attnum, unnest(attacl) FROM pgc.pg_attribute WHERE attacl IS NOT NULL)
--
CREATE VIEW pgc._privilege AS
SELECT * FROM (VALUES ('SELECT', 'r', true), ('INSERT', 'a', true), ('UPDATE', 'w', true), ('DELETE', 'd', false), ('TRUNCATE', 'D', false),
  ('REFERENCES', 'x', true), ('TRIGGER', 't', false)) p(_p_name, _p_letter, _p_column)
--
CREATE VIEW pgc._description AS
SELECT d.objoid AS _d_object, c.relname AS _d_class, d.objsubid AS _d_column, d.description AS _d_text
FROM pgc.pg_description d JOIN pgc.pg_class c ON c.oid = d.classoid
