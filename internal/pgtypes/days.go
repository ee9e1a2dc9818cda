package pgtypes

// Days writes the dates and times of a column as DateStyle ISO does, and remembers the last day: neighbours often share
// it. The zero Days is ready. It is not safe for concurrent use.
type Days struct {
	day  int64
	text []byte // of day; nil before the first
	bc   bool
}

func (d *Days) appendDay(b []byte, day int64) []byte {
	if d.day != day || d.text == nil {
		d.day = day
		d.text, d.bc = appendYearMonthDay(d.text[:0], day)
	}
	return append(b, d.text...)
}

// AppendDate is AppendDate.
func (d *Days) AppendDate(b []byte, days int32) []byte {
	if days == DateInfinity || days == DateNegativeInfinity {
		return AppendDate(b, days)
	}
	b = d.appendDay(b, int64(days))
	if d.bc {
		b = append(b, " BC"...)
	}
	return b
}

// AppendTimestamp is AppendTimestamp.
func (d *Days) AppendTimestamp(b []byte, micros int64) []byte {
	if micros == TimestampInfinity || micros == TimestampNegativeInfinity {
		return AppendTimestamp(b, micros)
	}
	days, rest := splitDay(micros)
	b = appendClock(append(d.appendDay(b, days), ' '), rest)
	if d.bc {
		b = append(b, " BC"...)
	}
	return b
}

// AppendTimestamptz is AppendTimestamptz.
func (d *Days) AppendTimestamptz(b []byte, micros int64, zone *Zone) []byte {
	if micros == TimestampInfinity || micros == TimestampNegativeInfinity {
		return AppendTimestamp(b, micros)
	}
	offset := zone.at(micros)
	days, rest := splitDay(micros + offset*microsPerSecond)
	b = appendClock(append(d.appendDay(b, days), ' '), rest)
	b = appendOffset(b, offset)
	if d.bc {
		b = append(b, " BC"...)
	}
	return b
}
