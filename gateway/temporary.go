package gateway

import (
	"context"
	"io"
	"strconv"

	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/pgcopy"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// Temporaries is what sessions need to have temporary tables of their own. It is safe for concurrent use.
type Temporaries interface {
	// Bind checks a statement that changes something (KindWrite, or a COPY … FROM STDIN); ok is false if it is not about temporary tables. args are
	// the values of its parameters, nil while they are not known.
	Bind(ctx context.Context, st *sql.Statement, params []pgtypes.OID, args []sql.Arg, s *State) (w *sql.Temporary, ok bool, err error)
	// Open gives a session's tables, of which there are none yet.
	Open(pid int32) TemporaryTables
	// CopyIn runs a COPY … FROM STDIN of Bind, all or nothing, and gives how many rows the client has sent. Errors of the
	// reader's source are given as they are.
	CopyIn(ctx context.Context, w *sql.Temporary, st *sql.Statement, s *State, rows *pgcopy.Reader) (n int64, err error)
	// Change runs a statement of Bind over the session's State.Temporary, all or nothing, and gives how many rows it changed;
	// rows are those of RETURNING, nil without it.
	Change(ctx context.Context, w *sql.Temporary, st *sql.Statement, s *State) (rows engine.Rows, n int64, err error)
}

// TemporaryTables are those of one session. It is not safe for concurrent use.
type TemporaryTables interface {
	// HasConstraint reports whether a table has one of that name.
	HasConstraint(name string) bool
	// Version changes when a name means another table.
	Version() int64
	// Enter is called before a change; savepoints is how many the transaction has.
	Enter(savepoints int)
	Commit(ctx context.Context) error
	Rollback(ctx context.Context)
	// RollbackTo and Release are for a savepoint, counted from 0.
	RollbackTo(ctx context.Context, savepoint int)
	Release(savepoint int)
	// Discard drops all, as a statement of the transaction does; Drop at the end of the session.
	Discard()
	Drop(ctx context.Context) error
}

// bindTemporary is Bind; an error is a refused statement of the query log.
func (s *session) bindTemporary(ctx context.Context, st *sql.Statement, told []pgtypes.OID, args []sql.Arg) (*sql.Temporary, bool, error) {
	all := s.server.options.Temporaries
	if all == nil {
		return nil, false, nil
	}
	ctx, t := newTask(ctx)
	defer t.end()
	defer s.engage(t).release()
	w, ok, err := all.Bind(ctx, st, told, args, &s.state)
	if ok && (defines(w.Verb) || err == nil && w.Verb == sql.TemporaryNothing) && s.settings.get("transaction_read_only") == "on" {
		err = pgerr.New(pgerr.ReadOnlyTransaction, "cannot execute %s in a read-only transaction", st.Tag)
	}
	if ok && w.Alone != "" && s.tx.block {
		err = pgerr.New(pgerr.ActiveTransaction, "%s cannot run inside a transaction block", w.Alone)
	}
	if err != nil {
		return nil, ok, s.refuse(st, t.explain(err))
	}
	return w, ok, nil
}

// defines reports whether PostgreSQL runs it in no transaction that only reads, not even for temporary tables.
func defines(v sql.TemporaryVerb) bool {
	return v == sql.TemporaryCreate || v == sql.TemporaryTruncate || v == sql.TemporaryDrop || v == sql.TemporaryDefine
}

// changeTemporary runs a statement about temporary tables; ok is false if it is about others.
func (s *session) changeTemporary(ctx context.Context, st *sql.Statement, params []engine.Param) (a *answer, ok bool, err error) {
	if s.server.options.Temporaries == nil {
		return nil, false, nil // and the warehouse reads the parameters, of types that are not known here too
	}
	told, args, err := s.textArgs(params)
	if err != nil {
		return nil, true, err
	}
	w, ok, err := s.bindTemporary(ctx, st, told, args)
	if err != nil || !ok {
		return nil, ok, err
	}
	if len(w.Params) > len(params) {
		return nil, true, s.refuse(st, pgerr.New(pgerr.UndefinedParameter, "there is no parameter $%d", len(w.Params)))
	}
	p := &engine.Plan{Route: engine.RouteLocal, Reason: "it changes temporary tables", Engine: changingTemporary{s, w, st}}
	a, err = s.settled(ctx, st, func(context.Context) (*engine.Plan, error) { return p, nil })
	return a, true, err
}

// textArgs gives parameters as a query's are.
func (s *session) textArgs(params []engine.Param) (told []pgtypes.OID, args []sql.Arg, err error) {
	told, args = make([]pgtypes.OID, len(params)), make([]sql.Arg, len(params))
	for i, p := range params {
		told[i] = p.Type
		if p.Value == nil {
			args[i].Null = true
			continue
		}
		if args[i].Text, err = s.decodeParam(p.Type, p.Format, p.Value); err != nil {
			return nil, nil, paramError(err, "", i)
		}
	}
	return told, args, nil
}

// prepareTemporary gives the parameters and columns of a statement about temporary tables.
func (s *session) prepareTemporary(ctx context.Context, p *prepared) (ok bool, err error) {
	w, ok, err := s.bindTemporary(ctx, p.st, p.told, nil)
	if err != nil || !ok {
		return ok, err
	}
	p.params, p.columns, p.described = append(p.params, w.Params...), returned(w), true
	p.temporary = s.temporaryVersion()
	return true, nil
}

func columnsOf(q *sql.Query) []engine.Column {
	columns := make([]engine.Column, len(q.Names))
	for i := range columns {
		columns[i] = engine.Column{Name: q.Names[i], Type: q.Types[i], Origin: engine.Origin(q.Origins[i])}
	}
	return columns
}

// changingTemporary runs one statement about temporary tables.
type changingTemporary struct {
	s  *session
	w  *sql.Temporary
	st *sql.Statement
}

var _ engine.Engine = changingTemporary{}

// Describe gives the columns of RETURNING.
func (c changingTemporary) Describe(context.Context, engine.Statement) ([]engine.Column, error) {
	if c.w.Returning == nil {
		return nil, nil
	}
	return columnsOf(c.w.Returning), nil
}

// Query runs the statement.
func (c changingTemporary) Query(ctx context.Context, _ engine.Statement) (engine.Rows, error) {
	s, all := c.s, c.s.server.options.Temporaries
	s.enterTemporary()
	for _, n := range c.w.Notices {
		s.notice(engine.Notice{Severity: "NOTICE", Code: string(n.Code), Message: n.Message})
	}
	rows, n, err := all.Change(ctx, c.w, c.st, &s.state)
	if err != nil {
		return nil, err
	}
	if rows == nil {
		rows = noRows{}
	}
	tag := c.w.Tag
	if c.w.Counts {
		tag += " " + strconv.FormatInt(n, 10)
	}
	return taggedRows{rows, tag}, nil
}

// enterTemporary begins a change of the session's tables.
func (s *session) enterTemporary() {
	if s.state.Temporary == nil {
		s.state.Temporary = s.server.options.Temporaries.Open(s.pid)
	}
	s.state.Temporary.Enter(len(s.tx.savepoints))
}

// taggedRows are rows with the tag of their statement.
type taggedRows struct {
	engine.Rows
	tag string
}

var _ Tagger = taggedRows{}

// Tag gives the tag.
func (r taggedRows) Tag() string { return r.tag }

// noRows is a result without columns.
type noRows struct{}

func (noRows) Columns() []engine.Column                    { return nil }
func (noRows) Next(context.Context) (*engine.Chunk, error) { return nil, io.EOF }
func (noRows) Close() error                                { return nil }

// endChanges ends what the transaction changed, in the warehouse and in temporary tables, and tells others what it notifies.
func (s *session) endChanges(ctx context.Context, rollback bool) error {
	err := s.endOnServer(ctx, rollback)
	if listenErr := s.endListening(rollback || err != nil); err == nil {
		err = listenErr
	}
	t := s.state.Temporary
	switch {
	case t == nil:
	case rollback || err != nil:
		t.Rollback(ctx)
	default:
		err = t.Commit(ctx)
	}
	return err
}

// temporaryVersion says which temporary tables a name means.
func (s *session) temporaryVersion() int64 {
	if s.state.Temporary == nil {
		return 0
	}
	return s.state.Temporary.Version()
}

// dropTemporary drops the session's tables when it ends.
func (s *session) dropTemporary(ctx context.Context) {
	if s.state.Temporary == nil {
		return
	}
	if err := s.state.Temporary.Drop(ctx); err != nil {
		s.log.ErrorContext(ctx, "drop temporary tables", logkey.Error, err)
	}
	s.state.Temporary = nil
}
