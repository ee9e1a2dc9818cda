CREATE MACRO pgc.format_type(_a, _m) AS
CASE WHEN _a IS NULL THEN NULL WHEN _a = 0 THEN '-' ELSE coalesce((
  SELECT CASE WHEN _m IS NULL THEN _t_prefix || _t_suffix
      WHEN _m < 0 OR _t_modifier = 'none' THEN _t_bare
      WHEN _t_modifier = 'numeric' THEN _t_prefix || '(' || ((_m - 4) >> 16) || ',' || (xor((_m - 4) & 2047, 1024) - 1024) || ')'
      WHEN _t_modifier = 'length' AND _m < 4 THEN _t_bare
      WHEN _t_modifier = 'length' THEN _t_prefix || '(' || (_m - 4) || ')'
      WHEN _t_modifier = 'interval' THEN _t_prefix
        || CASE (_m >> 16) & 32767 WHEN 32767 THEN '' WHEN 4 THEN ' year' WHEN 2 THEN ' month' WHEN 8 THEN ' day' WHEN 1024 THEN ' hour'
          WHEN 2048 THEN ' minute' WHEN 4096 THEN ' second' WHEN 6 THEN ' year to month' WHEN 1032 THEN ' day to hour' WHEN 3080 THEN ' day to minute'
          WHEN 7176 THEN ' day to second' WHEN 3072 THEN ' hour to minute' WHEN 7168 THEN ' hour to second' WHEN 6144 THEN ' minute to second' ELSE '' END
        || CASE WHEN _m & 65535 = 65535 THEN '' ELSE '(' || (_m & 65535) || ')' END
      ELSE _t_prefix || '(' || _m || ')' || _t_suffix END || _t_array
  FROM pgc._type WHERE _t_oid = _a), '???') END
--
CREATE MACRO pgc._path() AS ['pg_catalog', 'public']
--
CREATE MACRO pgc._find_relation(_a, _p) AS (
  SELECT arg_min(_r_oid, coalesce(list_position(_p, _r_schema), 0)) FROM pgc._relation
  WHERE _r_name = pgc._ident_parts(_a)[-1]
    AND CASE WHEN len(pgc._ident_parts(_a)) >= 2 THEN _r_schema = pgc._ident_parts(_a)[-2] ELSE list_contains(_p, _r_schema) END)
--
CREATE MACRO pgc._regclass_oid(_a, _p) AS
CASE WHEN _a IS NULL THEN NULL WHEN _a::VARCHAR = '-' THEN 0::UINTEGER
  ELSE coalesce(TRY_CAST(_a AS UINTEGER), pgc._find_relation(_a, _p), error('42P01: relation "' || replace(_a::VARCHAR, '"', '') || '" does not exist')::UINTEGER) END
--
CREATE MACRO pgc.regclass_oid(_a) AS pgc._regclass_oid(_a, pgc._path()), (_a, _p) AS pgc._regclass_oid(_a, _p)
--
CREATE MACRO pgc._to_regclass(_a, _p) AS (
  SELECT CASE WHEN list_filter(_p, lambda _s: list_contains(_r_rivals, _s))[1] = _r_schema THEN '' ELSE _r_schema_text || '.' END || _r_text
  FROM pgc._relation WHERE _r_oid = coalesce(TRY_CAST(_a AS UINTEGER), pgc._find_relation(_a, _p)))
--
CREATE MACRO pgc.to_regclass(_a) AS pgc._to_regclass(_a, pgc._path()), (_a, _p) AS pgc._to_regclass(_a, _p)
--
CREATE MACRO pgc._regclass(_a, _p) AS
CASE WHEN _a IS NULL THEN NULL WHEN _a::VARCHAR IN ('-', '0') THEN '-'
  ELSE coalesce(pgc._to_regclass(_a, _p), TRY_CAST(_a AS UINTEGER)::VARCHAR, error('42P01: relation "' || replace(_a::VARCHAR, '"', '') || '" does not exist')::VARCHAR) END
