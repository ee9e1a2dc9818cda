package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// windowFunction is a window function that is no aggregate: the range of its argument count, what it gives (0: the
// type of its first argument) and the cast around the call.
type windowFunction struct {
	least, most int
	result      pgtypes.OID
	wrap        string
}

// windowFunctions is the allow-list of window functions.
var windowFunctions = map[string]windowFunction{
	"row_number":   {0, 0, pgtypes.Int8, ""},
	"rank":         {0, 0, pgtypes.Int8, ""},
	"dense_rank":   {0, 0, pgtypes.Int8, ""},
	"percent_rank": {0, 0, pgtypes.Float8, ""},
	"cume_dist":    {0, 0, pgtypes.Float8, ""},
	"ntile":        {1, 1, pgtypes.Int4, "CAST(% AS INTEGER)"},
	"lag":          {1, 3, 0, ""},
	"lead":         {1, 3, 0, ""},
	"first_value":  {1, 1, 0, ""},
	"last_value":   {1, 1, 0, ""},
	"nth_value":    {2, 2, 0, ""},
}

func (b *binder) windowCall(fn string, n *pg_query.FuncCall, sc *scope) (*expr, error) {
	f, ok := windowFunctions[fn]
	if !ok {
		return nil, b.unsupported(n.Location, "function %s", fn)
	}
	switch hypothetical := f.most == 0 && fn != "row_number"; {
	case n.AggWithinGroup && hypothetical:
		return b.hypothetical(fn, n, sc)
	case n.AggWithinGroup:
		return nil, b.notOrderedSet(fn, n, sc)
	case hypothetical && len(n.Args) > 0:
		return nil, b.fail(pgerr.WrongObjectType, n.Location, "WITHIN GROUP is required for ordered-set aggregate %s", fn)
	}
	if n.Over == nil {
		return nil, b.fail(pgerr.WrongObjectType, n.Location, "window function %s requires an OVER clause", fn)
	}
	if err := b.callAllowed(n, sc); err != nil {
		return nil, err
	}
	if err := b.windowForm(n); err != nil {
		return nil, err
	}
	if n.AggFilter != nil {
		return nil, b.fail(pgerr.FeatureNotSupported, n.Location, "FILTER is not implemented for non-aggregate window functions")
	}
	inner := *sc
	inner.sets = false
	inner.inWindow = true
	args, err := b.exprs(n.Args, &inner)
	if err != nil {
		return nil, err
	}
	if len(args) < f.least || len(args) > f.most {
		return nil, b.noFunction(fn, args, n.Location)
	}
	if args, err = b.windowArgs(fn, args, n.Location); err != nil {
		return nil, err
	}
	e := computed(f.result, "", args...)
	if f.result == 0 {
		e.typ, e.scale, e.wide = pgtypes.Of(args[0].typ.OID), args[0].scale, args[0].wide // a window function has no modifier
	}
	e.pos = n.Location
	text := strings.Join(sqlOf(args), ", ")
	if respelledAs(n) == callIgnoreNulls {
		if f.result != 0 {
			return nil, b.fail(pgerr.SyntaxError, n.Location, "IGNORE NULLS is not for %s", fn)
		}
		text += " IGNORE NULLS"
	}
	return b.finishCall(e, &summary{calls: []string{fn + "(" + text + ")"}, wrap: f.wrap}, n, sc, &inner)
}

// windowForm refuses what PostgreSQL has of aggregates alone.
func (b *binder) windowForm(n *pg_query.FuncCall) error {
	switch {
	case n.Over == nil:
	case n.AggDistinct:
		return b.fail(pgerr.FeatureNotSupported, n.Location, "DISTINCT is not implemented for window functions")
	case len(n.AggOrder) > 0:
		return b.fail(pgerr.FeatureNotSupported, n.Location, "aggregate ORDER BY is not implemented for window functions")
	}
	return nil
}

// windowArgs types the arguments: a value, a count, a default of the value's type.
func (b *binder) windowArgs(fn string, args []*expr, pos int32) ([]*expr, error) {
	var err error
	switch {
	case len(args) == 0:
		return nil, nil
	case fn == "ntile":
		args[0], err = b.coerce(args[0], pgtypes.Int4)
		args[0] = mustBePositive(args[0], "22014: argument of ntile must be greater than zero")
		return args, err
	}
	if args[0].untyped() && (len(args) < 3 || args[2].untyped()) {
		return nil, noPolymorphic()
	}
	if len(args) == 3 {
		pair, _, err := b.unify([]*expr{args[0], args[2]}, fn, pos)
		if pgerr.CodeOf(err) == pgerr.DatatypeMismatch {
			return nil, b.noFunction(fn, args, pos)
		}
		if err != nil {
			return nil, err
		}
		args[0], args[2] = pair[0], pair[1]
	}
	if args[0], err = b.settle(args[0]); err == nil && len(args) > 1 {
		if t := args[1].oid(); t != 0 && t != pgtypes.Int2 && t != pgtypes.Int4 {
			return nil, b.noFunction(fn, args, pos)
		}
		args[1], err = b.coerce(args[1], pgtypes.Int4)
		if fn == "nth_value" {
			args[1] = mustBePositive(args[1], "22016: argument of nth_value must be greater than zero")
		}
	}
	return args, err
}

// mustBePositive makes an integer that is not positive the error; NULL stays.
func mustBePositive(e *expr, message string) *expr {
	if e == nil || e.value != nil && e.value.I > 0 {
		return e
	}
	checked := *e
	checked.sql = "(CASE WHEN " + e.sql + " <= 0 THEN error(" + quoteText(message) + ") ELSE " + e.sql + " END)"
	return &checked
}
