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

// recipe is what a batch is made of.
type recipe struct {
	kind     catalog.RecordKind
	inputs   []catalog.Input
	replaces []catalog.Replaced
	remakes  []catalog.BatchRef // of a RecordRemake
	newest   time.Time          // among the inputs
}

// batchID names a batch by what it is made of: table, pipeline version, inputs and, for a batch that is made again of
// others or else replaces something, these (else a partition that vanishes twice would give one id twice). The same inputs
// under the same pipeline give the same id, so that a run after a crash finds its own batch. The time in front is the newest
// input's, to the minute, and only for people.
//
// What a remake replaces is not in it: where its rows lie may change between two attempts.
func batchID(table catalog.Name, version string, of recipe) string {
	sorted := slices.SortedFunc(slices.Values(of.inputs), func(a, b catalog.Input) int { return cmp.Compare(a.Key, b.Key) })
	h := sha256.New()
	field := func(s string) { fmt.Fprintf(h, "%d:", len(s)); _, _ = io.WriteString(h, s) }
	field(table.String())
	field(version)
	for _, in := range sorted {
		field(in.Key)
		field(in.ETag)
		fmt.Fprintf(h, "%d;", in.Size)
	}
	for _, b := range of.remakes {
		field(b.Batch)
		fmt.Fprintf(h, "%d;", b.Revision)
	}
	for _, r := range of.replaces {
		if len(of.remakes) > 0 {
			break
		}
		field(r.Batch)
		fmt.Fprintf(h, "%d;", r.Revision)
		field(r.Partition)
	}
	return of.newest.UTC().Format("20060102T1504Z") + "-" + hex.EncodeToString(h.Sum(nil))[:12]
}
