package hotload_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
	"tidegate/etl/hotload"
	"tidegate/internal/testkit"
)

// oneLoad is a load of one batch with 450 rows in two partitions, into a hot table that is there.
func oneLoad(t *testing.T, w *world, hot *hotload.Server) hotload.Load {
	t.Helper()
	table := events()
	w.commit(t, table, "b1", nil, part{13, "a", 400}, part{14, "", 50})
	if err := hot.Ensure(t.Context(), table, nil); err != nil {
		t.Fatal(err)
	}
	columns := make([]catalog.Column, len(table.Hot.Columns))
	for i, name := range table.Hot.Columns {
		columns[i], _ = table.Column(name)
	}
	return hotload.Load{
		Table: table, Batch: "b1.r1",
		Subset: &hotload.Subset{Keys: []string{"_hot/web.events/run=b1.r1.00aa/0000.parquet"}, Columns: columns, Rows: 450},
		Path:   func(_ context.Context, key, _ string) (string, error) { return w.lake.LocalPath(key), nil },
		Parts:  []hotload.Part{{part{13, "a", 0}.partition(), 1, 400}, {part{14, "", 0}.partition(), 2, 50}},
	}
}

// TestServerLedgerAlone has a ledger that knows of rows which are not there: somebody emptied the hot table, and the
// catalog was made anew from the commit records, so that it gives the same load sequences again.
func TestServerLedgerAlone(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, l *serverLab) {
		t.Helper()
		w, st := l.world(t), l.store("alone")
		hot := w.serverHot(t, st)
		load := oneLoad(t, w, hot)
		for range 2 {
			if n, err := hot.Load(t.Context(), load); n != 450 || err != nil {
				t.Fatalf("%d rows, %v", n, err)
			}
			want := map[int64]int64{1: 400, 2: 50}
			if got, err := hot.Counts(t.Context(), load.Table.Name); err != nil || !maps.Equal(got, want) {
				t.Errorf("rows: %v, %v, want %v", got, err, want)
			}
			st.ask(t, "DELETE FROM "+hot.TableRef(load.Table.Name))
		}
	})
}

// TestServerLateCommit counts while the transaction of a loader that was killed is still being committed: its rows are
// there or not when Counts returns, and not later.
func TestServerLateCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	st := serverStore{Kind: "postgres", URL: testkit.Postgres(t).DSN(), Schema: "late"}
	hot := w.serverHot(t, st)
	load := oneLoad(t, w, hot)
	c, err := pgconn.Connect(t.Context(), st.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	run := func(sql string) {
		t.Helper()
		if _, err := c.Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	run(fmt.Sprintf(`BEGIN; LOCK TABLE "late".tidegate_load; INSERT INTO %s (%s) VALUES (7)`,
		hot.TableRef(load.Table.Name), hotload.SeqColumn))
	type counted struct {
		rows map[int64]int64
		err  error
	}
	done := make(chan counted, 1)
	go func() {
		rows, err := hot.Counts(t.Context(), load.Table.Name)
		done <- counted{rows, err}
	}()
	for waiting := ""; waiting != "1"; waiting = st.ask(t, "SELECT count(*) FROM pg_locks WHERE NOT granted")[0] {
		select {
		case got := <-done:
			t.Fatalf("counted %v, %v while a load was being committed", got.rows, got.err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	run("COMMIT")
	if got := <-done; got.err != nil || !maps.Equal(got.rows, map[int64]int64{7: 1}) {
		t.Errorf("counted %v, %v", got.rows, got.err)
	}
}

// TestServerLedgerAltered changes the ledger by hand: the next loader makes ledger and table agree.
func TestServerLedgerAltered(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, l *serverLab) {
		t.Helper()
		w, st := l.world(t), l.store("booked")
		hot := w.serverHot(t, st)
		w.commit(t, events(), "b1", nil, part{13, "a", 40}, part{14, "", 5})
		for i, sql := range []string{
			"", "DELETE FROM $l WHERE load_seq = 1", "UPDATE $l SET load_seq = 77 WHERE load_seq = 2",
			"UPDATE $l SET rows = 6 WHERE rows = 5", "DROP TABLE $l",
			"UPDATE $l SET load_seq = 78 WHERE rows = 7; DROP TABLE $t",
		} {
			if sql != "" {
				st.ask(t, strings.NewReplacer("$l", `"`+st.Schema+`".tidegate_load`, "$t", hot.TableRef(events().Name)).Replace(sql))
			}
			if i == 2 {
				w.commit(t, events(), "b2", nil, part{15, "a", 7})
			}
			if _, err := w.serverLoader(hot, nil).LoadPending(t.Context()); err != nil {
				t.Fatalf("after %q: %v\n%s", sql, err, w.log)
			}
			checkServer(t, w, st, true)
		}
	})
}
