package sql

import (
	"fmt"
	"slices"
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtime"
	"tidegate/internal/pgtypes"
)

// dateFields are the fields of EXTRACT by the types that have them: what DuckDB calls them and, for fields with a
// fraction, how many microseconds one of them has.
var dateFields = map[string]struct {
	part  string
	unit  int64 // 0: a whole number
	clock bool  // a field of the time of day, which a date has not
}{
	"year": {"year", 0, false}, "years": {"year", 0, false}, "quarter": {"quarter", 0, false}, "month": {"month", 0, false}, "months": {"month", 0, false},
	"mon": {"month", 0, false}, "week": {"week", 0, false}, "day": {"day", 0, false}, "days": {"day", 0, false}, "dow": {"dow", 0, false},
	"isodow": {"isodow", 0, false}, "doy": {"doy", 0, false}, "isoyear": {"isoyear", 0, false}, "decade": {"decade", 0, false},
	"hour": {"hour", 0, true}, "hours": {"hour", 0, true}, "minute": {"minute", 0, true}, "minutes": {"minute", 0, true},
	"second": {"microseconds", 1000000, true}, "seconds": {"microseconds", 1000000, true},
	"milliseconds": {"microseconds", 1000, true}, "millisecond": {"microseconds", 1000, true}, "microseconds": {"microseconds", 0, true},
	"epoch": {"epoch_us", 1000000, false},
}

// datePart binds EXTRACT, which is numeric, and date_part, which is float8.
func (b *binder) datePart(fn string, args []*expr, pos int32) (*expr, error) {
	field := fieldName(args[0])
	sig, args, err := b.resolve(fn, args, pos)
	if err != nil {
		return nil, err
	}
	x := args[1]
	f, ok := dateFields[field]
	t := x.typ.OID
	if !isMoment(t) && !typeIs(t, pgtypes.Time, pgtypes.Timetz, pgtypes.Interval) {
		return nil, b.unsupported(pos, "field %q of %s", field, typeText(x.typ))
	}
	if !ok || !nativePart(field, f.clock, t) || isMoment(t) && x.value != nil && infinite(x.value) {
		return b.datePartCall(sig, args), nil
	}
	if t == pgtypes.Timestamptz && field != "epoch" && !b.inUTC() {
		x, t = computed(pgtypes.Timestamp, b.local(x.sql), x), pgtypes.Timestamp
	}
	whole := "date_part('" + f.part + "', " + x.sql + ")"
	switch {
	case field == "epoch" && t == pgtypes.Interval:
		// Years of 365.25 days, months of 30.
		whole = fmt.Sprintf("(CAST(datepart('year', %[1]s) AS BIGINT) * 31557600000000 + datepart('month', %[1]s) * 2592000000000 + "+
			"datepart('day', %[1]s) * 86400000000 + datepart('hour', %[1]s) * 3600000000 + datepart('minute', %[1]s) * 60000000 + datepart('microsecond', %[1]s))", x.sql)
	case field == "epoch" && t == pgtypes.Time:
		whole = "(date_part('hour', " + x.sql + ") * 3600000000 + date_part('minute', " + x.sql + ") * 60000000 + date_part('microseconds', " + x.sql + "))"
	case field == "epoch":
		whole = "epoch_us(" + x.sql + ")"
	}
	e := computed(sig.result, "", x)
	switch {
	case field == "epoch" && t == pgtypes.Date:
		e.sql, e.scale = "CAST("+whole+" // 1000000 AS DECIMAL(19,0))", 0
	case f.unit == 1000000:
		e.sql, e.scale = "(CAST("+whole+" AS DECIMAL(19,0)) * 0.000001)", 6
	case f.unit == 1000:
		e.sql, e.scale = "(CAST("+whole+" AS DECIMAL(19,0)) * 0.001)", 3
	default:
		e.sql, e.scale = "CAST("+whole+" AS DECIMAL(19,0))", 0
	}
	if yearFields[field] && t != pgtypes.Interval && t != pgtypes.Time {
		if !repeatable(x) {
			return b.datePartCall(sig, args), nil
		}
		// Years before Christ, and what is infinite, DuckDB has otherwise.
		kind := map[pgtypes.OID]string{pgtypes.Date: "DATE", pgtypes.Timestamp: "TIMESTAMP", pgtypes.Timestamptz: "TIMESTAMPTZ"}[t]
		near := fmt.Sprintf("CASE WHEN %[1]s >= %[2]s '0001-01-03' AND %[1]s < %[2]s '9999-12-29' THEN ", x.sql, kind)
		switch {
		case sig.result == pgtypes.Float8:
			return computed(sig.result, near+"CAST("+e.sql+" AS DOUBLE) ELSE CAST("+partText(b, args)+" AS DOUBLE) END", x), nil
		case x.endless: // no DECIMAL is infinite
			return wideNumeric(near+wideText(e)+" ELSE "+partText(b, args)+" END", x), nil
		}
		e.sql = fmt.Sprintf("%s%s WHEN isinf(%s) THEN error('0A000: %s of an infinite %s is not supported yet: date_part is') ELSE CAST(%s AS DECIMAL(38,%d)) END",
			near, e.sql, x.sql, fn, typeText(x.typ), partText(b, args), e.scale)
	}
	if sig.result == pgtypes.Float8 {
		e.sql, e.scale = "CAST("+e.sql+" AS DOUBLE)", -1
	}
	return e, nil
}

