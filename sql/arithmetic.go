package sql

import (
	"fmt"
	"math"

	"tidegate/internal/pgtime"
	"tidegate/internal/pgtypes"
)

// arithmetic writes + - * / % ^. It gives nil for a pair of types that is not supported.
func (b *binder) arithmetic(op string, sig *signature, x, y *expr) (*expr, error) {
	lt, rt := sig.args[0], sig.args[1]
	switch {
	case isNumber(lt) && isNumber(rt):
		return b.numbers(op, sig, x, y)
	case isMoment(lt) && (rt == pgtypes.Interval || isMoment(rt) || isInteger(rt)),
		(lt == pgtypes.Interval || isInteger(lt)) && isMoment(rt):
		return b.moments(op, sig, x, y), nil
	case lt == pgtypes.Timetz || rt == pgtypes.Timetz:
		return zonedTimeSum(op, sig, x, y), nil
	case lt == pgtypes.Date && rt == pgtypes.Time && op == "+", lt == pgtypes.Time && rt == pgtypes.Date && op == "+":
		return computed(sig.result, "("+x.sql+" + "+y.sql+")", x, y), nil
	case lt == pgtypes.Time && rt == pgtypes.Interval && (op == "+" || op == "-"), lt == pgtypes.Interval && rt == pgtypes.Time && op == "+":
		return computed(sig.result, "("+x.sql+" "+op+" "+y.sql+")", x, y), nil
	case lt == pgtypes.Time && rt == pgtypes.Time && op == "-":
		return computed(sig.result, "to_microseconds(epoch_us("+x.sql+") - epoch_us("+y.sql+"))", x, y), nil
	case lt == pgtypes.Interval && rt == pgtypes.Interval && (op == "+" || op == "-"):
		return spans(op, x, y), nil
	case op == "*" && lt == pgtypes.Float8 && rt == pgtypes.Interval:
		return scaledSpan(op, y, x), nil
	case (op == "*" || op == "/") && lt == pgtypes.Interval && rt == pgtypes.Float8:
		return scaledSpan(op, x, y), nil
	}
	return nil, nil
}

// spans adds and subtracts intervals. Constants are computed here.
func spans(op string, x, y *expr) *expr {
	if x.span != nil && y.span != nil {
		compute := map[string]func(v, w pgtime.Interval) (pgtime.Interval, error){"+": pgtime.Interval.Add, "-": pgtime.Interval.Sub}[op]
		if v, err := compute(x.span.parts(), y.span.parts()); err == nil {
			return spanConstant(spanOf(v))
		}
	}
	return computed(pgtypes.Interval, map[string]string{"+": "tg_interval_plus(", "-": "tg_interval_minus("}[op]+x.sql+", "+y.sql+")", x, y)
}

// scaledSpan multiplies and divides an interval.
func scaledSpan(op string, x, factor *expr) *expr {
	if x.span != nil && factor.value != nil {
		compute := map[string]func(v pgtime.Interval, f float64) (pgtime.Interval, error){"*": pgtime.Interval.Mul, "/": pgtime.Interval.Div}[op]
		if v, err := compute(x.span.parts(), factor.value.F); err == nil {
			return spanConstant(spanOf(v))
		}
	}
	return computed(pgtypes.Interval, map[string]string{"*": "tg_interval_mul(", "/": "tg_interval_div("}[op]+x.sql+", "+factor.sql+")", x, factor)
}

// numbers writes arithmetic of two numbers. Both sides have the operator's types already, so that DuckDB computes
// in the type that PostgreSQL does: a literal must not shrink to its neighbour's type.
func (b *binder) numbers(op string, sig *signature, x, y *expr) (*expr, error) {
	lt := sig.args[0]
	if lt == pgtypes.Numeric {
		return b.numerics(op, x, y), nil
	}
	if folded := foldFloats(op, sig.result, x, y); folded != nil {
		return folded, nil
	}
	if isInteger(sig.result) {
		var err error
		if x, err = b.coerce(x, sig.result); err != nil {
			return nil, err
		}
		if y, err = b.coerce(y, sig.result); err != nil {
			return nil, err
		}
	}
	e := computed(sig.result, "("+x.sql+" "+op+" "+y.sql+")", x, y)
	switch {
	case (op == "+" || op == "-" || op == "*") && isInteger(lt) && x.constant != y.constant:
		e.sql = unmoved(e.sql)
	case op == "^":
		e.sql = powerSQL(x.sql, y.sql)
	case isFloat(lt):
		e.sql = map[string]string{"+": "tg_float_add", "-": "tg_float_sub", "*": "tg_float_mul", "/": "tg_float_div"}[op] + "(" + x.sql + ", " + y.sql + ")"
	case (op == "/" || op == "%") && (y.value == nil || y.value.I == 0):
		e.sql = map[string]string{"/": "tg_int_div", "%": "tg_int_mod"}[op] + "(" + x.sql + ", " + y.sql + ")"
	case op == "/":
		e.sql = "(" + x.sql + " // " + y.sql + ")"
	case op == "%" && y.value != nil && y.value.I == -1:
		// The smallest integer divided by -1 overflows in DuckDB.
		e.sql = "(" + x.sql + " % 1)"
	}
	return e, nil
}

// foldFloats computes an operator of constants, nil if one is none. What is not finite or 0 is left to the engine, which tells
// what is out of range.
func foldFloats(op string, result pgtypes.OID, x, y *expr) *expr {
	if x.value == nil || y.value == nil || x.value.Class != pgtypes.ClassFloat || y.value.Class != pgtypes.ClassFloat {
		return nil
	}
	l, r := x.value.F, y.value.F
	compute := map[string]func() float64{
		"+": func() float64 { return l + r }, "-": func() float64 { return l - r },
		"*": func() float64 { return l * r }, "/": func() float64 { return l / r },
	}[op]
	if compute == nil {
		return nil
	}
	v := compute()
	if result == pgtypes.Float4 { // of two reals the nearest double rounds to the nearest real
		v = float64(float32(v))
	}
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return floatConstant(result, v)
}

// unmoved keeps DuckDB from moving a constant of integer arithmetic, or a cast, to the other side of a comparison or into
// other arithmetic: what is out of range would not be seen. The sign costs nothing.
func unmoved(text string) string { return "(+" + text + ")" }

// powerSQL writes a power whose domain errors are errors: DuckDB gives NaN and Infinity.
func powerSQL(x, y string) string {
	return fmt.Sprintf("tg_float_power(CASE WHEN %[1]s < 0 AND isfinite(%[2]s) AND %[2]s <> floor(%[2]s) THEN "+
		"error('2201F: a negative number raised to a non-integer power yields a complex result') "+
		"WHEN %[1]s = 0 AND %[2]s < 0 THEN error('2201F: zero raised to a negative power is undefined') ELSE power(%[1]s, %[2]s) END, %[1]s, %[2]s)", x, y)
}

// concatenate writes ||: text, or text and something with a cast to text.
func (b *binder) concatenate(sig *signature, x, y *expr) (*expr, error) {
	if sig.result == pgtypes.Bytea {
		// With NULL DuckDB loses the type.
		return computed(pgtypes.Bytea, "CAST(("+x.sql+" || "+y.sql+") AS BLOB)", x, y), nil
	}
	l, err := b.coerce(x, pgtypes.Text)
	if err != nil {
		return nil, err
	}
	r, err := b.coerce(y, pgtypes.Text)
	if err != nil {
		return nil, err
	}
	return computed(pgtypes.Text, "("+l.sql+" || "+r.sql+")", l, r), nil
}
