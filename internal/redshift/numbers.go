package redshift

import (
	"math/big"
	"strings"

	"tidegate/internal/pgerr"
)

// maxDigits is how many digits a decimal has at most.
const maxDigits = 38

// Divide divides decimals, which are given as their texts. The quotient has scale digits behind the point; what is
// left is cut off.
func Divide(x, y string, scale int32) (string, error) {
	n, s1 := unscaled(x)
	d, s2 := unscaled(y)
	if n == nil || d == nil {
		return "", pgerr.New(pgerr.NumericOutOfRange, "numeric field overflow")
	}
	if d.Sign() == 0 {
		return "", pgerr.New(pgerr.DivisionByZero, "division by zero")
	}
	ten := big.NewInt(10)
	power := func(n int) *big.Int { return new(big.Int).Exp(ten, big.NewInt(int64(n)), nil) }
	n.Mul(n, power(int(scale)+s2))
	d.Mul(d, power(s1))
	digits := n.Quo(n, d).String()
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	if len(digits) > maxDigits {
		return "", pgerr.New(pgerr.NumericOutOfRange, "numeric field overflow")
	}
	if scale == 0 {
		return sign + digits, nil
	}
	if missing := int(scale) + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - int(scale)
	return sign + digits[:point] + "." + digits[point:], nil
}

// unscaled gives the digits of a decimal as a number, and how many of them are behind the point.
func unscaled(text string) (*big.Int, int) {
	whole, fraction, _ := strings.Cut(text, ".")
	n, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return nil, 0
	}
	return n, len(fraction)
}
