package gateway

import (
	"context"
	"math"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// cursor runs DECLARE, FETCH, MOVE and CLOSE. q is DECLARE's read, or nil.
func (s *session) cursor(ctx context.Context, st *sql.Statement, q *sql.Query) (*answer, error) {
	c := st.Cursor
	switch c.Verb {
	case "DECLARE":
		return tagOnly(st.Tag), s.declare(ctx, c, q)
	case "CLOSE":
		return tagOnly(st.Tag), s.closeCursor(c.Name)
	}
	return s.fetch(c)
}

func (s *session) declare(ctx context.Context, c *sql.Cursor, q *sql.Query) error {
	if c.Query.Kind != sql.KindSelect {
		return pgerr.New(pgerr.FeatureNotSupported, "a cursor of %s is not supported", c.Query.Tag)
	}
	if !c.Hold && !s.tx.block {
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
	s.addPortal(c.Name, &portal{st: c.Query, answer: a, hold: c.Hold})
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

// fetch takes rows of a cursor, forward only: rows that have gone by are not kept.
func (s *session) fetch(c *sql.Cursor) (*answer, error) {
	p, ok := s.portals[c.Name]
	if !ok || p.answer == nil || p.answer.result == nil {
		return nil, noCursor(c.Name)
	}
	if c.Direction != "forward" || c.Count < -1 {
		return nil, pgerr.New(pgerr.ObjectNotInState, "cursor can only scan forward").
			WithHint("Use FETCH n, FETCH NEXT, FETCH ALL or MOVE n; scrolling back is not supported.")
	}
	if c.Count == 0 {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "FETCH 0, the current row once more, is not supported")
	}
	limit := c.Count
	if limit == -1 {
		limit = math.MaxInt64
	}
	r := p.answer.result
	if p.failed || r.closed && !p.ended {
		return nil, pgerr.New(pgerr.ObjectNotInState, "portal %q cannot be run", c.Name)
	}
	if c.Verb != "MOVE" {
		return &answer{tag: c.Verb, result: r, limit: limit, cursor: true}, nil
	}
	defer s.engage(r.task)()
	n, err := r.skip(limit)
	if err != nil {
		p.failed = true
		r.close(err)
		return nil, err
	}
	return tagOnly(string(counted(c.Verb, n).CommandTag)), nil
}

// prepareStatement runs PREPARE.
func (s *session) prepareStatement(ctx context.Context, p *sql.Prepared) error {
	if _, ok := s.statements[p.Name]; ok {
		return duplicateStatement(p.Name)
	}
	if p.Query.Kind != sql.KindSelect && p.Query.Kind != sql.KindWrite {
		_, err := s.refused(p.Query)
		return err
	}
	var told []pgtypes.OID
	for _, name := range p.Types {
		t, err := pgtypes.Parse(name)
		if err != nil {
			return err
		}
		told = append(told, t.OID)
	}
	made, err := s.prepare(ctx, p.Query, nil, told)
	if err != nil {
		return err
	}
	s.statements[p.Name] = made
	return nil
}

// executePrepared runs EXECUTE.
func (s *session) executePrepared(ctx context.Context, e *sql.Prepared) (*answer, error) {
	p, err := s.statement(e.Name)
	if err != nil {
		return nil, err
	}
	if len(e.Args) != len(p.params) {
		return nil, pgerr.New(pgerr.SyntaxError, "wrong number of parameters for prepared statement %q", e.Name).
			WithDetail("Expected %d parameters but got %d.", len(p.params), len(e.Args))
	}
	args := make([]sql.Arg, len(e.Args))
	for i, a := range e.Args {
		if args[i] = a; a.Null {
			continue
		}
		if args[i].Text, err = pgtypes.TextParam(p.params[i], []byte(a.Text), s.state.Zone); err != nil {
			return nil, paramError(err, i)
		}
	}
	if p.st.Kind == sql.KindWrite {
		return s.write(ctx, p.st, textParams(p, args))
	}
	q, err := s.current(ctx, p)
	if err != nil {
		return nil, err
	}
	if q, err = s.withArgs(p, q, args); err != nil {
		return nil, err
	}
	return s.answer(ctx, p.st, q)
}

// deallocate runs DEALLOCATE; "" is every statement.
func (s *session) deallocate(name string) error {
	if name == "" {
		clear(s.statements)
		return nil
	}
	if _, err := s.statement(name); err != nil {
		return err
	}
	delete(s.statements, name)
	return nil
}
