package hotload_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tidegate/catalog"
	"tidegate/etl/hotload"
)

// alteration is what somebody does to a hot table by hand. Its statements have the table for $t.
type alteration struct {
	name string
	sql  map[string]string // by kind of store
	want string            // in the error
}

// columnsAnd is the hot table of events with other columns, as somebody might make it in Redshift.
func columnsAnd(columns string) string {
	return "DROP TABLE $t; CREATE TABLE $t (ts timestamptz, dt date, kind varchar(65535), _tg_seq bigint NOT NULL, " + columns + ")"
}

func alterations() []alteration {
	const dropped = "ALTER TABLE $t DROP COLUMN load_ms"
	return []alteration{
		{"a dropped column", map[string]string{"embedded": dropped, "postgres": dropped, "redshift": "ALTER TABLE $t DROP COLUMN ts"}, " is missing; put it right"},
		{"another type", map[string]string{
			"embedded": "ALTER TABLE $t ALTER COLUMN load_ms SET DATA TYPE VARCHAR", "postgres": "ALTER TABLE $t ALTER COLUMN load_ms TYPE text",
			"redshift": "ALTER TABLE $t DROP COLUMN ts; ALTER TABLE $t ADD COLUMN ts varchar(9)",
		}, ", the table's is "},
		{"no load sequence", map[string]string{
			"embedded": "ALTER TABLE $t DROP COLUMN _tg_seq", "postgres": "ALTER TABLE $t DROP COLUMN _tg_seq", "redshift": "ALTER TABLE $t DROP COLUMN _tg_seq",
		}, "its column _tg_seq is missing"},
		{"a column that takes no NULL", map[string]string{
			"embedded": "ALTER TABLE $t ADD COLUMN theirs INTEGER DEFAULT 1; ALTER TABLE $t ALTER COLUMN theirs SET NOT NULL; ALTER TABLE $t ALTER COLUMN theirs DROP DEFAULT",
			"postgres": "ALTER TABLE $t ADD COLUMN theirs int NOT NULL DEFAULT 1; ALTER TABLE $t ALTER COLUMN theirs DROP DEFAULT",
			"redshift": columnsAnd("load_ms int, theirs int NOT NULL"),
		}, "its column theirs is not Tidegate's and takes no NULL"},
		{"another collation", map[string]string{
			"postgres": `ALTER TABLE $t ALTER COLUMN kind TYPE text COLLATE "en-x-icu"`,
		}, "its column kind has the collation en-x-icu, which does not sort by bytes"},
		{"a table of somebody's own", map[string]string{
			"postgres": columnsAnd("load_ms numeric(9,2)"), "redshift": columnsAnd("load_ms numeric(9,2)"),
		}, "its column load_ms is numeric(9,2), the table's is integer"},
	}
}

// alteredStore is a hot store of one world, with a way past the loader.
type alteredStore struct {
	kind  string
	world *world
	hot   hotload.Hot
	alter func(t *testing.T, sql string)
	check func(t *testing.T)
}

func embeddedAltered(t *testing.T) alteredStore {
	t.Helper()
	w := newWorld(t)
	return alteredStore{"embedded", w, &hotload.Embedded{DB: w.db}, func(t *testing.T, sql string) {
		t.Helper()
		for statement := range strings.SplitSeq(strings.ReplaceAll(sql, "$t", hotload.TableRef(events().Name)), ";") {
			w.exec(t, statement)
		}
	}, func(t *testing.T) { t.Helper(); checkHot(t, w, true) }}
}

func serverAltered(t *testing.T, l *serverLab, schema string) alteredStore {
	t.Helper()
	w, st := l.world(t), l.store(schema)
	hot := w.serverHot(t, st)
	return alteredStore{st.Kind, w, hot, func(t *testing.T, sql string) {
		t.Helper()
		for statement := range strings.SplitSeq(strings.ReplaceAll(sql, "$t", hot.TableRef(events().Name)), ";") {
			st.ask(t, statement)
		}
	}, func(t *testing.T) { t.Helper(); checkServer(t, w, st, true) }}
}

// TestAlteredTables changes hot tables by hand: the next load fails and says in one line what differs, for a loader
// that knew the table and for a new one, and nobody is to read it. When the table is dropped all is loaded anew.
func TestAlteredTables(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		for _, a := range alterations() {
			if a.sql["embedded"] != "" {
				t.Run(a.name, func(t *testing.T) { alterTable(t, a, embeddedAltered(t)) })
			}
		}
	})
	eachServer(t, alterTables)
}

func alterTables(t *testing.T, l *serverLab) {
	t.Helper()
	for _, a := range alterations() {
		if a.sql[l.Kind] != "" {
			t.Run(a.name, func(t *testing.T) { alterTable(t, a, serverAltered(t, l, strings.ReplaceAll(a.name, " ", "_"))) })
		}
	}
}

