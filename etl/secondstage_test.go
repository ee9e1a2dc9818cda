package etl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
)

// dailyRows is the second stage computed from what web.events holds now.
const dailyRows = "SELECT site_id, count(*), sum(load_ms), dt FROM t GROUP BY site_id, dt ORDER BY dt, site_id"

func (l *lab) checkDaily(t *testing.T) {
	t.Helper()
	want := l.query(t, "web.events", dailyRows)
	if diff := cmp.Diff(want, l.query(t, "web.daily", "SELECT site_id, pv, load_ms, dt FROM t ORDER BY dt, site_id")); diff != "" {
		t.Errorf("web.daily is not what web.events gives:\n%s", diff)
	}
}

func TestSecondStageRebuildsWhatChanged(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz",
		event("a", "2018-02-10T00:00:00Z", 1, `,"load_ms":5`), event("b", "2018-02-10T00:00:00Z", 1, `,"load_ms":6`),
		event("c", "2018-02-11T00:00:00Z", 1, ""), event("d", "2018-02-12T00:00:00Z", 2, `,"load_ms":7`))
	report := l.mustRun(t, l.events(), daily()).Pipelines[1]
	if want := (catalog.Counts{Read: 3, Emitted: 3}); report.Counts != want || report.Batches != 1 {
		t.Errorf("first: %d batches, %+v", report.Batches, report.Counts)
	}
	l.checkDaily(t)
	if again := l.mustRun(t, l.events(), daily()).Pipelines[1]; again.Batches != 0 {
		t.Errorf("nothing changed, but %d batches", again.Batches)
	}

	l.put(t, "2.gz", event("e", "2018-02-11T05:00:00Z", 3, `,"load_ms":1`))
	l.mustRun(t, l.events(), daily())
	l.checkDaily(t)
	batches := l.batches(t)
	record := l.record(t, batches[len(batches)-1])
	var inputs []string
	for _, in := range record.Inputs {
		inputs = append(inputs, fmt.Sprintf("%s %d", in.Key, in.Records))
	}
	if diff := cmp.Diff([]string{"web.events/dt=2018-02-11 2"}, inputs); diff != "" {
		t.Errorf("inputs:\n%s", diff)
	}
	want := []catalog.Replaced{{Batch: l.record(t, batches[1]).Batch, Revision: 1, Partition: "dt=2018-02-11"}}
	if diff := cmp.Diff(want, record.Replaces); diff != "" || record.Kind != catalog.RecordReplace {
		t.Errorf("%s replaces:\n%s", record.Kind, diff)
	}

	changed := daily()
	changed.SQL = strings.Replace(changed.SQL, "group by", "where site_id < 3 group by", 1)
	if again := l.mustRun(t, changed).Pipelines[0]; again.Batches != 1 || again.Counts.Emitted != 3 {
		t.Errorf("the SELECT changed: %d batches, %d rows", again.Batches, again.Counts.Emitted)
	}
}

// vanish publishes a record that takes a partition's files away and puts none in their place.
func (l *lab) vanish(t *testing.T, table, partition string) {
	t.Helper()
	live := l.table(t, table)
	seq, err := l.store.Reserve(t.Context(), live.Table.Name)
	if err != nil {
		t.Fatal(err)
	}
	record := &catalog.Record{
		Format: catalog.RecordFormat, Table: *live.Table, Batch: fmt.Sprintf("vanish-%d", seq), Revision: 1, Seq: seq,
		Kind: catalog.RecordReplace, CommittedAt: time.Now(),
	}
	for _, f := range live.Files {
		if f.Partition == partition {
			record.Replaces = append(record.Replaces, catalog.Replaced{Batch: f.Batch, Revision: f.Revision, Partition: partition})
		}
	}
	record.Replaces = slices.Compact(record.Replaces)
	if _, err := l.store.Publish(t.Context(), record); err != nil {
		t.Fatal(err)
	}
}

