package pgtypes

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// FuzzAppendFloat8 compares with strconv where that is right: below 2^53, see appendShortestOpen.
func FuzzAppendFloat8(f *testing.F) {
	for _, v := range []float64{
		1e-4, math.Nextafter(1e-4, 0), 1.0 / 3, 0.1, 0.3, 2.0 / 3, 0.5, 1.5, 123456.789, 1e11 + 0.25, 999999999999999.9,
		math.Nextafter(1e15, 0), math.Nextafter(1, 0), math.Nextafter(1, 2), 5e-324, math.Pi, 0.00012207031250000001,
	} {
		f.Add(v)
	}
	// Powers of two have neighbours that are not equally far.
	for e := -14; e < 50; e++ {
		f.Add(math.Ldexp(1, e))
		f.Add(math.Nextafter(math.Ldexp(1, e), 0))
	}
	f.Fuzz(func(t *testing.T, v float64) { sameFloat(t, v) })
}

func TestFloatsAtRandom(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 300_000 {
		e := r.IntN(66) - 15 // from below 1e-4 to above 1e15
		sameFloat(t, math.Ldexp(1+r.Float64(), e))
		sameFloat(t, -math.Round(math.Ldexp(r.Float64(), e)*1e6)/1e6)
		sameFloat(t, float64(r.IntN(1_000_000))/float64(1+r.IntN(1000)))
	}
}

func sameFloat(t *testing.T, v float64) {
	t.Helper()
	a := math.Abs(v)
	if math.IsNaN(v) || math.IsInf(v, 0) || a >= 1<<53 {
		return
	}
	format := byte('f')
	if a < 1e-4 && a != 0 || a >= 1e15 {
		format = 'e'
	}
	want := strconv.FormatFloat(v, format, -1, 64)
	if got := string(AppendFloat8(nil, v)); got != want {
		t.Fatalf("%b: got %s, want %s", v, got, want)
	}
}
