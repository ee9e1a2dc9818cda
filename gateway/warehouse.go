package gateway

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// Warehouse is what a session needs to change what only the hot store has. It is safe for concurrent use.
type Warehouse interface {
	// Write checks a statement that changes something (KindWrite) for this session and gives its text.
	Write(ctx context.Context, st *sql.Statement, s *State) (*sql.Write, error)
	// Pin takes a connection for one session; keep says that it will have it for longer than one statement. One
	// connection is always left for others: then it is 53300.
	Pin(ctx context.Context, keep bool) (Connection, error)
}

// Connection is a connection to the warehouse that one session has for itself. Between calls it is idle, however much
// of a result was read. Errors that the client can understand are *pgerr.Error.
type Connection interface {
	// Query runs a read, or a statement of Write. Its result may be a Tagger.
	Query(ctx context.Context, s engine.Statement) (engine.Rows, error)
	// Describe gives the types of a statement's parameters and the columns of its rows, nil for none.
	Describe(ctx context.Context, text string, params []pgtypes.OID) ([]pgtypes.OID, []engine.Column, error)
	// Begin begins a transaction of an isolation level, as SHOW transaction_isolation writes it.
	Begin(ctx context.Context, isolation string) error
	// Control runs COMMIT, ROLLBACK or a savepoint's statement and gives the server's tag.
	Control(ctx context.Context, text string) (tag string, err error)
	// Notices gives what the server said beside its answers since the last call.
	Notices() []engine.Notice
	// Relist reads what relations this connection sees; they are the session's from then on.
	Relist(ctx context.Context) error
	// Publish reads what relations there are when no transaction is open, for everybody. temporary says that some
	// are the session's alone.
	Publish(ctx context.Context) (temporary bool, err error)
	Keep() error
	// Lost says that the connection broke: what was not committed is gone, and all that was temporary.
	Lost() bool
	// Release gives the connection to others, Close ends it.
	Release()
	Close()
}

// Tagger is a result that knows its command tag, after its last row.
type Tagger interface{ Tag() string }

// changes is a session's own connection to the warehouse, and what of the session's transaction is open on it.
type changes struct {
	conn Connection // nil: none
	open bool       // a transaction is
	ddl  bool       // it made or dropped relations
	lost bool       // the session's transaction had it, and it broke
	last bool       // the statement is the last of its simple query: it commits before its tag is told
	// temporary says that the connection has relations of the session's alone: it stays.
	temporary bool
	hold      bool // what is read now must outlive the transaction
}

// changing runs one statement of Write on the session's own connection.
type changing struct {
	s *session
	w *sql.Write
}

var _ engine.Engine = changing{}

// Describe gives the columns of the statement's rows.
func (c changing) Describe(ctx context.Context, st engine.Statement) ([]engine.Column, error) {
	_, columns, err := c.s.describeWrite(ctx, c.w, nil)
	return columns, err
}

// Query runs the statement.
func (c changing) Query(ctx context.Context, st engine.Statement) (engine.Rows, error) {
	s := c.s
	if err := s.connect(ctx, s.tx.explicit || c.w.Temporary); err != nil {
		return nil, err
	}
	if !c.w.Alone || s.tx.block {
		if err := s.openOnServer(ctx); err != nil {
			return nil, err
		}
	}
	rows, err := s.changes.conn.Query(ctx, st)
	s.tellNotices()
	if err != nil {
		return nil, s.noteLost(err)
	}
	if c.w.DDL {
		s.changes.ddl = true
		if err := s.changes.conn.Relist(ctx); err != nil {
			return nil, s.noteLost(errors.Join(err, rows.Close()))
		}
	}
	return rows, nil
}

// write runs a statement that changes the warehouse.
func (s *session) write(ctx context.Context, st *sql.Statement, params []engine.Param) (*answer, error) {
	if s.settings.get("transaction_read_only") == "on" || s.server.options.Warehouse == nil {
		return s.refused(st)
	}
	r, err := s.open(ctx, st, func(ctx context.Context) (*engine.Plan, error) {
		w, err := s.server.options.Warehouse.Write(ctx, st, &s.state)
		if err != nil {
			return nil, err
		}
		if w.Params > len(params) {
			return nil, pgerr.New(pgerr.UndefinedParameter, "there is no parameter $%d", w.Params)
		}
		return &engine.Plan{
			Route: engine.RouteHot, Reason: "it changes hot-only relations", Engine: changing{s, w},
			Statement: engine.Statement{
				SQL: w.Text, Params: params[:w.Params], Formats: s.wanted, TimeZone: s.state.TimeZone,
				Asker: engine.Asker{User: s.state.User, QueryGroup: s.state.QueryGroup},
			},
		}, nil
	})
	if err != nil {
		return nil, err
	}
	a := &answer{tag: st.Tag, limit: math.MaxInt64}
	if len(r.columns) > 0 {
		a.result = r
		a.settle = func() error { return s.settleWrite(ctx, a, r) }
		return a, nil
	}
	err = s.settleWrite(ctx, a, r)
	r.close(err)
	return a, err
}