func TestSecondStageRemovesWhatVanished(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	for round := range 2 {
		l.put(t, fmt.Sprintf("%d.gz", round),
			event("a", "2018-02-10T00:00:00Z", 1, ""), event("b", "2018-02-11T00:00:00Z", 1, ""))
		l.mustRun(t, l.events(), daily())
		l.checkDaily(t)
		l.vanish(t, "web.events", "dt=2018-02-10")
		if got := l.mustRun(t, daily()).Pipelines[0]; got.Batches != 1 || got.Counts.Emitted != 0 {
			t.Errorf("round %d: %d batches, %+v", round, got.Batches, got.Counts)
		}
		l.checkDaily(t)
		if n := len(l.table(t, "web.daily").Files); n != 1 {
			t.Errorf("round %d: %d files are left", round, n)
		}
		if again := l.mustRun(t, daily()).Pipelines[0]; again.Batches != 0 {
			t.Errorf("round %d: nothing changed, but %d batches", round, again.Batches)
		}
	}
}

func TestSecondStageInSeveralBatches(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	for day := range 5 {
		l.put(t, fmt.Sprintf("%d.gz", day), event(strconv.Itoa(day), fmt.Sprintf("2018-02-0%dT00:00:00Z", day+1), 1, ""))
	}
	p := daily()
	p.MaxBytes = 1
	if got := l.mustRun(t, l.events(), p).Pipelines[1]; got.Batches != 5 {
		t.Errorf("%d batches", got.Batches)
	}
	l.checkDaily(t)
}

func TestSecondStageLookback(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	var lines []string
	for day := 1; day <= 8; day++ {
		lines = append(lines, event(strconv.Itoa(day), fmt.Sprintf("2018-02-0%dT00:00:00Z", day), day, ""))
	}
	l.put(t, "1.gz", lines...)
	p := daily()
	p.Lookback = 48 * time.Hour
	// Each day's rows count the days up to two before it that are there.
	p.SQL = `select e.dt, e.site_id, count(*)::bigint as pv, sum(b.load_ms)::bigint as load_ms
		from web.events e join web.events b on b.dt::date between e.dt::date - 2 and e.dt::date group by e.dt, e.site_id`
	check := func() {
		t.Helper()
		want := l.query(t, "web.events", `SELECT e.dt, e.site_id, count(*), sum(b.load_ms) FROM t e
			JOIN t b ON b.dt::DATE BETWEEN e.dt::DATE - 2 AND e.dt::DATE GROUP BY e.dt, e.site_id ORDER BY ALL`)
		if diff := cmp.Diff(want, l.query(t, "web.daily", "SELECT dt, site_id, pv, load_ms FROM t ORDER BY ALL")); diff != "" {
			t.Error(diff)
		}
	}
	l.mustRun(t, l.events(), p)
	check()
	l.put(t, "2.gz", event("late", "2018-02-04T00:00:00Z", 4, `,"load_ms":100`))
	l.mustRun(t, l.events(), p)
	check()
	batches := l.batches(t)
	var inputs []string
	for _, in := range l.record(t, batches[len(batches)-1]).Inputs {
		inputs = append(inputs, strings.TrimPrefix(in.Key, "web.events/dt="))
	}
	slices.Sort(inputs)
	if diff := cmp.Diff([]string{"2018-02-04", "2018-02-05", "2018-02-06"}, inputs); diff != "" {
		t.Errorf("rebuilt:\n%s", diff)
	}
}

