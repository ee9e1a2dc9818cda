package pgformat

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgnumeric"
)

// digits is a number made ready to be written: how many of the format's places before the point stay empty, and the
// digits, in which # stands for what does not fit.
type digits struct {
	text   string
	sign   byte
	spaces int
	format NumberFormat // with the places that this number takes
}

// laid puts the text of a number into the places of the format.
func (f NumberFormat) laid(text string) digits {
	d := digits{text: text, sign: '+', format: f}
	if text[0] == '-' {
		d.sign, d.text = '-', text[1:]
	}
	whole, _, _ := strings.Cut(d.text, ".")
	switch {
	case len(whole) < f.pre:
		d.spaces = f.pre - len(whole)
	case len(whole) > f.pre:
		d.text = strings.Repeat("#", f.pre) + "." + strings.Repeat("#", f.post)
	}
	return d
}

// noExponent is what stands for NaN and the infinities in scientific notation.
func (f NumberFormat) noExponent() string {
	return " " + strings.Repeat("#", f.pre) + "." + strings.Repeat("#", f.post+4)
}

// Numeric writes a numeric.
func (f *NumberFormat) Numeric(n pgnumeric.Numeric) (string, error) {
	g := *f
	switch {
	case g.text == "":
		return "", nil
	case g.roman:
		r, err := n.Round(0)
		if err != nil {
			return "", err
		}
		i, err := r.Int64("integer", math.MinInt32, math.MaxInt32)
		if err != nil {
			return "", err
		}
		return g.writeRoman(i), nil
	case g.scientific && n.Special():
		return g.noExponent(), nil
	case g.scientific:
		return spaced(exponential(n, g.post)), nil
	}
	if g.shift {
		power, err := pgnumeric.Power(pgnumeric.Int(10), pgnumeric.Int(int64(g.multi)))
		if err != nil {
			return "", err
		}
		if n, err = pgnumeric.Mul(n, power); err != nil {
			return "", err
		}
		g.pre += g.multi
	}
	n, err := n.Round(g.post)
	if err != nil {
		return "", err
	}
	return g.laid(n.String()).write()
}

// spaced puts a blank where a minus would be.
func spaced(s string) string {
	if s[0] == '-' {
		return s
	}
	return " " + strings.TrimPrefix(s, "+")
}

// exponential writes a finite numeric as 1.23e+04.
func exponential(n pgnumeric.Numeric, post int) string {
	text := n.String()
	sign := ""
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	all := strings.TrimLeft(whole+fraction, "0")
	if all == "" {
		return fmt.Sprintf("%s%s%s", sign, withPoint("0"+strings.Repeat("0", post), post), "e+00")
	}
	exponent := len(whole) - 1 - (len(whole+fraction) - len(all))
	if len(all) > post+1 {
		kept, _ := new(big.Int).SetString(all[:post+1], 10)
		if all[post+1] >= '5' {
			kept.Add(kept, big.NewInt(1)) // 9.9 becomes 10e+00, as in PostgreSQL
		}
		all = kept.String()
	} else {
		all += strings.Repeat("0", post+1-len(all))
	}
	return fmt.Sprintf("%s%se%+03d", sign, withPoint(all, post), exponent)
}

func withPoint(digits string, post int) string {
	if post == 0 {
		return digits
	}
	return digits[:len(digits)-post] + "." + digits[len(digits)-post:]
}

// Int4 writes an integer.
func (f *NumberFormat) Int4(n int32) (string, error) {
	g := *f
	value := int64(n)
	switch {
	case g.text == "":
		return "", nil
	case g.roman:
		return g.writeRoman(value), nil
	case g.scientific:
		return spaced(strconv.FormatFloat(float64(n), 'e', g.post, 64)), nil
	case g.shift:
		factor := math.Pow(10, float64(g.multi))
		if factor > math.MaxInt32 {
			factor = math.MinInt32 // what the conversion of C gives
		}
		value = int64(int32(value * int64(factor)))
		g.pre += g.multi
	}
	return g.whole(value)
}

// Int8 writes a bigint.
func (f *NumberFormat) Int8(n int64) (string, error) {
	g := *f
	switch {
	case g.text == "":
		return "", nil
	case g.roman:
		if n < math.MinInt32 || n > math.MaxInt32 {
			return "", pgerr.New(pgerr.NumericOutOfRange, "integer out of range")
		}
		return g.writeRoman(n), nil
	case g.scientific:
		return f.Numeric(pgnumeric.Int(n))
	case g.shift:
		tooLarge := pgerr.New(pgerr.NumericOutOfRange, "bigint out of range")
		if g.multi > 18 {
			return "", tooLarge
		}
		product := new(big.Int).Mul(big.NewInt(n), big.NewInt(int64(math.Pow10(g.multi))))
		if !product.IsInt64() {
			return "", tooLarge
		}
		n = product.Int64()
		g.pre += g.multi
	}
	return g.whole(n)
}

func (f NumberFormat) whole(n int64) (string, error) {
	text := strconv.FormatInt(n, 10)
	if f.post > 0 {
		text += "." + strings.Repeat("0", f.post)
	}
	return f.laid(text).write()
}

// Float8 writes a double precision: of its digits 15 are written.
func (f *NumberFormat) Float8(v float64) (string, error) { return f.float(v, 15) }

// Float4 writes a real: of its digits 6 are written.
func (f *NumberFormat) Float4(v float32) (string, error) { return f.float(float64(v), 6) }

func (f *NumberFormat) float(v float64, significant int) (string, error) {
	g := *f
	special := math.IsNaN(v) || math.IsInf(v, 0)
	switch {
	case g.text == "":
		return "", nil
	case g.roman:
		if special {
			v = 0
		}
		return g.writeRoman(int64(math.RoundToEven(max(0, min(v, romanLimit))))), nil
	case g.scientific && special:
		return g.noExponent(), nil
	case g.scientific:
		return spaced(strconv.FormatFloat(v, 'e', g.post, 64)), nil
	case g.shift:
		v *= math.Pow(10, float64(g.multi))
		if significant == 6 {
			v = float64(float32(v))
		}
		g.pre += g.multi
	}
	whole := len(fixed(math.Abs(v), 0))
	g.post = max(0, min(g.post, significant-whole))
	return g.laid(fixed(v, g.post)).write()
}

func fixed(v float64, post int) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(v, 'f', post, 64)
}
