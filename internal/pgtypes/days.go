package pgtypes

// Days writes the dates and times of a column as DateStyle ISO does, and remembers the last month: neighbours often share
// it. The zero Days is ready. It is not safe for concurrent use.
type Days struct {
	first int64  // day of the month
	count uint64 // its days; 0 before the first
	text  [16]byte
	size  int // of text: year, month and their hyphens
	bc    bool
}

func (d *Days) appendDay(b []byte, day int64) []byte {
	if uint64(day-d.first) >= d.count {
		d.turn(day)
	}
	at := len(b)
	b = append(b, d.text[:]...) // a whole array is copied by two moves; what is too much is written over
	return appendTwo(b[:at+d.size], uint64(day-d.first)+1)
}

// turn goes to the month of a day.
func (d *Days) turn(day int64) {
	year, month, ofMonth := civil(day)
	d.first, d.bc = day-int64(ofMonth)+1, year <= 0
	next, m := year, int(month)+1
	if m > 12 {
		next, m = year+1, 1
	}
	d.count = uint64(daysOf(next, m, 1) - d.first)
	text := append(appendTwo(append(appendYear(d.text[:0], year), '-'), month), '-')
	d.size = len(text)
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
