package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/internal/hive"
	"tidegate/internal/pgtypes"
)

func empty(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	v := view(t, s)
	if v.Generation != 0 || !v.CommittedAt.IsZero() || len(v.Tables) != 0 {
		t.Errorf("empty catalog: %+v", v)
	}
	known, err := s.Known(t.Context(), Events(), "")
	if err != nil || len(known) != 0 {
		t.Errorf("Known: %v, %v", known, err)
	}
	batches, err := s.Batches(t.Context())
	if err != nil || len(batches) != 0 {
		t.Errorf("Batches: %v, %v", batches, err)
	}
}

func publish(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	before := time.Now().Add(-time.Second)
	r := Record("b1", 1, Partition{day16, []int64{5}}, Partition{day15, []int64{3, 4}}, Partition{"dt=" + hive.Null, []int64{1}})
	r.Unknown = &catalog.UnknownFields{Fields: map[string]int64{"colour": 3}, More: 1}
	g := mustPublish(t, s, r)
	v := view(t, s)
	if v.Generation != g || v.SchemaGeneration != g || v.CommittedAt.Before(before) {
		t.Errorf("view is generation %d of %s, schema %d; published %d", v.Generation, v.CommittedAt, v.SchemaGeneration, g)
	}
	tv := events(t, s)
	want := r.Table
	want.ID = tv.Table.ID
	equal(t, "table", *tv.Table, want)
	var got []string
	for _, f := range tv.Files {
		got = append(got, fmt.Sprintf("%s %s %d %d", f.Partition, f.Path[len(f.Path)-12:], f.Rows, f.Bytes))
		if f.Batch != "b1" || f.Revision != 1 || f.SchemaVersion != 1 || f.Generation != g || f.ID == 0 ||
			f.ETag != fmt.Sprintf("etag-%d", f.Rows) || f.FooterBytes != 77 {
			t.Errorf("file %+v", f)
		}
		equal(t, "statistics", f.Stats, stats(f.Rows))
	}
	equal(t, "files", got, []string{
		day15 + " 0000.parquet 3 300", day15 + " 0001.parquet 4 400", day16 + " 0000.parquet 5 500",
		"dt=" + hive.Null + " 0000.parquet 1 100",
	})
	batches, err := s.Batches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "batches", batches, []catalog.Batch{{
		Table: Events(), ID: "b1", Revision: 1, Seq: 1, State: catalog.BatchCommitted, Counts: r.Counts,
		BytesIn: 1000, BytesOut: 1300, StartedAt: r.StartedAt, CommittedAt: r.CommittedAt,
		Kind: catalog.RecordAppend, Notes: r.Notes, Version: r.Pipeline.Version, Place: 1, ArrivedAt: r.CommittedAt,
	}})
}

func publishAgain(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	r := Record("b1", 1, Partition{day15, []int64{3}})
	first := mustPublish(t, s, r)
	mustPublish(t, s, Record("b2", 2, Partition{day15, []int64{4}}))
	if g := mustPublish(t, s, r); g != first {
		t.Errorf("published again as generation %d, first as %d", g, first)
	}
	v := view(t, s)
	if v.Generation != first+1 || len(events(t, s).Files) != 2 {
		t.Errorf("generation %d with %d files after a replay", v.Generation, len(events(t, s).Files))
	}
	for revision, want := range map[int]bool{1: true, 2: false} {
		got, err := s.Applied(t.Context(), Events(), "b1", revision)
		if err != nil || got != want {
			t.Errorf("Applied(b1, %d) = %t, %v", revision, got, err)
		}
	}
}

