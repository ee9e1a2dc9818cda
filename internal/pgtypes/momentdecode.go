package pgtypes

import (
	"strconv"
	"strings"
	"time"

	"tidegate/internal/pgerr"
)

// The parts of a date that were seen, as bits.
const (
	sawYear = 1 << iota
	sawMonth
	sawDay
	sawDayOfYear
	sawHour
	sawMinute
	sawSecond
	sawFraction
	sawZone
	sawSaving // an abbreviation of summer time, or one whose offset depends on the time
	sawDST    // the word
	sawHalf
	sawEra
	sawWeekday
	sawSpecial

	sawDate = sawYear | sawMonth | sawDay
	sawTime = sawHour | sawMinute | sawSecond | sawFraction
)

// fault is why a text is no date: the DTERR codes of PostgreSQL's datetime.c.
type fault uint8

const (
	noFault fault = iota
	badFormat
	outOfBounds
	outOfOrder // month or day, which another DateStyle may read
	zoneTooFar
)

// moment is a date and time while its text is read.
type moment struct {
	order FieldOrder

	year, month, day, dayOfYear int
	hour, minute, second        int
	micros                      int64

	seen      int
	textMonth bool // the month is a word
	twoDigits bool // the year has one or two
	julian    bool
	bc        bool
	half      int
	announced int // the unit of the next number

	offset   int64 // seconds east
	zone     *time.Location
	zoneName string // of an abbreviation that zone gives a meaning
	special  int    // a word that stands for the moment
	now      bool   // the moment is that of the transaction, or its day, or the one beside that
	unknown  string // a zone that does not exist
}

// momentTypes are the names of types in errors about dates.
var momentTypes = map[OID]string{Date: "date", Time: "time", Timetz: "time with time zone", Timestamp: "timestamp", Timestamptz: "timestamp with time zone"}

// readMoment reads a date and time as the input functions of date, timestamp and timestamptz do, of which the last takes
// what has no zone in zone.
func readMoment(oid OID, text string, order FieldOrder, zone *time.Location) (*moment, error) {
	m := &moment{order: order}
	why := m.read(text, 0, zone)
	if err := m.fault(oid, text, why); err != nil {
		return nil, err
	}
	return m, nil
}

// read takes a text apart; seen are the parts that m has already.
func (m *moment) read(text string, seen int, zone *time.Location) fault {
	fields, ok := splitMoment(text)
	if !ok {
		return badFormat
	}
	m.seen = seen
	if why := m.decode(fields); why != noFault {
		return why
	}
	return m.finish(zone)
}

// fault is the error of what read found, nil if there is none.
func (m *moment) fault(oid OID, text string, why fault) error {
	switch {
	case m.unknown != "":
		return pgerr.New(pgerr.InvalidParameterValue, "time zone \"%s\" not recognized", m.unknown)
	case why == badFormat:
		return pgerr.New(pgerr.InvalidDatetimeFormat, "invalid input syntax for type %s: \"%s\"", momentTypes[oid], text)
	case why == zoneTooFar:
		return zoneOutOfRange(text)
	case why == outOfOrder:
		return fieldOutOfRange(text).WithHint(`Perhaps you need a different "datestyle" setting.`)
	case why == outOfBounds:
		return fieldOutOfRange(text)
	case m.now:
		return pgerr.New(pgerr.FeatureNotSupported, "\"%s\" is supported in constants only", strings.TrimSpace(text))
	}
	return nil
}

// zoneDisplacement is the SQLSTATE of offsets that no zone has.
const zoneDisplacement pgerr.Code = "22009"

func zoneOutOfRange(text string) *pgerr.Error {
	return pgerr.New(zoneDisplacement, "time zone displacement out of range: \"%s\"", text)
}

func fieldOutOfRange(text string) *pgerr.Error {
	return pgerr.New(pgerr.DatetimeOverflow, "date/time field value out of range: \"%s\"", text)
}

// decode reads the fields one by one.
func (m *moment) decode(fields []field) fault {
	for i, f := range fields {
		var saw int
		var why fault
		switch f.kind {
		case fieldDate:
			saw, why = m.dateField(f.text)
		case fieldTime:
			if m.announced != 0 && m.announced != unitTime {
				return badFormat
			}
			m.announced = 0
			saw, why = m.clock(f.text)
		case fieldZone:
			saw = sawZone
			m.offset, why = zoneOffset(f.text)
		case fieldNumber:
			saw, why = m.numberField(f.text)
		default:
			next := fieldWord
			if i+1 < len(fields) {
				next = fields[i+1].kind
			}
			saw, why = m.word(f.text, i+1 < len(fields) && (next == fieldNumber || next == fieldTime || next == fieldDate))
		}
		if why != noFault {
			return why
		}
		if saw&m.seen != 0 {
			return badFormat
		}
		m.seen |= saw
	}
	return noFault
}

