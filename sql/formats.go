package sql

import (
	"fmt"
	"strings"

	"tidegate/internal/pgformat"
	"tidegate/internal/pgtypes"
)

// format is a piece of a to_char format: DuckDB's strftime letters for it, and Go's layout for reading constants.
type format struct{ pattern, strftime, layout string }

// formats are the pieces that mean the same on both sides, longest first. Their case matters only for names.
var formats = []format{
	{"YYYY", "%Y", "2006"},
	{"IYYY", "%G", ""},
	{"HH24", "%H", "15"},
	{"HH12", "%I", "03"},
	{"FMMonth", "%B", "January"},
	{"FMDay", "%A", "Monday"},
	{"DDD", "%j", "002"},
	{"Mon", "%b", "Jan"},
	{"Dy", "%a", "Mon"},
	{"MM", "%m", "01"},
	{"DD", "%d", "02"},
	{"HH", "%I", "03"},
	{"MI", "%M", "04"},
	{"SS", "%S", "05"},
	{"MS", "%g", "000"},
	{"US", "%f", "000000"},
	{"IW", "%V", ""},
	{"ID", "%u", ""},
	{"YY", "%y", "06"},
	{"AM", "%p", "PM"},
	{"PM", "%p", "PM"},
}

// readFormat translates a to_char format; ok is false if a piece of it is not on the list.
func readFormat(f string) (strftime, layout string, ok bool) {
	for f != "" {
		if text, rest, quoted := cutQuoted(f); quoted {
			strftime, layout, f = strftime+strings.ReplaceAll(text, "%", "%%"), layout+text, rest
			continue
		}
		if strings.IndexByte(" -/:.,;_()", f[0]) >= 0 {
			strftime, layout, f = strftime+f[:1], layout+f[:1], f[1:]
			continue
		}
		p, found := formatAt(f)
		if !found {
			return "", "", false
		}
		f = f[len(p.pattern):]
		// A suffix would change the piece before it.
		if strings.HasPrefix(strings.ToUpper(f), "TH") || strings.HasPrefix(f, "SP") {
			return "", "", false
		}
		strftime, layout = strftime+p.strftime, layout+p.layout
	}
	return strftime, layout, true
}

func cutQuoted(f string) (text, rest string, ok bool) {
	if f[0] != '"' {
		return "", "", false
	}
	text, rest, ok = strings.Cut(f[1:], `"`)
	return text, rest, ok && !strings.Contains(text, `\`)
}

func formatAt(f string) (format, bool) {
	for _, longer := range []string{"SSSS", "IDDD"} { // than pieces of the list, and not on it
		if strings.HasPrefix(strings.ToUpper(f), longer) {
			return format{}, false
		}
	}
	for _, p := range formats {
		if len(f) < len(p.pattern) {
			continue
		}
		head := f[:len(p.pattern)]
		if head == p.pattern || p.pattern == strings.ToUpper(p.pattern) && p.pattern != "AM" && p.pattern != "PM" && strings.ToUpper(head) == p.pattern {
			return p, true
		}
	}
	return format{}, false
}

// toChar binds to_char: with strftime where that writes the same, which is faster.
func (b *binder) toChar(args []*expr, pos int32) (*expr, error) {
	sig, args, err := b.resolve("to_char", args, pos)
	if err != nil {
		return nil, err
	}
	x, f := args[0], args[1]
	if x.value != nil && f.isText {
		if text, ok, err := b.formatted(x, f.literal); err == nil && ok {
			return textConstant(text, pgtypes.Of(pgtypes.Text)), nil
		}
	}
	call := "tg_to_char(" + wideText(x) + ", " + f.sql + ")"
	if x.typ.OID == pgtypes.Timestamptz {
		call = "tg_to_char(" + x.sql + ", " + f.sql + ", " + b.zoneText() + ")"
	}
	e := computed(sig.result, call, x, f)
	strftime, ok := "", false
	if f.isText && f.literal != "" {
		strftime, _, ok = readFormat(f.literal)
	}
	if ok && isMoment(x.typ.OID) && len(x.sql) < maxRepeated {
		local, kind := x.sql, "TIMESTAMP"
		if x.typ.OID == pgtypes.Timestamptz {
			local, kind = b.local(x.sql), "TIMESTAMPTZ"
		}
		// Years of four digits, with days to spare for the zone: strftime writes others differently, and the infinities.
		e.sql = fmt.Sprintf("CASE WHEN %[1]s >= %[2]s '1000-01-03' AND %[1]s < %[2]s '9999-12-29' THEN strftime(%[3]s, %[4]s) ELSE %[5]s END",
			x.sql, kind, local, quoteText(strftime), call)
	}
	return e, nil
}

// maxRepeated bounds the text of an operand that a rewrite repeats.
const maxRepeated = 300

// zoneText is the name of the session's zone, as functions take it.
func (b *binder) zoneText() string { return quoteText(b.zone().String()) }

// formatted writes a constant of time.
func (b *binder) formatted(x *expr, format string) (text string, ok bool, err error) {
	f := pgformat.ParseDateFormat(format)
	switch x.typ.OID {
	case pgtypes.Timestamp:
		return f.Timestamp(x.value.I)
	case pgtypes.Timestamptz:
		return f.Timestamptz(x.value.I, b.zone())
	}
	return "", false, nil
}

// toDate binds to_date and to_timestamp with a format.
func (b *binder) toDate(fn string, args []*expr, pos int32) (*expr, error) {
	sig, args, err := b.resolve(fn, args, pos)
	if err != nil {
		return nil, err
	}
	return b.readMoment(sig.result, args), nil
}

// readMoment reads constants here, so that predicates see their value. What fails is left to the engine: the row may
// never come.
func (b *binder) readMoment(result pgtypes.OID, args []*expr) *expr {
	text, f := args[0], args[1]
	if text.isText && f.isText {
		format := pgformat.ParseDateFormat(f.literal)
		if result == pgtypes.Date {
			if days, err := format.Date(text.literal); err == nil {
				return dateConstant(int64(days))
			}
		} else if at, err := format.Instant(text.literal, b.zone()); err == nil {
			return timestampConstant(result, at)
		}
	}
	call := "tg_to_date(" + text.sql + ", " + f.sql + ")"
	if result != pgtypes.Date {
		call = "tg_to_timestamp(" + text.sql + ", " + f.sql + ", " + b.zoneText() + ")"
	}
	e := computed(result, call, text, f)
	if anyLate(args...) {
		e.late = b.later(func(b *binder) (*expr, error) {
			list, err := b.valued(args)
			if err != nil {
				return nil, err
			}
			return b.readMoment(result, list), nil
		})
	}
	return e
}

// toNumber binds to_number.
func (b *binder) toNumber(args []*expr, pos int32) (*expr, error) {
	_, args, err := b.resolve("to_number", args, pos)
	if err != nil {
		return nil, err
	}
	if args[0].isText && args[1].isText {
		if f, err := pgformat.ParseNumberFormat(args[1].literal); err == nil {
			if n, ok, err := f.Number(args[0].literal); err == nil && ok {
				return numericOf(n), nil
			}
		}
	}
	return wideNumeric("tg_to_number("+args[0].sql+", "+args[1].sql+")", args...), nil
}
