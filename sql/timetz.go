package sql

import (
	"strings"

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
