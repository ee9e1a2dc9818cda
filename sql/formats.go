package sql

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/pgerr"
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

// toChar binds to_char(moment, constant format).
func (b *binder) toChar(args []*expr, pos int32) (*expr, error) {
	sig, args, err := b.resolve("to_char", args, pos)
	if err != nil {
		return nil, err
	}
	x, f := args[0], args[1]
	if f.isParam() {
		return null(pgtypes.Of(pgtypes.Text)), nil
	}
	strftime, _, ok := readFormat(f.literal)
	if !isMoment(x.typ.OID) || !f.isText || !ok {
		return nil, b.unsupported(pos, "to_char(%s, %q)", typeText(x.typ), f.literal)
	}
	if x.typ.OID == pgtypes.Timestamptz {
		x = computed(pgtypes.Timestamp, "CAST("+x.sql+" AS TIMESTAMP)", x)
	}
	return computed(sig.result, "strftime("+x.sql+", "+quoteText(strftime)+")", x), nil
}

// toDate binds to_date and to_timestamp of two constants.
func (b *binder) toDate(fn string, args []*expr, pos int32) (*expr, error) {
	sig, args, err := b.resolve(fn, args, pos)
	if err != nil {
		return nil, err
	}
	text, f := args[0], args[1]
	if text.isParam() || f.isParam() {
		return null(pgtypes.Of(sig.result)), nil
	}
	_, layout, ok := readFormat(f.literal)
	if !text.isText || !f.isText || !ok {
		return nil, b.unsupported(pos, "%s of what is not a constant, or with this format,", fn)
	}
	// Go reads a fraction of any length behind the seconds: its digits must not be asked for again.
	layout = strings.TrimSuffix(strings.TrimSuffix(layout, ".000000"), ".000")
	at, err := time.ParseInLocation(layout, text.literal, b.zone())
	var bad *time.ParseError
	if errors.As(err, &bad) && strings.Contains(bad.Message, "out of range") {
		return nil, b.fail(pgerr.DatetimeOverflow, pos, "date/time field value out of range: %s", strconv.Quote(text.literal))
	}
	if err != nil {
		return nil, b.fail(pgerr.InvalidDatetimeFormat, pos, "invalid value %q for format %q", text.literal, f.literal)
	}
	if at.Nanosecond()%1000 != 0 {
		return nil, b.fail(pgerr.DatetimeOverflow, pos, "date/time field value out of range: %s", strconv.Quote(text.literal))
	}
	return b.moment(sig.result, at), nil
}
