package pgfunc

import (
	"math"
	"slices"

	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgnumeric"
)

// numeric is the functions of numbers. A numeric is PostgreSQL's text of it here.
func numeric() []udf.Function {
	return slices.Concat(numericArithmetic(), numericRounding(), numericConversions(), numericSummaries(), floats(), floatLists())
}

type number = pgnumeric.Numeric

// ofText makes a function of a numeric.
func ofText[R any](name string, f func(number) (R, error)) udf.Function {
	return udf.Of1(name, func(text string) (R, error) {
		n, err := pgnumeric.Parse(text)
		if err != nil {
			return *new(R), err
		}
		return f(n)
	})
}

func unary(name string, f func(number) (number, error)) udf.Function {
	return ofText(name, func(n number) (string, error) { return written(f(n)) })
}

// sure makes a function that has no errors.
func sure(name string, f func(number) number) udf.Function {
	return ofText(name, func(n number) (string, error) { return f(n).String(), nil })
}

func binary(name string, f func(n, m number) (number, error)) udf.Function {
	return udf.Of2(name, func(a, b string) (string, error) {
		n, err := pgnumeric.Parse(a)
		if err != nil {
			return "", err
		}
		m, err := pgnumeric.Parse(b)
		if err != nil {
			return "", err
		}
		return written(f(n, m))
	})
}

func written(n number, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return n.String(), nil
}

func numericArithmetic() []udf.Function {
	return []udf.Function{
		binary("tg_num_add", pgnumeric.Add), binary("tg_num_sub", pgnumeric.Sub), binary("tg_num_mul", pgnumeric.Mul),
		binary("tg_num_div", pgnumeric.Div), binary("tg_num_mod", pgnumeric.Mod), binary("tg_num_divtrunc", pgnumeric.DivTrunc),
		binary("tg_num_gcd", func(n, m number) (number, error) { return pgnumeric.GCD(n, m), nil }), binary("tg_num_lcm", pgnumeric.LCM),
		binary("tg_num_power", pgnumeric.Power), binary("tg_num_log", pgnumeric.Log),
		unary("tg_num_sqrt", pgnumeric.Sqrt), unary("tg_num_exp", pgnumeric.Exp), unary("tg_num_ln", pgnumeric.Ln), unary("tg_num_log10", pgnumeric.Log10),
		sure("tg_num_neg", number.Neg), sure("tg_num_abs", number.Abs), sure("tg_num_sign", number.Signum),
		udf.Of1("tg_num_factorial", func(n int64) (string, error) { return written(pgnumeric.Factorial(n)) }),
		udf.Of4("tg_num_bucket", func(a, low, high string, count int32) (int32, error) {
			var bounds [3]number
			for i, s := range []string{a, low, high} {
				var err error
				if bounds[i], err = pgnumeric.Parse(s); err != nil {
					return 0, err
				}
			}
			return pgnumeric.Bucket(bounds[0], bounds[1], bounds[2], count)
		}),
		udf.Of4("tg_float_bucket", pgnumeric.FloatBucket),
		extreme("tg_num_greatest", 1), extreme("tg_num_least", -1),
		udf.Of2("tg_int_gcd", pgnumeric.GCDInt[int32]), udf.Of2("tg_int_gcd", pgnumeric.GCDInt[int64]),
		divideInt[int16]("smallint"), divideInt[int32]("integer"), divideInt[int64]("bigint"), remainderInt[int16](), remainderInt[int32](), remainderInt[int64](),
		shiftLeft[int16](), shiftLeft[int32](), shiftLeft[int64](), shiftRight[int16](), shiftRight[int32](), shiftRight[int64](),
		udf.Of2("tg_int_lcm", pgnumeric.LCMInt[int32]), udf.Of2("tg_int_lcm", pgnumeric.LCMInt[int64]),
	}
}

func divideInt[T int16 | int32 | int64](typ string) udf.Function {
	return udf.Of2("tg_int_div", func(x, y T) (T, error) {
		switch {
		case y == 0:
			return 0, pgerr.New(pgerr.DivisionByZero, "division by zero")
		case y == -1 && x < 0 && -x == x:
			return 0, pgerr.New(pgerr.NumericOutOfRange, "%s out of range", typ)
		}
		return x / y, nil
	})
}

func remainderInt[T int16 | int32 | int64]() udf.Function {
	return udf.Of2("tg_int_mod", func(x, y T) (T, error) {
		if y == 0 {
			return 0, pgerr.New(pgerr.DivisionByZero, "division by zero")
		}
		return x % y, nil
	})
}

