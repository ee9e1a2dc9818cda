package demo_test

import (
	"context"
	"maps"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/etl/pipeline"
	"tidegate/etl/raw"
	"tidegate/internal/demo"
	"tidegate/internal/engine"
	"tidegate/internal/storage/file"
)

// counted is a sink that counts rows.
type counted struct{ atomic.Int64 }

func (c *counted) Add(_ context.Context, rows *engine.Chunk, done func()) error {
	defer done()
	c.Int64.Add(int64(rows.Rows))
	return nil
}

// TestTruthIsWhatIngestSays reads a set with the example's pipeline: whoever reads records must come to the numbers
// of whoever made them.
func TestTruthIsWhatIngestSays(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "raw")
	truth, err := demo.Generate(t.Context(), dir, demo.Options{Seed: 3, Days: 5, Records: 40_000})
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := file.Open("file:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := raw.Discover(t.Context(), bucket, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var rows counted
	got, err := raw.Ingest(t.Context(), raw.Request{
		Pipeline: events(t), Bucket: bucket, Objects: objects, Into: &rows, WorkDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) != truth.Objects {
		t.Errorf("%d objects found, %d made", len(objects), truth.Objects)
	}
	if got.Counts.Read != truth.Read || got.Counts.Blank != truth.Blank {
		t.Errorf("read %d, blank %d; made %d and %d", got.Counts.Read, got.Counts.Blank, truth.Read, truth.Blank)
	}
	if want := truth.Filtered + truth.Deduplicated + truth.Rows; got.Parsed != want {
		t.Errorf("parsed %d, made %d", got.Parsed, want)
	}
	if n := rows.Load(); n != got.Parsed {
		t.Errorf("%d rows were handed over, %d parsed", n, got.Parsed)
	}
	if diff := cmp.Diff(truth.Rejected, maps.Clone(got.Rejects)); diff != "" {
		t.Errorf("reasons (-made +rejected):\n%s", diff)
	}
}

// events is the pipeline of the example.
func events(t *testing.T) *pipeline.Pipeline {
	t.Helper()
	pipelines, err := pipeline.Load("../../examples/web/pipelines")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pipelines {
		if p.Table.String() == "web.events" {
			return p
		}
	}
	t.Fatal("the example has no pipeline of web.events")
	return nil
}
