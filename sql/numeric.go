package sql

import (
	"fmt"
	"slices"
	"strings"

	"tidegate/internal/pgnumeric"
	"tidegate/internal/pgtypes"
)

// The engine's value of a numeric is narrow or wide.
//
// Narrow is a DECIMAL whose scale is known when the statement is bound, or is that of a column: every value is shown
// with it. Wide is PostgreSQL's text of the numeric, for where the scale depends on the value, as in a quotient, or the
// digits may be too many for a DECIMAL; it is computed by functions named tg_num_…, and compared, sorted and grouped
// over tg_num_key of it. expr.wide tells which one it is; wideText gives the text of either.

// narrowScale bounds the scale of narrow products: 20 of a DECIMAL's digits are left before the point.
const narrowScale = 18

// wideNumeric makes the numeric that text computes as PostgreSQL's text.
func wideNumeric(text string, parts ...*expr) *expr {
	e := computed(pgtypes.Numeric, text, parts...)
	e.wide = true
	return e
}

// wideCall makes the wide numeric that a function of numerics gives.
func wideCall(fn string, args ...*expr) *expr {
	return wideNumeric(fn+"("+strings.Join(wideTexts(args), ", ")+")", args...)
}

// wideText gives the text of a numeric; what is no numeric stays as it is.
func wideText(e *expr) string {
	switch {
	case e.wide || e.typ.OID != pgtypes.Numeric:
		return e.sql
	case e.value != nil:
		return quoteText(e.value.S)
	case strings.HasPrefix(e.sql, "CAST(NULL AS "):
		return "CAST(NULL AS VARCHAR)"
	}
	return "CAST(" + e.sql + " AS VARCHAR)"
}

func wideTexts(list []*expr) []string {
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = wideText(e)
	}
	return texts
}

// widened gives a numeric as wide.
func widened(e *expr) *expr {
	if e.wide || !holdsNumeric(e.typ.OID) {
		return e
	}
	w := *e
	w.sql, w.wide, w.scale, w.before = wideText(e), true, -1, e
	if isArray(e.typ.OID) {
		w.items = nil
		w.sql = "list_transform(" + e.sql + ", lambda " + eachName + ": CAST(" + eachName + " AS VARCHAR))"
	}
	return &w
}

// holdsNumeric reports whether t is numeric or an array of it.
func holdsNumeric(t pgtypes.OID) bool {
	return t == pgtypes.Numeric || postgresTables().elementOf(t) == pgtypes.Numeric
}

// narrowable reports whether a DECIMAL holds the values of numeric(p, s).
func narrowable(precision, scale int) bool {
	return precision <= pgtypes.MaxPrecision && scale >= 0 && scale <= precision
}

// alike makes numerics alike that stand for each other, as in CASE: all narrow of one scale, or all wide.
func alike(list []*expr) []*expr {
	scale, same := -1, true
	for _, e := range list {
		if !holdsNumeric(e.typ.OID) || e.isNull() || e.nothing && !e.wide || e.items != nil && len(e.items) == 0 {
			continue
		}
		same = same && !e.wide && (scale < 0 || e.scale == scale)
		scale = e.scale
	}
	if same {
		return list
	}
	out := make([]*expr, len(list))
	for i, e := range list {
		out[i] = widened(e)
	}
	return out
}

// likeAll takes over the form that alike gave the parts.
func (e *expr) likeAll(parts []*expr) {
	e.scale, e.wide = maxScale(parts), slices.ContainsFunc(parts, func(p *expr) bool { return p.wide })
}

// keyed reports whether values of e that are the same may differ in their text: 1.0 and 1.00, and the two zeros of floats.
func keyed(e *expr) bool { return e.wide || isFloat(e.typ.OID) }

// orderText is what e is sorted, grouped and compared by. jsonb and intervals are wide too: their values do not tell what is
// equal.
func orderText(e *expr) string {
	switch {
	case !e.wide:
		return e.sql
	case e.typ.OID == pgtypes.BPChar:
		return unpadded(e)
	case e.typ.OID == pgtypes.JSONB:
		return "tg_jsonb_key(" + e.sql + ")"
	case e.typ.OID == pgtypes.Interval:
		return spanTotal(e)
	case e.typ.OID == pgtypes.Timetz:
		return "tg_timetz_key(" + e.sql + ")"
	case isArray(e.typ.OID):
		x := &expr{typ: elementType(e.typ), sql: eachName, wide: true}
		return "list_transform(" + e.sql + ", lambda " + eachName + ": " + orderText(x) + ")"
	}
	return numericKey(e)
}

