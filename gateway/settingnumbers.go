package gateway

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// wholeSetting reads a whole number as parse_int of PostgreSQL's guc.c does: decimal, hexadecimal or octal, or a
// fraction, which is rounded; with timed a number of milliseconds, which may have a unit.
func wholeSetting(name, value string, timed bool) (int64, error) {
	f, rest, ok := leadingNumber(strings.TrimLeft(value, asciiSpace))
	if !ok {
		return 0, invalidValue(name, value)
	}
	if unit := strings.Trim(rest, asciiSpace); unit != "" {
		if !timed {
			return 0, invalidValue(name, value)
		}
		if f, ok = milliseconds(f, unit); !ok {
			return 0, invalidValue(name, value).WithHint(`Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".`)
		}
	}
	f = math.RoundToEven(f)
	if f > math.MaxInt32 || f < math.MinInt32 {
		return 0, invalidValue(name, value).WithHint("Value exceeds integer range.")
	}
	return int64(f), nil
}

const asciiSpace = " \t\n\v\f\r"

// leadingNumber reads the number that a text begins with, as strtol and strtod do.
func leadingNumber(text string) (f float64, rest string, ok bool) {
	digits := len(text) - len(strings.TrimLeft(text, "+-"))
	if digits > 1 {
		return 0, "", false
	}
	if end := digits + 2; len(text) > end && text[digits] == '0' && text[digits+1]|0x20 == 'x' {
		stop := end + leading(text[end:], "0123456789abcdefABCDEF")
		n, err := strconv.ParseInt(text[:digits]+text[end:stop], 16, 64)
		return float64(n), text[stop:], err == nil
	}
	stop := digits + leading(text[digits:], "0123456789")
	whole := stop
	if strings.HasPrefix(text[stop:], ".") {
		stop += 1 + leading(text[stop+1:], "0123456789")
	}
	if stop < len(text) && text[stop]|0x20 == 'e' {
		sign := stop + 1 + min(leading(text[stop+1:], "+-"), 1)
		if n := leading(text[sign:], "0123456789"); n > 0 {
			stop = sign + n
		}
	}
	if stop == whole && stop > digits+1 && text[digits] == '0' { // octal
		n, err := strconv.ParseInt(text[:stop], 8, 64)
		return float64(n), text[stop:], err == nil
	}
	f, err := strconv.ParseFloat(text[:stop], 64)
	return f, text[stop:], err == nil
}

// leading is how many bytes at the front of a text are of a set.
func leading(text, set string) int { return len(text) - len(strings.TrimLeft(text, set)) }

// milliseconds converts a number of a unit of time. As in PostgreSQL a fraction is rounded to the next smaller unit
// first.
func milliseconds(f float64, name string) (float64, bool) {
	i := slices.IndexFunc(durationUnits, func(u unit[time.Duration]) bool { return u.name == name && name != "m" })
	if i < 0 {
		return 0, false
	}
	size := durationUnits[i].size
	if size > time.Microsecond {
		smaller := durationUnits[i+1].size
		per := float64(size / smaller)
		return math.RoundToEven(f*per) * float64(smaller) / float64(time.Millisecond), true
	}
	return f * float64(size) / float64(time.Millisecond), true
}
