package sql

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// coerce gives e the type t where PostgreSQL would do so unasked; the caller has checked that it does.
func (b *binder) coerce(e *expr, t pgtypes.OID) (*expr, error) {
	return b.cast(e, pgtypes.Of(t))
}

// coerceAll coerces each of a list.
func (b *binder) coerceAll(list []*expr, t pgtypes.OID) ([]*expr, error) {
	coerced := make([]*expr, len(list))
	for i, e := range list {
		var err error
		if coerced[i], err = b.coerce(e, t); err != nil {
			return nil, err
		}
	}
	return coerced, nil
}

// settle gives an untyped literal or parameter the type text.
func (b *binder) settle(e *expr) (*expr, error) {
	if !e.untyped() {
		return e, nil
	}
	return b.coerce(e, pgtypes.Text)
}

// cast gives e::t. A pair of types that is not on the list is refused: DuckDB casts more, and otherwise.
func (b *binder) cast(e *expr, t pgtypes.Type) (*expr, error) {
	if b.redshift() && t.OID == pgtypes.Varchar && t.Typmod >= 4 {
		return b.limitedText(e, t)
	}
	switch {
	case e.untyped() && e.collation.strength != uncollated:
		return b.collatedCast(e, t)
	case t.OID == oidAny:
		return b.ofAnyType(e)
	case t.OID == oidBit && t.Typmod > 0 && e.oid() != oidBit:
		return b.bits(e, t)
	case typeIs(t.OID, oidAnyElement, oidAnyCompatible, oidAnyNonArray, oidAnyArray, oidAnyCompArray):
		return b.settle(e)
	case t.Typmod >= 0 && t.OID != pgtypes.Interval && limitsTime(t.OID), t.Typmod >= 0 && t.OID == pgtypes.Interval && e.lit == nil:
		return b.limited(e, t)
	case e.param > 0:
		return b.paramAs(e.param, t, e.pos)
	case e.lit != nil && e.lit.Null:
		n := null(t)
		n.pos = e.pos
		return n, nil
	case e.lit != nil:
		return b.typed(e.lit.Text, t, e.pos)
	case e.typ.OID == t.OID && (t.Typmod < 0 || t.Typmod == e.typ.Typmod):
		return e, nil
	case (isArray(e.typ.OID) || isArray(t.OID)) && (!isVector(e.typ.OID) || !isText(t.OID)):
		return b.castOfArrays(e, t)
	}
	if folded, err := b.foldedOrFailing(e, t); folded != nil || err != nil {
		return folded, err
	}
	c, err := b.castExpr(e, t)
	if err != nil {
		return nil, err
	}
	c.when, c.settled, c.nothing = castWhen(e, t), e.isNull(), e.isNothing()
	if isText(e.typ.OID) && stableCast(e.typ.OID, t.OID) {
		c.endless = isMoment(t.OID)
		b.unfolded(c)
	}
	b.keepObject(c, e)
	if e.constant && e.value == nil && e.span == nil && strings.HasPrefix(e.sql, "CAST(NULL AS ") {
		n := null(t)
		c.sql, c.wide, c.scale = n.sql, n.wide, n.scale
	}
	if t.OID == pgtypes.Date && e.column != nil && typeIs(e.typ.OID, pgtypes.Timestamp, pgtypes.Timestamptz) {
		c.steps = &steps{column: e.column, unit: "day"}
	}
	if e.late != nil {
		c.late = b.later(func(b *binder) (*expr, error) {
			v, err := e.at(b)
			if err != nil {
				return nil, err
			}
			return b.cast(v, t)
		})
	}
	if isText(t.OID) && isText(e.typ.OID) && t.Typmod < 0 {
		c.column, c.value, c.literal, c.isText = e.column, e.value, e.literal, e.isText
	}
	return c, nil
}

// collatedCast gives a type to what waits for one and has COLLATE behind it.
func (b *binder) collatedCast(e *expr, t pgtypes.Type) (*expr, error) {
	plain := *e
	plain.collation = collation{}
	c, err := b.cast(&plain, t)
	if err != nil {
		return nil, err
	}
	collated := *c
	collated.collation = e.collation
	return &collated, nil
}

// keepObject has a cast to or from the name of an object remember what the object was known by.
func (b *binder) keepObject(c, from *expr) {
	switch {
	case from.typ.OID == oidRegclass && isText(c.typ.OID) && c.typ.Typmod < 0:
		c.named = b.regNumber(from)
	case isReg(c.typ.OID):
		c.regArg = cmp.Or(from.regArg, from.sql)
	}
}

