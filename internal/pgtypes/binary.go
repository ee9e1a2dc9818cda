package pgtypes

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/pgerr"
)

// AppendDateBinary appends days from 2000-01-01, or an infinity.
func AppendDateBinary(b []byte, days int32) []byte {
	switch days {
	case DateInfinity:
	case DateNegativeInfinity:
		days = math.MinInt32
	default:
		days -= epochDays
	}
	return binary.BigEndian.AppendUint32(b, uint32(days))
}

// AppendTimestampBinary appends microseconds from 2000-01-01, or an infinity; timestamptz has the same form.
func AppendTimestampBinary(b []byte, micros int64) []byte {
	switch micros {
	case TimestampInfinity:
	case TimestampNegativeInfinity:
		micros = math.MinInt64
	default:
		micros -= epochMicros
	}
	return binary.BigEndian.AppendUint64(b, uint64(micros))
}

// AppendIntervalBinary appends an interval.
func AppendIntervalBinary(b []byte, months, days int32, micros int64) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(micros))
	b = binary.BigEndian.AppendUint32(b, uint32(days))
	return binary.BigEndian.AppendUint32(b, uint32(months))
}

// HasBinary reports whether values of a type have a binary form here.
func HasBinary(oid OID) bool {
	if element, ok := ElementOf(oid); ok {
		return HasBinary(element)
	}
	if IsObject(oid) || isVector(oid) {
		return true
	}
	switch oid {
	case Void, Bool, Bytea, Char, Name, Int8, Int2, Int4, Text, OIDType, Xid, JSON, Float4, Float8, Unknown, BPChar, Varchar,
		Date, Time, Timestamp, Timestamptz, Interval, Timetz, Numeric, UUID, JSONB:
		return true
	}
	return false
}

// jsonbVersion stands before the text in the binary form of jsonb.
const jsonbVersion = 1

// TextToBinary appends the binary form of a value given as PostgreSQL's text form. Text that is no value of the
// type is 22P02 or its like; a type without binary form is 0A000. zone is for timestamptz without an offset.
func TextToBinary(b []byte, oid OID, text string, zone *time.Location) ([]byte, error) {
	if element, ok := ElementOf(oid); ok {
		return arrayToBinary(b, element, text, zone)
	}
	switch oid {
	case Text, Varchar, BPChar, Name, Char, JSON, Unknown, Void:
		return append(b, text...), nil
	case Regproc, Regclass, Regtype, Regnamespace, Regrole:
		number, _, _ := strings.Cut(text, " ")
		return intToBinary(b, OIDType, number)
	case Int2Vector:
		return vectorToBinary(b, Int2, text)
	case OIDVector:
		return vectorToBinary(b, OIDType, text)
	case JSONB:
		return append(append(b, jsonbVersion), text...), nil
	case Bool:
		v, err := ParseBool(text)
		if v {
			return append(b, 1), err
		}
		return append(b, 0), err
	case Int2, Int4, Int8, OIDType, Xid, Cid:
		return intToBinary(b, oid, text)
	case Float4, Float8:
		return floatToBinary(b, oid, text)
	case Numeric:
		v, err := CheckNumeric(text)
		if err != nil {
			return b, err
		}
		return AppendNumericBinary(b, []byte(v)), nil
	case Bytea:
		v, err := ParseBytea(text)
		return append(b, v...), err
	case UUID:
		v, err := ParseUUID(text)
		return append(b, v[:]...), err
	case Date:
		v, err := ParseDate(text)
		return AppendDateBinary(b, v), err
	case Time:
		v, err := ParseTime(text)
		return binary.BigEndian.AppendUint64(b, uint64(v)), err
	case Timetz:
		v, err := ParseTimetz(text, 0, zone)
		return v.AppendBinary(b), err
	case Interval:
		months, days, micros, err := parseInterval(text)
		return AppendIntervalBinary(b, months, days, micros), err
	case Timestamp:
		v, err := ParseTimestamp(text)
		return AppendTimestampBinary(b, v), err
	case Timestamptz:
		v, err := ParseTimestamptz(text, zone)
		return AppendTimestampBinary(b, v), err
	}
	return b, pgerr.New(pgerr.FeatureNotSupported, "type %s has no binary form here", Of(oid))
}

func intToBinary(b []byte, oid OID, text string) ([]byte, error) {
	v, err := ParseInt(oid, text)
	switch oid {
	case Int2:
		return binary.BigEndian.AppendUint16(b, uint16(v)), err
	case Int8:
		return binary.BigEndian.AppendUint64(b, uint64(v)), err
	}
	return binary.BigEndian.AppendUint32(b, uint32(v)), err
}

func floatToBinary(b []byte, oid OID, text string) ([]byte, error) {
	v, err := ParseFloat(oid, text)
	if oid == Float4 {
		return binary.BigEndian.AppendUint32(b, math.Float32bits(float32(v))), err
	}
	return binary.BigEndian.AppendUint64(b, math.Float64bits(v)), err
}

// IncorrectBinary is the message of a value with bytes behind it; PostgreSQL says then which parameter it was.
const IncorrectBinary = "incorrect binary data format"

func badBinary(oid OID) error {
	return pgerr.New(pgerr.InvalidBinary, IncorrectBinary).WithDetail("The value is not of type %s.", Of(oid))
}

