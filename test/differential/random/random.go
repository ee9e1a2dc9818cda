// Package random writes typed random queries: expressions of every type that Tidegate has, by the functions, operators
// and casts that package surface found, in every shape of query. The same seed gives the same queries.
package random

import (
	"math/rand/v2"
	"slices"

	"tidegate/test/differential/script"
	"tidegate/test/differential/surface"
)

// Table is a relation that queries read.
type Table struct {
	Name    string
	Columns []Column
	Unique  string // a column that orders the rows; "" for none
}

// Column is one of its columns.
type Column struct {
	Name string
	Type uint32
}

// Generator makes queries.
type Generator struct {
	r      *rand.Rand
	tables []Table
	types  map[uint32]string // names of the types that values can have

	functions  map[uint32][]*surface.Finding // by result
	aggregates map[uint32][]*surface.Finding
	casts      map[uint32][]*surface.Finding
	// orderedSets are percentile_cont and its kin, whatever they give.
	orderedSets []*surface.Finding
	names       int // of aliases
}

// Query is one statement.
type Query struct {
	tree *node
	// Tolerance says that it aggregates real or double precision.
	Tolerance bool
	// Lazy says that it has rows or columns that an engine need not compute.
	Lazy bool
	// AnyScale says that equal numerics of several scales, and the two zeros of floats, are one row: which of them shows is
	// open.
	AnyScale bool
}

// Text is the statement.
func (q *Query) Text() string { return q.tree.String() }

// Statement is the query for comparing.
func (q *Query) Statement() *script.Statement {
	s := script.New("random", q.Text())
	s.Tolerance = q.Tolerance
	return s
}

// Shrink makes the query as small as wrong stays true for it, in at most budget trials.
func (q *Query) Shrink(budget int, wrong func(text string) bool) { shrink(q.tree, budget, wrong) }

// New makes a generator of what is supported.
func New(seed uint64, tables []Table, types []surface.Type, findings []*surface.Finding) *Generator {
	g := &Generator{
		r: rand.New(rand.NewPCG(seed, seed)), tables: tables, types: map[uint32]string{},
		functions: map[uint32][]*surface.Finding{}, aggregates: map[uint32][]*surface.Finding{}, casts: map[uint32][]*surface.Finding{},
	}
	for _, t := range types {
		if _, ok := literals[t.OID]; ok {
			g.types[t.OID] = t.Name
		}
	}
	for _, f := range findings {
		if !g.usable(f) {
			continue
		}
		switch f.Kind {
		case surface.Function, surface.Operator:
			g.functions[f.Result.OID] = append(g.functions[f.Result.OID], f)
		case surface.Aggregate:
			if f.Direct >= 0 {
				g.orderedSets = append(g.orderedSets, f)
				continue
			}
			g.aggregates[f.Result.OID] = append(g.aggregates[f.Result.OID], f)
		case surface.Cast:
			g.casts[f.Result.OID] = append(g.casts[f.Result.OID], f)
		case surface.Window: // they have shapes of their own
		}
	}
	return g
}

// usable leaves out what has no one right answer, and what has arguments that no random value fits.
func (g *Generator) usable(f *surface.Finding) bool {
	if f.State != surface.Identical && f.State != surface.Rewritten || f.Volatile || f.Set || slices.Contains(unanswerable, f.Name) {
		return false
	}
	if _, ok := g.types[f.Result.OID]; !ok && f.Direct < 0 {
		return false
	}
	for i, a := range f.Args {
		if a.OID == 0 || f.Direct >= 0 {
			continue
		}
		if _, ok := g.types[a.OID]; !ok {
			return false
		}
		if f.Constant && isText(a.OID) && domainOf(f.Name, i, f.Args) == nil {
			return false
		}
	}
	return true
}

func (g *Generator) chance(percent int) bool { return g.r.IntN(100) < percent }

func pick[T any](g *Generator, list []T) T { return list[g.r.IntN(len(list))] }
