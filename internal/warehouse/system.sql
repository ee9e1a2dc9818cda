CREATE SCHEMA IF NOT EXISTS public;
CREATE SCHEMA IF NOT EXISTS tg_sys;

-- Functions that Redshift has and DuckDB lacks.
CREATE OR REPLACE MACRO tg_sys.nvl(a, b) AS coalesce(a, b);
CREATE OR REPLACE MACRO tg_sys.nvl2(a, b, c) AS CASE WHEN a IS NOT NULL THEN b ELSE c END;
CREATE OR REPLACE MACRO tg_sys.getdate() AS CAST(date_trunc('second', now() AT TIME ZONE 'UTC') AS TIMESTAMP);
-- Of the bases that Redshift has, 16 alone.
CREATE OR REPLACE MACRO tg_sys.strtol(digits, base) AS CASE WHEN base = 16 THEN CAST('0x' || digits AS BIGINT) ELSE error('strtol: only base 16 is here') END;
CREATE OR REPLACE MACRO tg_sys.charindex(part, whole) AS instr(whole, part);
CREATE OR REPLACE MACRO tg_sys.dateadd(part, n, ts) AS CAST(ts AS TIMESTAMP) + CASE lower(part)
    WHEN 'year' THEN to_years(CAST(n AS INTEGER)) WHEN 'month' THEN to_months(CAST(n AS INTEGER))
    WHEN 'week' THEN to_weeks(CAST(n AS INTEGER)) WHEN 'day' THEN to_days(CAST(n AS INTEGER))
    WHEN 'hour' THEN to_hours(n) WHEN 'minute' THEN to_minutes(n) WHEN 'second' THEN to_seconds(n)
    ELSE error('date part "' || part || '" is not built in this stand-in') END;

-- One row per rejected record. Nothing is deleted; Redshift keeps some days.
CREATE TABLE IF NOT EXISTS tg_sys.load_error (
    query BIGINT, table_name VARCHAR, start_time TIMESTAMP, file_name VARCHAR, line_number BIGINT, column_name VARCHAR,
    column_type VARCHAR, column_length VARCHAR, position BIGINT, raw_line VARCHAR, raw_value VARCHAR,
    error_code INTEGER, error_message VARCHAR);

-- One row per file of a COPY. It is written outside the transaction of the COPY: a row proves no commit.
CREATE TABLE IF NOT EXISTS tg_sys.load_file (
    query BIGINT, table_name VARCHAR, start_time TIMESTAMP, file_name VARCHAR, file_bytes BIGINT, lines BIGINT, status INTEGER);

CREATE OR REPLACE VIEW tg_sys.stl_load_errors AS
    SELECT 100 AS userid, 0 AS slice, 0 AS tbl, start_time AS starttime, 0 AS session, query, file_name AS filename,
           line_number, column_name AS colname, column_type AS type, column_length AS col_length, position,
           raw_line, raw_value AS raw_field_value, error_code AS err_code, error_message AS err_reason
    FROM tg_sys.load_error;
CREATE OR REPLACE VIEW tg_sys.sys_load_error_detail AS
    SELECT 100 AS user_id, query AS query_id, 0 AS transaction_id, 0 AS session_id, current_database() AS database_name, 0 AS table_id,
           start_time, file_name, line_number, column_name, column_type, column_length, position, error_code, error_message
    FROM tg_sys.load_error;
CREATE OR REPLACE VIEW tg_sys.stl_load_commits AS
    SELECT 100 AS userid, query, 0 AS slice, table_name AS name, file_name AS filename, lines AS lines_scanned, 0 AS errors,
           start_time AS curtime, status, file_bytes AS file_size
    FROM tg_sys.load_file;
CREATE OR REPLACE VIEW tg_sys.sys_load_history AS
    SELECT 100 AS user_id, query AS query_id, table_name, min(start_time) AS start_time, count(*) AS source_file_count,
           CAST(sum(file_bytes) AS BIGINT) AS source_file_bytes, CAST(sum(lines) AS BIGINT) AS loaded_rows,
           CASE WHEN min(status) = 1 THEN 'completed' ELSE 'aborted' END AS status
    FROM tg_sys.load_file GROUP BY query, table_name;

-- Every column of every table, with what DuckDB does not know read from the comments.
CREATE OR REPLACE VIEW tg_sys.tg_columns AS
    SELECT c.database_name, c.table_oid, CASE WHEN c.database_name = 'temp' THEN 'pg_temp' ELSE c.schema_name END AS schema_name, c.table_name,
           c.column_name, c.column_index, coalesce(json_extract_string(c.comment, '$.type'), lower(c.data_type)) AS type,
           coalesce(json_extract_string(c.comment, '$.encode'), 'none') AS encode,
           coalesce(json_extract(c.comment, '$.distkey') = 'true', false) AS distkey,
           coalesce(CAST(json_extract(c.comment, '$.sortkey') AS INTEGER), 0) AS sortkey,
           NOT c.is_nullable AS not_null, c.column_default
    FROM duckdb_columns() AS c
    WHERE NOT c.internal AND c.schema_name <> 'tg_sys' AND (c.database_name = 'temp' OR c.database_name = current_database());

