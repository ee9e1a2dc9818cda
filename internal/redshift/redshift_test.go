package redshift

import (
	"math"
	"strings"
	"testing"
	"time"

	"tidegate/internal/pgerr"
)

func micros(t *testing.T, text string) int64 {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05.999999", text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMicro()
}

// TestPartNames wants every name to mean one part.
func TestPartNames(t *testing.T) {
	t.Parallel()
	seen := map[string]Part{}
	for part, list := range partNames {
		for name := range strings.FieldsSeq(list) {
			if other, ok := seen[name]; ok {
				t.Errorf("%s is %s and %s", name, part, other)
			}
			seen[name] = part
			if got, ok := PartOf(strings.ToUpper(name)); !ok || got != part {
				t.Errorf("%s: %s, %v", name, got, ok)
			}
		}
	}
	for _, name := range []string{"", " ", "year month", "moon"} {
		if part, ok := PartOf(name); ok {
			t.Errorf("%q is %s", name, part)
		}
	}
}

// TestAddAndDiff wants DATEDIFF to count what DATEADD added, for the parts that no month shortens.
func TestAddAndDiff(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"2018-02-15 10:11:12.5", "1969-12-31 23:59:59.999999", "2000-02-28 00:00:00"} {
		a := micros(t, start)
		for part := range partNames {
			if !part.Counts() {
				continue
			}
			for _, n := range []int64{-3, 0, 1, 2, 7} {
				b, err := DateAdd(part, n, a)
				if err != nil || DateDiff(part, a, b) != n {
					t.Errorf("%s %d after %s: %d, %v", part, n, start, DateDiff(part, a, b), err)
				}
			}
		}
	}
	for _, n := range []int64{math.MaxInt64, math.MinInt64, 1 << 40} {
		for _, part := range []Part{Microsecond, Week, Month, Millennium} {
			if _, err := DateAdd(part, n, math.MaxInt64/2); part != Microsecond && pgerr.CodeOf(err) != pgerr.DatetimeOverflow {
				t.Errorf("%d %s: %v", n, part, err)
			}
		}
	}
}

func TestDivide(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		x, y  string
		scale int32
		want  string
	}{
		{"2", "3", 4, "0.6666"},
		{"-2", "3", 4, "-0.6666"},
		{"1.50", "0.5", 0, "3"},
		{"0.01", "100", 4, "0.0001"},
		{"0.01", "1000", 4, "0.0000"},
		{"-1", "1000", 2, "0.00"},
		{strings.Repeat("9", 38), "1", 0, strings.Repeat("9", 38)},
	} {
		if got, err := Divide(c.x, c.y, c.scale); got != c.want || err != nil {
			t.Errorf("%s / %s: %s, %v, want %s", c.x, c.y, got, err, c.want)
		}
	}
	if _, err := Divide("1", "0.00", 2); pgerr.CodeOf(err) != pgerr.DivisionByZero {
		t.Error(err)
	}
	if _, err := Divide(strings.Repeat("9", 38), "0.1", 0); pgerr.CodeOf(err) != pgerr.NumericOutOfRange {
		t.Error(err)
	}
}

// TestZonesOfAClockChange wants the hour that a zone repeats and the one that it skips to be standard time.
func TestZonesOfAClockChange(t *testing.T) {
	t.Parallel()
	zones := new(Zones)
	for _, c := range []struct{ from, at, want string }{
		{"America/New_York", "2018-11-04 01:30:00", "2018-11-04 06:30:00"},
		{"America/New_York", "2018-03-11 02:30:00", "2018-03-11 07:30:00"},
		{"NEWZONE -5:30", "2018-01-01 00:00:00.25", "2017-12-31 18:30:00.25"},
		{"jst", "2018-01-01 09:00:00", "2018-01-01 00:00:00"},
	} {
		got, err := zones.Convert(c.from, "UTC", micros(t, c.at))
		if err != nil || got != micros(t, c.want) {
			t.Errorf("%s %s: %s, %v, want %s", c.from, c.at, at(got), err, c.want)
		}
	}
	for _, name := range []string{"", "local", "X 25", "A/B"} {
		if _, err := zones.Convert("UTC", name, 0); pgerr.CodeOf(err) != pgerr.InvalidParameterValue {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		n    int32
		want string
	}{{"abc", 2, "ab"}, {"äö", 3, "ä"}, {"äö", 4, "äö"}, {"天気", 2, ""}, {"", 0, ""}} {
		if got := Cut(c.text, c.n); got != c.want {
			t.Errorf("%q cut to %d: %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

// FuzzRegexp wants patterns never to panic, and matches to lie in the text.
func FuzzRegexp(f *testing.F) {
	f.Add("the fox", "[a-z]+", int32(1), int32(1))
	f.Add("añb", "(b|ñ)*", int32(2), int32(2))
	f.Add("x", "\\", int32(1), int32(1))
	f.Fuzz(func(t *testing.T, text, pattern string, position, occurrence int32) {
		p := new(Patterns)
		occurrence %= 100
		found, err := p.Substr(text, pattern, position, occurrence, "")
		if err == nil && !strings.Contains(text, found) {
			t.Errorf("%q is not in %q", found, text)
		}
		if _, err := p.Replace(text, pattern, "", position, "i"); err != nil && pgerr.CodeOf(err) == "" {
			t.Error(err)
		}
	})
}
