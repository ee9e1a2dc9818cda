package gateway

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// prepared is a prepared statement, of Parse or of PREPARE.
type prepared struct {
	st      *sql.Statement
	text    string        // of Parse; "" of PREPARE
	told    []pgtypes.OID // by the client
	params  []pgtypes.OID // never 0
	query   *sql.Query    // inner(st), bound; nil if there is nothing to bind
	columns []engine.Column
	origin  origin
	bySQL   bool  // of PREPARE
	runs    int64 // so far
	// described is set when columns are what the client was told.
	described bool

	// The transaction and settings that query was bound in: now() and search_path are part of it.
	boundIn   transactionID
	settings  int
	temporary int64 // the version of the session's temporary tables
}

// extended answers one message of the extended protocol other than Flush and Sync.
func (s *session) extended(ctx context.Context, m pgproto3.FrontendMessage) error {
	s.begin()
	switch m := m.(type) {
	case *pgproto3.Parse:
		return s.parse(ctx, m)
	case *pgproto3.Bind:
		return s.bindPortal(ctx, m)
	case *pgproto3.Describe:
		if m.ObjectType == 'S' {
			return s.describeStatement(ctx, m.Name)
		}
		return s.describePortal(ctx, m.Name)
	case *pgproto3.Execute:
		return s.execute(ctx, m)
	case *pgproto3.Close:
		if m.ObjectType == 'S' {
			delete(s.statements, clipName(m.Name))
		} else {
			s.dropPortal(m.Name)
		}
		s.wire.send(&pgproto3.CloseComplete{})
		return nil
	}
	return pgerr.New(pgerr.ProtocolViolation, "unexpected message %T", m)
}

// unread gives what is told of a message that cannot be read: as in PostgreSQL, what is wrong with its beginning comes
// before what is wrong with the rest.
func (s *session) unread(m pgproto3.FrontendMessage, kind byte, err error) error {
	switch b, ok := m.(*pgproto3.Bind); {
	case kind == 'F' && s.tx.failed && s.tx.explicit:
		return errFailedTransaction()
	case ok && b != nil:
		if _, missing := s.statement(b.PreparedStatement); missing != nil {
			return missing
		}
	}
	return err
}

func (s *session) parse(ctx context.Context, m *pgproto3.Parse) error {
	if _, ok := s.statements[clipName(m.Name)]; ok && m.Name != "" {
		return duplicateStatement(m.Name)
	}
	delete(s.statements, "")
	told := append([]pgtypes.OID(nil), m.ParameterOIDs...)
	st, q := s.recall(ctx, m.Query, told)
	if q == nil {
		statements, err := s.server.options.Dialect.Parse(m.Query)
		if err != nil {
			return err
		}
		if len(statements) > 1 {
			return pgerr.New(pgerr.SyntaxError, "cannot insert multiple commands into a prepared statement")
		}
		s.noticeTruncated(statements)
		st = statements[0]
	}
	p, err := s.prepare(ctx, st, q, told)
	if err != nil {
		return err
	}
	p.text, p.origin = m.Query, origin{text: m.Query, at: s.state.Statement}
	s.statements[clipName(m.Name)] = p
	s.wire.send(&pgproto3.ParseComplete{})
	return nil
}

func duplicateStatement(name string) error {
	return pgerr.New(pgerr.DuplicatePreparedStmt, "prepared statement %q already exists", name)
}

// prepare binds a statement's read, so that errors and parameter types are known before it is executed. q is that read
// if it is bound already.
func (s *session) prepare(ctx context.Context, st *sql.Statement, q *sql.Query, told []pgtypes.OID) (*prepared, error) {
	if err := s.failedOnly(st); err != nil {
		return nil, err
	}
	p := &prepared{st: st, told: told}
	for i, oid := range p.told {
		switch {
		case oid == 0:
		case !sql.TypeExists(oid):
			return nil, pgerr.New(pgerr.UndefinedObject, "type with OID %d does not exist", oid)
		case oid == pgtypes.Unknown:
			p.told[i] = 0
		}
	}
	if read := inner(st); read != nil {
		if q == nil {
			var err error
			if q, err = s.bind(ctx, read, p.told); err != nil {
				return nil, err
			}
		}
		p.query, p.boundIn, p.settings, p.temporary = q, s.tx.id(), s.settings.version, s.temporaryVersion()
		p.params = append(p.params, q.Params...)
	}
	if st.Kind == sql.KindWrite {
		if err := s.prepareWrite(ctx, p); err != nil {
			return nil, err
		}
	}
	if n := st.CallParams(); n > 0 {
		p.params = make([]pgtypes.OID, n)
		copy(p.params, p.told)
	}
	if len(p.params) < len(p.told) {
		p.params = append(p.params, p.told[len(p.params):]...)
	}
	for i, oid := range p.params {
		if oid == 0 {
			p.params[i] = pgtypes.Text
		}
	}
	return p, nil
}

