// Package hotload brings what the catalog says into the hot store, exactly once, and says in the catalog what is hot.
//
// One process owns the hot store (lock.go); the others wake it (socket.go). A load is: reserve load sequences, write
// the rows under them in one transaction of the hot store, publish the coverage. Nobody reads rows whose sequence no
// coverage names, so a crash between the two leaves rows that nobody sees; they are removed before the next
// coverage is published, because a larger sequence would bring them into the range that readers see.
package hotload

import (
	"context"

	"tidegate/catalog"
)

// SeqColumn is the hidden column of every hot table: the load sequence of the row's pair (catalog.HotPart).
const SeqColumn = "_tg_seq"

// Hot is a hot store as the loader needs it. Every method is one transaction: done or nothing.
type Hot interface {
	// Check compares the table with the definition, and gives an AlteredError if somebody else has changed it. What
	// Ensure would mend is no error. loaded are the columns that rows in it were loaded with; if there are any, the table
	// must be there.
	Check(ctx context.Context, t *catalog.Table, loaded []string) error
	// Ensure makes the table, or adds and widens columns, so that it has the definition's hot columns and SeqColumn.
	// Errors are those of Check.
	Ensure(ctx context.Context, t *catalog.Table, loaded []string) error
	// Counts gives the number of rows of each load sequence in the table; none if there is no such table. A load that was
	// begun before, by whomever, adds none afterwards.
	Counts(ctx context.Context, table catalog.Name) (map[int64]int64, error)
	// Load writes rows under their parts' load sequences, in place of any that have these already. If a part has
	// another number of rows than it says, nothing is written and the error tells both.
	Load(ctx context.Context, l Load) (rows int64, err error)
	// Purge removes the rows of the load sequences.
	Purge(ctx context.Context, table catalog.Name, loadSeqs []int64) error
}

// Load is one batch's rows of some partitions on their way into the hot table.
type Load struct {
	Table *catalog.Table
	Batch string // and revision, for the store's own record: "20180215T0300Z-0123456789ab.r1"
	Parts []Part
	// Subset has every hot column of these partitions, perhaps also rows of other partitions. Nil: the rows come from
	// Files.
	Subset *Subset
	// Files are the full-field files of exactly these partitions. They are read if there is no Subset, or it is not Parquet
	// and the hot store takes no Avro.
	Files []LakeFile
	// unchecked are the hot columns of which the batch's ETL did not know that they would be.
	unchecked []catalog.Column
	// Path gives a path of an object on this machine, which it fetches if need be. It is good until Load returns.
	Path func(ctx context.Context, key, etag string) (string, error)
}

// Subset is a batch's column-subset output.
type Subset struct {
	Keys   []string // in the lake
	Format string   // catalog.Subset's
	// Columns are those of the files, in their order and of the types that they were written with.
	Columns []catalog.Column
	Rows    int64
}

// LakeFile is a full-field file of the lake.
type LakeFile struct{ Key, ETag, Partition string }

// Part is one partition of a load.
type Part struct {
	Partition string
	LoadSeq   int64
	Rows      int64
}

// Readers tells when nobody in this process reads a generation any more.
type Readers interface {
	// Wait returns when no reader holds a generation older than this one, or ctx ends.
	Wait(ctx context.Context, generation int64) error
}
