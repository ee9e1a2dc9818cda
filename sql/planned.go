package sql

import (
	"slices"
	"strings"

	"tidegate/internal/pgtypes"
)

// PostgreSQL computes calls of IMMUTABLE functions with constants while it plans (eval_const_expressions), whether a row
// asks for them or not: what fails there is the statement's error, over no rows as well. STABLE ones it computes for rows
// only. DuckDB does neither: so the text of what is computed while planning is told apart (Query.Planned) and runs before
// the statement.

// when says when PostgreSQL computes an expression.
type when byte

const (
	forRows       when = iota // for every row, with values of the row
	perStatement              // for every row that asks, always the same: a STABLE function is in it
	whilePlanning             // once, before any row: constants, and IMMUTABLE functions of them
)

// branch is a part that PostgreSQL computes if it did not stop before. Where test is computed while planning and ends is
// true, then result is the value, and nothing behind is computed.
type branch struct {
	test   *expr
	ends   string // DuckDB text
	result *expr  // nil: test itself is the value
}

// planned reports whether PostgreSQL computes e while it plans.
func (e *expr) planned() bool { return e.when == whilePlanning && e.scopes == aggregates{} }

// planning collects the texts of what is computed while planning.
type planning struct {
	texts []string
	seen  map[string]bool
}

func (p *planning) add(text, unless string) {
	if strings.Contains(text+unless, mark) {
		return // a key of GROUP BY, which is collected where it is bound
	}
	if unless != "" {
		text = "CASE WHEN NOT (" + unless + ") THEN " + text + " END"
	}
	if !p.seen[text] {
		p.seen[text] = true
		p.texts = append(p.texts, text)
	}
}

// of collects e. unless is DuckDB text: where it is true, e is not computed; "" is never. Of an expression that the
// statement computes for its one row anyhow, top is set: then its own text is not needed.
func (p *planning) of(e *expr, unless string, top bool) {
	switch {
	case e == nil || e.settled:
	case e.nothing && e.branches != nil:
		p.among(e.branches, unless)
	case e.nothing:
		for _, part := range e.parts {
			p.of(part, unless, false)
		}
	case e.planned() && len(e.items) == 0:
		p.inside(e, unless)
		if !top {
			p.add(e.sql, unless)
		}
	case e.branches != nil:
		p.among(e.branches, unless)
	default:
		for _, part := range e.parts {
			p.of(part, unless, false)
		}
	}
}

// inside collects what DuckDB may leave out of e: parts beside a NULL, and of what it has found to be NULL only when it
// computes it nobody knows before.
func (p *planning) inside(e *expr, unless string) {
	if e.branches != nil {
		p.among(e.branches, unless)
		return
	}
	unknown := 0
	for _, part := range e.parts {
		if !part.settled {
			unknown++
		}
	}
	for _, part := range e.parts {
		if part.nothing || unknown > 1 {
			p.of(part, unless, false)
		} else {
			p.inside(part, unless)
		}
	}
}

// among collects parts of which PostgreSQL leaves out those behind one that decides.
func (p *planning) among(branches []branch, unless string) {
	for _, b := range branches {
		p.of(b.test, unless, false)
		if b.test.isNull() || b.test.nothing {
			continue
		}
		if !b.test.planned() {
			p.of(b.result, unless, false)
			continue
		}
		p.of(b.result, anyOf(unless, "("+b.ends+") IS NOT TRUE"), false)
		unless = anyOf(unless, "("+b.ends+") IS TRUE")
	}
}

func anyOf(a, b string) string {
	if a == "" {
		return b
	}
	return a + " OR " + b
}

// level collects a SELECT: what it selects first, as PostgreSQL does. What the outermost one computes for its only row fails
// anyhow.
func (p *planning) level(s *selectParts, outermost bool) {
	rowless := s.source == nil || s.source.sql == ""
	all := outermost && s.limit == nil && s.offset == nil
	anyhow := all && rowless && s.where == nil
	for _, t := range s.targets {
		if t.unused == nil || !*t.unused {
			p.of(t.e, "", anyhow)
		}
	}
	for _, e := range slices.Concat(s.rows...) {
		p.of(e, "", all)
	}
	p.of(s.where, "", false)
	p.of(s.having, "", false)
	for _, k := range s.order {
		p.of(k.e, "", false)
	}
	p.of(s.offset, "", false)
	p.of(s.limit, "", false)
}