// settleWrite ends a write after its last row: its tag is the server's, and the last of a simple query is committed
// before the client hears of it.
func (s *session) settleWrite(ctx context.Context, a *answer, r *result) error {
	if t, ok := r.rows.(Tagger); ok {
		a.tag = t.Tag()
	}
	if a.result != nil {
		// The number behind it is that of the rows of the last piece, as in PostgreSQL.
		a.tag = strings.TrimRight(a.tag, "0123456789 ")
		if a.tag == "INSERT" {
			a.tag = "INSERT 0"
		}
	}
	if s.changes.last && !s.tx.explicit {
		return s.endOnServer(ctx, false)
	}
	return nil
}

// connect makes sure of the session's own connection.
func (s *session) connect(ctx context.Context, keep bool) error {
	c := &s.changes
	if c.conn != nil && c.conn.Lost() {
		s.noteLoss()
	}
	if c.lost {
		return errLostChanges()
	}
	if c.conn != nil {
		if keep {
			return c.conn.Keep()
		}
		return nil
	}
	conn, err := s.server.options.Warehouse.Pin(ctx, keep)
	if err != nil {
		return err
	}
	c.conn, s.state.Own = conn, conn
	return nil
}

func errLostChanges() error {
	return pgerr.New(pgerr.ConnectionFailure, "the session's connection to the hot store was lost: what was not committed is gone")
}

// openOnServer begins the session's transaction at the server too, with its savepoints, unless it has begun.
func (s *session) openOnServer(ctx context.Context) error {
	c := &s.changes
	if c.open {
		return nil
	}
	if err := c.conn.Begin(ctx, s.settings.get("transaction_isolation")); err != nil {
		return s.noteLost(err)
	}
	c.open = true
	for _, p := range s.tx.savepoints {
		if _, err := c.conn.Control(ctx, "SAVEPOINT "+quoteName(p.name)); err != nil {
			return s.noteLost(err)
		}
	}
	return nil
}

// noteLost gives err back, and forgets a connection that broke.
func (s *session) noteLost(err error) error {
	if s.changes.conn != nil && s.changes.conn.Lost() {
		s.noteLoss()
	}
	return err
}

func (s *session) noteLoss() {
	s.changes.conn.Close()
	s.changes.lost = s.changes.open || s.changes.lost
	s.changes.conn, s.changes.open, s.changes.ddl, s.changes.temporary = nil, false, false, false
	s.state.Own = nil
}

// endTimeout bounds COMMIT and ROLLBACK, which a client cannot cancel: their outcome must be known.
const endTimeout = time.Minute

