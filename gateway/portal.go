package gateway

import (
	"context"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/gateway/encode"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// portal is a statement ready to be executed or being so, of Bind or of DECLARE. Portals and cursors share names.
type portal struct {
	st      *sql.Statement
	of      *prepared      // nil for a cursor
	query   *sql.Query     // with its parameters replaced; nil if there is nothing bound
	params  []engine.Param // of a write
	formats []int16
	columns []engine.Column // that the client was told; nil if it was not

	answer *answer // nil before the first Execute
	ended  bool    // the tag was sent, or it failed
	failed bool

	scroll *scroll // of a cursor that can go back
	binary bool    // a cursor whose rows a simple query gives in binary
	hold   bool    // outlives its transaction
	origin origin
	born   transactionID
	level  int // savepoints around it
}

// bindPortal answers Bind.
func (s *session) bindPortal(ctx context.Context, m *pgproto3.Bind) error {
	p, err := s.statement(m.PreparedStatement)
	if err != nil {
		return err
	}
	if err := s.bindFailed(p); err != nil {
		return err
	}
	if _, ok := s.portals[clipName(m.DestinationPortal)]; ok && m.DestinationPortal != "" {
		return duplicateCursor(m.DestinationPortal)
	}
	s.dropPortal("")
	made, err := s.bindArgs(ctx, p, m)
	if err != nil {
		return err
	}
	made.formats = append([]int16(nil), m.ResultFormatCodes...)
	made.origin = origin{text: p.origin.text, at: s.state.Statement}
	if err := s.checkFormats(ctx, made); err != nil {
		return err
	}
	s.addPortal(m.DestinationPortal, made)
	s.wire.send(&pgproto3.BindComplete{})
	return nil
}

// bindFailed is failedOnly for Bind: in a failed transaction even nothing cannot be bound, and its end has no parameters.
func (s *session) bindFailed(p *prepared) error {
	if s.tx.failed && s.tx.explicit && (p.st.Kind == sql.KindEmpty || len(p.params) > 0) {
		return errFailedTransaction()
	}
	return s.failedOnly(p.st)
}

// checkFormats compares the number of a portal's formats with that of its columns. A code that is none is told when it
// runs.
func (s *session) checkFormats(ctx context.Context, p *portal) error {
	var n int
	switch {
	case len(p.formats) <= 1: // it stands for all
		return nil
	case p.st.Kind == sql.KindSelect && p.query != nil:
		n = len(p.query.Names)
	default:
		columns, err := s.describe(ctx, p.of)
		if n = len(columns); err != nil || n == 0 {
			return err
		}
	}
	if _, err := encode.Formats(p.formats, n); pgerr.CodeOf(err) == pgerr.ProtocolViolation {
		return err
	}
	return nil
}

// bindArgs makes a portal of a statement with its arguments: constants, but a write's are the server's to read.
func (s *session) bindArgs(ctx context.Context, p *prepared, m *pgproto3.Bind) (*portal, error) {
	made := &portal{st: p.st, of: p}
	if p.st.Kind == sql.KindWrite {
		var err error
		if made.params, err = s.rawParams(p, m); err == nil {
			err = s.currentWrite(ctx, p)
		}
		return made, err
	}
	args, err := s.args(p, m)
	if err != nil {
		return nil, err
	}
	q, err := s.current(ctx, p)
	if err != nil {
		return nil, err
	}
	if p.st.CallParams() > 0 {
		made.st = p.st.WithCallArgs(args)
	}
	made.query, err = s.withArgs(p, q, args)
	return made, err
}

func duplicateCursor(name string) error {
	return pgerr.New(pgerr.DuplicateCursor, "cursor %q already exists", name)
}

func (s *session) addPortal(name string, p *portal) {
	p.born, p.level = s.tx.id(), len(s.tx.savepoints)
	s.portals[clipName(name)] = p
}

func (s *session) portal(name string) (*portal, error) {
	p, ok := s.portals[clipName(name)]
	if !ok {
		return nil, pgerr.New(pgerr.InvalidCursorName, "portal %q does not exist", name)
	}
	return p, nil
}

func (s *session) describePortal(ctx context.Context, name string) error {
	p, err := s.portal(name)
	if err != nil {
		return err
	}
	switch {
	case p.answer != nil && p.answer.result != nil && p.answer.copied == nil:
		p.columns = p.answer.result.columns
	case p.of != nil:
		if p.columns, err = s.describe(ctx, p.of); err != nil {
			return err
		}
	}
	if p.columns != nil && s.tx.failed && s.tx.explicit {
		return errFailedTransaction()
	}
	if p.columns == nil {
		s.wire.send(&pgproto3.NoData{})
		return nil
	}
	return s.describeRows(p.columns, p.formats)
}

// execute answers Execute: from the beginning, or where the portal was suspended.
func (s *session) execute(ctx context.Context, m *pgproto3.Execute) error {
	p, err := s.portal(m.Portal)
	if err != nil {
		return err
	}
	if err := s.failedOnly(p.st); err != nil {
		return err
	}
	switch {
	case p.failed, p.ended && (p.answer.result == nil || p.answer.cursor || p.answer.copied != nil):
		return cannotRun(m.Portal)
	case p.ended && p.answer.plain:
		s.wire.complete(p.answer.tag)
		return nil
	case p.ended:
		s.wire.complete(counted(p.answer.tag, 0))
		return nil
	}
	if err := s.run(ctx, p, clampRows(m.MaxRows)); err != nil {
		p.failed = true
		return err
	}
	return s.wire.err
}

func (s *session) run(ctx context.Context, p *portal, limit int64) (err error) {
	if p.answer == nil {
		if p.st.Kind != sql.KindCopy {
			s.wanted = p.formats
		}
		a, err := s.start(ctx, p)
		s.wanted = nil
		if err != nil {
			return err
		}
		p.answer = a
	}
	described := p.columns
	if described == nil && p.of != nil && p.of.described {
		described = p.of.columns
	}
	if p.scroll != nil {
		return s.runScroll(p, limit)
	}
	suspended, err := s.deliver(p.answer, p.formats, described, limit)
	if err != nil {
		return err
	}
	if suspended {
		s.wire.send(&pgproto3.PortalSuspended{})
		return nil
	}
	p.ended = !p.answer.empty
	return nil
}

// runScroll gives a cursor's next rows as the portal that it is.
func (s *session) runScroll(p *portal, limit int64) error {
	rows, err := func() (span, error) {
		r := p.answer.result
		defer s.engage(r.task).release()
		if err := r.start(); err != nil {
			return span{}, err
		}
		return p.scroll.forward(limit)
	}()
	if err != nil {
		p.answer.result.close(err)
		return err
	}
	n := rows.count()
	p.answer.result.sent += n
	suspended, err := s.deliver(withRows(p.answer.tag, p.scroll.result(rows)), p.formats, nil, limit)
	if suspended {
		s.wire.send(&pgproto3.PortalSuspended{})
	}
	return err
}

// start answers a portal's statement as far as its first row.
func (s *session) start(ctx context.Context, p *portal) (*answer, error) {
	if p.of != nil {
		p.of.runs++
		s.said = p.of.origin.text
		defer func() { s.said = "" }()
		if err := s.currentWrite(ctx, p.of); err != nil {
			return nil, err
		}
	}
	if p.st.Kind == sql.KindWrite {
		return s.write(ctx, p.st, p.params)
	}
	return s.answer(ctx, p.st, p.query)
}

// dropPortal closes a portal; a name that does not exist is none to close.
func (s *session) dropPortal(name string) {
	name = clipName(name)
	p, ok := s.portals[name]
	if !ok {
		return
	}
	delete(s.portals, name)
	if p.answer != nil && !p.answer.cursor {
		p.answer.result.close(nil)
	}
}

// dropPortals closes the portals that which chooses.
func (s *session) dropPortals(which func(*portal) bool) {
	for name, p := range s.portals {
		if which(p) {
			s.dropPortal(name)
		}
	}
}
