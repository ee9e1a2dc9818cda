package pgtypes

import (
	"math"
	"strconv"
	"strings"
)

// parseInterval reads what AppendInterval writes: 1 year 2 mons -3 days +04:05:06.789.
func parseInterval(s string) (months, days int32, micros int64, err error) {
	words := strings.Fields(s)
	if len(words) == 0 {
		return 0, 0, 0, badText(Interval, s)
	}
	for len(words) > 0 {
		if strings.Contains(words[0], ":") {
			if micros, err = parseIntervalClock(s, words[0]); err != nil || len(words) > 1 {
				return 0, 0, 0, badText(Interval, s)
			}
			break
		}
		if len(words) == 1 {
			return 0, 0, 0, badText(Interval, s)
		}
		n, err := strconv.ParseInt(words[0], 10, 32)
		if err != nil {
			return 0, 0, 0, badText(Interval, s)
		}
		switch strings.TrimSuffix(words[1], "s") {
		case "year":
			n = n*12 + int64(months)
			if n < math.MinInt32 || n > math.MaxInt32 {
				return 0, 0, 0, badText(Interval, s)
			}
			months = int32(n)
		case "mon":
			months += int32(n)
		case "day":
			days = int32(n)
		default:
			return 0, 0, 0, badText(Interval, s)
		}
		words = words[2:]
	}
	return months, days, micros, nil
}

// parseIntervalClock reads [+-]HH:MM:SS[.ffffff], hours without a limit.
func parseIntervalClock(whole, clock string) (int64, error) {
	body := strings.TrimLeft(clock, "+-")
	hours, rest, _ := strings.Cut(body, ":")
	h, err := strconv.ParseUint(hours, 10, 40)
	below, after, ok := cutClock("00:" + rest)
	total := h*microsPerHour + uint64(below)
	switch {
	case err != nil || !ok || after != "" || len(clock)-len(body) > 1 || below >= microsPerHour || h > math.MaxInt64/microsPerHour:
		return 0, badText(Interval, whole)
	case clock[0] == '-' && total <= 1<<63:
		return -int64(total), nil
	case total <= math.MaxInt64:
		return int64(total), nil
	}
	return 0, badText(Interval, whole)
}
