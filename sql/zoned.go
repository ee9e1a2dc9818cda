package sql

import "tidegate/internal/pgtypes"

// The engine has clocks of its own data, which knows other offsets of the past and other hours that a clock skips or
// repeats than PostgreSQL. What the session's clock shows is read in Go therefore, unless that is UTC's.

// inUTC reports whether the session's clock shows UTC.
func (b *binder) inUTC() bool { return b.zone().String() == "UTC" }

// local gives the TIMESTAMP that the session's clock shows at a TIMESTAMPTZ.
func (b *binder) local(instant string) string {
	if b.inUTC() {
		return "CAST(" + instant + " AS TIMESTAMP)"
	}
	return "tg_at_zone(" + b.zoneText() + ", " + instant + ")"
}

// instant gives the TIMESTAMPTZ at which the session's clock shows a TIMESTAMP.
func (b *binder) instant(local string) string {
	if b.inUTC() {
		return "CAST(" + local + " AS TIMESTAMPTZ)"
	}
	return "tg_at_zone(" + b.zoneText() + ", " + local + ")"
}

// momentCast casts between dates and timestamps.
func (b *binder) momentCast(e *expr, to pgtypes.OID) string {
	from := e.typ.OID
	switch {
	case from == pgtypes.Timestamptz && to == pgtypes.Timestamp:
		return b.local(e.sql)
	case from == pgtypes.Timestamptz && to == pgtypes.Date && !b.inUTC():
		return "CAST(" + b.local(e.sql) + " AS DATE)"
	case from == pgtypes.Date && to == pgtypes.Timestamptz && !b.inUTC():
		return b.instant("CAST(" + e.sql + " AS TIMESTAMP)")
	case from == pgtypes.Timestamp && to == pgtypes.Timestamptz:
		return b.instant(e.sql)
	}
	return "CAST(" + e.sql + " AS " + pgtypes.Of(to).DuckDB() + ")"
}

// momentPair gives the texts of two dates or timestamps for a comparison: DuckDB would cast one of them on its own clock.
func (b *binder) momentPair(x, y *expr) (l, r string) {
	l, r = comparisonTexts(x, y)
	switch zoned, other := x.typ.OID == pgtypes.Timestamptz, y.typ.OID == pgtypes.Timestamptz; {
	case b.inUTC() || zoned == other:
	case zoned && isMoment(y.typ.OID):
		r = b.momentCast(y, pgtypes.Timestamptz)
	case other && isMoment(x.typ.OID):
		l = b.momentCast(x, pgtypes.Timestamptz)
	}
	return l, r
}
