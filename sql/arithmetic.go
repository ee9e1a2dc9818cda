package sql

import (
	"fmt"
	"time"

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
	return computed(pgtypes.Interval, "("+x.sql+" "+op+" "+y.sql+")", x, y)
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

// unmoved keeps DuckDB from moving a constant of integer arithmetic, or a cast, to the other side of a comparison or into
// other arithmetic: what is out of range would not be seen. The sign costs nothing.
func unmoved(text string) string { return "(+" + text + ")" }

// powerSQL writes a power whose domain errors are errors: DuckDB gives NaN and Infinity.
func powerSQL(x, y string) string {
	return fmt.Sprintf("tg_float_power(CASE WHEN %[1]s < 0 AND isfinite(%[2]s) AND %[2]s <> floor(%[2]s) THEN "+
		"error('2201F: a negative number raised to a non-integer power yields a complex result') "+
		"WHEN %[1]s = 0 AND %[2]s < 0 THEN error('2201F: zero raised to a negative power is undefined') ELSE power(%[1]s, %[2]s) END, %[1]s, %[2]s)", x, y)
}

// moments writes arithmetic of dates and times. Constants are computed here, so that predicates see their value.
func (b *binder) moments(op string, sig *signature, x, y *expr) *expr {
	if op != "+" && op != "-" {
		return nil
	}
	if folded := b.foldMoments(op, sig, x, y); folded != nil {
		return folded
	}
	e := computed(sig.result, "("+x.sql+" "+op+" "+y.sql+")", x, y)
	if anyLate(x, y) {
		e.late = func(b *binder) (*expr, error) {
			sides, err := b.valued([]*expr{x, y})
			if err != nil {
				return nil, err
			}
			if folded := b.foldMoments(op, sig, sides[0], sides[1]); folded != nil {
				return folded, nil
			}
			unknown := *e
			unknown.late = nil
			return &unknown, nil
		}
	}
	if v := y.span; v != nil && v.months != 0 && v.micros != 0 {
		// PostgreSQL moves by months, then days, then time; DuckDB by time first, which may be another month.
		whole, clock := interval{months: v.months, days: v.days}, interval{micros: v.micros}
		e.sql = "((" + x.sql + " " + op + " " + whole.sql() + ") " + op + " " + clock.sql() + ")"
	}
	if v := y.span; v != nil && x.typ.OID == pgtypes.Timestamptz && (v.months != 0 || v.days != 0) && b.zone().String() != "UTC" {
		// Months and days are added on the session's clock and read as local time: in the hour that a zone repeats
		// DuckDB would take its first run, PostgreSQL takes standard time.
		whole := interval{months: v.months, days: v.days}
		e.sql = "CAST((CAST(" + x.sql + " AS TIMESTAMP) " + op + " " + whole.sql() + ") AS TIMESTAMPTZ)"
		if v.micros != 0 {
			e.sql = "(" + e.sql + " " + op + " " + interval{micros: v.micros}.sql() + ")"
		}
	}
	switch {
	case x.typ.OID == pgtypes.Date && isInteger(y.typ.OID):
		e.sql = "tg_date_days(" + x.sql + ", '" + op + "', " + y.sql + ")"
	case isInteger(x.typ.OID):
		e.sql = "tg_date_days(" + y.sql + ", '+', " + x.sql + ")"
	}
	if y.typ.OID == pgtypes.Interval && y.span == nil {
		e.sql = b.addAny(op, x, y)
	}
	if sig.result == pgtypes.Int4 { // date - date: DuckDB subtracts infinite ones too
		e.sql = "tg_days_between(" + y.sql + ", " + x.sql + ")"
	}
	return e
}

// addAny adds an interval that is no constant, or takes it away.
func (b *binder) addAny(op string, x, y *expr) string {
	step := y.sql
	if op == "-" {
		step = "tg_interval_neg(" + step + ")"
	}
	if x.typ.OID == pgtypes.Timestamptz {
		return "tg_add_in(" + x.sql + ", " + step + ", " + b.zoneText() + ")"
	}
	return "tg_add(CAST(" + x.sql + " AS TIMESTAMP), " + step + ")"
}

func (b *binder) foldMoments(op string, sig *signature, x, y *expr) *expr {
	if x.value == nil || infinite(x.value) {
		return nil
	}
	switch {
	case y.span != nil && isMoment(x.typ.OID):
		v := *y.span
		if op == "-" {
			v = v.negative()
		}
		return b.addSpan(x, v)
	case x.typ.OID == pgtypes.Date && y.value != nil && isInteger(y.typ.OID):
		n := y.value.I
		if op == "-" {
			n = -n
		}
		if days := x.value.I + n; pgtypes.DateInRange(days) {
			return dateConstant(days)
		}
	case x.typ.OID == pgtypes.Date && y.typ.OID == pgtypes.Date && y.value != nil && op == "-" && !infinite(y.value):
		return intConstant(sig.result, x.value.I-y.value.I)
	}
	return nil
}

// addSpan adds an interval to a constant: on the session's clock for a timestamptz, as PostgreSQL does.
func (b *binder) addSpan(x *expr, v interval) *expr {
	switch x.typ.OID {
	case pgtypes.Timestamptz:
		// Months and days are added on the session's clock, hours to the moment. The hours that a clock change
		// skips or repeats are read as pgtypes reads text.
		at := x.value.I
		if v.months != 0 || v.days != 0 {
			wall := wallClock(time.UnixMicro(at).In(b.zone()))
			local := timestampConstant(pgtypes.Timestamp, interval{months: v.months, days: v.days}.addTo(wall).UnixMicro())
			moved := b.foldMoment(local, pgtypes.Timestamptz)
			if moved == nil {
				return nil
			}
			at = moved.value.I
		}
		return timestampConstant(pgtypes.Timestamptz, at+v.micros)
	case pgtypes.Date:
		return timestampConstant(pgtypes.Timestamp, v.addTo(time.Unix(x.value.I*86400, 0).UTC()).UnixMicro())
	}
	return timestampConstant(pgtypes.Timestamp, v.addTo(time.UnixMicro(x.value.I).UTC()).UnixMicro())
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
