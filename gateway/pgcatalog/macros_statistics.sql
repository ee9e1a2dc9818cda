CREATE MACRO pgc.pg_stat_get_tuples_inserted(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_tuples_updated(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_tuples_deleted(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_tuples_hot_updated(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_dead_tuples(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_mod_since_analyze(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_ins_since_vacuum(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_blocks_fetched(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_blocks_hit(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_vacuum_count(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_autovacuum_count(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_analyze_count(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_autoanalyze_count(_a) AS CASE WHEN _a IS NOT NULL THEN 0::BIGINT END
--
CREATE MACRO pgc.pg_stat_get_numscans(_a) AS NULL::BIGINT
--
CREATE MACRO pgc.pg_stat_get_tuples_returned(_a) AS NULL::BIGINT
--
CREATE MACRO pgc.pg_stat_get_tuples_fetched(_a) AS NULL::BIGINT
--
CREATE MACRO pgc.pg_stat_get_last_vacuum_time(_a) AS NULL::TIMESTAMPTZ
--
CREATE MACRO pgc.pg_stat_get_last_autovacuum_time(_a) AS NULL::TIMESTAMPTZ
--
CREATE MACRO pgc.pg_stat_get_last_analyze_time(_a) AS NULL::TIMESTAMPTZ
--
CREATE MACRO pgc.pg_stat_get_last_autoanalyze_time(_a) AS NULL::TIMESTAMPTZ
--
CREATE MACRO pgc.pg_stat_get_live_tuples(_a) AS CASE WHEN _a IS NOT NULL THEN coalesce(
  (SELECT greatest(_r_rows, 0)::BIGINT FROM (SELECT oid AS _r_oid, reltuples AS _r_rows FROM pgc.pg_class) WHERE _r_oid = _a), 0) END
