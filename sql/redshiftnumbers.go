package sql

import (
	"fmt"
	"strings"

	"tidegate/internal/pgtypes"
	"tidegate/internal/redshift"
)

// Redshift's decimals have a precision and a scale that the statement tells: "Computations with numeric values". The
// engine's value is a DECIMAL of that scale.

// shortestQuotient is the least scale of a quotient.
const shortestQuotient = 4

// decimalOf gives the precision and the scale of a number. ok is false for doubles, for what is no number, and where
// the scale is not known.
func decimalOf(e *expr) (precision, scale int, ok bool) {
	switch e.oid() {
	case pgtypes.Int2:
		return 5, 0, true
	case pgtypes.Int4:
		return 10, 0, true
	case pgtypes.Int8:
		return 19, 0, true
	case pgtypes.Numeric:
	default:
		return 0, 0, false
	}
	if p, s, ok := e.typ.PrecisionScale(); ok {
		return p, s, !e.wide && s >= 0
	}
	if v, ok := constantNumeric(e); ok && !e.wide {
		return decimalText(v.String())
	}
	return pgtypes.MaxPrecision, e.scale, e.scale >= 0 && !e.wide
}

// decimalType is DECIMAL(precision, scale).
func decimalType(precision, scale int) pgtypes.Type {
	return pgtypes.Type{OID: pgtypes.Numeric, Typmod: int32(precision<<16|scale) + 4}
}

// decimalExpr makes a decimal that text computes.
func decimalExpr(text string, precision, scale int, parts ...*expr) *expr {
	e := computed(pgtypes.Numeric, text, parts...)
	e.typ, e.scale = decimalType(precision, scale), scale
	return e
}

// decimals binds + - * / of decimals and of integers with decimals. It is nil where the scale is not known.
func (b *binder) decimals(op string, x, y *expr) *expr {
	p1, s1, ok1 := decimalOf(x)
	p2, s2, ok2 := decimalOf(y)
	if !ok1 || !ok2 {
		return nil
	}
	var p, s int
	var text string
	switch op {
	case "+", "-":
		s = max(s1, s2)
		p = min(max(p1-s1, p2-s2)+1+s, pgtypes.MaxPrecision)
		text = fmt.Sprintf("CAST(CAST(%s AS DECIMAL(%d,%d)) %s CAST(%s AS DECIMAL(%d,%d)) AS DECIMAL(%d,%d))", x.sql, p, s, op, y.sql, p, s, p, s)
	case "*":
		s = s1 + s2
		p = min(p1+p2+1, pgtypes.MaxPrecision)
		if s > p {
			return nil
		}
		text = fmt.Sprintf("CAST(CAST(%s AS DECIMAL(38,%d)) * CAST(%s AS DECIMAL(%d,%d)) AS DECIMAL(%d,%d))", x.sql, s1, y.sql, max(p2, s2), s2, p, s)
	case "/":
		b.undocumented("the quotient of decimals, whose last digit")
		s = min(max(shortestQuotient, s1+p2-s2+1), pgtypes.MaxPrecision)
		p = min(p1-s1+s2+s, pgtypes.MaxPrecision)
		text = fmt.Sprintf("CAST(tg_rs_divide(CAST(%s AS VARCHAR), CAST(%s AS VARCHAR), %d) AS DECIMAL(%d,%d))", x.sql, y.sql, s, max(p, s), s)
		p = max(p, s)
	default:
		return nil
	}
	if folded := foldDecimals(op, x, y, p, s); folded != nil {
		return folded
	}
	return decimalExpr(text, p, s, x, y)
}

// foldDecimals computes constants. What fails is left to the engine.
func foldDecimals(op string, x, y *expr, p, s int) *expr {
	var folded *expr
	if op == "/" {
		if x.value == nil || y.value == nil {
			return nil
		}
		l, ok1 := constantText(x)
		r, ok2 := constantText(y)
		if !ok1 || !ok2 {
			return nil
		}
		q, err := redshift.Divide(l, r, int32(s))
		if err != nil {
			return nil
		}
		folded, err = numericConstant(q, decimalType(p, s))
		if err != nil {
			return nil
		}
		return folded
	}
	if folded = foldNumerics(op, x, y); folded == nil {
		return nil
	}
	if _, scale, ok := decimalOf(folded); !ok || scale != s {
		return nil
	}
	folded.typ = decimalType(p, s)
	return folded
}

// sameDecimals makes decimals alike that stand for each other, as in CASE and UNION: all have the largest scale. It is
// nil where a scale is not known.
func sameDecimals(list []*expr) []*expr {
	scale, whole := 0, 1
	for _, e := range list {
		if e.isNull() {
			continue
		}
		p, s, ok := decimalOf(e)
		if !ok {
			return nil
		}
		scale, whole = max(scale, s), max(whole, p-s)
	}
	p := min(whole+scale, pgtypes.MaxPrecision)
	out := make([]*expr, len(list))
	for i, e := range list {
		if e.isNull() {
			out[i] = null(decimalType(p, scale))
			continue
		}
		if have, s, _ := decimalOf(e); s == scale && have == p && e.typ.Typmod >= 4 {
			out[i] = e
			continue
		}
		c := *e
		c.sql = fmt.Sprintf("CAST(%s AS DECIMAL(%d,%d))", e.sql, p, scale)
		c.typ, c.scale = decimalType(p, scale), scale
		out[i] = &c
	}
	return out
}

// alike makes the parts of CASE, VALUES and their like alike, which were written as written and have one type now.
func (b *binder) alike(written, parts []*expr) []*expr {
	if !b.redshift() || len(parts) == 0 || parts[0].typ.OID != pgtypes.Numeric {
		return alike(parts)
	}
	mixed := make([]*expr, len(parts))
	for i, e := range written {
		if mixed[i] = e; e.untyped() {
			mixed[i] = parts[i]
		}
	}
	if same := sameDecimals(mixed); same != nil {
		return same
	}
	return alike(parts)
}

// unionType gives the columns of a set operation's sides their type: of decimals it has precision and scale.
func (b *binder) unionType(common pgtypes.OID, l, r *expr) pgtypes.Type {
	if !b.redshift() || common != pgtypes.Numeric || l.untyped() || r.untyped() {
		return pgtypes.Of(common)
	}
	if same := sameDecimals([]*expr{l, r}); same != nil {
		return same[0].typ
	}
	return pgtypes.Of(common)
}

// decimalText gives the precision and the scale of a decimal's text.
func decimalText(text string) (precision, scale int, ok bool) {
	whole, fraction, _ := strings.Cut(strings.TrimLeft(text, "+-"), ".")
	if strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, 0, false
	}
	precision = max(len(strings.TrimLeft(whole, "0"))+len(fraction), 1)
	return precision, len(fraction), precision <= pgtypes.MaxPrecision
}
