package gateway

import (
	"context"
	"math"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// fetch runs FETCH and MOVE, whose steps are those of DoPortalRunFetch in PostgreSQL's pquery.c.
func (s *session) fetch(ctx context.Context, c *sql.Cursor) (*answer, error) {
	p, ok := s.portals[c.Name]
	if !ok {
		return nil, noCursor(c.Name)
	}
	if p.answer == nil && p.st.Kind == sql.KindSelect && !p.failed { // of Bind, and not executed yet
		var err error
		if p.answer, err = s.start(ctx, p); err != nil {
			p.failed = true
			return nil, err
		}
	}
	if p.failed || p.answer == nil || p.answer.result == nil || p.answer.result.closed && !p.ended {
		return nil, cannotRun(c.Name)
	}
	r := p.answer.result
	defer s.engage(r.task).release()
	a, err := p.fetch(c)
	if err != nil {
		p.failed = true
		r.close(err)
		return nil, err
	}
	return a, nil
}

func cannotRun(portal string) error {
	return pgerr.New(pgerr.ObjectNotInState, "portal %q cannot be run", portal)
}

func (p *portal) fetch(c *sql.Cursor) (*answer, error) {
	r := p.answer.result
	if p.scroll == nil {
		skip, take, err := r.ahead(c.Direction, c.Count)
		if err != nil {
			return nil, err
		}
		if _, err := r.skip(skip); err != nil {
			return nil, err
		}
		if c.Verb != "MOVE" {
			return &answer{tag: c.Verb, result: r, limit: take, cursor: true, binary: p.binary}, nil
		}
		n, err := r.skip(take)
		return tagOnly(counted(c.Verb, n)), err
	}
	if err := r.start(); err != nil {
		return nil, err
	}
	rows, err := p.scroll.fetch(c.Direction, c.Count)
	if err != nil {
		return nil, err
	}
	if c.Verb == "MOVE" {
		return tagOnly(counted(c.Verb, rows.count())), nil
	}
	r.sent += rows.count()
	return &answer{tag: c.Verb, result: p.scroll.result(rows), limit: math.MaxInt64, binary: p.binary}, nil
}

// ahead says how many rows of a cursor that cannot go back are left out and then taken.
func (r *result) ahead(direction string, count int64) (skip, take int64, err error) {
	passed := r.passed
	if r.ended {
		passed++
	}
	switch {
	case direction == "forward" && count > 0, direction == "backward" && count < 0 && count != math.MinInt64:
		return 0, max(count, -count), nil
	case direction == "relative" && count > 0:
		return count - 1, 1, nil
	case direction == "absolute" && count > passed:
		return count - passed - 1, 1, nil
	case direction == "absolute" && count == 0 && passed == 0:
		return 0, 0, nil
	case count == 0 && direction != "absolute" && (r.passed == 0 || r.ended): // it stands on no row
		return 0, 0, nil
	}
	return 0, 0, pgerr.New(pgerr.ObjectNotInState, "cursor can only scan forward").
		WithHint("Declare it with SCROLL option to enable backward scan.")
}

// fetch moves a cursor and gives the rows that it comes to.
func (c *scroll) fetch(direction string, count int64) (span, error) {
	switch direction {
	case "absolute":
		return c.absolute(count)
	case "relative":
		return c.relative(count)
	case "backward":
		if count != math.MaxInt64 {
			count = -count
		} else {
			return c.backward(count)
		}
	}
	switch {
	case count > 0:
		return c.forward(count)
	case count < 0:
		return c.backward(-count)
	}
	return c.current()
}

func (c *scroll) absolute(count int64) (span, error) {
	if count < 0 {
		if err := c.last(); err != nil {
			return span{}, err
		}
		return c.relative(count)
	}
	if err := c.moveTo(count - 1); err != nil || count == 0 {
		return span{}, err
	}
	return c.forward(1)
}

func (c *scroll) relative(count int64) (span, error) {
	switch {
	case count > 0:
		if _, err := c.forward(count - 1); err != nil {
			return span{}, err
		}
		return c.forward(1)
	case count < 0:
		if _, err := c.backward(-count - 1); err != nil {
			return span{}, err
		}
		return c.backward(1)
	}
	return c.current()
}