// dateField reads a date, a zone whose name has punctuation, or hhmmss-zz.
func (m *moment) dateField(text string) (saw int, why fault) {
	switch {
	case m.announced == unitJulian:
		return m.julianZone(text)
	case m.announced == 0 && m.seen&(sawMonth|sawDay) != sawMonth|sawDay:
		return m.date(text)
	case m.announced == 0 && !isDigit(text[0]):
		return m.named(text)
	case m.announced != 0 && m.announced != unitTime, m.seen&sawTime == sawTime:
		return 0, badFormat
	}
	m.announced = 0
	at := strings.IndexByte(text, '-')
	if at < 0 {
		return 0, badFormat
	}
	if m.offset, why = zoneOffset(text[at:]); why != noFault {
		return 0, why
	}
	saw, why = m.runTogether(text[:at], m.seen)
	return saw | sawZone, why
}

func (m *moment) named(text string) (saw int, why fault) {
	zone, ok := FindZone(text)
	if !ok {
		m.unknown = text
		return 0, badFormat
	}
	m.zone = zone
	return sawZone, noFault
}

func (m *moment) setJulian(n int) {
	m.julian = true
	m.setDay(int64(n) - julianOfEpoch)
}

func (m *moment) setDay(days int64) {
	year, month, day := civil(days)
	m.year, m.month, m.day = int(year), int(month), int(day)
}

// julianOfEpoch is the Julian day of 1970-01-01.
const julianOfEpoch = 2440588

// julianZone reads a Julian day with a zone behind it.
func (m *moment) julianZone(text string) (saw int, why fault) {
	n, rest, over := cutInt(text)
	if over || n < 0 {
		return 0, outOfBounds
	}
	m.setJulian(n)
	m.announced = 0
	m.offset, why = zoneOffset(rest)
	return sawDate | sawTime | sawZone, why
}

// word reads what is letters. timed says that a time may follow.
func (m *moment) word(text string, timed bool) (saw int, why fault) {
	if a, ok := abbreviations()[text]; ok {
		return m.abbreviation(text, a)
	}
	w := momentWords[text]
	switch w.kind {
	case wordIgnored:
		return 0, noFault
	case wordMoment:
		return m.standsFor(w.value), noFault
	case wordMonth:
		saw = sawMonth
		if m.seen&sawMonth != 0 && !m.textMonth && m.seen&sawDay == 0 && m.month >= 1 && m.month <= 31 {
			m.day, saw = m.month, sawDay
		}
		m.textMonth, m.month = true, w.value
		return saw, noFault
	case wordSaves:
		m.offset += int64(w.value)
		return sawDST | sawSaving, noFault
	case wordHalf:
		m.half = w.value
		return sawHalf, noFault
	case wordEra:
		m.bc = w.value == 1
		return sawEra, noFault
	case wordWeekday:
		return sawWeekday, noFault
	case wordUnit:
		m.announced = w.value
		return 0, noFault
	case wordT:
		if m.seen&sawDate != sawDate || !timed {
			return 0, badFormat
		}
		m.announced = w.value
		return 0, noFault
	default:
	}
	zone, ok := FindZone(text)
	if !ok {
		return 0, badFormat
	}
	m.zone = zone
	return sawZone, noFault
}

// standsFor takes a word that stands for a moment, or for a part of one.
func (m *moment) standsFor(what int) (saw int) {
	switch what {
	case momentMidnight:
		m.hour, m.minute, m.second, m.offset, m.special = 0, 0, 0, 0, 0
		return sawTime | sawZone
	case momentNow:
		m.year, m.month, m.day = 2000, 1, 1 // some date: the caller has to know which
		m.special, m.now = 0, true
		return sawDate | sawTime | sawZone
	case momentToday:
		m.year, m.month, m.day = 2000, 1, 1
		m.special, m.now = 0, true
		return sawDate
	}
	m.special = what
	return sawSpecial
}

func (m *moment) abbreviation(text string, a abbreviation) (saw int, why fault) {
	if a.zone != "" {
		zone, ok := FindZone(a.zone)
		if !ok {
			m.unknown = a.zone
			return 0, badFormat
		}
		m.zone, m.zoneName = zone, text
		return sawZone | sawSaving, noFault
	}
	m.offset = int64(a.offset)
	if a.saves {
		return sawZone | sawSaving, noFault
	}
	return sawZone, noFault
}

// numberField reads a number, of what the word before it says or what is still missing.
func (m *moment) numberField(text string) (saw int, why fault) {
	if m.announced != 0 {
		return m.announcedNumber(text)
	}
	whole, _, pointed := strings.Cut(text, ".")
	switch {
	case pointed && m.seen&sawDate == 0:
		return m.date(text)
	case pointed && len(whole) > 2, len(text) >= 6 && (m.seen&sawDate == 0 || m.seen&sawTime == 0):
		return m.runTogether(text, m.seen)
	}
	return m.number(text, m.textMonth, m.seen)
}

