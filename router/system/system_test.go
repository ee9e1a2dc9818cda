package system

import (
	"context"
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/pgtypes"
	"tidegate/router/querylog"
	"tidegate/sql"
)

var events = catalog.Name{Schema: "web", Table: "events"}

func at(hour int) *pgtypes.Datum {
	return &pgtypes.Datum{Class: pgtypes.ClassTimestamptz, I: time.Date(2018, 2, 1, hour, 0, 0, 0, time.UTC).UnixMicro()}
}

// view has two pairs of one batch; the first is hot.
func view(generation int64) *catalog.View {
	file := func(partition string, rows int64, low, high int) *catalog.File {
		return &catalog.File{
			Batch: "b1", Partition: partition, Path: "p/" + partition, Rows: rows, Bytes: 300, Generation: 1,
			Stats: []catalog.ColumnStats{{Name: "ts", Bytes: 100, Min: at(low), Max: at(high)}, {Name: "ua", Bytes: 150}},
		}
	}
	return &catalog.View{Generation: generation, Tables: map[catalog.Name]*catalog.TableView{events: {
		Table: &catalog.Table{
			Name: events, Description: "Page views", PartitionBy: []string{"dt"}, Time: &catalog.TimeSpec{Column: "ts"},
			Columns: []catalog.Column{{Name: "ts"}, {Name: "ua"}, {Name: "dt", Partition: true}},
			Hot:     &catalog.HotSpec{Columns: []string{"ts", "dt"}},
		},
		Files: []*catalog.File{file("dt=2018-02-01", 10, 1, 5), file("dt=2018-02-02", 4, 7, 9)},
		Hot: catalog.HotState{
			Covered:  map[catalog.Pair][]catalog.HotPart{{Batch: "b1", Partition: "dt=2018-02-01"}: {{LoadSeq: 1, SchemaVersion: 1}}},
			Versions: map[int][]string{1: {"ts", "dt"}},
		},
	}}}
}

type fixture struct {
	db        *duck.DB
	relations *Relations
	batches   []catalog.Batch
	log       []querylog.Entry
	loads     []catalog.Load
	behind    time.Duration
	rejects   []Reject
	broken    error
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	f := &fixture{db: db}
	f.relations = New(db, Sources{
		Batches:    func(context.Context) ([]catalog.Batch, error) { return f.batches, f.broken },
		QueryLog:   func(context.Context) ([]querylog.Entry, error) { return f.log, nil },
		Quarantine: f.quarantine,
		Loads:      func(context.Context) ([]catalog.Load, error) { return f.loads, nil },
		HotComplete: func(_ context.Context, v *catalog.View, _ catalog.Name) (int64, time.Duration, bool, error) {
			return v.Generation - 1, f.behind, f.behind > 0, nil
		},
	})
	return f
}

func (f *fixture) quarantine(context.Context) iter.Seq2[Reject, error] {
	return func(yield func(Reject, error) bool) {
		for _, r := range f.rejects {
			if !yield(r, nil) {
				return
			}
		}
		if f.broken != nil {
			yield(Reject{}, f.broken)
		}
	}
}

