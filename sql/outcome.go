package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgregex"
	"tidegate/internal/pgtext"
	"tidegate/internal/pgtypes"
)

// PostgreSQL makes constants of conditions of constants while it plans. What CASE, AND, OR and COALESCE leave out by them
// is never computed, and what is left may be a constant in its turn.

// decision is the constant that PostgreSQL makes of a condition while it plans, or the condition.
func (e *expr) decision() *expr {
	if e.outcome != nil {
		return e.outcome
	}
	return e
}

// fixed reports whether e is a constant while PostgreSQL plans, and its value known here.
func (e *expr) fixed() bool { return e.isNothing() || e.value != nil && e.when == whilePlanning }

func nullCondition() *expr { return null(pgtypes.Of(pgtypes.Bool)) }

// outcomeOf gives the constant that AND or OR is, nil if it is none.
func outcomeOf(args []*expr, and bool) *expr {
	unknown := false
	for _, a := range args {
		d := a.decision()
		if d.value != nil && (d.value.I == 0) == and {
			return d
		}
		unknown = unknown || d.isNothing()
	}
	switch {
	case slices.ContainsFunc(args, func(a *expr) bool { return a.decision().value == nil && !a.decision().isNothing() }):
		return nil
	case unknown:
		return nullCondition()
	}
	return args[0].decision()
}

// comparison gives the constant that x op y is, nil if it is none.
func comparison(op string, x, y *expr) *expr {
	if x.value == nil || y.value == nil || !x.fixed() || !y.fixed() {
		return nil
	}
	order, ok := x.value.Compare(*y.value)
	if !ok {
		return nil
	}
	return boolConstant(order == 0 && strings.Contains(op, "=") || order < 0 && strings.Contains(op, "<") || order > 0 && strings.Contains(op, ">"))
}

// distinction gives the constant that x IS DISTINCT FROM y is, nil if it is none.
func distinction(x, y *expr) *expr {
	if x.fixed() && y.fixed() && (x.isNothing() || y.isNothing()) {
		return boolConstant(x.isNothing() != y.isNothing())
	}
	return comparison("<>", x, y)
}

// membership gives the constant that x IN (elements) is, nil if it is none.
func membership(x *expr, elements []*expr) *expr {
	var equal []*expr
	for _, e := range elements {
		switch c := comparison("=", x, e); {
		case c != nil:
			equal = append(equal, c)
		case (x.isNothing() || e.isNothing()) && x.fixed() && e.fixed():
			equal = append(equal, nullCondition())
		default:
			return nil
		}
	}
	return outcomeOf(equal, false)
}

// testOutcome gives the constant that IS TRUE and its kin are, nil if it is none.
func testOutcome(test pg_query.BoolTestType, x *expr) *expr {
	d := x.decision()
	if !d.fixed() {
		return nil
	}
	unknown := d.isNothing()
	yes := !unknown && d.value.I != 0
	switch test {
	case pg_query.BoolTestType_IS_TRUE:
		return boolConstant(yes)
	case pg_query.BoolTestType_IS_NOT_TRUE:
		return boolConstant(!yes)
	case pg_query.BoolTestType_IS_FALSE:
		return boolConstant(!unknown && !yes)
	case pg_query.BoolTestType_IS_NOT_FALSE:
		return boolConstant(unknown || yes)
	case pg_query.BoolTestType_IS_UNKNOWN:
		return boolConstant(unknown)
	default:
		return boolConstant(!unknown)
	}
}

// matching gives the constant that LIKE, ~ and their kin are, nil if it is none. What fails is left to the engine.
func matching(op string, x, p *expr) *expr {
	if !x.isText || !p.isText || !x.fixed() || !p.fixed() {
		return nil
	}
	text, pattern := x.literal, p.literal
	var yes bool
	var err error
	switch like := strings.Contains(op, "~~"); {
	case like && strings.HasSuffix(op, "*"):
		yes, err = pgtext.Like(pgtext.Lower(text), pgtext.Lower(pattern))
	case like:
		yes, err = pgtext.Like(text, pattern)
	default:
		yes, err = matchesRegex(text, pattern, strings.HasSuffix(op, "*"))
	}
	if err != nil {
		return nil
	}
	return boolConstant(yes != strings.HasPrefix(op, "!"))
}

func matchesRegex(text, pattern string, foldCase bool) (bool, error) {
	flags := pgregex.ARE
	if foldCase {
		flags = flags.FoldCase()
	}
	r, err := pgregex.Compile(pattern, flags)
	if err != nil {
		return false, err
	}
	return r.Matches(text)
}
