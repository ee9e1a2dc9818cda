package pgtypes

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestAppendInt(t *testing.T) {
	t.Parallel()
	check := func(n int64) {
		if got, want := string(AppendInt([]byte("x"), n)), "x"+strconv.FormatInt(n, 10); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	for _, ten := range tens[:19] {
		for n := int64(ten) - 2; n <= int64(ten)+2; n++ {
			check(n)
			check(-n)
		}
	}
	check(math.MaxInt64)
	check(math.MinInt64)
	r := rand.New(rand.NewPCG(1, 3))
	for range 300_000 {
		check(int64(r.Uint64()) >> r.IntN(64))
	}
}

func TestAppendDecimal(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 4))
	for range 300_000 {
		n, scale := r.Uint64()>>1>>r.IntN(63), 1+r.IntN(19)
		text := fmt.Sprintf("%0*d", scale+1, n)
		want := text[:len(text)-scale] + "." + text[len(text)-scale:]
		if got := string(AppendDecimal(nil, int64(n), scale)); got != want {
			t.Fatalf("%d with %d places: got %s, want %s", n, scale, got, want)
		}
	}
}

func TestAppendTime(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 5))
	for second := range int64(86400) {
		clock := fmt.Sprintf("%02d:%02d:%02d", second/3600, second/60%60, second%60)
		if got := string(AppendTime(nil, second*microsPerSecond)); got != clock {
			t.Fatalf("got %s, want %s", got, clock)
		}
		places := 1 + r.IntN(6)
		micros := max(1, r.Int64N(int64(tens[places]))/10*10+1) // no 0 at its end
		want := fmt.Sprintf("%s.%0*d", clock, places, micros)
		if got := string(AppendTime(nil, second*microsPerSecond+micros*int64(tens[6-places]))); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// TestDays walks through the calendar: a month that is remembered must be the one that a date is in.
func TestDays(t *testing.T) {
	t.Parallel()
	var d Days
	r := rand.New(rand.NewPCG(1, 6))
	check := func(day int32) {
		if got, want := string(d.AppendDate(nil, day)), string(AppendDate(nil, day)); got != want {
			t.Fatalf("day %d: got %s, want %s", day, got, want)
		}
		micros := int64(day)*microsPerDay + r.Int64N(microsPerDay)
		if got, want := string(d.AppendTimestamp(nil, micros)), string(AppendTimestamp(nil, micros)); got != want {
			t.Fatalf("%d: got %s, want %s", micros, got, want)
		}
	}
	for day := daysOf(-4, 1, 1); day < daysOf(5, 1, 1); day++ { // over the change of eras
		check(int32(day))
	}
	for day := daysOf(1999, 1, 1); day < daysOf(2005, 1, 1); day++ {
		check(int32(day))
	}
	for day := daysOf(9999, 11, 1); day < daysOf(10000, 3, 1); day++ {
		check(int32(day))
	}
	first, last := daysOf(-4712, 1, 1), daysOf(294276, 12, 31)
	for range 100_000 {
		check(int32(first + r.Int64N(last-first)))
	}
}
