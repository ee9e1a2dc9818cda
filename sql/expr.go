package sql

import (
	"slices"
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// expr is a bound expression: its PostgreSQL type and the DuckDB text that computes it.
//
// An untyped literal and an untyped parameter have no text yet: they wait for a context that gives them a type,
// as PostgreSQL's "unknown" does. coerce and settle give it.
type expr struct {
	typ   pgtypes.Type
	sql   string // self-contained: compound expressions stand in parentheses
	pos   int32  // byte offset in the whole text; -1 unknown
	lit   *Arg   // untyped literal
	param int    // untyped parameter, from 1
	scale int    // of a narrow numeric: digits behind the point that the engine's value has; -1 unknown
	width int    // of a narrow numeric: how many digits it has at most, where typ does not say; 0 unknown
	wide  bool   // the engine's value does not order as the type does, see numeric.go: a text of a numeric or jsonb, an interval

	when     when     // it is computed, in PostgreSQL
	settled  bool     // it is written as its value: computing it cannot fail
	nothing  bool     // it is NULL, for a strict function has an argument that is: PostgreSQL never computes it
	parts    []*expr  // what it is made of
	branches []branch // of what does not always compute all of its parts
	outcome  *expr    // of a condition: the constant that PostgreSQL makes of it while it plans, see outcome.go

	constant bool           // the same for every row and known now: value, or NULL
	value    *pgtypes.Datum // of a constant; nil for NULL and for types without Datum
	span     *interval      // of a constant interval

	before *expr  // of a numeric that was widened: the narrow one
	mixed  *mixed // of a wide numeric whose values are narrow ones

	items []*expr // of a constant array: its elements
	// fields are the columns of a row. Its sql is the row's text, and its type record also where PostgreSQL has a type
	// for the table's rows: then table is set.
	fields []field
	table  bool

	column *column // a bare column of a base relation
	origin Origin  // where it comes from unchanged, also through subqueries that column does not pass
	steps  *steps  // a monotone step function of a base column (cast to date, date_trunc)
	proof  *proof  // of a boolean: what its truth proves

	late func(b *binder) (*expr, error) // of a parameter whose value comes later: see late.go

	stat      *StatCall  // of an aggregate that statistics can answer
	regArg    string     // of a cast to regclass and the like: the DuckDB text of what was cast
	domain    string     // of a cast to a domain of information_schema: its name
	named     string     // of a text that a regclass became: the DuckDB text of the relation's number
	bare      []*visible // columns of grouped levels that stand outside aggregates
	scopes    aggregates // what it holds of aggregate and window calls
	literal   string     // of a typed text constant: its value
	collation collation
	endless   bool // a moment in it may be infinite, where that was not to be expected
	fromZero  bool // of an array: it counts from 0, as the int2vector or oidvector that it was
	isText    bool // literal is set
}

// field is a column of a row.
type field struct {
	name string
	e    *expr
}

// aggregates tells which calls an expression holds: set is functions that return sets.
type aggregates struct{ aggregate, window, set bool }

func (a *aggregates) add(b aggregates) {
	a.aggregate = a.aggregate || b.aggregate
	a.window = a.window || b.window
	a.set = a.set || b.set
}

// untyped reports whether e still waits for its type.
func (e *expr) untyped() bool { return e.lit != nil || e.param > 0 }

// oid is the type for resolution: 0 while it is unknown.
func (e *expr) oid() pgtypes.OID {
	if e.untyped() {
		return 0
	}
	return e.typ.OID
}

// from takes over what a compound expression inherits from its parts.
func (e *expr) from(parts ...*expr) *expr {
	for _, p := range parts {
		if p != nil {
			e.collation = e.collation.meets(collationOf(p))
		}
	}
	return e.beside(parts...)
}

// beside is from for parts that do not become its value: a FILTER, a window.
func (e *expr) beside(parts ...*expr) *expr {
	for _, p := range parts {
		if p == nil {
			continue
		}
		e.bare = append(e.bare, p.bare...)
		e.scopes.add(p.scopes)
		e.when = min(e.when, p.when)
		e.endless = e.endless || p.endless
		e.fromZero = e.fromZero || p.fromZero && isArray(e.typ.OID)
		e.parts = append(slices.Clip(e.parts), p)
		if e.pos < 0 || p.pos >= 0 && e.pos == 0 {
			e.pos = p.pos
		}
	}
	return e
}

// computed makes an expression of a type that the engine computes.
func computed(oid pgtypes.OID, sql string, parts ...*expr) *expr {
	e := &expr{typ: pgtypes.Of(oid), sql: sql, pos: -1, scale: -1, wide: byKey(oid)}
	if len(parts) > 0 {
		e.when = whilePlanning
	}
	return e.from(parts...)
}

// byKey reports whether the engine's value does not tell what it is equal to: of jsonb, of what is padded with blanks, of
// intervals, where 1 mon is 30 days, nor how times with time zone are ordered, and of arrays of them. Such an expression is always wide.
func byKey(t pgtypes.OID) bool {
	return typeIs(t, pgtypes.JSONB, pgtypes.JSONBArray, pgtypes.BPChar, oidBPCharArray, pgtypes.Interval, oidIntervalArray,
		pgtypes.Timetz, oidTimetzArray)
}

func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func quoteIdent(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// typeIs reports whether oid is one of list.
func typeIs(oid pgtypes.OID, list ...pgtypes.OID) bool {
	return slices.Contains(list, oid)
}

func isInteger(oid pgtypes.OID) bool {
	return typeIs(oid, pgtypes.Int2, pgtypes.Int4, pgtypes.Int8)
}

func isFloat(oid pgtypes.OID) bool { return typeIs(oid, pgtypes.Float4, pgtypes.Float8) }

func isNumber(oid pgtypes.OID) bool { return isInteger(oid) || isFloat(oid) || oid == pgtypes.Numeric }

func isText(oid pgtypes.OID) bool {
	return typeIs(oid, pgtypes.Text, pgtypes.Varchar, pgtypes.Name)
}

// unsupported makes 0A000 for something that PostgreSQL has and Tidegate has not.
func (b *binder) unsupported(pos int32, format string, args ...any) error {
	return pgerr.New(pgerr.FeatureNotSupported, format+" is not supported yet", args...).At(b.stmt.position(pos))
}

// fail makes an error with a position.
func (b *binder) fail(code pgerr.Code, pos int32, format string, args ...any) *pgerr.Error {
	return pgerr.New(code, format, args...).At(b.stmt.position(pos))
}
