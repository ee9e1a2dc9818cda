package hotload_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/hotload"
	"tidegate/internal/testkit"
)

// live is a world whose hot table is in a PostgreSQL and somebody else's.
type live struct {
	*world
	store  serverStore
	server *hotload.Server
	loader *hotload.Loader
}

func newLive(t *testing.T, dsn, schema string) *live {
	t.Helper()
	w := newWorld(t)
	st := serverStore{Kind: "postgres", URL: dsn, Schema: schema}
	hot := w.serverHot(t, st)
	l := &live{world: w, store: st, server: hot, loader: w.serverLoader(hot, nil)}
	l.sql(t, "CREATE SCHEMA "+schema+"; SET search_path = "+schema)
	return l
}

// liveEvents is the table of the tests, with the columns that its hot table has.
func liveEvents(columns ...string) *catalog.Table {
	t := events()
	t.Hot = &catalog.HotSpec{FromTable: true, Columns: columns}
	return t
}

// sql runs statements on the server, whose name of the hot table is HOT, and gives the last one's rows.
func (l *live) sql(t *testing.T, statements string) []string {
	t.Helper()
	c, err := l.server.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	results, err := c.Exec(t.Context(), strings.ReplaceAll(statements, "HOT", l.server.TableRef(events().Name))).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
	var rows []string
	for _, row := range results[len(results)-1].Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			if cells[i] = string(v); v == nil {
				cells[i] = "NULL"
			}
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	return rows
}

func (l *live) spec(t *testing.T) *catalog.HotSpec {
	t.Helper()
	return l.view(t).Tables[events().Name].Table.Hot
}

func (l *live) pass(t *testing.T) hotload.Report {
	t.Helper()
	r, err := l.loader.LoadPending(t.Context())
	if err != nil {
		t.Fatalf("load: %v\n%s", err, l.log)
	}
	return r
}

// TestLiveTable follows a hot table through what its owner does to it.
func TestLiveTable(t *testing.T) {
	t.Parallel()
	l := newLive(t, testkit.Postgres(t).DSN(), "live")
	l.commit(t, liveEvents(), "b1", nil, part{13, "a", 40}, part{14, "", 5})
	_, err := l.loader.LoadPending(t.Context())
	if err == nil || !strings.Contains(err.Error(), "there is no hot table") {
		t.Fatalf("without a table: %v", err)
	}

	l.sql(t, `CREATE TABLE HOT (load_ms int, note text NOT NULL DEFAULT 'n', ts timestamptz, kind varchar(40), dt date, id int GENERATED ALWAYS AS IDENTITY);
		INSERT INTO HOT (load_ms) VALUES (-1)`)
	if r := l.pass(t); r.Rows != 45 {
		t.Errorf("%d rows were loaded", r.Rows)
	}
	want := &catalog.HotSpec{FromTable: true, Columns: []string{"ts", "load_ms", "dt", "kind"}, Limits: []catalog.HotLimit{{Column: "kind", MaxChars: 40}}}
	if d := cmp.Diff(want, l.spec(t)); d != "" {
		t.Error(d)
	}
	checkServer(t, l.world, l.store, true)
	if got := l.sql(t, "SELECT count(*), min(note) FROM HOT WHERE _tg_seq IS NULL"); got[0] != "1|n" {
		t.Errorf("the owner's row: %v", got)
	}

	// The pipeline that ran meanwhile knows fewer columns: what was noted stays.
	l.commit(t, liveEvents("ts", "dt", "kind"), "b2", nil, part{14, "a", 7})
	l.pass(t)
	if d := cmp.Diff(want, l.spec(t)); d != "" {
		t.Error(d)
	}
	checkServer(t, l.world, l.store, true)

	l.sql(t, "ALTER TABLE HOT ADD COLUMN event_id varchar(50)")
	if r := l.pass(t); r.Rows != 52 {
		t.Errorf("%d rows were loaded again for a new column", r.Rows)
	}
	if got := l.sql(t, "SELECT count(event_id), count(DISTINCT event_id) FROM HOT"); got[0] != "52|47" {
		t.Errorf("the new column: %v", got)
	}
	checkServer(t, l.world, l.store, true)

	l.sql(t, "ALTER TABLE HOT DROP COLUMN event_id")
	if err := l.server.Check(t.Context(), l.view(t).Tables[events().Name].Table, nil); err == nil || !strings.Contains(err.Error(), "event_id was dropped") {
		t.Errorf("before the pass: %v", err)
	}
	if r := l.pass(t); r.Rows != 0 || len(l.spec(t).Columns) != 4 {
		t.Errorf("after a column was dropped: %d rows, columns %v", r.Rows, l.spec(t).Columns)
	}
	l.sql(t, "ALTER TABLE HOT ADD COLUMN event_id text")
	l.pass(t)
	if got := l.sql(t, "SELECT count(event_id), count(*) FROM HOT WHERE _tg_seq IS NOT NULL"); got[0] != "52|52" {
		t.Errorf("the column that came back: %v", got)
	}
	checkServer(t, l.world, l.store, true)
}

