CREATE VIEW pgc.pg_roles AS
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolconnlimit,
  '********' AS rolpassword, rolvaliduntil, rolbypassrls, NULL::VARCHAR[] AS rolconfig, oid
FROM pgc.pg_authid
--
CREATE VIEW pgc.pg_user AS
SELECT rolname AS usename, oid AS usesysid, rolcreatedb AS usecreatedb, rolsuper AS usesuper, rolreplication AS userepl, rolbypassrls AS usebypassrls,
  '********' AS passwd, rolvaliduntil AS valuntil, NULL::VARCHAR[] AS useconfig
FROM pgc.pg_authid WHERE rolcanlogin
--
CREATE VIEW pgc.pg_group AS
SELECT rolname AS groname, oid AS grosysid, coalesce((SELECT list(m.member) FROM pgc.pg_auth_members m WHERE m.roleid = a.oid), []) AS grolist
FROM pgc.pg_authid a WHERE NOT rolcanlogin
--
CREATE VIEW pgc.pg_tables AS
SELECT n.nspname AS schemaname, c.relname AS tablename, pgc.pg_get_userbyid(c.relowner) AS tableowner, NULL::VARCHAR AS tablespace,
  c.relhasindex AS hasindexes, c.relhasrules AS hasrules, c.relhastriggers AS hastriggers, c.relrowsecurity AS rowsecurity
FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')
--
CREATE VIEW pgc.pg_views AS
SELECT n.nspname AS schemaname, c.relname AS viewname, pgc.pg_get_userbyid(c.relowner) AS viewowner, pgc.pg_get_viewdef(c.oid) AS definition
FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v'
--
CREATE VIEW pgc.pg_stat_all_tables AS
SELECT c.oid AS relid, n.nspname AS schemaname, c.relname, NULL::BIGINT AS seq_scan, NULL::BIGINT AS seq_tup_read, NULL::BIGINT AS idx_scan, NULL::BIGINT AS idx_tup_fetch,
  0::BIGINT AS n_tup_ins, 0::BIGINT AS n_tup_upd, 0::BIGINT AS n_tup_del, 0::BIGINT AS n_tup_hot_upd, greatest(c.reltuples, 0)::BIGINT AS n_live_tup, 0::BIGINT AS n_dead_tup,
  0::BIGINT AS n_mod_since_analyze, 0::BIGINT AS n_ins_since_vacuum, NULL::TIMESTAMPTZ AS last_vacuum, NULL::TIMESTAMPTZ AS last_autovacuum,
  NULL::TIMESTAMPTZ AS last_analyze, NULL::TIMESTAMPTZ AS last_autoanalyze, 0::BIGINT AS vacuum_count, 0::BIGINT AS autovacuum_count, 0::BIGINT AS analyze_count, 0::BIGINT AS autoanalyze_count
FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 't', 'm', 'p')
--
CREATE VIEW pgc.pg_stat_user_tables AS
SELECT * FROM pgc.pg_stat_all_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND NOT starts_with(schemaname, 'pg_toast')
--
CREATE VIEW pgc.pg_stat_sys_tables AS
SELECT * FROM pgc.pg_stat_all_tables WHERE schemaname IN ('pg_catalog', 'information_schema')
--
CREATE VIEW pgc.pg_statio_all_tables AS
SELECT c.oid AS relid, n.nspname AS schemaname, c.relname, 0::BIGINT AS heap_blks_read, 0::BIGINT AS heap_blks_hit,
  CASE WHEN c.relhasindex THEN 0::BIGINT END AS idx_blks_read, CASE WHEN c.relhasindex THEN 0::BIGINT END AS idx_blks_hit,
  NULL::BIGINT AS toast_blks_read, NULL::BIGINT AS toast_blks_hit, NULL::BIGINT AS tidx_blks_read, NULL::BIGINT AS tidx_blks_hit
FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 't', 'm')
--
CREATE VIEW pgc.pg_statio_user_tables AS
SELECT * FROM pgc.pg_statio_all_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND NOT starts_with(schemaname, 'pg_toast')
--
CREATE VIEW pgc.pg_statio_sys_tables AS
SELECT * FROM pgc.pg_statio_all_tables WHERE schemaname IN ('pg_catalog', 'information_schema')
--
CREATE VIEW pgc.pg_timezone_names AS
SELECT name, abbrev, utc_offset, is_dst FROM pg_timezone_names()
--
CREATE VIEW pgc.pg_sequences AS
SELECT n.nspname AS schemaname, c.relname AS sequencename, pgc.pg_get_userbyid(c.relowner) AS sequenceowner, s.seqtypid AS data_type, s.seqstart AS start_value,
  s.seqmin AS min_value, s.seqmax AS max_value, s.seqincrement AS increment_by, s.seqcycle AS cycle, s.seqcache AS cache_size, NULL::BIGINT AS last_value
FROM pgc.pg_sequence s JOIN pgc.pg_class c ON c.oid = s.seqrelid JOIN pgc.pg_namespace n ON n.oid = c.relnamespace
--
CREATE VIEW pgc.pg_matviews AS
SELECT n.nspname AS schemaname, c.relname AS matviewname, pgc.pg_get_userbyid(c.relowner) AS matviewowner, NULL::VARCHAR AS tablespace,
  c.relhasindex AS hasindexes, c.relispopulated AS ispopulated, pgc.pg_get_viewdef(c.oid) AS definition
FROM pgc.pg_class c JOIN pgc.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm'
--
CREATE VIEW pgc.pg_indexes AS
SELECT n.nspname AS schemaname, c.relname AS tablename, i.relname AS indexname, NULL::VARCHAR AS tablespace, pgc.pg_get_indexdef(i.oid) AS indexdef
FROM pgc.pg_index x JOIN pgc.pg_class c ON c.oid = x.indrelid JOIN pgc.pg_class i ON i.oid = x.indexrelid JOIN pgc.pg_namespace n ON n.oid = c.relnamespace
