package sql

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgjson"
	"tidegate/internal/pgtext"
	"tidegate/internal/pgtypes"
)

// null is NULL of a type. Of a numeric it has no digits, so that it does not widen what it meets in CASE or UNION.
func null(t pgtypes.Type) *expr {
	if t.OID == pgtypes.Numeric {
		return &expr{typ: t, sql: "CAST(NULL AS DECIMAL(1,0))", pos: -1, scale: -1, constant: true, when: whilePlanning, settled: true}
	}
	if elementType(t).OID == pgtypes.Numeric && t.Typmod < 4 {
		return &expr{typ: t, sql: "CAST(NULL AS DECIMAL(1,0)[])", pos: -1, scale: -1, constant: true, when: whilePlanning, settled: true}
	}
	return &expr{typ: t, sql: "CAST(NULL AS " + duckType(t) + ")", pos: -1, scale: -1, constant: true, when: whilePlanning, settled: true, wide: byKey(t.OID)}
}

// duckType is the DuckDB type that stands for t in casts. numeric without modifier has no counterpart: DuckDB's
// widest DECIMAL with 10 digits behind the point is taken, and values that do not fit it fail loudly.
func duckType(t pgtypes.Type) string {
	switch {
	case t.OID == pgtypes.Numeric && t.Typmod < 4:
		return "DECIMAL(38,10)"
	case t.OID == 0, typeIs(t.OID, pgtypes.Unknown, pgtypes.JSON, pgtypes.Record):
		return "VARCHAR"
	case isArray(t.OID):
		return duckType(elementType(t)) + "[]"
	case isTransaction(t.OID):
		return "UINTEGER"
	}
	return t.DuckDB()
}

// typed makes a constant of type t from PostgreSQL's text of it, as an untyped literal or a parameter gets it.
// What the type does not read is 22P02 or 22007 at pos.
func (b *binder) typed(text string, t pgtypes.Type, pos int32) (*expr, error) {
	e, err := b.readText(text, t)
	if err != nil {
		if p, ok := asError(err); ok && p.Position == 0 {
			p.Position = b.stmt.position(pos)
		}
		return nil, err
	}
	e.pos = pos
	return e, nil
}

func (b *binder) readText(text string, t pgtypes.Type) (*expr, error) {
	switch {
	case isInteger(t.OID), t.OID == pgtypes.OIDType:
		n, err := pgtypes.ParseInt(t.OID, text)
		if err != nil {
			return nil, err
		}
		return intConstant(t.OID, n), nil
	case isFloat(t.OID):
		f, err := pgtypes.ParseFloat(t.OID, text)
		if err != nil {
			return nil, err
		}
		return floatConstant(t.OID, f), nil
	case t.OID == pgtypes.Numeric:
		return numericConstant(text, t)
	case t.OID == pgtypes.Bool:
		v, err := pgtypes.ParseBool(text)
		if err != nil {
			return nil, err
		}
		return boolConstant(v), nil
	case t.OID == pgtypes.BPChar:
		return paddedConstant(text, t), nil
	case t.OID == pgtypes.Char: // one byte, of which only ASCII is a text here
		if len(text) > 0 && text[0] >= utf8.RuneSelf {
			return nil, b.unsupported(-1, `a value of type "char" beyond ASCII`)
		}
		return textConstant(text[:min(len(text), 1)], t), nil
	case isText(t.OID):
		return textConstant(text, t), nil
	case typeIs(t.OID, pgtypes.Date, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.Time):
		return b.datetime(text, t)
	case t.OID == pgtypes.Timetz:
		return b.zonedTime(text)
	case t.OID == pgtypes.Interval:
		v, err := b.parseInterval(text, t.Typmod)
		if err != nil {
			return nil, err
		}
		e := spanConstant(v)
		e.typ = t
		return e, nil
	}
	return b.readOther(text, t)
}

func (b *binder) readOther(text string, t pgtypes.Type) (*expr, error) {
	switch t.OID {
	case pgtypes.JSON:
		return constantOf(t.OID, quoteText(text)), pgjson.Check(text)
	case pgtypes.JSONB:
		normal, err := pgjson.Normal(text)
		return constantOf(t.OID, quoteText(normal)), err
	case pgtypes.UUID:
		v, err := pgtypes.ParseUUID(text)
		if err != nil {
			return nil, err
		}
		return constantOf(t.OID, "CAST('"+string(pgtypes.AppendUUID(nil, v))+"' AS UUID)"), nil
	case pgtypes.Bytea:
		v, err := pgtypes.ParseBytea(text)
		if err != nil {
			return nil, err
		}
		return constantOf(t.OID, "unhex('"+hex.EncodeToString(v)+"')"), nil
	}
	switch {
	case isArray(t.OID):
		return b.arrayLiteral(text, t)
	case b.system:
		return b.systemLiteral(text, t)
	}
	return nil, pgerr.New(pgerr.FeatureNotSupported, "a literal of type %s is not supported yet", postgresTables().typeName(t.OID))
}

func constantOf(oid pgtypes.OID, sql string) *expr {
	return &expr{typ: pgtypes.Of(oid), sql: sql, pos: -1, scale: -1, constant: true, when: whilePlanning, settled: true, wide: byKey(oid)}
}

func intConstant(oid pgtypes.OID, n int64) *expr {
	sql := strconv.FormatInt(n, 10)
	if oid != pgtypes.Int4 || n < 0 {
		sql = "CAST(" + sql + " AS " + pgtypes.Of(oid).DuckDB() + ")"
	}
	e := constantOf(oid, sql)
	e.value = &pgtypes.Datum{Class: pgtypes.ClassInt, I: n}
	return e
}

