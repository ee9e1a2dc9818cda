package catalog

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Notes are what a batch's making found beside its counts.
type Notes struct {
	Unknown *UnknownFields `json:"unknown_fields,omitempty"` // nil: every field was named
	// Broken are the rules of the pipeline that the batch did not keep.
	Broken   []BrokenRule `json:"broken_rules,omitempty"`
	Measured *Measured    `json:"measured,omitempty"` // nil: no rule asks for anything
	Overrun  *Overrun     `json:"overrun,omitempty"`  // nil: it took no longer than usual
	Effort   *Effort      `json:"effort,omitempty"`   // nil: nobody measured it
	// Lost says whose rows the batch's duplicates are duplicates of.
	Lost []Loss `json:"lost,omitempty"`
	// Stale are batches that lost rows to those that a RecordRemake was made again of, where keys are no longer in it: they
	// are to be made again too, or such a key is in no row.
	Stale []BatchRef `json:"stale,omitempty"`
}

// Loss says that rows were dropped because a batch has their keys in a partition.
type Loss struct {
	BatchRef
	Partition string `json:"partition"`
	Rows      int64  `json:"rows"`
}

// BrokenRule says which rule a batch did not keep. One that is published had only a warning of it, or somebody accepted it.
type BrokenRule struct {
	Rule     string `json:"rule"`
	Action   string `json:"action"` // warn or stop
	Expected string `json:"expected"`
	Found    string `json:"found"`
	Accepted bool   `json:"accepted,omitempty"` // it would have stopped the batch, and was let through on purpose
}

// String gives "rule row_change: expected at least 50 rows, found 3".
func (b BrokenRule) String() string {
	return fmt.Sprintf("rule %s: expected %s, found %s", b.Rule, b.Expected, b.Found)
}

// Stops reports whether the batch is not published because of it.
func (b BrokenRule) Stops() bool { return b.Action == "stop" && !b.Accepted }

// Told is String, and that it was accepted.
func (b BrokenRule) Told() string {
	if b.Accepted {
		return b.String() + ", accepted"
	}
	return b.String()
}

// Measured is what rules compare later batches with, of the columns that they name.
type Measured struct {
	Nulls map[string]int64 `json:"nulls,omitempty"` // of the emitted rows, from the footers
	// Values counts the rows of a column's values, the most frequent MaxValues.
	Values map[string]map[string]int64 `json:"values,omitempty"`
}

// With gives the sums of what was measured of two batches: only of columns that were of both.
func (m *Measured) With(n *Measured) *Measured {
	if m == nil || n == nil {
		return nil
	}
	sum := &Measured{Nulls: map[string]int64{}, Values: map[string]map[string]int64{}}
	for column, count := range m.Nulls {
		if other, ok := n.Nulls[column]; ok {
			sum.Nulls[column] = count + other
		}
	}
	for column, counts := range m.Values {
		other, ok := n.Values[column]
		if !ok {
			continue
		}
		both := maps.Clone(counts)
		for value, count := range other {
			both[value] += count
		}
		sum.Values[column] = both
	}
	return sum
}

// Effort is what making a batch took, so that it can be said beforehand what the next ones take.
type Effort struct {
	// CoreSeconds are the seconds, times the cores that the batch could use then. Of batches that one process makes at once
	// each has its part of them; what a batch waited for others is not in them.
	CoreSeconds float64 `json:"core_seconds"`
	// SerialCoreSeconds are those of them in which no other batch of the table could be where this one was: under the lease
	// to commit, or of the whole table.
	SerialCoreSeconds float64 `json:"serial_core_seconds,omitempty"`
}

// MaxValues is how many values of a column are counted.
const MaxValues = 1000

// MaxUnknownFields is how many names UnknownFields has: keys of records may be data.
const MaxUnknownFields = 100

// UnknownFields counts fields of raw records that their pipeline does not name: how often each occurred.
type UnknownFields struct {
	Fields map[string]int64 `json:"fields"`         // the most frequent
	More   int64            `json:"more,omitempty"` // occurrences of others
}

// CountUnknown keeps the most frequent names, by name among equals; unnamed are occurrences of names that are not told.
func CountUnknown(fields map[string]int64, unnamed int64) UnknownFields {
	u := UnknownFields{Fields: fields, More: unnamed}
	if len(fields) <= MaxUnknownFields {
		return u
	}
	u.Fields = make(map[string]int64, MaxUnknownFields)
	for i, name := range ByFrequency(fields) {
		if i < MaxUnknownFields {
			u.Fields[name] = fields[name]
		} else {
			u.More += fields[name]
		}
	}
	return u
}

// AddUnknown adds counts of unknown fields to those that are noted.
func (n *Notes) AddUnknown(u UnknownFields) {
	if len(u.Fields) == 0 && u.More == 0 {
		return
	}
	sum := map[string]int64{}
	more := u.More
	if n.Unknown != nil {
		maps.Copy(sum, n.Unknown.Fields)
		more += n.Unknown.More
	}
	for name, count := range u.Fields {
		sum[name] += count
	}
	total := CountUnknown(sum, more)
	n.Unknown = &total
}

// ByFrequency gives names by their counts, the most frequent first, by name among equals.
func ByFrequency(counts map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}
