// Package metastore is the catalog in an SQL database: all of its queries, in the SQL that SQLite and PostgreSQL have in
// common. catalog/sqlite and catalog/postgres open one; what the two do in different ways is a Database.
//
// Writers are alone, so that what they read is what they change; a transaction that changes what queries see is one
// generation. Readers use an immutable View, which view.go keeps up to date.
//
// Queries have their parameters as $1, $2, …, and a parameter that meets nothing but a constant is cast, for PostgreSQL to
// know its type. A query's rows are read to their end before the transaction's next one begins.
package metastore

import (
	"context"
	stdsql "database/sql"
)

// Database is where a catalog is stored.
type Database interface {
	// String names it for messages, without a password.
	String() string
	// Write runs change in a transaction that is alone: nobody else changes what it reads before it is committed. If
	// there is no error it was committed once; change may have been run more often.
	Write(ctx context.Context, change func(*stdsql.Tx) error) error
	// Read runs read, which may be run again: it changes nothing.
	Read(ctx context.Context, read func(Querier) error) error
	// Snapshot is Read, and all that read asks is answered as of one moment.
	Snapshot(ctx context.Context, read func(Querier) error) error
	// Version is another one after each commit since the last call that a View may show. A commit of this process that
	// ended before the call is one of them; another's may be a few milliseconds late, and is not forgotten afterwards.
	Version(ctx context.Context) (Version, error)
	// RowsPerInsert is how many rows one statement adds at most.
	RowsPerInsert() int
	Close() error
}

// Version tells the states of a catalog apart.
type Version struct {
	Catalog int64 // another one is another catalog, whose generations are others too
	Change  int64
}

// Querier is a database or a transaction.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *stdsql.Row
}
