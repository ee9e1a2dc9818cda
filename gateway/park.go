package gateway

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/engine/spool"
	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
)

// parkAfter is how long a session waits for its client before the results that it has open are moved out of the engine,
// and parkedFrom how many bytes such a result holds there at least. A sorted or grouped one holds all of its rows.
const (
	parkAfter  = 2 * time.Second
	parkedFrom = 8 << 20
)

// parking moves the results of a session away while it waits for its client.
type parking struct {
	timer *time.Timer // nil before the first
	stop  atomic.Bool // the client has said something

	mu      sync.Mutex // held while results are moved
	waiting bool       // for the client: nobody else looks at the results; guarded by mu
}

// rest has the session's results moved if the client says nothing for a while.
func (s *session) rest() {
	if s.server.options.Spool == nil || !s.holds() {
		return
	}
	s.parking.mu.Lock()
	s.parking.waiting = true
	s.parking.mu.Unlock()
	if s.parking.timer == nil {
		s.parking.timer = time.AfterFunc(s.server.options.ParkAfter, s.park)
	} else {
		s.parking.timer.Reset(s.server.options.ParkAfter)
	}
}

// wake waits until nobody moves results any more.
func (s *session) wake() {
	if s.parking.timer == nil {
		return
	}
	s.parking.timer.Stop()
	s.parking.stop.Store(true)
	s.parking.mu.Lock()
	s.parking.waiting = false
	s.parking.mu.Unlock()
	s.parking.stop.Store(false)
}

// abandon ends the work of results that nobody will read. Who moves one at the moment may be waiting for its next rows.
func (s *session) abandon() {
	for _, p := range s.portals {
		if r := p.open(); r != nil {
			r.task.end()
		}
	}
}

// holds reports whether a portal has a result that is worth moving.
func (s *session) holds() bool {
	for _, p := range s.portals {
		if r := p.open(); r != nil && r.parkable() {
			return true
		}
	}
	return false
}

// open gives the result that a portal reads, nil if there is none.
func (p *portal) open() *result {
	switch {
	case p.scroll != nil:
		return p.scroll.source
	case p.answer != nil:
		return p.answer.result
	}
	return nil
}

func (s *session) park() {
	s.parking.mu.Lock()
	defer s.parking.mu.Unlock()
	if !s.parking.waiting {
		return
	}
	for _, p := range s.portals {
		if r := p.open(); r != nil && r.parkable() {
			if err := r.park(s.server.options.Spool, s.parking.stop.Load); err != nil {
				s.log.Error("panic", logkey.Error, err, "stack", string(debug.Stack()))
			}
		}
	}
}

// parked is what was moved of a result, in front of what was not.
type parked struct {
	queue   *spool.Queue
	columns int
	pieces  int           // in queue
	kept    *engine.Chunk // behind them: there was no room for it
	rest    func() (*engine.Chunk, error)
	end     error // why nothing comes after that; nil while something may
}

// parkable reports whether rows of the result are in the engine that can be moved.
func (r *result) parkable() bool {
	switch {
	case r.closed || r.ended || r.rows == nil || r.raw != nil || r.held < parkedFrom:
		return false
	case r.parked != nil:
		return r.parked.end == nil && r.parked.kept == nil
	}
	return true
}

// park moves rows until there are no more, no room is left or stop says so. An error of the rows is kept for whoever reads
// them. Its own error is that of a panic; then too what reads them is told, and misses no rows without an error.
func (r *result) park(store *spool.Store, stop func() bool) (err error) {
	if r.parked == nil {
		p := &parked{queue: store.Open(), columns: len(r.columns), rest: r.next}
		r.parked, r.next = p, p.next
	}
	p := r.parked
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errPanic, v)
		}
		if err != nil {
			p.end = err
		}
	}()
	if err := r.keepRest(); err != nil {
		return err
	}
	for !stop() {
		chunk, err := p.rest()
		if err != nil {
			p.end = err
			if closeErr := r.rows.Close(); closeErr != nil && errors.Is(err, io.EOF) {
				p.end = closeErr
			}
			return nil
		}
		piece := chunk.AppendStored(make([]byte, 4), 0)
		binary.LittleEndian.PutUint32(piece, uint32(len(piece)-4))
		if !p.queue.TryAdd(piece) {
			p.kept, err = engine.ReadStored(piece[4:], p.columns)
			return err
		}
		p.pieces++
	}
	return nil
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

// next gives the oldest rows.
func (p *parked) next() (*engine.Chunk, error) {
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
