package gateway

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync/atomic"

	"tidegate/internal/engine"
	"tidegate/internal/engine/spool"
	"tidegate/internal/pgerr"
)

// parked is what was moved of a result, in front of what was not.
type parked struct {
	moved <-chan struct{} // closed when the newest move has ended: until then everything here is its own

	queue   *spool.Queue
	columns int
	pieces  int           // in queue
	kept    *engine.Chunk // behind them: there was no room for it
	rest    func() (*engine.Chunk, error)
	closed  func() error // of the rows
	end     error        // why nothing comes after that; nil while something may
}

// move is one go at moving the rows of a result.
type move struct {
	*parked

	after <-chan struct{} // the end of the one before
	over  *atomic.Bool    // the client is there again
	ended chan struct{}
}

// parkable reports whether rows of the result are in the engine that can be moved.
func (r *result) parkable() bool {
	switch {
	case r.closed || r.ended || r.rows == nil || r.raw != nil || r.held < parkedFrom:
		return false
	case r.parked == nil || r.parked.moving():
		return true // a move may end early
	}
	return r.parked.end == nil && r.parked.kept == nil
}

// moving reports whether somebody moves rows now.
func (p *parked) moving() bool {
	if p.moved == nil {
		return false
	}
	select {
	case <-p.moved:
		return false
	default:
		return true
	}
}

// park makes a move of the result's rows, which somebody has to run. The result must not be in use.
func (r *result) park(store *spool.Store, over *atomic.Bool) *move {
	if r.parked == nil {
		p := &parked{queue: store.Open(), columns: len(r.columns), rest: r.next, closed: r.rows.Close}
		r.parked, r.next = p, p.next
	}
	p := r.parked
	if !p.moving() { // else it was done
		p.end = r.keepRest()
	}
	m := &move{parked: p, after: p.moved, over: over, ended: make(chan struct{})}
	p.moved = m.ended
	return m
}

// keepRest copies what is left of the current chunk: the engine has it no longer than up to the next one.
func (r *result) keepRest() error {
	if r.chunk == nil || r.row >= r.chunk.Rows {
		r.chunk = nil
		return nil
	}
	kept, err := engine.ReadStored(r.chunk.AppendStored(nil, r.row), len(r.columns))
	if err == nil {
		r.chunk, r.row = kept, 0
	}
	return err
}

// run moves rows until there are no more, no room is left or the wait is over. An error of the rows, and a panic, is kept
// for whoever reads them, and misses none without it.
func (m *move) run() {
	defer close(m.ended)
	defer func() {
		if v := recover(); v != nil {
			m.end = fmt.Errorf("%w: %v\n%s", errPanic, v, debug.Stack())
		}
	}()
	if m.after != nil {
		<-m.after
	}
	for m.end == nil && m.kept == nil && !m.over.Load() {
		m.end = m.step()
	}
}

// step moves a chunk.
func (p *parked) step() error {
	chunk, err := p.rest()
	if err != nil {
		if closeErr := p.closed(); closeErr != nil && errors.Is(err, io.EOF) {
			err = closeErr
		}
		return err
	}
	piece := chunk.AppendStored(make([]byte, 4), 0)
	binary.LittleEndian.PutUint32(piece, uint32(len(piece)-4))
	if !p.queue.TryAdd(piece) {
		p.kept, err = engine.ReadStored(piece[4:], p.columns)
		return err
	}
	p.pieces++
	return nil
}

// next gives the oldest rows.
func (p *parked) next() (*engine.Chunk, error) {
	<-p.moved
	switch {
	case p.pieces > 0:
		p.pieces--
		return p.read()
	case p.kept != nil:
		c := p.kept
		p.kept = nil
		return c, nil
	case p.end != nil:
		return nil, p.end
	}
	return p.rest()
}

func (p *parked) read() (*engine.Chunk, error) {
	var head [4]byte
	if _, err := io.ReadFull(p.queue, head[:]); err != nil {
		return nil, unread(err)
	}
	piece := make([]byte, binary.LittleEndian.Uint32(head[:]))
	if _, err := io.ReadFull(p.queue, piece); err != nil {
		return nil, unread(err)
	}
	return engine.ReadStored(piece, p.columns)
}

func unread(err error) error {
	e := pgerr.New(pgerr.IOError, "rows that waited on the disk cannot be read")
	e.Err = err
	return e
}

// close ends the work of t, so that nobody moves its rows any more, and drops them.
func (p *parked) close(t *task) {
	if p.moving() {
		t.end()
		<-p.moved
	}
	p.queue.Close()
}
