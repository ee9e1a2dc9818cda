CREATE VIEW pgc._relation AS
SELECT c.oid AS _r_oid, n.nspname AS _r_schema, c.relname AS _r_name, c.relkind AS _r_kind, coalesce(x._x_bytes, 0) AS _r_bytes,
  coalesce(x._x_cold, false) AS _r_cold, x._x_partition AS _r_partition
FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pgc._extra x ON x._x_oid = c.oid
--
CREATE VIEW pgc._role AS
SELECT oid AS _u_oid, rolname AS _u_name, rolcanlogin AS _u_login FROM pgc.pg_authid
--
CREATE VIEW pgc._description AS
SELECT d.objoid AS _d_object, c.relname AS _d_class, d.objsubid AS _d_column, d.description AS _d_text
FROM pgc.pg_description d JOIN pgc.pg_class c ON c.oid = d.classoid