func publishConflicts(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}))
	before := view(t, s)
	for _, c := range []struct {
		name   string
		change func(*catalog.Record)
		same   bool // batch b1 again
	}{
		{"other rows", func(r *catalog.Record) { r.Files[0].Rows, r.Counts.Emitted = 4, 4 }, true},
		{"other checksum", func(r *catalog.Record) { r.Checksum = "ff" }, true},
		{"other seq", func(r *catalog.Record) { r.Seq = 9 }, true},
		{"seq of another batch", func(r *catalog.Record) { r.Seq = 1 }, false},
		{"path of another file", func(r *catalog.Record) {
			r.Files[0].Path = Record("b1", 1, Partition{day15, []int64{3}}).Files[0].Path
		}, false},
		{"counts that do not add up", func(r *catalog.Record) { r.Counts.Emitted++ }, false},
		{"no seq", func(r *catalog.Record) { r.Seq = 0 }, false},
		{"unknown format", func(r *catalog.Record) { r.Format = 99 }, false},
		{"unknown kind", func(r *catalog.Record) { r.Kind = "compact?" }, false},
		{"removed column", func(r *catalog.Record) { r.Table.Columns = r.Table.Columns[1:] }, false},
		{"changed column", func(r *catalog.Record) { r.Table.Columns[0].Type = pgtypes.Of(pgtypes.Text) }, false},
		{"other partitioning", func(r *catalog.Record) { r.Table.PartitionBy = nil }, false},
		{"unknown old schema version", func(r *catalog.Record) { r.Table.SchemaVersion = 7 }, false},
		{"replaces what is not there", func(r *catalog.Record) {
			r.Kind = catalog.RecordReplace
			r.Replaces = []catalog.Replaced{{Batch: "b0", Revision: 1, Partition: day15}}
		}, false},
		{"second revision beside the first", func(r *catalog.Record) { r.Batch, r.Revision = "b1", 2 }, false},
	} {
		r := Record("b2", 2, Partition{day15, []int64{3}})
		if c.same {
			r = Record("b1", 1, Partition{day15, []int64{3}})
		}
		c.change(r)
		_, err := s.Publish(t.Context(), r)
		wantConflict(t, c.name, err)
	}
	equal(t, "view after conflicts", view(t, s), before)
}

func schemaEvolves(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	first := mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}))
	mustPublish(t, s, Record("b2", 2, Partition{day15, []int64{3}}))
	if v := view(t, s); v.SchemaGeneration != first {
		t.Errorf("schema generation %d after an append, want %d", v.SchemaGeneration, first)
	}
	wider := Record("b3", 3, Partition{day16, []int64{3}})
	wider.Table.SchemaVersion = 2
	wider.Table.Columns[0].Type = pgtypes.Of(pgtypes.Int8)
	wider.Table.Columns = append(wider.Table.Columns, catalog.Column{Name: "referrer", Type: pgtypes.Of(pgtypes.Text)})
	third := mustPublish(t, s, wider)
	// A batch that was made before the change and published after it: its files are old, the table stays new.
	mustPublish(t, s, Record("b4", 4, Partition{day15, []int64{9}}))
	v := view(t, s)
	tv := events(t, s)
	if v.SchemaGeneration != third || tv.Table.SchemaVersion != 2 || len(tv.Table.Columns) != 4 {
		t.Errorf("schema generation %d, version %d, %d columns", v.SchemaGeneration, tv.Table.SchemaVersion, len(tv.Table.Columns))
	}
	got := map[string]int{}
	for _, f := range tv.Files {
		got[f.Batch] = f.SchemaVersion
	}
	equal(t, "schema versions of files", got, map[string]int{"b1": 1, "b2": 1, "b3": 2, "b4": 1})
	described := Record("b5", 5)
	described.Table = wider.Table
	described.Table.Description = "page views, one row per event"
	fifth := mustPublish(t, s, described)
	if v := view(t, s); v.SchemaGeneration != fifth || events(t, s).Table.Description != described.Table.Description {
		t.Errorf("schema generation %d, description %q", v.SchemaGeneration, events(t, s).Table.Description)
	}
}

func replace(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3, 3}}, Partition{day16, []int64{4}}))
	mustPublish(t, s, Record("b2", 2, Partition{day15, []int64{5}}))
	r := Record("b3", 3, Partition{day15, []int64{11}})
	r.Kind = catalog.RecordReplace
	r.Replaces = []catalog.Replaced{
		{Batch: "b1", Revision: 1, Partition: day15}, {Batch: "b2", Revision: 1, Partition: day15},
	}
	g := mustPublish(t, s, r)
	rows := map[string]int64{}
	for _, f := range events(t, s).Files {
		rows[f.Batch+" "+f.Partition] += f.Rows
	}
	equal(t, "rows", rows, map[string]int64{"b3 " + day15: 11, "b1 " + day16: 4})
	states := map[string]catalog.BatchState{}
	batches, err := s.Batches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		states[b.ID] = b.State
	}
	equal(t, "states", states, map[string]catalog.BatchState{
		"b1": catalog.BatchCommitted, "b2": catalog.BatchReplaced, "b3": catalog.BatchCommitted,
	})
	if again := mustPublish(t, s, r); again != g {
		t.Errorf("replayed as %d, published as %d", again, g)
	}
	// Two rebuilds of the same partition from the same state: the second would double the rows.
	late := Record("b4", 4, Partition{day15, []int64{11}})
	late.Kind, late.Replaces = r.Kind, r.Replaces
	_, err = s.Publish(t.Context(), late)
	wantConflict(t, "second replacement", err)
	// A re-run replaces its own first revision.
	again := Record("b3", 5, Partition{day15, []int64{12}})
	again.Revision, again.Kind = 2, catalog.RecordReplace
	again.Files[0].Path += "2"
	again.Replaces = []catalog.Replaced{{Batch: "b3", Revision: 1, Partition: day15}}
	mustPublish(t, s, again)
	if f := events(t, s).Files[0]; f.Rows != 12 || f.Revision != 2 {
		t.Errorf("after the re-run: %+v", f)
	}
}

