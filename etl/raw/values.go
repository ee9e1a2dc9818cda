package raw

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// setter puts a JSON value that is not null into a column, or says that the value is not of the type. What it did to the
// column then means nothing.
type setter func(to *engine.Builder, column int, value []byte) bool

// setterOf gives the rule of a type: which JSON values a declared field of it may have, and the layout of DuckDB's type.
//
//   - integers: a JSON number that is whole and in range, or a string of digits
//   - real, double precision: a number in range, or a string of one, or "NaN", "Infinity", "-Infinity"
//   - numeric(p,s): a number or a string of one; more digits after the point are rounded, more before are refused
//   - boolean: true, false, or a string of "true", "false", "t", "f", "yes", "no", "on", "off", "1", "0"
//   - text, varchar(n): a string, without U+0000 and not longer than n characters
//   - date, timestamp, timestamptz: a string of ISO 8601; a timestamp has no offset but Z; without one a
//     timestamptz is UTC
//   - time: a string 03:04[:05[.123456]]; uuid: a string of 8-4-4-4-12 hexadecimal digits
//   - json: anything, as it is written
func setterOf(t pgtypes.Type) (setter, engine.Physical, error) {
	switch t.OID {
	case pgtypes.Int2:
		return integer(16), engine.PhysicalI16, nil
	case pgtypes.Int4:
		return integer(32), engine.PhysicalI32, nil
	case pgtypes.Int8:
		return integer(64), engine.PhysicalI64, nil
	case pgtypes.Float4:
		return float(32), engine.PhysicalF32, nil
	case pgtypes.Float8:
		return float(64), engine.PhysicalF64, nil
	case pgtypes.Numeric:
		if precision, scale, ok := t.PrecisionScale(); ok {
			set, physical := numeric(precision, scale)
			return set, physical, nil
		}
	case pgtypes.Bool:
		return boolean, engine.PhysicalBool, nil
	case pgtypes.Text:
		return text(0), engine.PhysicalString, nil
	case pgtypes.Varchar:
		return text(max(0, int(t.Typmod)-4)), engine.PhysicalString, nil
	case pgtypes.Date:
		return date, engine.PhysicalI32, nil
	case pgtypes.Time:
		return clock, engine.PhysicalI64, nil
	case pgtypes.Timestamp:
		return timestamp, engine.PhysicalI64, nil
	case pgtypes.Timestamptz:
		return timestamptz, engine.PhysicalI64, nil
	case pgtypes.UUID:
		return uuid, engine.PhysicalI128, nil
	case pgtypes.JSON:
		return anything, engine.PhysicalString, nil
	}
	return nil, 0, fmt.Errorf("type %s is not one that a field of a raw record can have", t)
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

func integer(bits int) setter {
	return func(to *engine.Builder, column int, value []byte) bool {
		b, quoted, ok := numberText(value)
		if !ok {
			return false
		}
		n, err := strconv.ParseInt(string(b), 10, bits)
		if err != nil && !quoted {
			var d decimal
			if d, ok = parseDecimal(b); ok {
				n, ok = d.integer()
			}
			if !ok || n != n<<(64-bits)>>(64-bits) {
				return false
			}
			err = nil
		}
		switch v := to.Vector(column); bits {
		case 16:
			v.I16[to.Rows()] = int16(n)
		case 32:
			v.I32[to.Rows()] = int32(n)
		default:
			v.I64[to.Rows()] = n
		}
		return err == nil
	}
}

func float(bits int) setter {
	return func(to *engine.Builder, column int, value []byte) bool {
		b, quoted, ok := numberText(value)
		if !ok {
			return false
		}
		switch string(b) {
		case "NaN", "Infinity", "-Infinity":
		default:
			// ParseFloat also takes hexadecimal, underscores and more names.
			if quoted && (len(b) == 0 || len(bytes.Trim(b, "0123456789+-.eE")) != 0) {
				return false
			}
		}
		f, err := strconv.ParseFloat(string(b), bits)
		if bits == 32 {
			to.Vector(column).F32[to.Rows()] = float32(f)
		} else {
			to.Vector(column).F64[to.Rows()] = f
		}
		return err == nil
	}
}

// numeric chooses the layout of a DECIMAL as DuckDB does: by its digits.
func numeric(precision, scale int) (setter, engine.Physical) {
	physical := engine.PhysicalI128
	switch {
	case precision <= 4:
		physical = engine.PhysicalI16
	case precision <= 9:
		physical = engine.PhysicalI32
	case precision <= 18:
		physical = engine.PhysicalI64
	}
	return func(to *engine.Builder, column int, value []byte) bool {
		b, _, ok := numberText(value)
		if !ok {
			return false
		}
		d, ok := parseDecimal(b)
		if !ok || !d.fits(precision, scale) {
			return false
		}
		n, v := d.unscaled(scale), to.Vector(column)
		switch physical {
		case engine.PhysicalI16:
			v.I16[to.Rows()] = int16(n.Lo)
		case engine.PhysicalI32:
			v.I32[to.Rows()] = int32(n.Lo)
		case engine.PhysicalI64:
			v.I64[to.Rows()] = int64(n.Lo)
		default:
			v.I128[to.Rows()] = n
		}
		return true
	}, physical
}

func boolean(to *engine.Builder, column int, value []byte) bool {
	b := value
	if c := value[0]; c != 't' && c != 'f' {
		var ok bool
		if b, ok = unquoted(value); !ok {
			return false
		}
	}
	at := &to.Vector(column).Bool[to.Rows()]
	switch string(b) {
	case "true", "t", "yes", "on", "1":
		*at = true
	case "false", "f", "no", "off", "0":
		*at = false
	default:
		return false
	}
	return true
}

// text takes strings of at most limit characters; 0 is no limit.
func text(limit int) setter {
	return func(to *engine.Builder, column int, value []byte) bool {
		b, ok := unquoted(value)
		if !ok || limit > 0 && len(b) > limit && utf8.RuneCount(b) > limit {
			return false
		}
		// PostgreSQL's text cannot hold it, and a client would see the text end there.
		if len(b) < len(value)-2 && bytes.IndexByte(b, 0) >= 0 {
			return false
		}
		to.SetText(column, b)
		return true
	}
}

func date(to *engine.Builder, column int, value []byte) bool {
	b, ok := unquoted(value)
	if !ok {
		return false
	}
	days, ok := parseDate(b)
	to.Vector(column).I32[to.Rows()] = int32(days)
	return ok
}

func clock(to *engine.Builder, column int, value []byte) bool {
	b, ok := unquoted(value)
	if !ok {
		return false
	}
	micros, rest, ok := parseClock(b)
	to.Vector(column).I64[to.Rows()] = micros
	return ok && len(rest) == 0 && micros < 86400_000_000
}

func timestamp(to *engine.Builder, column int, value []byte) bool {
	b, ok := unquoted(value)
	if !ok {
		return false
	}
	t, ok := parseInstant(b)
	to.Vector(column).I64[to.Rows()] = t.micros
	return ok && t.zone != zoneOffset
}

func timestamptz(to *engine.Builder, column int, value []byte) bool {
	b, ok := unquoted(value)
	if !ok {
		return false
	}
	t, ok := parseInstant(b)
	to.Vector(column).I64[to.Rows()] = t.micros
	return ok
}

func uuid(to *engine.Builder, column int, value []byte) bool {
	b, ok := unquoted(value)
	if !ok || len(b) != 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return false
	}
	digits := append(make([]byte, 0, 32), b[:8]...)
	digits = append(append(append(append(digits, b[9:13]...), b[14:18]...), b[19:23]...), b[24:]...)
	var id [16]byte
	if _, err := hex.Decode(id[:], digits); err != nil {
		return false
	}
	// DuckDB turns the highest bit, so that it sorts as a signed integer.
	high := binary.BigEndian.Uint64(id[:8]) ^ 1<<63
	to.Vector(column).I128[to.Rows()] = engine.Int128{Lo: binary.BigEndian.Uint64(id[8:]), Hi: int64(high)}
	return true
}

func anything(to *engine.Builder, column int, value []byte) bool {
	to.SetText(column, value)
	return true
}
