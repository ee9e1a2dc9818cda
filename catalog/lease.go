package catalog

import (
	"errors"
	"fmt"
	"time"
)

// ErrLeased says that somebody holds a lease that excludes this one.
var ErrLeased = errors.New("leased by another")

// ErrLeaseLost says that a lease ended and another may have taken its work: what was done under it must not be published.
var ErrLeaseLost = errors.New("the lease is lost")

// ErrStale says that rows were deduplicated against partitions that changed since.
var ErrStale = errors.New("made of what is no longer so")

// Lease says that a process works on a piece of a table, so that no other does. It is held until it is released or, after
// Until, taken by another: only then is it lost.
type Lease struct {
	Table Name
	// Piece is the work's name. "" is all of the table: it excludes every other lease of it.
	Piece  string
	Owner  string // a process, unique among all
	Until  time.Time
	Inputs []Input // that the piece reads, by key and ETag; no other lease has one of them
	// Token is larger than those of all leases before. Store.Lease gives it.
	Token int64
}

// ReadError says that published batches have read some of the inputs of a lease as they are.
type ReadError struct{ Keys []string }

func (e *ReadError) Error() string {
	return fmt.Sprintf("%d inputs were read by other batches, %s among them", len(e.Keys), e.Keys[0])
}