// endOnServer ends the transaction that is open on the session's own connection, if one is. A COMMIT that was not
// answered is 08007: nobody knows what became of it.
func (s *session) endOnServer(ctx context.Context, rollback bool) error {
	c := &s.changes
	lost := c.lost
	c.lost = false
	if c.conn == nil {
		if lost && !rollback {
			return errLostChanges()
		}
		return nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer stop()
	var err error
	if c.open {
		err = s.endTransaction(ctx, rollback)
	}
	if c.conn != nil {
		s.giveBack(ctx)
	}
	return err
}

func (s *session) endTransaction(ctx context.Context, rollback bool) error {
	c := &s.changes
	verb := "COMMIT"
	if rollback {
		verb = "ROLLBACK"
	}
	tag, err := c.conn.Control(ctx, verb)
	s.tellNotices()
	c.open = false
	_, answered := errors.AsType[*pgerr.Error](err)
	lost := c.conn.Lost() || err != nil && !answered // it took too long and was cancelled: what became of it is not known
	if lost {
		s.noteLoss()
		s.changes.lost = false
	}
	switch {
	case rollback && lost:
		return nil // the server rolls back what it has lost the client of
	case lost:
		return &pgerr.Error{
			Code: pgerr.TransactionUnknown, Message: "the hot store did not answer the COMMIT: it may have happened or not",
			Hint: "look at the data before you do it again", Err: err,
		}
	case err != nil:
		return err
	case tag != verb:
		return pgerr.New(pgerr.InFailedTransaction, "the hot store has rolled the transaction back")
	}
	return nil
}

// giveBack ends the session's hold of its connection, unless something temporary is there.
func (s *session) giveBack(ctx context.Context) {
	c := &s.changes
	if c.ddl {
		c.ddl = false
		temporary, err := c.conn.Publish(ctx)
		if err != nil {
			s.log.WarnContext(ctx, "list the warehouse's relations", logkey.Error, err)
			c.conn.Close()
			c.conn, s.state.Own, c.temporary = nil, nil, false
			return
		}
		c.temporary = temporary
	}
	if c.temporary {
		return
	}
	c.conn.Release()
	c.conn, s.state.Own = nil, nil
}

// dropChanges ends the session's own connection: the server rolls back, and drops what is temporary.
func (s *session) dropChanges() {
	if s.changes.conn != nil {
		s.changes.conn.Close()
		s.changes = changes{}
		s.state.Own = nil
	}
}

// onServer tells the server of a savepoint's statement, if the transaction is open there.
func (s *session) onServer(ctx context.Context, t *sql.Transaction) error {
	c := &s.changes
	if c.lost || c.conn != nil && c.conn.Lost() {
		return errLostChanges()
	}
	if !c.open {
		return nil
	}
	text := t.Verb + " " + quoteName(t.Savepoint)
	if t.Verb != "SAVEPOINT" {
		text = strings.Replace(text, t.Verb, verbOf(t), 1)
	}
	if _, err := c.conn.Control(ctx, text); err != nil {
		return s.noteLost(err)
	}
	if t.Verb == "ROLLBACK TO" && c.ddl {
		return s.noteLost(c.conn.Relist(ctx))
	}
	return nil
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// tellNotices passes on what the server said beside its answers.
func (s *session) tellNotices() {
	for _, n := range s.changes.conn.Notices() {
		s.notice(n)
	}
}

// reads gives the engine for a plan: the session's own connection if the plan reads what it may have changed.
func (s *session) reads(ctx context.Context, p *engine.Plan) (engine.Engine, error) {
	if s.changes.lost && p.HotOnly {
		return nil, errLostChanges()
	}
	if s.changes.conn == nil || !p.HotOnly {
		return p.Engine, nil
	}
	if s.changes.hold {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "a cursor WITH HOLD over hot-only relations is not supported beside a transaction that changes some, or temporary tables")
	}
	if err := s.openOnServer(ctx); err != nil {
		return nil, err
	}
	return own{p.Engine, s}, nil
}

// own reads over the session's own connection.
type own struct {
	engine.Engine
	s *session
}

// Query starts a read.
func (o own) Query(ctx context.Context, st engine.Statement) (engine.Rows, error) {
	rows, err := o.s.changes.conn.Query(ctx, st)
	return rows, o.s.noteLost(err)
}

// prepareWrite checks a write and asks the server for its parameters and columns.
func (s *session) prepareWrite(ctx context.Context, p *prepared) error {
	if s.server.options.Warehouse == nil || s.settings.get("transaction_read_only") == "on" {
		_, err := s.refused(p.st)
		return err
	}
	ctx, t := newTask(ctx)
	defer t.end()
	defer s.engage(t)()
	w, err := s.server.options.Warehouse.Write(ctx, p.st, &s.state)
	if err == nil {
		p.params, p.columns, err = s.describeWrite(ctx, w, p.told)
		p.described = true
	}
	if err != nil {
		return s.refuse(p.st, t.explain(err))
	}
	return nil
}

// describeWrite asks the server over the session's connection, or over one that is borrowed for it.
func (s *session) describeWrite(ctx context.Context, w *sql.Write, told []pgtypes.OID) ([]pgtypes.OID, []engine.Column, error) {
	if w.DDL && w.Params == 0 {
		return nil, nil, nil
	}
	conn := s.changes.conn
	if conn == nil {
		borrowed, err := s.server.options.Warehouse.Pin(ctx, false)
		if err != nil {
			return nil, nil, err
		}
		defer func() {
			if borrowed.Lost() {
				borrowed.Close()
			} else {
				borrowed.Release()
			}
		}()
		conn = borrowed
	}
	params, columns, err := conn.Describe(ctx, w.Text, told[:min(len(told), w.Params)])
	if columns != nil {
		columns = shown(columns)
	}
	return params, columns, s.noteLost(err)
}

// rawParams gives a Bind message's parameters as they came, for the server to read.
func (s *session) rawParams(p *prepared, m *pgproto3.Bind) ([]engine.Param, error) {
	if err := checkParams(p, m); err != nil {
		return nil, err
	}
	params := make([]engine.Param, len(m.Parameters))
	for i, v := range m.Parameters {
		params[i] = engine.Param{Type: p.params[i], Format: paramFormat(m, i)}
		if v != nil {
			params[i].Value = append([]byte{}, v...) // the message's buffer is used again
		}
	}
	return params, nil
}

// textParams gives EXECUTE's arguments.
func textParams(p *prepared, args []sql.Arg) []engine.Param {
	params := make([]engine.Param, len(args))
	for i, a := range args {
		params[i] = engine.Param{Type: p.params[i]}
		if !a.Null {
			params[i].Value = []byte(a.Text)
		}
	}
	return params
}

// discardTemporary drops what is temporary, and with it the connection.
func (s *session) discardTemporary() error {
	if s.changes.open {
		return pgerr.New(pgerr.ActiveTransaction, "DISCARD TEMP cannot run in a transaction that changes the warehouse")
	}
	s.dropChanges()
	return nil
}
