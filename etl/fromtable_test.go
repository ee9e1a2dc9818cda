package etl

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// TestHotFromTable: a batch writes the subset of the live hot table as it was noted last, and keeps its lengths.
func TestHotFromTable(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	following := func() *pipeline.Pipeline {
		p := l.fitting()
		p.Hot = &catalog.HotSpec{FromTable: true, Sort: []string{"ts", "name"}}
		return p
	}
	subset := func() []string {
		batches := l.batches(t)
		if s := l.record(t, batches[len(batches)-1]).Subset; s != nil {
			return s.Columns
		}
		return nil
	}
	// Nothing is known yet: there is no subset, and every column may be hot.
	l.putParquet(t, "1.parquet", fitRow("1", nil)+" UNION ALL "+fitRow("2", map[string]string{"note": "repeat('x', 65536)"}))
	report := l.mustRun(t, following()).Pipelines[0]
	if want := (catalog.Counts{Read: 2, Rejected: 1, Emitted: 1}); report.Counts != want || subset() != nil {
		t.Errorf("at first: counts %+v, subset %v", report.Counts, subset())
	}

	name := catalog.Name{Schema: "web", Table: "events"}
	note := func(limits []catalog.HotLimit, columns ...string) {
		t.Helper()
		if _, err := l.store.NoteHotTable(t.Context(), name, columns, limits); err != nil {
			t.Fatal(err)
		}
	}
	note([]catalog.HotLimit{{Column: "name", MaxChars: 3}, {Column: "tag", MaxBytes: 2}, {Column: "doc", MaxBytes: 4}}, "name", "tag", "doc", "kind")
	l.putParquet(t, "2.parquet", fitRow("3", map[string]string{"name": "'日本語'", "tag": "'abcdefg'"})+
		" UNION ALL "+fitRow("4", map[string]string{"name": "'abcd'"})+
		" UNION ALL "+fitRow("5", map[string]string{"note": "repeat('x', 65536)", "day": "DATE 'infinity'"})+
		" UNION ALL "+fitRow("6", map[string]string{"doc": "'[1,2]'"}))
	report = l.mustRun(t, following()).Pipelines[0]
	if diff := cmp.Diff(map[string]int64{"too_long(name)": 1, "too_long(doc)": 1}, report.Rejects); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"日本語|ab", "a|a"}, l.query(t, "web.events", "SELECT name, tag FROM t WHERE event_id IN ('3', '5') ORDER BY event_id")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"name", "tag", "doc", "kind"}, subset()); diff != "" {
		t.Error(diff)
	}
	if path, _ := l.table(t, "web.events").Table.Column("tag"); path.MaxBytes != 5 {
		t.Errorf("the limit of the pipeline became %d", path.MaxBytes)
	}

	// Without the partition column a subset would not tell whose rows are whose.
	note(nil, "name")
	l.putParquet(t, "3.parquet", fitRow("7", nil))
	if l.mustRun(t, following()); subset() != nil {
		t.Errorf("subset %v", subset())
	}
}