--
CREATE MACRO pgc.regclass(_a) AS pgc._regclass(_a, pgc._path()), (_a, _p) AS pgc._regclass(_a, _p)
--
CREATE MACRO pgc._find_type(_a) AS (
  SELECT min(_t_oid) FROM pgc._type
  WHERE _t_prefix || _t_suffix || _t_array = lower(trim(_a::VARCHAR))
    OR (_t_name = CASE WHEN ends_with(_a::VARCHAR, '[]') THEN '_' ELSE '' END || rtrim(pgc._ident_parts(rtrim(_a::VARCHAR, '[]'))[-1], '[]')
      AND (len(pgc._ident_parts(_a)) = 1 OR _t_schema = pgc._ident_parts(_a)[-2]))
    OR (lower(_a::VARCHAR) IN ('int', 'decimal', 'char', 'timestamp', 'time', 'float') AND _t_oid = CASE lower(_a::VARCHAR) WHEN 'int' THEN 23 WHEN 'decimal' THEN 1700 WHEN 'char' THEN 1042 WHEN 'timestamp' THEN 1114 WHEN 'time' THEN 1083 ELSE 701 END))
--
CREATE MACRO pgc.regtype_oid(_a) AS
CASE WHEN _a IS NULL THEN NULL WHEN _a::VARCHAR = '-' THEN 0::UINTEGER
  ELSE coalesce(TRY_CAST(_a AS UINTEGER), pgc._find_type(_a), error('42704: type "' || replace(_a::VARCHAR, '"', '') || '" does not exist')::UINTEGER) END
--
CREATE MACRO pgc.to_regtype(_a) AS (
  SELECT _t_prefix || _t_suffix || _t_array FROM pgc._type WHERE _t_oid = coalesce(TRY_CAST(_a AS UINTEGER), pgc._find_type(_a)))
--
CREATE MACRO pgc.regtype(_a) AS
CASE WHEN _a IS NULL THEN NULL WHEN _a::VARCHAR IN ('-', '0') THEN '-'
  ELSE coalesce(pgc.to_regtype(_a), TRY_CAST(_a AS UINTEGER)::VARCHAR, error('42704: type "' || replace(_a::VARCHAR, '"', '') || '" does not exist')::VARCHAR) END
--
CREATE MACRO pgc._find_function(_a) AS (
  SELECT min(_f_oid) FROM pgc._function
  WHERE _f_name = pgc._ident_parts(_a)[-1] AND (len(pgc._ident_parts(_a)) = 1 OR _f_schema = pgc._ident_parts(_a)[-2]))
--
CREATE MACRO pgc.regproc_oid(_a) AS
CASE WHEN _a IS NULL THEN NULL WHEN _a::VARCHAR = '-' THEN 0::UINTEGER
  ELSE coalesce(TRY_CAST(_a AS UINTEGER), pgc._find_function(_a), error('42883: function "' || replace(_a::VARCHAR, '"', '') || '" does not exist')::UINTEGER) END
--
CREATE MACRO pgc.to_regproc(_a) AS (SELECT pgc.quote_ident(_f_name) FROM pgc._function WHERE _f_oid = coalesce(TRY_CAST(_a AS UINTEGER), pgc._find_function(_a)))
--
CREATE MACRO pgc.regproc(_a) AS
CASE WHEN _a IS NULL THEN NULL WHEN _a::VARCHAR IN ('-', '0') THEN '-'
  ELSE coalesce(pgc.to_regproc(_a), TRY_CAST(_a AS UINTEGER)::VARCHAR, error('42883: function "' || replace(_a::VARCHAR, '"', '') || '" does not exist')::VARCHAR) END
--
CREATE MACRO pgc._namespace_name(_a) AS (SELECT min(_r_schema_text) FROM pgc._schema WHERE _r_schema_oid = TRY_CAST(_a AS UINTEGER) OR _r_schema = pgc._ident_parts(_a)[-1])
--
CREATE MACRO pgc.regnamespace_oid(_a) AS
CASE WHEN _a IS NULL THEN NULL WHEN _a::VARCHAR = '-' THEN 0::UINTEGER
  ELSE coalesce(TRY_CAST(_a AS UINTEGER), (SELECT min(_r_schema_oid) FROM pgc._schema WHERE _r_schema = pgc._ident_parts(_a)[-1]),
    error('3F000: schema "' || replace(_a::VARCHAR, '"', '') || '" does not exist')::UINTEGER) END
