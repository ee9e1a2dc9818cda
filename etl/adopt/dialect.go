package adopt

import (
	"fmt"
	"strings"

	"tidegate/internal/pgtypes"
)

// Dialect is the SQL of one side of a comparison.
type Dialect uint8

// The dialects. What they are told must give the same text for the same value.
const (
	DuckDB Dialect = iota // the lake's side
	PostgreSQL
	Redshift
)

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func asText(expression string) string { return "CAST(" + expression + " AS varchar)" }

// utc makes of a timestamptz what it is on the wall in UTC.
func utc(expression string) string { return "(" + expression + " AT TIME ZONE 'UTC')" }

// value writes a column's values in the lake's type.
func (d Dialect) value(name string, t pgtypes.Type) string {
	if d != DuckDB && t.OID == pgtypes.Numeric {
		return "CAST(" + quoteName(name) + " AS " + t.String() + ")" // its scale is part of the text
	}
	return quoteName(name)
}

// canonical writes a value as text that is the same on both sides; ok is false if there is none.
func (d Dialect) canonical(name string, t pgtypes.Type) (expression string, ok bool) {
	v := d.value(name, t)
	switch t.OID {
	case pgtypes.Text, pgtypes.Varchar:
		return v, true
	case pgtypes.Bool:
		return "CASE WHEN " + v + " THEN 't' WHEN NOT " + v + " THEN 'f' END", true
	case pgtypes.Timestamptz:
		return asText(utc(v)), true
	case pgtypes.Float4, pgtypes.Float8:
		return d.bits(v, t)
	case pgtypes.Bytea:
		return map[Dialect]string{DuckDB: "lower(hex(" + v + "))", PostgreSQL: "encode(" + v + ", 'hex')", Redshift: "lower(to_hex(" + v + "))"}[d], true
	case pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Numeric, pgtypes.Date, pgtypes.Time, pgtypes.Timestamp, pgtypes.UUID, pgtypes.JSON:
		return asText(v), true
	}
	return "", false
}

// bits writes a float as its bits: engines differ in a float's digits. Both zeros and all NaNs are one.
func (d Dialect) bits(v string, t pgtypes.Type) (expression string, ok bool) {
	switch d {
	case DuckDB:
		expression = "CAST(CAST(" + v + " + 0 AS BIT) AS varchar)"
		if t.OID == pgtypes.Float4 {
			expression = "CAST(CAST(CAST(" + v + " + 0 AS FLOAT) AS BIT) AS varchar)"
		}
		return "CASE WHEN isnan(" + v + ") THEN 'NaN' ELSE " + expression + " END", true
	case Redshift: // has no function for it
	case PostgreSQL:
		send, width := "float8send", 64
		if t.OID == pgtypes.Float4 {
			send, width = "float4send", 32
		}
		return fmt.Sprintf("CASE WHEN %s = 'NaN' THEN 'NaN' ELSE CAST(CAST('x' || encode(%s(%s + CAST(0 AS %s)), 'hex') AS bit(%d)) AS varchar) END",
			v, send, v, t, width), true
	}
	return "", false
}

// checksum sums a hash of every row: 60 bits of the MD5 of its values' text. NULL is a character of its own.
func (d Dialect) checksum(values []string) string {
	for i, v := range values {
		values[i] = "coalesce(" + v + ", chr(30))"
	}
	hash := "substr(md5(" + strings.Join(values, " || chr(31) || ") + "), 1, 15)"
	switch d {
	case DuckDB:
		hash = "CAST('0x' || " + hash + " AS BIGINT)"
	case PostgreSQL:
		hash = "CAST(CAST('x' || " + hash + " AS bit(60)) AS bigint)"
	case Redshift:
		hash = "CAST(strtol(" + hash + ", 16) AS numeric(38,0))"
	}
	return asText("sum(" + hash + ")")
}
