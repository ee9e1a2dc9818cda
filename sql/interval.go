package sql

import (
	"fmt"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgtime"
	"tidegate/internal/pgtypes"
)

// interval is a constant interval as PostgreSQL keeps it.
type interval struct {
	months, days int32
	micros       int64
}

// parseInterval reads a constant interval; typmod is that of its type, -1 without one.
func (b *binder) parseInterval(text string, typmod int32) (interval, error) {
	fields, digits := intervalFields(typmod)
	parse := pgtime.ParseInterval
	if b.env.Style.Intervals == pgtypes.IntervalsSQL {
		parse = pgtime.ParseStandard
	}
	v, err := parse(text, fields)
	return spanOf(v.Limit(fields, digits)), err
}

// zoneInterval gives the constant of SET TIME ZONE INTERVAL '…' as PostgreSQL keeps it: without its fields.
func zoneInterval(c *pg_query.TypeCast) (text string, ok bool) {
	b := &binder{stmt: &Statement{}}
	v, ok := constant(c.GetArg())
	if !ok || c == nil {
		return "", false
	}
	n, err := b.readTypeName(c.TypeName)
	if err != nil || n.name != "interval" {
		return "", false
	}
	typmod := int32(-1)
	if len(n.mods) > 0 {
		typmod = intervalTypmod(n.mods)
	}
	span, err := b.parseInterval(v.Text, typmod)
	if err != nil {
		return "", false
	}
	return "INTERVAL '" + string(pgtypes.AppendInterval(nil, span.months, span.days, span.micros)) + "'", true
}

// intervalFields reads a typmod of interval: the fields, and the digits of the second, -1 for all.
func intervalFields(typmod int32) (fields pgtime.Range, digits int) {
	if typmod < 0 {
		return pgtime.AllFields, -1
	}
	if digits = int(typmod & 0xffff); digits == 0xffff {
		digits = -1
	}
	return pgtime.Range(typmod >> 16), digits
}

func spanOf(v pgtime.Interval) interval {
	return interval{months: v.Months, days: v.Days, micros: v.Micros}
}

func (v interval) parts() pgtime.Interval {
	return pgtime.Interval{Months: v.months, Days: v.days, Micros: v.micros}
}

// sql gives the DuckDB text.
func (v interval) sql() string {
	return fmt.Sprintf("INTERVAL '%d months %d days %d microseconds'", v.months, v.days, v.micros)
}

func (v interval) negative() interval {
	return interval{months: -v.months, days: -v.days, micros: -v.micros}
}
