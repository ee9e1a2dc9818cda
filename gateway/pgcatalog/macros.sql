CREATE MACRO pgc._ident_parts(_a) AS
list_transform(regexp_extract_all(_a::VARCHAR, '"(?:[^"]|"")*"|[^."]+'),
  lambda _p: CASE WHEN starts_with(_p, '"') THEN replace(substr(_p, 2, length(_p) - 2), '""', '"') ELSE lower(trim(_p)) END)
--
CREATE MACRO pgc.quote_ident(_a) AS
CASE WHEN regexp_full_match(_a, '[a-z_][a-z0-9_$]*') AND NOT EXISTS (SELECT 1 FROM pgc._keyword _k WHERE _k.word = _a AND _k.category <> 'U')
  THEN _a ELSE '"' || replace(_a, '"', '""') || '"' END
--
CREATE MACRO pgc.quote_literal(_a) AS
CASE WHEN contains(_a::VARCHAR, chr(92)) THEN 'E' ELSE '' END || '''' || replace(replace(_a::VARCHAR, '''', ''''''), chr(92), chr(92) || chr(92)) || ''''
--
CREATE MACRO pgc.quote_nullable(_a) AS coalesce(pgc.quote_literal(_a), 'NULL')
--
CREATE MACRO pgc.pg_encoding_to_char(_a) AS
CASE WHEN _a IS NOT NULL THEN coalesce(['SQL_ASCII', 'EUC_JP', 'EUC_CN', 'EUC_KR', 'EUC_TW', 'EUC_JIS_2004', 'UTF8', 'MULE_INTERNAL',
  'LATIN1', 'LATIN2', 'LATIN3', 'LATIN4', 'LATIN5', 'LATIN6', 'LATIN7', 'LATIN8', 'LATIN9', 'LATIN10', 'WIN1256', 'WIN1258',
  'WIN866', 'WIN874', 'KOI8R', 'WIN1251', 'WIN1252', 'ISO_8859_5', 'ISO_8859_6', 'ISO_8859_7', 'ISO_8859_8', 'WIN1250', 'WIN1253',
  'WIN1254', 'WIN1255', 'WIN1257', 'KOI8U', 'SJIS', 'BIG5', 'GBK', 'UHC', 'GB18030', 'JOHAB', 'SHIFT_JIS_2004'][_a + 1], '') END
--
CREATE MACRO pgc.pg_char_to_encoding(_a) AS
CASE upper(_a) WHEN 'UTF8' THEN 6 WHEN 'UTF-8' THEN 6 WHEN 'UNICODE' THEN 6 WHEN 'SQL_ASCII' THEN 0 WHEN 'LATIN1' THEN 8 ELSE -1 END
--
CREATE MACRO pgc.getdatabaseencoding() AS 'UTF8'
--
CREATE MACRO pgc.pg_client_encoding() AS 'UTF8'
--
CREATE MACRO pgc._half_up(_a, _u) AS ((_a + sign(_a) * (_u // 2)) // _u)
--
CREATE MACRO pgc.pg_size_pretty(_a) AS
CASE WHEN abs(_a) < 10240 THEN _a::VARCHAR || ' bytes'
  WHEN abs(_a) < 20479::BIGINT * 512 THEN pgc._half_up(_a::HUGEINT, 1024)::VARCHAR || ' kB'
  WHEN abs(_a) < 20479::BIGINT * 524288 THEN pgc._half_up(_a::HUGEINT, 1048576)::VARCHAR || ' MB'
  WHEN abs(_a) < 20479::BIGINT * 536870912 THEN pgc._half_up(_a::HUGEINT, 1073741824)::VARCHAR || ' GB'
  WHEN abs(_a) < 20479::BIGINT * 549755813888 THEN pgc._half_up(_a::HUGEINT, 1099511627776)::VARCHAR || ' TB'
  ELSE pgc._half_up(_a::HUGEINT, 1125899906842624)::VARCHAR || ' PB' END
--
CREATE MACRO pgc.pg_is_in_recovery() AS false
--
CREATE MACRO pgc.pg_get_keywords() AS TABLE
SELECT word, category AS catcode, barelabel,
  CASE category WHEN 'U' THEN 'unreserved' WHEN 'C' THEN 'unreserved (cannot be function or type name)' WHEN 'T' THEN 'reserved (can be function or type name)' ELSE 'reserved' END AS catdesc,
  CASE WHEN barelabel THEN 'can be bare label' ELSE 'requires AS' END AS baredesc
FROM pgc._keyword
--
CREATE MACRO pgc.pg_partition_ancestors(_a) AS TABLE
SELECT oid AS relid FROM pgc.pg_class WHERE oid = _a AND relispartition
--
CREATE MACRO pgc.vector_out(_a) AS coalesce(list_aggregate(_a::VARCHAR[], 'string_agg', ' '), CASE WHEN _a IS NOT NULL THEN '' END)
--
CREATE MACRO pgc._element_out(_a) AS
CASE WHEN _a IS NULL THEN 'NULL' WHEN _a = '' OR lower(_a) = 'null' OR regexp_matches(_a, '[{}",\\\s]')
  THEN '"' || replace(replace(_a, chr(92), chr(92) || chr(92)), '"', chr(92) || '"') || '"' ELSE _a END
--
CREATE MACRO pgc.array_out(_a) AS
CASE WHEN _a IS NOT NULL THEN '{' || coalesce(list_aggregate(list_transform(_a::VARCHAR[], lambda _x: pgc._element_out(_x)), 'string_agg', ','), '') || '}' END
--
CREATE MACRO pgc.pg_my_temp_schema() AS 0::UINTEGER
--
CREATE MACRO pgc.pg_is_other_temp_schema(_a) AS CASE WHEN _a IS NOT NULL THEN false END
