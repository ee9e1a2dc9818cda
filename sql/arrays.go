package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// An array of PostgreSQL is a list of DuckDB, which has one dimension and counts from 1: arrays of more dimensions and
// with bounds of their own are refused. (int2vector and oidvector count from 0: subscripts are shifted for them.)

// elementType is the type of an array's elements: the array's modifier is theirs.
func elementType(array pgtypes.Type) pgtypes.Type {
	return pgtypes.Type{OID: postgresTables().elementOf(array.OID), Typmod: array.Typmod}
}

// isArray reports whether t is an array, int2vector and oidvector among them.
func isArray(t pgtypes.OID) bool { return postgresTables().elementOf(t) != 0 }

// arrayTypeOf gives the type of arrays of an element that the engine holds.
func (b *binder) arrayTypeOf(element pgtypes.OID, pos int32) (pgtypes.OID, error) {
	p := postgresTables()
	array := p.types[element].array
	switch {
	case isArray(element):
		return 0, b.unsupported(pos, "an array of more than one dimension")
	case element == pgtypes.Record:
		return 0, b.unsupported(pos, "an array of rows")
	case array == 0:
		return 0, b.fail(pgerr.UndefinedObject, pos, "could not find array type for data type %s", p.typeName(element))
	}
	return array, nil
}

// arrayExpr binds ARRAY[a, b].
func (b *binder) arrayExpr(n *pg_query.A_ArrayExpr, sc *scope) (*expr, error) {
	if len(n.Elements) == 0 {
		return nil, b.fail(pgerr.IndeterminateDatatype, n.Location, "cannot determine type of empty array").
			WithHint("Explicitly cast to the desired type, for example ARRAY[]::integer[].")
	}
	items, err := b.exprs(n.Elements, sc)
	if err != nil {
		return nil, err
	}
	items, t, err := b.unify(items, "ARRAY", n.Location)
	if err != nil {
		return nil, err
	}
	return b.arrayOf(items, pgtypes.Of(t.OID), n.Location)
}

// arrayCast binds ARRAY[a, b]::t[], where every element is cast by itself.
func (b *binder) arrayCast(n *pg_query.A_ArrayExpr, t pgtypes.Type, sc *scope) (*expr, error) {
	items, err := b.exprs(n.Elements, sc)
	if err != nil {
		return nil, err
	}
	element := elementType(t)
	for i := range items {
		if items[i], err = b.cast(items[i], element); err != nil {
			return nil, err
		}
	}
	return b.arrayOf(items, element, n.Location)
}

// arrayOf makes an array of elements that have the type already.
func (b *binder) arrayOf(items []*expr, element pgtypes.Type, pos int32) (*expr, error) {
	array, err := b.arrayTypeOf(element.OID, pos)
	if err != nil {
		return nil, err
	}
	items = alike(items)
	t := pgtypes.Type{OID: array, Typmod: element.Typmod}
	e := computed(array, listOf(sqlOf(items)), items...)
	if len(items) == 0 {
		e.when, e.settled = whilePlanning, true
	}
	e.typ, e.pos, e.constant = t, pos, true
	e.likeAll(items)
	if len(items) == 0 {
		e.sql, e.wide = emptyList(t), byKey(array)
	}
	for i, x := range items {
		e.constant = e.constant && x.constant
		if i == 0 {
			e.typ.Typmod = x.typ.Typmod
		} else if x.typ.Typmod != e.typ.Typmod {
			e.typ.Typmod = -1
		}
	}
	if e.constant {
		e.items = items
	}
	return e, nil
}

// listOf writes a list of DuckDB, in words that PostgreSQL's grammar has too.
func listOf(texts []string) string { return "list_value(" + strings.Join(texts, ", ") + ")" }

// emptyList is a list without elements. Of numerics it has no digits, as NULL has none.
func emptyList(array pgtypes.Type) string {
	if elementType(array).OID == pgtypes.Numeric {
		return "CAST(list_value() AS DECIMAL(1,0)[])"
	}
	return "CAST(list_value() AS " + duckType(array) + ")"
}

// arrayLiteral reads an array's text: '{1,2}'.
func (b *binder) arrayLiteral(text string, t pgtypes.Type) (*expr, error) {
	texts, err := pgtypes.ParseArray(text)
	if err != nil {
		return nil, err
	}
	element := elementType(t)
	items := make([]*expr, len(texts))
	for i, x := range texts {
		if x == nil {
			items[i] = null(element)
		} else if items[i], err = b.readText(*x, element); err != nil {
			return nil, err
		}
	}
	return b.arrayOf(items, element, -1)
}

// eachName is the variable of a function that is applied to every element. No FROM item has such an alias: see alias.
const eachName = `"?each"`

// elementExpr is any element of an array, by eachName.
func elementExpr(array *expr) *expr {
	return &expr{typ: elementType(array.typ), sql: eachName, pos: array.pos, scale: array.scale, wide: array.wide}
}

