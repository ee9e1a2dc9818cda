// Package etl makes tables of the lake: it turns raw objects (first stage) or other tables (second stage) into
// full-field Parquet and the column subset, and commits each batch as one generation of the catalog.
//
// A batch reads in this order: batchid.go, source.go, transform.go, dedupe.go, write.go, verify.go, commit.go. At
// every step between them the process may die: a later run finds what is committed by the commit records (recover.go)
// and makes the rest again under the same batch id. The order is the proof: files before the record, the record
// before the catalog. The hot store is never touched here. Who makes which batch is in pieces.go and claimant.go.
package etl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/engine"
	"tidegate/internal/storage"
)

// Engine is what the runner needs of DuckDB: private sessions that may write files below Options.WorkDir and read
// them, the lake's and the source's local files.
type Engine interface {
	Session(ctx context.Context) (engine.Session, error)
	Feed(ctx context.Context, columns []engine.FeedColumn, threads int) (engine.Feed, error)
	Tally() engine.Tally
}

// Options are what a Runner works with. All but Relist, Objects, Accept, Jobs, Shard, Share, Workers, Memory, Cores, Step, LeaseTime and Now must be set.
type Options struct {
	Store catalog.Store
	Lake  storage.Bucket
	// Source opens the location of a first-stage pipeline's source, or that of adopted Parquet.
	Source func(location string) (storage.Bucket, error)
	Engine Engine
	// Events opens the queue of a source that has one; nil if no pipeline's has.
	Events func(s *pipeline.Source) (Events, error)
	// WorkDir is a folder for files in the making; processes that share a catalog on one machine share it, to see at once
	// which of them died. Best on the lake's file system: then a finished file is renamed, not copied.
	WorkDir string
	Log     *slog.Logger
	// Relist has the whole of every source listed, not only the end of it.
	Relist bool
	// Objects, if not nil, names the only objects to read, of the one pipeline that has a source: nothing is listed. A
	// name is the key, or the whole URL. What a batch has read as it is now is not read again.
	Objects []string
	// Accept names rules of pipelines that do not stop a batch, though it breaks them: its commit record says so.
	Accept []string
	// Jobs is how many batches are made at a time, of all pipelines; 0 is 1. They share the Engine's memory.
	Jobs int
	// Shard limits what is read of sources: other runs read other objects.
	Shard Shard
	// Share, if not nil, has other processes of this machine make what batches they can of what this run found.
	Share Share
	// Workers is how many processes do what Work does at once; 0 is 1.
	Workers int
	// Memory is what the Engine may have, bytes; 0 is DefaultMemory.
	Memory int64
	// Cores is how many of them the Engine uses; 0: all.
	Cores int
	// Step, if not nil, is called, by several goroutines, at each named step, in this order: recovered, discovered; then for
	// each batch scratched (first stage, if memory does not hold the rows), ingested, transformed, deduplicated (first stage),
	// quarantined (if there are rejects), arranged, put (for each file), written, verified, reserved, recorded, published.
	// Tests end the process in it.
	Step func(name string)
	// LeaseTime is how long other runs wait for this one when they hear nothing of it; 0 is the constant LeaseTime.
	LeaseTime time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Runner runs pipelines. It is safe for concurrent use, and so are runs in other processes on one catalog: they share
// the work by leases.
type Runner struct {
	Options
	fault       fault
	limit       fileLimit
	largeSource int // objects
	meter       *meter
	// overrunGrace is how much longer than expected a batch may take at least.
	overrunGrace time.Duration
	kin          *kinOf
	sizes        compactSizes
}

// DefaultMemory is what an Engine of which nobody says more is taken to have, bytes.
const DefaultMemory = 1 << 30

// fault lets this package's tests damage what a batch writes or counts, between the step and its check.
type fault struct {
	// written is a condition on the rows that go into the full-field files.
	written string
	// selected is a condition on the rows that the SELECT gave.
	selected string
	// filtered is added to the count of filtered rows.
	filtered int64
}

// fileLimit is the size of a full-field file; the rest of a partition goes into further ones.
type fileLimit struct{ rows, bytes int64 }

// New gives a Runner.
func New(o Options) (*Runner, error) {
	abs, err := filepath.Abs(o.WorkDir)
	if err != nil {
		return nil, fmt.Errorf("find the ETL work folder: %w", err)
	}
	o.WorkDir = abs
	if o.Step == nil {
		o.Step = func(string) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Cores = cmp.Or(o.Cores, runtime.GOMAXPROCS(0))
	o.Memory = cmp.Or(o.Memory, DefaultMemory)
	return &Runner{
		Options: o, limit: fileLimit{rows: 16_000_000, bytes: 512 << 20}, largeSource: largeSource, meter: &meter{},
		overrunGrace: overrunGrace, kin: &kinOf{known: map[kinKey]kin{}}, sizes: compactSizes{good: 64 << 20, wanted: 256 << 20, batch: 2 << 30},
	}, nil
}

// Run runs every pipeline once, upstream before downstream. A batch that fails is noted in the catalog and leaves
// nothing else behind; the other batches and the pipelines that do not read its table still run. The Report is
// complete with an error too; the error joins those of all pipelines.
func (r *Runner) Run(ctx context.Context, pipelines []*pipeline.Pipeline) (Report, error) {
	report, err := r.inOrder(ctx, pipelines, (*run).make)
	return report, errors.Join(err, r.tellTurns(ctx, report))
}

// inOrder gives every pipeline its turn, upstream before downstream.
func (r *Runner) inOrder(ctx context.Context, pipelines []*pipeline.Pipeline, turn func(*run, context.Context) error) (_ Report, err error) {
	started := r.Now()
	sorted, err := pipeline.Sort(pipelines)
	if err != nil {
		return Report{}, err
	}
	if err := r.checkObjects(pipelines); err != nil {
		return Report{}, err
	}
	claims, err := newClaimant(ctx, r.Store, r.WorkDir, r.LeaseTime, r.Log)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, claims.close(ctx)) }()
	g := graph{Runner: r, claims: claims, turn: turn, slots: make(chan struct{}, max(1, r.Jobs))}
	report, err := g.run(ctx, sorted)
	report.Elapsed = r.Now().Sub(started)
	return report, err
}

// run is one pipeline's turn.
type run struct {
	*Runner
	p         *pipeline.Pipeline
	claims    *claimant
	slots     chan struct{}   // of the run: who makes a batch has one
	under     []catalog.Lease // what is done now needs
	dir       string          // of this table, in the claimant's folder
	choice    *Choice         // of a backfill; nil: none
	reporting *sync.Mutex     // of report
	report    *PipelineReport
	log       *slog.Logger
}

// room is what one of the batches that are made at a time has.
func (t *run) room() room { return roomIn(t.Memory, max(1, cap(t.slots))) }

// make makes the batches that are due.
func (t *run) make(ctx context.Context) error {
	switch {
	case t.p.Adopt != nil:
		return t.whole(ctx, (*run).adopted)
	case t.p.Source == nil:
		return t.whole(ctx, (*run).secondStage)
	}
	return t.pieces(ctx, (*run).firstStage)
}
