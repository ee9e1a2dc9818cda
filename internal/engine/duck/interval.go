package duck

import "strconv"

// interval is duckdb_interval.
type interval struct {
	months, days int32
	micros       int64
}

func intervalRead() readFunc { return textRead(appendInterval) }

// appendInterval writes an interval as PostgreSQL does with IntervalStyle postgres: "1 year 2 mons -3 days +04:05:06.7".
func appendInterval(b []byte, v interval) []byte {
	start := len(b)
	before := false // the part before was negative, so a positive one shows its sign
	for _, p := range []struct {
		n    int32
		unit string
	}{{v.months / 12, " year"}, {v.months % 12, " mon"}, {v.days, " day"}} {
		if p.n == 0 {
			continue
		}
		if len(b) > start {
			b = append(b, ' ')
		}
		if before && p.n > 0 {
			b = append(b, '+')
		}
		b = append(strconv.AppendInt(b, int64(p.n), 10), p.unit...)
		if p.n != 1 {
			b = append(b, 's')
		}
		before = p.n < 0
	}
	if v.micros == 0 && len(b) > start {
		return b
	}
	if len(b) > start {
		b = append(b, ' ')
	}
	return appendClock(b, v.micros, before)
}

// appendClock writes hours, minutes and seconds; the hours may be more than 24.
func appendClock(b []byte, micros int64, before bool) []byte {
	u := uint64(micros)
	if micros < 0 {
		b = append(b, '-')
		u = -u
	} else if before {
		b = append(b, '+')
	}
	seconds, fraction := u/1e6, u%1e6
	b = append(appendTwo(b, seconds/3600), ':')
	b = append(appendTwo(b, seconds/60%60), ':')
	b = appendTwo(b, seconds%60)
	if fraction == 0 {
		return b
	}
	b = append(b, '.')
	for d := uint64(1e5); fraction > 0; d /= 10 {
		b = append(b, byte('0'+fraction/d))
		fraction %= d
	}
	return b
}

func appendTwo(b []byte, n uint64) []byte {
	if n < 10 {
		b = append(b, '0')
	}
	return strconv.AppendUint(b, n, 10)
}
