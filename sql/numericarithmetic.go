package sql

import (
	"fmt"
	"strings"

	"tidegate/internal/pgtypes"
)

// wideOperators are the functions of arithmetic.
var wideOperators = map[string]string{
	"+": "tg_num_add", "-": "tg_num_sub", "*": "tg_num_mul", "/": "tg_num_div", "%": "tg_num_mod", "^": "tg_num_power",
}

// numerics writes arithmetic of two numerics: narrow where the result's scale is known and leaves room.
func (b *binder) numerics(op string, x, y *expr) *expr {
	if op == "/" {
		b.divides = true
	}
	if folded := foldNumerics(op, x, y); folded != nil {
		return folded
	}
	scale := max(x.scale, y.scale)
	if op == "*" {
		scale = x.scale + y.scale
	}
	known := x.scale >= 0 && y.scale >= 0
	zero := op == "%" && (y.value == nil || strings.Trim(y.value.S, "-0.") == "") // y may be, which DuckDB lets pass
	if x.wide || y.wide || zero || op == "/" || op == "^" || known && scale > narrowScale || overflows(op, x, y) {
		return wideCall(wideOperators[op], x, y)
	}
	e := computed(pgtypes.Numeric, "("+x.sql+" "+op+" "+y.sql+")", x, y)
	if op == "*" && known {
		// DuckDB would compute in the width of its operands, and overflow.
		e.sql = fmt.Sprintf("(CAST(%s AS DECIMAL(38,%d)) * %s)", x.sql, x.scale, y.sql)
	}
	if known {
		e.scale = scale
	}
	return e
}

// overflows reports whether the widths of columns and constants alone say that a DECIMAL may be too short.
func overflows(op string, x, y *expr) bool {
	wx, wy := precisionOf(x), precisionOf(y)
	switch op {
	case "*":
		return wx+wy > pgtypes.MaxPrecision && wx > 0 && wy > 0
	case "%": // DuckDB takes digits from behind the point where both sides have too many
		return wx == 0 || wy == 0 || max(wx-x.scale, wy-y.scale)+max(x.scale, y.scale) > pgtypes.MaxPrecision
	}
	return max(wx-x.scale, wy-y.scale)+max(x.scale, y.scale)+1 > pgtypes.MaxPrecision
}

// precisionOf is how many digits a numeric can have, 0 if that is not known.
func precisionOf(e *expr) int {
	if p, _, limited := e.typ.PrecisionScale(); limited {
		return p
	}
	if e.value != nil && e.value.Class == pgtypes.ClassNumeric {
		return len(strings.TrimLeft(strings.Replace(e.value.S, ".", "", 1), "-0"))
	}
	return e.width
}

// roundTo binds round(x, n) and trunc(x, n): with a constant n a narrow numeric stays narrow.
func (b *binder) roundTo(fn string, args []*expr, pos int32) (*expr, error) {
	sig, args, err := b.resolve(fn, args, pos)
	if err != nil {
		return nil, err
	}
	x, n := args[0], args[1]
	if v, ok := constantNumeric(x); ok && n.value != nil {
		if fn == "trunc" {
			return numericOf(v.Trunc(int(n.value.I))), nil
		}
		r, err := v.Round(int(n.value.I))
		return numericOf(r), err
	}
	if x.wide || n.value == nil || n.value.I > narrowScale || n.value.I < -narrowScale {
		return wideNumeric("tg_num_"+fn+"("+wideText(x)+", "+n.sql+")", x, n), nil
	}
	digits := max(int(n.value.I), 0)
	value := x.sql
	if n.value.I < 0 {
		// DuckDB gives 0 for as many digits as the type has, where 5 rounds up to 10.
		value = fmt.Sprintf("CAST(%s AS DECIMAL(38,%d))", x.sql, max(x.scale, 0))
		if x.scale < 0 {
			value = x.sql
		}
	}
	text := fmt.Sprintf("%s(%s, %d)", fn, value, n.value.I)
	if x.scale >= 0 && x.scale <= int(n.value.I) {
		text = x.sql
	}
	e := computed(sig.result, fmt.Sprintf("CAST(%s AS DECIMAL(38,%d))", text, digits), x)
	e.scale = digits
	return e, nil
}
