CREATE MACRO pgc._asks(_p, _allowed) AS
list_has_any(list_transform(string_split(lower(_p::VARCHAR), ','), lambda _x: trim(_x)), _allowed)
--
CREATE MACRO pgc.has_table_privilege(_a, _p) AS (SELECT pgc._asks(_p, ['select']) FROM pgc._relation WHERE _r_oid = pgc.regclass_oid(_a)),
(_u, _a, _p) AS (SELECT pgc._asks(_p, ['select']) FROM pgc._relation WHERE _r_oid = pgc.regclass_oid(_a) AND _u IS NOT NULL)
--
CREATE MACRO pgc.has_any_column_privilege(_a, _p) AS pgc.has_table_privilege(_a, _p), (_u, _a, _p) AS pgc.has_table_privilege(_u, _a, _p)
--
CREATE MACRO pgc.has_column_privilege(_a, _c, _p) AS CASE WHEN _c IS NOT NULL THEN pgc.has_table_privilege(_a, _p) END,
(_u, _a, _c, _p) AS CASE WHEN _c IS NOT NULL THEN pgc.has_table_privilege(_u, _a, _p) END
--
CREATE MACRO pgc.has_schema_privilege(_a, _p) AS (SELECT pgc._asks(_p, ['usage']) FROM pgc._schema WHERE _r_schema_oid = pgc.regnamespace_oid(_a)),
(_u, _a, _p) AS (SELECT pgc._asks(_p, ['usage']) FROM pgc._schema WHERE _r_schema_oid = pgc.regnamespace_oid(_a) AND _u IS NOT NULL)
--
CREATE MACRO pgc.has_database_privilege(_a, _p) AS (
  SELECT pgc._asks(_p, ['connect']) FROM (SELECT oid AS _b_oid, datname AS _b_name FROM pgc.pg_database) WHERE _b_oid::VARCHAR = _a::VARCHAR OR _b_name = _a::VARCHAR),
(_u, _a, _p) AS (
  SELECT pgc._asks(_p, ['connect']) FROM (SELECT oid AS _b_oid, datname AS _b_name FROM pgc.pg_database) WHERE (_b_oid::VARCHAR = _a::VARCHAR OR _b_name = _a::VARCHAR) AND _u IS NOT NULL)
--
CREATE MACRO pgc.has_function_privilege(_a, _p) AS (SELECT pgc._asks(_p, ['execute']) FROM pgc._function WHERE _f_oid = pgc.regproc_oid(_a)),
(_u, _a, _p) AS (SELECT pgc._asks(_p, ['execute']) FROM pgc._function WHERE _f_oid = pgc.regproc_oid(_a) AND _u IS NOT NULL)
--
CREATE MACRO pgc.has_type_privilege(_a, _p) AS (SELECT pgc._asks(_p, ['usage']) FROM pgc._type WHERE _t_oid = pgc.regtype_oid(_a)),
(_u, _a, _p) AS (SELECT pgc._asks(_p, ['usage']) FROM pgc._type WHERE _t_oid = pgc.regtype_oid(_a) AND _u IS NOT NULL)
--
CREATE MACRO pgc.has_tablespace_privilege(_a, _p) AS CASE WHEN _a IS NOT NULL AND _p IS NOT NULL THEN false END,
(_u, _a, _p) AS CASE WHEN _u IS NOT NULL AND _a IS NOT NULL AND _p IS NOT NULL THEN false END
--
CREATE MACRO pgc._member(_u, _a) AS (
  SELECT bool_or(u._u_oid = r._u_oid OR u._u_oid = 10 OR EXISTS (SELECT 1 FROM pgc.pg_auth_members m WHERE m.member = u._u_oid AND m.roleid = r._u_oid))
  FROM pgc._role u, pgc._role r
  WHERE (u._u_oid::VARCHAR = _u::VARCHAR OR u._u_name = _u::VARCHAR) AND (r._u_oid::VARCHAR = _a::VARCHAR OR r._u_name = _a::VARCHAR))
--
CREATE MACRO pgc.pg_has_role(_u, _a, _p) AS pgc._member(_u, _a)