// keyText is orderText where the value itself may come out, too. DuckDB's sort gives back what it made of the key, which has one zero only:
// with 0 added the float itself is no key.
func keyText(e *expr) string {
	if isFloat(e.typ.OID) {
		return "(" + e.sql + " + 0)"
	}
	return orderText(e)
}

// comparedText gives the key of a numeric of either form, and orderText of all else.
func comparedText(e *expr) string {
	if e.typ.OID == pgtypes.Numeric {
		return numericKey(e)
	}
	return orderText(e)
}

// numericKey gives the key of a numeric.
func numericKey(e *expr) string {
	if e.value != nil && e.value.Class == pgtypes.ClassNumeric {
		if n, err := pgnumeric.Parse(e.value.S); err == nil {
			return quoteText(n.Key())
		}
	}
	return "tg_num_key(" + wideText(e) + ")"
}

// spanTotal is what intervals are compared by: DuckDB does not carry over between parts of different sign.
func spanTotal(e *expr) string { return "tg_interval_total(" + e.sql + ")" }

// comparisonTexts gives both sides of a comparison: of numerics their keys, unless DuckDB can compare the two.
func comparisonTexts(x, y *expr) (l, r string) {
	if x.typ.OID == pgtypes.Numeric && y.typ.OID == pgtypes.Numeric && (x.wide || y.wide || beyond(x, y) || beyond(y, x)) {
		return numericKey(x), numericKey(y)
	}
	if isArray(x.typ.OID) || typeIs(x.typ.OID, pgtypes.JSONB, pgtypes.BPChar, pgtypes.Interval, pgtypes.Timetz) {
		return orderText(x), orderText(y)
	}
	return x.sql, y.sql
}

// beyond reports whether a constant has more digits before the point than a DECIMAL of the other's scale.
func beyond(constant, other *expr) bool {
	if constant.value == nil || constant.value.Class != pgtypes.ClassNumeric || other.value != nil {
		return false
	}
	whole, _, _ := strings.Cut(strings.TrimPrefix(constant.value.S, "-"), ".")
	return len(whole)+max(other.scale, constant.scale, 10) > pgtypes.MaxPrecision
}

// toNumeric casts a number or a text to numeric, without a modifier.
func toNumeric(e *expr) *expr {
	digits := map[pgtypes.OID]int{pgtypes.Int2: 5, pgtypes.Int4: 10, pgtypes.Int8: 19}[e.typ.OID]
	switch {
	case e.typ.OID == pgtypes.Numeric:
		return e
	case digits > 0:
		n := computed(pgtypes.Numeric, fmt.Sprintf("CAST(%s AS DECIMAL(%d,0))", e.sql, digits), e)
		n.scale, n.width = 0, digits
		return n
	case e.value != nil && e.value.Class == pgtypes.ClassFloat:
		if e.typ.OID == pgtypes.Float4 {
			return numericOf(pgnumeric.FromFloat4(float32(e.value.F)))
		}
		return numericOf(pgnumeric.FromFloat8(e.value.F))
	case e.typ.OID == pgtypes.Float4:
		return wideNumeric("tg_num_of_float4("+e.sql+")", e)
	case e.typ.OID == pgtypes.Float8:
		return wideNumeric("tg_num_of_float8("+e.sql+")", e)
	}
	return wideNumeric("tg_num_text("+e.sql+")", e)
}

// fitted casts a numeric to numeric(p, s).
func fitted(e *expr, t pgtypes.Type) *expr {
	precision, scale, limited := t.PrecisionScale()
	if !limited {
		return e
	}
	var f *expr
	if !e.wide && narrowable(precision, scale) {
		f = computed(pgtypes.Numeric, "CAST("+e.sql+" AS "+t.DuckDB()+")", e)
		f.scale = scale
	} else {
		f = wideNumeric(fmt.Sprintf("tg_num_fit(%s, %d, %d)", wideText(e), precision, scale), e)
	}
	f.typ = t
	return f
}

// fromNumeric writes the cast of a numeric to another number.
func fromNumeric(e *expr, t pgtypes.OID) string {
	precision, _, limited := e.typ.PrecisionScale()
	switch {
	case !e.wide && isInteger(t), !e.wide && limited && precision <= 15 && t == pgtypes.Float8:
		return "CAST(" + e.sql + " AS " + pgtypes.Of(t).DuckDB() + ")"
	}
	// DuckDB divides a DECIMAL by its power of ten, which is not the nearest double of all that have more digits.
	return "tg_num_" + postgresTables().types[t].name + "(" + wideText(e) + ")"
}

// orderTexts are the orderText of a list.
func orderTexts(list []*expr) []string {
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = orderText(e)
	}
	return texts
}