// Planned is DuckDB text that gives one row, or the error that PostgreSQL meets before it reads any: "" if there is
// nothing to compute.
func (q *Query) Planned() string { return q.planned }

// planned is the text that computes what PostgreSQL computes while it plans, "" for nothing.
func (b *binder) planned() string {
	if b.redshift() || b.system {
		return ""
	}
	p := &planning{seen: map[string]bool{}}
	for i, s := range slices.Backward(b.levels) {
		p.level(s, i == len(b.levels)-1)
	}
	for _, e := range slices.Concat(b.joining, b.keyed) {
		p.of(e, "", false)
	}
	for _, text := range b.negative {
		p.add(text, "")
	}
	if len(p.texts) == 0 {
		return ""
	}
	return "SELECT " + strings.Join(p.texts, ", ")
}

// called says when a call is computed, whose arguments have the types before they were coerced.
func (b *binder) called(e *expr, fn string, types []pgtypes.OID) {
	immutable, volatile, strict := kindOfCall(fn, types)
	e.isNothingIf(strict && slices.ContainsFunc(e.parts, (*expr).isNothing))
	e.endless = e.endless || fn == "to_timestamp" && len(types) == 1 // of seconds, which may be infinite
	if len(types) == 0 && !volatile {
		e.when = whilePlanning
	}
	if !immutable {
		e.when = min(e.when, perStatement)
		b.unfolded(e)
	}
}

// unfolded keeps the engine from computing what PostgreSQL computes once per statement, and only if a row asks: DuckDB
// computes the condition of a CASE that is the same for every row before it has any. It takes nothing with random() in it to
// be so, and neither prunes files nor joins by it: in conditions the text stays.
func (b *binder) unfolded(e *expr) {
	if e.when == perStatement && !e.settled && e.value == nil && !b.system && !b.conditional {
		e.sql = "CASE WHEN random() < 2 THEN " + e.sql + " END"
	}
}

// isNothingIf says whether PostgreSQL makes NULL of e while it plans. The engine must see that too, and compute no part.
func (e *expr) isNothingIf(nothing bool) {
	e.nothing = nothing
	if nothing && !isArray(e.typ.OID) && e.typ.OID != pgtypes.Record {
		// A constant for what is around it, with no column in its text. The scale of a numeric is nobody's: in CASE the engine
		// would take it for that of the others.
		n := null(e.typ)
		e.sql, e.scale, e.wide, e.when = "("+n.sql+")", n.scale, n.wide, whilePlanning
		return
	}
	if nothing && e.when != whilePlanning && !slices.ContainsFunc(e.parts, (*expr).isNull) {
		e.sql = "CASE WHEN false THEN " + e.sql + " END"
	}
}

// nullLiteral reports whether e is NULL as it is written.
func nullLiteral(e *expr) bool { return e.lit != nil && e.lit.Null }

func (e *expr) isNothing() bool { return e.nothing || e.isNull() }

// kindOfCall tells what the function that PostgreSQL picks is; of one that takes anything, what all of its name are.
func kindOfCall(fn string, types []pgtypes.OID) (immutable, volatile, strict bool) {
	p := postgresTables()
	if sig, res := p.choose(p.functions[fn], types); res == resolved {
		return sig.immutable, sig.volatile, sig.strict
	}
	immutable, strict = true, true
	for _, sig := range p.functions[fn] {
		immutable, volatile, strict = immutable && sig.immutable, volatile || sig.volatile, strict && sig.strict
	}
	return immutable, volatile, strict
}

// stableOperator reports whether an operator depends on the session: its zone, or how it writes what it concatenates.
func stableOperator(op string, sig *signature) bool {
	l, r := sig.args[0], sig.args[1]
	if op == "||" {
		return l == oidAnyNonArray || r == oidAnyNonArray
	}
	zoned := l == pgtypes.Timestamptz || r == pgtypes.Timestamptz
	return zoned && l != r
}

// stableCast reports whether a cast depends on the session: its zone, or how it reads and writes times.
func stableCast(from, to pgtypes.OID) bool {
	if isText(from) {
		return isArray(to) || typeIs(to, pgtypes.Date, pgtypes.Time, pgtypes.Timetz, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.Interval)
	}
	if isText(to) {
		return isArray(from) || typeIs(from, pgtypes.Date, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.Interval)
	}
	if from == pgtypes.Time && to == pgtypes.Timetz {
		return true // the zone is that of the session today
	}
	return (from == pgtypes.Timestamptz) != (to == pgtypes.Timestamptz)
}
