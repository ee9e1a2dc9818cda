package sql

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// oidFloat8Array is double precision[].
const oidFloat8Array = 1022

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
	return nil, b.unsupported(n.Location, "function %s WITHIN GROUP", fn)
}

// mode binds mode() WITHIN GROUP (ORDER BY x): of values that come equally often, the first one in the order. DuckDB
// takes the one that it met first.
func (b *binder) mode(n *pg_query.FuncCall, sc, inner *scope) (*expr, error) {
	k := n.AggOrder[0].GetSortBy()
	x, err := b.expr(k.Node, inner)
	if err == nil && x.lit != nil {
		return nil, b.fail(pgerr.DatatypeMismatch, n.Location, "could not determine polymorphic type because input has type unknown")
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
		return nil, b.unsupported(n.Location, "mode() of type %s, whose equal values may look different,", typeText(x.typ))
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
	if err == nil && (fn == "percentile_cont" || x.untyped()) {
		x, err = b.coerce(x, pgtypes.Float8)
	}
	if err != nil {
		return nil, err
	}
	discrete := fn == "percentile_disc" && isText(x.typ.OID)
	if !fraction.constant && !fraction.isParam() || !isNumber(x.typ.OID) && !isMoment(x.typ.OID) && !discrete {
		return nil, b.unsupported(n.Location, "this form of %s", fn)
	}
	if f := fraction.value; f != nil && !(f.F >= 0 && f.F <= 1) {
		return nil, pgerr.New(pgerr.NumericOutOfRange, "percentile value %s is not between 0 and 1", strconv.FormatFloat(f.F, 'g', 6, 64))
	}
	if fraction.isParam() {
		fraction.sql = "0.5" // only described: DuckDB refuses NULL here
	}
	if x.wide {
		return nil, b.unsupported(n.Location, "%s of a numeric whose scale is not that of a column", fn)
	}
	key := x.sql
	if x.constant {
		key = "CAST(" + key + " AS " + duckType(x.typ) + ")" // DuckDB takes no literal there
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

// percentiles binds percentile_cont(ARRAY[…]) WITHIN GROUP (ORDER BY x): an array of the percentiles. The fractions are
// constants, and x is a number.
func (b *binder) percentiles(fn string, fractions *expr, n *pg_query.FuncCall, sc, inner *scope) (*expr, error) {
	var list []string
	for _, item := range fractions.items {
		f, err := b.coerce(item, pgtypes.Float8)
		switch {
		case err != nil:
			return nil, err
		case f.value == nil:
			return nil, b.unsupported(n.Location, "%s of fractions that are no constants", fn)
		case !(f.value.F >= 0 && f.value.F <= 1):
			return nil, pgerr.New(pgerr.NumericOutOfRange, "percentile value %s is not between 0 and 1", strconv.FormatFloat(f.value.F, 'g', 6, 64))
		}
		list = append(list, f.sql)
	}
	x, err := b.expr(n.AggOrder[0].GetSortBy().Node, inner)
	if err == nil && fn == "percentile_cont" && x.typ.OID != pgtypes.Interval {
		x, err = b.coerce(x, pgtypes.Float8)
	}
	if err != nil {
		return nil, err
	}
	order := direction(n.AggOrder[0].GetSortBy())
	if len(list) == 0 || !isNumber(x.typ.OID) || fn != "percentile_cont" {
		return nil, b.unsupported(n.Location, "%s of this list of fractions, or of another type than numbers,", fn)
	}
	e := computed(oidFloat8Array, "", x)
	e.pos = n.Location
	// DuckDB interpolates in another way, which arrays would show to the last digit.
	of := &summary{calls: []string{"list(" + x.sql + " ORDER BY " + keyText(x) + order + ")"}, wrap: "tg_float_percentiles(%, [" + strings.Join(list, ", ") + "])", scale: -1}
	return b.finishCall(e, of, n, sc, inner)
}