// ask prepares a relation at v and reads columns of it, every row joined by "|".
func (f *fixture) ask(t *testing.T, v *catalog.View, table, columns string) []string {
	t.Helper()
	u := &sql.Use{Relation: &sql.Relation{Name: sql.TableName{Schema: Schema, Table: table}}}
	if err := f.relations.Prepare(t.Context(), v, []*sql.Use{u}); err != nil {
		t.Fatal(err)
	}
	source, err := f.relations.Source(u, engine.Asker{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.db.Query(t.Context(), engine.Statement{SQL: "SELECT concat_ws('|', " + columns + ") FROM " + source})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for {
		c, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.Rows {
			got = append(got, string(c.Vectors[0].Str[i].Bytes()))
		}
	}
}

func TestTiersAndTables(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	want := []string{
		"web.events|cold|3|14|600|2018-02-01 01:00:00|2018-02-01 09:00:00|1|ts, ua, dt",
		"web.events|hot|2|10|100|2018-02-01 01:00:00|2018-02-01 05:00:00|1|ts, dt",
	}
	got := f.ask(t, view(1), "tiers", "table_name, tier, columns, rows, bytes, from_time::timestamp, through_time::timestamp, batches, column_names")
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	want = []string{"web.events|Page views|dt|14|600|2|2018-02-01 09:00:00|2018-02-01 05:00:00|1"}
	got = f.ask(t, view(1), "tables", "table_name, description, partition_by, rows, bytes, files, fresh_through::timestamp, hot_through::timestamp, generation")
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := f.ask(t, view(1), "files", "batch, partition, rows"); len(got) != 2 || got[0] != "b1|dt=2018-02-01|10" {
		t.Errorf("files: %q", got)
	}
}

func TestWhatIsHot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	got := f.ask(t, view(3), "partitions", "table_name, partition, rows, bytes, files, batches, generation, hot, hot_rows, published_generation is null")
	want := []string{"web.events|dt=2018-02-01|10|300|1|1|1|true|10|true", "web.events|dt=2018-02-02|4|300|1|1|1|false|0|true"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	const columns = "table_name, newest_generation, ifnull(hot_generation, -1), fresh_through::timestamp, hot_through::timestamp, ifnull(behind_seconds, -1), max_staleness_seconds"
	// It moves without a generation.
	for behind, want := range map[time.Duration]string{
		0:                "web.events|3|-1|2018-02-01 09:00:00|2018-02-01 05:00:00|-1.0|900.0",
		90 * time.Second: "web.events|3|2|2018-02-01 09:00:00|2018-02-01 05:00:00|90.0|900.0",
	} {
		f.behind = behind
		if d := cmp.Diff([]string{want}, f.ask(t, view(3), "freshness", columns)); d != "" {
			t.Error(d)
		}
	}
	f.loads = []catalog.Load{{
		Table: events, Batch: "b1", Revision: 1, Partition: "dt=2018-02-01", LoadSeq: 1, SchemaVersion: 1, Rows: 10,
		Generation: 2, LoadedAt: time.Date(2018, 2, 3, 4, 5, 6, 0, time.UTC), Withdrawn: true,
	}}
	got = f.ask(t, view(3), "loads", "table_name, batch, partition, load_seq, hot_schema_version, rows, begin_generation, loaded_at::timestamp, withdrawn")
	if d := cmp.Diff([]string{"web.events|b1|dt=2018-02-01|1|1|10|2|2018-02-03 04:05:06|true"}, got); d != "" {
		t.Error(d)
	}
}

func TestRelationsFollowTheirSources(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.rejects = []Reject{{Table: events, Batch: "b1", Object: "o", Line: 3, Reason: "invalid_json", Raw: "{"}}
	for generation := int64(1); generation <= 2; generation++ {
		if got := f.ask(t, view(generation), "quarantine", "table_name, batch, object, line, reason, raw"); len(got) != len(f.rejects) {
			t.Errorf("generation %d: %q", generation, got)
		}
		f.rejects = append(f.rejects, f.rejects[0])
	}
	// The query log and failed batches move without a generation.
	for n := range 3 {
		if got := f.ask(t, view(9), "query_log", "query_id"); len(got) != n {
			t.Errorf("query log has %d lines, want %d", len(got), n)
		}
		if got := f.ask(t, view(9), "batches", "batch, state"); len(got) != n {
			t.Errorf("%d batches, want %d", len(got), n)
		}
		f.log = append(f.log, querylog.Entry{QueryID: strconv.Itoa(n), StartedAt: time.Now()})
		f.batches = append(f.batches, catalog.Batch{Table: events, ID: strconv.Itoa(n), State: catalog.BatchFailed})
	}
}

func TestBrokenSourceIsToldAndReadAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.rejects, f.broken = []Reject{{Table: events, Reason: "x"}}, errors.New("disk on fire")
	u := &sql.Use{Relation: &sql.Relation{Name: sql.TableName{Schema: Schema, Table: "quarantine"}}}
	if err := f.relations.Prepare(t.Context(), view(1), []*sql.Use{u}); err == nil || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("got %v, want the source's error", err)
	}
	f.broken = nil
	if got := f.ask(t, view(1), "quarantine", "reason"); len(got) != 1 {
		t.Errorf("after the source is well: %q", got)
	}
}

func TestEveryRelationHasRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, rel := range f.relations.All() {
		f.ask(t, view(1), rel.Name.Table, `"`+rel.Columns[0].Name+`"`)
	}
}