// shortBinary is the error of a value that ends too early.
func shortBinary() error {
	return pgerr.New(pgerr.ProtocolViolation, "insufficient data left in message")
}

// binarySize gives the length of a type's binary values if all have the same, else -1.
func binarySize(oid OID) int {
	switch oid {
	case Bool:
		return 1
	case Int2:
		return 2
	case Int4, OIDType, Xid, Cid, Float4, Date:
		return 4
	case Int8, Float8, Time, Timestamp, Timestamptz:
		return 8
	case Timetz:
		return 12
	case UUID, Interval:
		return 16
	}
	return -1
}

// BinaryToText gives the text form of a value in binary form, timestamptz in UTC. Bytes that are no value of the
// type are 22P03, text that is not UTF-8 is 22021, a type without binary form is 0A000.
func BinaryToText(oid OID, data []byte) (string, error) {
	if element, ok := ElementOf(oid); ok {
		return arrayFromBinary(oid, element, data)
	}
	if size := binarySize(oid); size >= 0 && len(data) < size {
		return "", shortBinary()
	} else if size >= 0 && len(data) > size {
		return "", badBinary(oid)
	}
	switch oid {
	case Text, Varchar, BPChar, JSON, Unknown, 0:
		return CheckUTF8(data)
	case Char:
		switch len(data) {
		case 0:
			return "", pgerr.New(pgerr.ProtocolViolation, "no data left in message")
		case 1:
			return CheckUTF8(data)
		}
		return "", badBinary(oid)
	case Name:
		text, err := CheckUTF8(data)
		if err == nil && len(text) > 63 {
			err = pgerr.New("42622", "identifier too long").WithDetail("Identifier must be less than 64 characters.")
		}
		return text, err
	case JSONB:
		switch {
		case len(data) == 0:
			return "", shortBinary()
		case data[0] != jsonbVersion:
			return "", pgerr.New(pgerr.InvalidBinary, "unsupported jsonb version number %d", data[0])
		}
		return CheckUTF8(data[1:])
	case Bytea:
		return string(AppendBytea(nil, data)), nil
	case Numeric:
		return numericText(data)
	case UUID:
		return string(AppendUUID(nil, [16]byte(data))), nil
	case Timetz:
		return zonedTimeFromBinary(data)
	case Interval:
		micros := int64(binary.BigEndian.Uint64(data))
		days, months := int32(binary.BigEndian.Uint32(data[8:])), int32(binary.BigEndian.Uint32(data[12:]))
		return string(AppendInterval(nil, months, days, micros)), nil
	}
	return fixedToText(oid, data)
}

func fixedToText(oid OID, data []byte) (string, error) {
	var n uint64
	for _, c := range data {
		n = n<<8 | uint64(c)
	}
	switch oid {
	case Bool:
		return string(AppendBool(nil, n != 0)), nil
	case Int2:
		return strconv.Itoa(int(int16(n))), nil
	case Int4:
		return strconv.Itoa(int(int32(n))), nil
	case Int8:
		return strconv.FormatInt(int64(n), 10), nil
	case OIDType, Xid, Cid:
		return strconv.FormatUint(n, 10), nil
	case Float4:
		return string(AppendFloat4(nil, math.Float32frombits(uint32(n)))), nil
	case Float8:
		return string(AppendFloat8(nil, math.Float64frombits(n))), nil
	case Date:
		return dateFromBinary(int32(n))
	case Time:
		if n > microsPerDay {
			return "", pgerr.New(pgerr.DatetimeOverflow, "time out of range")
		}
		return string(AppendTime(nil, int64(n))), nil
	case Timestamp, Timestamptz:
		return timestampFromBinary(oid, int64(n))
	}
	return "", pgerr.New(pgerr.FeatureNotSupported, "parameters of type %s in binary form are not supported", Of(oid))
}

// The ranges of date and timestamp. They begin where PostgreSQL's do (datatype/timestamp.h), and dates end there;
// timestamps end where microseconds from 1970 do, in 294247, thirty years before PostgreSQL's.
const (
	minDays   = -2440588 // 4714-11-24 BC
	endDays   = 2147483494 - 2440588
	minMicros = -211813488000000000 + epochMicros // 4714-11-24 BC
	endMicros = TimestampInfinity

	postgresEnd = 9224318016000 // seconds from 1970 to 294277-01-01
)

func dateFromBinary(n int32) (string, error) {
	switch n {
	case math.MaxInt32:
		return "infinity", nil
	case math.MinInt32:
		return "-infinity", nil
	}
	days := int64(n) + epochDays
	if days < minDays || days >= endDays {
		return "", pgerr.New(pgerr.DatetimeOverflow, "date out of range")
	}
	return string(AppendDate(nil, int32(days))), nil
}

func timestampFromBinary(oid OID, n int64) (string, error) {
	switch n {
	case math.MaxInt64:
		return "infinity", nil
	case math.MinInt64:
		return "-infinity", nil
	}
	if n < minMicros-epochMicros || n >= endMicros-epochMicros {
		return "", OutOfRange(n/microsPerSecond+epochMicros/microsPerSecond, "timestamp out of range")
	}
	if oid == Timestamptz {
		return string(AppendTimestamptz(nil, n+epochMicros, NewZone(nil))), nil
	}
	return string(AppendTimestamp(nil, n+epochMicros)), nil
}
