package etl

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// TestCompactedBatchesBelongTogether follows compactions, of compactions too, to the batches whose rows are in their files.
func TestCompactedBatchesBelongTogether(t *testing.T) {
	t.Parallel()
	at := func(batch, partition string) catalog.Replaced {
		return catalog.Replaced{Batch: batch, Revision: 1, Partition: partition}
	}
	// b1 has rows in p and q, b2 in p, b3 in q, b4 in r and s, b5 in s; k1 compacted p, k2 that and q, k3 r.
	compacted := map[string][]catalog.Replaced{
		"k1": {at("b1", "p"), at("b2", "p")},
		"k2": {at("k1", "p"), at("b1", "q"), at("b3", "q")},
		"k3": {at("b4", "r")},
	}
	table := catalog.Name{Schema: "web", Table: "events"}
	r := &Runner{kin: &kinOf{known: map[kinKey]kin{}}}
	run := &run{Runner: r, p: &pipeline.Pipeline{Table: table}}
	l := &lineage{bySeq: map[int64]*catalog.Batch{}, byRef: map[catalog.BatchRef]*catalog.Batch{}, newest: map[string]*catalog.Batch{}}
	for i, id := range []string{"b1", "b2", "b3", "b4", "b5", "k1", "k2", "k3"} {
		b := catalog.Batch{Table: table, ID: id, Revision: 1, Seq: int64(i + 1), Place: int64(i + 1), Kind: catalog.RecordAppend}
		if replaces, ok := compacted[id]; ok {
			b.Kind = catalog.RecordCompact
			r.kin.known[kinKey{table, refOf(&b)}] = kin{replaces: replaces}
		}
		if id == "b5" {
			b.Lost = []catalog.Loss{{BatchRef: catalog.BatchRef{Batch: "k1", Revision: 1}, Partition: "p", Rows: 1}}
		}
		l.batches = append(l.batches, b)
	}
	for i := range l.batches {
		b := &l.batches[i]
		l.bySeq[b.Seq], l.byRef[refOf(b)], l.newest[b.ID] = b, b, b
	}
	for _, p := range []catalog.Replaced{at("k2", "p"), at("k2", "q"), at("k3", "r"), at("b4", "s"), at("b5", "s")} {
		of, err := run.origins(t.Context(), l, p)
		if err != nil {
			t.Fatal(err)
		}
		l.live = append(l.live, livePair{p, of})
	}
	bonds, err := run.bonds(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var first []catalog.BatchRef
	for _, c := range l.components(bonds, func(b *catalog.Batch) string { return map[string]string{"b3": "chosen", "b4": "chosen"}[b.ID] }) {
		for _, m := range c.members {
			got = append(got, m.ID+" "+m.why)
		}
		got = append(got, fmt.Sprint(l.replaces(c)))
		if first == nil {
			first = c.refs()
		}
	}
	if d := cmp.Diff([]string{
		"b1 compacted with b3", "b2 compacted with b1", "b3 chosen", "[{k2 1 p} {k2 1 q}]",
		"b4 chosen", "[{k3 1 r} {b4 1 s}]",
	}, got); d != "" {
		t.Error(d)
	}
	losers, err := run.losersTo(t.Context(), l, first)
	if d := cmp.Diff(map[string][]catalog.BatchRef{"p": {{Batch: "b5", Revision: 1}}}, losers); err != nil || d != "" {
		t.Errorf("losers: %v %s", err, d)
	}
}
