package catalog

import "time"

// Reader is a process that answers queries from this catalog. Garbage collection waits for it.
type Reader struct {
	ID      string    // of the process, unique among those of the catalog
	Oldest  int64     // generation that a statement of it may read
	Horizon int64     // that it knew when it looked what its statements read: since then none began below it
	Until   time.Time // when it is taken for dead, unless it says the same again
}

// DeadFile is a full-field file that no generation from the horizon on has.
type DeadFile struct {
	Table Name
	Path  string
	Bytes int64
}