// each writes the list in which every element of an array became f of it.
func (b *binder) each(array *expr, f func(x *expr) (*expr, error)) (*expr, error) {
	x := elementExpr(array)
	y, err := f(x)
	if err != nil {
		return nil, err
	}
	e := computed(postgresTables().types[y.typ.OID].array, transformed(array.sql, y.sql), array, y)
	e.typ.Typmod, e.scale, e.wide = y.typ.Typmod, y.scale, y.wide
	if y.sql == eachName {
		e.sql = array.sql
	}
	return e, b.oneLevel(e, array.pos)
}

// transformed is the list of what an expression with eachName is for every element. One that looks things up in the
// system's relations has a subquery, which DuckDB knows in no lambda: it is computed of rows.
func transformed(list, element string) string {
	if !strings.Contains(element, "pgc.") {
		return "list_transform(" + list + ", lambda " + eachName + ": " + element + ")"
	}
	return "CASE WHEN len(" + list + ") = 0 THEN list_value() ELSE (SELECT list(" + `"?became" ORDER BY "?place") FROM (SELECT ` + element +
		` AS "?became", "?place" FROM (SELECT unnest(` + list + ") AS " + eachName + ", unnest(range(len(" + list + `))) AS "?place"))) END`
}

// oneLevel refuses a function of every element that looks at columns of two levels of query: DuckDB does not bind it.
func (b *binder) oneLevel(e *expr, pos int32) error {
	for _, v := range e.bare {
		if v.level != e.bare[0].level && strings.Contains(e.sql, eachName) {
			return b.unsupported(pos, "an array of one level of query compared with a column of another")
		}
	}
	return nil
}

// castOfArrays casts an array to text, text to an array, or an array element by element.
func (b *binder) castOfArrays(e *expr, t pgtypes.Type) (*expr, error) {
	p := postgresTables()
	switch from, to := p.elementOf(e.typ.OID), p.elementOf(t.OID); {
	case from != 0 && isText(t.OID):
		texts, err := b.outTexts(e)
		if err != nil {
			return nil, err
		}
		out := computed(pgtypes.Text, "tg_array_out("+texts.sql+")", e)
		if e.fromZero {
			out.sql = "(" + boundsText(e.sql) + out.sql + ")"
		}
		out.typ = pgtypes.Of(t.OID)
		return b.cast(out, t)
	case isText(e.typ.OID) && to != 0 && e.isText:
		return b.typed(e.literal, t, e.pos)
	case isText(e.typ.OID) && to != 0:
		return b.textToArray(e, t)
	case from != 0 && to != 0 && castExists(from, to):
		c, err := b.each(e, func(x *expr) (*expr, error) { return b.cast(x, elementType(t)) })
		if err == nil {
			c.fromZero = countsFromZero(e)
		}
		return c, err
	}
	return nil, b.fail("42846", e.pos, "cannot cast type %s to %s", typeText(e.typ), typeText(t))
}

// textToArray reads arrays whose text the engine knows only.
func (b *binder) textToArray(e *expr, t pgtypes.Type) (*expr, error) {
	items := computed(oidTextArray, "tg_array_in("+e.sql+")", e)
	return b.each(items, func(x *expr) (*expr, error) { return b.cast(x, elementType(t)) })
}

// outText gives the text that a value's output function writes: a cast to text, but for booleans.
func (b *binder) outText(x *expr) (*expr, error) {
	if x.typ.OID == pgtypes.Bool {
		return computed(pgtypes.Text, "CASE WHEN "+x.sql+" THEN 't' WHEN NOT "+x.sql+" THEN 'f' END", x), nil
	}
	if x.typ.OID == pgtypes.BPChar {
		return computed(pgtypes.Text, x.sql, x), nil
	}
	return b.cast(x, pgtypes.Of(pgtypes.Text))
}

// outTexts gives the list of the texts of an array's elements.
func (b *binder) outTexts(array *expr) (*expr, error) { return b.each(array, b.outText) }

// arraySubquery binds ARRAY(SELECT x … ORDER BY …).
func (b *binder) arraySubquery(n *pg_query.SubLink, p *selectParts) (*expr, error) {
	if err := b.settleTargets(p); err != nil {
		return nil, err
	}
	t := p.targets[0].e
	array, err := b.arrayTypeOf(t.typ.OID, n.Location)
	if err != nil {
		return nil, err
	}
	rows := "(" + b.compose(p, []string{"v"}) + ")"
	list := "list(x.v)"
	if len(p.order) > 0 {
		list = "list(x.v ORDER BY x.n)"
		rows = "(SELECT v, row_number() OVER () AS n FROM " + rows + ")"
	}
	text := "(SELECT coalesce(" + list + ", " + emptyList(pgtypes.Of(array)) + ") FROM " + rows + " AS x)"
	return &expr{typ: pgtypes.Type{OID: array, Typmod: t.typ.Typmod}, sql: text, pos: n.Location, scale: t.scale, wide: t.wide, bare: p.outerRefs}, nil
}
