// Package fit says in DuckDB's SQL which values a hot table on a server takes: the least of what PostgreSQL and Redshift
// do. It is asked of every hot column, wherever hot is today, because the lake outlives that.
package fit

import (
	"fmt"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

// The range of both servers' dates and timestamps. DuckDB's timestamps end before theirs do.
const firstDay, lastDay = "4713-01-01 (BC)", "294276-12-31"

// RowBytes is the longest row that Redshift's COPY takes.
const RowBytes = 4 << 20

// Length is how long texts may be, in bytes of UTF-8 and in characters, each 0 without a limit.
type Length struct{ Bytes, Chars int }

// OfHot gives the length of a hot column's texts: at most maxBytes (0: no such limit), and what a live table takes.
func OfHot(maxBytes int, live catalog.HotLimit) Length {
	return Length{Bytes: smaller(smaller(maxBytes, catalog.HotMaxBytes), live.MaxBytes), Chars: live.MaxChars}
}

func smaller(a, b int) int {
	if a == 0 || b == 0 {
		return a + b
	}
	return min(a, b)
}

// Limited reports whether there is a limit.
func (l Length) Limited() bool { return l != Length{} }

// Exceeded is the condition that a text is too long.
func (l Length) Exceeded(text string) string {
	var over []string
	if l.Bytes > 0 {
		over = append(over, fmt.Sprintf("strlen(%s) > %d", text, l.Bytes))
	}
	if l.Chars > 0 {
		over = append(over, fmt.Sprintf("length(%s) > %d", text, l.Chars))
	}
	return strings.Join(over, " OR ")
}

// OutOfRange is the condition that a value of the type is none of the servers'; ok is false for types that have no such
// values.
func OutOfRange(value string, t pgtypes.Type) (condition string, ok bool) {
	switch t.OID {
	case pgtypes.Date:
		return fmt.Sprintf("%[1]s < DATE '%[2]s' OR %[1]s > DATE '%[3]s' OR NOT isfinite(%[1]s)", value, firstDay, lastDay), true
	case pgtypes.Timestamp, pgtypes.Timestamptz:
		return fmt.Sprintf("%[1]s < %[2]s '%[3]s 00:00:00' OR NOT isfinite(%[1]s)", value, t.DuckDB(), firstDay), true
	}
	return "", false
}

// OutOfTextRange is OutOfRange of values that the servers read as texts, without an era and with four digits of the year.
func OutOfTextRange(value string, t pgtypes.Type) (condition string, ok bool) {
	switch t.OID {
	case pgtypes.Date:
		return fmt.Sprintf("NOT %s BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'", value), true
	case pgtypes.Timestamp, pgtypes.Timestamptz:
		return fmt.Sprintf("NOT %[1]s BETWEEN %[2]s '0001-01-01 00:00:00' AND %[2]s '9999-12-31 23:59:59.999999'", value, t.DuckDB()), true
	}
	return "", false
}

// IsText reports whether values of the type have a length.
func IsText(t pgtypes.Type) bool {
	return t.OID == pgtypes.Text || t.OID == pgtypes.Varchar || t.OID == pgtypes.JSON
}
