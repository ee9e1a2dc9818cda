package pgfunc

import (
	"cmp"
	"math"

	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// float is what doubles and single-precision floats share.
type float interface{ ~float32 | ~float64 }

// floats is the functions of floats: DuckDB's arithmetic gives infinity and 0 where PostgreSQL raises 22003. What the
// C library computes for both stays in DuckDB, and its result is checked here.
func floats() []udf.Function {
	return []udf.Function{
		udf.Of2("tg_float_add", add[float64]), udf.Of2("tg_float_add", add[float32]),
		udf.Of2("tg_float_sub", subtract[float64]), udf.Of2("tg_float_sub", subtract[float32]),
		udf.Of2("tg_float_mul", multiply[float64]), udf.Of2("tg_float_mul", multiply[float32]),
		udf.Of2("tg_float_div", divide[float64]), udf.Of2("tg_float_div", divide[float32]),
		udf.Of1("tg_float_cot", func(tan float64) (float64, error) { return 1 / tan, nil }), // of 0 it is infinite, and no error
		udf.Of2("tg_float_result", func(r, x float64) (float64, error) { return checkResult(r, math.IsInf(x, 0), x == 0) }),
		udf.Of2("tg_float_exp", func(r, x float64) (float64, error) { return checkResult(r, math.IsInf(x, 0), false) }),
		udf.Of3("tg_float_power", func(r, x, y float64) (float64, error) {
			return checkResult(r, math.IsInf(x, 0) || math.IsInf(y, 0), x == 0)
		}),
		extremeFloat[float64]("tg_float_greatest", 1), extremeFloat[float64]("tg_float_least", -1),
		extremeFloat[float32]("tg_float_greatest", 1), extremeFloat[float32]("tg_float_least", -1),
		udf.Of1("tg_float_narrow", narrow),
		udf.Of1("tg_float_sign", func(x float64) (float64, error) { return sign(x), nil }),
		udf.Of1("tg_float_angle", func(x float64) (float64, error) { return x, within(!math.IsInf(x, 0)) }),
		udf.Of1("tg_float_unit", func(x float64) (float64, error) { return x, within(math.IsNaN(x) || math.Abs(x) <= 1) }),
		udf.Of1("tg_float_from1", func(x float64) (float64, error) { return x, within(math.IsNaN(x) || x >= 1) }),
		udf.Of1("tg_text_float8", func(s string) (float64, error) { return pgtypes.ParseFloat(pgtypes.Float8, s) }),
		udf.Of1("tg_text_float4", func(s string) (float32, error) {
			f, err := pgtypes.ParseFloat(pgtypes.Float4, s)
			return float32(f), err
		}),
		udf.Of1("tg_float_text", func(f float64) (string, error) { return string(pgtypes.AppendFloat8(nil, f)), nil }),
		udf.Of1("tg_float_text", func(f float32) (string, error) { return string(pgtypes.AppendFloat4(nil, f)), nil }),
		udf.Of2("tg_float_styled", func(f float64, fewer int32) (string, error) {
			return string(pgtypes.Style{FewerDigits: int(fewer)}.AppendFloat8(nil, f)), nil
		}),
		udf.Of2("tg_float_styled", func(f float32, fewer int32) (string, error) {
			return string(pgtypes.Style{FewerDigits: int(fewer)}.AppendFloat4(nil, f)), nil
		}),
	}
}

// extremeFloat makes GREATEST, or LEAST for the way -1: NULLs do not count, NaN is the greatest, and of equal values the
// first is taken.
func extremeFloat[T float](name string, way int) udf.Function {
	return udf.Variadic(name, func(args []udf.Null[T]) (udf.Null[T], error) {
		var best udf.Null[T]
		for _, a := range args {
			if a.Valid && (!best.Valid || compare(a.V, best.V)*way > 0) {
				best = a
			}
		}
		return best, nil
	})
}

// compare orders NaN behind all else, where cmp.Compare has it first.
func compare[T float](x, y T) int {
	switch {
	case x != x && y != y: //nolint:gocritic // NaN
		return 0
	case x != x: //nolint:gocritic // NaN
		return 1
	case y != y: //nolint:gocritic // NaN
		return -1
	}
	return cmp.Compare(x, y)
}

func tooLarge() error {
	return pgerr.New(pgerr.NumericOutOfRange, "value out of range: overflow")
}

func tooSmall() error {
	return pgerr.New(pgerr.NumericOutOfRange, "value out of range: underflow")
}

// within refuses arguments that a function is not defined for.
func within(ok bool) error {
	if !ok {
		return pgerr.New(pgerr.NumericOutOfRange, "input is out of range")
	}
	return nil
}

// sign is 0 for NaN, as PostgreSQL has it.
func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

func isInf[T float](x T) bool { return math.IsInf(float64(x), 0) }

// checkResult refuses a result that is infinite though no argument was, or 0 though none need be.
func checkResult[T float](r T, infinite, zero bool) (T, error) {
	switch {
	case isInf(r) && !infinite:
		return 0, tooLarge()
	case r == 0 && !zero && !infinite:
		return 0, tooSmall()
	}
	return r, nil
}

func add[T float](x, y T) (T, error) { return checkResult(x+y, isInf(x) || isInf(y), true) }

func subtract[T float](x, y T) (T, error) { return checkResult(x-y, isInf(x) || isInf(y), true) }

func multiply[T float](x, y T) (T, error) {
	return checkResult(x*y, isInf(x) || isInf(y), x == 0 || y == 0)
}

func divide[T float](x, y T) (T, error) {
	if y == 0 && x == x { //nolint:gocritic // NaN / 0 is NaN
		return 0, pgerr.New(pgerr.DivisionByZero, "division by zero")
	}
	return checkResult(x/y, isInf(x), x == 0 || isInf(y))
}

// narrow casts to single precision.
func narrow(x float64) (float32, error) { return checkResult(float32(x), math.IsInf(x, 0), x == 0) }
