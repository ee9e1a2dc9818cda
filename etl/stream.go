package etl

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"tidegate/etl/raw"
	"tidegate/internal/engine"
)

// room is how much of the Engine's memory a batch gives to what.
type room struct {
	records int64 // bytes of records whose rows stay in memory
	sort    int64 // bytes of rows that are sorted at a time
	rejects int64 // rejected records that are noted before they are looked for in their objects
}

// noteBytes is what the note of a rejected record needs.
const noteBytes = 128

// roomIn divides memory, bytes, among batches that are made at a time. The rest is for what DuckDB reads and writes meanwhile.
func roomIn(memory int64, batches int) room {
	share := memory / int64(batches)
	return room{records: share / 8, sort: share * 2 / 3, rejects: share / 16 / noteBytes}
}

// stream is a raw.Sink: the SELECT gets records while others are read, and nothing keeps them. A batch may be of any size.
type stream struct {
	batch *batch
	move  func() error // moves the rows to the scratch database; not in the context of one reader, which ends with reading
	bytes atomic.Int64 // of the records

	mu     sync.RWMutex // held by who moves the rows; shared by who adds records
	feed   engine.Feed
	ended  chan error // tells how the SELECT went that reads the feed; nil if none does
	failed error
}

// ingest adds the rows of all records that are read to the batch's, and gives the local file of rejected records.
func (b *batch) ingest(ctx context.Context, read func(raw.Sink) (*raw.Ingested, error)) (rejects string, err error) {
	tally := b.Engine.Tally()
	defer tally.Close()
	if b.selected, err = b.selection(tally.Of); err != nil {
		return "", err
	}
	if b.bytesIn >= b.room.records { // unpacked they are more still
		if err := b.openScratch(ctx); err != nil {
			return "", err
		}
	}
	s := &stream{batch: b}
	s.move = func() error { return s.moveRows(ctx) }
	if err := s.begin(ctx); err != nil {
		return "", err
	}
	in, err := read(s)
	if err == nil {
		b.noteIngested(in)
		b.Step("ingested")
	}
	failed := s.end()
	b.counts.Filtered = tally.Others()
	switch {
	case failed != nil && (err == nil || errors.Is(err, engine.ErrNotRead) || errors.Is(err, failed)):
		return "", failed
	case err != nil:
		return "", errors.Join(fmt.Errorf("read the source: %w", err), failed)
	}
	return in.Quarantine, nil
}

// begin has the SELECT wait for records.
func (s *stream) begin(ctx context.Context) (err error) {
	b := s.batch
	if s.feed, err = b.Engine.Feed(ctx, raw.Columns(b.p), b.readers()); err != nil {
		return err
	}
	if err := b.exec(ctx, "CREATE OR REPLACE TEMP VIEW "+sourceTable+" AS SELECT * FROM "+s.feed.Relation()); err != nil {
		s.feed.Close()
		return err
	}
	s.ended = make(chan error, 1)
	go func() {
		err := b.transform(ctx)
		s.feed.Close()
		s.ended <- err
	}()
	return nil
}

// end has the SELECT come to an end, and tells whether one failed.
func (s *stream) end() error {
	if s.ended != nil {
		s.feed.End()
		s.failed = <-s.ended
		s.ended = nil
	}
	return s.failed
}

// Add gives records to the SELECT.
func (s *stream) Add(ctx context.Context, c *engine.Chunk, done func()) error {
	size := sizeOf(c) // as long as it is there
	if err := s.add(ctx, c, done); err != nil {
		return err
	}
	if n := s.bytes.Add(size); n-size < s.batch.room.records && n >= s.batch.room.records {
		return s.move()
	}
	return nil
}

func (s *stream) add(ctx context.Context, c *engine.Chunk, done func()) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.failed != nil {
		return s.failed
	}
	return s.feed.Add(ctx, c, done)
}

// stringBytes is what DuckDB needs for a string beside its text.
const stringBytes = 16

func sizeOf(c *engine.Chunk) int64 {
	return int64(len(c.Texts())) + int64(c.Rows)*int64(len(c.Vectors))*stringBytes
}

// moveRows has the SELECT go on in the scratch database.
func (s *stream) moveRows(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.batch.scratch || s.end() != nil {
		return s.failed
	}
	if s.failed = s.batch.moveToScratch(ctx); s.failed == nil {
		s.failed = s.begin(ctx)
	}
	return s.failed
}
