package gateway

import (
	"errors"
	"io"
	"maps"
	"slices"
	"sync/atomic"

	"tidegate/internal/engine/spool"
)

// heldInMemory bounds what is kept of a cursor WITH HOLD where nothing may lie on the disk.
const heldInMemory = 256 << 10

// keepHeld reads the cursors WITH HOLD of the transaction that commits to their ends, as PostgreSQL does: what fails in
// them fails the COMMIT, and what set_config does in them is done in the transaction.
func (s *session) keepHeld() error {
	if len(s.portals) == 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.portals)) {
		if p := s.portals[name]; p.hold && p.born == s.tx.id() {
			if err := s.keepRows(p); err != nil {
				s.called.forget()
				return err
			}
		}
	}
	s.settle()
	return nil
}

// complete tells a statement's tag. If it is the last of a simple query, that commits before.
func (s *session) complete(tag string) error {
	if s.changes.last && !s.tx.explicit && len(s.portals) > 0 {
		if err := s.keepHeld(); err != nil {
			return err
		}
	}
	s.wire.complete(tag)
	return nil
}

// keepRows moves a cursor's rows out of the engine. What finds no room stays there, and fails, if it does, when it is
// fetched.
func (s *session) keepRows(p *portal) error {
	r := p.open()
	if r == nil || r.closed || r.ended || r.parked != nil && r.parked.end != nil {
		return nil
	}
	defer s.engage(r.task).release()
	if err := r.start(); err != nil {
		return err
	}
	if r.rows == nil {
		return nil // the session made them itself
	}
	store := s.parking.store
	if store == nil {
		store = spool.New("", heldInMemory)
	}
	r.raw, r.pass = nil, nil // they do not pass any more
	r.park(store, new(atomic.Bool)).run()
	if err := r.parked.end; err != nil && !errors.Is(err, io.EOF) {
		return r.task.explain(err)
	}
	return nil
}