// current gives the bound read, bound again if the transaction or the settings are not the ones it was bound in.
func (s *session) current(ctx context.Context, p *prepared) (*sql.Query, error) {
	if p.query == nil || p.boundIn == s.tx.id() && p.settings == s.settings.version && p.temporary == s.temporaryVersion() {
		return p.query, nil
	}
	st, q := s.recall(ctx, p.text, p.params)
	if q != nil {
		p.st = st // it has its fingerprint
	} else {
		var err error
		if q, err = s.bind(ctx, inner(p.st), p.params); err != nil {
			return nil, err
		}
	}
	if p.st.Kind == sql.KindSelect && (!slices.Equal(p.query.Names, q.Names) || !slices.Equal(p.query.Types, q.Types)) {
		return nil, errOtherResult()
	}
	p.query, p.boundIn, p.settings, p.temporary = q, s.tx.id(), s.settings.version, s.temporaryVersion()
	return q, nil
}

// withArgs replaces the parameters of a bound read. The client may have named types of more than it has.
func (s *session) withArgs(p *prepared, q *sql.Query, args []sql.Arg) (*sql.Query, error) {
	if q == nil || len(q.Params) == 0 {
		return q, nil
	}
	q, err := q.WithArgs(args[:len(q.Params)])
	if err != nil {
		return nil, s.refuse(p.st, err)
	}
	return q, nil
}

// args decodes a Bind message's parameters.
func (s *session) args(p *prepared, m *pgproto3.Bind) ([]sql.Arg, error) {
	if err := checkParams(p, m); err != nil {
		return nil, err
	}
	args := make([]sql.Arg, len(m.Parameters))
	for i, data := range m.Parameters {
		if data == nil {
			args[i].Null = true
			continue
		}
		format := paramFormat(m, i)
		text, err := s.decodeParam(p.params[i], format, data)
		if err != nil {
			return nil, paramValueError(err, m.DestinationPortal, i, format, data)
		}
		args[i].Text = text
	}
	return args, nil
}

// checkParams compares a Bind message with its statement.
func checkParams(p *prepared, m *pgproto3.Bind) error {
	if n := len(m.ParameterFormatCodes); n > 1 && n != len(m.Parameters) {
		return pgerr.New(pgerr.ProtocolViolation, "bind message has %d parameter formats but %d parameters", n, len(m.Parameters))
	}
	if len(m.Parameters) != len(p.params) {
		return pgerr.New(pgerr.ProtocolViolation, "bind message supplies %d parameters, but prepared statement %q requires %d",
			len(m.Parameters), m.PreparedStatement, len(p.params))
	}
	return nil
}

// paramFormat is the format of a parameter; one code stands for all.
func paramFormat(m *pgproto3.Bind, i int) int16 {
	switch n := len(m.ParameterFormatCodes); n {
	case 0:
		return 0
	case 1:
		return m.ParameterFormatCodes[0]
	default:
		return m.ParameterFormatCodes[i]
	}
}

func (s *session) decodeParam(oid pgtypes.OID, format int16, data []byte) (string, error) {
	data, err := s.wire.plainParam(oid, format, data)
	if err != nil {
		return "", err
	}
	switch format {
	case 0:
		return textParam(oid, data, s.state.Style)
	case 1:
		text, err := pgtypes.BinaryToText(oid, data)
		if err != nil {
			return "", err
		}
		return jsonParam(oid, text)
	}
	return "", pgerr.New(pgerr.InvalidParameterValue, "unsupported format code: %d", format)
}

// paramError says which parameter of which portal it was.
func paramError(err error, portal string, i int) error {
	e, ok := errors.AsType[*pgerr.Error](err)
	if !ok {
		return err
	}
	if e.Code == pgerr.InvalidBinary && e.Message == pgtypes.IncorrectBinary {
		e.Message, e.Detail = fmt.Sprintf("incorrect binary data format in bind parameter %d", i+1), ""
	}
	where := fmt.Sprintf("unnamed portal parameter $%d", i+1)
	if portal != "" {
		where = fmt.Sprintf("portal %q parameter $%d", portal, i+1)
	}
	if e.Where != "" {
		where = e.Where + "\n" + where
	}
	e.Where = where
	return e
}

