// Package router decides who answers a read: the hot store, the cold engine over the lake, or the catalog itself.
//
// A plan is made in named steps, in this order: classify (local or not), candidates (who holds every column and
// partition that is asked for), fences (what may not run), choose (by hint, latency class and estimate). Planning
// reads the catalog, never the data.
package router

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// Views gives the catalog's generations.
type Views interface {
	// View gives the newest one.
	View(ctx context.Context) (*catalog.View, error)
	// ViewAt gives an older one, or catalog.ErrNoGeneration.
	ViewAt(ctx context.Context, generation int64) (*catalog.View, error)
	// Changed gives the first generation after one that changed the live files of one of the tables, and when.
	Changed(ctx context.Context, after int64, tables ...catalog.Name) (generation int64, at time.Time, err error)
}

// Pins keeps a generation's hot rows and files in place while a statement reads them.
type Pins interface {
	// Pin is ErrNoGeneration if they may be gone already.
	Pin(generation int64) (release func(), err error)
}

// System is a set of relations that are not in the lake: pg_catalog, information_schema, tidegate.
// They all live in the local engine.
type System interface {
	HasSchema(schema string) bool
	Relation(schema, table string) (*sql.Relation, bool)
	// Prepare brings the relations of uses up to date with v.
	Prepare(ctx context.Context, v *catalog.View, uses []*sql.Use) error
	// Source gives the FROM item of a relation in the local engine, with the rows that are for the asker.
	Source(u *sql.Use, asker engine.Asker) (string, error)
}

// Hot is the hot tier as the router needs it.
type Hot struct {
	Engine engine.Engine
	// Table gives the hot table's name in the engine's dialect.
	Table func(catalog.Name) string
	// Postgres says that the engine speaks PostgreSQL, not DuckDB.
	Postgres bool
	// Parameters says that it takes values apart from the text: engine.Statement.Args.
	Parameters bool
	// Redshift says that it speaks Redshift's, and is told only what that answers as PostgreSQL does.
	Redshift bool
	// Down says why the hot store is not there now, "" if it is; nil is never down.
	Down func() string
	// Altered says how somebody else has changed a hot table, so that nobody may read it; "" if nobody has. Nil is never.
	Altered func(catalog.Name) string
	// Suspect is told that a statement failed because tables of the lake are not in the hot store as the catalog says.
	// It must not wait. Nil is not told.
	Suspect func()
	// Only is what the hot store has and the lake has not; nil is nothing.
	Only HotOnly
	// Distrust says why an adopted table's days do not count now, "" if they do; nil: the store has no such tables.
	Distrust func(t *catalog.TableView) string
}

// Cache keeps on this machine what statements needed of a lake that is elsewhere.
type Cache interface {
	// Present gives how many bytes of what the files' columns need are here.
	Present(files []engine.ScanFile) int64
	// InPlace reports whether an object needs no cache: it is scanned where it is.
	InPlace(f engine.ScanFile) bool
	// MaxBytes is the most that one statement can have of the lake.
	MaxBytes() int64
	// Free is what of it no running statement holds.
	Free() int64
	// FetchRate is the measured speed of fetching what is not here, in bytes per second.
	FetchRate() float64
}

// Options are what a Router is made of.
type Options struct {
	Views   Views
	Pins    Pins
	Local   engine.Engine // relations of Systems and SELECTs without relations
	Systems []System
	Cold    engine.Engine
	// LocalPath gives the path under which the cold engine opens an object of the lake.
	LocalPath func(f engine.ScanFile) string
	Cache     Cache // nil: everything is on this machine, and scanned in place
	Hot       *Hot  // nil: there is no hot tier
	MaxScan   int64 // bytes that one cold query may read; 0: no fence
	// Roles gives a user's role; nil: no roles are configured.
	Roles func(user string) *Role
	// Locals gives what answers for a role in place of Local and Systems: the same relations with what of their rows is
	// for the role, and with the session's own temporary tables, either of which may be nil. Nil: Local and Systems are for everybody.
	Locals func(ctx context.Context, role *Role, own Temporary) (Locals, error)
}

// Locals are an engine and the relations that are in it.
type Locals struct {
	Engine  engine.Engine
	Systems []System
}

// Router plans statements. It is safe for concurrent use.
type Router struct {
	o        Options
	timings  *timings
	recent   recent
	complete hotComplete
	plans    *planCache
	shared   atomic.Pointer[sharedOIDs] // of the newest view that was asked for
}

// New makes a Router.
func New(o Options) *Router { return &Router{o: o, timings: newTimings(), plans: newPlanCache()} }

// Request is one read of one session. Query is bound, with its parameters' values where they are known.
type Request struct {
	Statement *sql.Statement
	Query     *sql.Query
	Latency   string // session's class; the statement's hint is stronger
	MaxScan   int64  // session's fence, bytes; 0: the router's
	TimeZone  string
	Style     pgtypes.Style
	Asker     engine.Asker
	// Generation repeats an older answer; 0: the newest, or one that MaxStaleness allows.
	Generation int64
	// MaxStaleness is how old an interactive answer may be while newer data is not hot yet; 0: not at all, negative:
	// as the tables say.
	MaxStaleness time.Duration
	// Into is where the rows go, if not to the client: to a table of Temporary.
	Into      *engine.Into
	Temporary Temporary
}

