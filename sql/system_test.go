package sql_test

// systemTables is a catalog with the columns that psql's \d and \dt read.
func systemTables() tables {
	return newTables(
		"pg_catalog.pg_class oid oid, relname name, relnamespace oid, reloftype oid, relowner oid, relam oid, reltablespace oid, reltoastrelid oid, relhasindex bool, relpersistence char, relkind char, relchecks int2, relhasrules bool, relhastriggers bool, relrowsecurity bool, relforcerowsecurity bool, relispartition bool, relreplident char, relacl aclitem[], reloptions text[], relpartbound text",
		"pg_catalog.pg_namespace oid oid, nspname name",
		"pg_catalog.pg_am oid oid, amname name",
		"pg_catalog.pg_attribute attrelid oid, attname name, atttypid oid, atttypmod int, attnum int2, attnotnull bool, atthasdef bool, attisdropped bool, attcollation oid, attidentity char, attgenerated char, attstorage char, attacl aclitem[]",
		"pg_catalog.pg_attrdef oid oid, adrelid oid, adnum int2, adbin text",
		"pg_catalog.pg_collation oid oid, collname name",
		"pg_catalog.pg_type oid oid, typname name, typnamespace oid, typcollation oid, typrelid oid, typelem oid, typarray oid",
		"pg_catalog.pg_constraint oid oid, conname name, conrelid oid, contype char, conparentid oid",
		"pg_catalog.pg_policy polname name, polrelid oid, polpermissive bool, polroles oid[], polqual text, polwithcheck text, polcmd char",
		"pg_catalog.pg_roles oid oid, rolname name, rolsuper bool, rolinherit bool, rolcreaterole bool, rolcreatedb bool, rolcanlogin bool, rolconnlimit int, rolvaliduntil timestamptz, rolreplication bool, rolbypassrls bool",
		"pg_catalog.pg_auth_members roleid oid, member oid",
		"pg_catalog.pg_statistic_ext oid oid, stxrelid oid, stxnamespace oid, stxname name, stxkind text[], stxstattarget int",
		"pg_catalog.pg_trigger oid oid, tgrelid oid, tgparentid oid, tgname name, tgenabled char, tgisinternal bool",
		"pg_catalog.pg_inherits inhrelid oid, inhparent oid, inhdetachpending bool",
		"pg_catalog.pg_database oid oid, datname name, datdba oid, encoding int, datcollate text, datctype text, daticulocale text, datlocprovider char, datacl aclitem[]",
		"pg_catalog.pg_rewrite oid oid, rulename name, ev_class oid",
		"pg_catalog.pg_proc oid oid, proname name, pronamespace oid, prokind char",
		"pg_catalog.pg_index indexrelid oid, indrelid oid, indkey int2vector, indisprimary bool",
	)
}