// castWhen says when PostgreSQL computes a cast.
func castWhen(e *expr, t pgtypes.Type) when {
	if stableCast(e.typ.OID, t.OID) {
		return min(e.when, perStatement)
	}
	return e.when
}

// foldedOrFailing is foldCast, of which an error is one of the value and comes when it is computed.
func (b *binder) foldedOrFailing(e *expr, t pgtypes.Type) (*expr, error) {
	folded, err := b.foldCast(e, t)
	if err != nil {
		return b.failing(e, t, err)
	}
	if folded != nil {
		folded.when, folded.collation = castWhen(e, t), collationOf(e)
	}
	return folded, nil
}

// failing is a cast of a constant that fails once it is computed, which may be never.
func (b *binder) failing(e *expr, t pgtypes.Type, err error) (*expr, error) {
	p, ok := asError(err)
	if !ok || b.redshift() || b.system || !strings.HasPrefix(string(p.Code), "22") {
		return nil, err
	}
	n := null(t)
	f := computed(t.OID, strings.Replace(n.sql, "NULL", errorText(p), 1), e)
	f.typ, f.scale, f.wide, f.when = t, n.scale, n.wide, castWhen(e, t)
	return f, nil
}

// errorText is DuckDB text that fails with an error.
func errorText(p *pgerr.Error) string {
	return "error(" + quoteText(p.Carried()) + ")"
}

// castExpr gives the text of a cast, and the form of a numeric.
func (b *binder) castExpr(e *expr, t pgtypes.Type) (*expr, error) {
	c := &expr{}
	if e.typ.OID == pgtypes.BPChar && t.OID != pgtypes.BPChar {
		e = computed(pgtypes.Text, unpadded(e), e)
	}
	if t.OID == pgtypes.Numeric && (isNumber(e.typ.OID) || isText(e.typ.OID)) {
		*c = *fitted(toNumeric(e), t)
		return c, nil
	}
	if e.typ.OID == pgtypes.JSONB && t.OID == pgtypes.Numeric {
		*c = *fitted(wideNumeric("tg_jsonb_number("+e.sql+", 'numeric')", e), t)
		return c, nil
	}
	sql, err := b.castSQL(e, t)
	if err != nil {
		return nil, err
	}
	*c = expr{typ: t, sql: sql, pos: e.pos, scale: -1, constant: e.constant, wide: byKey(t.OID), when: whilePlanning}
	return c.from(e), nil
}

// foldCast casts a constant here, so that predicates see its value.
func (b *binder) foldCast(e *expr, t pgtypes.Type) (*expr, error) {
	if e.value == nil || t.Typmod >= 0 && t.OID != pgtypes.Numeric {
		return nil, nil
	}
	var c *expr
	var err error
	switch {
	case e.isText && !isText(t.OID) && castExists(e.typ.OID, t.OID):
		c, err = b.typed(e.literal, t, e.pos)
	case e.value.Class == pgtypes.ClassInt && (isInteger(t.OID) || t.OID == pgtypes.Numeric || isFloat(t.OID) || t.OID == pgtypes.OIDType):
		if c, err = b.typed(strconv.FormatInt(e.value.I, 10), t, e.pos); err != nil && isInteger(t.OID) {
			err = pgerr.New(pgerr.NumericOutOfRange, "%s out of range", typeText(t))
		}
	case e.value.Class == pgtypes.ClassNumeric && (isFloat(t.OID) || t.OID == pgtypes.Numeric):
		c, err = b.typed(e.value.S, t, e.pos)
	case e.value.Class == pgtypes.ClassFloat && e.typ.OID == pgtypes.Float4 && t.OID == pgtypes.Float8:
		c = floatConstant(t.OID, e.value.F)
	case isMoment(e.typ.OID) && isMoment(t.OID):
		c = b.foldMoment(e, t.OID)
	}
	if c != nil {
		c.pos = e.pos
	}
	return c, err
}

func isMoment(t pgtypes.OID) bool {
	return typeIs(t, pgtypes.Date, pgtypes.Timestamp, pgtypes.Timestamptz)
}