func floatConstant(oid pgtypes.OID, f float64) *expr {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	switch {
	case math.IsNaN(f):
		text = "nan"
	case math.IsInf(f, 1):
		text = "inf"
	case math.IsInf(f, -1):
		text = "-inf"
	}
	e := constantOf(oid, "CAST('"+text+"' AS "+pgtypes.Of(oid).DuckDB()+")")
	e.value = &pgtypes.Datum{Class: pgtypes.ClassFloat, F: f}
	return e
}

func boolConstant(v bool) *expr {
	e := constantOf(pgtypes.Bool, strconv.FormatBool(v))
	e.value = &pgtypes.Datum{Class: pgtypes.ClassBool}
	e.proof = &proof{yes: facts{exact: true}, no: facts{exact: true, never: true}}
	if v {
		e.value.I = 1
	} else {
		e.proof.yes, e.proof.no = e.proof.no, e.proof.yes
	}
	return e
}

func textConstant(s string, t pgtypes.Type) *expr {
	if t.OID == pgtypes.Varchar && t.Typmod >= 4 {
		s = string(firstRunes(s, int(t.Typmod)-4))
	}
	if t.OID == pgtypes.Name {
		s = pgtext.Name(s)
	}
	e := constantOf(t.OID, quoteText(s))
	e.typ = t
	e.value = &pgtypes.Datum{Class: pgtypes.ClassText, S: s}
	e.literal, e.isText = s, true
	return e
}

func firstRunes(s string, n int) []rune {
	r := []rune(s)
	return r[:min(n, len(r))]
}

func spanConstant(v interval) *expr {
	e := constantOf(pgtypes.Interval, v.sql())
	e.span = &v
	return e
}

// datetime reads a date, time or timestamp; now, today, tomorrow and yesterday are those of the transaction.
func (b *binder) datetime(text string, t pgtypes.Type) (*expr, error) {
	if at, ok := b.namedMoment(strings.ToLower(strings.TrimSpace(text))); ok && t.OID != pgtypes.Time {
		return b.moment(t.OID, at), nil
	}
	switch t.OID {
	case pgtypes.Date:
		n, err := b.reading().ParseDate(text)
		if err != nil {
			return nil, err
		}
		return dateConstant(int64(n)), nil
	case pgtypes.Timestamp:
		n, err := b.reading().ParseTimestamp(text)
		if err != nil {
			return nil, err
		}
		return timestampConstant(pgtypes.Timestamp, n), nil
	case pgtypes.Timestamptz:
		n, err := b.reading().ParseTimestamptz(text)
		if err != nil {
			return nil, err
		}
		return timestampConstant(pgtypes.Timestamptz, n), nil
	}
	n, err := pgtypes.ParseTime(text)
	if err != nil {
		return nil, err
	}
	return constantOf(pgtypes.Time, "TIME '"+string(pgtypes.AppendTime(nil, n))+"'"), nil
}

func (b *binder) namedMoment(word string) (time.Time, bool) {
	now := b.env.Now.In(b.zone())
	midnight := func(days int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+days, 0, 0, 0, 0, now.Location())
	}
	var at time.Time
	switch word {
	case "now":
		at = now
	case "today":
		at = midnight(0)
	case "tomorrow":
		at = midnight(1)
	case "yesterday":
		at = midnight(-1)
	default:
		return at, false
	}
	b.momentary = true
	return at, true
}

// moment makes the constant of type date, timestamp or timestamptz that the moment is in the session's zone.
func (b *binder) moment(oid pgtypes.OID, at time.Time) *expr {
	local := at.In(b.zone())
	wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
	switch oid {
	case pgtypes.Date:
		return dateConstant(floorDiv(wall.Unix(), 86400))
	case pgtypes.Timestamp:
		return timestampConstant(oid, wall.UnixMicro())
	}
	return timestampConstant(pgtypes.Timestamptz, at.UnixMicro())
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func dateConstant(days int64) *expr {
	e := constantOf(pgtypes.Date, "DATE '"+duckEra(pgtypes.AppendDate(nil, int32(days)))+"'")
	e.value = &pgtypes.Datum{Class: pgtypes.ClassDate, I: days}
	e.endless = infinite(e.value)
	return e
}

func timestampConstant(oid pgtypes.OID, micros int64) *expr {
	e := constantOf(oid, "")
	if oid == pgtypes.Timestamptz {
		e.sql = "TIMESTAMPTZ '" + duckEra(pgtypes.AppendTimestamptz(nil, micros, pgtypes.NewZone(nil))) + "'"
	} else {
		e.sql = "TIMESTAMP '" + duckEra(pgtypes.AppendTimestamp(nil, micros)) + "'"
	}
	e.value = &pgtypes.Datum{Class: pgtypes.ClassOf(oid), I: micros}
	e.endless = infinite(e.value)
	return e
}

// duckEra spells years before Christ as DuckDB reads them: the era stands behind the date, in parentheses.
func duckEra(text []byte) string {
	s, bc := strings.CutSuffix(string(text), " BC")
	if !bc {
		return s
	}
	date, rest, timed := strings.Cut(s, " ")
	if !timed {
		return date + " (BC)"
	}
	return date + " (BC) " + rest
}

func (b *binder) zone() *time.Location {
	if b.env.Zone == nil {
		return time.UTC
	}
	return b.env.Zone
}