// TestLiveTableWithoutPartition: rows are told apart by their files, not by columns.
func TestLiveTableWithoutPartition(t *testing.T) {
	t.Parallel()
	l := newLive(t, testkit.Postgres(t).DSN(), "live")
	l.sql(t, "CREATE TABLE HOT (load_ms int, price numeric(14,2))")
	l.commit(t, liveEvents(), "b1", nil, part{13, "a", 40}, part{14, "", 5})
	l.commit(t, liveEvents("load_ms", "price"), "b2", nil, part{13, "a", 3})
	l.pass(t)
	if got := l.sql(t, "SELECT _tg_seq, count(*), count(load_ms) FROM HOT GROUP BY 1 ORDER BY 1"); strings.Join(got, " ") != "1|40|40 2|5|5 3|3|3" {
		t.Errorf("rows by load sequence: %v", got)
	}
}

// TestLiveTableThatDoesNotFit: the load fails and names what is wrong, once the table is right it goes on.
func TestLiveTableThatDoesNotFit(t *testing.T) {
	t.Parallel()
	dsn := testkit.Postgres(t).DSN()
	for name, c := range map[string]struct{ table, want, repair string }{
		"type": {
			"load_ms text, ts timestamptz", "its column load_ms is text, that of web.events is integer, for which it must be integer",
			"ALTER COLUMN load_ms TYPE int USING NULL",
		},
		"time":     {"load_ms int, ts timestamp", "its column ts is timestamp without time zone", "DROP COLUMN ts"},
		"scale":    {"load_ms int, price numeric(12,3)", "its column price is numeric(12,3)", "ALTER COLUMN price TYPE numeric(12,2)"},
		"required": {"load_ms int, note text not null", "its column note takes no NULL", "ALTER COLUMN note SET DEFAULT ''"},
		"case":     {`load_ms int, "Ts" timestamptz`, `its column "Ts" must be named ts`, `RENAME COLUMN "Ts" TO ts`},
		"none":     {"note text", "it has no column of web.events", "ADD COLUMN load_ms int"},
		"seq":      {"load_ms int, _tg_seq int", "its column _tg_seq is integer, not bigint", "ALTER COLUMN _tg_seq TYPE bigint"},
		"collation": {
			`load_ms int, event_id text COLLATE "en-x-icu"`, "its column event_id has the collation en-x-icu, which does not sort by bytes",
			`ALTER COLUMN event_id TYPE text COLLATE "C"`,
		},
		"blanks": {"load_ms int, event_id char(100)", "its column event_id is character(100)", "ALTER COLUMN event_id TYPE varchar(100)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLive(t, dsn, "live_"+name)
			l.sql(t, "CREATE TABLE HOT ("+c.table+")")
			l.commit(t, liveEvents(), "b1", nil, part{13, "a", 40})
			_, err := l.loader.LoadPending(t.Context())
			if _, ok := errors.AsType[*hotload.AlteredError](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			l.sql(t, "ALTER TABLE HOT "+c.repair)
			if r := l.pass(t); r.Rows != 40 {
				t.Errorf("after the repair: %d rows", r.Rows)
			}
		})
	}
}

// TestEmbeddedHasNoLiveTable: the embedded store makes its tables itself.
func TestEmbeddedHasNoLiveTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit(t, liveEvents(), "b1", nil, part{13, "a", 4})
	if _, err := w.loader().LoadPending(t.Context()); err == nil || !strings.Contains(err.Error(), "list the columns") {
		t.Errorf("got %v", err)
	}
}
