package etl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"tidegate/etl/pipeline"
	"tidegate/etl/raw"
	"tidegate/internal/engine"
)

// room is how much of the Engine's memory a batch gives to what.
type room struct {
	portion int64 // bytes of records that wait for the SELECT
	sort    int64 // bytes of rows that are sorted at a time
}

// roomIn divides memory, bytes, among batches that are made at a time. The rest is for what DuckDB reads and writes meanwhile.
func roomIn(memory int64, batches int) room {
	share := memory / int64(batches)
	return room{portion: share / 4, sort: share * 2 / 3}
}

// portions is a raw.Sink that collects records in sourceTable. Whenever they are as many as memory should hold they are
// transformed, and gone: a batch may be of any size. What comes meanwhile waits.
type portions struct {
	batch *batch
	bytes atomic.Int64 // of the records in sourceTable

	mu     sync.RWMutex // held by who takes the records away; shared by who adds some
	rows   engine.Appending
	failed error
}

// transformError is an error of what is done with records that were read: nobody shall look for it in the source.
type transformError struct{ error }

func (e *transformError) Unwrap() error { return e.error }

// Add adds records, and then takes all away if they are enough.
func (p *portions) Add(ctx context.Context, c *engine.Chunk) error {
	if err := p.add(ctx, c); err != nil || p.bytes.Load() < p.batch.room.portion {
		return err
	}
	return p.takeAway(ctx)
}

func (p *portions) add(ctx context.Context, c *engine.Chunk) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.failed != nil {
		return p.failed
	}
	p.bytes.Add(sizeOf(c))
	return p.rows.Add(ctx, c)
}

// stringBytes is what DuckDB needs for a string beside its text.
const stringBytes = 16

func sizeOf(c *engine.Chunk) int64 {
	return int64(len(c.Texts())) + int64(c.Rows)*int64(len(c.Vectors))*stringBytes
}

// takeAway transforms the records that were added.
func (p *portions) takeAway(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed != nil || p.bytes.Load() < p.batch.room.portion { // somebody else was faster
		return p.failed
	}
	if p.failed = p.close(ctx); p.failed != nil {
		return p.failed
	}
	if err := p.transform(ctx); err != nil {
		p.failed = &transformError{err}
	}
	return p.failed
}

func (p *portions) transform(ctx context.Context) error {
	if err := p.batch.toScratch(ctx); err != nil {
		return err
	}
	if err := p.batch.transform(ctx); err != nil {
		return err
	}
	p.batch.Step("portion")
	return p.open(ctx)
}

// open makes sourceTable, empty, ready to be added to.
func (p *portions) open(ctx context.Context) (err error) {
	p.bytes.Store(0)
	p.rows, err = p.batch.appendTo(ctx, sourceTable, p.batch.p)
	return err
}

func (p *portions) close(ctx context.Context) error {
	if p.rows == nil {
		return nil
	}
	err := p.rows.Close(ctx)
	p.rows = nil
	return err
}

// ingest makes sourceTable of the last portion of what is read, and has the others transformed. It gives the local file of
// rejected records.
func (b *batch) ingest(ctx context.Context, read func(raw.Sink) (*raw.Ingested, error)) (rejects string, err error) {
	b.sourceKind = "TABLE"
	sink := &portions{batch: b}
	if err := sink.open(ctx); err != nil {
		return "", err
	}
	in, err := read(sink)
	if err := errors.Join(err, sink.close(ctx)); err != nil {
		return "", err
	}
	b.noteIngested(in)
	return in.Quarantine, nil
}

// intoTable makes a table of the clean records of a pipeline that are read into it.
func (b *batch) intoTable(ctx context.Context, table string, p *pipeline.Pipeline, read func(raw.Sink) (*raw.Ingested, error)) (*raw.Ingested, error) {
	rows, err := b.appendTo(ctx, table, p)
	if err != nil {
		return nil, err
	}
	in, err := read(rows)
	return in, errors.Join(err, rows.Close(ctx))
}

// appendTo makes a temporary table for clean records of a pipeline.
func (b *batch) appendTo(ctx context.Context, table string, p *pipeline.Pipeline) (engine.Appending, error) {
	var columns []string
	for _, c := range raw.Columns(p) {
		columns = append(columns, ident(c.Name)+" "+c.Type)
	}
	if err := b.exec(ctx, fmt.Sprintf("CREATE OR REPLACE TEMP TABLE %s (%s)", table, strings.Join(columns, ", "))); err != nil {
		return nil, err
	}
	return b.session.Append(ctx, table)
}
