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
	portion int64 // bytes of records that the SELECT gets at a time; as many are read meanwhile
	sort    int64 // bytes of rows that are sorted at a time
}

// roomIn divides memory, bytes, among batches that are made at a time. The rest is for what DuckDB reads and writes meanwhile.
func roomIn(memory int64, batches int) room {
	share := memory / int64(batches)
	return room{portion: share / 8, sort: share * 2 / 3}
}

// portions is a raw.Sink that collects records in a table. Whenever they are as many as memory should hold they are
// transformed, and gone: a batch may be of any size. What comes meanwhile collects in another table, until that is full too.
type portions struct {
	batch     *batch
	session   engine.Session           // that fills tables: the batch's may be at work
	transform func(table string) error // the records of sourceTable, which is a view of this one
	bytes     atomic.Int64             // of the records in the table that is filled

	mu     sync.RWMutex // held by who takes the records away; shared by who adds some
	number int          // of the table that is filled
	rows   engine.Appending
	ended  chan error // tells how the transformation went that is under way; nil if none is
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

// takeAway has the records transformed that were added, once those before are.
func (p *portions) takeAway(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed == nil && p.bytes.Load() >= p.batch.room.portion { // nobody else was faster
		if p.failed = p.offer(ctx); p.failed == nil {
			p.begin(p.table())
			p.failed = p.fill(ctx)
		}
	}
	return p.failed
}

// begin has a table transformed, which nobody fills any more.
func (p *portions) begin(table string) {
	ended := make(chan error, 1)
	go func() { ended <- p.transform(table) }()
	p.ended = ended
}

// fill begins a table.
func (p *portions) fill(ctx context.Context) (err error) {
	p.bytes.Store(0)
	p.number++
	if _, err := p.session.Exec(ctx, "CREATE TABLE "+p.table()+" "+columnsOf(p.batch.p)); err != nil {
		return fmt.Errorf("make a table of records: %w", err)
	}
	p.rows, err = p.session.Append(ctx, p.table())
	return err
}

// offer makes sourceTable the table that was filled, once the one before is gone.
func (p *portions) offer(ctx context.Context) error {
	if err := errors.Join(p.close(ctx), p.wait()); err != nil {
		return err
	}
	return p.batch.exec(ctx, fmt.Sprintf("CREATE OR REPLACE TEMP VIEW %s AS SELECT * FROM %s.%s", sourceTable, p.batch.recordsName(), p.table()))
}

// wait waits for the transformation that is under way.
func (p *portions) wait() error {
	if p.ended == nil {
		return nil
	}
	err := <-p.ended
	p.ended = nil
	if err != nil {
		return &transformError{err}
	}
	return nil
}

// close completes the table that is filled.
func (p *portions) close(ctx context.Context) error {
	if p.rows == nil {
		return nil
	}
	err := p.rows.Close(ctx)
	p.rows = nil
	return err
}

// table is the one that is filled.
func (p *portions) table() string { return fmt.Sprintf("main.records_%d", p.number) }

// ingest makes sourceTable of the last portion of what is read, and has the others transformed. It gives the local file of
// rejected records.
func (b *batch) ingest(ctx context.Context, read func(raw.Sink) (*raw.Ingested, error)) (rejects string, err error) {
	sink := &portions{batch: b, transform: func(table string) error { return b.transformPortion(ctx, table) }}
	if sink.session, err = b.openRecords(ctx); err != nil {
		return "", err
	}
	in, err := sink.all(ctx, read)
	if err := errors.Join(err, sink.session.Close()); err != nil {
		return "", err
	}
	b.noteIngested(in)
	return in.Quarantine, nil
}

// all reads all portions, and has all but the last transformed.
func (p *portions) all(ctx context.Context, read func(raw.Sink) (*raw.Ingested, error)) (in *raw.Ingested, err error) {
	if err := p.fill(ctx); err != nil {
		return nil, err
	}
	if in, err = read(p); err == nil {
		err = p.offer(ctx)
	}
	return in, errors.Join(err, p.close(ctx), p.wait())
}

// openRecords makes the database of records that wait for the SELECT, and a session that fills it.
func (b *batch) openRecords(ctx context.Context) (engine.Session, error) {
	if err := b.exec(ctx, "ATTACH ':memory:' AS "+b.recordsName()); err != nil {
		return nil, err
	}
	b.records = true
	session, err := b.Engine.Session(ctx)
	if err != nil {
		return nil, fmt.Errorf("open a session for records: %w", err)
	}
	if _, err := session.Exec(ctx, "USE "+b.recordsName()); err != nil {
		return nil, errors.Join(fmt.Errorf("open a session for records: %w", err), session.Close())
	}
	return session, nil
}

// recordsName is the database of a batch's records that wait for the SELECT.
func (b *batch) recordsName() string { return ident("_tg_records_" + b.id + "." + b.attempt) }

// closeRecords lets go of the records, if there are any.
func (b *batch) closeRecords(ctx context.Context) error {
	if !b.records {
		return nil
	}
	b.records = false
	if err := b.exec(ctx, "DETACH "+b.recordsName()); err != nil {
		return fmt.Errorf("drop the records: %w", err)
	}
	return nil
}

// transformPortion adds the rows of the records in a table to the batch's, of which memory will not hold all, and drops it.
func (b *batch) transformPortion(ctx context.Context, table string) error {
	if err := b.toScratch(ctx); err != nil {
		return err
	}
	if err := b.transform(ctx); err != nil {
		return err
	}
	b.Step("portion")
	return b.exec(ctx, "DROP TABLE "+b.recordsName()+"."+table)
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
	if err := b.exec(ctx, fmt.Sprintf("CREATE OR REPLACE TEMP TABLE %s %s", table, columnsOf(p))); err != nil {
		return nil, err
	}
	return b.session.Append(ctx, table)
}

// columnsOf defines the columns of clean records.
func columnsOf(p *pipeline.Pipeline) string {
	var columns []string
	for _, c := range raw.Columns(p) {
		columns = append(columns, ident(c.Name)+" "+c.Type)
	}
	return "(" + strings.Join(columns, ", ") + ")"
}
