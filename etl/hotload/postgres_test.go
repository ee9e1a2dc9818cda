package hotload_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
	"tidegate/etl/hotload"
	"tidegate/gateway/encode"
	"tidegate/internal/engine"
	"tidegate/internal/testkit"
)

const crashURL = "TIDEGATE_TEST_CRASH_URL"

// postgresHot is the hot store of a world in a schema of a cluster.
func (w *world) postgresHot(url, schema string) *hotload.Server {
	return &hotload.Server{
		Schema:  schema,
		Connect: func(ctx context.Context) (*pgconn.PgConn, error) { return pgconn.Connect(ctx, url) },
		Dialect: &hotload.Postgres{Read: w.db, Encode: func(columns []engine.Column) (hotload.Encoder, error) {
			formats := make([]int16, len(columns))
			for i := range formats {
				formats[i] = encode.BinaryFormat
			}
			return encode.New(columns, formats, time.UTC)
		}},
	}
}

func (w *world) postgresLoader(hot *hotload.Server) *hotload.Loader {
	return &hotload.Loader{Store: w.store, Lake: w.lake, Hot: hot, Log: slog.New(slog.NewTextHandler(w.log, nil)), Step: hot.Step}
}

// loadPostgresAndDie is a loader that is killed at the step with the number of crashStep, or ends well before it.
func loadPostgresAndDie(dir, url string) error {
	last, err := strconv.Atoi(os.Getenv(crashStep))
	if err != nil {
		return err
	}
	w, err := openWorld(context.Background(), dir)
	if err != nil {
		return err
	}
	hot := w.postgresHot(url, os.Getenv(crashStep+"_SCHEMA"))
	hot.Step = func(string) {
		if last--; last == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	_, err = w.postgresLoader(hot).LoadPending(context.Background())
	return joinClose(err, w)
}

func joinClose(err error, w *world) error {
	if closeErr := w.close(); err == nil {
		return closeErr
	}
	return err
}

// checkPostgres holds the hot table against the full-field files, and the ledger against the hot table.
func checkPostgres(t *testing.T, w *world, hot *hotload.Server, all bool) {
	t.Helper()
	v := w.view(t)
	name := events().Name
	tv := v.Tables[name]
	counts, err := hot.Counts(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := hot.Ledger(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if all && !maps.Equal(counts, ledger) {
		t.Errorf("hot rows %v, ledger %v", counts, ledger)
	}
	for pair, part := range tv.Hot.Covered {
		var rows int64
		for _, f := range tv.Files {
			if f.Batch == pair.Batch && f.Partition == pair.Partition {
				rows += f.Rows
			}
		}
		if counts[part.LoadSeq] != rows || ledger[part.LoadSeq] != rows {
			t.Errorf("%v: %d rows in the catalog, %d hot, %d in the ledger", pair, rows, counts[part.LoadSeq], ledger[part.LoadSeq])
		}
	}
	if all && len(counts) != len(tv.Hot.Covered) {
		t.Errorf("%d load sequences hot, %d covered", len(counts), len(tv.Hot.Covered))
	}
	want := w.want(t, v, name, false)
	got := postgresSummary(t, hot, tv)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("hot rows: %s\n%s", d, w.log)
	}
}

// postgresSummary is what a reader of the view sees, as world.hot gives it.
func postgresSummary(t *testing.T, hot *hotload.Server, tv *catalog.TableView) []string {
	t.Helper()
	c, err := hot.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	withdrawn := []string{"-1"}
	for _, seq := range tv.Hot.Withdrawn {
		withdrawn = append(withdrawn, strconv.FormatInt(seq, 10))
	}
	where := fmt.Sprintf(" WHERE _tg_seq <= %d AND _tg_seq NOT IN (%s)", tv.Hot.MaxLoadSeq, strings.Join(withdrawn, ","))
	results, err := c.Exec(t.Context(), "SELECT dt, kind, count(*), count(DISTINCT load_ms), sum(load_ms) FROM "+
		hot.TableRef(tv.Table.Name)+where+" GROUP BY dt, kind ORDER BY dt, kind").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, r := range results[0].Rows {
		var cells []string
		for _, v := range r {
			if v == nil {
				cells = append(cells, "NULL")
			} else {
				cells = append(cells, string(v))
			}
		}
		rows = append(rows, strings.Join(cells, " "))
	}
	return rows
}

// dirtyWorld makes a catalog whose next pass loads, replaces and withdraws, with a hot store that has the first batch.
func dirtyWorld(t *testing.T, dir, url, schema string) {
	t.Helper()
	w, err := openWorld(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	table := events()
	table.Hot.Keep = 72 * time.Hour
	w.commit(t, table, "b1", nil, part{13, "a", 40}, part{14, "a", 50}, part{15, "a", 60})
	if _, err := w.postgresLoader(w.postgresHot(url, schema)).LoadPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.commit(t, table, "b2", []catalog.Replaced{{Batch: "b1", Revision: 1, Partition: part{14, "a", 0}.partition()}}, part{14, "a", 55})
	w.commit(t, table, "b3", nil, part{16, "a", 70}, part{15, "", 5})
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
}

// TestPostgresKilledAtEveryStep kills the loader at each step once, and loads again.
func TestPostgresKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	pg := testkit.Postgres(t)
	for step := 1; ; step++ {
		dir, schema := t.TempDir(), fmt.Sprintf("crash%d", step)
		dirtyWorld(t, dir, pg.DSN(), schema)
		killed := runPostgresAndKill(t, dir, pg.DSN(), schema, step)
		w := reopen(t, dir)
		hot := w.postgresHot(pg.DSN(), schema)
		checkPostgres(t, w, hot, false)
		if _, err := w.postgresLoader(hot).LoadPending(t.Context()); err != nil {
			t.Fatalf("step %d: %v\n%s", step, err, w.log)
		}
		checkPostgres(t, w, hot, true)
		if !killed {
			if step < 18 {
				t.Errorf("the pass has only %d steps", step-1)
			}
			return
		}
	}
}

func runPostgresAndKill(t *testing.T, dir, url, schema string, step int) (killed bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashURL+"="+url, crashStep+"_SCHEMA="+schema, crashStep+"="+strconv.Itoa(step))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if err == nil {
		return false
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("step %d: %v\n%s", step, err, out.String())
	}
	return true
}

// TestPostgresBrokenConnections breaks the loader's connections at seeded places, among them in front of and behind
// COMMIT, and after every failure tries again: 100 cases.
func TestPostgresBrokenConnections(t *testing.T) {
	t.Parallel()
	pg := testkit.Postgres(t)
	var countdown atomic.Int64
	var fate atomic.Int64
	var onCommit atomic.Bool
	proxy := testkit.NewProxy(t, pg, func(data []byte) testkit.Fate {
		if onCommit.Load() && !bytes.Contains(data, []byte("COMMIT")) {
			return testkit.Forward
		}
		if countdown.Add(-1) != 0 {
			return testkit.Forward
		}
		return testkit.Fate(fate.Load())
	})
	w := newWorld(t)
	table := events()
	hot := w.postgresHot(proxy.URL(), "broken")
	w.commit(t, table, "b0", nil, part{10, "a", 5})
	if _, err := w.postgresLoader(hot).LoadPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	failures := 0
	for i := range 100 {
		w.commit(t, table, fmt.Sprintf("b%d", i+1), nil, part{10 + i%5, "a", 1 + random.IntN(40)}, part{10 + i%3, "", 1 + random.IntN(9)})
		onCommit.Store(random.IntN(2) == 0)
		fate.Store(int64(testkit.Drop) + random.Int64N(2))
		limit := int64(25)
		if onCommit.Load() {
			limit = 1
		}
		countdown.Store(1 + random.Int64N(limit))
		if _, err := w.postgresLoader(hot).LoadPending(t.Context()); err != nil {
			failures++
		}
		countdown.Store(0)
		if _, err := w.postgresLoader(hot).LoadPending(t.Context()); err != nil {
			t.Fatalf("case %d, a second time: %v\n%s", i, err, w.log)
		}
		if i%10 == 9 {
			checkPostgres(t, w, hot, true)
		}
	}
	if failures < 30 {
		t.Errorf("only %d of 100 passes were hit", failures)
	}
}

// TestPostgresDeliveredTwice loads the same load from two sides at once, again, and under another sequence.
func TestPostgresDeliveredTwice(t *testing.T) {
	t.Parallel()
	pg := testkit.Postgres(t)
	w := newWorld(t)
	table := events()
	w.commit(t, table, "b1", nil, part{13, "a", 400}, part{14, "", 50})
	hot := w.postgresHot(pg.DSN(), "twice")
	if err := hot.Ensure(t.Context(), table, nil); err != nil {
		t.Fatal(err)
	}
	load := hotload.Load{
		Table: table, Batch: "b1.r1", Subset: &hotload.Subset{Keys: []string{"_hot/web.events/run=b1.r1.00aa/0000.parquet"}},
		Path:  func(_ context.Context, key, _ string) (string, error) { return w.lake.LocalPath(key), nil },
		Parts: []hotload.Part{{part{13, "a", 0}.partition(), 1, 400}, {part{14, "", 0}.partition(), 2, 50}},
	}
	for range 3 {
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if n, err := hot.Load(t.Context(), load); n != 450 || err != nil {
					t.Errorf("%d rows, %v", n, err)
				}
			})
		}
		both.Wait()
	}
	want := map[int64]int64{1: 400, 2: 50}
	for what, read := range map[string]func(context.Context, catalog.Name) (map[int64]int64, error){"rows": hot.Counts, "ledger": hot.Ledger} {
		if got, err := read(t.Context(), table.Name); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", what, got, err, want)
		}
	}
	load.Parts[0].Rows++
	if _, err := hot.Load(t.Context(), load); err == nil || !strings.Contains(err.Error(), "400 rows in the files and 401 in the catalog") {
		t.Errorf("a wrong count: %v", err)
	}
	if err := hot.Purge(t.Context(), table.Name, []int64{1}); err != nil {
		t.Fatal(err)
	}
	if got, err := hot.Ledger(t.Context(), table.Name); err != nil || !maps.Equal(got, map[int64]int64{2: 50}) {
		t.Errorf("ledger after the purge: %v, %v", got, err)
	}
}