// yearFields grow with time without end.
var yearFields = map[string]bool{"year": true, "years": true, "isoyear": true, "decade": true, "epoch": true}

// nativePart reports whether DuckDB's date_part gives the same.
func nativePart(field string, clock bool, t pgtypes.OID) bool {
	switch t {
	case pgtypes.Date:
		return !clock
	case pgtypes.Time:
		return clock || field == "epoch"
	case pgtypes.Timetz:
		return false
	case pgtypes.Interval:
		return slices.Contains([]string{"epoch", "day", "days", "hour", "hours", "month", "months", "minute", "minutes", "second", "seconds"}, field)
	}
	return true
}

func partText(b *binder, args []*expr) string {
	text := "tg_date_part(" + args[0].sql + ", " + args[1].sql
	if args[1].typ.OID == pgtypes.Timestamptz {
		text += ", " + b.zoneText()
	}
	return text + ")"
}

// partCall computes a field in PostgreSQL's way, whatever it is.
func (b *binder) datePartCall(sig *signature, args []*expr) *expr {
	e := wideNumeric(partText(b, args), args...)
	if sig.result == pgtypes.Float8 {
		e = computed(pgtypes.Float8, fromNumeric(e, pgtypes.Float8), e)
	}
	return e
}

func fieldName(e *expr) string {
	if e.lit != nil {
		return strings.ToLower(e.lit.Text)
	}
	return strings.ToLower(e.literal)
}

// truncUnits are the units of date_trunc that both sides have.
var truncUnits = []string{"microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade"}

func (b *binder) dateTrunc(args []*expr, pos int32) (*expr, error) {
	unit := fieldName(args[0])
	sig, args, err := b.resolve("date_trunc", args, pos)
	if err != nil {
		return nil, err
	}
	x := args[1]
	if !isMoment(x.typ.OID) && x.typ.OID != pgtypes.Interval {
		return nil, b.unsupported(pos, "date_trunc of %s", typeText(x.typ))
	}
	if e := b.foldTrunc(args); e != nil {
		return e, nil
	}
	e := b.truncCall(sig, args)
	if len(args) == 3 || x.typ.OID == pgtypes.Interval || !slices.Contains(truncUnits, unit) {
		return e, nil
	}
	if x.typ.OID != pgtypes.Timestamptz || b.inUTC() {
		e.sql = truncSQL(unit, x, e.sql)
	}
	if x.column != nil {
		e.steps = &steps{column: x.column, unit: unit}
	}
	return e, nil
}

// truncCall computes date_trunc in PostgreSQL's way, whatever its unit is.
func (b *binder) truncCall(sig *signature, args []*expr) *expr {
	text := "tg_date_trunc(" + args[0].sql + ", " + args[1].sql
	switch {
	case len(args) == 3:
		text += ", " + args[2].sql
	case args[1].typ.OID == pgtypes.Timestamptz:
		text += ", " + b.zoneText()
	}
	return computed(sig.result, text+")", args...)
}

// truncSQL writes date_trunc with DuckDB's, which counts decades before Christ the other way and has no end of the range
// there; call is ours.
func truncSQL(unit string, x *expr, call string) string {
	native := "date_trunc('" + unit + "', " + x.sql + ")"
	switch {
	case !slices.Contains([]string{"week", "month", "quarter", "year", "decade"}, unit):
		return native
	case !repeatable(x):
		return call
	}
	return usual(x, native, call)
}

