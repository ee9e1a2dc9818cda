package raw

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"tidegate/internal/pgtypes"
)

// appender appends the clean form of a JSON value that is not null, or says that the value is not of the type.
// The clean form is one that DuckDB's reader makes exactly this value of: numerics are texts, because a JSON number
// would pass through a double; instants are in UTC.
type appender func(dst, value []byte) (out []byte, ok bool)

// appenderOf gives the rule of a type: which JSON values a declared field of it may have.
//
//   - integers: a JSON number that is whole and in range, or a string of digits
//   - real, double precision: a number in range, or a string of one, or "NaN", "Infinity", "-Infinity"
//   - numeric(p,s): a number or a string of one; more digits after the point are rounded, more before are refused
//   - boolean: true, false, or a string of "true", "false", "t", "f", "yes", "no", "on", "off", "1", "0"
//   - text, varchar(n): a string, without U+0000 and not longer than n characters
//   - date, timestamp, timestamptz: a string of ISO 8601; a timestamp has no offset but Z; without one a
//     timestamptz is UTC
//   - time: a string 03:04[:05[.123456]]; uuid: a string of 8-4-4-4-12 hexadecimal digits
//   - json: anything
func appenderOf(t pgtypes.Type) (appender, error) {
	switch t.OID {
	case pgtypes.Int2:
		return integer(16), nil
	case pgtypes.Int4:
		return integer(32), nil
	case pgtypes.Int8:
		return integer(64), nil
	case pgtypes.Float4:
		return float(32), nil
	case pgtypes.Float8:
		return float(64), nil
	case pgtypes.Numeric:
		if precision, scale, ok := t.PrecisionScale(); ok {
			return numeric(precision, scale), nil
		}
	case pgtypes.Bool:
		return boolean, nil
	case pgtypes.Text:
		return text(0), nil
	case pgtypes.Varchar:
		return text(max(0, int(t.Typmod)-4)), nil
	case pgtypes.Date:
		return date, nil
	case pgtypes.Time:
		return clock, nil
	case pgtypes.Timestamp:
		return timestamp, nil
	case pgtypes.Timestamptz:
		return timestamptz, nil
	case pgtypes.UUID:
		return uuid, nil
	case pgtypes.JSON:
		return anything, nil
	}
	return nil, fmt.Errorf("type %s is not one that a field of a raw record can have", t)
}

// unquoted gives the text of a JSON string.
func unquoted(value []byte) (content []byte, ok bool) {
	if value[0] != '"' {
		return nil, false
	}
	content = value[1 : len(value)-1]
	if bytes.IndexByte(content, '\\') < 0 {
		return content, true
	}
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return nil, false
	}
	return []byte(s), true
}

// numberText gives the text of a number, or of a string that may hold one.
func numberText(value []byte) (b []byte, quoted, ok bool) {
	if c := value[0]; c == '-' || '0' <= c && c <= '9' {
		return value, false, true
	}
	b, ok = unquoted(value)
	return b, true, ok
}

func integer(bits int) appender {
	return func(dst, value []byte) ([]byte, bool) {
		b, quoted, ok := numberText(value)
		if !ok {
			return dst, false
		}
		n, err := strconv.ParseInt(string(b), 10, bits)
		if err != nil && !quoted {
			var d decimal
			if d, ok = parseDecimal(b); ok {
				n, ok = d.integer()
			}
			if !ok || n != n<<(64-bits)>>(64-bits) {
				return dst, false
			}
			err = nil
		}
		return strconv.AppendInt(dst, n, 10), err == nil
	}
}

func float(bits int) appender {
	return func(dst, value []byte) ([]byte, bool) {
		b, quoted, ok := numberText(value)
		if !ok {
			return dst, false
		}
		switch string(b) {
		case "NaN", "Infinity", "-Infinity":
			return append(append(append(dst, '"'), b...), '"'), true
		}
		// ParseFloat also takes hexadecimal, underscores and more names.
		if quoted && (len(b) == 0 || len(bytes.Trim(b, "0123456789+-.eE")) != 0) {
			return dst, false
		}
		f, err := strconv.ParseFloat(string(b), bits)
		if err != nil {
			return dst, false
		}
		if bits == 64 && !quoted {
			return append(dst, value...), true
		}
		// A real is quoted so that it is not rounded twice.
		dst = strconv.AppendFloat(append(dst, '"'), f, 'g', -1, bits)
		return append(dst, '"'), true
	}
}

