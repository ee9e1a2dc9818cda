package etl

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"tidegate/catalog"
)

// batchID names a batch by what it is made of: table, pipeline version, inputs and, for a batch that replaces
// something, what it replaces (else a partition that vanishes twice would give one id twice). The same inputs under the same
// pipeline give the same id, so that a run after a crash finds its own batch. The time in front is the newest
// input's, to the minute, and only for people.
func batchID(table catalog.Name, version string, inputs []catalog.Input, replaces []catalog.Replaced, newest time.Time) string {
	sorted := slices.SortedFunc(slices.Values(inputs), func(a, b catalog.Input) int { return cmp.Compare(a.Key, b.Key) })
	h := sha256.New()
	field := func(s string) { fmt.Fprintf(h, "%d:", len(s)); _, _ = io.WriteString(h, s) }
	field(table.String())
	field(version)
	for _, in := range sorted {
		field(in.Key)
		field(in.ETag)
		fmt.Fprintf(h, "%d;", in.Size)
	}
	for _, r := range replaces {
		field(r.Batch)
		fmt.Fprintf(h, "%d;", r.Revision)
		field(r.Partition)
	}
	return newest.UTC().Format("20060102T1504Z") + "-" + hex.EncodeToString(h.Sum(nil))[:12]
}
