// Package pgnumeric computes with numeric as PostgreSQL 15 does: the same digits, the same number of them behind the
// point (the display scale), NaN and the infinities, and the same errors.
//
// The scale of a quotient, a root, a logarithm or a power depends on the values. The rules are those of PostgreSQL's
// src/backend/utils/adt/numeric.c; what a function there decides is named beside the code that follows it.
package pgnumeric

import (
	"math/big"
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

type kind uint8

const (
	finite kind = iota
	nan
	infinite
	negativeInfinite
)

// Numeric is a value and its display scale. It is never changed; the zero Numeric is 0.
type Numeric struct {
	kind  kind
	coef  *big.Int // the value times 10^scale; nil is 0
	scale int      // 0 or more
}

// NaN is no number; it equals itself and is greater than all else.
func NaN() Numeric { return Numeric{kind: nan} }

// Infinity is greater than every number.
func Infinity() Numeric { return Numeric{kind: infinite} }

// NegativeInfinity is less than every number.
func NegativeInfinity() Numeric { return Numeric{kind: negativeInfinite} }

// Int makes a numeric of an integer.
func Int(n int64) Numeric { return Numeric{coef: big.NewInt(n)} }

// New makes a numeric of coef / 10^scale. It keeps coef.
func New(coef *big.Int, scale int) Numeric { return Numeric{coef: coef, scale: scale} }

// Special reports whether n is NaN or infinite.
func (n Numeric) Special() bool { return n.kind != finite }

// IsNaN reports whether n is NaN.
func (n Numeric) IsNaN() bool { return n.kind == nan }

// Scale is the number of digits behind the point that the text of n has.
func (n Numeric) Scale() int { return n.scale }

// Sign is -1, 0 or 1; of NaN it is 0.
func (n Numeric) Sign() int {
	switch n.kind {
	case nan:
		return 0
	case infinite:
		return 1
	case negativeInfinite:
		return -1
	default: // a number
	}
	return n.integer().Sign()
}

// integer is the coefficient. It must not be changed.
func (n Numeric) integer() *big.Int {
	if n.coef == nil {
		return new(big.Int)
	}
	return n.coef
}

// maxPlain is how many digits an int64 surely holds.
const maxPlain = 18

// Parse reads numeric's text as PostgreSQL's input does: 22P02 if it is none, 22003 if it is out of all range.
func Parse(text string) (Numeric, error) {
	if n, ok := parsePlain(text); ok {
		return n, nil
	}
	plain, err := pgtypes.CheckNumeric(text)
	if err != nil {
		return Numeric{}, err
	}
	switch plain {
	case "NaN":
		return NaN(), nil
	case "Infinity":
		return Infinity(), nil
	case "-Infinity":
		return NegativeInfinity(), nil
	}
	whole, fraction, _ := strings.Cut(plain, ".")
	coef, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return Numeric{}, pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type numeric: %q", text)
	}
	return Numeric{coef: coef, scale: len(fraction)}, nil
}

// parsePlain reads the short text of a number without an exponent, which nearly all are.
func parsePlain(text string) (Numeric, bool) {
	s, negative := strings.CutPrefix(text, "-")
	if len(s) == 0 || len(s) > maxPlain {
		return Numeric{}, false
	}
	v, point := int64(0), -1
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			v = v*10 + int64(c-'0')
		case c == '.' && point < 0 && len(s) > 1:
			point = i
		default:
			return Numeric{}, false
		}
	}
	if negative {
		v = -v
	}
	n := Numeric{coef: big.NewInt(v)}
	if point >= 0 {
		n.scale = len(s) - point - 1
	}
	return n, true
}

// String is PostgreSQL's text of n.
func (n Numeric) String() string {
	switch n.kind {
	case nan:
		return "NaN"
	case infinite:
		return "Infinity"
	case negativeInfinite:
		return "-Infinity"
	default: // a number
	}
	var room [64]byte
	digits := n.integer().Append(room[:0], 10)
	if n.scale == 0 {
		return string(digits)
	}
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	b.Grow(len(digits) + n.scale + 3)
	b.WriteString(sign)
	if len(digits) <= n.scale {
		b.WriteString("0.")
		for range n.scale - len(digits) {
			b.WriteByte('0')
		}
		b.Write(digits)
		return b.String()
	}
	b.Write(digits[:len(digits)-n.scale])
	b.WriteByte('.')
	b.Write(digits[len(digits)-n.scale:])
	return b.String()
}

// Compare gives -1, 0 or 1. NaN equals NaN and is greater than all else, as PostgreSQL sorts it.
func (n Numeric) Compare(m Numeric) int {
	if n.kind != finite || m.kind != finite {
		rank := [...]int{finite: 1, negativeInfinite: 0, infinite: 2, nan: 3}
		return rank[n.kind] - rank[m.kind]
	}
	a, b := aligned(n, m)
	return a.Cmp(b)
}

// aligned gives both coefficients at the larger of the two scales.
func aligned(n, m Numeric) (a, b *big.Int) {
	a, b = n.integer(), m.integer()
	switch {
	case n.scale < m.scale:
		a = new(big.Int).Mul(a, power10(m.scale-n.scale))
	case m.scale < n.scale:
		b = new(big.Int).Mul(b, power10(n.scale-m.scale))
	}
	return a, b
}

// powers are 10^0, 10^1, … as often as they are needed.
var powers = func() (list [80]*big.Int) {
	list[0] = big.NewInt(1)
	for i := 1; i < len(list); i++ {
		list[i] = new(big.Int).Mul(list[i-1], big.NewInt(10))
	}
	return list
}()

// power10 gives 10^n, which must not be changed.
func power10(n int) *big.Int {
	if n < len(powers) {
		return powers[n]
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
