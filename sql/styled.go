package sql

import "tidegate/internal/pgtypes"

// The functions of this file write and read values as the session's settings have their text. What is as in PostgreSQL's
// own settings has a function without a style: nearly every statement is so.

// momentText writes a date or a timestamp.
func (b *binder) momentText(e *expr) *expr {
	style := b.env.Style
	if style.Dates == pgtypes.DatesISO {
		return b.isoText(e)
	}
	call := "tg_moment_styled(" + e.sql + b.zoneArgument(e) + ", " + quoteText(style.DateStyleText()) + ")"
	return computed(pgtypes.Text, call, e)
}

// isoText writes a date or a timestamp in DateStyle ISO.
func (b *binder) isoText(e *expr) *expr {
	return computed(pgtypes.Text, "tg_moment_text("+e.sql+b.zoneArgument(e)+")", e)
}

// zoneArgument is the zone in which an instant is written.
func (b *binder) zoneArgument(e *expr) string {
	if e.typ.OID == pgtypes.Timestamptz {
		return ", " + b.zoneText()
	}
	return ""
}

func (b *binder) intervalText(value string) string {
	if style := b.env.Style.Intervals; style != pgtypes.IntervalsPostgres {
		return "tg_interval_styled(" + value + ", " + quoteText(style.String()) + ")"
	}
	return "tg_interval_text(" + value + ")"
}

func (b *binder) floatText(value string) string {
	if n := b.env.Style.FewerDigits; n > 0 {
		return "tg_float_styled(" + value + ", " + itoa(n) + ")"
	}
	return "tg_float_text(" + value + ")"
}

func (b *binder) byteaText(value string) string {
	if b.env.Style.EscapeBytea {
		return "tg_bytea_escaped(" + value + ")"
	}
	return "tg_bytea_text(" + value + ")"
}

// intervalOf reads a text: a sign in front is that of all parts in SQL's own style.
func (b *binder) intervalOf(text string) string {
	if b.env.Style.Intervals == pgtypes.IntervalsSQL {
		return "tg_interval_standard(" + text + ", 32767, -1)"
	}
	return "tg_interval(" + text + ", 32767, -1)"
}

// reading is how dates are read.
func (b *binder) reading() pgtypes.Style {
	return pgtypes.Style{Zone: b.zone(), Order: b.env.Style.Order}
}

// momentOf reads a text as a literal of the type is read.
func (b *binder) momentOf(e *expr, t pgtypes.OID) string {
	name, arguments := "tg_date_of(", e.sql
	switch t {
	case pgtypes.Timestamp:
		name = "tg_timestamp_of("
	case pgtypes.Timestamptz:
		name, arguments = "tg_timestamptz_of(", arguments+", "+b.zoneText()
	}
	if order := b.env.Style.Order; order != pgtypes.OrderMDY {
		arguments += ", " + quoteText(order.String())
		name = "tg_ordered" + name[len("tg"):]
	}
	return name + arguments + ")"
}
