package sql

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// spelled binds the functions whose DuckDB text depends on the value of an argument. ok is false if fn is none.
func (b *binder) spelled(fn string, args []*expr, pos int32) (e *expr, ok bool, err error) {
	switch {
	case numberTypes[fn] != 0 && len(args) == 1:
		e, err = b.castCall(numberTypes[fn], args[0])
	case (fn == "extract" || fn == "date_part") && len(args) == 2:
		e, err = b.datePart(fn, args, pos)
	case fn == "date_trunc" && (len(args) == 2 || len(args) == 3):
		e, err = b.dateTrunc(args, pos)
	case fn == "timezone" && len(args) == 2:
		e, err = b.timezone(args, pos)
	case fn == "to_char" && len(args) == 2:
		e, err = b.toChar(args, pos)
	case (fn == "to_date" || fn == "to_timestamp") && len(args) == 2:
		e, err = b.toDate(fn, args, pos)
	case (fn == "round" || fn == "trunc") && len(args) == 2:
		e, err = b.roundTo(fn, args, pos)
	case fn == "concat" || fn == "concat_ws":
		e, err = b.concat(fn, args, pos)
	case fn == "format":
		e, err = b.format(args, pos)
	case (fn == "quote_literal" || fn == "quote_nullable") && len(args) == 1:
		if args[0], err = b.coerce(args[0], pgtypes.Text); err == nil {
			e, err = b.plainCall(fn, args, pos)
		}
	case (fn == "normalize" || fn == "is_normalized") && len(args) == 1:
		e, err = b.plainCall(fn, append(args, textConstant("NFC", pgtypes.Of(pgtypes.Text))), pos)
	case (fn == "like_escape" || fn == "similar_to_escape") && (len(args) == 1 || len(args) == 2):
		e, err = b.escapes(fn, args, pos)
	default:
		return nil, false, nil
	}
	if e != nil {
		e.pos = pos
	}
	return e, true, err
}

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
	switch {
	case field == "" || !ok || !isMoment(t) && t != pgtypes.Time && t != pgtypes.Interval:
		return nil, b.unsupported(pos, "field %q of %s", field, typeText(x.typ))
	case t == pgtypes.Date && f.clock, t == pgtypes.Time && !f.clock && field != "epoch":
		return nil, b.fail(pgerr.FeatureNotSupported, pos, "unit %q not supported for type %s", field, typeText(x.typ))
	case t == pgtypes.Interval && (field == "epoch" || slices.Contains([]string{"week", "dow", "isodow", "doy", "isoyear", "quarter"}, field)):
		// The epoch of an interval counts its months as years of 365.25 days in PostgreSQL only.
		if field != "epoch" {
			return nil, b.unsupported(pos, "field %q of an interval", field)
		}
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
	if sig.result == pgtypes.Float8 {
		e.sql, e.scale = "CAST("+e.sql+" AS DOUBLE)", -1
	}
	return e, nil
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
	if !slices.Contains(truncUnits, unit) {
		if args[0].isParam() {
			return null(pgtypes.Of(sig.result)), nil
		}
		if unit == "century" || unit == "millennium" {
			return nil, b.unsupported(pos, "date_trunc to a %s", unit)
		}
		return nil, b.fail(pgerr.InvalidParameterValue, pos, "unit %q not recognized for type %s", unit, typeText(args[1].typ))
	}
	x := args[1]
	if !isMoment(x.typ.OID) {
		return nil, b.unsupported(pos, "date_trunc of %s", typeText(x.typ))
	}
	if len(args) == 3 {
		zone := args[2].sql
		return computed(sig.result, "(date_trunc('"+unit+"', ("+x.sql+" AT TIME ZONE "+zone+")) AT TIME ZONE "+zone+")", x, args[2]), nil
	}
	if x.value != nil && !infinite(x.value) {
		if e := b.foldTrunc(unit, x); e != nil {
			return e, nil
		}
	}
	e := computed(sig.result, b.truncSQL(unit, x), x)
	if x.column != nil {
		e.steps = &steps{column: x.column, unit: unit}
	}
	return e, nil
}

// clockUnits are the units below a day and the microseconds of the local time, counted from the unit above, that
// date_trunc takes away.
var clockUnits = map[string]string{
	"hour":         "date_part('minute', %[1]s) * 60000000 + date_part('microseconds', %[1]s)",
	"minute":       "date_part('microseconds', %[1]s)",
	"second":       "date_part('microseconds', %[1]s) %% 1000000",
	"milliseconds": "date_part('microseconds', %[1]s) %% 1000",
	"microseconds": "0",
}

