package pgtypes

import (
	"cmp"
	"math/big"
	"strings"
)

// Class is the set of types whose Datums compare with each other.
type Class uint8

// The classes. Integers, booleans (0, 1), dates (days) and timestamps (microseconds, from 1970-01-01, UTC for
// timestamptz) are each a class of their own although all lie in Datum.I.
const (
	ClassNone Class = iota // no order that pruning may use
	ClassBool
	ClassInt
	ClassFloat
	ClassNumeric
	ClassText
	ClassDate
	ClassTimestamp
	ClassTimestamptz
)

// ClassOf gives the class of a type's values.
func ClassOf(oid OID) Class {
	switch oid {
	case Bool:
		return ClassBool
	case Int2, Int4, Int8, OIDType:
		return ClassInt
	case Float4, Float8:
		return ClassFloat
	case Numeric:
		return ClassNumeric
	case Text, Varchar, Name:
		return ClassText
	case Date:
		return ClassDate
	case Timestamp:
		return ClassTimestamp
	case Timestamptz:
		return ClassTimestamptz
	}
	return ClassNone
}

// Datum is one value that is not NULL: a constant of a predicate or a bound of a file's statistics.
type Datum struct {
	Class Class
	I     int64   // ClassBool, ClassInt, ClassDate, ClassTimestamp, ClassTimestamptz
	F     float64 // ClassFloat
	S     string  // ClassText; ClassNumeric as decimal digits, "-12.50"
}

// Compare orders two Datums of one class: -1, 0, 1. Text is in byte order, as in PostgreSQL's C collation; NaN is
// the largest float. Different classes, and numerics that are no decimal digits, are not comparable: ok is false.
func (d Datum) Compare(e Datum) (order int, ok bool) {
	if d.Class != e.Class {
		return 0, false
	}
	switch d.Class {
	case ClassNone:
		return 0, false
	case ClassFloat:
		return compareFloat(d.F, e.F), true
	case ClassText:
		return strings.Compare(d.S, e.S), true
	case ClassNumeric:
		a, ok1 := new(big.Rat).SetString(d.S)
		b, ok2 := new(big.Rat).SetString(e.S)
		if !ok1 || !ok2 {
			return 0, false
		}
		return a.Cmp(b), true
	default: // the classes in Datum.I
		return cmp.Compare(d.I, e.I), true
	}
}

func compareFloat(a, b float64) int {
	switch {
	case a != a && b != b:
		return 0
	case a != a:
		return 1
	case b != b:
		return -1
	}
	return cmp.Compare(a, b)
}