func alterTable(t *testing.T, a alteration, s alteredStore) {
	t.Helper()
	w, name := s.world, events().Name
	w.commit(t, events(), "b1", nil, part{15, "a", 10}, part{16, "", 3})
	known := w.serverLoader(s.hot, nil)
	if _, err := known.LoadPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	if why := known.Altered(name); why != "" {
		t.Errorf("before it: %s", why)
	}
	s.alter(t, a.sql[s.kind])
	w.commit(t, events(), "b2", nil, part{15, "a", 5})
	for who, loader := range map[string]*hotload.Loader{"the loader that knew it": known, "a new one": w.serverLoader(s.hot, nil)} {
		_, err := loader.LoadPending(t.Context())
		altered, ok := errors.AsType[*hotload.AlteredError](err)
		if !ok || !strings.Contains(err.Error(), a.want) || strings.Contains(altered.Error(), "\n") {
			t.Errorf("%s: %v, want %s", who, err, a.want)
		}
		if why := loader.Altered(name); !strings.Contains(why, a.want) {
			t.Errorf("%s tells %q, want %s", who, why, a.want)
		}
		if err := loader.Verify(t.Context()); err != nil {
			t.Errorf("%s verifies: %v", who, err)
		}
	}
	s.alter(t, "DROP TABLE $t")
	if _, err := known.LoadPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	if why := known.Altered(name); why != "" {
		t.Errorf("after it: %s", why)
	}
	s.check(t)
}

// TestDroppedTable drops a hot table under a loader that knows it: Recheck finds it, and the next pass loads it anew.
func TestDroppedTable(t *testing.T) {
	t.Parallel()
	test := func(t *testing.T, s alteredStore) {
		t.Helper()
		s.world.commit(t, events(), "b1", nil, part{15, "a", 10}, part{16, "", 3})
		loader := s.world.serverLoader(s.hot, nil)
		for _, how := range []string{"a statement found it", "a load found it"} {
			if _, err := loader.LoadPending(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.alter(t, "DROP TABLE $t")
			if how == "a load found it" {
				s.world.commit(t, events(), "b2", nil, part{15, "a", 5})
			} else if err := loader.Recheck(t.Context()); err != nil {
				t.Errorf("%s: %v", how, err)
			}
			if r, err := loader.LoadPending(t.Context()); err != nil || r.Withdrawn != 2 || r.Batches == 0 {
				t.Errorf("%s: %+v, %v", how, r, err)
			}
			s.check(t)
		}
	}
	t.Run("embedded", func(t *testing.T) { t.Parallel(); test(t, embeddedAltered(t)) })
	eachServer(t, func(t *testing.T, l *serverLab) { t.Helper(); test(t, serverAltered(t, l, "dropped")) })
}

// TestWidenedTables makes hot tables, widens and adds columns while rows are there, and loads old and new files.
func TestWidenedTables(t *testing.T) {
	t.Parallel()
	eachServer(t, widenTables)
}

func widenTables(t *testing.T, l *serverLab) {
	t.Helper()
	w, st := l.world(t), l.store("widened")
	hot := w.serverHot(t, st)
	loader := w.serverLoader(hot, nil)
	table := events()
	table.Columns[0].MaxBytes = 20
	table.Hot = &catalog.HotSpec{Columns: []string{"event_id", "ts", "load_ms", "dt", "kind"}, Sort: []string{"ts"}, Dist: "key(kind)"}
	w.commit(t, table, "b1", nil, part{13, "a", 40}, part{14, "", 5})
	if _, err := loader.LoadPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"postgres": {"event_id text", "ts timestamp with time zone", "load_ms integer", "dt date", "kind text", "_tg_seq bigint"},
		"redshift": {"event_id character varying 20", "ts timestamp with time zone", "load_ms integer", "dt date", "kind character varying 65535", "_tg_seq bigint"},
	}[st.Kind]
	equal(t, "columns", st.columns(t), want)
	// A second batch under the old definition stays unloaded until the table is wider: its file has the old types.
	w.commit(t, table, "b2", nil, part{14, "b", 7})
	wider := *table
	wider.SchemaVersion++
	wider.Columns = slices.Clone(table.Columns)
	wider.Columns[0].MaxBytes = 40
	wider.Columns[2].Type.OID = 20 // load_ms becomes bigint
	wider.Hot = &catalog.HotSpec{Columns: []string{"event_id", "ts", "load_ms", "price", "dt", "kind"}, Sort: []string{"ts"}, Dist: "key(kind)"}
	w.commit(t, &wider, "b3", nil, part{14, "", 8})
	if _, err := loader.LoadPending(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, w.log)
	}
	want = map[string][]string{
		"postgres": {"event_id text", "ts timestamp with time zone", "load_ms bigint", "dt date", "kind text", "_tg_seq bigint", "price numeric"},
		"redshift": {
			"event_id character varying 40", "ts timestamp with time zone", "load_ms bigint", "price numeric", "dt date",
			"kind character varying 65535", "_tg_seq bigint",
		},
	}[st.Kind]
	equal(t, "columns after it", st.columns(t), want)
	checkServer(t, w, st, true)
	equal(t, "prices", st.ask(t, "SELECT count(*), count(price), min(event_id) FROM "+hot.TableRef(table.Name)), []string{"60 60 e1-0"})
}

// columns gives the columns of the hot table: name, type and length.
func (st serverStore) columns(t *testing.T) []string {
	t.Helper()
	rows := st.ask(t, "SELECT column_name, data_type, character_maximum_length FROM "+map[string]string{
		"postgres": "information_schema.columns", "redshift": "svv_columns",
	}[st.Kind]+" WHERE table_schema = '"+st.Schema+"' AND table_name = 'web__events' ORDER BY ordinal_position")
	for i := range rows {
		rows[i] = strings.TrimSuffix(rows[i], " NULL")
	}
	return rows
}
