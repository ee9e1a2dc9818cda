package duck

import (
	"regexp"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgnumeric"
)

// The texts of DuckDB 1.5.6 about a value that does not fit.
var (
	badString   = regexp.MustCompile(`(?s)^Could not convert string ['"](.*)['"] to ([A-Z0-9]+)(?:\(.*\))?$`)
	badRange    = regexp.MustCompile(`^Type \w+(?:\([0-9,]+\))? with value .* can't be cast because the value is out of range for the destination type (\w+)`)
	badDecimal  = regexp.MustCompile(`^(?:Casting value ".*" to type|Could not cast value .* to) DECIMAL\((\d+),(\d+)\)`)
	badWhole    = regexp.MustCompile(`^Failed to cast decimal value .* to type (\w+)`)
	badCast     = regexp.MustCompile(`^Unimplemented type for cast \((.+) -> (.+)\)`)
	badDateForm = regexp.MustCompile(`(?s)^invalid (date|time|timestamp) field format: "(.*?)"`)
	badDate     = regexp.MustCompile(`(?s)^(?:date|time|timestamp) field value out of range: "(.*?)"`)
	badDay      = regexp.MustCompile(`^Type INT32 with value [-0-9]+(?: \(BC\))? can't be cast to the destination type INT64`)
	overflowAbs = regexp.MustCompile(`^Overflow on abs\((-\d+)\)`)
	overflow    = regexp.MustCompile(`^Overflow in \w+(?: \w+)* (?:of|between) (\w+)`)
	number      = regexp.MustCompile(`^\s*[+-]?\d+\s*$`)
)

// leastOf names the type whose least number has no other sign: DuckDB tells the number.
var leastOf = map[string]string{"-32768": "SMALLINT", "-2147483648": "INTEGER", "-9223372036854775808": "BIGINT"}

// typeName gives PostgreSQL's name of a type as DuckDB's messages call it.
func typeName(physical string) string {
	switch physical {
	case "BOOL", "BOOLEAN":
		return "boolean"
	case "INT8", "UINT8", "INT16", "TINYINT", "SMALLINT":
		return "smallint"
	case "UINT16", "INT32", "INTEGER":
		return "integer"
	case "UINT32", "INT64", "BIGINT":
		return "bigint"
	case "FLOAT":
		return "real"
	case "DOUBLE":
		return "double precision"
	case "UINT64", "UINT128", "HUGEINT", "UBIGINT", "DECIMAL":
		return "numeric"
	case "INT128", "UUID":
		return "uuid" // of strings: no other type of ours is an INT128 that text is cast to
	}
	return strings.ToLower(physical)
}

func conversionError(message string) *pgerr.Error {
	if m := badString.FindStringSubmatch(message); m != nil {
		value, name := m[1], typeName(m[2])
		if number.MatchString(value) && strings.HasSuffix(name, "int") || number.MatchString(value) && name == "integer" {
			return pgerr.New(pgerr.NumericOutOfRange, "value %s is out of range for type %s", quoted(value), name)
		}
		return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type %s: %s", name, quoted(value))
	}
	if m := badRange.FindStringSubmatch(message); m != nil {
		return outOfRange(m[1])
	}
	if m := badWhole.FindStringSubmatch(message); m != nil {
		return outOfRange(m[1])
	}
	if m := badDecimal.FindStringSubmatch(message); m != nil {
		return decimalOverflow(m[1], m[2])
	}
	if m := badCast.FindStringSubmatch(message); m != nil {
		return pgerr.New(codeCannotCoerce, "cannot cast type %s to %s", typeName(m[1]), typeName(m[2]))
	}
	if m := badDateForm.FindStringSubmatch(message); m != nil {
		return pgerr.New(pgerr.InvalidDatetimeFormat, "invalid input syntax for type %s: %s", m[1], quoted(m[2]))
	}
	if m := badDate.FindStringSubmatch(message); m != nil {
		return pgerr.New(pgerr.DatetimeOverflow, "date/time field value out of range: %s", quoted(m[1]))
	}
	switch {
	case badDay.MatchString(message):
		return pgerr.New(pgerr.DatetimeOverflow, dayTooFar)
	case strings.HasPrefix(message, "Date out of range"), strings.Contains(message, "imestamp out of range"):
		return pgerr.New(pgerr.DatetimeOverflow, "date/time value out of range")
	case strings.HasPrefix(message, "Malformed JSON"):
		return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type json")
	case strings.Contains(message, "out of range"):
		return pgerr.New(pgerr.NumericOutOfRange, "%s", plain(message))
	}
	return pgerr.New(pgerr.InvalidTextRepresentation, "%s", plain(message))
}