// castSQL is the list of casts.
func (b *binder) castSQL(e *expr, t pgtypes.Type) (string, error) {
	from, to := e.typ.OID, t.OID
	plain := "CAST(" + e.sql + " AS " + duckType(t) + ")"
	switch {
	case b.system && (isReg(from) || isReg(to) || isVector(from) || from == oidACLItem || from == oidBit):
		return b.systemCast(e, t)
	case from == pgtypes.Numeric && isNumber(to):
		return fromNumeric(e, to), nil
	case from == pgtypes.Float8 && to == pgtypes.Float4:
		return "tg_float_narrow(" + e.sql + ")", nil
	case isInteger(from) && isInteger(to) && from != pgtypes.Int2 && to != pgtypes.Int8:
		return unmoved(plain), nil
	case isNumber(from) && isNumber(to):
		return plain, nil
	case isFloat(from) && isText(to):
		return textCast(computed(pgtypes.Text, b.floatText(e.sql), e), t), nil
	case isText(to) && typeIs(from, pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Numeric, pgtypes.Bool, pgtypes.Time,
		pgtypes.UUID, pgtypes.OIDType, pgtypes.Char, pgtypes.Xid, pgtypes.Cid, pgtypes.Tid):
		return textCast(e, t), nil
	case isText(to) && isMoment(from):
		return textCast(b.momentText(e), t), nil
	case isText(to) && from == pgtypes.Interval:
		text := *e
		text.typ, text.sql = pgtypes.Of(pgtypes.Text), b.intervalText(e.sql)
		return textCast(&text, t), nil
	case isText(from) && to == pgtypes.Interval:
		return b.intervalOf(e.sql), nil
	case from == pgtypes.Timetz || to == pgtypes.Timetz:
		return b.zonedTimeCast(e, t)
	case from == pgtypes.Time && to == pgtypes.Interval:
		return "to_microseconds(epoch_us(" + e.sql + "))", nil
	case to == pgtypes.BPChar:
		return b.paddedCast(e, t)
	case isText(from) && isText(to), isText(from) && to == pgtypes.Char && b.system, from == pgtypes.Char && isText(to):
		return textCast(e, t), nil
	case isText(from) && isInteger(to):
		return guardedCast(e, t, `\s*[+-]?[0-9]+\s*`), nil
	case isText(from) && to == pgtypes.Bool:
		return textToBool(e), nil
	case isText(from) && isFloat(to):
		return "tg_text_" + postgresTables().types[to].name + "(" + e.sql + ")", nil
	case isJSON(from) || isJSON(to):
		return b.jsonCast(e, t)
	case isText(from) && isMoment(to) && t.Typmod < 0:
		return b.momentOf(e, to), nil
	case isText(from) && to == pgtypes.Time:
		return "tg_time_of(" + e.sql + ")", nil
	case from == pgtypes.Interval && to == pgtypes.Time: // years and days do not count
		return "(TIME '00:00:00' + " + e.sql + ")", nil
	case isText(from) && to == pgtypes.UUID:
		return plain, nil
	case isText(from) && to == pgtypes.Bytea:
		return "tg_bytea(" + e.sql + ")", nil
	case from == pgtypes.Bytea && isText(to):
		return textCast(computed(pgtypes.Text, b.byteaText(e.sql), e), t), nil
	case from == pgtypes.Int4 && to == pgtypes.Bool, from == pgtypes.Bool && to == pgtypes.Int4:
		return plain, nil
	case isMoment(from) && isMoment(to) && t.Typmod < 0:
		return b.momentCast(e, to), nil
	case typeIs(from, pgtypes.Timestamp, pgtypes.Timestamptz) && to == pgtypes.Time: // of what is infinite it is NULL
		return "CASE WHEN isfinite(" + e.sql + ") THEN CAST(" + b.momentCast(e, pgtypes.Timestamp) + " AS TIME) END", nil
	case isInteger(from) && to == pgtypes.OIDType, from == pgtypes.OIDType && isInteger(to):
		return plain, nil
	}
	if from == pgtypes.Record && isText(to) {
		return textCast(computed(pgtypes.Text, e.sql, e), t), nil
	}
	if castExists(from, to) {
		return "", b.unsupported(e.pos, "a cast from %s to %s", typeText(e.typ), typeText(t))
	}
	return "", b.fail("42846", e.pos, "cannot cast type %s to %s", typeText(e.typ), typeText(t))
}

func typeText(t pgtypes.Type) string {
	if _, ok := pgtypes.Lookup(t.OID); ok {
		return t.String()
	}
	return postgresTables().typeName(t.OID)
}

// castExists reports whether PostgreSQL has the cast; every type casts to and from text.
func castExists(from, to pgtypes.OID) bool {
	p := postgresTables()
	_, ok := p.casts[[2]pgtypes.OID{from, to}]
	return ok || from == to || p.category(from) == 'S' || p.category(to) == 'S'
}

