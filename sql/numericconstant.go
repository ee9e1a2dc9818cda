package sql

import (
	"strconv"
	"strings"

	"tidegate/internal/pgnumeric"
	"tidegate/internal/pgtypes"
)

// numericOf makes a constant.
func numericOf(n pgnumeric.Numeric) *expr {
	text := n.String()
	e := constantOf(pgtypes.Numeric, quoteText(text))
	if n.Special() {
		e.wide = true
		return e
	}
	e.value = &pgtypes.Datum{Class: pgtypes.ClassNumeric, S: text}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	precision := len(whole) + len(fraction)
	if whole == "0" && precision > pgtypes.MaxPrecision {
		precision--
	}
	if precision > pgtypes.MaxPrecision {
		e.wide = true
		return e
	}
	e.scale = len(fraction)
	e.sql = "CAST(" + e.sql + " AS DECIMAL(" + strconv.Itoa(precision) + "," + strconv.Itoa(e.scale) + "))"
	return e
}

// numericConstant makes a constant from PostgreSQL's text: DuckDB would take 1.0e8 for a DOUBLE.
func numericConstant(text string, t pgtypes.Type) (*expr, error) {
	n, err := pgnumeric.Parse(text)
	if err != nil {
		return nil, err
	}
	precision, scale, limited := t.PrecisionScale()
	if limited {
		if n, err = n.Fit(precision, scale); err != nil {
			return nil, err
		}
	}
	e := numericOf(n)
	if limited && !narrowable(precision, scale) {
		e = widened(e)
	}
	e.typ = t
	return e, nil
}

// constantNumeric gives the value of a constant numeric.
func constantNumeric(e *expr) (pgnumeric.Numeric, bool) {
	if e.value == nil || e.value.Class != pgtypes.ClassNumeric || e.typ.OID != pgtypes.Numeric {
		return pgnumeric.Numeric{}, false
	}
	n, err := pgnumeric.Parse(e.value.S)
	return n, err == nil
}

// foldNumerics computes an operator of constants. What fails is left to the engine: the row may never come.
func foldNumerics(op string, x, y *expr) *expr {
	n, ok := constantNumeric(x)
	m, also := constantNumeric(y)
	compute := map[string]func(n, m pgnumeric.Numeric) (pgnumeric.Numeric, error){
		"+": pgnumeric.Add, "-": pgnumeric.Sub, "*": pgnumeric.Mul, "/": pgnumeric.Div, "%": pgnumeric.Mod,
	}[op]
	if !ok || !also || compute == nil {
		return nil
	}
	r, err := compute(n, m)
	if err != nil {
		return nil
	}
	return numericOf(r)
}
