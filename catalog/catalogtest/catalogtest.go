// Package catalogtest is the suite that every catalog.Store passes.
package catalogtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

// Opener opens one more store on the same catalog.
type Opener func(t *testing.T) catalog.Store

// Run tests the catalogs that create gives: each call a new, empty one.
func Run(t *testing.T, create func(t *testing.T) Opener) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, open Opener)
	}{
		{"empty", empty},
		{"publish", publish},
		{"publish again", publishAgain},
		{"publish what contradicts", publishConflicts},
		{"schema evolves", schemaEvolves},
		{"replace", replace},
		{"requeue", requeue},
		{"remake", remake},
		{"remake what contradicts", remakeConflicts},
		{"inputs of a remake", remakeInputs},
		{"compact", compact},
		{"compact what contradicts", compactConflicts},
		{"batches end with their rows", compactedEnd},
		{"coverage passes to a compaction", coveragePasses},
		{"coverage passes whole or not", coveragePassesWhole},
		{"coverage that passed ends", passedCoverageEnds},
		{"incidents and a remake", remakeIncidents},
		{"live hot table", liveHotTable},
		{"sequences", sequences},
		{"known inputs", knownInputs},
		{"recent inputs", recentInputs},
		{"listings", listings},
		{"failed batches", failures},
		{"last batches", lastBatches},
		{"leases", leases},
		{"leases that end", leasesEnd},
		{"publish under leases", publishUnder},
		{"publish what is stale", publishStale},
		{"incidents", incidents},
		{"old incidents", oldIncidents},
		{"claims of notices", claims},
		{"incidents of publications", publishedIncidents},
		{"incidents of failures", failureIncidents},
		{"absences", absences},
		{"cover", cover},
		{"cover what contradicts", coverConflicts},
		{"withdraw and purge", withdraw},
		{"replace ends coverage", replaceEndsCoverage},
		{"hot loaded at", hotLoadedAt},
		{"loads", loads},
		{"register and drop files of others", registerFiles},
		{"cover days", coverDays},
		{"files end the coverage of their days", filesEndDays},
		{"two stores", twoStores},
		{"concurrent publishers", concurrentPublishers},
		{"views do not change", viewsDoNotChange},
		{"older generations", olderGenerations},
		{"what changed", changed},
		{"retired", retired},
		{"readers", readers},
		{"generations by time", generationsByTime},
		{"ended context", endedContext},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, create(t))
		})
	}
}

// Events is the table of the records that Record makes.
func Events() catalog.Name { return catalog.Name{Schema: "web", Table: "events"} }

// Partition is a part of a record: its files' rows.
type Partition struct {
	Value string
	Rows  []int64
}

// Record makes an append of a batch to web.events with one input and the partitions' files.
func Record(batch string, seq int64, partitions ...Partition) *catalog.Record {
	day := time.Date(2018, 2, 15, 3, 0, 0, 0, time.UTC)
	r := &catalog.Record{
		Format: catalog.RecordFormat,
		Table: catalog.Table{
			Name: Events(), Description: "page views", SchemaVersion: 1,
			Columns: []catalog.Column{
				{Name: "site_id", Type: pgtypes.Of(pgtypes.Int4)},
				{Name: "path", Type: pgtypes.VarcharOf(2048), Description: "URL path"},
				{Name: "dt", Type: pgtypes.Of(pgtypes.Date), Partition: true},
			},
			PartitionBy: []string{"dt"},
			Time:        &catalog.TimeSpec{Column: "ts", Zone: "UTC", Grain: "day"},
			Hot:         &catalog.HotSpec{Columns: []string{"site_id", "dt"}, Keep: 90 * 24 * time.Hour},
		},
		Batch: batch, Revision: 1, Seq: seq, Kind: catalog.RecordAppend,
		Pipeline:    catalog.Pipeline{Name: "web/events", Version: "0123456789ab"},
		Inputs:      []catalog.Input{{Key: "raw/" + batch + ".gz", ETag: "e-" + batch, Size: 1000, Records: 10}},
		Checksum:    "0011223344556677",
		StartedAt:   day,
		CommittedAt: day.Add(time.Minute),
	}
	for _, p := range partitions {
		for i, rows := range p.Rows {
			r.Files = append(r.Files, catalog.FileRecord{
				Path:      fmt.Sprintf("web.events/%s/run=%s.r1.abcd/%04d.parquet", p.Value, batch, i),
				Partition: p.Value, Rows: rows, Bytes: 100 * rows, ETag: fmt.Sprintf("etag-%d", rows), FooterBytes: 77, Columns: stats(rows),
			})
			r.Counts.Emitted += rows
		}
	}
	r.Counts.Read = r.Counts.Emitted + 3
	r.Counts.Rejected = 3
	return r
}

func stats(rows int64) []catalog.ColumnStats {
	return []catalog.ColumnStats{
		{
			Name: "site_id", Bytes: 40 * rows, Nulls: 0, Exact: true,
			Min: &pgtypes.Datum{Class: pgtypes.ClassInt, I: -1}, Max: &pgtypes.Datum{Class: pgtypes.ClassInt, I: rows},
		},
		{Name: "path", Bytes: 60 * rows, Nulls: -1, Max: &pgtypes.Datum{Class: pgtypes.ClassText, S: "/z"}},
	}
}

const (
	day15 = "dt=2018-02-15"
	day16 = "dt=2018-02-16"
)

func mustPublish(t *testing.T, s catalog.Store, r *catalog.Record) int64 {
	t.Helper()
	g, err := s.Publish(t.Context(), r)
	if err != nil {
		t.Fatalf("publish %s: %v", r.Batch, err)
	}
	return g
}

func mustCover(t *testing.T, s catalog.Store, c catalog.Cover) int64 {
	t.Helper()
	g, err := s.Cover(t.Context(), c)
	if err != nil {
		t.Fatalf("cover: %v", err)
	}
	return g
}

func mustReserveLoad(t *testing.T, s catalog.Store, n int) int64 {
	t.Helper()
	seq, err := s.ReserveLoad(t.Context(), Events(), n)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func view(t *testing.T, s catalog.Store) *catalog.View {
	t.Helper()
	v, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// lateAtMost is how late a store may see what another one committed: some milliseconds, and what a busy machine adds.
const lateAtMost = 100 * time.Millisecond

// since is the view of a store after another one committed a generation.
func since(t *testing.T, s catalog.Store, generation int64) *catalog.View {
	t.Helper()
	committed := time.Now()
	for {
		late := time.Since(committed) > lateAtMost
		v, err := s.View(t.Context())
		if err != nil {
			t.Error(err)
			return &catalog.View{}
		}
		if v.Generation >= generation || late {
			return v
		}
	}
}

// events is web.events in the newest view.
func events(t *testing.T, s catalog.Store) *catalog.TableView {
	t.Helper()
	tv, ok := view(t, s).Tables[Events()]
	if !ok {
		t.Fatal("web.events is not in the view")
	}
	return tv
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func wantConflict(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, catalog.ErrConflict) {
		t.Errorf("%s: %v, want ErrConflict", what, err)
	}
}

// OpenTogether opens a new catalog by several at once: each of them may have to make it.
func OpenTogether(t *testing.T, open func() (catalog.Store, error)) {
	t.Helper()
	errs := make(chan error)
	for range 8 {
		go func() {
			s, err := open()
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
