package hotload_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/internal/testkit"
)

// hotWith gives the columns with which the pairs of a batch are hot, those that do not fit among them.
func (l *live) hotWith(t *testing.T, batch string) []string {
	t.Helper()
	hot := l.view(t).Tables[events().Name].Hot
	for pair, loads := range hot.Covered {
		if pair.Batch == batch {
			return hot.Versions[loads[0].SchemaVersion]
		}
	}
	t.Fatalf("batch %s is not hot", batch)
	return nil
}

// TestUnfitColumn: a value that is too long for the live table keeps its column cold for its batch, and nothing else.
func TestUnfitColumn(t *testing.T) {
	t.Parallel()
	l := newLive(t, testkit.Postgres(t).DSN(), "unfit")
	l.sql(t, "CREATE TABLE HOT (load_ms int, event_id varchar(4), dt date, kind varchar(40))")
	l.commit(t, liveEvents(), "b1", nil, part{13, "a", 200}) // e1-100 is longer than four
	l.commit(t, liveEvents("event_id", "load_ms", "dt", "kind"), "b2", nil, part{13, "b", 5})
	if r := l.pass(t); r.Rows != 205 {
		t.Errorf("%d rows were loaded", r.Rows)
	}
	checkServer(t, l.world, l.store, true)
	if d := cmp.Diff([]string{"load_ms", "dt", "kind", "_tg_unfit:event_id:0:4"}, l.hotWith(t, "b1")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"event_id", "load_ms", "dt", "kind"}, l.hotWith(t, "b2")); d != "" {
		t.Error(d)
	}
	if got := l.sql(t, "SELECT kind, count(*), count(event_id) FROM HOT GROUP BY kind ORDER BY kind"); strings.Join(got, " ") != "a|200|0 b|5|5" {
		t.Errorf("rows: %v", got)
	}
	if r := l.pass(t); r.Rows != 0 {
		t.Errorf("%d rows were loaded again", r.Rows)
	}

	l.sql(t, "ALTER TABLE HOT ALTER COLUMN event_id TYPE varchar(6)")
	if r := l.pass(t); r.Rows != 200 {
		t.Errorf("%d rows were loaded again for the longer column", r.Rows)
	}
	if got := l.sql(t, "SELECT count(event_id) FROM HOT"); got[0] != "205" {
		t.Errorf("%s values", got[0])
	}
	checkServer(t, l.world, l.store, true)
}

// TestUnfitPartition: without its partition column a load reads the files that lie in the partition.
func TestUnfitPartition(t *testing.T) {
	t.Parallel()
	l := newLive(t, testkit.Postgres(t).DSN(), "unfit")
	l.sql(t, "CREATE TABLE HOT (load_ms int, dt date, kind varchar(2))")
	l.commit(t, liveEvents("load_ms", "dt", "kind"), "b1", nil, part{13, "long", 7}, part{13, "a", 3})
	l.pass(t)
	if got := l.sql(t, "SELECT _tg_seq, count(*), count(kind) FROM HOT GROUP BY 1 ORDER BY 2"); len(got) != 2 || got[0][1:] != "|3|0" || got[1][1:] != "|7|0" {
		t.Errorf("rows: %v", got)
	}
	if with := l.hotWith(t, "b1"); with[len(with)-1] != "_tg_unfit:kind:0:2" {
		t.Errorf("hot with %v", with)
	}
}

// TestUnfitColumnOfAList: a column that becomes hot by the pipeline may have been written with values of any length.
func TestUnfitColumnOfAList(t *testing.T) {
	t.Parallel()
	l := newLive(t, testkit.Postgres(t).DSN(), "unfit")
	w := l.world
	table := events()
	r := w.record(t, table, "b1", nil, part{13, "a", 3})
	w.copyTo(t, r.Files[0].Path, "SELECT repeat('x', 65536 + i::INTEGER) AS event_id, ts, load_ms, price FROM ("+part{13, "a", 3}.selectRows(1)+") t, (SELECT 0 AS i)")
	w.publish(t, r)
	l.pass(t)
	hotter := events()
	hotter.Hot = &catalog.HotSpec{Columns: []string{"event_id", "ts", "load_ms", "dt", "kind"}}
	w.commit(t, hotter, "b2", nil, part{14, "a", 4})
	if r := l.pass(t); r.Rows != 7 {
		t.Errorf("%d rows were loaded", r.Rows)
	}
	if with := l.hotWith(t, "b1"); with[len(with)-1] != "_tg_unfit:event_id:0:0" {
		t.Errorf("hot with %v", with)
	}
	if got := l.sql(t, "SELECT count(*), count(event_id) FROM HOT"); got[0] != "7|4" {
		t.Errorf("rows and ids: %s", got[0])
	}
	checkServer(t, w, l.store, true)
}
