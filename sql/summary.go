package sql

import (
	"slices"
	"strings"

	"tidegate/internal/pgtypes"
)

// summary is how an aggregate or a window function is computed: DuckDB's calls, each with the FILTER and OVER of the
// whole, and the text around them.
type summary struct {
	calls  []string
	wrap   string // "%" is the only call, once; %1 %2 … are the calls; "" is the call itself
	scale  int    // of the result, as in expr
	wide   bool
	filter *expr    // the condition of FILTER, where it is bound already
	merges bool     // the aggregate of the whole can be made of those of parts
	parts  *merging // how, where it is not by its own calls
	item   string   // what the list has of which the result is made, "" if it is not made of a list
}

// plainSummary is that of a line of the allow-list: one call, and what is written behind its "|" around it.
func plainSummary(f *function, args []*expr) *summary {
	call, wrap, _ := strings.Cut(f.text, "|")
	return &summary{calls: []string{f.write(call, args)}, wrap: wrap, scale: f.scaleOf(args)}
}

// exactSummary is that of aggregates of integers and numerics whose results are numeric, nil for all others. avg,
// variance and stddev are made of sums that are exact.
func exactSummary(fn string, sig *signature, args []*expr, distinct bool) *summary {
	if len(args) != 1 || !isInteger(sig.args[0]) && sig.args[0] != pgtypes.Numeric && !args[0].wide {
		return nil
	}
	x := args[0]
	switch {
	case typeIs(x.typ.OID, pgtypes.BPChar, pgtypes.Timetz) && fn != "count":
		return nil
	case x.typ.OID == pgtypes.Interval && fn != "count":
		return spanSummary(fn, x, distinct)
	}
	if fn == "sum" || fn == "avg" {
		if s := mixedSummary(fn, x, distinct); s != nil {
			return s
		}
	}
	switch fn {
	case "count":
		if x.wide {
			return &summary{calls: []string{"count(" + orderText(x) + ")"}, scale: -1}
		}
	case "min", "max":
		if x.wide {
			return &summary{calls: []string{"tg_num_" + fn + "(" + x.sql + ")"}, scale: -1, wide: true}
		}
	case "sum":
		if x.wide {
			return &summary{calls: []string{exactSum(x, distinct)}, scale: -1, wide: true}
		}
	case "avg":
		return &summary{
			calls: []string{exactSum(x, distinct), "count(" + orderText(x) + ")"}, scale: -1, wide: true,
			wrap: "tg_num_div(CAST(%1 AS VARCHAR), CAST(%2 AS VARCHAR))",
		}
	}
	if function := varianceFunctions[fn]; function != "" {
		return &summary{
			calls: []string{exactSum(x, distinct), squares(x, distinct), "count(" + orderText(x) + ")"}, scale: -1, wide: true,
			wrap: function + "(CAST(%1 AS VARCHAR), CAST(%2 AS VARCHAR), %3)",
		}
	}
	return nil
}

// spanSummary is that of aggregates of intervals. Of those that are the same, as 1 mon and 30 days are, DISTINCT counts one:
// sum and avg see to that themselves, see summary.distinct.
func spanSummary(fn string, x *expr, distinct bool) *summary {
	call := "tg_interval_" + fn
	switch fn {
	case "min", "max":
	case "sum", "avg":
		if distinct {
			call += "_distinct"
		}
	default:
		return nil
	}
	return &summary{calls: []string{call + "(" + x.sql + ")"}, scale: -1, wide: true}
}

// varianceFunctions make statistics of a sum, a sum of squares and a count.
var varianceFunctions = map[string]string{
	"variance": "tg_num_var_samp", "var_samp": "tg_num_var_samp", "var_pop": "tg_num_var_pop",
	"stddev": "tg_num_stddev_samp", "stddev_samp": "tg_num_stddev_samp", "stddev_pop": "tg_num_stddev_pop",
}

