package etl

import (
	"slices"
	"time"

	"tidegate/catalog"
	"tidegate/etl/adopt"
)

// Report is what one Run did, in the order it ran.
type Report struct {
	Pipelines []PipelineReport
	Elapsed   time.Duration
}

// Idle reports whether nothing was made or given up, nor deleted from a queue.
func (r Report) Idle() bool {
	return !slices.ContainsFunc(r.Pipelines, func(p PipelineReport) bool {
		return p.Batches+p.Failed+p.Recovered+p.Messages.Deleted > 0
	})
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
	// Messages are those of the source's queue: Deleted, since their objects were read, and Left to it, since nobody
	// understands them or their objects are gone.
	Messages struct{ Received, Deleted, Left int }
	// Rejects counts rejected records by reason: "missing_field(ts)".
	Rejects map[string]int64
	// Truncated counts emitted rows by the column that was cut in them.
	Truncated map[string]int64
	// Notes are those of all committed batches together; the overrun is the last one's that had one.
	Notes      catalog.Notes
	Generation int64 // of the last commit; 0 without one
	// Adopted is what was found of an adopted table, without a Table if it could not be read; nil for other pipelines.
	Adopted *adopt.Change `json:"-"`
	Elapsed time.Duration
	Err     error `json:"-"` // nil if all went well
	// partial says that objects were found which others are to read, and have not yet.
	partial    bool
	firstStage bool
}

// Include counts what another process committed for the same pipeline.
func (p *PipelineReport) Include(o *PipelineReport) {
	p.Batches += o.Batches
	p.include(&o.Counts, &o.Notes, o.Rejects, o.Truncated)
	p.BytesIn += o.BytesIn
	p.BytesOut += o.BytesOut
	p.Files += o.Files
	p.Effort.CoreSeconds += o.Effort.CoreSeconds
	p.Effort.SerialCoreSeconds += o.Effort.SerialCoreSeconds
	p.Generation = max(p.Generation, o.Generation)
}

// add counts a committed batch.
func (p *PipelineReport) add(b *batch, generation int64) {
	p.Batches++
	p.include(&b.counts, &b.notes, b.rejects, b.truncated)
	p.BytesIn += b.bytesIn
	p.BytesOut += b.bytesOut()
	p.Files += len(b.files)
	if e := b.notes.Effort; e != nil {
		p.Effort.CoreSeconds += e.CoreSeconds
		p.Effort.SerialCoreSeconds += e.SerialCoreSeconds
	}
	p.Generation = generation
}

// include counts what became of records.
func (p *PipelineReport) include(more *catalog.Counts, notes *catalog.Notes, rejects, truncated map[string]int64) {
	p.Counts.Add(*more)
	if p.Rejects == nil {
		p.Rejects, p.Truncated = map[string]int64{}, map[string]int64{}
	}
	for reason, n := range rejects {
		p.Rejects[reason] += n
	}
	for column, n := range truncated {
		p.Truncated[column] += n
	}
	if u := notes.Unknown; u != nil {
		p.Notes.AddUnknown(*u)
	}
	p.Notes.Broken = append(p.Notes.Broken, notes.Broken...)
	if notes.Overrun != nil {
		p.Notes.Overrun = notes.Overrun
	}
}