const dayTooFar = "date out of range for timestamp"

func rangeError(message string) *pgerr.Error {
	if m := overflow.FindStringSubmatch(message); m != nil {
		return outOfRange(m[1])
	}
	if m := overflowAbs.FindStringSubmatch(message); m != nil {
		return outOfRange(leastOf[m[1]])
	}
	switch {
	case strings.Contains(message, "square root of a negative number"):
		return pgerr.New(codeInvalidPowerArgument, "cannot take square root of a negative number")
	case strings.Contains(message, "logarithm"):
		return pgerr.New(codeInvalidLogArgument, "%s", plain(message))
	case strings.Contains(strings.ToLower(message), "timestamp"), strings.Contains(strings.ToLower(message), "date"):
		return pgerr.New(pgerr.DatetimeOverflow, "date/time value out of range")
	}
	return pgerr.New(pgerr.NumericOutOfRange, "%s", plain(message))
}

// decimalOverflow is of digits that regexp has found.
func decimalOverflow(precision, scale string) *pgerr.Error {
	p, _ := strconv.Atoi(precision)
	s, _ := strconv.Atoi(scale)
	return pgnumeric.Overflow(p, s)
}

func outOfRange(physical string) *pgerr.Error {
	switch name := typeName(physical); name {
	case "numeric", "uuid":
		return pgerr.New(pgerr.NumericOutOfRange, "numeric field overflow")
	case "date", "timestamp":
		return pgerr.New(pgerr.DatetimeOverflow, "%s out of range", name)
	default:
		return pgerr.New(pgerr.NumericOutOfRange, "%s out of range", name)
	}
}

// inputError classifies "Invalid Input": it is also what error('…') raises, by which SQL of ours fails as PostgreSQL does:
// error('42P01: relation "x" does not exist').
func inputError(message string) *pgerr.Error {
	if e := pgerr.Uncarried(message); e != nil {
		return e
	}
	switch {
	case badDay.MatchString(message): // of a cast that is computed beforehand
		return pgerr.New(pgerr.DatetimeOverflow, dayTooFar)
	case message == "division by zero":
		return pgerr.New(pgerr.DivisionByZero, "division by zero")
	case strings.HasPrefix(message, "Cannot subtract infinite timestamps"):
		return pgerr.New(pgerr.DatetimeOverflow, "cannot subtract infinite timestamps")
	case strings.HasPrefix(message, "More than one row returned by a subquery"):
		return pgerr.New(pgerr.CardinalityViolation, "more than one row returned by a subquery used as an expression")
	case strings.HasPrefix(message, "Malformed JSON"):
		return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type json")
	case strings.HasPrefix(message, "Cannot prepare multiple statements"):
		return pgerr.New(pgerr.SyntaxError, "cannot insert multiple commands into a prepared statement")
	case strings.Contains(message, "UTF8") || strings.Contains(message, "UTF-8") || strings.Contains(message, "unicode"):
		return pgerr.New(pgerr.CharacterNotInRepertoire, "%s", plain(message))
	case strings.Contains(message, "according to format specifier"):
		return pgerr.New(pgerr.InvalidDatetimeFormat, "%s", plain(message))
	case strings.HasSuffix(message, "out of range"):
		return pgerr.New(pgerr.NumericOutOfRange, "%s", plain(message))
	case isRegexpError(message):
		return pgerr.New(pgerr.InvalidRegularExpression, "invalid regular expression: %s", message)
	case isFileDamage(message):
		return fileError(message)
	}
	return pgerr.New(pgerr.InvalidParameterValue, "%s", plain(message))
}

// isRegexpError knows RE2's messages, which come without a word about where they are from.
func isRegexpError(message string) bool {
	for _, s := range []string{
		"missing ): ", "missing ]: ", "unexpected ): ", "no argument for repetition operator: ", "bad repetition operator: ",
		"invalid escape sequence: ", "invalid perl operator: ", "invalid character class range: ",
		"invalid repetition size: ", "invalid named capture group: ", "trailing \\",
	} {
		if strings.HasPrefix(message, s) {
			return true
		}
	}
	return false
}

// quoted shows a value in double quotes as PostgreSQL does, without escapes.
func quoted(s string) string { return `"` + s + `"` }
