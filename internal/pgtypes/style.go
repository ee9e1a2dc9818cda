package pgtypes

import (
	"fmt"
	"strings"
	"time"

	"tidegate/internal/pgerr"
)

// Style is how a session's settings have values read and written as text. The zero Style is PostgreSQL's own: DateStyle
// ISO, MDY; IntervalStyle postgres; extra_float_digits 1; bytea_output hex; TimeZone UTC.
type Style struct {
	Zone      *time.Location // TimeZone; nil is UTC
	Dates     DateStyle
	Order     FieldOrder
	Intervals IntervalStyle
	// FewerDigits are the significant digits that floats lack: 0 is the shortest exact text, n is 16-n digits, of single
	// precision 7-n. It is 1 - extra_float_digits, and never less than 0.
	FewerDigits int
	EscapeBytea bool // bytea_output is escape
}

// String tells styles apart, but for their zones; the zero Style is "".
func (s Style) String() string {
	if s.Zone = nil; s == (Style{}) {
		return ""
	}
	return fmt.Sprintf("%s, %s, %d, %t", s.DateStyleText(), s.Intervals, s.FewerDigits, s.EscapeBytea)
}

// DateStyle is how dates are written.
type DateStyle uint8

// The date styles, named as DateStyle names them.
const (
	DatesISO DateStyle = iota
	DatesSQL
	DatesGerman
	DatesPostgres
)

// FieldOrder is how day, month and year follow each other in dates that do not say so.
type FieldOrder uint8

// The orders.
const (
	OrderMDY FieldOrder = iota
	OrderDMY
	OrderYMD
)

// IntervalStyle is how intervals are written.
type IntervalStyle uint8

// The interval styles.
const (
	IntervalsPostgres IntervalStyle = iota
	IntervalsVerbose
	IntervalsSQL
	IntervalsISO
)

// intervalStyles are the styles by their names in IntervalStyle.
var intervalStyles = map[string]IntervalStyle{
	"postgres": IntervalsPostgres, "postgres_verbose": IntervalsVerbose, "sql_standard": IntervalsSQL, "iso_8601": IntervalsISO,
}

// String gives the style's name in IntervalStyle.
func (s IntervalStyle) String() string {
	for name, style := range intervalStyles {
		if style == s {
			return name
		}
	}
	return ""
}

// ParseIntervalStyle reads a value of IntervalStyle.
func ParseIntervalStyle(s string) (IntervalStyle, bool) {
	style, ok := intervalStyles[strings.ToLower(s)]
	return style, ok
}

func (s DateStyle) String() string { return [...]string{"ISO", "SQL", "German", "Postgres"}[s] }

func (o FieldOrder) String() string { return [...]string{"MDY", "DMY", "YMD"}[o] }

// DateStyleText gives the style and order as SHOW DateStyle does: "ISO, MDY".
func (s Style) DateStyleText() string { return s.Dates.String() + ", " + s.Order.String() }

// ParseDateStyle sets Dates and Order as a value of DateStyle says; what it does not say stays. Two that contradict each
// other, and words that it does not know, are 22023.
func (s *Style) ParseDateStyle(value string) error {
	invalid := pgerr.New(pgerr.InvalidParameterValue, `invalid value for parameter "DateStyle": %q`, value)
	var dates, order bool
	next := *s
	for part := range strings.SplitSeq(value, ",") {
		word := strings.ToUpper(strings.Trim(strings.TrimSpace(part), `"`))
		if style, ok := dateStyleOf(word); ok {
			if dates && style != next.Dates {
				return invalid.WithDetail("Conflicting \"datestyle\" specifications.")
			}
			dates, next.Dates = true, style
			if word == "GERMAN" && !order {
				next.Order = OrderDMY // unless one is said
			}
			continue
		}
		o, ok := orderOf(word)
		switch {
		case !ok && word == "DEFAULT":
		case !ok:
			return invalid.WithDetail("Unrecognized key word: %q.", strings.ToLower(strings.TrimSpace(part)))
		case order && o != next.Order:
			return invalid.WithDetail("Conflicting \"datestyle\" specifications.")
		default:
			order, next.Order = true, o
		}
	}
	*s = next
	return nil
}

func dateStyleOf(word string) (DateStyle, bool) {
	switch {
	case word == "ISO":
		return DatesISO, true
	case word == "SQL":
		return DatesSQL, true
	case strings.HasPrefix(word, "POSTGRES"):
		return DatesPostgres, true
	case word == "GERMAN":
		return DatesGerman, true
	}
	return 0, false
}

func orderOf(word string) (FieldOrder, bool) {
	switch {
	case word == "YMD":
		return OrderYMD, true
	case word == "DMY" || strings.HasPrefix(word, "EURO"):
		return OrderDMY, true
	case word == "MDY" || word == "US" || strings.HasPrefix(word, "NONEURO"):
		return OrderMDY, true
	}
	return 0, false
}

// Shows reports whether values of a type may have another text in this style than in the zero Style; of an array, its
// elements.
func (s Style) Shows(oid OID) bool {
	if element, ok := ElementOf(oid); ok {
		oid = element
	}
	switch oid {
	case Date, Timestamp, Timestamptz:
		return s.Dates != DatesISO
	case Interval:
		return s.Intervals != IntervalsPostgres
	case Float4, Float8:
		return s.FewerDigits > 0
	case Bytea:
		return s.EscapeBytea
	}
	return false
}

// AppendShown appends a value in this style that is given as its text in the zero Style.
func (s Style) AppendShown(b []byte, oid OID, text string, zone *Zone) ([]byte, error) {
	if element, ok := ElementOf(oid); ok {
		return s.appendArrayShown(b, element, text, zone)
	}
	switch oid {
	case Date:
		v, err := ParseDate(text)
		return s.AppendDate(b, v), err
	case Timestamp:
		v, err := ParseTimestamp(text)
		return s.AppendTimestamp(b, v), err
	case Timestamptz:
		v, err := ParseTimestamptz(text, s.Zone)
		return s.AppendTimestamptz(b, v, zone), err
	case Interval:
		months, days, micros, err := parseInterval(text)
		return s.AppendInterval(b, months, days, micros), err
	case Float4:
		v, err := ParseFloat(oid, text)
		return s.AppendFloat4(b, float32(v)), err
	case Float8:
		v, err := ParseFloat(oid, text)
		return s.AppendFloat8(b, v), err
	case Bytea:
		v, err := ParseBytea(text)
		return s.AppendBytea(b, v), err
	}
	return append(b, text...), nil
}

func (s Style) appendArrayShown(b []byte, element OID, text string, zone *Zone) ([]byte, error) {
	items, err := ParseArray(text)
	if err != nil {
		return b, err
	}
	for i, item := range items {
		if item == nil {
			continue
		}
		shown, err := s.AppendShown(nil, element, *item, zone)
		if err != nil {
			return b, err
		}
		text := string(shown)
		items[i] = &text
	}
	return AppendArray(b, items), nil
}