func sequences(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	for want := int64(1); want <= 3; want++ {
		if got, err := s.Reserve(t.Context(), Events()); err != nil || got != want {
			t.Errorf("Reserve = %d, %v; want %d", got, err, want)
		}
	}
	mustPublish(t, s, Record("b9", 9, Partition{day15, []int64{1}}))
	if got, err := s.Reserve(t.Context(), Events()); err != nil || got != 10 {
		t.Errorf("Reserve after seq 9 = %d, %v", got, err)
	}
	other := catalog.Name{Schema: "web", Table: "other"}
	if got, err := s.Reserve(t.Context(), other); err != nil || got != 1 {
		t.Errorf("Reserve of another table = %d, %v", got, err)
	}
	if _, ok := view(t, s).Tables[other]; ok {
		t.Error("a reservation made a table")
	}
	if a, b := mustReserveLoad(t, s, 4), mustReserveLoad(t, s, 1); a != 1 || b != 5 {
		t.Errorf("ReserveLoad gave %d and %d, want 1 and 5", a, b)
	}
	if _, err := s.ReserveLoad(t.Context(), Events(), 0); err == nil {
		t.Error("ReserveLoad of nothing was accepted")
	}
}

func knownInputs(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	r := Record("b1", 1, Partition{day15, []int64{1}})
	r.Inputs = []catalog.Input{
		{Key: "raw/a", ETag: "1"}, {Key: "raw/あ", ETag: "2"}, {Key: "raw0", ETag: "3"}, {Key: "Raw/a", ETag: "4"},
	}
	mustPublish(t, s, r)
	newer := Record("b2", 2)
	newer.Inputs = []catalog.Input{{Key: "raw/a", ETag: "5"}}
	mustPublish(t, s, newer)
	if err := s.NoteFailure(t.Context(), catalog.Batch{Table: Events(), ID: "b3", Revision: 1}); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]map[string]string{
		"":      {"raw/a": "5", "raw/あ": "2", "raw0": "3", "Raw/a": "4"},
		"raw/b": {"raw/あ": "2", "raw0": "3"},
		"raw0":  {"raw0": "3"},
		"raw1":  nil,
	} {
		got, err := s.Known(t.Context(), Events(), from)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "known from "+from, got, want)
	}
}

func recentInputs(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	recent := func(within time.Duration, before int, want string) {
		t.Helper()
		got, err := s.RecentInput(t.Context(), Events(), within, before)
		if err != nil || got != want {
			t.Errorf("the smallest key within %s, behind %d, is %q, %v; want %q", within, before, got, err, want)
		}
	}
	recent(time.Hour, 0, "")
	for i, keys := range [][]string{{"a", "b"}, {"d", "c"}, {"f"}, {"b"}} { // the last reads b again
		r := Record(fmt.Sprintf("b%d", i), int64(i+1))
		r.CommittedAt = time.Date(2018, 2, 15, 10*i, 0, 0, 0, time.UTC)
		for _, key := range keys {
			r.Inputs = append(r.Inputs, catalog.Input{Key: key, ETag: strconv.Itoa(i)})
		}
		mustPublish(t, s, r)
		if i == 2 {
			recent(0, 0, "f")
			recent(9*time.Hour, 4, "f")
			recent(9*time.Hour, 5, "")
			recent(10*time.Hour, 0, "c")
			recent(1000*time.Hour, 0, "a")
			recent(1000*time.Hour, 1, "")
		}
	}
	recent(0, 0, "b")
	if err := s.NoteFailure(t.Context(), catalog.Batch{Table: Events(), ID: "b9", Revision: 1}); err != nil {
		t.Fatal(err)
	}
	recent(0, 0, "b")
}

