// Package hot is the engine contract on PostgreSQL or Redshift: statements go there over a pool of connections, rows
// pass as the bytes that they came in.
//
// It runs what the router has rewritten for it, which is a SELECT on tables that Tidegate itself fills.
package hot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/engine/spool"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// Kind is what answers at the other end.
type Kind string

// The kinds.
const (
	PostgreSQL Kind = "postgres"
	Redshift   Kind = "redshift"
)

// Options are what an Engine is made of.
type Options struct {
	Kind Kind
	URL  string // postgres://user:password@host:5439/database?sslmode=verify-full
	Pool int    // connections at most; 0 is 8
	// SpoolDir is a folder for the rest of results whose clients are slow, which hold at most SpoolBytes together. 0: the
	// server waits for slow clients.
	SpoolDir   string
	SpoolBytes int64
	// Credentials, if not nil, replace the URL's user and password in every new connection.
	Credentials Credentials
}

// Credentials give a user and a password that are good for a while. They are asked once per new connection.
type Credentials interface {
	Get(ctx context.Context) (user, password string, err error)
}

const defaultPool = 8

// Engine answers statements from the warehouse.
type Engine struct {
	kind   Kind
	config *pgconn.Config
	creds  Credentials
	pool   *pool
	spools *spool.Store // nil: the server waits for slow clients

	watched atomic.Bool        // Watch runs, and answers asked
	asked   chan (chan<- bool) // whether the server is there

	mu   sync.Mutex
	down string // why nothing is asked for the moment, "" if it is; guarded by mu
	lost int    // how often it went down; guarded by mu
}

var _ engine.Engine = (*Engine)(nil)

// New makes an Engine. It connects when it is asked, so that a warehouse that is down does not keep Tidegate from
// starting.
func New(o Options) (*Engine, error) {
	config, err := pgconn.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("read the hot store's url: %w", err)
	}
	// Redshift refuses what it does not know, and the client's own settings never go there.
	config.RuntimeParams = map[string]string{"application_name": "tidegate", "client_encoding": "UTF8"}
	e := &Engine{kind: o.Kind, config: config, creds: o.Credentials, asked: make(chan chan<- bool)}
	if o.SpoolBytes > 0 {
		e.spools = spool.New(o.SpoolDir, o.SpoolBytes)
	}
	size := o.Pool
	if size == 0 {
		size = defaultPool
	}
	e.pool = newPool(size, e.dial, func(err error) { e.setDown(reasonOf(err)) })
	return e, nil
}

// Kind says what is at the other end.
func (e *Engine) Kind() Kind { return e.kind }

// TakesArgs says that statements may have their values apart from the text. They are prepared then, which Redshift
// plans for no values in particular.
func (e *Engine) TakesArgs() bool { return e.kind == PostgreSQL }

// Close ends every connection. Statements that run go on to their end.
func (e *Engine) Close() error {
	e.pool.close()
	return nil
}

func (e *Engine) dial(ctx context.Context, use use) (*conn, error) {
	config := e.config.Copy()
	if e.creds != nil {
		user, password, err := e.creds.Get(ctx)
		if err != nil {
			return nil, fmt.Errorf("get credentials for the hot store: %w", err)
		}
		config.User, config.Password = user, password
	}
	return dial(ctx, config, e.kind, use)
}

// Describe gives the columns of a statement's result: those that it must have if it names them, else what the
// warehouse says.
func (e *Engine) Describe(ctx context.Context, s engine.Statement) ([]engine.Column, error) {
	if s.Columns != nil {
		return s.Columns, nil
	}
	if err := readOnly(s.SQL); err != nil {
		return nil, err
	}
	c, _, err := e.pool.acquire(ctx, forQueries, false, false)
	if err != nil {
		return nil, e.unavailable(ctx, err)
	}
	end := c.watch(ctx)
	columns, err := c.describe(s.SQL)
	end()
	if ctx.Err() != nil {
		e.pool.abandon(ctx, c)
		return nil, context.Cause(ctx)
	}
	if _, answered := errors.AsType[*pgerr.Error](err); err != nil && !answered {
		e.pool.drop(c)
		return nil, e.unavailable(ctx, err)
	}
	e.pool.put(c)
	return columns, err
}

func (c *conn) describe(sql string) (columns []engine.Column, err error) {
	c.out = c.out[:0]
	for _, m := range []pgproto3.FrontendMessage{
		&pgproto3.Parse{Query: sql}, &pgproto3.Describe{ObjectType: 'S'}, &pgproto3.Sync{},
	} {
		if c.out, err = m.Encode(c.out); err != nil {
			return nil, fmt.Errorf("encode %T: %w", m, err)
		}
	}
	if _, err := c.link.Write(c.out); err != nil {
		return nil, err
	}
	for {
		kind, body, err := c.in.message()
		if err != nil {
			return nil, err
		}
		switch kind {
		case kindRowDescription:
			if columns, err = readColumns(body); err != nil {
				return nil, err
			}
		case kindError:
			return nil, c.fail(body)
		case kindReady:
			return columns, nil
		}
	}
}