--
CREATE MACRO pgc.to_regnamespace(_a) AS pgc._namespace_name(_a)
--
CREATE MACRO pgc.regnamespace(_a) AS
CASE WHEN _a IS NULL THEN NULL WHEN _a::VARCHAR IN ('-', '0') THEN '-'
  ELSE coalesce(pgc._namespace_name(_a), TRY_CAST(_a AS UINTEGER)::VARCHAR, error('3F000: schema "' || replace(_a::VARCHAR, '"', '') || '" does not exist')::VARCHAR) END
--
CREATE MACRO pgc.regrole(_a) AS
CASE WHEN _a IS NULL THEN NULL ELSE coalesce((SELECT _u_text FROM pgc._role WHERE _u_oid = TRY_CAST(_a AS UINTEGER) OR _u_name = pgc._ident_parts(_a)[-1]),
  TRY_CAST(_a AS UINTEGER)::VARCHAR, error('42704: role "' || replace(_a::VARCHAR, '"', '') || '" does not exist')::VARCHAR) END
--
CREATE MACRO pgc.regrole_oid(_a) AS
CASE WHEN _a IS NULL THEN NULL ELSE coalesce(TRY_CAST(_a AS UINTEGER), (SELECT min(_u_oid) FROM pgc._role WHERE _u_name = pgc._ident_parts(_a)[-1]),
  error('42704: role "' || replace(_a::VARCHAR, '"', '') || '" does not exist')::UINTEGER) END
--
CREATE MACRO pgc.regoperator(_a) AS
CASE WHEN _a IS NULL THEN NULL WHEN _a::VARCHAR = '0' THEN '0' ELSE coalesce((SELECT _o_text FROM pgc._operator WHERE _o_oid = TRY_CAST(_a AS UINTEGER)), _a::VARCHAR) END
--
CREATE MACRO pgc._pg_table_is_visible(_a, _p) AS (SELECT coalesce(list_filter(_p, lambda _s: list_contains(_r_rivals, _s))[1] = _r_schema, false) FROM pgc._relation WHERE _r_oid = _a)
--
CREATE MACRO pgc.pg_table_is_visible(_a) AS pgc._pg_table_is_visible(_a, pgc._path()), (_a, _p) AS pgc._pg_table_is_visible(_a, _p)
--
CREATE MACRO pgc._pg_type_is_visible(_a, _p) AS (SELECT coalesce(list_filter(_p, lambda _s: list_contains(_t_rivals, _s))[1] = _t_schema, false) FROM pgc._type WHERE _t_oid = _a)
--
CREATE MACRO pgc.pg_type_is_visible(_a) AS pgc._pg_type_is_visible(_a, pgc._path()), (_a, _p) AS pgc._pg_type_is_visible(_a, _p)
--
CREATE MACRO pgc._pg_function_is_visible(_a, _p) AS (SELECT coalesce(list_filter(_p, lambda _s: list_contains(_f_rivals, _s))[1] = _f_schema, false) FROM pgc._function WHERE _f_oid = _a)
--
CREATE MACRO pgc.pg_function_is_visible(_a) AS pgc._pg_function_is_visible(_a, pgc._path()), (_a, _p) AS pgc._pg_function_is_visible(_a, _p)
--
CREATE MACRO pgc.pg_operator_is_visible(_a) AS (SELECT true FROM pgc._operator WHERE _o_oid = _a)
--
CREATE MACRO pgc.pg_collation_is_visible(_a) AS (SELECT true FROM (SELECT oid AS _c_oid FROM pgc.pg_collation) WHERE _c_oid = _a)
--
CREATE MACRO pgc.pg_opclass_is_visible(_a) AS (SELECT true FROM (SELECT oid AS _c_oid FROM pgc.pg_opclass) WHERE _c_oid = _a)
--
CREATE MACRO pgc.pg_opfamily_is_visible(_a) AS (SELECT true FROM (SELECT oid AS _c_oid FROM pgc.pg_opfamily) WHERE _c_oid = _a)
--
CREATE MACRO pgc.pg_conversion_is_visible(_a) AS (SELECT true FROM (SELECT oid AS _c_oid FROM pgc.pg_conversion) WHERE _c_oid = _a)
--
CREATE MACRO pgc.pg_statistics_obj_is_visible(_a) AS (SELECT true FROM (SELECT oid AS _c_oid FROM pgc.pg_statistic_ext) WHERE _c_oid = _a)
--
CREATE MACRO pgc.pg_ts_config_is_visible(_a) AS (SELECT true FROM (SELECT oid AS _c_oid FROM pgc.pg_ts_config) WHERE _c_oid = _a)
--
CREATE MACRO pgc.pg_ts_dict_is_visible(_a) AS (SELECT true FROM (SELECT oid AS _c_oid FROM pgc.pg_ts_dict) WHERE _c_oid = _a)
--
CREATE MACRO pgc.pg_ts_parser_is_visible(_a) AS (SELECT true FROM (SELECT oid AS _c_oid FROM pgc.pg_ts_parser) WHERE _c_oid = _a)
--
CREATE MACRO pgc.pg_ts_template_is_visible(_a) AS (SELECT true FROM (SELECT oid AS _c_oid FROM pgc.pg_ts_template) WHERE _c_oid = _a)
--
CREATE MACRO pgc.pg_get_userbyid(_a) AS
CASE WHEN _a IS NOT NULL THEN coalesce((SELECT _u_name FROM pgc._role WHERE _u_oid = _a), 'unknown (OID=' || _a || ')') END
--
CREATE MACRO pgc.obj_description(_a, _c) AS (
  SELECT _d_text FROM pgc._description WHERE _d_object = _a AND _d_class = _c AND _d_column = 0),
