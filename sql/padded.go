package sql

import (
	"strings"
	"unicode/utf8"

	"tidegate/internal/pgtypes"
)

// Values of character(n) have their blanks in the engine, as they are sent. They are compared, sorted and grouped without
// them: their expressions are wide, and orderText takes them away. So does every cast to another type of texts.

// maxLength is the largest n of character(n) and varchar(n).
const maxLength = 10485760

// unpadded gives the text without the blanks at its end.
func unpadded(e *expr) string { return "rtrim(" + e.sql + ", ' ')" }

// paddedCast casts to character(n), which cuts and fills up.
func (b *binder) paddedCast(e *expr, t pgtypes.Type) (string, error) {
	text := e
	if e.typ.OID != pgtypes.BPChar {
		var err error
		if text, err = b.cast(e, pgtypes.Of(pgtypes.Text)); err != nil {
			return "", err
		}
	}
	return padded(text.sql, t), nil
}

func padded(text string, t pgtypes.Type) string {
	if t.Typmod < 4 {
		return text
	}
	return "rpad(" + text + ", " + itoa(int(t.Typmod)-4) + ", ' ')"
}

// paddedConstant is not known as a text: a comparison has to ignore its blanks.
func paddedConstant(text string, t pgtypes.Type) *expr {
	if n := int(t.Typmod) - 4; n > 0 {
		text = string(firstRunes(text, n))
		text += strings.Repeat(" ", n-utf8.RuneCountInString(text))
	}
	e := constantOf(t.OID, quoteText(text))
	e.typ = t
	return e
}

// paddedColumn is a column of a table: files may have its values without their blanks. What statistics say of them is
// not used, for the order of values with blanks is another one.
func paddedColumn(e *expr) *expr {
	e.sql, e.column, e.wide = padded(e.sql, e.typ), nil, true
	return e
}
