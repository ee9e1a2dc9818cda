package sql

import (
	"slices"

	"tidegate/internal/pgtypes"
)

// anything is every value that is not NULL.
func anything() Domain { return Domain{Intervals: []Interval{{}}} }

// only is the one value v.
func only(v *pgtypes.Datum) Domain { return Domain{Intervals: []Interval{{Low: v, High: v}}} }

// Empty reports whether no value is in d, not even NULL.
func (d Domain) Empty() bool { return !d.Null && len(d.Intervals) == 0 }

// Contains reports whether v is in d; nil is NULL. A value of another class than d's bounds is taken to be in it.
func (d Domain) Contains(v *pgtypes.Datum) bool {
	if v == nil {
		return d.Null
	}
	for _, i := range d.Intervals {
		if i.contains(v) {
			return true
		}
	}
	return false
}

func (i Interval) contains(v *pgtypes.Datum) bool {
	if i.Low != nil {
		if c, ok := v.Compare(*i.Low); ok && (c < 0 || c == 0 && i.LowOpen) {
			return false
		}
	}
	if i.High != nil {
		if c, ok := v.Compare(*i.High); ok && (c > 0 || c == 0 && i.HighOpen) {
			return false
		}
	}
	return true
}

// compareLow orders lower bounds: an open end is the lowest, and [v comes before (v.
func compareLow(a, b Interval) int {
	switch {
	case a.Low == nil && b.Low == nil:
		return 0
	case a.Low == nil:
		return -1
	case b.Low == nil:
		return 1
	}
	if c, _ := a.Low.Compare(*b.Low); c != 0 {
		return c
	}
	return order(a.LowOpen, b.LowOpen)
}

// compareHigh orders upper bounds: an open end is the highest, and v) comes before v].
func compareHigh(a, b Interval) int {
	switch {
	case a.High == nil && b.High == nil:
		return 0
	case a.High == nil:
		return 1
	case b.High == nil:
		return -1
	}
	if c, _ := a.High.Compare(*b.High); c != 0 {
		return c
	}
	return order(b.HighOpen, a.HighOpen)
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// void reports whether no value can lie in i.
func (i Interval) void() bool {
	if i.Low == nil || i.High == nil {
		return false
	}
	c, ok := i.Low.Compare(*i.High)
	return ok && (c > 0 || c == 0 && (i.LowOpen || i.HighOpen))
}

// intersect gives the values in both.
func (d Domain) intersect(e Domain) Domain {
	r := Domain{Null: d.Null && e.Null}
	for _, a := range d.Intervals {
		for _, b := range e.Intervals {
			i := a
			if compareLow(b, a) > 0 {
				i.Low, i.LowOpen = b.Low, b.LowOpen
			}
			if compareHigh(b, a) < 0 {
				i.High, i.HighOpen = b.High, b.HighOpen
			}
			if !i.void() {
				r.Intervals = append(r.Intervals, i)
			}
		}
	}
	return r.normal()
}

// union gives the values in either.
func (d Domain) union(e Domain) Domain {
	return Domain{Null: d.Null || e.Null, Intervals: slices.Concat(d.Intervals, e.Intervals)}.normal()
}

// normal sorts the intervals and joins those that touch.
func (d Domain) normal() Domain {
	if len(d.Intervals) == 0 || len(d.Intervals) == 1 && !d.Intervals[0].void() {
		return d
	}
	list := slices.DeleteFunc(slices.Clone(d.Intervals), Interval.void)
	slices.SortStableFunc(list, compareLow)
	out := list[:0]
	for _, i := range list {
		if n := len(out); n > 0 && touches(out[n-1], i) {
			if compareHigh(i, out[n-1]) > 0 {
				out[n-1].High, out[n-1].HighOpen = i.High, i.HighOpen
			}
			continue
		}
		out = append(out, i)
	}
	return Domain{Null: d.Null, Intervals: out}
}

// touches reports whether b, which does not begin before a, leaves no gap behind a.
func touches(a, b Interval) bool {
	if a.High == nil || b.Low == nil {
		return true
	}
	c, _ := b.Low.Compare(*a.High)
	return c < 0 || c == 0 && (!a.HighOpen || !b.LowOpen)
}

// complement gives the values that are not NULL and not in d: the gaps between its intervals.
func (d Domain) complement() Domain {
	var r Domain
	gap := Interval{}
	for _, i := range d.normal().Intervals {
		if i.Low != nil {
			gap.High, gap.HighOpen = i.Low, !i.LowOpen
			r.Intervals = append(r.Intervals, gap)
		}
		if i.High == nil {
			return r
		}
		gap = Interval{Low: i.High, LowOpen: !i.HighOpen}
	}
	r.Intervals = append(r.Intervals, gap)
	return r
}
