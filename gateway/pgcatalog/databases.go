package pgcatalog

import "fmt"

const databasesText = `(SELECT d.oid AS datid, d.datname, CASE WHEN d.oid = 0 OR d.datname LIKE 'template%%' THEN 0 ELSE %d END::INTEGER AS numbackends,
	0::BIGINT AS xact_commit, 0::BIGINT AS xact_rollback, 0::BIGINT AS blks_read, 0::BIGINT AS blks_hit, 0::BIGINT AS tup_returned,
	0::BIGINT AS tup_fetched, 0::BIGINT AS tup_inserted, 0::BIGINT AS tup_updated, 0::BIGINT AS tup_deleted, 0::BIGINT AS conflicts,
	0::BIGINT AS temp_files, 0::BIGINT AS temp_bytes, 0::BIGINT AS deadlocks, NULL::BIGINT AS checksum_failures,
	NULL::TIMESTAMPTZ AS checksum_last_failure, 0::DOUBLE AS blk_read_time, 0::DOUBLE AS blk_write_time, 0::DOUBLE AS session_time,
	0::DOUBLE AS active_time, 0::DOUBLE AS idle_in_transaction_time, 0::BIGINT AS sessions, 0::BIGINT AS sessions_abandoned,
	0::BIGINT AS sessions_fatal, 0::BIGINT AS sessions_killed, NULL::TIMESTAMPTZ AS stats_reset
	FROM (SELECT 0::UINTEGER AS oid, NULL AS datname UNION ALL SELECT oid, datname FROM pgc.pg_database) d)`

// databasesSource gives the rows of pg_stat_database, one of them for what is no database's: the sessions are counted, all
// else is 0, as where PostgreSQL counts nothing (track_counts).
func databasesSource(backends []Backend) string { return fmt.Sprintf(databasesText, len(backends)) }
