package engine

import (
	"context"
	"errors"
)

// FeedColumn is a column of a Feed, whose Type is the engine's name of it.
type FeedColumn struct{ Name, Type string }

// Feed is a relation whose rows come while a statement reads them; nothing keeps them.
type Feed interface {
	// Relation is how FROM names it, once in a statement. What one statement reads no other one gets.
	Relation() string
	// Add gives the statement a chunk whose vectors have the layouts of the columns, and whose texts are UTF-8; it waits
	// until the statement asks for one. done is called, on any goroutine, when nobody looks at the chunk any more; after
	// an error it is not. Add is safe for concurrent use; the order of rows is lost.
	Add(ctx context.Context, c *Chunk, done func()) error
	// End says that there are no more rows. It is called once, when nobody is in Add, and nobody will be.
	End()
	// Close is called once, when the statement is over: nobody must wait for it in Add, where it is ErrNotRead.
	Close()
}

// ErrNotRead says that the statement which read a Feed is over. Why is the statement's to tell.
var ErrNotRead = errors.New("the statement that read the rows is over")

// Tally counts the rows that a condition does not let through, as it is computed.
type Tally interface {
	// Of gives a condition that lets the same rows through, and counts the others. It must be the only condition on rows of a
	// Feed: with others, or in a scan of Parquet, DuckDB does not compute it for every row, or once.
	Of(condition string) string
	// Others gives the number of rows for which the condition was false or NULL.
	Others() int64
	// Close is called once, when no statement computes the condition any more.
	Close()
}
