package pgnumeric

import "tidegate/internal/pgerr"

// GCDInt is gcd of integers.
func GCDInt[T int32 | int64](a, b T) (T, error) {
	for b != 0 {
		a, b = b, a%b
	}
	if a < 0 {
		if a = -a; a < 0 {
			return 0, outOfRange[T]()
		}
	}
	return a, nil
}

// LCMInt is lcm of integers.
func LCMInt[T int32 | int64](a, b T) (T, error) {
	if a == 0 || b == 0 {
		return 0, nil
	}
	divisor, err := GCDInt(a, b)
	if err != nil {
		return 0, err
	}
	part := a / divisor
	r := part * b
	if r/b != part {
		return 0, outOfRange[T]()
	}
	if r < 0 {
		if r = -r; r < 0 {
			return 0, outOfRange[T]()
		}
	}
	return r, nil
}

func outOfRange[T int32 | int64]() error {
	if _, small := any(*new(T)).(int32); small {
		return pgerr.New(pgerr.NumericOutOfRange, "integer out of range")
	}
	return pgerr.New(pgerr.NumericOutOfRange, "bigint out of range")
}
