package hotload_test

import (
	"slices"
	"testing"

	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

// TestPostgresCollation makes, adds to and widens a hot table in a database that sorts text as people do: its texts sort
// by their bytes from the first load on.
func TestPostgresCollation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	st := serverStore{Kind: "postgres", URL: testkit.Postgres(t).DSN(), Schema: "people"}
	st.ask(t, "CREATE DATABASE people TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'")
	st.URL += " dbname=people"
	hot := w.serverHot(t, st)
	loader := w.serverLoader(hot, nil)
	table := events()
	table.Columns[0].Type = pgtypes.VarcharOf(40)
	load := func(batch string) {
		t.Helper()
		w.commit(t, table, batch, nil, part{13, "a", 40}, part{13, "B", 5})
		if _, err := loader.LoadPending(t.Context()); err != nil {
			t.Fatalf("%v\n%s", err, w.log)
		}
		got := st.ask(t, "SELECT kind FROM "+hot.TableRef(table.Name)+" GROUP BY 1 ORDER BY 1")
		equal(t, "kinds after "+batch, got, []string{"B", "a"})
		equal(t, "columns of another collation after "+batch, st.ask(t, "SELECT a.attname, o.collname FROM pg_attribute a JOIN pg_collation o ON o.oid = a.attcollation "+
			"WHERE a.attrelid = '"+hot.TableRef(table.Name)+"'::regclass AND o.collname <> 'C.utf8'"), []string(nil))
	}
	load("b1")
	next, spec := *table, *table.Hot
	spec.Columns = append([]string{"event_id"}, spec.Columns...)
	next.Hot = &spec
	table = &next
	load("b2")
	wider := next
	wider.SchemaVersion++
	wider.Columns = slices.Clone(next.Columns)
	wider.Columns[0].Type = pgtypes.VarcharOf(50)
	table = &wider
	load("b3")
}
