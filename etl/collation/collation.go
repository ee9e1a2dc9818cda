// Package collation is about how PostgreSQL compares text: as the lake's is compared, by its bytes, or as people sort.
package collation

// SQL expressions for PostgreSQL 9.5 and later. The name of a collation is ” where text compares by its bytes.
const (
	// Default is the name of the database's collation.
	Default = `(SELECT CASE WHEN w.provider = 'b' OR w.provider = 'c' AND w.datcollate IN (` + byBytes + `) THEN '' ELSE w.name END ` +
		`FROM (SELECT d.datcollate, coalesce(to_jsonb(d)->>'datlocprovider', 'c') AS provider, ` +
		`coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale', d.datcollate) AS name ` +
		`FROM pg_catalog.pg_database d WHERE d.datname = current_database()) w)`
	// OfColumn is the name of the collation of a row a of pg_attribute; '' for what is no text too.
	OfColumn = `coalesce((SELECT CASE WHEN o.collname = 'default' THEN ` + Default + ` WHEN o.collname IN (` + byBytes + `) THEN '' ` +
		`ELSE o.collname END FROM pg_catalog.pg_collation o WHERE o.oid = a.attcollation), '')`
	// Bytes is what stands behind COLLATE for text that compares by its bytes, and changes case by Unicode if the server
	// has such a collation.
	Bytes = `(SELECT 'pg_catalog.' || quote_ident(coalesce(min(u.collname), 'C')) FROM pg_catalog.pg_collation u ` +
		`WHERE u.collname IN ('C.utf8', 'C.UTF-8') AND u.collnamespace = 'pg_catalog'::regnamespace)`

	byBytes = `'C', 'POSIX', 'C.UTF-8', 'C.utf8', 'ucs_basic', 'pg_c_utf8', 'pg_unicode_fast'`
)