func (m *moment) announcedNumber(text string) (saw int, why fault) {
	unit := m.announced
	m.announced, m.special = 0, 0
	n, rest, over := cutInt(text)
	fraction := strings.HasPrefix(rest, ".")
	switch {
	case over:
		return 0, outOfBounds
	case rest != "" && !fraction, fraction && unit != unitJulian && unit != unitTime && unit != unitSecond:
		return 0, badFormat
	}
	switch unit {
	case unitYear:
		m.year, saw = n, sawYear
	case unitMonth:
		if m.seen&sawMonth != 0 && m.seen&sawHour != 0 {
			m.minute, saw = n, sawMinute
		} else {
			m.month, saw = n, sawMonth
		}
	case unitDay:
		m.day, saw = n, sawDay
	case unitHour:
		m.hour, saw = n, sawHour
	case unitMinute:
		m.minute, saw = n, sawMinute
	case unitSecond:
		m.second, saw = n, sawSecond
		if fraction {
			saw = sawSecond | sawFraction
			m.micros, why = fractionOf(rest)
		}
	case unitJulian:
		return m.julianDay(n, rest)
	case unitTime:
		if saw, why = m.runTogether(text, m.seen|sawDate); why == noFault && saw != sawTime {
			why = badFormat
		}
	default:
		return 0, badFormat
	}
	return saw, why
}

func (m *moment) julianDay(n int, rest string) (saw int, why fault) {
	if n < 0 {
		return 0, outOfBounds
	}
	m.setJulian(n)
	if rest == "" {
		return sawDate, noFault
	}
	f, err := strconv.ParseFloat("0"+rest, 64)
	if err != nil {
		return 0, badFormat
	}
	micros := int64(f * microsPerDay)
	m.hour, m.minute = int(micros/microsPerHour), int(micros/microsPerMinute%60)
	m.second, m.micros = int(micros/microsPerSecond%60), micros%microsPerSecond
	return sawDate | sawTime, noFault
}

// finish checks what was read and finds the offset.
func (m *moment) finish(zone *time.Location) fault {
	if why := m.validate(); why != noFault {
		return why
	}
	switch {
	case m.half != 0 && m.hour > 12:
		return outOfBounds
	case m.half == halfAM && m.hour == 12:
		m.hour = 0
	case m.half == halfPM && m.hour != 12:
		m.hour += 12
	}
	switch {
	case m.special != 0:
		return noFault
	case m.seen&sawDate != sawDate, m.zone != nil && m.seen&sawDST != 0:
		return badFormat
	case m.zoneName != "":
		m.offset = offsetOf(m.zoneName, m.zone, m.wall())
	case m.zone != nil:
		m.offset = OffsetIn(m.wall(), m.zone)
	case m.seen&sawZone == 0 && m.seen&sawDST != 0:
		return badFormat
	case m.seen&sawZone == 0 && zone != nil:
		m.offset = OffsetIn(m.wall(), zone)
	}
	return noFault
}

func (m *moment) days() int64 { return daysOf(int64(m.year), m.month, m.day) }

// wall is the local time in seconds from 1970.
func (m *moment) wall() int64 {
	return m.days()*86400 + int64(m.hour)*3600 + int64(m.minute)*60 + int64(m.second)
}

func (m *moment) ofDay() int64 {
	return int64(m.hour)*microsPerHour + int64(m.minute)*microsPerMinute + int64(m.second)*microsPerSecond + m.micros
}

// validate is ValidateDate: it corrects the year and checks month and day.
func (m *moment) validate() fault {
	if m.seen&sawYear != 0 && !m.julian {
		switch {
		case m.bc && m.year <= 0:
			return outOfBounds
		case m.bc:
			m.year = 1 - m.year
		case m.twoDigits && m.year < 0:
			return outOfBounds
		case m.twoDigits && m.year < 70:
			m.year += 2000
		case m.twoDigits && m.year < 100:
			m.year += 1900
		case !m.twoDigits && m.year <= 0:
			return outOfBounds
		}
	}
	if m.seen&sawDayOfYear != 0 {
		year, month, day := civil(daysOf(int64(m.year), 1, 1) + int64(m.dayOfYear) - 1)
		m.year, m.month, m.day = int(year), int(month), int(day)
	}
	switch {
	case m.seen&sawMonth != 0 && (m.month < 1 || m.month > 12), m.seen&sawDay != 0 && (m.day < 1 || m.day > 31):
		return outOfOrder
	case m.seen&sawDate == sawDate:
		if _, month, _ := civil(m.days()); int(month) != m.month {
			return outOfBounds
		}
	}
	return noFault
}
