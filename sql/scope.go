package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// visible is a column that expressions of a level can name.
type visible struct {
	name   string
	typ    pgtypes.Type
	scale  int
	sql    string
	wide   bool    // see expr
	column *column // the base column that it is, unchanged
	origin Origin  // see expr
	need   func()  // records that it is used
	level  *scope  // whose FROM it came from
	table  string
	// fields are the columns of a row that a subquery gives, beside the row itself; ofTable is expr.table of it.
	fields    []*visible
	ofTable   bool
	barred    bool // by the join that LATERAL stands in: it may not be referred to
	collation collation
	endless   bool // see expr
	fromZero  bool // see expr
}

// under gives the column of a FROM item that goes by an alias.
func (v *visible) under(alias string) *visible {
	c := *v
	c.sql = name(alias) + "." + v.sql
	c.fields = nil
	for _, f := range v.fields {
		c.fields = append(c.fields, f.under(alias))
	}
	return &c
}

// expr gives the column as it is named at pos.
func (v *visible) expr(pos int32) *expr {
	return &expr{
		typ: v.typ, sql: v.sql, pos: pos, scale: v.scale, wide: v.wide, column: v.column, origin: v.origin, bare: []*visible{v},
		collation: v.collation, endless: v.endless, fromZero: v.fromZero,
	}
}

// rangeItem is a FROM item that columns can be qualified with.
type rangeItem struct {
	schema, name string
	columns      []*visible

	relation *Relation  // that it is; nil: it is none
	cte      *cte       // that it is; nil: it is none
	system   []*visible // its system columns
	joined   bool       // it is a join under an alias: its columns are others'
	scalar   bool       // it is a function that gives single values: its row is the value
	filled   bool       // an outer join puts NULLs in the place of its rows
}

// scope is one level of SELECT while its expressions are bound.
type scope struct {
	self    *scope // the level itself, also in the copies that know they are inside a call
	outer   *scope
	tables  []*rangeItem
	columns []*visible // by plain name and for "*": after USING has merged
	ctes    *cte

	grouping  *grouping
	windows   map[string]*pg_query.WindowDef
	clause    string // the clause being bound, for errors: "WHERE"
	noCalls   bool   // aggregates and window functions are not allowed in it
	inCall    bool   // inside an aggregate's arguments
	inWindow  bool
	sets      bool       // functions that return sets are allowed: in an output column
	outerRefs []*visible // columns of outer levels that were referred to from here
	memo      map[*pg_query.Node]*expr
	// answerables are the level's aggregates that statistics may answer.
	answerables []answerable
	plan        []planned // of Redshift: the output columns that later expressions of the level can name
	outputs     []*target // those of plan that are bound
}

// level makes a scope its own self.
func level(s scope) *scope {
	s.self = &s
	return &s
}

// cte is a WITH entry; the list goes outwards.
type cte struct {
	name    string
	alias   string // in the DuckDB text
	columns []*visible
	outer   *cte
}

func (c *cte) find(name string) *cte {
	for ; c != nil; c = c.outer {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (s *scope) table(schema, name string) (*rangeItem, int) {
	var found *rangeItem
	n := 0
	for _, t := range s.tables {
		if t.name == name && (schema == "" || t.schema == schema) {
			found = t
			n++
		}
	}
	return found, n
}

// fields gives the parts of a column reference and whether it ends in a star.
func fields(c *pg_query.ColumnRef) (parts []string, star bool) {
	for _, f := range c.Fields {
		if f.GetAStar() != nil {
			star = true
		} else {
			parts = append(parts, f.GetString_().GetSval())
		}
	}
	return parts, star
}

// lookup finds the column that a reference names, from the innermost level outwards.
func (b *binder) lookup(parts []string, pos int32, sc *scope) (*visible, error) {
	if len(parts) > 4 {
		return nil, b.fail(pgerr.SyntaxError, pos, "improper qualified name (too many dotted names): %s", strings.Join(parts, "."))
	}
	if len(parts) == 4 || len(parts) == 3 && len(b.env.Database) > 0 && parts[0] == b.env.Database && !sc.hasSchema(parts[0]) {
		if parts[0] != b.env.Database {
			return nil, b.fail(pgerr.FeatureNotSupported, pos, "cross-database references are not implemented: %s", strings.Join(parts, "."))
		}
		parts = parts[1:]
	}
	var passed []*scope
	for s := sc; s != nil; s = s.outer {
		v, err := b.lookupAt(parts, pos, s)
		if err != nil {
			return nil, err
		}
		if v != nil && v.barred {
			return nil, b.fail(pgerr.InvalidColumnReference, pos, "invalid reference to FROM-clause entry for table %q", v.table).
				WithDetail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.")
		}
		if v != nil {
			if _, known := b.outerAt[v]; !known && len(passed) > 0 && b.outerAt != nil {
				b.outerAt[v] = pos
			}
			for _, p := range passed {
				p.self.outerRefs = append(p.self.outerRefs, v)
			}
			return v, nil
		}
		passed = append(passed, s)
	}
	return nil, b.noColumn(parts, pos, sc)
}

func (s *scope) hasSchema(schema string) bool {
	for ; s != nil; s = s.outer {
		for _, t := range s.tables {
			if t.schema == schema {
				return true
			}
		}
	}
	return false
}

func (b *binder) lookupAt(parts []string, pos int32, s *scope) (*visible, error) {
	column := parts[len(parts)-1]
	candidates := s.columns
	if len(parts) > 1 {
		schema := ""
		if len(parts) == 3 {
			schema = parts[0]
		}
		t, n := s.table(schema, parts[len(parts)-2])
		switch {
		case n > 1:
			return nil, b.fail("42P09", pos, "table reference %q is ambiguous", parts[len(parts)-2])
		case n == 0:
			return nil, nil
		}
		candidates = t.columns
		if isSystemColumn(column) {
			candidates = slices.Concat(candidates, t.system)
		}
	} else if isSystemColumn(column) && b.system {
		var err error
		if candidates, err = b.withSystemColumns(candidates, column, pos, s); err != nil {
			return nil, err
		}
	}
	var found *visible
	for _, v := range candidates {
		if v.name != column {
			continue
		}
		if found != nil {
			return nil, b.fail(pgerr.AmbiguousColumn, pos, "column reference %q is ambiguous", column)
		}
		found = v
	}
	if found == nil && len(parts) > 1 {
		return nil, b.missingColumn(parts[len(parts)-2], column, pos)
	}
	return found, nil
}

// reference is the expression that names a visible column.
func (b *binder) reference(v *visible, pos int32) *expr {
	if v.need != nil {
		v.need()
	}
	e := b.regColumn(v.expr(pos))
	e.table, e.collation.pos = v.ofTable, pos
	for _, f := range v.fields {
		e.fields = append(e.fields, field{f.name, b.reference(f, pos)})
	}
	if v.typ.OID == pgtypes.BPChar && v.column != nil {
		return paddedColumn(e)
	}
	if v.typ.OID == pgtypes.Bool && v.column != nil {
		yes, no := only(&pgtypes.Datum{Class: pgtypes.ClassBool, I: 1}), only(&pgtypes.Datum{Class: pgtypes.ClassBool})
		e.proof = leaf(v.column, yes, no)
	}
	return e
}
