package sql

import (
	"strings"

	"tidegate/internal/pgtypes"
	"tidegate/internal/redshift"
)

// Blanks at the end of a text do not count in Redshift's comparisons, and the length of a VARCHAR is one of bytes.

// textWidth is the length of TEXT, and of BPCHAR without a length.
const textWidth = 256

// redshiftType gives a type's name as PostgreSQL's grammar has it, with the length that is meant where none is written.
func redshiftType(n typeName) typeName {
	if n.array || n.schema != "" && n.schema != "pg_catalog" {
		return n
	}
	switch {
	case n.name == "text" && len(n.mods) == 0:
		n.name, n.mods = "varchar", []int{textWidth}
	case n.name == "numeric" && len(n.mods) == 0:
		n.mods = []int{18, 0}
	case n.name == "nvarchar":
		n.name = "varchar"
	case n.name == "nchar":
		n.name = "bpchar"
	}
	return n
}

// limitedText casts to VARCHAR(n): the longest beginning of at most n bytes.
func (b *binder) limitedText(e *expr, t pgtypes.Type) (*expr, error) {
	if e.typ.OID == t.OID && e.typ.Typmod == t.Typmod && !e.untyped() {
		return e, nil
	}
	x, err := b.cast(e, pgtypes.Of(pgtypes.Varchar))
	if err != nil {
		return nil, err
	}
	n := t.Typmod - 4
	switch {
	case x.isNull():
		return null(t), nil
	case x.isText:
		c := textConstant(redshift.Cut(x.literal, n), pgtypes.Of(pgtypes.Varchar))
		c.typ, c.pos = t, e.pos
		return c, nil
	}
	c := computed(pgtypes.Varchar, "tg_rs_cut("+x.sql+", "+itoa(int(n))+")", x)
	c.typ, c.pos = t, e.pos
	if x.late != nil {
		c.late = b.later(func(b *binder) (*expr, error) {
			v, err := x.at(b)
			if err != nil {
				return nil, err
			}
			return b.limitedText(v, t)
		})
	}
	return c, nil
}

// blind reports whether blanks at the end of both sides do not count.
func (b *binder) blind(x, y *expr) bool {
	return b.redshift() && isText(x.typ.OID) && isText(y.typ.OID)
}

// trimmed gives a text without the blanks at its end.
func (b *binder) trimmed(e *expr) *expr {
	switch {
	case e.isText:
		return textConstant(strings.TrimRight(e.literal, " "), pgtypes.Of(e.typ.OID))
	case e.isNull():
		return e
	}
	t := *e
	t.sql, t.column, t.origin = "rtrim("+e.sql+", ' ')", nil, Origin{}
	if e.late != nil {
		t.late = b.later(func(b *binder) (*expr, error) {
			v, err := e.at(b)
			if err != nil {
				return nil, err
			}
			return b.trimmed(v), nil
		})
	}
	return &t
}

// afterBlanks is the first text behind v and all that has blanks at its end only: "!" comes next after a blank.
func afterBlanks(v string) *pgtypes.Datum {
	return &pgtypes.Datum{Class: pgtypes.ClassText, S: v + "!"}
}

// compareBlind writes a comparison of texts in which blanks at the end do not count. A column is compared as it is,
// too, so that files can be left out by their statistics.
func (b *binder) compareBlind(op string, l, r, x, y *expr) *expr {
	tx, ty := b.trimmed(x), b.trimmed(y)
	text := "(" + tx.sql + " " + op + " " + ty.sql + ")"
	subject, constant := l, ty
	if ty.isText == tx.isText {
		subject = nil
	} else if tx.isText {
		subject, constant, op = r, tx, flip[op]
	}
	if subject != nil && subject.column != nil && op == "=" {
		text = "(" + subject.sql + " >= " + constant.sql + " AND " + subject.sql + " < " + quoteText(constant.literal+"!") + " AND " + text + ")"
	}
	e := computed(pgtypes.Bool, text, x, y)
	if subject != nil && subject.column != nil {
		e.proof = blindProof(op, subject.column, constant.literal)
	}
	if anyLate(x, y) {
		e.proof = &proof{late: func(b *binder) (*proof, error) {
			sides, err := b.valued([]*expr{x, y})
			if err != nil {
				return nil, err
			}
			return b.compareBlind(op, l, r, sides[0], sides[1]).proof, nil
		}}
	}
	return e
}

// blindProof is what a comparison of a column with a text, without the blanks at its end, proves. It never proves all.
func blindProof(op string, c *column, v string) *proof {
	negated := map[string]string{"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
	return &proof{
		yes: facts{columns: map[*column]Domain{c: blindDomain(op, v)}},
		no:  facts{columns: map[*column]Domain{c: blindDomain(negated[op], v)}},
	}
}

func blindDomain(op, v string) Domain {
	at := &pgtypes.Datum{Class: pgtypes.ClassText, S: v}
	// A text with characters below the blank may come before v and, with blanks at its end, after it.
	plain := strings.IndexFunc(v, func(c rune) bool { return c < ' ' }) < 0
	switch {
	case op == "=":
		return Domain{Intervals: []Interval{{Low: at, High: afterBlanks(v), HighOpen: true}}}
	case op == ">":
		return Domain{Intervals: []Interval{{Low: at, LowOpen: true}}}
	case op == ">=":
		return Domain{Intervals: []Interval{{Low: at}}}
	case op == "<" && plain:
		return Domain{Intervals: []Interval{{High: at, HighOpen: true}}}
	case op == "<=" && plain:
		return Domain{Intervals: []Interval{{High: afterBlanks(v), HighOpen: true}}}
	}
	return anything()
}

// inBlind is x IN (elements) where blanks at the end do not count.
func (b *binder) inBlind(not bool, l, x *expr, elements []*expr) *expr {
	texts := make([]string, len(elements))
	for i, e := range elements {
		texts[i] = b.trimmed(e).sql
	}
	word := " IN ("
	if not {
		word = " NOT IN ("
	}
	e := computed(pgtypes.Bool, "("+b.trimmed(x).sql+word+strings.Join(texts, ", ")+"))", append([]*expr{x}, elements...)...)
	e.proof = b.inBlindProof(l.column, elements)
	if anyLate(elements...) {
		e.proof = &proof{late: func(b *binder) (*proof, error) {
			values, err := b.valued(elements)
			if err != nil {
				return nil, err
			}
			return b.inBlindProof(l.column, values), nil
		}}
	}
	if not {
		e.proof = notProof(e.proof)
	}
	return e
}

// inBlindProof is what IN proves of a column, nil if it is none or an element is no constant.
func (b *binder) inBlindProof(c *column, elements []*expr) *proof {
	if c == nil {
		return nil
	}
	domain := Domain{}
	for _, e := range elements {
		t := b.trimmed(e)
		if !t.isText {
			return nil
		}
		domain = domain.union(blindDomain("=", t.literal))
	}
	return &proof{yes: facts{columns: map[*column]Domain{c: domain}}, no: facts{columns: map[*column]Domain{c: anything()}}}
}
