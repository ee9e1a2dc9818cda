package pgtime

import (
	"cmp"
	"math"
	"math/bits"

	"tidegate/internal/pgerr"
)

// Interval is a span of time: its three parts are added one after the other.
type Interval struct {
	Months, Days int32
	Micros       int64
}

func intervalRange() error { return pgerr.New(pgerr.DatetimeOverflow, "interval out of range") }

func add32(a, b int32) (int32, bool) {
	n := int64(a) + int64(b)
	return int32(n), n == int64(int32(n))
}

func add64(a, b int64) (int64, bool) {
	if b == 0 {
		return a, true
	}
	n := a + b
	return n, (n > a) == (b > 0)
}

// Add adds part by part.
func (v Interval) Add(w Interval) (Interval, error) {
	months, ok1 := add32(v.Months, w.Months)
	days, ok2 := add32(v.Days, w.Days)
	micros, ok3 := add64(v.Micros, w.Micros)
	if !ok1 || !ok2 || !ok3 {
		return Interval{}, intervalRange()
	}
	return Interval{months, days, micros}, nil
}

// Sub subtracts part by part.
func (v Interval) Sub(w Interval) (Interval, error) {
	months, days := int64(v.Months)-int64(w.Months), int64(v.Days)-int64(w.Days)
	micros := v.Micros - w.Micros
	if months != int64(int32(months)) || days != int64(int32(days)) || (micros < v.Micros) != (w.Micros > 0) {
		return Interval{}, intervalRange()
	}
	return Interval{int32(months), int32(days), micros}, nil
}

// Neg negates every part.
func (v Interval) Neg() (Interval, error) {
	if v.Months == math.MinInt32 || v.Days == math.MinInt32 || v.Micros == math.MinInt64 {
		return Interval{}, intervalRange()
	}
	return Interval{-v.Months, -v.Days, -v.Micros}, nil
}

// Mul multiplies. Fractions of months become days of 30 to the month, and fractions of days become time.
func (v Interval) Mul(factor float64) (Interval, error) {
	return v.scaled(func(x float64) float64 { return x * factor })
}

// Div divides as Mul multiplies.
func (v Interval) Div(divisor float64) (Interval, error) {
	if divisor == 0 {
		return Interval{}, pgerr.New(pgerr.DivisionByZero, "division by zero")
	}
	return v.scaled(func(x float64) float64 { return x / divisor })
}

func (v Interval) scaled(by func(float64) float64) (Interval, error) {
	months, days := by(float64(v.Months)), by(float64(v.Days))
	if !fits32(months) || !fits32(days) {
		return Interval{}, intervalRange()
	}
	r := Interval{Months: int32(months), Days: int32(days)}
	restDays := toMicros((months - float64(r.Months)) * 30)
	seconds := toMicros((days - float64(r.Days) + restDays - math.Trunc(restDays)) * 86400)
	if math.Abs(seconds) >= 86400 {
		whole := math.Trunc(seconds / 86400)
		r.Days += int32(whole)
		seconds -= whole * 86400
	}
	r.Days += int32(restDays)
	micros := math.RoundToEven(by(float64(v.Micros)) + seconds*Second)
	if math.IsNaN(micros) || micros < -(1<<63) || micros >= 1<<63 {
		return Interval{}, intervalRange()
	}
	r.Micros = int64(micros)
	return r, nil
}

func fits32(f float64) bool { return f >= math.MinInt32 && f <= math.MaxInt32 }

// toMicros rounds to six digits behind the point, so that what is whole but for the last bits becomes whole.
func toMicros(f float64) float64 { return math.RoundToEven(f*1e6) / 1e6 }

// Total is what intervals are compared by: microseconds of 24 hours to the day and 30 days to the month, as an integer
// of 128 bits.
func (v Interval) Total() (hi int64, lo uint64) {
	days := int64(v.Months)*30 + int64(v.Days)
	mag, negative := uint64(days), days < 0
	if negative {
		mag = uint64(-days)
	}
	h, l := bits.Mul64(mag, Day)
	if negative {
		var borrow uint64
		l, borrow = bits.Sub64(0, l, 0)
		h, _ = bits.Sub64(0, h, borrow)
	}
	var carry uint64
	l, carry = bits.Add64(l, uint64(v.Micros), 0)
	h, _ = bits.Add64(h, uint64(v.Micros>>63), carry)
	return int64(h), l
}