(_a) AS (SELECT min(_d_text) FROM pgc._description WHERE _d_object = _a AND _d_column = 0)
--
CREATE MACRO pgc.col_description(_a, _n) AS (
  SELECT _d_text FROM pgc._description WHERE _d_object = _a AND _d_class = 'pg_class' AND _d_column = _n AND _n > 0)
--
CREATE MACRO pgc.shobj_description(_a, _c) AS (
  SELECT min(_d_text) FROM (SELECT objoid AS _d_object, description AS _d_text, c.relname AS _d_class FROM pgc.pg_shdescription d JOIN pgc.pg_class c ON c.oid = d.classoid) WHERE _d_object = _a AND _d_class = _c)
--
CREATE MACRO pgc.pg_get_expr(_a, _r) AS CASE WHEN _r IS NOT NULL THEN _a END,
(_a, _r, _y) AS CASE WHEN _r IS NOT NULL AND _y IS NOT NULL THEN _a END
--
CREATE MACRO pgc._definition_text(_a, _p) AS (
  SELECT _x_before || coalesce(pgc._to_regclass(_x_relation, _p), '') || _x_after FROM pgc._definition WHERE _x_oid = _a)
--
CREATE MACRO pgc.pg_get_constraintdef(_a) AS pgc._definition_text(_a, pgc._path()), (_a, _p) AS pgc._definition_text(_a, _p),
(_a, _y, _p) AS CASE WHEN _y THEN coalesce((SELECT _x_pretty FROM pgc._definition WHERE _x_oid = _a), pgc._definition_text(_a, _p)) WHEN NOT _y THEN pgc._definition_text(_a, _p) END
--
CREATE MACRO pgc.pg_get_indexdef(_a) AS pgc._definition_text(_a, pgc._path()), (_a, _p) AS pgc._definition_text(_a, _p),
(_a, _n, _y, _p) AS CASE WHEN _n = 0 THEN pgc._definition_text(_a, _p)
  ELSE coalesce((SELECT pgc.quote_ident(i.attname) FROM pgc.pg_attribute i WHERE i.attrelid = _a AND i.attnum = _n), '') END
--
CREATE MACRO pgc.pg_get_triggerdef(_a) AS NULL::VARCHAR, (_a, _y) AS NULL::VARCHAR
--
CREATE MACRO pgc.pg_get_ruledef(_a) AS NULL::VARCHAR, (_a, _y) AS NULL::VARCHAR
--
CREATE MACRO pgc.pg_get_partkeydef(_a) AS NULL::VARCHAR
--
CREATE MACRO pgc.pg_get_statisticsobjdef(_a) AS NULL::VARCHAR
--
CREATE MACRO pgc.pg_get_statisticsobjdef_columns(_a) AS NULL::VARCHAR
--
CREATE MACRO pgc.pg_get_function_sqlbody(_a) AS NULL::VARCHAR
--
CREATE MACRO pgc.pg_get_serial_sequence(_a, _n) AS (
  SELECT min(_r_schema_text || '.' || _r_text) FROM pgc._serial JOIN pgc._relation ON _r_oid = _s_sequence
  WHERE _s_table = pgc.regclass_oid(_a) AND _s_column = _n)
