package sql

import (
	"fmt"
	"strings"
	"time"

	"tidegate/internal/pgtypes"
)

// moments writes arithmetic of dates and times. Constants are computed here, so that predicates see their value.
func (b *binder) moments(op string, sig *signature, x, y *expr) *expr {
	if op != "+" && op != "-" {
		return nil
	}
	if !isMoment(x.typ.OID) {
		x, y = y, x // interval + timestamp, integer + date
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
	switch {
	case x.typ.OID == pgtypes.Date && isInteger(y.typ.OID):
		e.sql = "tg_date_days(" + x.sql + ", '" + op + "', " + y.sql + ")"
	case sig.result == pgtypes.Int4: // date - date: DuckDB subtracts infinite ones too
		e.sql = "tg_days_between(" + y.sql + ", " + x.sql + ")"
	case y.typ.OID == pgtypes.Timestamptz: // DuckDB would count days on its clock
		e.sql = "((" + x.sql + " AT TIME ZONE 'UTC') - (" + y.sql + " AT TIME ZONE 'UTC'))"
	case y.typ.OID != pgtypes.Interval:
	case y.span == nil:
		e.sql = b.addAny(op, x, y)
	case op == "-":
		e.sql = b.addConstant(x, y.span.negative())
	default:
		e.sql = b.addConstant(x, *y.span)
	}
	return e
}

// addAny adds an interval that is no constant, or takes it away.
func (b *binder) addAny(op string, x, y *expr) string {
	step := y.sql
	if op == "-" {
		step = "tg_interval_neg(" + step + ")"
	}
	return b.addCall(x, step)
}

// addCall adds in Go, as PostgreSQL does.
func (b *binder) addCall(x *expr, step string) string {
	if x.typ.OID == pgtypes.Timestamptz {
		return "tg_add_in(" + x.sql + ", " + step + ", " + b.zoneText() + ")"
	}
	return "tg_add(CAST(" + x.sql + " AS TIMESTAMP), " + step + ")"
}

// fewYears bounds the constants that the engine adds to the years from 1 to 9999: the sums are timestamps of PostgreSQL's.
const fewYears = 4000

// addConstant adds a constant interval. DuckDB's timestamps begin earlier than PostgreSQL's, which begin in 4714 BC, and
// its clocks are other ones: what may leave the range, or goes by days on a clock that is not UTC's, is added in Go.
func (b *binder) addConstant(x *expr, v interval) string {
	call := b.addCall(x, v.sql())
	years := abs(int64(v.months))/12 + abs(int64(v.days))/365 + abs(v.micros/microsPerDay)/365
	if years > fewYears || !repeatable(x) || x.typ.OID == pgtypes.Timestamptz && !b.inUTC() && (v.months != 0 || v.days != 0) {
		return call
	}
	sum := "(" + x.sql + " + " + v.sql() + ")"
	if v.months != 0 && v.micros != 0 {
		// PostgreSQL moves by months, then days, then time; DuckDB by time first, which may be another month.
		whole, clock := interval{months: v.months, days: v.days}, interval{micros: v.micros}
		sum = "((" + x.sql + " + " + whole.sql() + ") + " + clock.sql() + ")"
	}
	return usual(x, sum, call)
}

// usual writes what the engine does for the years from 1 to 9999, and what is done for others and what is infinite.
func usual(x *expr, native, call string) string {
	kind := pgtypes.Of(x.typ.OID).DuckDB()
	return fmt.Sprintf("CASE WHEN %[1]s >= %[2]s '0001-01-01' AND %[1]s < %[2]s '9999-12-31' THEN %[3]s ELSE %[4]s END", x.sql, kind, native, call)
}

// repeatable reports whether an operand may be written more than once: it is short, and no aggregate, subquery or set.
func repeatable(x *expr) bool {
	return len(x.sql) <= maxRepeated && x.scopes == aggregates{} && !strings.Contains(x.sql, "SELECT ")
}

func abs(n int64) int64 { return max(n, -n) }

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

// addSpan adds an interval to a constant: on the session's clock for a timestamptz. What is out of range is left to the
// engine: the row may never come.
func (b *binder) addSpan(x *expr, v interval) *expr {
	at, result, zone := x.value.I, pgtypes.Timestamp, time.UTC
	switch x.typ.OID {
	case pgtypes.Timestamptz:
		result, zone = pgtypes.Timestamptz, b.zone()
	case pgtypes.Date:
		if !pgtypes.SecondsInRange(at * 86400) {
			return nil
		}
		at *= microsPerDay
	}
	sum, err := v.parts().AddIn(at, zone)
	if err != nil {
		return nil
	}
	return timestampConstant(result, sum)
}
