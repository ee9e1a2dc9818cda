package gateway

import (
	"context"
	"errors"
	"math"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// Warehouse is what a session needs to change what only the hot store has. It is safe for concurrent use.
type Warehouse interface {
	// Write checks a statement that changes something (KindWrite, or a COPY … FROM STDIN) for this session and gives its
	// text.
	Write(ctx context.Context, st *sql.Statement, s *State) (*sql.Write, error)
	// Sees reports whether this session sees a relation of the warehouse, with all its rows and columns.
	Sees(ctx context.Context, s *State, schema, table string) bool
	// Pin takes a connection for one session; keep says that it will have it for longer than one statement. One
	// connection is always left for others: then it is 53300.
	Pin(ctx context.Context, keep bool) (Connection, error)
}

// Connection is a connection to the warehouse that one session has for itself. Between calls it is idle, however much
// of a result was read. Errors that the client can understand are *pgerr.Error.
type Connection interface {
	// Query runs a read, or a statement of Write. Its result may be a Tagger.
	Query(ctx context.Context, s engine.Statement) (engine.Rows, error)
	// CopyIn runs a COPY … FROM STDIN whose rows client sends, and gives its tag.
	CopyIn(ctx context.Context, s engine.Statement, client engine.CopyClient) (tag string, err error)
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

// changing runs one statement of Write on the session's own connection.
type changing struct {
	s  *session
	st *sql.Statement
	w  *sql.Write
}

var _ engine.Engine = changing{}

// Describe gives the columns of the statement's rows.
func (c changing) Describe(ctx context.Context, st engine.Statement) ([]engine.Column, error) {
	_, columns, err := c.s.describeWrite(ctx, c.st, c.w, nil)
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
		return nil, s.noteLost(s.writeError(ctx, c.st, c.w.Text, err))
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
	if a, ok, err := s.changeTemporary(ctx, st, params); ok || err != nil {
		return a, err
	}
	if s.readOnly(st) || s.server.options.Warehouse == nil {
		return s.refused(st)
	}
	return s.settled(ctx, st, func(ctx context.Context) (*engine.Plan, error) {
		w, err := s.server.options.Warehouse.Write(ctx, st, &s.state)
		if err != nil {
			return nil, err
		}
		if w.Params > len(params) {
			return nil, pgerr.New(pgerr.UndefinedParameter, "there is no parameter $%d", w.Params)
		}
		return s.writePlan(w, changing{s, st, w}, params[:w.Params]), nil
	})
}

// settled runs a write as far as its first row, or to its end if it gives none.
func (s *session) settled(ctx context.Context, st *sql.Statement, plan func(context.Context) (*engine.Plan, error)) (*answer, error) {
	r, err := s.open(ctx, st, plan)
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

// writePlan is the plan of a checked statement.
func (s *session) writePlan(w *sql.Write, e engine.Engine, params []engine.Param) *engine.Plan {
	return &engine.Plan{
		Route: engine.RouteHot, Reason: "it changes hot-only relations", Engine: e,
		Statement: engine.Statement{
			SQL: w.Text, Params: params, Formats: s.wanted, TimeZone: s.state.TimeZone, Style: s.state.Style,
			Asker: engine.Asker{User: s.state.User, QueryGroup: s.state.QueryGroup},
		},
	}
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
		return s.endChanges(ctx, false)
	}
	return nil
}

// prepareWrite checks a write and asks the server for its parameters and columns.
func (s *session) prepareWrite(ctx context.Context, p *prepared) error {
	if ok, err := s.prepareTemporary(ctx, p); ok || err != nil {
		return err
	}
	if s.server.options.Warehouse == nil || s.readOnly(p.st) {
		_, err := s.refused(p.st)
		return err
	}
	ctx, t := newTask(ctx)
	defer t.end()
	defer s.engage(t).release()
	w, err := s.server.options.Warehouse.Write(ctx, p.st, &s.state)
	if err == nil {
		p.params, p.columns, err = s.describeWrite(ctx, p.st, w, p.told)
		p.described = true
	}
	if err != nil {
		return s.refuse(p.st, t.explain(err))
	}
	return nil
}

// describeWrite asks the server over the session's connection, or over one that is borrowed for it.
func (s *session) describeWrite(
	ctx context.Context, st *sql.Statement, w *sql.Write, told []pgtypes.OID,
) ([]pgtypes.OID, []engine.Column, error) {
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
	return params, columns, s.noteLost(s.writeError(ctx, st, w.Text, err))
}

// rawParams gives a Bind message's parameters as they came, for the server to read.
func (s *session) rawParams(p *prepared, m *pgproto3.Bind) ([]engine.Param, error) {
	if err := checkParams(p, m); err != nil {
		return nil, err
	}
	params := make([]engine.Param, len(m.Parameters))
	for i, v := range m.Parameters {
		params[i] = engine.Param{Type: p.params[i], Format: paramFormat(m, i)}
		if v == nil {
			continue
		}
		plain, err := s.wire.plainParam(p.params[i], params[i].Format, v)
		if err != nil {
			return nil, paramValueError(err, m.DestinationPortal, i, params[i].Format, v)
		}
		params[i].Value = append([]byte{}, plain...) // the message's buffer is used again
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