// shiftBits is how many of the bits of a shift count: the machine takes it modulo the width, of an int2 as of an int4.
func shiftBits[T int16 | int32 | int64](by int32) uint32 {
	if _, wide := any(*new(T)).(int64); wide {
		return uint32(by) & 63
	}
	return uint32(by) & 31
}

func shift[T int16 | int32 | int64](name string, by func(x T, bits uint32) T) udf.Function {
	return udf.Of2(name, func(x T, n int32) (T, error) { return by(x, shiftBits[T](n)), nil })
}

func shiftLeft[T int16 | int32 | int64]() udf.Function {
	return shift("tg_int_left", func(x T, bits uint32) T { return x << bits })
}

func shiftRight[T int16 | int32 | int64]() udf.Function {
	return shift("tg_int_right", func(x T, bits uint32) T { return x >> bits })
}

// extreme makes GREATEST, or LEAST for the way -1: NULLs do not count, and of equal values the first is taken.
func extreme(name string, way int) udf.Function {
	return udf.Variadic(name, func(args []udf.Null[string]) (udf.Null[string], error) {
		var best number
		var out udf.Null[string]
		for _, a := range args {
			if !a.Valid {
				continue
			}
			n, err := pgnumeric.Parse(a.V)
			if err != nil {
				return out, err
			}
			if !out.Valid || n.Compare(best)*way > 0 {
				best, out.Valid = n, true
			}
		}
		out.V = best.String()
		return out, nil
	})
}

func numericRounding() []udf.Function {
	return []udf.Function{
		udf.Of2("tg_num_round", func(s string, digits int32) (string, error) {
			n, err := pgnumeric.Parse(s)
			if err != nil {
				return "", err
			}
			return written(n.Round(int(digits)))
		}),
		udf.Of2("tg_num_trunc", func(s string, digits int32) (string, error) {
			n, err := pgnumeric.Parse(s)
			return n.Trunc(int(digits)).String(), err
		}),
		udf.Of3("tg_num_fit", func(s string, precision, scale int32) (string, error) {
			n, err := pgnumeric.Parse(s)
			if err != nil {
				return "", err
			}
			return written(n.Fit(int(precision), int(scale)))
		}),
		sure("tg_num_ceil", number.Ceil), sure("tg_num_floor", number.Floor), sure("tg_num_trim_scale", number.TrimScale),
		ofText("tg_num_scale", scaleOf(number.Scale)), ofText("tg_num_min_scale", scaleOf(number.MinScale)),
	}
}

// scaleOf makes a function of finite numerics; the others give NULL.
func scaleOf(f func(number) int) func(number) (udf.Null[int32], error) {
	return func(n number) (udf.Null[int32], error) {
		return udf.Null[int32]{V: int32(f(n)), Valid: !n.Special()}, nil
	}
}

func numericConversions() []udf.Function {
	return []udf.Function{
		// The order-preserving key: what ORDER BY, GROUP BY and comparisons go over.
		ofText("tg_num_key", func(n number) (string, error) { return n.Key(), nil }),
		sure("tg_num_text", func(n number) number { return n }),
		ofText("tg_num_float8", number.Float8), ofText("tg_num_float4", number.Float4),
		udf.Of1("tg_num_of_float8", func(f float64) (string, error) { return pgnumeric.FromFloat8(f).String(), nil }),
		udf.Of1("tg_num_of_float4", func(f float32) (string, error) { return pgnumeric.FromFloat4(f).String(), nil }),
		ofText("tg_num_int8", func(n number) (int64, error) { return n.Int64("bigint", math.MinInt64, math.MaxInt64) }),
		ofText("tg_num_int4", func(n number) (int32, error) {
			i, err := n.Int64("integer", math.MinInt32, math.MaxInt32)
			return int32(i), err
		}),
		ofText("tg_num_int2", func(n number) (int16, error) {
			i, err := n.Int64("smallint", math.MinInt16, math.MaxInt16)
			return int16(i), err
		}),
	}
}

// numericSummaries make variances of sums, sums of squares, and counts.
func numericSummaries() []udf.Function {
	of := func(name string, sample, root bool) udf.Function {
		return udf.Of3(name, func(sum, squares string, count int64) (udf.Null[string], error) {
			s, err := pgnumeric.Parse(sum)
			if err != nil {
				return udf.Null[string]{}, err
			}
			q, err := pgnumeric.Parse(squares)
			if err != nil {
				return udf.Null[string]{}, err
			}
			v, ok, err := pgnumeric.Variance(s, q, count, sample, root)
			return udf.Null[string]{V: v.String(), Valid: ok}, err
		})
	}
	return []udf.Function{
		of("tg_num_var_pop", false, false), of("tg_num_var_samp", true, false),
		of("tg_num_stddev_pop", false, true), of("tg_num_stddev_samp", true, true),
	}
}