// foldTrunc cuts a constant. What fails is left to the engine: the row may never come.
func (b *binder) foldTrunc(args []*expr) *expr {
	x, unit := args[1], fieldName(args[0])
	if len(args) == 3 || !args[0].constant || unit == "" {
		return nil
	}
	switch {
	case x.span != nil:
		if v, err := x.span.parts().Trunc(unit); err == nil {
			return spanConstant(spanOf(v))
		}
	case x.value == nil:
	case x.typ.OID == pgtypes.Timestamptz:
		if at, err := pgtime.TruncIn(unit, x.value.I, b.zone()); err == nil {
			return timestampConstant(x.typ.OID, at)
		}
	default:
		if at, err := pgtime.Trunc(unit, x.value.I); err == nil {
			return timestampConstant(x.typ.OID, at)
		}
	}
	return nil
}

// timezone binds x AT TIME ZONE z.
func (b *binder) timezone(args []*expr, pos int32) (*expr, error) {
	sig, args, err := b.resolve("timezone", args, pos)
	if err != nil {
		return nil, err
	}
	z, x := args[0], args[1]
	if x.typ.OID == pgtypes.Timetz {
		return b.zonedTimeAt(z, x, pos)
	}
	if !isMoment(x.typ.OID) {
		return nil, b.unsupported(pos, "AT TIME ZONE for %s and %s", typeText(x.typ), typeText(z.typ))
	}
	switch {
	case z.typ.OID == pgtypes.Interval:
		return b.atOffset(sig, z, x, pos)
	case z.isText:
		zone, err := pgtime.FindZone(z.literal)
		if err != nil {
			return nil, err // it has no place in PostgreSQL either: it comes when the call is computed
		}
		if zone.String() == "UTC" {
			return computed(sig.result, "("+x.sql+" AT TIME ZONE 'UTC')", x, z), nil
		}
	}
	return computed(sig.result, "tg_at_zone("+z.sql+", "+x.sql+")", z, x), nil
}

// atOffset binds AT TIME ZONE INTERVAL '+09:00'.
func (b *binder) atOffset(sig *signature, z, x *expr, pos int32) (*expr, error) {
	if z.span == nil {
		return nil, b.unsupported(pos, "AT TIME ZONE with an interval that is not a constant")
	}
	if err := b.offsetOnly(z.span, pos); err != nil {
		return nil, err
	}
	text := "(tg_add(" + x.sql + ", " + z.span.negative().sql() + ") AT TIME ZONE 'UTC')"
	if x.typ.OID == pgtypes.Timestamptz {
		text = "tg_add((" + x.sql + " AT TIME ZONE 'UTC'), " + z.sql + ")"
	}
	return computed(sig.result, text, x, z), nil
}

// offsetOnly refuses an interval that is no offset of a zone.
func (b *binder) offsetOnly(v *interval, pos int32) error {
	if v.months == 0 && v.days == 0 {
		return nil
	}
	return b.fail(pgerr.InvalidParameterValue, pos, "interval time zone \"%s\" must not include months or days", pgtypes.AppendInterval(nil, v.months, v.days, v.micros))
}

// age binds age of one moment: up to the midnight that the transaction's day began with.
func (b *binder) age(args []*expr, pos int32) (*expr, error) {
	if _, _, err := b.resolve("age", args, pos); err != nil {
		return nil, err
	}
	today := b.moment(pgtypes.Date, b.env.Now)
	b.momentary = true
	return b.plainCall("age", []*expr{b.foldMoment(today, pgtypes.Timestamp), args[0]}, pos)
}

// makeInterval binds make_interval, whose arguments are 0 if they are left out.
func (b *binder) makeInterval(args []*expr, pos int32) (*expr, error) {
	_, args, err := b.resolve("make_interval", args, pos)
	if err != nil {
		return nil, err
	}
	texts := make([]string, 7)
	for i := range texts {
		texts[i] = "CAST(0 AS DOUBLE)"
		if i < len(args) {
			texts[i] = "CAST(" + args[i].sql + " AS DOUBLE)"
		}
	}
	return computed(pgtypes.Interval, "tg_make_interval("+strings.Join(texts, ", ")+")", args...), nil
}