// textCast casts to a string type: varchar(n) cuts, as PostgreSQL does when the cast is written.
func textCast(e *expr, t pgtypes.Type) string {
	sql := e.sql
	if !isText(e.typ.OID) && e.typ.OID != pgtypes.Char { // also of a wide numeric: another type has another text
		sql = "CAST(" + sql + " AS VARCHAR)"
	}
	switch {
	case t.OID == pgtypes.Varchar && t.Typmod >= 4:
		return fmt.Sprintf("left(%s, %d)", sql, t.Typmod-4)
	case t.OID == pgtypes.Char:
		return "left(" + sql + ", 1)"
	case t.OID == pgtypes.Name && e.typ.OID != pgtypes.Name:
		return "tg_name(" + sql + ")"
	}
	return sql
}

// guardedCast refuses text that DuckDB reads and PostgreSQL does not: '1.5' and '1_000' as an integer.
func guardedCast(e *expr, t pgtypes.Type, pattern string) string {
	return fmt.Sprintf("CASE WHEN NOT regexp_full_match(%s, '%s') THEN error('22P02: invalid input syntax for type %s: \"' || %s || '\"') ELSE CAST(%s AS %s) END",
		e.sql, pattern, pgtypes.Of(t.OID), e.sql, e.sql, duckType(t))
}

func textToBool(e *expr) string {
	return fmt.Sprintf("CASE WHEN %[1]s IS NULL THEN NULL WHEN lower(trim(%[1]s)) IN ('t', 'tr', 'tru', 'true', 'y', 'ye', 'yes', 'on', '1') THEN true "+
		"WHEN lower(trim(%[1]s)) IN ('f', 'fa', 'fal', 'fals', 'false', 'n', 'no', 'of', 'off', '0') THEN false "+
		"ELSE error('22P02: invalid input syntax for type boolean: \"' || %[1]s || '\"') END", e.sql)
}

// castNamed gives the type that a call is a cast to by way of its text: no function has that name and argument, but one of
// the two types is a string's. 0 is for every other call.
func (b *binder) castNamed(fn string, args []*expr) pgtypes.OID {
	p := postgresTables()
	t := p.typeNames[fn]
	if t == 0 || b.system || len(args) != 1 || args[0].untyped() {
		return 0
	}
	from := args[0].typ.OID
	if _, ok := p.casts[[2]pgtypes.OID{from, t}]; ok || from == pgtypes.Record || p.category(from) != 'S' && p.category(t) != 'S' {
		return 0
	}
	return t
}

// paramAs gives parameter n the type t, unless it has one already: then it is cast.
func (b *binder) paramAs(n int, t pgtypes.Type, pos int32) (*expr, error) {
	for len(b.params) < n {
		b.params = append(b.params, 0)
	}
	if b.params[n-1] == 0 {
		b.params[n-1] = t.OID
	}
	own := pgtypes.Of(b.params[n-1])
	var e *expr
	switch {
	case b.args == nil || n <= b.open:
		// Not a constant: its value comes later, and a proof from NULL would be wrong.
		e = null(own)
		e.constant, e.when, e.pos, e.endless = false, forRows, pos, isMoment(own.OID)
		if b.template {
			b.momentary = b.momentary || own.OID == pgtypes.Timetz    // its zone may be today's
			e.sql = "CAST($" + itoa(n) + " AS " + duckType(own) + ")" // every parameter is another expression
			e.late = b.later(func(b *binder) (*expr, error) { return b.lateParam(n, own, pos) })
		}
	case b.args[n-1].Null:
		e = null(own)
	default:
		var err error
		if e, err = b.typed(b.args[n-1].Text, own, pos); err != nil {
			return nil, err
		}
	}
	if own.OID == t.OID && t.Typmod < 0 {
		return e, nil
	}
	return b.cast(e, t)
}

// lateParam is paramAs for what is late: proofs ask for a value again and again and only read it, so it is read once.
func (b *binder) lateParam(n int, t pgtypes.Type, pos int32) (*expr, error) {
	for _, have := range b.read {
		if have.param == n && have.pos == pos {
			return have.e, nil
		}
	}
	e, err := b.paramAs(n, t, pos)
	if err != nil {
		return nil, err
	}
	b.read = append(b.read, lateValue{n, pos, e})
	return e, nil
}