func TestSecondStageOfTheWholeTable(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-10T00:00:00Z", 1, ""), event("b", "2018-02-11T00:00:00Z", 2, ""))
	p := daily()
	p.PartitionBy = nil
	p.SQL = `select site_id, count(*)::bigint as pv, sum(load_ms)::bigint as load_ms from web.events group by site_id`
	l.mustRun(t, l.events(), p)
	l.put(t, "2.gz", event("c", "2018-02-12T00:00:00Z", 2, ""))
	l.mustRun(t, l.events(), p)
	want := l.query(t, "web.events", "SELECT site_id, count(*), sum(load_ms) FROM t GROUP BY 1 ORDER BY 1")
	if diff := cmp.Diff(want, l.query(t, "web.daily", "SELECT * FROM t ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
	if files := l.table(t, "web.daily").Files; len(files) != 1 || files[0].Partition != "" || !strings.HasPrefix(files[0].Path, "web.daily/run=") {
		t.Errorf("files: %d", len(files))
	}
	if again := l.mustRun(t, l.events(), p).Pipelines[1]; again.Batches != 0 {
		t.Errorf("nothing changed, but %d batches", again.Batches)
	}
}

func TestSecondStageWithoutUpstream(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	if got := l.mustRun(t, daily()).Pipelines[0]; got.Batches != 0 {
		t.Errorf("%d batches", got.Batches)
	}
}

// TestSecondStageReturnsToAFormerSelect goes from a SELECT to another and back: the table must be the first one's
// again, although the ledger and the commit records know that state.
func TestSecondStageReturnsToAFormerSelect(t *testing.T) {
	t.Parallel()
	first := daily().SQL
	for name, between := range map[string]string{
		"empty":            strings.Replace(first, "group by", "where site_id < 0 group by", 1),
		"cut otherwise":    "select lower(dt) as dt, site_id, count(*)::bigint * 2 as pv, sum(load_ms)::bigint as load_ms from web.events group by 1, 2",
		"other partitions": "select 'x' || dt as dt, site_id, count(*)::bigint as pv, sum(load_ms)::bigint as load_ms from web.events group by 1, 2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			l.put(t, "1.gz", event("a", "2018-02-10T00:00:00Z", 1, ""), event("b", "2018-02-11T00:00:00Z", 2, ""))
			l.mustRun(t, l.events(), daily())
			for round := range 2 {
				p := daily()
				p.SQL = between
				l.mustRun(t, p)
				l.mustRun(t, daily())
				l.checkDaily(t)
				if again := l.mustRun(t, daily()).Pipelines[0]; again.Batches != 0 {
					t.Errorf("round %d: nothing changed, but %d batches", round, again.Batches)
				}
			}
		})
	}
}

// TestSecondStageAcrossPartitions has SELECTs whose rows depend on more than their own partition.
func TestSecondStageAcrossPartitions(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"shifted":  "select dt, site_id, pv, load_ms from (select (dt::date + 1)::text as dt, site_id, count(*)::bigint as pv, sum(load_ms)::bigint as load_ms from web.events group by 1, 2) e",
		"window":   "select dt, site_id, row_number() over (order by ts) as pv, load_ms::bigint as load_ms from web.events",
		"subquery": "select dt, site_id, (select count(*) from web.events) as pv, load_ms::bigint as load_ms from web.events",
		"limit":    "select dt, site_id, 1::bigint as pv, load_ms::bigint as load_ms from web.events order by ts desc limit 2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, fresh := newLab(t, nil), newLab(t, nil)
			p := daily()
			p.SQL = query
			for day := 1; day <= 3; day++ {
				line := event(strconv.Itoa(day), fmt.Sprintf("2018-02-0%dT00:00:00Z", day), day, "")
				l.put(t, fmt.Sprintf("%d.gz", day), line)
				fresh.put(t, fmt.Sprintf("%d.gz", day), line)
				l.mustRun(t, l.events(), p)
			}
			fresh.mustRun(t, fresh.events(), p)
			const all = "SELECT dt, site_id, pv FROM t ORDER BY ALL"
			if diff := cmp.Diff(fresh.query(t, "web.daily", all), l.query(t, "web.daily", all)); diff != "" {
				t.Errorf("made day by day it is not what it is made at once:\n%s", diff)
			}
		})
	}
}
