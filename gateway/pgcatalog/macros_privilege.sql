CREATE MACRO pgc._asks(_p, _allowed) AS
list_has_any(list_transform(string_split(lower(_p::VARCHAR), ','), lambda _x: trim(_x)), _allowed)
--
CREATE MACRO pgc._rights(_reads, _writable) AS list_concat(CASE WHEN _reads THEN ['select'] ELSE []::VARCHAR[] END,
CASE WHEN _writable THEN ['insert', 'update', 'delete', 'truncate', 'references', 'trigger'] ELSE []::VARCHAR[] END)
--
CREATE MACRO pgc.has_table_privilege(_a, _p) AS (SELECT pgc._asks(_p, pgc._rights(NOT _r_part, _r_writable)) FROM pgc._relation WHERE _r_oid = pgc.regclass_oid(_a)),
(_u, _a, _p) AS (SELECT pgc._asks(_p, pgc._rights(NOT _r_part, _r_writable)) FROM pgc._relation WHERE _r_oid = pgc.regclass_oid(_a) AND _u IS NOT NULL)
--
CREATE MACRO pgc.has_any_column_privilege(_a, _p) AS (SELECT pgc._asks(_p, pgc._rights(true, _r_writable)) FROM pgc._relation WHERE _r_oid = pgc.regclass_oid(_a)),
(_u, _a, _p) AS (SELECT pgc._asks(_p, pgc._rights(true, _r_writable)) FROM pgc._relation WHERE _r_oid = pgc.regclass_oid(_a) AND _u IS NOT NULL)
--
CREATE MACRO pgc._has_column(_a, _c, _p) AS CASE
  WHEN _a IS NULL OR _c IS NULL OR _p IS NULL THEN NULL
  WHEN EXISTS (SELECT 1 FROM pgc.pg_attribute t WHERE t.attrelid = pgc.regclass_oid(_a) AND (t.attname = _c::VARCHAR OR t.attnum::VARCHAR = _c::VARCHAR))
  THEN pgc.has_any_column_privilege(_a, _p)
  WHEN TRY_CAST(_c AS BIGINT) IS NULL
  THEN error('42703: column "' || _c::VARCHAR || '" of relation "' || (SELECT _r_name FROM pgc._relation WHERE _r_oid = pgc.regclass_oid(_a)) || '" does not exist')::BOOLEAN END
--
CREATE MACRO pgc.has_column_privilege(_a, _c, _p) AS pgc._has_column(_a, _c, _p),
(_u, _a, _c, _p) AS CASE WHEN _u IS NOT NULL THEN pgc._has_column(_a, _c, _p) END
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
