package engine

import (
	"context"
	"strconv"
)

// Bringer is an Engine that can be given rows of other engines for a statement.
type Bringer interface {
	// Bring begins with no rows. zone is that of the statement, as in Statement.
	Bring(ctx context.Context, zone string) (Bringing, error)
}

// Bringing is tables of rows for one statement. It is not safe for concurrent use.
type Bringing interface {
	// Take reads rows of n columns, all of them text, to their end into a table of columns c1, c2, … cn, with the name
	// that BroughtTable gives for i. It fails with 53000 as soon as all that was taken is more than limit bytes.
	Take(ctx context.Context, i, n int, rows Rows, limit int64) error
	// Query starts the statement, which may read the tables.
	Query(ctx context.Context, s Statement) (Rows, error)
	// Close drops the tables and ends the rows of Query. It may be called more than once.
	Close() error
}

// BroughtTable is the name of a table that Bringing.Take made.
func BroughtTable(i int) string { return "temp.main.brought" + strconv.Itoa(i) }
