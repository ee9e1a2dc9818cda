package raw

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/demo"
	"tidegate/internal/storage/file"
)

// TestIngestOfTheDemo reads raw logs with every kind of dirt and compares the counts with those of their maker.
func TestIngestOfTheDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/logs"
	truth, err := demo.Generate(t.Context(), dir, demo.Options{Seed: 11, Days: 3, Records: 60_000})
	if err != nil {
		t.Fatal(err)
	}
	b, err := file.Open("file:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := Discover(t.Context(), b, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &pipeline.Pipeline{
		Table:  catalog.Name{Schema: "web", Table: "events"},
		Source: &pipeline.Source{Format: "json", Required: []string{"event_id", "ts", "site_id"}},
		Time:   &catalog.TimeSpec{Column: "ts", Zone: "UTC", Grain: "day"},
	}
	for _, f := range [][2]string{
		{"event_id", "text"},
		{"ts", "timestamptz"},
		{"site_id", "int"},
		{"domain", "text"},
		{"path", "text"},
		{"user_id", "text"},
		{"referrer", "text"},
		{"user_agent", "text"},
		{"load_ms", "int"},
		{"experiment", "text"},
	} {
		p.Source.Fields = append(p.Source.Fields, pipeline.Field{Name: f[0], Type: mustType(t, f[1])})
	}
	got, err := Ingest(t.Context(), Request{Pipeline: p, Bucket: b, Objects: objects, Into: &collected{onlyCount: true}, WorkDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	want := catalog.Counts{Read: truth.Read, Blank: truth.Blank, Rejected: truth.RejectedTotal()}
	if d := cmp.Diff(want, got.Counts); d != "" {
		t.Errorf("counts (-want +got)\n%s", d)
	}
	if d := cmp.Diff(truth.Rejected, got.Rejects); d != "" {
		t.Errorf("reasons (-want +got)\n%s", d)
	}
	if got.Parsed != truth.Filtered+truth.Deduplicated+truth.Rows {
		t.Errorf("parsed %d, want %d", got.Parsed, truth.Filtered+truth.Deduplicated+truth.Rows)
	}
	if len(got.Inputs) != truth.Objects {
		t.Errorf("%d objects, want %d", len(got.Inputs), truth.Objects)
	}
}
