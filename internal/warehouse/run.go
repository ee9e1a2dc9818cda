package warehouse

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	wire "github.com/jeroenrinzema/psql-wire"

	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
)

// action is what one statement is going to do.
type action struct {
	columns []engine.Column // of its result; nil for a statement without one
	locks   []wanted        // taken before run
	control bool            // it works on the session, outside any transaction
	// run does it and gives the command tag.
	run func(ctx context.Context, w wire.DataWriter) (tag string, err error)
}

// parse is psql-wire's hook: it makes of a client's text what can be described and executed.
func (w *Warehouse) parse(ctx context.Context, q wire.Query) (wire.PreparedStatements, error) {
	s := sessionOf(ctx)
	statements, err := split(q.Query)
	if err == nil && len(statements) > 1 && !q.SimpleQuery {
		err = pgerr.New(pgerr.SyntaxError, "cannot insert multiple commands into a prepared statement")
	}
	var first *wire.PreparedStatement
	var prepared wire.PreparedStatements
	switch {
	case err != nil:
	case len(statements) == 0:
		return wire.Prepared(wire.NewStatement(s.empty)), nil
	case q.SimpleQuery:
		prepared = make(wire.PreparedStatements, len(statements))
		for i := range prepared {
			prepared[i] = &wire.PreparedStatement{}
		}
		first, err = s.simple(ctx, statements, prepared)
	default:
		first, err = s.extended(ctx, statements[0], q.ParameterOIDs)
		prepared = wire.Prepared(first)
	}
	if err != nil {
		return nil, wireError(errors.Join(err, s.failed(ctx)))
	}
	*prepared[0] = *first
	return prepared, nil
}

// empty answers a text without a statement; psql-wire has no message for it.
func (s *session) empty(_ context.Context, w wire.DataWriter, _ []wire.Parameter) error {
	if _, err := s.conn.Conn.Write(message(msgEmptyQuery, nil)); err != nil {
		return err
	}
	return w.Empty()
}

// simple prepares the first of the statements of one simple query. Each, when it has run, prepares the one after it
// in its place: only then do the tables exist that the statements before made. The last commits.
func (s *session) simple(ctx context.Context, todo []statement, places wire.PreparedStatements) (*wire.PreparedStatement, error) {
	a, err := s.plan(ctx, todo[0], nil)
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, w wire.DataWriter, _ []wire.Parameter) error {
		if err := s.run(ctx, w, todo[0], a, len(todo) == 1); err != nil {
			return err
		}
		if len(todo) == 1 {
			return nil
		}
		next, err := s.simple(ctx, todo[1:], places[1:])
		if err != nil {
			err = wireError(errors.Join(err, s.failed(ctx)))
			next = wire.NewStatement(func(context.Context, wire.DataWriter, []wire.Parameter) error { return err })
		}
		*places[1] = *next
		return nil
	}
	return wire.NewStatement(run, wire.WithColumns(wireColumns(a.columns))), nil
}

// extended prepares a statement with parameters. They become constants when it is bound.
func (s *session) extended(ctx context.Context, st statement, declared []uint32) (*wire.PreparedStatement, error) {
	oids := parameterTypes(st, declared)
	if err := s.inferTypes(ctx, st, oids); err != nil {
		return nil, err
	}
	described, err := s.plan(ctx, st, unknownArguments(oids))
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, w wire.DataWriter, given []wire.Parameter) error {
		a := described
		if len(oids) > 0 {
			arguments, err := arguments(oids, given)
			if err == nil {
				a, err = s.plan(ctx, st, arguments)
			}
			if err != nil {
				return wireError(errors.Join(err, s.failed(ctx)))
			}
		}
		return s.run(ctx, w, st, a, false)
	}
	return wire.NewStatement(run, wire.WithColumns(wireColumns(described.columns)), wire.WithParameters(told(oids))), nil
}

// run executes a statement; last ends the transaction that the session made around it.
func (s *session) run(ctx context.Context, w wire.DataWriter, st statement, a *action, last bool) (err error) {
	s.lastQueryID = s.w.queries.Add(1)
	ctx, finish := s.statementContext(ctx)
	defer finish()
	defer func() {
		if r := recover(); r != nil {
			s.w.log.ErrorContext(ctx, "panic in statement", logkey.Conn, s.conn.pid, logkey.Error, r, "stack", string(debug.Stack()))
			err = wireError(errors.Join(fmt.Errorf("panic: %v", r), s.failed(context.WithoutCancel(ctx))))
		}
	}()
	tag, err := s.perform(ctx, w, st, a)
	if err == nil && last && s.tx == txImplicit {
		err = s.commit(ctx)
	}
	if err == nil {
		err = s.w.faults.strike(ctx, AfterStatement, st.sql, s.conn)
	}
	switch {
	case errors.Is(err, wire.ErrSuspendedHandlerClosed): // the client wants no more rows
		return err
	case err != nil:
		return wireError(errors.Join(inRedshiftWords(err), s.failed(context.WithoutCancel(ctx))))
	}
	return w.Complete(tag)
}

func (s *session) perform(ctx context.Context, w wire.DataWriter, st statement, a *action) (tag string, err error) {
	if err := s.w.faults.strike(ctx, BeforeStatement, st.sql, s.conn); err != nil {
		return "", err
	}
	if a.control {
		return a.run(ctx, w)
	}
	if s.tx == txNone {
		s.tx = txImplicit
	}
	for _, l := range a.locks {
		if err := s.w.locks.acquire(ctx, &s.locks, l.key, l.mode); err != nil {
			return "", err
		}
	}
	return a.run(ctx, w)
}

// plan decides what a statement does. arguments stand for $1, $2 … as DuckDB's text.
func (s *session) plan(ctx context.Context, st statement, arguments []string) (*action, error) {
	verb := st.verb()
	if s.tx == txFailed && !endsBlock(verb) {
		return nil, pgerr.New(pgerr.InFailedTransaction,
			"current transaction is aborted, commands ignored until end of transaction block")
	}
	if a, err := s.planSession(st); a != nil || err != nil {
		return a, err
	}
	switch verb {
	case "select", "with":
		return s.planSelect(ctx, st, arguments)
	case "explain":
		return s.planExplain(ctx, st, arguments)
	case "insert":
		return s.planInsert(ctx, st, arguments)
	case "delete":
		return s.planDelete(ctx, st, arguments)
	case "update":
		return s.planUpdate(ctx, st, arguments)
	case "truncate":
		return s.planTruncate(ctx, st)
	case "create":
		return s.planCreate(ctx, st)
	case "drop":
		return s.planDrop(ctx, st)
	case "alter":
		return s.planAlter(ctx, st)
	case "copy":
		return s.planCopy(ctx, st)
	case "unload":
		return s.planUnload(ctx, st)
	}
	return nil, unsupported(verb)
}

func unsupported(what string) error {
	return pgerr.New(pgerr.FeatureNotSupported, "%s is not built in this stand-in", what)
}

func endsBlock(verb string) bool {
	return verb == "commit" || verb == "end" || verb == "rollback" || verb == "abort"
}
