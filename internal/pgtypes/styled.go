package pgtypes

import (
	"math"
	"strconv"
)

// AppendFloat8 appends a float8 as extra_float_digits has it.
func (s Style) AppendFloat8(b []byte, f float64) []byte {
	if s.FewerDigits == 0 {
		return AppendFloat8(b, f)
	}
	return appendRounded(b, f, 16-s.FewerDigits)
}

// AppendFloat4 appends a float4 as extra_float_digits has it.
func (s Style) AppendFloat4(b []byte, f float32) []byte {
	if s.FewerDigits == 0 {
		return AppendFloat4(b, f)
	}
	return appendRounded(b, float64(f), 7-s.FewerDigits)
}

func appendRounded(b []byte, f float64, digits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return appendNotFinite(b, f)
	}
	return strconv.AppendFloat(b, f, 'g', max(digits, 1), 64)
}

// AppendBytea appends a bytea as bytea_output has it.
func (s Style) AppendBytea(b, v []byte) []byte {
	if !s.EscapeBytea {
		return AppendBytea(b, v)
	}
	for _, c := range v {
		switch {
		case c == '\\':
			b = append(b, '\\', '\\')
		case c < 0x20 || c > 0x7e:
			b = append(b, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			b = append(b, c)
		}
	}
	return b
}

// AppendDate appends a date as DateStyle has it.
func (s Style) AppendDate(b []byte, days int32) []byte {
	if s.Dates == DatesISO || days == DateInfinity || days == DateNegativeInfinity {
		return AppendDate(b, days)
	}
	year, month, day := civil(int64(days))
	b = s.appendDay(b, year, month, day)
	return appendEra(b, year)
}

// appendDay appends a day in figures: 02/15/2018, 15.02.2018, 02-15-2018.
func (s Style) appendDay(b []byte, year int64, month, day uint64) []byte {
	separator, first, second := byte('/'), month, day
	switch s.Dates {
	case DatesGerman:
		separator, first, second = '.', day, month
	case DatesPostgres:
		separator = '-'
	default:
	}
	if s.Dates != DatesGerman && s.Order == OrderDMY {
		first, second = day, month
	}
	b = append(appendTwo(b, first), separator)
	b = append(appendTwo(b, second), separator)
	return appendYear(b, year)
}

// appendYear appends a year without its era.
func appendYear(b []byte, year int64) []byte {
	if year <= 0 {
		year = 1 - year
	}
	if year < 10000 {
		return appendPadded(b, uint64(year), 4)
	}
	return appendUint(b, uint64(year))
}

func appendEra(b []byte, year int64) []byte {
	if year <= 0 {
		return append(b, " BC"...)
	}
	return b
}

// AppendTimestamp appends a timestamp as DateStyle has it.
func (s Style) AppendTimestamp(b []byte, micros int64) []byte {
	if s.Dates == DatesISO || micros == TimestampInfinity || micros == TimestampNegativeInfinity {
		return AppendTimestamp(b, micros)
	}
	b, year := s.appendMoment(b, micros)
	return appendEra(b, year)
}

// AppendTimestamptz appends an instant as DateStyle has it, in a zone that is the style's.
func (s Style) AppendTimestamptz(b []byte, micros int64, zone *Zone) []byte {
	if s.Dates == DatesISO || micros == TimestampInfinity || micros == TimestampNegativeInfinity {
		return AppendTimestamptz(b, micros, zone)
	}
	offset := zone.at(micros)
	b, year := s.appendMoment(b, micros+offset*microsPerSecond)
	return appendEra(appendAbbreviation(b, zone.abbreviation), year)
}

// maxAbbreviation is how much of a zone's abbreviation is written.
const maxAbbreviation = 10

func appendAbbreviation(b []byte, name string) []byte {
	return append(append(b, ' '), name[:min(len(name), maxAbbreviation)]...)
}

const (
	weekdays   = "ThuFriSatSunMonTueWed" // 1970-01-01 was a Thursday
	monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

// appendMoment appends date and time: 02/15/2018 03:04:05.678, or Thu Feb 15 03:04:05.678 2018.
func (s Style) appendMoment(b []byte, micros int64) (text []byte, year int64) {
	days, rest := splitDay(micros)
	year, month, day := civil(days)
	if s.Dates != DatesPostgres {
		b = s.appendDay(b, year, month, day)
		return appendClock(append(b, ' '), rest), year
	}
	weekday := int(((days % 7) + 7) % 7)
	b = append(append(b, weekdays[3*weekday:3*weekday+3]...), ' ')
	name := monthNames[3*month-3 : 3*month]
	if s.Order == OrderDMY {
		b = append(append(appendTwo(b, day), ' '), name...)
	} else {
		b = appendTwo(append(append(b, name...), ' '), day)
	}
	b = appendClock(append(b, ' '), rest)
	return appendYear(append(b, ' '), year), year
}
