package router

import (
	"context"
	"strconv"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"tidegate/sql"
)

// planCache keeps templates of statements that came more than once. It knows a statement again by its normal form, so
// that a hit needs neither parser nor binder; routes, pruning and coverage are decided anew for each statement.
//
// There are two steps, because which literals may have other values is known only of a parsed text: forms tells it of
// a text's normal form, templates has a template for each form together with the literals that may not.
type planCache struct {
	forms     *otter.Cache[string, *form]
	templates *otter.Cache[string, *template]

	hits, misses atomic.Int64
}

// form is a normal form that was seen.
type form struct {
	parsed bool // seen twice: the rest is known
	free   []bool
	ok     bool // it can have templates
}

// template is nil inside as long as its text was seen once, and for ever if there can be none.
type template struct {
	*sql.Template
	tried bool
}

// How much text the plan cache keeps, in bytes. A template takes some 400 times its text with what it remembers, 64 MB all
// of them.
const (
	keptForms     = 4 << 20
	keptTemplates = 160 << 10
	entryBytes    = 128 // of an entry beside its text
)

func newPlanCache() *planCache {
	return &planCache{forms: byText[*form](keptForms), templates: byText[*template](keptTemplates)}
}

// byText makes a cache that is as large as the texts that are its keys.
func byText[V any](limit uint64) *otter.Cache[string, V] {
	return otter.Must(&otter.Options[string, V]{
		MaximumWeight: limit, Weigher: func(key string, _ V) uint32 { return uint32(len(key)) + entryBytes },
	})
}

// formKey names a normal form and all that binding depends on beside it: what the session reads names, types and times
// by, the role, and the tables as they are defined. Relations are looked up again by the template itself.
func formKey(n sql.Normal, b bindings, env *sql.Env) []byte {
	key := make([]byte, 0, len(n.Key)+128)
	key = append(key, n.Key...)
	key = strconv.AppendInt(append(key, 0), b.view.SchemaGeneration, 10)
	key = append(append(key, 0), b.role.key()...)
	for _, oid := range env.ParamTypes {
		key = strconv.AppendUint(append(key, ','), uint64(oid), 10)
	}
	key = append(key, 0)
	if env.Zone != nil {
		key = append(key, env.Zone.String()...)
	}
	if style := env.Style.String(); style != "" {
		key = append(append(key, 0), style...)
	}
	for _, schema := range env.SearchPath {
		key = append(append(key, 0), schema...)
	}
	return append(key, 0)
}

// Recall gives a statement that is known by its text's normal form, bound, without parsing it. Its error and hints are
// those that parsing and binding would give; ok is false if they have to.
func (r *Router) Recall(ctx context.Context, generation int64, text string, env sql.Env) (st *sql.Statement, q *sql.Query, ok bool) {
	n, ok := sql.Normalize(text)
	if !ok {
		return nil, nil, false
	}
	v, err := r.viewAt(ctx, generation)
	if err != nil {
		return nil, nil, false // binding says so
	}
	st, q, ok = r.plans.recall(text, n, env, r.bindings(v, nil, r.Role(env.User)))
	if ok {
		r.plans.hits.Add(1)
	} else {
		r.plans.misses.Add(1)
	}
	return st, q, ok
}

func (c *planCache) recall(text string, n sql.Normal, env sql.Env, b bindings) (*sql.Statement, *sql.Query, bool) {
	key := formKey(n, b, &env)
	f, ok := c.forms.GetIfPresent(string(key))
	if !ok || !f.ok {
		return nil, nil, false
	}
	t, ok := c.templates.GetIfPresent(string(n.Fixed(key, f.free)))
	if !ok || t.Template == nil {
		return nil, nil, false
	}
	q, err := t.Fill(env, b, text, n, f.free)
	if err != nil {
		return nil, nil, false // binding gives the error, or does without the template
	}
	return t.Statement(), q, true
}

// Bind resolves a read against the catalog at a generation, 0 for the newest, and learns it if it comes again.
func (r *Router) Bind(ctx context.Context, generation int64, st *sql.Statement, env sql.Env) (*sql.Query, error) {
	v, err := r.viewAt(ctx, generation)
	if err != nil {
		return nil, err
	}
	b := r.bindings(v, nil, r.Role(env.User))
	q, err := sql.Bind(st, b, env)
	if err == nil {
		r.plans.learn(st, q, b, env)
	}
	return q, err
}

// learn makes the template of a statement that comes the second time: most of what people write comes once.
func (c *planCache) learn(st *sql.Statement, q *sql.Query, b bindings, env sql.Env) {
	text, ok := st.Whole()
	if !ok {
		return
	}
	n, ok := sql.Normalize(text)
	if !ok {
		return
	}
	key := formKey(n, b, &env)
	f, again := c.forms.GetIfPresent(string(key))
	if !again {
		c.forms.Set(string(key), &form{})
		return
	}
	first := !f.parsed
	if first {
		f = &form{parsed: true}
		f.free, f.ok = st.Free(n)
		c.forms.Set(string(key), f)
	}
	if !f.ok {
		return
	}
	full := string(n.Fixed(key, f.free))
	t, again := c.templates.GetIfPresent(full)
	switch {
	case again && t.tried:
		return
	case !again && !first:
		c.templates.Set(full, &template{}) // another LIMIT, say, which may come once
		return
	}
	t = &template{tried: true}
	if made, ok := sql.NewTemplate(q, n, f.free); ok {
		t.Template = made
	}
	c.templates.Set(full, t)
}

// PlanCacheHits gives how many statements were known again since the start, and how many were not.
func (r *Router) PlanCacheHits() (hits, misses int64) {
	return r.plans.hits.Load(), r.plans.misses.Load()
}
