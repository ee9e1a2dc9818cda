package gateway

import (
	"context"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// cursor runs DECLARE, FETCH, MOVE and CLOSE. q is DECLARE's read, or nil.
func (s *session) cursor(ctx context.Context, st *sql.Statement, q *sql.Query) (*answer, error) {
	c := st.Cursor
	switch c.Verb {
	case "DECLARE":
		return tagOnly(st.Tag), s.declare(ctx, c, q, s.origin(st))
	case "CLOSE":
		return tagOnly(st.Tag), s.closeCursor(c.Name)
	}
	return s.fetch(ctx, c)
}

func (s *session) declare(ctx context.Context, c *sql.Cursor, q *sql.Query, from origin) error {
	switch {
	case c.Contrary != "":
		return pgerr.New(pgerr.InvalidCursorDefinition, "cannot specify both %s", c.Contrary)
	case c.Query.Kind != sql.KindSelect:
		return pgerr.New(pgerr.FeatureNotSupported, "a cursor of %s is not supported", c.Query.Tag)
	case !c.Hold && !s.tx.block:
		return pgerr.New(pgerr.NoActiveTransaction, "DECLARE CURSOR can only be used in transaction blocks")
	}
	if _, ok := s.portals[c.Name]; ok {
		return duplicateCursor(c.Name)
	}
	s.changes.hold = c.Hold
	a, err := s.read(ctx, c.Query, q)
	s.changes.hold = false
	if err != nil {
		return err
	}
	p := &portal{st: c.Query, answer: a, hold: c.Hold, binary: c.Binary, origin: from}
	if c.Scroll {
		p.scroll = &scroll{source: a.result}
	}
	s.addPortal(c.Name, p)
	return nil
}

func (s *session) closeCursor(name string) error {
	if name == "" {
		s.dropPortals(func(*portal) bool { return true })
		return nil
	}
	if _, ok := s.portals[name]; !ok {
		return noCursor(name)
	}
	s.dropPortal(name)
	return nil
}

func noCursor(name string) error {
	return pgerr.New(pgerr.InvalidCursorName, "cursor %q does not exist", name)
}