// truncSQL writes date_trunc. Below the day a timestamptz keeps its offset: DuckDB would read the local time anew,
// and in the hour that a zone repeats take the other one.
func (b *binder) truncSQL(unit string, x *expr) string {
	text := "date_trunc('" + unit + "', " + x.sql + ")"
	if rest := clockUnits[unit]; rest != "" && x.typ.OID == pgtypes.Timestamptz && b.zone() != time.UTC && b.zone().String() != "UTC" {
		return fmt.Sprintf("CASE WHEN isfinite(%[1]s) THEN %[1]s - to_microseconds("+rest+") ELSE %[1]s END", x.sql)
	}
	return text
}

func (b *binder) foldTrunc(unit string, x *expr) *expr {
	if clockUnits[unit] != "" && x.typ.OID == pgtypes.Timestamptz && b.zone() != time.UTC {
		return nil
	}
	at := time.UnixMicro(x.value.I).UTC()
	if x.typ.OID == pgtypes.Timestamptz {
		at = at.In(b.zone())
	}
	floor, ok := floorUnit(unit, at)
	if !ok {
		return nil
	}
	return timestampConstant(x.typ.OID, floor.UnixMicro())
}

// timezone binds x AT TIME ZONE z.
func (b *binder) timezone(args []*expr, pos int32) (*expr, error) {
	sig, args, err := b.resolve("timezone", args, pos)
	if err != nil {
		return nil, err
	}
	z, x := args[0], args[1]
	if !isText(z.typ.OID) || !isMoment(x.typ.OID) {
		return nil, b.unsupported(pos, "AT TIME ZONE for %s and %s", typeText(x.typ), typeText(z.typ))
	}
	if z.isText {
		// PostgreSQL's POSIX zones ("UTC+3") count the other way: only names that mean the same are let through.
		name, ok := zoneName(z.literal)
		if !ok {
			return nil, b.fail(pgerr.InvalidParameterValue, pos, "time zone %q not recognized", z.literal)
		}
		z = textConstant(name, z.typ)
	} else if !z.isParam() {
		return nil, b.unsupported(pos, "AT TIME ZONE with a zone that is not a constant")
	}
	return computed(sig.result, "("+x.sql+" AT TIME ZONE "+z.sql+")", x, z), nil
}

// zoneName finds a zone by its name in any case, as PostgreSQL does, and gives the name that DuckDB knows.
func zoneName(text string) (string, bool) {
	lower := []byte(strings.ToLower(text))
	for i := range lower {
		if (i == 0 || lower[i-1] == '/' || lower[i-1] == '_' || lower[i-1] == '-') && lower[i] >= 'a' && lower[i] <= 'z' {
			lower[i] -= 'a' - 'A'
		}
	}
	for _, name := range []string{text, strings.ToUpper(text), string(lower)} {
		if _, err := time.LoadLocation(name); err == nil && name != "" && !strings.EqualFold(name, "local") {
			return name, true
		}
	}
	return "", false
}

// concat binds concat and concat_ws, which leave NULLs out.
func (b *binder) concat(fn string, args []*expr, pos int32) (*expr, error) {
	if len(args) == 0 || fn == "concat_ws" && len(args) < 2 {
		return nil, b.noFunction(fn, args, pos)
	}
	list, err := b.outputs(args)
	if err != nil {
		return nil, err
	}
	return computed(pgtypes.Text, fn+"("+strings.Join(sqlOf(list), ", ")+")", list...), nil
}

// outputs gives the texts that the values' output functions write, which is what the functions of any arguments take.
func (b *binder) outputs(args []*expr) ([]*expr, error) {
	var list []*expr
	for _, a := range args {
		e, err := b.settle(a)
		if err == nil {
			e, err = b.outText(e)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// format binds format(text, …).
func (b *binder) format(args []*expr, pos int32) (*expr, error) {
	if len(args) == 0 || !args[0].untyped() && !postgresTables().coercible(args[0].typ.OID, pgtypes.Text) {
		return nil, b.noFunction("format", args, pos)
	}
	list, err := b.outputs(args)
	if err != nil {
		return nil, err
	}
	return computed(pgtypes.Text, "tg_format("+strings.Join(sqlOf(list), ", ")+")", list...), nil
}