// exactSum adds integers and numerics. Of wide ones with DISTINCT, those of other scales are the same: the function sees
// to that itself, see summary.distinct.
func exactSum(x *expr, distinct bool) string {
	switch {
	case x.wide && distinct:
		return "tg_num_sum_distinct(" + x.sql + ")"
	case x.wide:
		return "tg_num_sum(" + x.sql + ")"
	}
	return "sum(" + x.sql + ")"
}

// squares adds the squares of integers and numerics.
func squares(x *expr, distinct bool) string {
	switch {
	case x.wide && distinct:
		return "tg_num_squares_distinct(" + x.sql + ")"
	case !distinct && typeIs(x.typ.OID, pgtypes.Int2, pgtypes.Int4):
		return "sum(CAST(" + x.sql + " AS HUGEINT) * " + x.sql + ")"
	case x.typ.OID == pgtypes.Numeric:
		return "tg_num_squares(" + wideText(x) + ")"
	}
	return "tg_num_squares(CAST(" + x.sql + " AS VARCHAR))"
}

// inGo reports whether an aggregate in Go is among the calls. These do not depend on the order of the rows, and must not
// be given an ORDER BY: DuckDB would call them with one state for many rows, which crashes.
func (s *summary) inGo() bool {
	return slices.ContainsFunc(s.calls, func(c string) bool { return strings.HasPrefix(c, "tg_") })
}

// distinct puts DISTINCT into the calls, but into those that have it in their name.
func (s *summary) distinct() {
	for i, c := range s.calls {
		if function, _, _ := strings.Cut(c, "("); !strings.HasSuffix(function, "_distinct") {
			s.calls[i] = strings.Replace(c, "(", "(DISTINCT ", 1)
		}
	}
}

// order puts an ORDER BY into the calls.
func (s *summary) order(by string) {
	for i, c := range s.calls {
		s.calls[i] = strings.TrimSuffix(c, ")") + by + ")"
	}
}

// text puts the text together, with after behind every call.
func (s *summary) text(after string) string {
	calls := slices.Clone(s.calls)
	for i := range calls {
		calls[i] += after
	}
	return s.around(calls)
}

// around puts the wrap around texts.
func (s *summary) around(texts []string) string {
	switch {
	case s.wrap == "":
		return texts[0]
	case len(texts) == 1 && !strings.Contains(s.wrap, "%1"):
		return strings.Replace(s.wrap, "%", texts[0], 1)
	}
	var pairs []string
	for i, t := range texts {
		pairs = append(pairs, "%"+itoa(i+1), t)
	}
	return strings.NewReplacer(pairs...).Replace(s.wrap) // in one pass: a call's text may have a %1 of its own
}

// mergeFunctions say what makes a call's result for the whole of those for parts.
var mergeFunctions = map[string]string{
	"count": "CAST(sum(%) AS BIGINT)", "sum": "sum(%)", "min": "min(%)", "max": "max(%)", "bool_and": "bool_and(%)", "bool_or": "bool_or(%)",
	"bit_and": "bit_and(%)", "bit_or": "bit_or(%)", "bit_xor": "bit_xor(%)",
	"tg_num_sum": "tg_num_sum(%)", "tg_num_squares": "tg_num_sum(%)", "tg_num_min": "tg_num_min(%)", "tg_num_max": "tg_num_max(%)",
	"tg_interval_min": "tg_interval_min(%)", "tg_interval_max": "tg_interval_max(%)", "tg_interval_sum": "tg_interval_sum(%)",
}

// merging says how the aggregate is made of parts, nil if it is not.
func (s *summary) merging(filter string) *merging {
	if !s.merges {
		return nil
	}
	m := &merging{}
	if s.parts != nil {
		for _, c := range s.parts.calls {
			m.calls = append(m.calls, c+filter)
		}
		m.text = s.parts.text
		return m
	}
	var texts []string
	for i, c := range s.calls {
		function, _, _ := strings.Cut(c, "(")
		over := mergeFunctions[function]
		if over == "" {
			return nil
		}
		m.calls = append(m.calls, c+filter)
		texts = append(texts, strings.Replace(over, "%", "$"+itoa(i+1), 1))
	}
	m.text = s.around(texts)
	return m
}
