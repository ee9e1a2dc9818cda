package gateway

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"go.uber.org/goleak"

	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// planner plans with the real language and an embedded DuckDB, except for the texts that a test has scripted.
type planner struct {
	db      engine.Engine
	scripts map[string]*script
	held    atomic.Int64                 // by every result, as the plans say
	see     atomic.Pointer[func(*State)] // is shown the state of every Plan; nil: nobody is
}

// script is what a test wants of one statement.
type script struct {
	columns []engine.Column
	query   func(ctx context.Context) (engine.Rows, error)
	plan    engine.Plan // all but its engine
	refuse  error
}

func (s *script) Describe(context.Context, engine.Statement) ([]engine.Column, error) {
	return s.columns, nil
}

func (s *script) Query(ctx context.Context, _ engine.Statement) (engine.Rows, error) {
	return s.query(ctx)
}

// Recall knows nothing from before.
func (*planner) Recall(context.Context, string, []pgtypes.OID, *State) (*sql.Statement, *sql.Query, bool) {
	return nil, nil, false
}

func (p *planner) Bind(_ context.Context, st *sql.Statement, params []pgtypes.OID, s *State) (*sql.Query, error) {
	if p.scripts[st.Text] != nil {
		return &sql.Query{}, nil
	}
	return sql.Bind(st, relations{}, sql.Env{
		SearchPath: s.SearchPath,
		Database:   s.Database,
		User:       s.User,
		BackendPID: s.PID,
		Version:    s.Version,
		Settings:   s.Setting,
		Now:        s.Now,
		Statement:  s.Statement,
		Zone:       s.Zone,
		Style:      s.Style,
		ParamTypes: params,
	})
}

func (p *planner) Describe(ctx context.Context, q *sql.Query, st *sql.Statement, s *State) ([]engine.Column, error) {
	if x := p.scripts[st.Text]; x != nil {
		return x.columns, nil
	}
	plan, err := p.Plan(ctx, q, st, s)
	if err != nil {
		return nil, err
	}
	return plan.Engine.Describe(ctx, plan.Statement)
}

func (p *planner) Plan(_ context.Context, q *sql.Query, st *sql.Statement, s *State) (*engine.Plan, error) {
	if see := p.see.Load(); see != nil {
		(*see)(s)
	}
	if x := p.scripts[st.Text]; x != nil {
		plan := x.plan
		plan.Engine = x
		s.Pin(7)
		return &plan, x.refuse
	}
	text, err := q.Render(func(u *sql.Use) (string, error) { return "(" + testRelations[u.Relation.Name.Table].rows + ")", nil })
	if err != nil {
		return nil, err
	}
	columns := make([]engine.Column, len(q.Names))
	for i, name := range q.Names {
		columns[i] = engine.Column{Name: name, Type: q.Types[i]}
	}
	return &engine.Plan{
		Route:     engine.RouteLocal,
		Reason:    "no relation",
		Engine:    p.db,
		Statement: engine.Statement{SQL: text, TimeZone: s.TimeZone, Columns: columns, Memory: engine.Memory{Held: p.held.Load()}},
		Explain: func() []engine.ExplainLine {
			return []engine.ExplainLine{
				{Label: "Route", Key: "route", Value: "local", Text: "local"},
				{Label: "Bytes", Key: "bytes", Value: int64(0), Text: "0 B"},
			}
		},
	}, nil
}

func (p *planner) Call(_ context.Context, st *sql.Statement, _ *State) (*engine.Plan, error) {
	x := p.scripts[st.Text]
	if x == nil {
		return nil, pgerr.New(pgerr.UndefinedFunction, "procedure does not exist")
	}
	return &engine.Plan{Route: engine.RouteLocal, Engine: x}, nil
}

// log is a Recorder that keeps what it gets.
type log struct {
	mu      sync.Mutex
	entries []Entry
}

func (l *log) Record(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
}

func (l *log) all() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Entry(nil), l.entries...)
}

// door is a running server of a test.
type door struct {
	*Server
	addr string
	log  *log
}

// dsn gives a connection string; more are further settings of it.
func (d *door) dsn(more ...string) string {
	host, port, _ := net.SplitHostPort(d.addr)
	return strings.Join(append([]string{"host=" + host, "port=" + port, "user=ann", "dbname=tidegate", "sslmode=disable"}, more...), " ")
}

func (d *door) connect(t *testing.T, more ...string) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), d.dsn(more...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.WithoutCancel(t.Context())) })
	return c
}

// raw gives a session without a client's library in between.
func (d *door) raw(t *testing.T) (net.Conn, *pgproto3.Frontend) {
	t.Helper()
	c, err := net.Dial("tcp", d.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	f := pgproto3.NewFrontend(c, c)
	f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "ann", "database": "tidegate"}})
	readUntilReady(t, f, func(string) {})
	return c, f
}

// serve starts a server with scripted statements.
func serve(t *testing.T, scripts map[string]*script, change ...func(*Options)) *door {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Database: "tidegate", Version: "PostgreSQL 15.20, Tidegate test"}
	for _, c := range change {
		c(&o)
	}
	d := &door{log: &log{}}
	d.Server = New(o, &planner{db: db, scripts: scripts}, d.log, slog.New(slog.NewTextHandler(&testLog{t: t}, &slog.HandlerOptions{Level: slog.LevelWarn})))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- d.Serve(context.WithoutCancel(t.Context()), l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Second)
		defer cancel()
		_ = d.Shutdown(ctx) // a test may have left a session in a statement
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("close DuckDB: %v", err)
		}
	})
	return d
}

// testLog shows the server's log in the test's.
type testLog struct{ t *testing.T }

func (l *testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// numbers is a result of the integers from 0 to n, in chunks of size; after the last comes err.
type numbers struct {
	n, size int64
	err     error
	at      int64
	closed  chan struct{}
}

var numberColumns = []engine.Column{{Name: "n", Type: pgtypes.Of(pgtypes.Int8)}}

func (x *numbers) Columns() []engine.Column { return numberColumns }

func (x *numbers) Next(ctx context.Context) (*engine.Chunk, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if x.at >= x.n {
		if x.err != nil {
			return nil, x.err
		}
		return nil, io.EOF
	}
	v := engine.Vector{Physical: engine.PhysicalI64}
	for i := int64(0); i < x.size && x.at < x.n; i++ {
		v.I64 = append(v.I64, x.at)
		x.at++
	}
	return &engine.Chunk{Rows: len(v.I64), Vectors: []engine.Vector{v}}, nil
}

func (x *numbers) Close() error {
	if x.closed != nil {
		close(x.closed)
		x.closed = nil
	}
	return nil
}

// count scripts a statement that answers n numbers and then err.
func count(n, size int64, err error) *script {
	return &script{columns: numberColumns, query: func(context.Context) (engine.Rows, error) {
		return &numbers{n: n, size: size, err: err}, nil
	}}
}

// blocking scripts a statement that tells when it has begun, and ends only when it is cancelled, with the cause.
func blocking() (x *script, begun chan struct{}, ended chan error) {
	begun, ended = make(chan struct{}, 10), make(chan error, 10)
	return &script{columns: numberColumns, query: func(ctx context.Context) (engine.Rows, error) {
		begun <- struct{}{}
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return nil, ctx.Err()
	}}, begun, ended
}
