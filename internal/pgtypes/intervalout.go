package pgtypes

// clock is the time of an interval, all parts of one sign.
type clock struct {
	hours                   int64
	minutes, seconds, micro int64
}

func clockOf(micros int64) clock {
	return clock{
		micros / microsPerHour, micros / microsPerMinute % 60, micros / microsPerSecond % 60, micros % microsPerSecond,
	}
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// AppendInterval appends an interval as IntervalStyle has it.
func (s Style) AppendInterval(b []byte, months, days int32, micros int64) []byte {
	switch s.Intervals {
	case IntervalsVerbose:
		return appendVerbose(b, months, days, micros)
	case IntervalsSQL:
		return appendStandard(b, months, days, micros)
	case IntervalsISO:
		return appendDesignated(b, months, days, micros)
	default:
		return AppendInterval(b, months, days, micros)
	}
}

// AppendInterval appends an interval as IntervalStyle postgres does: 1 year 2 mons 3 days -04:05:06.789. A positive part
// behind a negative one has its sign.
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
		b = append(append(AppendInt(b, n), ' '), unit...)
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
	switch {
	case micros < 0:
		b = append(b, '-')
	case negative:
		b = append(b, '+')
	}
	u := magnitude(micros)
	if hours := u / microsPerHour; hours >= 100 {
		b = appendUint(b, hours)
	} else {
		b = appendTwo(b, hours)
	}
	b = appendTwo(append(b, ':'), u/microsPerMinute%60)
	b = appendTwo(append(b, ':'), u/microsPerSecond%60)
	return appendFraction(b, u%microsPerSecond)
}

// appendVerbose appends @ 1 year 2 mons -3 days 4 hours 5 mins 6.789 secs ago: the first part decides about "ago", and
// the signs of the others are relative to it.
func appendVerbose(b []byte, months, days int32, micros int64) []byte {
	b = append(b, '@')
	zero, ago := true, false
	part := func(n int64, unit string) {
		if n == 0 {
			return
		}
		if zero {
			ago = n < 0
		}
		if ago {
			n = -n // the smallest stays as it is, as there
		}
		zero = false
		b = append(append(AppendInt(append(b, ' '), n), ' '), unit...)
		if n != 1 {
			b = append(b, 's')
		}
	}
	c := clockOf(micros)
	part(int64(months/12), "year")
	part(int64(months%12), "mon")
	part(int64(days), "day")
	part(c.hours, "hour")
	part(c.minutes, "min")
	if c.seconds != 0 || c.micro != 0 {
		b = append(b, ' ')
		switch negative := c.seconds < 0 || c.micro < 0; {
		case negative && zero:
			ago = true
		case negative != ago:
			b = append(b, '-')
		}
		b = appendFraction(appendUint(b, magnitude(c.seconds)), magnitude(c.micro))
		b = append(b, " sec"...)
		if magnitude(c.seconds) != 1 || c.micro != 0 {
			b = append(b, 's')
		}
		zero = false
	}
	if zero {
		b = append(b, " 0"...)
	}
	if ago {
		b = append(b, " ago"...)
	}
	return b
}

// appendStandard appends SQL's own form, 1-2 or 3 4:05:06.789, and where an interval is neither, all parts with signs:
// +1-2 -3 +4:05:06.789.
func appendStandard(b []byte, months, days int32, micros int64) []byte {
	negative := months < 0 || days < 0 || micros < 0
	positive := months > 0 || days > 0 || micros > 0
	switch {
	case !negative && !positive:
		return append(b, '0')
	case negative && positive, months != 0 && (days != 0 || micros != 0):
		b = appendYearMonth(append(b, signOf(int64(months))), months)
		b = appendUint(append(b, ' ', signOf(int64(days))), magnitude(int64(days)))
		return appendHours(append(b, ' ', signOf(micros)), micros)
	}
	if negative {
		b = append(b, '-')
	}
	if months != 0 {
		return appendYearMonth(b, months)
	}
	if days != 0 {
		b = append(appendUint(b, magnitude(int64(days))), ' ')
	}
	return appendHours(b, micros)
}

func signOf(n int64) byte {
	if n < 0 {
		return '-'
	}
	return '+'
}

func appendYearMonth(b []byte, months int32) []byte {
	b = append(appendUint(b, magnitude(int64(months/12))), '-')
	return appendUint(b, magnitude(int64(months%12)))
}

// appendHours appends H:MM:SS.ffffff without sign.
func appendHours(b []byte, micros int64) []byte {
	u := magnitude(micros)
	b = appendUint(b, u/microsPerHour)
	b = appendTwo(append(b, ':'), u/microsPerMinute%60)
	b = appendTwo(append(b, ':'), u/microsPerSecond%60)
	return appendFraction(b, u%microsPerSecond)
}

// appendDesignated appends ISO 8601's form: P1Y2M3DT4H5M6.789S.
func appendDesignated(b []byte, months, days int32, micros int64) []byte {
	if months == 0 && days == 0 && micros == 0 {
		return append(b, "PT0S"...)
	}
	part := func(n int64, unit byte) {
		if n != 0 {
			b = append(AppendInt(b, n), unit)
		}
	}
	b = append(b, 'P')
	part(int64(months/12), 'Y')
	part(int64(months%12), 'M')
	part(int64(days), 'D')
	if micros != 0 {
		b = append(b, 'T')
	}
	c := clockOf(micros)
	part(c.hours, 'H')
	part(c.minutes, 'M')
	if c.seconds == 0 && c.micro == 0 {
		return b
	}
	if micros < 0 {
		b = append(b, '-')
	}
	b = appendFraction(appendUint(b, magnitude(c.seconds)), magnitude(c.micro))
	return append(b, 'S')
}