// typeOf reads a type as a cast writes it.
func (b *binder) typeOf(n typeName) (pgtypes.Type, error) {
	if b.redshift() {
		n = redshiftType(n)
	}
	p := postgresTables()
	id, ok := p.typeNames[n.name]
	if n.schema != "" && n.schema != "pg_catalog" && !b.catalog.HasSchema(n.schema) {
		return pgtypes.Type{}, b.fail(pgerr.InvalidSchemaName, n.pos, "schema %q does not exist", n.schema)
	}
	if !ok || n.schema != "" && n.schema != "pg_catalog" {
		return pgtypes.Type{}, b.fail(pgerr.UndefinedObject, n.pos, "type %q does not exist", n.full())
	}
	if n.array {
		element := n
		element.array = false
		t, err := b.typeOf(element)
		if err != nil {
			return t, err
		}
		t.OID, err = b.arrayTypeOf(t.OID, n.pos)
		return t, err
	}
	if b.system && id == oidBit {
		return b.bitType(n)
	}
	if _, known := pgtypes.Lookup(id); !known || id == pgtypes.Unknown {
		if b.system && (isReg(id) || isTransaction(id) || typeIs(id, oidInt2Vector, oidOIDVector)) {
			return pgtypes.Of(id), nil
		}
		b.catalogs = b.catalogs || isReg(id)
		return pgtypes.Type{}, b.unsupported(n.pos, "type %s", p.typeName(id))
	}
	if !b.system && typeIs(id, pgtypes.Char, pgtypes.OIDType) {
		return pgtypes.Type{}, b.catalogOnly(n.pos, "type %s in a query of tables", p.typeName(id))
	}
	return b.modified(id, n)
}

func (b *binder) modified(id pgtypes.OID, n typeName) (pgtypes.Type, error) {
	t := pgtypes.Of(id)
	switch {
	case len(n.mods) == 0:
		return t, nil
	case id == pgtypes.Interval:
		t.Typmod = intervalTypmod(n.mods)
		return t, nil
	case limitsTime(id):
		t.Typmod = min(int32(n.mods[0]), 6)
		return t, nil
	case id == pgtypes.Numeric:
		return b.numericModifier(n)
	case typeIs(id, pgtypes.Varchar, pgtypes.BPChar) && len(n.mods) == 1 && (n.mods[0] < 1 || n.mods[0] > maxLength):
		word := map[pgtypes.OID]string{pgtypes.Varchar: "varchar", pgtypes.BPChar: "char"}[id]
		if n.mods[0] < 1 {
			return t, b.fail(pgerr.InvalidParameterValue, n.pos, "length for type %s must be at least 1", word)
		}
		return t, b.fail(pgerr.InvalidParameterValue, n.pos, "length for type %s cannot exceed %d", word, maxLength)
	case typeIs(id, pgtypes.Varchar, pgtypes.BPChar):
		var text []string
		for _, m := range n.mods {
			text = append(text, strconv.Itoa(m))
		}
		t, err := pgtypes.Parse(n.name + "(" + strings.Join(text, ",") + ")")
		if err != nil {
			return t, b.fail(pgerr.CodeOf(err), n.pos, "%s", message(err))
		}
		return t, nil
	}
	return t, b.fail(pgerr.SyntaxError, n.pos, "type modifier is not allowed for type \"%s\"", n.full())
}

// numericModifier reads numeric(p) and numeric(p, s), whose scale may be negative or larger than the precision.
func (b *binder) numericModifier(n typeName) (pgtypes.Type, error) {
	precision, scale := n.mods[0], 0
	if len(n.mods) > 1 {
		scale = n.mods[1]
	}
	const most = 1000
	switch {
	case len(n.mods) > 2:
		return pgtypes.Type{}, b.fail(pgerr.InvalidParameterValue, n.pos, "invalid NUMERIC type modifier")
	case precision < 1 || precision > most:
		return pgtypes.Type{}, b.fail(pgerr.InvalidParameterValue, n.pos, "NUMERIC precision %d must be between 1 and %d", precision, most)
	case scale < -most || scale > most:
		return pgtypes.Type{}, b.fail(pgerr.InvalidParameterValue, n.pos, "NUMERIC scale %d must be between %d and %d", scale, -most, most)
	}
	return pgtypes.NumericOf(precision, scale), nil
}

// numberTypes are the types of numbers whose name is also that of a function: int4(x) is a cast.
var numberTypes = map[string]pgtypes.OID{
	"int2": pgtypes.Int2, "int4": pgtypes.Int4, "int8": pgtypes.Int8, "numeric": pgtypes.Numeric, "float4": pgtypes.Float4, "float8": pgtypes.Float8,
}

// castCall binds int4(x) and the like, for x of a type that casts without text.
func (b *binder) castCall(t pgtypes.OID, x *expr) (*expr, error) {
	e, err := b.coerce(x, t)
	if err != nil {
		return nil, err
	}
	c := *e
	c.typ = pgtypes.Of(t)
	return &c, nil
}