// Bindings gives the relations that a user's statement may name at a generation, 0 for the newest.
func (r *Router) Bindings(ctx context.Context, generation int64, user string) (sql.Catalog, error) {
	return r.SessionBindings(ctx, generation, user, Own{})
}

// Own is what a session has that others have not.
type Own struct {
	// Only is the list of hot-only relations as its own connection to the warehouse sees them; nil is the common one.
	Only HotOnly
	// Temporary are its temporary tables; nil: none.
	Temporary Temporary
}

// SessionBindings is Bindings as a session sees them.
func (r *Router) SessionBindings(ctx context.Context, generation int64, user string, own Own) (sql.WriteCatalog, error) {
	v, err := r.viewAt(ctx, generation)
	if err != nil {
		return nil, err
	}
	b := r.bindings(v, own.Only, r.Role(user))
	b.temporary = own.Temporary
	return b, nil
}

// Role gives a user's role; nil while no roles are configured.
func (r *Router) Role(user string) *Role {
	if r.o.Roles == nil {
		return nil
	}
	return r.o.Roles(user)
}

// Newest gives the catalog's newest generation.
func (r *Router) Newest(ctx context.Context) (int64, error) {
	v, err := r.newest(ctx)
	if err != nil {
		return 0, err
	}
	return v.Generation, nil
}

func (r *Router) bindings(v *catalog.View, only HotOnly, role *Role) bindings {
	if only == nil && r.o.Hot != nil {
		only = r.o.Hot.Only
	}
	return bindings{r: r, view: v, only: only, role: role}
}

// Plan decides how the request is answered. The plan holds its generation until Release.
func (r *Router) Plan(ctx context.Context, req Request) (*engine.Plan, error) {
	bound := boundTo(req.Query)
	if values, ok := req.Query.Known(); ok && req.Into == nil {
		return r.planKnown(ctx, req, bound.view, values)
	}
	h, err := r.pin(ctx, req.Generation, bound.view)
	if err != nil {
		return nil, err
	}
	d := r.decide(req, h)
	if d.temporary = bound.temporary; d.temporary == nil {
		d.temporary = req.Temporary
	}
	p, err := d.plan(ctx)
	if err != nil {
		d.release()
		return nil, err
	}
	d.finish(p)
	return p, nil
}

// Describe gives the columns of the request's answer, for which it plans if it must. It reads no data.
func (r *Router) Describe(ctx context.Context, req Request) ([]engine.Column, error) {
	if _, ok := req.Query.Known(); ok {
		return columnsOf(req.Query), nil
	}
	p, err := r.Plan(ctx, req)
	if err != nil {
		return nil, err
	}
	defer p.Release()
	return p.Engine.Describe(ctx, p.Statement)
}

// decide begins a decision over a generation, which it releases.
func (r *Router) decide(req Request, h held) *decision {
	role := r.Role(req.Asker.User)
	if req.Asker.Role = req.Asker.User; role != nil {
		req.Asker.Role = role.Name
	}
	return &decision{
		r: r, req: req, role: role, view: h.view, newest: h.newest, release: h.release,
		latency: latencyOf(req, role), fingerprint: req.Statement.Fingerprint(),
	}
}

// finish writes into a plan what every plan tells.
func (d *decision) finish(p *engine.Plan) {
	p.Generation, p.AsOf, p.Latency, p.Release = d.view.Generation, d.view.CommittedAt, d.latency, d.release
	p.Explain = func() []engine.ExplainLine {
		lines := explain(p, d)
		if d.discreet() {
			return discreetLines(lines)
		}
		return lines
	}
}

// decision is one plan in the making.
type decision struct {
	r           *Router
	req         Request
	view        *catalog.View
	newest      *catalog.View // after view was pinned
	role        *Role
	latency     string
	fingerprint string
	freshness   string // why view is not the newest although nobody asked for it; "" if it is
	release     func() // of view
	scans       []*scan
	temporary   Temporary // of the session; nil: none
}

func (d *decision) plan(ctx context.Context) (*engine.Plan, error) {
	if d.local() && d.req.Into != nil {
		return d.planValues()
	}
	if d.local() {
		return d.planLocal(ctx)
	}
	if err := d.scanAll(); err != nil {
		return nil, err
	}
	if d.onlyTemporary() {
		return d.planTemporary()
	}
	if p, ok := d.fromStatistics(); ok {
		return p, nil
	}
	d.preview()
	all := d.candidates()
	if p, err := d.fresher(ctx, all[0]); p != nil || err != nil {
		return p, err
	}
	return d.settle(all)
}