// Compare gives -1, 0 or 1.
func (v Interval) Compare(w Interval) int {
	vh, vl := v.Total()
	wh, wl := w.Total()
	if c := cmp.Compare(vh, wh); c != 0 {
		return c
	}
	return cmp.Compare(vl, wl)
}

// JustifyHours turns 24 hours into days.
func (v Interval) JustifyHours() (Interval, error) {
	days, ok := add32(v.Days, int32(v.Micros/Day))
	if !ok {
		return Interval{}, intervalRange()
	}
	v.Days, v.Micros = days, v.Micros%Day
	return v.sameSignOfDays(), nil
}

func (v Interval) sameSignOfDays() Interval {
	switch {
	case v.Days > 0 && v.Micros < 0:
		v.Micros += Day
		v.Days--
	case v.Days < 0 && v.Micros > 0:
		v.Micros -= Day
		v.Days++
	}
	return v
}

// JustifyDays turns 30 days into months.
func (v Interval) JustifyDays() (Interval, error) {
	months, ok := add32(v.Months, v.Days/30)
	if !ok {
		return Interval{}, intervalRange()
	}
	v.Months, v.Days = months, v.Days%30
	switch {
	case v.Months > 0 && v.Days < 0:
		v.Days += 30
		v.Months--
	case v.Months < 0 && v.Days > 0:
		v.Days -= 30
		v.Months++
	}
	return v, nil
}

// Justify does both, and gives all parts one sign.
func (v Interval) Justify() (Interval, error) {
	if v.Days > 0 && v.Micros > 0 || v.Days < 0 && v.Micros < 0 {
		var ok bool
		if v.Months, ok = add32(v.Months, v.Days/30); !ok {
			return Interval{}, intervalRange()
		}
		v.Days %= 30
	}
	days, ok := add32(v.Days, int32(v.Micros/Day))
	months, also := add32(v.Months, days/30)
	if !ok || !also {
		return Interval{}, intervalRange()
	}
	v = Interval{months, days % 30, v.Micros % Day}
	switch {
	case v.Months > 0 && (v.Days < 0 || v.Days == 0 && v.Micros < 0):
		v.Days += 30
		v.Months--
	case v.Months < 0 && (v.Days > 0 || v.Days == 0 && v.Micros > 0):
		v.Days -= 30
		v.Months++
	}
	return v.sameSignOfDays(), nil
}

// Age is the difference of two moments on one clock in years, months, days and time.
func Age(a, b int64) (Interval, error) {
	if !Finite(a) || !Finite(b) {
		return Interval{}, pgerr.New(pgerr.DatetimeOverflow, "timestamp out of range")
	}
	x, y := FieldsOf(a), FieldsOf(b)
	flip := a < b
	if flip {
		x, y = y, x
	}
	of := y // the earlier moment's month is borrowed from, as PostgreSQL does with either order
	if flip {
		of = FieldsOf(a)
	}
	micros := x.Timestamp() - int64(x.Days())*Day - (y.Timestamp() - int64(y.Days())*Day)
	year, month, day := x.Year-y.Year, x.Month-y.Month, x.Day-y.Day
	if micros < 0 {
		micros += Day
		day--
	}
	for day < 0 {
		day += MonthDays(of.Year, of.Month)
		month--
	}
	if month < 0 {
		month += 12
		year--
	}
	v := Interval{int32(year*12 + month), int32(day), micros}
	if flip {
		v = Interval{-v.Months, -v.Days, -v.Micros}
	}
	return v, nil
}

// Bin gives the beginning of the bin of stride, counted from origin, that a timestamp lies in.
func Bin(stride Interval, timestamp, origin int64) (int64, error) {
	switch {
	case !Finite(timestamp):
		return timestamp, nil
	case !Finite(origin):
		return 0, pgerr.New(pgerr.DatetimeOverflow, "origin out of range")
	case stride.Months != 0:
		return 0, pgerr.New(pgerr.FeatureNotSupported, "timestamps cannot be binned into intervals containing months or years")
	}
	days := int64(stride.Days)
	step := days*Day + stride.Micros
	if days > math.MaxInt64/Day || days < math.MinInt64/Day || (step < stride.Micros) != (days < 0) {
		return 0, intervalRange()
	}
	if step <= 0 {
		return 0, pgerr.New(pgerr.DatetimeOverflow, "stride must be greater than zero")
	}
	distance := timestamp - origin
	if (distance < timestamp) != (origin > 0) {
		return 0, intervalRange()
	}
	rest := distance % step
	if rest < 0 {
		rest += step
	}
	return InRange(timestamp - rest)
}