// paramValueError is paramError of a value that was read: PostgreSQL tells of a text that there is one, and by default no
// more of it. What is no text in the client's encoding was not read yet.
func paramValueError(err error, portal string, i int, format int16, data []byte) error {
	e, ok := errors.AsType[*pgerr.Error](err)
	encoded := ok && e.Where == "" && (e.Code == pgerr.CharacterNotInRepertoire || e.Code == pgerr.UntranslatableCharacter)
	err = paramError(err, portal, i)
	switch {
	case !ok || format != 0 || encoded:
	case len(data) == 0:
		e.Where += " = ''"
	default:
		e.Where += " = '...'"
	}
	return err
}

func (s *session) statement(name string) (*prepared, error) {
	p, ok := s.statements[clipName(name)]
	switch {
	case ok:
		return p, nil
	case name == "":
		return nil, pgerr.New(pgerr.InvalidStatementName, "unnamed prepared statement does not exist")
	}
	return nil, pgerr.New(pgerr.InvalidStatementName, "prepared statement %q does not exist", name)
}

func (s *session) describeStatement(ctx context.Context, name string) error {
	p, err := s.statement(name)
	if err != nil {
		return err
	}
	columns, err := s.describe(ctx, p)
	if err != nil {
		return err
	}
	if len(p.params) > math.MaxUint16 {
		return pgerr.New(pgerr.ProgramLimitExceeded, "a statement of %d parameters cannot be described: the message has room for %d",
			len(p.params), math.MaxUint16)
	}
	s.wire.send(&pgproto3.ParameterDescription{ParameterOIDs: p.params})
	if columns == nil {
		s.wire.send(&pgproto3.NoData{})
		return nil
	}
	return s.describeRows(columns, nil)
}

// describe gives the columns that a statement will answer, nil for none.
func (s *session) describe(ctx context.Context, p *prepared) ([]engine.Column, error) {
	if p.described {
		return p.columns, nil
	}
	columns, keep, err := s.columnsOf(ctx, p)
	if err != nil {
		return nil, err
	}
	if columns != nil && s.tx.failed && s.tx.explicit {
		return nil, s.failedOnly(p.st)
	}
	if keep {
		p.columns, p.described = columns, true
	}
	return columns, nil
}

// columnsOf is describe without memory; keep says that the answer will stay the same.
func (s *session) columnsOf(ctx context.Context, p *prepared) (columns []engine.Column, keep bool, err error) {
	ctx, t := newTask(ctx)
	defer t.end()
	defer s.engage(t).release()
	st := p.st
	switch st.Kind {
	case sql.KindSelect:
		q, err := s.current(ctx, p)
		if err != nil {
			return nil, false, err
		}
		columns, err := s.server.planner.Describe(ctx, q, st, &s.state)
		if err != nil {
			return nil, false, s.refuse(st, t.explain(err))
		}
		return shown(columns), true, nil
	case sql.KindExplain:
		return explainColumns(st), true, nil
	case sql.KindShow:
		if st.Show == "all" {
			return textColumns("name", "setting", "description"), true, nil
		}
		return textColumns(showName(st.Show)), true, nil
	case sql.KindExecute:
		other, ok := s.statements[st.Prepared.Name]
		if !ok {
			return nil, false, nil // that it is missing is told when it runs
		}
		columns, err := s.describe(ctx, other)
		return columns, false, err
	case sql.KindCursor:
		if c, ok := s.portals[st.Cursor.Name]; ok && st.Cursor.Verb == "FETCH" && c.answer != nil && c.answer.result != nil {
			return c.answer.result.columns, false, nil
		}
	case sql.KindCall:
		return s.callColumns(ctx, st)
	default: // a tag alone
	}
	return nil, true, nil
}

func (s *session) callColumns(ctx context.Context, st *sql.Statement) ([]engine.Column, bool, error) {
	p, err := s.server.planner.Call(ctx, st, &s.state)
	if err != nil {
		return nil, false, err
	}
	if p.Release != nil {
		defer p.Release()
	}
	columns, err := p.Engine.Describe(ctx, p.Statement)
	if err != nil {
		return nil, false, fmt.Errorf("describe CALL: %w", err)
	}
	if len(columns) == 0 {
		return nil, true, nil
	}
	return shown(columns), true, nil
}
