package etl

import (
	"time"

	"tidegate/catalog"
	"tidegate/etl/adopt"
)

// Report is what one Run did, in the order it ran.
type Report struct {
	Pipelines []PipelineReport
	Elapsed   time.Duration
}

// PipelineReport is what one pipeline's turn did.
type PipelineReport struct {
	Name  string
	Table catalog.Name
	// Recovered counts commit records that a run before had written and not published.
	Recovered int
	// Batches counts what this run committed, Failed what it gave up; the sums below are of the committed ones.
	Batches, Failed   int
	Counts            catalog.Counts
	Effort            catalog.Effort
	BytesIn, BytesOut int64 // input objects (for a second stage: upstream's files); full-field and subset files
	Files             int   // full-field
	// Rejects counts rejected records by reason: "missing_field(ts)".
	Rejects map[string]int64
	// Truncated counts emitted rows by the column that was cut in them.
	Truncated map[string]int64
	// Notes are those of all committed batches together; the overrun is the last one's that had one.
	Notes      catalog.Notes
	Generation int64 // of the last commit; 0 without one
	// Adopted is what was found of an adopted table, without a Table if it could not be read; nil for other pipelines.
	Adopted *adopt.Change
	Elapsed time.Duration
	Err     error // nil if all went well
}

// add counts a committed batch.
func (p *PipelineReport) add(b *batch, generation int64) {
	p.Batches++
	c := &p.Counts
	c.Read += b.counts.Read
	c.Blank += b.counts.Blank
	c.Rejected += b.counts.Rejected
	c.Filtered += b.counts.Filtered
	c.Deduplicated += b.counts.Deduplicated
	c.Emitted += b.counts.Emitted
	c.Truncated += b.counts.Truncated
	p.BytesIn += b.bytesIn
	p.BytesOut += b.bytesOut()
	p.Files += len(b.files)
	if e := b.notes.Effort; e != nil {
		p.Effort.CoreSeconds += e.CoreSeconds
		p.Effort.SerialCoreSeconds += e.SerialCoreSeconds
	}
	if p.Rejects == nil {
		p.Rejects, p.Truncated = map[string]int64{}, map[string]int64{}
	}
	for reason, n := range b.rejects {
		p.Rejects[reason] += n
	}
	for column, n := range b.truncated {
		p.Truncated[column] += n
	}
	if u := b.notes.Unknown; u != nil {
		p.Notes.AddUnknown(*u)
	}
	p.Notes.Broken = append(p.Notes.Broken, b.notes.Broken...)
	if b.notes.Overrun != nil {
		p.Notes.Overrun = b.notes.Overrun
	}
	p.Generation = generation
}
