package pgtypes

import (
	"encoding/hex"
	"strconv"
)

// The Append functions of this package write a value as PostgreSQL's output functions do, byte for byte.

// AppendBool appends t or f.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 't')
	}
	return append(b, 'f')
}

// AppendBytea appends bytea's hex form: \x and two digits per byte.
func AppendBytea(b, v []byte) []byte {
	return hex.AppendEncode(append(b, '\\', 'x'), v)
}

// AppendUUID appends the usual form of a UUID: lower case, in groups of 8-4-4-4-12.
func AppendUUID(b []byte, v [16]byte) []byte {
	for i, g := range [...][]byte{v[0:4], v[4:6], v[6:8], v[8:10], v[10:16]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, g)
	}
	return b
}

// AppendInterval appends an interval as IntervalStyle postgres does: 1 year 2 mons 3 days -04:05:06.789.
func AppendInterval(b []byte, months, days int32, micros int64) []byte {
	start, negative := len(b), false
	part := func(n int64, unit string) {
		if n == 0 {
			return
		}
		if len(b) > start {
			b = append(b, ' ')
			if negative && n > 0 {
				b = append(b, '+')
			}
		}
		b = strconv.AppendInt(b, n, 10)
		b = append(append(b, ' '), unit...)
		if n != 1 {
			b = append(b, 's')
		}
		negative = n < 0
	}
	part(int64(months/12), "year")
	part(int64(months%12), "mon")
	part(int64(days), "day")
	if micros == 0 && len(b) > start {
		return b
	}
	if len(b) > start {
		b = append(b, ' ')
	}
	u := uint64(micros)
	switch {
	case micros < 0:
		b, u = append(b, '-'), -u
	case negative:
		b = append(b, '+')
	}
	hours := u / microsPerHour
	if hours < 100 {
		b = appendTwo(b, hours)
	} else {
		b = strconv.AppendUint(b, hours, 10)
	}
	b = appendTwo(append(b, ':'), u/microsPerMinute%60)
	b = appendTwo(append(b, ':'), u/microsPerSecond%60)
	return appendFraction(b, u%microsPerSecond)
}
