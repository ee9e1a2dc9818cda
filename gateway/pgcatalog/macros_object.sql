CREATE MACRO pgc._path() AS ['pg_catalog', 'public']
--
CREATE MACRO pgc.format_type(_a, _m) AS tg_format_type(_a::UINTEGER, _m::INTEGER)
--
CREATE MACRO pgc.regclass_oid(_a) AS tg_object_oid('class', _a::VARCHAR, pgc._path()), (_a, _p) AS tg_object_oid('class', _a::VARCHAR, _p)
--
CREATE MACRO pgc.to_regclass(_a) AS tg_object_name('class', _a::VARCHAR, pgc._path()), (_a, _p) AS tg_object_name('class', _a::VARCHAR, _p)
--
CREATE MACRO pgc.regclass(_a) AS tg_object_text('class', _a::VARCHAR, pgc._path()), (_a, _p) AS tg_object_text('class', _a::VARCHAR, _p)
--
CREATE MACRO pgc.regtype_oid(_a) AS tg_object_oid('type', _a::VARCHAR, pgc._path())
--
CREATE MACRO pgc.to_regtype(_a) AS tg_object_name('type', _a::VARCHAR, pgc._path())
--
CREATE MACRO pgc.regtype(_a) AS tg_object_text('type', _a::VARCHAR, pgc._path())
--
CREATE MACRO pgc.regproc_oid(_a) AS tg_object_oid('proc', _a::VARCHAR, pgc._path())
--
CREATE MACRO pgc.to_regproc(_a) AS tg_object_name('proc', _a::VARCHAR, pgc._path())
--
CREATE MACRO pgc.regproc(_a) AS tg_object_text('proc', _a::VARCHAR, pgc._path())
--
CREATE MACRO pgc.regnamespace_oid(_a) AS tg_object_oid('namespace', _a::VARCHAR, pgc._path())
--
CREATE MACRO pgc.to_regnamespace(_a) AS tg_object_name('namespace', _a::VARCHAR, pgc._path())
--
CREATE MACRO pgc.regnamespace(_a) AS tg_object_text('namespace', _a::VARCHAR, pgc._path())
--
CREATE MACRO pgc.regrole_oid(_a) AS tg_object_oid('role', _a::VARCHAR, pgc._path())
--
CREATE MACRO pgc.regrole(_a) AS tg_object_text('role', _a::VARCHAR, pgc._path())
--
CREATE MACRO pgc.regoperator(_a) AS
CASE WHEN _a IS NULL THEN NULL WHEN _a::VARCHAR = '0' THEN '0' ELSE coalesce((SELECT _o_text FROM pgc._operator WHERE _o_oid = TRY_CAST(_a AS UINTEGER)), _a::VARCHAR) END
--
CREATE MACRO pgc.pg_table_is_visible(_a) AS tg_relation_visible(_a::UINTEGER, pgc._path()), (_a, _p) AS tg_relation_visible(_a::UINTEGER, _p)
--
CREATE MACRO pgc.pg_type_is_visible(_a) AS tg_type_visible(_a::UINTEGER, pgc._path()), (_a, _p) AS tg_type_visible(_a::UINTEGER, _p)
--
CREATE MACRO pgc.pg_function_is_visible(_a) AS tg_function_visible(_a::UINTEGER, pgc._path()), (_a, _p) AS tg_function_visible(_a::UINTEGER, _p)
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
CREATE MACRO pgc.acldefault(_t, _o) AS tg_acl_default(_t, _o::UINTEGER)
--
CREATE MACRO pgc.pg_get_userbyid(_a) AS coalesce(tg_user_name(_a::UINTEGER), 'unknown (OID=' || _a || ')')
--
CREATE MACRO pgc.obj_description(_a, _c) AS tg_description(_a::UINTEGER, nullif(_c, ''), 0::INTEGER), (_a) AS tg_description(_a::UINTEGER, '', 0::INTEGER)
--
CREATE MACRO pgc.col_description(_a, _n) AS CASE WHEN _n > 0 THEN tg_description(_a::UINTEGER, 'pg_class', _n::INTEGER) END
--
CREATE MACRO pgc.shobj_description(_a, _c) AS NULL::VARCHAR
--
CREATE MACRO pgc.by_path(_a, _p) AS CASE WHEN contains(_a, '.') THEN tg_by_path(_a, _p) ELSE _a END
--
CREATE MACRO pgc.pg_get_expr(_a, _r) AS CASE WHEN _r IS NOT NULL THEN _a END,
(_a, _r, _p) AS CASE WHEN _r IS NOT NULL THEN pgc.by_path(_a, _p) END,
(_a, _r, _y, _p) AS CASE WHEN _r IS NOT NULL AND _y IS NOT NULL THEN pgc.by_path(_a, _p) END
--
CREATE MACRO pgc.pg_get_constraintdef(_a) AS tg_definition(_a::UINTEGER, false, pgc._path()), (_a, _p) AS tg_definition(_a::UINTEGER, false, _p),
(_a, _y, _p) AS tg_definition(_a::UINTEGER, _y, _p)
--
CREATE MACRO pgc.pg_get_indexdef(_a) AS tg_definition(_a::UINTEGER, false, pgc._path()), (_a, _p) AS tg_definition(_a::UINTEGER, false, _p),
(_a, _n, _y, _p) AS CASE WHEN _n = 0 THEN tg_definition(_a::UINTEGER, _y, _p) ELSE tg_index_column(_a::UINTEGER, _n::INTEGER) END
--
CREATE MACRO pgc.pg_get_triggerdef(_a) AS NULL::VARCHAR, (_a, _y) AS NULL::VARCHAR
--
CREATE MACRO pgc.pg_get_ruledef(_a) AS tg_rule_definition(_a::UINTEGER, false, pgc._path()), (_a, _p) AS tg_rule_definition(_a::UINTEGER, false, _p),
(_a, _y, _p) AS tg_rule_definition(_a::UINTEGER, _y, _p)
--
CREATE MACRO pgc.pg_get_partkeydef(_a) AS NULL::VARCHAR
--
CREATE MACRO pgc.pg_get_statisticsobjdef(_a) AS NULL::VARCHAR
--
CREATE MACRO pgc.pg_get_statisticsobjdef_columns(_a) AS NULL::VARCHAR
--
CREATE MACRO pgc.pg_get_function_sqlbody(_a) AS NULL::VARCHAR
--
CREATE MACRO pgc.pg_get_serial_sequence(_a, _n) AS tg_serial_sequence(pgc.regclass_oid(_a), _n)
--
CREATE MACRO pgc.pg_get_viewdef(_a) AS tg_view_definition(pgc.regclass_oid(_a), false, ['pg_catalog']),
(_a, _p) AS tg_view_definition(pgc.regclass_oid(_a, _p), false, _p), (_a, _y, _p) AS tg_view_definition(pgc.regclass_oid(_a, _p), _y, _p)
--
CREATE MACRO pgc.pg_get_function_arguments(_a) AS (SELECT _f_args FROM pgc._function WHERE _f_oid = _a)
--
CREATE MACRO pgc.pg_get_function_identity_arguments(_a) AS (SELECT _f_identity_args FROM pgc._function WHERE _f_oid = _a)
--
CREATE MACRO pgc.pg_get_function_result(_a) AS (SELECT _f_result FROM pgc._function WHERE _f_oid = _a)
--
CREATE MACRO pgc._size(_a, _k, _p) AS CASE WHEN _k = 'main' THEN tg_relation_size(pgc.regclass_oid(_a, _p)) ELSE 0 * tg_relation_size(pgc.regclass_oid(_a, _p)) END
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
  SELECT coalesce(sum(_x_bytes), 0)::BIGINT FROM pgc._extra
  WHERE EXISTS (SELECT 1 FROM (SELECT oid AS _b_oid, datname AS _b_name FROM pgc.pg_database) WHERE _b_oid::VARCHAR = _a::VARCHAR OR _b_name = _a::VARCHAR))
