package cold

import (
	"context"
	"errors"
	"fmt"
	"io"

	"tidegate/internal/engine"
	"tidegate/internal/logkey"
)

// queryWaves runs the parts of a statement one after the other, each with its own lease on the cache: their files do
// not fit it together.
func (e *Engine) queryWaves(ctx context.Context, s engine.Statement) (engine.Rows, error) {
	if s.Into != nil && s.Waves.Final == "" {
		s.Waves = gatherAll(s.Waves)
	}
	if s.Waves.Final != "" {
		return e.gather(ctx, s)
	}
	w := &waves{ctx: ctx, e: e, s: s, left: s.Waves.Limit}
	if err := w.start(); err != nil {
		return nil, err
	}
	return w, nil
}

// gatherAll is waves whose rows are put into a table: all at once, or none.
func gatherAll(w *engine.Waves) *engine.Waves {
	all := *w
	all.Final = "SELECT * FROM " + engine.GatheredTable
	if w.Limit >= 0 {
		all.Final += fmt.Sprintf(" LIMIT %d", w.Limit)
	}
	return &all
}

// part is one of the parts as a statement of its own.
func part(s engine.Statement, i int) engine.Statement {
	s.SQL, s.Files, s.Waves = s.Waves.Parts[i].SQL, s.Waves.Parts[i].Files, nil
	return s
}

// gather keeps the rows of the parts and asks the last statement of them. No file is leased while its rows are read.
func (e *Engine) gather(ctx context.Context, s engine.Statement) (engine.Rows, error) {
	gatherer, ok := e.inner.(engine.Gatherer)
	if !ok {
		return nil, fmt.Errorf("the engine %T keeps no rows of waves", e.inner)
	}
	if s.Before != "" {
		rows, err := e.inner.Query(ctx, engine.Statement{SQL: "SELECT 1", Before: s.Before, TimeZone: s.TimeZone})
		if err != nil {
			return nil, err
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
	}
	g, err := gatherer.Gather(ctx, s.TimeZone)
	if err != nil {
		return nil, err
	}
	for i := range s.Waves.Parts {
		if err := e.add(ctx, g, part(s, i)); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	rows, err := g.Query(ctx, engine.Statement{SQL: s.Waves.Final, TimeZone: s.TimeZone, Columns: s.Columns, Into: s.Into})
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return &gathered{Rows: rows, gathering: g}, nil
}

// add brings what a part needs and keeps its rows. If it reads what it did not ask for, it is run once more with its
// objects whole: DuckDB adds the rows of a statement all or not at all.
func (e *Engine) add(ctx context.Context, g engine.Gathering, s engine.Statement) error {
	need := e.objects(s.Files)
	cache, err := e.open()
	if err != nil {
		return err
	}
	for again := false; ; again = true {
		lease, err := cache.Acquire(ctx, need)
		if err != nil {
			return err
		}
		err = g.Add(ctx, s.SQL)
		lease.Release()
		if again || err == nil || !isAbsentRead(readError{err}) {
			return err
		}
		cache.NoteAbsentRead()
		e.log.WarnContext(ctx, "wave read what it did not ask for", logkey.Files, len(s.Files), logkey.Error, err)
		for i := range need {
			need[i].All = true
		}
	}
}

// gathered are the rows of the last statement, which hold what was gathered.
type gathered struct {
	engine.Rows
	gathering engine.Gathering
}

// Close ends the work and drops what was gathered. It may be called more than once.
func (g *gathered) Close() error {
	return errors.Join(g.Rows.Close(), g.gathering.Close())
}

// waves are the rows of the parts, one part after the other.
type waves struct {
	ctx  context.Context //nolint:containedctx // the statement's: Next starts its parts
	e    *Engine
	s    engine.Statement
	next int   // the part after the one that runs
	left int64 // rows that are still to come; -1: all
	engine.Rows
}

// start starts the next part, of no more rows than are still to come.
func (w *waves) start() error {
	s := part(w.s, w.next)
	if w.left >= 0 {
		s.SQL = fmt.Sprintf("SELECT * FROM (%s\n) AS part LIMIT %d", s.SQL, w.left)
	}
	r, err := w.e.Query(w.ctx, s)
	if err != nil {
		return err
	}
	w.Rows = r
	w.next++
	return nil
}

// Next gives the next chunk, or io.EOF after the last one of the last part.
func (w *waves) Next(ctx context.Context) (*engine.Chunk, error) {
	for {
		if w.left == 0 {
			return nil, io.EOF
		}
		chunk, err := w.Rows.Next(ctx)
		if err == nil {
			if w.left > 0 {
				w.left -= int64(chunk.Rows)
			}
			return chunk, nil
		}
		if !errors.Is(err, io.EOF) || w.next == len(w.s.Waves.Parts) {
			return nil, err
		}
		if err := w.Close(); err != nil { // its files may have to leave
			return nil, err
		}
		if err := w.start(); err != nil {
			return nil, err
		}
	}
}