// Query starts a statement and waits for its first row, its end or its error.
func (e *Engine) Query(ctx context.Context, s engine.Statement) (engine.Rows, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := errors.Join(readOnly(s.SQL), writes(e.kind, s)); err != nil {
		return nil, err
	}
	for fresh := false; ; fresh = true {
		c, reused, err := e.pool.acquire(ctx, forQueries, fresh, s.Replaceable)
		if err != nil {
			return nil, e.unavailable(ctx, err)
		}
		r, err := e.attended(ctx, c, s)
		if err == nil {
			e.setDown("")
			return r, nil
		}
		if reused && errors.Is(err, errLost) && ctx.Err() == nil {
			continue // the server had closed it while it was idle; nothing was run
		}
		if errors.Is(err, errStale) && ctx.Err() == nil {
			continue // over a new connection, which has nothing prepared
		}
		return nil, e.unavailable(ctx, err)
	}
}

// readOnly refuses what is no query. PostgreSQL would refuse it too, by the session's setting; Redshift has none.
func readOnly(sql string) error {
	head := strings.ToLower(strings.TrimLeft(sql, " \t\r\n("))
	if len(head) > 6 {
		head = head[:6]
	}
	for _, word := range []string{"select", "with", "values", "table"} {
		if strings.HasPrefix(head, word) {
			return nil
		}
	}
	if word, _, _ := strings.Cut(head, " "); word == "create" || word == "insert" || word == "delete" || word == "update" {
		return pgerr.New(pgerr.FeatureNotSupported, "the hot engine runs queries only")
	}
	return nil // the server says what is wrong with it
}

// readColumns reads a RowDescription.
func readColumns(body []byte) ([]engine.Column, error) {
	var d pgproto3.RowDescription
	if err := d.Decode(body); err != nil {
		return nil, fmt.Errorf("read the description of the hot store's rows: %w", err)
	}
	columns := make([]engine.Column, len(d.Fields))
	for i, f := range d.Fields {
		columns[i] = engine.Column{Name: string(f.Name), Type: pgtypes.Type{OID: f.DataTypeOID, Typmod: f.TypeModifier}}
	}
	return columns, nil
}

// Down says why the hot store is not asked for the moment; "" if it is.
func (e *Engine) Down() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.down
}

func (e *Engine) setDown(why string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.down == "" && why != "" {
		e.lost++
	}
	e.down = why
}

// Lost counts how often the hot store was found to be down. A caller that verified its tables must do so again when
// the number is another one.
func (e *Engine) Lost() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lost
}

// Watch asks the hot store every interval, and when a statement waits for it, whether it is there, until ctx ends; then
// it returns nil. What it finds is Down's answer. changed is told of every change.
func (e *Engine) Watch(ctx context.Context, interval time.Duration, changed func(down string)) error {
	var c *conn
	defer func() {
		if c != nil {
			c.close()
		}
	}()
	e.watched.Store(true)
	defer e.watched.Store(false)
	told := ""
	var asker chan<- bool
	for {
		c = e.probe(ctx, c)
		if asker != nil {
			asker <- c != nil
			asker = nil
		}
		if ctx.Err() != nil {
			return nil
		}
		if down := e.Down(); down != told {
			told = down
			changed(down)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(interval):
		case asker = <-e.asked:
		}
	}
}

// probeTimeout bounds one probe: a warehouse that does not answer SELECT 1 in this time answers nothing else.
const probeTimeout = 3 * time.Second

// probe asks over a connection of its own, which it keeps while it works; nil opens one.
func (e *Engine) probe(ctx context.Context, c *conn) *conn {
	ctx, stop := context.WithTimeout(ctx, probeTimeout)
	defer stop()
	var err error
	if c == nil {
		if c, err = e.dial(ctx, forQueries); err != nil {
			e.probed(ctx, err)
			return nil
		}
	}
	end := c.watch(ctx)
	_, err = c.link.Write(ping())
	if err == nil {
		_, err = c.settle()
	}
	end()
	if err != nil {
		c.close()
		c = nil
	}
	e.probed(ctx, err)
	return c
}

func ping() []byte {
	b, err := (&pgproto3.Query{String: "SELECT 1"}).Encode(nil)
	if err != nil {
		panic(err) // only a message of more than a gigabyte cannot be encoded
	}
	return b
}

func (e *Engine) probed(ctx context.Context, err error) {
	switch {
	case err == nil:
		e.setDown("")
	case errors.Is(context.Cause(ctx), context.Canceled): // Watch ends
	default:
		e.setDown(reasonOf(err))
	}
}

// Spooled tells how many results were spooled for slow clients so far, and how many bytes wait now.
func (e *Engine) Spooled() (results, bytes int64) {
	if e.spools == nil {
		return 0, 0
	}
	return e.spools.Stats()
}