func listings(t *testing.T, open Opener) {
	t.Helper()
	s, other := open(t), open(t)
	want := catalog.Listing{}
	for _, next := range []catalog.Listing{{At: time.Date(2018, 2, 15, 3, 0, 0, 0, time.UTC), Version: "v1"}, {}} {
		got, err := s.Listed(t.Context(), Events())
		if err != nil || !got.At.Equal(want.At) || got.Version != want.Version {
			t.Errorf("listed %+v, %v; want %+v", got, err, want)
		}
		if err := other.NoteListed(t.Context(), Events(), next); err != nil {
			t.Fatal(err)
		}
		want = next
	}
	if got, err := s.Listed(t.Context(), Events()); err != nil || got != want {
		t.Errorf("listed %+v, %v; want %+v", got, err, want)
	}
	if v := view(t, s); v.Generation != 0 {
		t.Errorf("listings made generation %d", v.Generation)
	}
}

func failures(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	failed := catalog.Batch{
		Table: Events(), ID: "b1", Revision: 1, Seq: 1, State: catalog.BatchFailed, Reason: "12 % of \x00\xff rejected",
		Counts: catalog.Counts{Read: 100, Rejected: 12}, BytesIn: 5, StartedAt: time.Date(2018, 2, 15, 0, 0, 0, 0, time.UTC),
	}
	for range 2 {
		if err := s.NoteFailure(t.Context(), failed); err != nil {
			t.Fatal(err)
		}
	}
	if v := view(t, s); v.Generation != 0 || len(v.Tables) != 0 {
		t.Errorf("a failure made generation %d with %d tables", v.Generation, len(v.Tables))
	}
	got, err := s.Batches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	failed.Reason = "12 % of \ufffd\ufffd rejected" // as every database takes it
	equal(t, "failed", got, []catalog.Batch{failed})
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{1}}))
	got, err = s.Batches(t.Context())
	if err != nil || len(got) != 1 || got[0].State != catalog.BatchCommitted || got[0].Reason != "" {
		t.Errorf("after its publication: %+v, %v", got, err)
	}
	wantConflict(t, "failure of a published batch", s.NoteFailure(t.Context(), failed))
}

func twoStores(t *testing.T, open Opener) {
	t.Helper()
	a, b := open(t), open(t)
	for i := int64(1); i <= 20; i += 2 {
		ga := mustPublish(t, a, Record(fmt.Sprintf("a%d", i), i, Partition{day15, []int64{1}}))
		if v := since(t, b, ga); v.Generation != ga || int64(len(v.Tables[Events()].Files)) != i {
			t.Fatalf("b sees generation %d with %d files, want %d with %d", v.Generation, len(v.Tables[Events()].Files), ga, i)
		}
		gb := mustPublish(t, b, Record(fmt.Sprintf("b%d", i), i+1, Partition{day15, []int64{1}}))
		if v := since(t, a, gb); v.Generation != gb || gb != ga+1 {
			t.Fatalf("a sees generation %d, want %d = %d + 1", v.Generation, gb, ga)
		}
	}
	equal(t, "view of a second, later and fresh store", view(t, open(t)), view(t, a))
}

func concurrentPublishers(t *testing.T, open Opener) {
	t.Helper()
	const writers, batches = 4, 10
	watcher := open(t)
	var wg sync.WaitGroup
	generations := make([][]int64, writers)
	for w := range writers {
		s := open(t)
		wg.Go(func() {
			for i := range batches {
				seq, err := s.Reserve(t.Context(), Events())
				if err != nil {
					t.Error(err)
					return
				}
				g, err := s.Publish(t.Context(), Record(fmt.Sprintf("w%d-%d", w, i), seq, Partition{day15, []int64{int64(w + 1)}}))
				if err != nil {
					t.Error(err)
					return
				}
				generations[w] = append(generations[w], g)
				if v := since(t, watcher, g); v.Generation < g {
					t.Errorf("after generation %d the watcher sees %d", g, v.Generation)
				}
			}
		})
	}
	wg.Wait()
	seen := map[int64]bool{}
	for _, gs := range generations {
		for _, g := range gs {
			seen[g] = true
		}
	}
	v := since(t, watcher, writers*batches)
	if len(seen) != writers*batches || v.Generation != writers*batches || len(v.Tables[Events()].Files) != writers*batches {
		t.Errorf("%d generations, newest %d, %d files; want %d of each",
			len(seen), v.Generation, len(v.Tables[Events()].Files), writers*batches)
	}
}

