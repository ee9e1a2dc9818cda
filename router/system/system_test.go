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
		Hot:   catalog.HotState{Covered: map[catalog.Pair]catalog.HotPart{{Batch: "b1", Partition: "dt=2018-02-01"}: {LoadSeq: 1}}},
	}}}
}

type fixture struct {
	db        *duck.DB
	relations *Relations
	batches   []catalog.Batch
	log       []querylog.Entry
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
	source, err := f.relations.Source(u)
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