// TestPostgresTable makes and widens hot tables, and names what somebody else changed.
func TestPostgresTable(t *testing.T) {
	t.Parallel()
	pg := testkit.Postgres(t)
	w := newWorld(t)
	hot := w.postgresHot(pg.DSN(), "made")
	table := events()
	ensure := func() error { return hot.Ensure(t.Context(), table, nil) }
	if err := ensure(); err != nil {
		t.Fatal(err)
	}
	table.Columns[2].Type.OID = 20 // load_ms becomes bigint
	table.Hot.Columns = append(table.Hot.Columns, "price")
	if err := ensure(); err != nil {
		t.Fatal(err)
	}
	c, err := hot.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	results, err := c.Exec(t.Context(), "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'made.web__events'::regclass AND attnum > 0").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	const want = "ts timestamp with time zone, load_ms bigint, dt date, kind text, _tg_seq bigint, price numeric(10,2)"
	if got := string(results[0].Rows[0][0]); got != want {
		t.Errorf("the table has %s, want %s", got, want)
	}
	if _, err := c.Exec(t.Context(), "ALTER TABLE made.web__events ALTER COLUMN load_ms TYPE text").ReadAll(); err != nil {
		t.Fatal(err)
	}
	if err := ensure(); err == nil || !strings.Contains(err.Error(), "its column load_ms is text, the table's is bigint") {
		t.Errorf("a changed column: %v", err)
	}
}

// TestPostgresSortKey finds hot.sort as a btree, up to the first column whose values may be too long for one, and loads
// a value that would be.
func TestPostgresSortKey(t *testing.T) {
	t.Parallel()
	pg := testkit.Postgres(t)
	w := newWorld(t)
	hot := w.postgresHot(pg.DSN(), "sorted")
	table := events()
	table.Hot.Sort = []string{"load_ms", "ts", "kind", "dt"}
	if err := hot.Ensure(t.Context(), table, nil); err != nil {
		t.Fatal(err)
	}
	c, err := hot.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	results, err := c.Exec(t.Context(), `SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'sorted.web__events'::regclass ORDER BY 1;
		INSERT INTO sorted.web__events (kind, _tg_seq) SELECT string_agg(md5(i::text), ''), 1 FROM generate_series(1, 1000) i`).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range results[0].Rows {
		_, using, _ := strings.Cut(string(r[0]), " USING ")
		got = append(got, using)
	}
	if d := cmp.Diff([]string{"brin (_tg_seq)", "btree (load_ms, ts)"}, got); d != "" {
		t.Error(d)
	}
}
