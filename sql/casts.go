package sql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// coerce gives e the type t where PostgreSQL would do so unasked; the caller has checked that it does.
func (b *binder) coerce(e *expr, t pgtypes.OID) (*expr, error) {
	return b.cast(e, pgtypes.Of(t))
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
	switch {
	case typeIs(t.OID, oidAny, oidAnyElement, oidAnyCompatible, oidAnyNonArray, oidAnyArray, oidAnyCompArray):
		return b.settle(e)
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
	if e.quotient && (isInteger(t.OID) || t.OID == pgtypes.Numeric) {
		e = b.exactAll([]*expr{e})[0]
	}
	if folded, err := b.foldCast(e, t); folded != nil || err != nil {
		return folded, err
	}
	sql, err := b.castSQL(e, t)
	if err != nil {
		return nil, err
	}
	c := &expr{typ: t, sql: sql, pos: e.pos, scale: scaleAfter(e, t), constant: e.constant}
	c.from(e)
	if isReg(t.OID) {
		c.regArg = e.sql
		if e.regArg != "" {
			c.regArg = e.regArg
		}
	}
	if e.constant && e.value == nil && e.span == nil && strings.HasPrefix(e.sql, "CAST(NULL AS ") {
		c.sql = null(t).sql
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

func scaleAfter(e *expr, t pgtypes.Type) int {
	if t.OID != pgtypes.Numeric {
		return -1
	}
	if _, s, ok := t.PrecisionScale(); ok {
		return s
	}
	switch {
	case isInteger(e.typ.OID):
		return 0
	case e.typ.OID == pgtypes.Numeric:
		return e.scale
	case isFloat(e.typ.OID):
		return floatDigits
	}
	return 10
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
		c, err = b.typed(strconv.FormatInt(e.value.I, 10), t, e.pos)
	case e.value.Class == pgtypes.ClassNumeric && (isFloat(t.OID) || t.OID == pgtypes.Numeric):
		c, err = b.typed(e.value.S, t, e.pos)
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
	case b.system && (isReg(from) || isReg(to) || isVector(from)):
		return b.systemCast(e, t)
	case isNumber(from) && isNumber(to):
		return numberCast(e, t), nil
	case isText(to) && typeIs(from, pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Numeric, pgtypes.Bool, pgtypes.Date,
		pgtypes.Time, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.UUID, pgtypes.JSON, pgtypes.OIDType, pgtypes.Char):
		return textCast(e, t), nil
	case isText(from) && isText(to), isText(from) && to == pgtypes.Char && b.system, from == pgtypes.Char && isText(to):
		return textCast(e, t), nil
	case isText(from) && isInteger(to):
		return guardedCast(e, t, `\s*[+-]?[0-9]+\s*`), nil
	case isText(from) && to == pgtypes.Bool:
		return textToBool(e), nil
	case isText(from) && to == pgtypes.Numeric:
		return textToNumeric(e, t), nil
	case isText(from) && isFloat(to):
		return guardedCast(e, t, floatText), nil
	case isText(from) && isMoment(to) && t.Typmod < 0, isText(from) && typeIs(to, pgtypes.UUID, pgtypes.JSON):
		return plain, nil
	case from == pgtypes.Int4 && to == pgtypes.Bool, from == pgtypes.Bool && to == pgtypes.Int4,
		isMoment(from) && isMoment(to) && t.Typmod < 0, from == pgtypes.Timestamp && to == pgtypes.Time:
		return plain, nil
	case from == pgtypes.Timestamptz && to == pgtypes.Time:
		return "CAST(CAST(" + e.sql + " AS TIMESTAMP) AS TIME)", nil
	case isInteger(from) && to == pgtypes.OIDType, from == pgtypes.OIDType && isInteger(to):
		return plain, nil
	}
	if castExists(from, to) {
		return "", b.unsupported(e.pos, "a cast from %s to %s", e.typ, typeText(t))
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

// exactAll makes the numerics of what PostgreSQL computes as numeric and we as double, where the difference would
// show: rounding goes to even for doubles, and away from zero for numerics.
func (b *binder) exactAll(list []*expr) []*expr {
	out := slices.Clone(list)
	for i, e := range out {
		if e.quotient {
			out[i] = computed(pgtypes.Numeric, numberCast(e, pgtypes.Of(pgtypes.Numeric)), e)
			out[i].scale = floatDigits
		}
	}
	return out
}

func numberCast(e *expr, t pgtypes.Type) string {
	if isFloat(e.typ.OID) && t.OID == pgtypes.Numeric && t.Typmod >= 4 {
		return "CAST(" + numberCast(e, pgtypes.Of(pgtypes.Numeric)) + " AS " + t.DuckDB() + ")"
	}
	if t.OID != pgtypes.Numeric || t.Typmod >= 4 {
		return "CAST(" + e.sql + " AS " + t.DuckDB() + ")"
	}
	switch e.typ.OID {
	case pgtypes.Int2:
		return "CAST(" + e.sql + " AS DECIMAL(5,0))"
	case pgtypes.Int4:
		return "CAST(" + e.sql + " AS DECIMAL(10,0))"
	case pgtypes.Int8:
		return "CAST(" + e.sql + " AS DECIMAL(19,0))"
	case pgtypes.Numeric:
		return e.sql
	}
	// PostgreSQL takes 15 digits of a double, 6 of a float.
	format := "'{:.14e}'"
	if e.typ.OID == pgtypes.Float4 {
		format = "'{:.5e}'"
	}
	return fmt.Sprintf("CASE WHEN NOT abs(%[2]s) < 1e20 THEN error('22003: numeric field overflow') ELSE CAST(format(%[1]s, %[2]s) AS DECIMAL(38,%[3]d)) END", format, double(e), floatDigits)
}

// floatDigits is how many digits behind the point a double keeps as a numeric.
const floatDigits = 18

// The texts of numbers, as regular expressions.
const (
	numericText = `\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*`
	floatText   = numericText + `|\s*[+-]?([iI][nN][fF]([iI][nN][iI][tT][yY])?|[nN][aA][nN])\s*`
	shortText   = `\s*[+-]?([0-9]+(\.[0-9]{0,10}0*)?|\.[0-9]{1,10}0*)([eE]\+?[0-9]+)?\s*`
)

// textToNumeric reads a numeric. Without a modifier the type has 10 digits behind the point: a text with more is
// refused, not rounded.
func textToNumeric(e *expr, t pgtypes.Type) string {
	cast := guardedCast(e, t, numericText)
	if t.Typmod >= 4 {
		return cast
	}
	return fmt.Sprintf("CASE WHEN regexp_full_match(%[1]s, '%[2]s') AND NOT regexp_full_match(%[1]s, '%[3]s') "+
		"THEN error('0A000: a numeric with more than 10 digits behind the point is not supported yet') ELSE %[4]s END", e.sql, numericText, shortText, cast)
}

// textCast casts to a string type: varchar(n) cuts, as PostgreSQL does when the cast is written.
func textCast(e *expr, t pgtypes.Type) string {
	sql := e.sql
	if !isText(e.typ.OID) && e.typ.OID != pgtypes.Char {
		sql = "CAST(" + sql + " AS VARCHAR)"
	}
	switch {
	case t.OID == pgtypes.Varchar && t.Typmod >= 4:
		return fmt.Sprintf("left(%s, %d)", sql, t.Typmod-4)
	case t.OID == pgtypes.Char:
		return "left(" + sql + ", 1)"
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
		e.constant, e.pos = false, pos
		if b.template {
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
	p := postgresTables()
	id, ok := p.typeNames[n.name]
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
	if _, known := pgtypes.Lookup(id); !known || id == pgtypes.Unknown {
		if b.system && (isReg(id) || typeIs(id, oidInt2Vector, oidOIDVector)) {
			return pgtypes.Of(id), nil
		}
		return pgtypes.Type{}, b.unsupported(n.pos, "type %s", p.typeName(id))
	}
	if !b.system && typeIs(id, pgtypes.Char, pgtypes.OIDType) {
		return pgtypes.Type{}, b.unsupported(n.pos, "type %s in a query of tables", p.typeName(id))
	}
	if id == pgtypes.BPChar {
		return pgtypes.Type{}, b.unsupported(n.pos, "type character, which pads with blanks: varchar and text do not, and this")
	}
	return b.modified(id, n)
}

func (b *binder) modified(id pgtypes.OID, n typeName) (pgtypes.Type, error) {
	t := pgtypes.Of(id)
	switch {
	case len(n.mods) == 0:
		return t, nil
	case id == pgtypes.Interval:
		return t, nil // fields are read with the literal
	case typeIs(id, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.Time) && n.mods[0] == 6:
		return t, nil
	case id == pgtypes.Numeric || id == pgtypes.Varchar:
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
	return t, b.unsupported(n.pos, "type %s with modifier %d", pgtypes.Of(id), n.mods[0])
}
