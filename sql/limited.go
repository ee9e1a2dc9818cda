package sql

import (
	"fmt"

	"tidegate/internal/pgtime"
	"tidegate/internal/pgtypes"
)

// limitsTime reports whether a type's modifier says how many digits of the second there are.
func limitsTime(t pgtypes.OID) bool {
	return typeIs(t, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.Time, pgtypes.Timetz, pgtypes.Interval)
}

// intervalTypmod is the typmod of INTERVAL with its fields and digits, as the parser gives them.
func intervalTypmod(mods []int) int32 {
	digits := 0xffff
	if len(mods) > 1 {
		digits = min(mods[1], 6)
	}
	return int32(mods[0]&0x7fff<<16 | digits)
}

// limited casts to a type of time with a modifier: by way of the type without one.
func (b *binder) limited(e *expr, t pgtypes.Type) (*expr, error) {
	e, err := b.cast(e, pgtypes.Of(t.OID))
	if err != nil {
		return nil, err
	}
	fields, digits := intervalFields(t.Typmod)
	switch {
	case t.OID != pgtypes.Interval && t.Typmod >= 6 || e.isNull():
		c := *e
		if e.typ != t {
			c.origin = Origin{}
		}
		c.typ = t
		return &c, nil
	case e.span != nil:
		c := spanConstant(spanOf(e.span.parts().Limit(fields, digits)))
		c.typ, c.pos = t, e.pos
		return c, nil
	case e.value != nil && typeIs(t.OID, pgtypes.Timestamp, pgtypes.Timestamptz):
		c := timestampConstant(t.OID, pgtime.RoundTimestamp(e.value.I, int(t.Typmod)))
		c.typ, c.pos = t, e.pos
		return c, nil
	}
	text := fmt.Sprintf("tg_round_time(%s, %d)", e.sql, t.Typmod)
	if t.OID == pgtypes.Interval {
		text = fmt.Sprintf("tg_interval_limit(%s, %d, %d)", e.sql, fields, digits)
	}
	c := computed(t.OID, text, e)
	c.typ, c.pos = t, e.pos
	if e.late != nil {
		c.late = b.later(func(b *binder) (*expr, error) {
			v, err := e.at(b)
			if err != nil {
				return nil, err
			}
			return b.limited(v, t)
		})
	}
	return c, nil
}
