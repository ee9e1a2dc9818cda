CREATE MACRO pgc.has_table_privilege(_a, _p) AS tg_table_privilege(pgc.regclass_oid(_a), _p),
(_u, _a, _p) AS CASE WHEN _u IS NOT NULL THEN tg_table_privilege(pgc.regclass_oid(_a), _p) END
--
CREATE MACRO pgc.has_any_column_privilege(_a, _p) AS tg_any_column_privilege(pgc.regclass_oid(_a), _p),
(_u, _a, _p) AS CASE WHEN _u IS NOT NULL THEN tg_any_column_privilege(pgc.regclass_oid(_a), _p) END
--
CREATE MACRO pgc.has_column_privilege(_a, _c, _p) AS tg_column_privilege(pgc.regclass_oid(_a), _c::VARCHAR, _p),
(_u, _a, _c, _p) AS CASE WHEN _u IS NOT NULL THEN tg_column_privilege(pgc.regclass_oid(_a), _c::VARCHAR, _p) END
--
CREATE MACRO pgc.has_schema_privilege(_a, _p) AS tg_object_privilege('schema', pgc.regnamespace_oid(_a)::VARCHAR, _p),
(_u, _a, _p) AS CASE WHEN _u IS NOT NULL THEN tg_object_privilege('schema', pgc.regnamespace_oid(_a)::VARCHAR, _p) END
--
CREATE MACRO pgc.has_database_privilege(_a, _p) AS tg_object_privilege('database', _a::VARCHAR, _p),
(_u, _a, _p) AS CASE WHEN _u IS NOT NULL THEN tg_object_privilege('database', _a::VARCHAR, _p) END
--
CREATE MACRO pgc.has_function_privilege(_a, _p) AS tg_object_privilege('function', pgc.regproc_oid(_a)::VARCHAR, _p),
(_u, _a, _p) AS CASE WHEN _u IS NOT NULL THEN tg_object_privilege('function', pgc.regproc_oid(_a)::VARCHAR, _p) END
--
CREATE MACRO pgc.has_type_privilege(_a, _p) AS tg_object_privilege('type', pgc.regtype_oid(_a)::VARCHAR, _p),
(_u, _a, _p) AS CASE WHEN _u IS NOT NULL THEN tg_object_privilege('type', pgc.regtype_oid(_a)::VARCHAR, _p) END
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
