package sql

import (
	"strings"

	"tidegate/internal/pgtime"
	"tidegate/internal/pgtypes"
)

// zonedTime reads a time with time zone, which is in the session's zone as it is today if it does not say one.
func (b *binder) zonedTime(text string) (*expr, error) {
	if strings.EqualFold(strings.TrimSpace(text), "now") {
		b.momentary = true
		return b.currentTime(), nil
	}
	b.momentary = b.momentary || !pgtypes.HasZone(text)
	t, err := pgtypes.ParseTimetz(text, b.today(), b.zone())
	if err != nil {
		return nil, err
	}
	return zonedTimeConstant(t), nil
}

func (b *binder) currentTime() *expr {
	return zonedTimeConstant(pgtypes.TimeAt(b.env.Now.UnixMicro(), b.zone()))
}

// today is the day of the transaction in the session's zone.
func (b *binder) today() int32 { return int32(b.moment(pgtypes.Date, b.env.Now).value.I) }

func zonedTimeConstant(t pgtypes.ZonedTime) *expr {
	return constantOf(pgtypes.Timetz, "CAST('"+string(t.Append(nil))+"' AS TIMETZ)")
}

// zonedTimeCast casts from and to time with time zone.
func (b *binder) zonedTimeCast(e *expr, t pgtypes.Type) (string, error) {
	today := func() string {
		b.momentary = true
		return b.zoneText() + ", " + dateConstant(int64(b.today())).sql
	}
	text := computed(pgtypes.Text, "tg_timetz_text("+e.sql+")", e)
	switch from, to := e.typ.OID, t.OID; {
	case to == pgtypes.BPChar:
		return b.paddedCast(text, t)
	case isText(to):
		return textCast(text, t), nil
	case isText(from):
		return "tg_timetz_of(" + e.sql + ", " + today() + ")", nil
	case from == pgtypes.Time:
		return "tg_timetz_in(" + e.sql + ", " + today() + ")", nil
	case from == pgtypes.Timestamptz:
		return "tg_timetz_at(" + e.sql + ", " + b.zoneText() + ")", nil
	case to == pgtypes.Time:
		return "CAST(" + e.sql + " AS TIME)", nil
	}
	if castExists(e.typ.OID, t.OID) {
		return "", b.unsupported(e.pos, "a cast from %s to %s", typeText(e.typ), typeText(t))
	}
	return "", b.fail("42846", e.pos, "cannot cast type %s to %s", typeText(e.typ), typeText(t))
}

// zonedTimeSum moves a time with time zone by an interval, or puts a date before it; nil if it is neither.
func zonedTimeSum(op string, sig *signature, x, y *expr) *expr {
	if y.typ.OID == pgtypes.Timetz {
		x, y = y, x
	}
	switch {
	case y.typ.OID == pgtypes.Interval && op == "-":
		return computed(sig.result, "tg_timetz_add("+x.sql+", tg_interval_neg("+y.sql+"))", x, y)
	case y.typ.OID == pgtypes.Interval && op == "+":
		return computed(sig.result, "tg_timetz_add("+x.sql+", "+y.sql+")", x, y)
	case y.typ.OID == pgtypes.Date && op == "+":
		return computed(sig.result, "tg_timetz_on("+x.sql+", "+y.sql+")", x, y)
	}
	return nil
}

// zonedTimeAt binds x AT TIME ZONE z of a time with time zone: the offset of a zone is that which it has now.
func (b *binder) zonedTimeAt(z, x *expr, pos int32) (*expr, error) {
	if z.typ.OID != pgtypes.Interval {
		if z.isText {
			if _, err := pgtime.FindZone(z.literal); err != nil {
				return nil, err
			}
		}
		b.momentary = true
		return computed(pgtypes.Timetz, "tg_timetz_zone("+x.sql+", "+z.sql+", "+b.moment(pgtypes.Timestamptz, b.env.Now).sql+")", x, z), nil
	}
	if z.span == nil {
		return nil, b.unsupported(pos, "AT TIME ZONE with an interval that is not a constant")
	}
	if err := b.offsetOnly(z.span, pos); err != nil {
		return nil, err
	}
	return computed(pgtypes.Timetz, "tg_timetz_offset("+x.sql+", "+itoa(int(z.span.micros/pgtime.Second))+")", x, z), nil
}