func numeric(precision, scale int) appender {
	return func(dst, value []byte) ([]byte, bool) {
		b, _, ok := numberText(value)
		if !ok {
			return dst, false
		}
		d, ok := parseDecimal(b)
		if !ok || !d.fits(precision, scale) {
			return dst, false
		}
		return append(d.appendTo(append(dst, '"')), '"'), true
	}
}

func boolean(dst, value []byte) ([]byte, bool) {
	if c := value[0]; c == 't' || c == 'f' {
		return append(dst, value...), true
	}
	b, ok := unquoted(value)
	if !ok {
		return dst, false
	}
	switch string(b) {
	case "true", "t", "yes", "on", "1":
		return append(dst, "true"...), true
	case "false", "f", "no", "off", "0":
		return append(dst, "false"...), true
	}
	return dst, false
}

// text takes strings of at most limit characters; 0 is no limit.
func text(limit int) appender {
	return func(dst, value []byte) ([]byte, bool) {
		if value[0] != '"' {
			return dst, false
		}
		escaped := bytes.IndexByte(value, '\\') >= 0
		if limit > 0 && len(value)-2 > limit {
			b, ok := unquoted(value)
			if !ok || utf8.RuneCount(b) > limit {
				return dst, false
			}
		}
		// PostgreSQL's text cannot hold it, and a client would see the text end there.
		if escaped && bytes.Contains(value, []byte(`\u0000`)) {
			if b, ok := unquoted(value); !ok || bytes.IndexByte(b, 0) >= 0 {
				return dst, false
			}
		}
		return append(dst, value...), true
	}
}

func date(dst, value []byte) ([]byte, bool) {
	b, ok := unquoted(value)
	if !ok {
		return dst, false
	}
	if _, ok = parseDate(b); !ok {
		return dst, false
	}
	return append(append(append(dst, '"'), b...), '"'), true
}

func clock(dst, value []byte) ([]byte, bool) {
	b, ok := unquoted(value)
	if !ok {
		return dst, false
	}
	micros, rest, _, ok := parseClock(b)
	if !ok || len(rest) > 0 || micros >= 86400_000_000 {
		return dst, false
	}
	dst = appendInstant(append(dst, '"'), micros)
	day := len(`1970-01-01T`)
	start := len(dst) - len(`1970-01-01T00:00:00.000000`)
	return append(append(dst[:start], dst[start+day:]...), '"'), true
}

func timestamp(dst, value []byte) ([]byte, bool) {
	b, ok := unquoted(value)
	if !ok {
		return dst, false
	}
	t, ok := parseInstant(b)
	if !ok || t.zone == zoneOffset {
		return dst, false
	}
	dst = append(dst, '"')
	if t.plain && t.zone == zoneNone {
		return append(append(dst, b...), '"'), true
	}
	return append(appendInstant(dst, t.micros), '"'), true
}

func timestamptz(dst, value []byte) ([]byte, bool) {
	b, ok := unquoted(value)
	if !ok {
		return dst, false
	}
	t, ok := parseInstant(b)
	if !ok {
		return dst, false
	}
	dst = append(dst, '"')
	if t.plain && t.zone == zoneZ {
		return append(append(dst, b...), '"'), true
	}
	return append(appendInstant(dst, t.micros), 'Z', '"'), true
}

// micros gives the instant of a date, timestamp or timestamptz value.
func micros(value []byte) (int64, bool) {
	b, ok := unquoted(value)
	if !ok {
		return 0, false
	}
	t, ok := parseInstant(b)
	return t.micros, ok
}

func uuid(dst, value []byte) ([]byte, bool) {
	b, ok := unquoted(value)
	if !ok || len(b) != 36 {
		return dst, false
	}
	for i, c := range b {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return dst, false
			}
			continue
		}
		if lower := c | 0x20; (c < '0' || c > '9') && (lower < 'a' || lower > 'f') {
			return dst, false
		}
	}
	return append(append(append(dst, '"'), b...), '"'), true
}

func anything(dst, value []byte) ([]byte, bool) { return append(dst, value...), true }