// settle fences, chooses and builds. A statement that the hot engine cannot be told is answered cold.
func (d *decision) settle(all []*candidate) (*engine.Plan, error) {
	if err := d.fence(all); err != nil {
		return nil, d.told(err)
	}
	c, err := d.choose(all)
	if err != nil {
		return nil, d.told(err)
	}
	p, err := d.build(c, all)
	if d.hotOnly() != nil {
		return p, err // there is no other way
	}
	if refused, ok := errors.AsType[*pgerr.Error](err); ok && c.route == engine.RouteHot && refused.Code == pgerr.FeatureNotSupported {
		c.bar(refused.Message)
		return d.settle(all)
	}
	if err == nil && c.route == engine.RouteHot {
		p.Statement.Replaceable = d.replaceable(c, all)
		p.Otherwise = func(cause error) (*engine.Plan, error) { return d.without(c, all, cause) }
	}
	return p, err
}

// replaceable reports whether another way is open, should c turn out not to be.
func (d *decision) replaceable(c *candidate, all []*candidate) bool {
	return d.req.Statement.Hints.Engine == "" &&
		slices.ContainsFunc(all, func(other *candidate) bool { return other != c && other.barred == nil })
}

// without makes the plan for when a candidate turned out not to be available.
func (d *decision) without(c *candidate, all []*candidate, cause error) (*engine.Plan, error) {
	why := "it is not available"
	if e, ok := errors.AsType[*pgerr.Error](cause); ok {
		if why = e.Message; e.Detail != "" {
			why += " (" + e.Detail + ")"
		}
	}
	if suspect := d.r.o.Hot.Suspect; suspect != nil && notAsMade(pgerr.CodeOf(cause)) {
		suspect()
	}
	c.bar(why)
	c.down = true
	p, err := d.settle(all)
	if err == nil {
		d.finish(p)
	}
	return p, err
}

// notAsMade knows the SQLSTATEs of a hot table that is not there, or not as the loader made it.
func notAsMade(code pgerr.Code) bool {
	return slices.Contains([]pgerr.Code{
		pgerr.UndefinedTable, pgerr.UndefinedColumn, pgerr.UndefinedFunction, pgerr.DatatypeMismatch, pgerr.InvalidSchemaName,
	}, code)
}

// local reports whether the local engine answers: no table of the lake or the warehouse is named, or system relations are
// too, to which their rows are brought.
func (d *decision) local() bool {
	return d.req.Query.System || !slices.ContainsFunc(d.req.Query.Uses, isTable)
}

// isTable reports whether a use is of what is in the lake or the warehouse.
func isTable(u *sql.Use) bool { return u.Relation.Class != sql.ClassSystem }

func (d *decision) planLocal(ctx context.Context) (*engine.Plan, error) {
	q := d.req.Query
	local, err := d.locals(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range local.Systems {
		if err := s.Prepare(ctx, d.view, q.Uses); err != nil {
			return nil, fmt.Errorf("prepare system relations: %w", err)
		}
	}
	if slices.ContainsFunc(q.Uses, isTable) {
		return d.planMixed(ctx, local)
	}
	text, err := q.Render(d.sourceOf(local))
	if err != nil {
		return nil, err
	}
	reason := "names no table"
	if len(q.Uses) > 0 {
		reason = "names system relations only"
	}
	return &engine.Plan{
		Route: engine.RouteLocal, Reason: reason, Engine: local.Engine,
		Statement: d.statement(text),
	}, nil
}

func (d *decision) locals(ctx context.Context) (Locals, error) {
	own := d.temporary
	if !d.req.Query.System {
		own = nil // it names none of them
	}
	if d.role == nil && own == nil || d.r.o.Locals == nil {
		return Locals{d.r.o.Local, d.r.o.Systems}, nil
	}
	l, err := d.r.o.Locals(ctx, d.role, own)
	if err != nil {
		return l, fmt.Errorf("open a catalog of one's own: %w", err)
	}
	return l, nil
}

// sourceOf gives the FROM items of system relations.
func (d *decision) sourceOf(l Locals) func(*sql.Use) (string, error) {
	return func(u *sql.Use) (string, error) {
		for _, s := range l.Systems {
			if s.HasSchema(u.Relation.Name.Schema) {
				return s.Source(u, d.req.Asker)
			}
		}
		return "", fmt.Errorf("no system catalog holds %s", u.Relation.Name)
	}
}

func (d *decision) statement(text string) engine.Statement {
	return engine.Statement{
		SQL: text, Before: d.req.Query.Planned(), TimeZone: d.req.TimeZone, Style: d.req.Style, Columns: columnsOf(d.req.Query),
		Asker: d.req.Asker, Memory: d.memory(), Into: d.req.Into,
	}
}

// columnsOf gives a query's columns as the client sees them.
func columnsOf(q *sql.Query) []engine.Column {
	columns := make([]engine.Column, len(q.Names))
	for i := range q.Names {
		columns[i] = engine.Column{Name: q.Names[i], Type: q.Types[i], Origin: engine.Origin(q.Origins[i])}
	}
	return columns
}

// Latency classes, strongest wish for speed first.
const (
	Interactive = "interactive"
	Standard    = "standard"
	Archive     = "archive"
)

func latencyOf(req Request, role *Role) string {
	if role == nil {
		role = &Role{}
	}
	return cmp.Or(req.Statement.Hints.Latency, req.Latency, role.Latency, Standard)
}
