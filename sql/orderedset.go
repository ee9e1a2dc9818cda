package sql

import (
	"slices"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// orderedSet binds the aggregates of a sorted group: percentile_cont, percentile_disc and mode.
func (b *binder) orderedSet(fn string, n *pg_query.FuncCall, sc *scope) (*expr, error) {
	inner := *sc
	inner.sets = false
	inner.inCall = true
	switch {
	case n.Over != nil || len(n.AggOrder) != 1:
	case fn == "mode" && len(n.Args) == 0:
		return b.mode(n, sc, &inner)
	case (fn == "percentile_cont" || fn == "percentile_disc") && len(n.Args) == 1:
		return b.percentileOf(fn, n, sc, &inner)
	}
	return nil, b.notOrderedSet(fn, n, sc)
}

// notOrderedSet says why a call cannot have WITHIN GROUP. For PostgreSQL the keys are arguments, too.
func (b *binder) notOrderedSet(fn string, n *pg_query.FuncCall, sc *scope) error {
	inner := *sc
	inner.inCall = true
	args, err := b.exprs(n.Args, &inner)
	if err != nil {
		return err
	}
	for _, s := range n.AggOrder {
		key, err := b.expr(s.GetSortBy().GetNode(), &inner)
		if err != nil {
			return err
		}
		args = append(args, key)
	}
	sig, _, err := b.resolve(fn, args, n.Location)
	switch {
	case err != nil:
		return err
	case sig.kind == 'f':
		return b.fail(pgerr.WrongObjectType, n.Location, "WITHIN GROUP specified, but %s is not an aggregate function", fn)
	case sig.kind == 'w':
		return b.fail(pgerr.WrongObjectType, n.Location, "window function %s requires an OVER clause", fn)
	case slices.Contains([]string{"mode", "percentile_cont", "percentile_disc"}, fn):
		return b.fail(pgerr.FeatureNotSupported, n.Location, "OVER is not supported for ordered-set aggregate %s", fn)
	}
	return b.fail(pgerr.WrongObjectType, n.Location, "%s is not an ordered-set aggregate, so it cannot have WITHIN GROUP", fn)
}

// mode binds mode() WITHIN GROUP (ORDER BY x): of values that come equally often, the first one in the order. DuckDB
// takes the one that it met first.
func (b *binder) mode(n *pg_query.FuncCall, sc, inner *scope) (*expr, error) {
	k := n.AggOrder[0].GetSortBy()
	x, err := b.expr(k.Node, inner)
	if err == nil && x.untyped() {
		return nil, noPolymorphic()
	}
	if err == nil {
		x, err = b.settle(x)
	}
	if err == nil {
		err = b.sorted(x, placeOf(k.Node, x))
	}
	if err == nil {
		k, err = b.sortOperator(k)
	}
	if err != nil {
		return nil, err
	}
	if keyed(x) || isArray(x.typ.OID) {
		return b.percentileCall(x, b.modeByKey(x, direction(k)), n, sc, inner)
	}
	// With one key DuckDB would take it for an argument.
	s := &summary{calls: []string{"mode(" + x.sql + " ORDER BY " + x.sql + direction(k) + ", " + x.sql + " IS NULL)"}}
	if x.constant {
		s.calls[0] = "any_value(" + x.sql + ")"
	}
	e := computed(x.typ.OID, s.calls[0], x)
	e.typ, e.scale, e.pos = pgtypes.Of(x.typ.OID), x.scale, n.Location
	s.scale = x.scale
	return b.finishCall(e, s, n, sc, inner)
}

// modeByKey finds the key that comes most often, the first one in the order, and a value that has it.
func (b *binder) modeByKey(x *expr, order string) *summary {
	by := " ORDER BY " + keyText(x) + order + ")"
	return &summary{calls: []string{"list(" + x.sql + by, "list(" + keyText(x) + by}, wrap: "list_extract(%1, list_position(%2, list_mode(%2)))"}
}

// percentileCall finishes an aggregate of a sorted group that gives one of its values.
func (b *binder) percentileCall(x *expr, s *summary, n *pg_query.FuncCall, sc, inner *scope) (*expr, error) {
	e := computed(x.typ.OID, "", x)
	e.typ, e.scale, e.wide, e.pos = pgtypes.Of(x.typ.OID), x.scale, x.wide, n.Location
	s.scale, s.wide = x.scale, x.wide
	return b.finishCall(e, s, n, sc, inner)
}

// percentileOf binds percentile_cont(f) WITHIN GROUP (ORDER BY x), and percentile_disc.
func (b *binder) percentileOf(fn string, n *pg_query.FuncCall, sc, inner *scope) (*expr, error) {
	fraction, err := b.expr(n.Args[0], inner)
	if err != nil {
		return nil, err
	}
	if isArray(fraction.oid()) {
		return b.percentiles(fn, fraction, n, sc, inner)
	}
	x, err := b.expr(n.AggOrder[0].GetSortBy().Node, inner)
	if err == nil {
		_, _, err = b.resolve(fn, []*expr{fraction, x}, n.Location)
	}
	if err == nil {
		fraction, err = b.coerce(fraction, pgtypes.Float8)
	}
	if err == nil {
		x, err = b.sortedValue(fn, x)
	}
	if err != nil {
		return nil, err
	}
	if !fraction.constant && !fraction.isParam() {
		return nil, b.unsupported(n.Location, "%s with a fraction that is not a constant", fn)
	}
	if f := fraction.value; f != nil && !(f.F >= 0 && f.F <= 1) {
		return nil, pgerr.New(pgerr.NumericOutOfRange, "percentile value %s is not between 0 and 1", strconv.FormatFloat(f.F, 'g', 6, 64))
	}
	if fraction.isParam() {
		fraction.sql = "0.5" // only described: DuckDB refuses NULL here
	}
	if x.wide || !isNumber(x.typ.OID) && !isMoment(x.typ.OID) && !isText(x.typ.OID) {
		text := percentileText(fn, fraction.sql)
		if fraction.isNull() {
			text = "CASE WHEN " + fraction.sql + " IS NOT NULL THEN " + text + " END"
		}
		return b.percentileCall(x, sortedSummary(x, n, text), n, sc, inner)
	}
	key := x.sql
	switch { // DuckDB takes no literal there
	case x.constant && x.typ.OID == pgtypes.Numeric && x.scale >= 0:
		key = "CAST(" + key + " AS DECIMAL(38," + strconv.Itoa(x.scale) + "))"
	case x.constant:
		key = "CAST(" + key + " AS " + duckType(x.typ) + ")"
	}
	order := direction(n.AggOrder[0].GetSortBy())
	if f := fraction.value; f != nil && f.F == 0 && strings.HasPrefix(order, " DESC") {
		fraction, order = floatConstant(pgtypes.Float8, 1), "" // DuckDB turns the sign for DESC, and 0 has none
	}
	text := fn + "(" + fraction.sql + ") WITHIN GROUP (ORDER BY " + key + order + ")"
	if fraction.isNull() {
		text = "max(CASE WHEN " + x.sql + " IS NULL THEN " + null(x.typ).sql + " END)" // DuckDB refuses NULL here, and x may fail
	}
	e := computed(x.typ.OID, text, fraction, x)
	e.typ, e.scale, e.pos = pgtypes.Of(x.typ.OID), x.scale, n.Location
	return b.finishCall(e, &summary{calls: []string{text}}, n, sc, inner)
}

// sortedValue gives what a percentile is taken of its type: between two values are numbers and intervals alone.
func (b *binder) sortedValue(fn string, x *expr) (*expr, error) {
	if fn == "percentile_cont" && x.oid() != pgtypes.Interval || x.untyped() {
		return b.coerce(x, pgtypes.Float8)
	}
	return x, b.sorted(x, x.pos)
}

// sortedSummary is what wrap makes of the sorted values of a group, %1, and of their number without NULLs, %2.
func sortedSummary(x *expr, n *pg_query.FuncCall, wrap string) *summary {
	order := strings.TrimSuffix(strings.TrimSuffix(direction(n.AggOrder[0].GetSortBy()), " NULLS FIRST"), " NULLS LAST")
	return &summary{calls: []string{"list(" + x.sql + " ORDER BY " + keyText(x) + order + " NULLS LAST)", "count(" + x.sql + ")"}, wrap: wrap}
}

// percentileText gives the percentile of a fraction, of sorted values as sortedSummary has them. Numbers between two intervals
// are PostgreSQL's interval_lerp.
func percentileText(fn, fraction string) string {
	if fn == "percentile_disc" {
		return "list_extract(%1, greatest(CAST(ceil(" + fraction + " * %2) AS BIGINT), 1))"
	}
	at := "(" + fraction + " * (%2 - 1))"
	low, high := "list_extract(%1, CAST(floor("+at+") AS BIGINT) + 1)", "list_extract(%1, CAST(ceil("+at+") AS BIGINT) + 1)"
	return "tg_interval_plus(" + low + ", tg_interval_mul(tg_interval_minus(" + high + ", " + low + "), " + at + " - floor(" + at + ")))"
}

// percentiles binds percentile_cont(ARRAY[…]) WITHIN GROUP (ORDER BY x), and percentile_disc: an array of the percentiles.
// The fractions are constants.
func (b *binder) percentiles(fn string, fractions *expr, n *pg_query.FuncCall, sc, inner *scope) (*expr, error) {
	var list []string
	for _, item := range fractions.items {
		f, err := b.coerce(item, pgtypes.Float8)
		switch {
		case err != nil:
			return nil, err
		case f.isNull():
		case f.value == nil:
			return nil, b.unsupported(n.Location, "%s of fractions that are no constants", fn)
		case !(f.value.F >= 0 && f.value.F <= 1):
			return nil, pgerr.New(pgerr.NumericOutOfRange, "percentile value %s is not between 0 and 1", strconv.FormatFloat(f.value.F, 'g', 6, 64))
		}
		list = append(list, f.sql)
	}
	if len(list) == 0 {
		return nil, b.unsupported(n.Location, "%s of this list of fractions", fn)
	}
	x, err := b.expr(n.AggOrder[0].GetSortBy().Node, inner)
	if err == nil && x.untyped() {
		_, _, err = b.resolve(fn, []*expr{fractions, x}, n.Location)
	}
	if err == nil {
		x, err = b.sortedValue(fn, x)
	}
	if err != nil {
		return nil, err
	}
	array, err := b.arrayTypeOf(x.typ.OID, n.Location)
	if err != nil {
		return nil, err
	}
	e := computed(array, "", x)
	e.pos, e.scale, e.wide = n.Location, x.scale, x.wide
	of := sortedSummary(x, n, "CASE WHEN %2 > 0 THEN list_transform("+listOf(list)+", lambda "+eachName+": CASE WHEN "+eachName+" IS NOT NULL THEN "+
		percentileText(fn, eachName)+" END) END")
	if fn == "percentile_cont" && x.typ.OID != pgtypes.Interval { // DuckDB does it in another way, which arrays would show to the last digit
		of.wrap = "tg_float_percentiles(%1, " + listOf(list) + ")"
	}
	of.scale, of.wide = x.scale, x.wide
	return b.finishCall(e, of, n, sc, inner)
}