--
CREATE MACRO pgc._viewdef(_a, _y, _p) AS (
  SELECT CASE WHEN _r_kind NOT IN ('v', 'm') THEN 'Not a view' WHEN _y THEN _r_pretty ELSE _r_definition END
  FROM pgc._relation WHERE _r_oid = pgc._regclass_oid(_a, _p))
--
CREATE MACRO pgc.pg_get_viewdef(_a) AS pgc._viewdef(_a, false, pgc._path()), (_a, _y) AS pgc._viewdef(_a, _y, pgc._path()), (_a, _y, _p) AS pgc._viewdef(_a, _y, _p)
--
CREATE MACRO pgc.pg_get_function_arguments(_a) AS (SELECT _f_args FROM pgc._function WHERE _f_oid = _a)
--
CREATE MACRO pgc.pg_get_function_identity_arguments(_a) AS (SELECT _f_identity_args FROM pgc._function WHERE _f_oid = _a)
--
CREATE MACRO pgc.pg_get_function_result(_a) AS (SELECT _f_result FROM pgc._function WHERE _f_oid = _a)
--
CREATE MACRO pgc._size(_a, _k, _p) AS (SELECT CASE WHEN _k = 'main' THEN _r_bytes ELSE 0 END FROM pgc._relation WHERE _r_oid = pgc._regclass_oid(_a, _p))
--
CREATE MACRO pgc.pg_relation_size(_a) AS pgc._size(_a, 'main', pgc._path()), (_a, _k) AS pgc._size(_a, _k, pgc._path()), (_a, _k, _p) AS pgc._size(_a, _k, _p)
--
CREATE MACRO pgc.pg_table_size(_a) AS pgc._size(_a, 'main', pgc._path()), (_a, _p) AS pgc._size(_a, 'main', _p)
--
CREATE MACRO pgc.pg_total_relation_size(_a) AS pgc._size(_a, 'main', pgc._path()), (_a, _p) AS pgc._size(_a, 'main', _p)
--
CREATE MACRO pgc.pg_indexes_size(_a) AS pgc._size(_a, 'indexes', pgc._path()), (_a, _p) AS pgc._size(_a, 'indexes', _p)
--
CREATE MACRO pgc.pg_database_size(_a) AS (
  SELECT coalesce(sum(_r_bytes), 0)::BIGINT FROM pgc._relation
  WHERE EXISTS (SELECT 1 FROM (SELECT oid AS _b_oid, datname AS _b_name FROM pgc.pg_database) WHERE _b_oid::VARCHAR = _a::VARCHAR OR _b_name = _a::VARCHAR))
--
CREATE MACRO pgc.pg_tablespace_size(_a) AS CASE WHEN _a::VARCHAR IN ('1663', 'pg_default') THEN (SELECT coalesce(sum(_r_bytes), 0)::BIGINT FROM pgc._relation) ELSE 0 END
--
CREATE MACRO pgc.pg_tablespace_location(_a) AS CASE WHEN _a IS NOT NULL THEN '' END
--
CREATE MACRO pgc.pg_relation_is_publishable(_a) AS (
  SELECT _r_kind IN ('r', 'p') AND _r_oid >= 16384 FROM pgc._relation WHERE _r_oid = pgc.regclass_oid(_a))
--
CREATE MACRO pgc.pg_relation_filenode(_a) AS (SELECT CASE WHEN _r_kind = 'r' THEN _r_oid END FROM pgc._relation WHERE _r_oid = pgc.regclass_oid(_a))
--
CREATE MACRO pgc.pg_column_is_updatable(_a, _n, _t) AS CASE WHEN _a IS NOT NULL AND _n IS NOT NULL AND _t IS NOT NULL THEN false END
--
CREATE MACRO pgc.pg_relation_is_updatable(_a, _t) AS CASE WHEN _a IS NOT NULL AND _t IS NOT NULL THEN 0 END