--
CREATE MACRO pgc.pg_tablespace_size(_a) AS CASE WHEN _a::VARCHAR IN ('1663', 'pg_default') THEN (SELECT coalesce(sum(_x_bytes), 0)::BIGINT FROM pgc._extra) ELSE 0 END
--
CREATE MACRO pgc.pg_tablespace_location(_a) AS CASE WHEN _a IS NOT NULL THEN '' END
--
CREATE MACRO pgc.pg_relation_is_publishable(_a) AS (
  SELECT _r_kind IN ('r', 'p') AND _r_oid >= 16384 FROM (SELECT oid AS _r_oid, relkind AS _r_kind FROM pgc.pg_class) WHERE _r_oid = pgc.regclass_oid(_a))
--
CREATE MACRO pgc.pg_relation_filenode(_a) AS (
  SELECT CASE WHEN _r_kind = 'r' THEN _r_oid END FROM (SELECT oid AS _r_oid, relkind AS _r_kind FROM pgc.pg_class) WHERE _r_oid = pgc.regclass_oid(_a))
--
CREATE MACRO pgc.pg_column_is_updatable(_a, _n, _t) AS CASE WHEN _a IS NOT NULL AND _n IS NOT NULL AND _t IS NOT NULL THEN false END
--
CREATE MACRO pgc.pg_relation_is_updatable(_a, _t) AS CASE WHEN _a IS NOT NULL AND _t IS NOT NULL THEN 0 END
--
CREATE MACRO pgc.pg_index_column_has_property(_a, _n, _k) AS (
  SELECT CASE WHEN _x_key IS NULL THEN NULL
    WHEN lower(_k) IN ('asc', 'desc', 'nulls_first', 'nulls_last', 'search_array', 'search_nulls') AND NOT _x_key THEN NULL
    WHEN lower(_k) = 'asc' THEN _x_btree AND _x_option & 1 = 0 WHEN lower(_k) = 'desc' THEN _x_btree AND _x_option & 1 = 1
    WHEN lower(_k) = 'nulls_first' THEN _x_btree AND _x_option & 2 = 2 WHEN lower(_k) = 'nulls_last' THEN _x_btree AND _x_option & 2 = 0
    WHEN lower(_k) IN ('orderable', 'search_array', 'search_nulls') THEN _x_btree AND _x_key WHEN lower(_k) = 'returnable' THEN _x_btree
    WHEN lower(_k) = 'distance_orderable' THEN false END
  FROM (SELECT x.indexrelid AS _x_oid, x.indoption[_n] AS _x_option, i.relam = 403 AS _x_btree,
      CASE WHEN _n BETWEEN 1 AND x.indnatts THEN _n <= x.indnkeyatts END AS _x_key
    FROM pgc.pg_index x JOIN pgc.pg_class i ON i.oid = x.indexrelid)
  WHERE _x_oid = pgc.regclass_oid(_a))
