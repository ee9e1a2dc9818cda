package sql

import (
	"strings"

	"tidegate/internal/pgtypes"
)

// floatSummaries are the aggregates of floats that PostgreSQL computes by an algorithm of its own, which decides about
// their last digits, what is 0 and what is NULL, and what is out of range: internal/pgfloat has it.
var floatSummaries = map[string]bool{
	"sum": true, "avg": true,
	"variance": true, "var_samp": true, "var_pop": true, "stddev": true, "stddev_samp": true, "stddev_pop": true,
	"corr": true, "covar_pop": true, "covar_samp": true, "regr_slope": true, "regr_intercept": true, "regr_r2": true,
	"regr_avgx": true, "regr_avgy": true, "regr_sxx": true, "regr_syy": true, "regr_sxy": true,
}

// floatSummary is that of floatSummaries, nil for all others. If the rows have an order, or are distinct, it is made of
// the list of them: an aggregate in Go cannot have them in order, and sums of floats depend on it.
func floatSummary(fn string, sig *signature, args []*expr, inOrder bool) *summary {
	if !floatSummaries[fn] || !isFloat(sig.args[0]) {
		return nil
	}
	call, list := "tg_float_"+spread(fn), sqlOf(args)
	switch {
	case fn == "sum" && sig.args[0] == pgtypes.Float4:
		call = "tg_float4_sum"
	case sig.args[0] == pgtypes.Float4:
		list[0] = "CAST(" + list[0] + " AS DOUBLE)"
	}
	values := strings.Join(list, ", ")
	switch {
	case inOrder && len(args) == 2:
		item := "[" + values + "]"
		return &summary{calls: []string{"list(" + item + ")"}, wrap: call + "_list(flatten(%))", item: item, scale: -1}
	case inOrder:
		return &summary{calls: []string{"list(" + values + ")"}, wrap: call + "_list(%)", item: values, scale: -1}
	}
	s := &summary{calls: []string{call + "(" + values + ")"}, scale: -1}
	switch {
	case fn == "sum":
		s.parts = &merging{s.calls, call + "($1)"}
	case len(args) == 2:
		s.parts = &merging{[]string{"tg_float_pairs(" + values + ")"}, call + "_merged($1)"}
	default:
		s.parts = &merging{[]string{"tg_float_moments(" + values + ")"}, call + "_merged($1)"}
	}
	return s
}

// spread is the one name of a variance or a deviation that has two.
func spread(fn string) string {
	switch fn {
	case "variance":
		return "var_samp"
	case "stddev":
		return "stddev_samp"
	}
	return fn
}
