package demo

import (
	"maps"
	"slices"
	"strings"
)

// Truth is what a set of raw logs holds, counted while it was made. Rejected uses the reasons of the validation:
// invalid_json, invalid_utf8, missing_field(f), bad_type(f), future_time(ts).
//
// The counts follow the algebra of a batch over all objects: Read = Blank + all of Rejected + Filtered +
// Deduplicated + Rows, where Filtered are the probes that the example pipeline leaves out.
type Truth struct {
	Records      int64            `json:"records"` // page views made, the broken ones included
	Objects      int              `json:"objects"`
	Bytes        int64            `json:"bytes"` // of the objects, compressed
	Read         int64            `json:"read"`
	Blank        int64            `json:"blank"`
	Rejected     map[string]int64 `json:"rejected"`
	Filtered     int64            `json:"filtered"`
	Deduplicated int64            `json:"deduplicated"`
	Rows         int64            `json:"rows"` // distinct good page views
	Days         []Day            `json:"days"` // of ts, in order; together Rows
	Made         map[string]int64 `json:"made"` // page views by kind of dirt
}

// Day is what the good, distinct page views of one day (of ts, UTC) come to.
type Day struct {
	Day    string `json:"day"` // 2018-02-01
	Rows   int64  `json:"rows"`
	LoadMS int64  `json:"load_ms"` // sum; a view without a time counts nothing
}

// RejectedTotal is the number of rejected records of all reasons.
func (t Truth) RejectedTotal() int64 {
	var n int64
	for _, c := range t.Rejected {
		n += c
	}
	return n
}

// sum adds the truths of disjoint objects.
func sum(parts []Truth) Truth {
	total := Truth{Rejected: map[string]int64{}, Made: map[string]int64{}}
	days := map[string]Day{}
	for _, p := range parts {
		total.Objects += p.Objects
		total.Bytes += p.Bytes
		total.Read += p.Read
		total.Blank += p.Blank
		total.Filtered += p.Filtered
		total.Deduplicated += p.Deduplicated
		total.Rows += p.Rows
		for reason, n := range p.Rejected {
			total.Rejected[reason] += n
		}
		for k, n := range p.Made {
			total.Made[k] += n
			total.Records += n
		}
		for _, d := range p.Days {
			days[d.Day] = Day{Day: d.Day, Rows: days[d.Day].Rows + d.Rows, LoadMS: days[d.Day].LoadMS + d.LoadMS}
		}
	}
	total.Days = slices.SortedFunc(maps.Values(days), func(a, b Day) int { return strings.Compare(a.Day, b.Day) })
	return total
}