-- Like Redshift's, it shows only what the search path reaches.
CREATE OR REPLACE VIEW tg_sys.pg_table_def AS
    SELECT schema_name AS schemaname, table_name AS tablename, column_name AS "column", type, encode AS encoding,
           distkey, sortkey, not_null AS "notnull"
    FROM tg_sys.tg_columns
    WHERE schema_name = 'pg_temp' OR list_contains(current_schemas(false), schema_name)
    ORDER BY schemaname, tablename, column_index;

CREATE OR REPLACE VIEW tg_sys.svv_table_info AS
    SELECT t.database_name AS database, t.schema_name AS schema, t.table_oid AS table_id, t.table_name AS "table",
           CASE WHEN bool_or(c.encode <> 'none') THEN 'Y' ELSE 'N' END AS encoded,
           any_value(coalesce(json_extract_string(t.comment, '$.diststyle'), 'AUTO(ALL)')) AS diststyle,
           coalesce(min(c.column_name) FILTER (c.sortkey = 1), 'AUTO(SORTKEY)') AS sortkey1,
           coalesce(max(TRY_CAST(regexp_extract(c.type, 'character varying\((\d+)\)', 1) AS INTEGER)), 0) AS max_varchar,
           CAST(count(*) FILTER (c.sortkey > 0) AS INTEGER) AS sortkey_num,
           CAST(1 + max(t.estimated_size) // 100000 AS BIGINT) AS size,
           CAST(max(t.estimated_size) AS DECIMAL(38,0)) AS tbl_rows
    FROM duckdb_tables() AS t JOIN tg_sys.tg_columns AS c ON c.database_name = t.database_name AND c.table_oid = t.table_oid
    WHERE t.database_name = current_database() AND t.schema_name <> 'tg_sys'
    GROUP BY ALL;

CREATE OR REPLACE VIEW tg_sys.svv_tables AS
    SELECT current_database() AS table_catalog, schema_name AS table_schema, table_name, 'BASE TABLE' AS table_type, NULL AS remarks
    FROM duckdb_tables() WHERE database_name = current_database() AND schema_name <> 'tg_sys'
    UNION ALL
    SELECT current_database(), schema_name, view_name, 'VIEW', NULL
    FROM duckdb_views() WHERE database_name = current_database() AND NOT internal AND schema_name <> 'tg_sys';

CREATE OR REPLACE VIEW tg_sys.svv_columns AS
    SELECT current_database() AS table_catalog, schema_name AS table_schema, table_name, column_name,
           CAST(column_index AS INTEGER) AS ordinal_position, column_default,
           CASE WHEN not_null THEN 'NO' ELSE 'YES' END AS is_nullable,
           regexp_extract(type, '^[a-z ]+') AS data_type,
           TRY_CAST(regexp_extract(type, 'character.*\((\d+)\)', 1) AS INTEGER) AS character_maximum_length,
           TRY_CAST(regexp_extract(type, 'numeric\((\d+),', 1) AS INTEGER) AS numeric_precision,
           TRY_CAST(regexp_extract(type, 'numeric\(\d+,(\d+)\)', 1) AS INTEGER) AS numeric_scale, NULL AS remarks
    FROM tg_sys.tg_columns;

CREATE OR REPLACE VIEW tg_sys.svv_all_tables AS
    SELECT table_catalog AS database_name, table_schema AS schema_name, table_name,
           CASE table_type WHEN 'BASE TABLE' THEN 'TABLE' ELSE table_type END AS table_type, NULL AS table_acl, remarks
    FROM tg_sys.svv_tables;

CREATE OR REPLACE VIEW tg_sys.svv_all_columns AS
    SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, column_name, ordinal_position, column_default,
           is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale, remarks
    FROM tg_sys.svv_columns;

CREATE OR REPLACE VIEW tg_sys.svv_all_schemas AS
    SELECT current_database() AS database_name, schema_name, NULL AS schema_owner, 'local' AS schema_type, NULL AS schema_acl
    FROM duckdb_schemas() WHERE database_name = current_database() AND NOT internal AND schema_name NOT IN ('tg_sys', 'main');

-- What views read is not known here: DuckDB keeps no trees of them.
CREATE OR REPLACE VIEW tg_sys.pg_rewrite AS
    SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS VARCHAR) AS rulename, CAST(NULL AS BIGINT) AS ev_class WHERE false;