func endedContext(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	cause := errors.New("the client went away")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := s.View(ctx); !errors.Is(err, cause) {
		t.Errorf("View: %v, want the cause", err)
	}
	if _, err := s.Publish(ctx, Record("b1", 1)); err == nil {
		t.Error("Publish with an ended context was accepted")
	}
	mustPublish(t, s, Record("b1", 1))
}

func requeue(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}))
	r := Record("b2", 2, Partition{day15, []int64{1}})
	r.Kind, r.CommittedAt = catalog.RecordRequeue, r.CommittedAt.Add(time.Hour)
	r.Inputs = []catalog.Input{{Key: "_quarantine/web.events/b1.ndjson.gz", ETag: "q", Size: 1, Records: 2}}
	r.Replaces = []catalog.Replaced{{Batch: "b1", Revision: 1, Partition: day15}}
	_, err := s.Publish(t.Context(), r)
	wantConflict(t, "a requeue that replaces", err)
	r.Replaces = nil
	mustPublish(t, s, r)
	known, err := s.Known(t.Context(), Events(), "_quarantine/")
	if err != nil || known["_quarantine/web.events/b1.ndjson.gz"] != "q" {
		t.Errorf("Known: %v, %v", known, err)
	}
	some := make([]string, 1200) // more than one query asks for
	for i := range some {
		some[i] = fmt.Sprintf("nowhere/%d", i)
	}
	for _, c := range []struct {
		keys []string
		want int
	}{{nil, 0}, {some, 0}, {append(some, "raw/b1.gz", "_quarantine/web.events/b1.ndjson.gz"), 2}} {
		got, err := s.KnownKeys(t.Context(), Events(), c.keys)
		if err != nil || len(got) != c.want || c.want > 0 && got["raw/b1.gz"] != "e-b1" {
			t.Errorf("KnownKeys of %d: %v, %v", len(c.keys), got, err)
		}
	}
	// A quarantine file tells nothing of where the source's new objects are.
	if key, err := s.RecentInput(t.Context(), Events(), 0, 0); err != nil || key != "" {
		t.Errorf("RecentInput: %q, %v", key, err)
	}
	batches, err := s.Batches(t.Context())
	last, lastErr := s.LastBatches(t.Context(), Events(), 10)
	if lastErr != nil || len(last) != 1 || last[0].ID != "b1" {
		t.Errorf("LastBatches: %+v, %v", last, lastErr)
	}
	if err != nil || len(batches) != 2 || batches[1].Kind != catalog.RecordRequeue || batches[1].State != catalog.BatchCommitted {
		t.Errorf("Batches: %+v, %v", batches, err)
	}
}

func lastBatches(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	noted := catalog.Notes{
		Broken:   []catalog.BrokenRule{{Rule: "row_change", Action: "stop", Expected: "2", Found: "1", Accepted: true}},
		Measured: &catalog.Measured{Nulls: map[string]int64{"path": 0}, Values: map[string]map[string]int64{"site_id": {"7": 1}}},
		Effort:   &catalog.Effort{CoreSeconds: 2.5, SerialCoreSeconds: 1},
	}
	for i := int64(1); i <= 4; i++ {
		r := Record(fmt.Sprintf("b%d", i), i, Partition{day15, []int64{i}})
		r.Notes = noted
		if i == 4 {
			r.Kind, r.Replaces = catalog.RecordReplace, []catalog.Replaced{{Batch: "b3", Revision: 1, Partition: day15}}
		}
		mustPublish(t, s, r)
	}
	if err := s.NoteFailure(t.Context(), catalog.Batch{Table: Events(), ID: "b5", Revision: 1, Notes: noted}); err != nil {
		t.Fatal(err)
	}
	last, err := s.LastBatches(t.Context(), Events(), 2)
	if err != nil || len(last) != 2 || last[0].ID != "b4" || last[1].ID != "b3" || last[1].State != catalog.BatchReplaced || last[0].Counts.Emitted != 4 || last[0].Version != "0123456789ab" {
		t.Fatalf("the last two: %+v, %v", last, err)
	}
	equal(t, "notes", last[0].Notes, noted)
	if none, err := s.LastBatches(t.Context(), catalog.Name{Schema: "web", Table: "other"}, 2); err != nil || len(none) != 0 {
		t.Errorf("of another table: %+v, %v", none, err)
	}
}
