package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/catalog/sqlite"
	"tidegate/etl/hotload"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage/file"
	"tidegate/router"
	"tidegate/sql"
)

// tiers is a router over a real lake, a real catalog and a real embedded hot store.
type tiers struct {
	store  catalog.Store
	lake   *file.Bucket
	db     *duck.DB
	pins   hotload.Pins
	router *router.Router
	loader *hotload.Loader

	live  []*catalog.Record // that no other one has replaced
	truth sync.Map          // path of a file → total
}

// total is what the rows of a file, or an answer, add up to.
type total struct{ rows, sum int64 }

func newTiers(t *testing.T) *tiers {
	t.Helper()
	dir := t.TempDir()
	w := &tiers{}
	var err error
	if w.lake, err = file.Create("file:" + filepath.Join(dir, "lake")); err != nil {
		t.Fatal(err)
	}
	if w.store, err = sqlite.Open(t.Context(), filepath.Join(dir, "catalog.db")); err != nil {
		t.Fatal(err)
	}
	w.db, err = duck.Open(t.Context(), duck.Options{
		Threads: 2, Fence: true, AllowedDirs: []string{filepath.Join(dir, "lake")},
		Attach: []duck.Attachment{{Name: hotload.Database, Path: filepath.Join(dir, "hot.duckdb")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(w.db.Close(), w.store.Close()); err != nil {
			t.Error(err)
		}
	})
	w.router = router.New(router.Options{
		Views: w.store, Pins: &w.pins, Local: w.db, Cold: w.db,
		LocalPath: func(f engine.ScanFile) string { return w.lake.LocalPath(f.Key) },
		Hot:       w.hot(),
	})
	w.loader = &hotload.Loader{
		Store: w.store, Lake: w.lake, Hot: &hotload.Embedded{DB: w.db}, Readers: &w.pins, Log: slog.New(slog.DiscardHandler),
	}
	return w
}

func (w *tiers) hot() *router.Hot { return &router.Hot{Engine: w.db, Table: hotload.TableRef} }

func visits() catalog.Table {
	return catalog.Table{
		Name: catalog.Name{Schema: "web", Table: "visits"}, SchemaVersion: 1,
		Columns: []catalog.Column{
			{Name: "id", Type: pgtypes.Of(pgtypes.Int8)},
			{Name: "v", Type: pgtypes.Of(pgtypes.Int4)},
			{Name: "note", Type: pgtypes.Of(pgtypes.Text)},
			{Name: "dt", Type: pgtypes.Of(pgtypes.Text), Partition: true},
		},
		PartitionBy: []string{"dt"}, Time: &catalog.TimeSpec{Column: "id", Zone: "UTC", Grain: "day"},
		Hot: &catalog.HotSpec{Columns: []string{"id", "v", "dt"}, Keep: 4 * 24 * time.Hour},
	}
}

func (w *tiers) exec(t *testing.T, statement string) {
	t.Helper()
	s, err := w.db.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Exec(t.Context(), statement)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// commit publishes a batch with rows of one day each; replaces is a batch that it takes the place of.
func (w *tiers) commit(t *testing.T, table catalog.Table, replaces *catalog.Record, days map[int]int) *catalog.Record {
	t.Helper()
	seq, err := w.store.Reserve(t.Context(), table.Name)
	if err != nil {
		t.Fatal(err)
	}
	r := &catalog.Record{
		Format: catalog.RecordFormat, Table: table, Batch: fmt.Sprintf("b%d", seq), Revision: 1, Seq: seq,
		Kind: catalog.RecordAppend, StartedAt: time.Now(), CommittedAt: time.Now(),
	}
	if replaces != nil {
		r.Kind, r.Batch, r.Revision = catalog.RecordReplace, replaces.Batch, replaces.Revision+1
		for _, f := range replaces.Files {
			r.Replaces = append(r.Replaces, catalog.Replaced{Batch: replaces.Batch, Revision: replaces.Revision, Partition: f.Partition})
		}
	}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		rows := days[day]
		dt := fmt.Sprintf("2018-02-%02d", day)
		key := fmt.Sprintf("%s/dt=%s/run=%s.r%d.0000/0000.parquet", table.Name, dt, r.Batch, r.Revision)
		path := w.lake.LocalPath(key)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		w.exec(t, fmt.Sprintf(`COPY (SELECT CAST(%d * 1000 + i AS BIGINT) AS id, CAST(%d + i AS INTEGER) AS v, 'n' || i AS note
			FROM range(%d) r(i)) TO '%s' (FORMAT parquet)`, seq, seq, rows, path))
		n := int64(rows)
		w.truth.Store(key, total{n, n*seq + n*(n-1)/2})
		r.Files = append(r.Files, catalog.FileRecord{Path: key, Partition: "dt=" + dt, Rows: n, Bytes: 1000})
		r.Counts.Emitted += n
	}
	r.Counts.Read = r.Counts.Emitted
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.lake.PutIfAbsent(t.Context(), catalog.RecordPath(table.Name, r.Batch, r.Revision), text); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Publish(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	w.live = append(slices.DeleteFunc(w.live, func(old *catalog.Record) bool { return old == replaces }), r)
	return r
}

func (w *tiers) load(t *testing.T) {
	t.Helper()
	if _, err := w.loader.LoadPending(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// answer is what a statement gave, and how.
type answer struct {
	total

	route      engine.Route
	generation int64
	reason     string
}

// ask sums the days from one on, and looks that the answer is the one of the generation that the plan names.
func (w *tiers) ask(ctx context.Context, from int, req router.Request) (answer, error) {
	text := fmt.Sprintf("select count(*), coalesce(sum(v), 0) from web.visits where dt >= '2018-02-%02d'", from)
	p, err := w.plan(ctx, text, req)
	if err != nil {
		return answer{}, err
	}
	defer p.Release()
	got, err := sums(ctx, p)
	a := answer{got, p.Route, p.Generation, p.Reason}
	if err != nil {
		return a, err
	}
	v, err := w.store.ViewAt(ctx, p.Generation)
	if err != nil {
		return a, err
	}
	var want total
	for _, f := range v.Tables[visits().Name].Files {
		if day, _, _ := catalog.PartitionValue(f.Partition, "dt"); day >= fmt.Sprintf("2018-02-%02d", from) {
			known, _ := w.truth.Load(f.Path)
			want.rows += known.(total).rows
			want.sum += known.(total).sum
		}
	}
	if got != want {
		return a, fmt.Errorf("%s, generation %d from day %d: got %v, want %v\n%s\n%s", p.Route, p.Generation, from, got, want, p.Reason, p.Statement.SQL)
	}
	return a, nil
}

func (w *tiers) plan(ctx context.Context, text string, req router.Request) (*engine.Plan, error) {
	statements, err := sql.Parse(text)
	if err != nil {
		return nil, err
	}
	relations, err := w.router.Bindings(ctx, req.Generation, "")
	if err != nil {
		return nil, err
	}
	req.Statement = statements[0]
	req.Query, err = sql.Bind(statements[0], relations, sql.Env{
		SearchPath: []string{"public"}, Database: "tidegate", User: "demo", Zone: time.UTC, Now: time.Now(), Statement: time.Now(),
	})
	if err != nil {
		return nil, err
	}
	return w.router.Plan(ctx, req)
}

// sums reads the one row of a plan: a count and a sum.
func sums(ctx context.Context, p *engine.Plan) (total, error) {
	rows, err := p.Engine.Query(ctx, p.Statement)
	if err != nil {
		return total{}, err
	}
	defer rows.Close()
	c, err := rows.Next(ctx)
	if err != nil {
		return total{}, err
	}
	got := total{c.Vectors[0].I64[0], c.Vectors[1].I64[0]}
	if _, err := rows.Next(ctx); !errors.Is(err, io.EOF) {
		return got, fmt.Errorf("a second row: %w", err)
	}
	return got, nil
}

// TestAnswersAreThoseOfTheirGeneration lets interactive readers and readers of older generations read while batches
// are committed, replaced, loaded, withdrawn by retention and purged. Every answer, hot or cold, must be the one of the
// generation that its plan names.
func TestAnswersAreThoseOfTheirGeneration(t *testing.T) {
	t.Parallel()
	const rounds, readers = 30, 4
	w := newTiers(t)
	random := rand.New(rand.NewPCG(3, 6))
	w.commit(t, visits(), nil, map[int]int{1: 50, 2: 40})
	w.load(t)
	var hotOld, cold atomic.Int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	for i := range readers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := w.askAnything(t.Context(), random, &hotOld, &cold); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for round := range rounds {
		newest := 2 + round/5 // days go by, and leave what is kept hot
		days := map[int]int{newest: 1 + random.IntN(60), max(1, newest-random.IntN(4)): 1 + random.IntN(60)}
		var old *catalog.Record
		if random.IntN(3) == 0 {
			old = w.live[random.IntN(len(w.live))]
		}
		w.commit(t, visits(), old, days)
		if random.IntN(3) > 0 {
			w.load(t)
		}
	}
	close(done)
	wg.Wait()
	if hotOld.Load() == 0 || cold.Load() == 0 {
		t.Errorf("%d answers were hot and of an older generation, %d cold: the test proves nothing", hotOld.Load(), cold.Load())
	}
	t.Logf("%d hot answers of older generations, %d cold ones", hotOld.Load(), cold.Load())
}

func (w *tiers) askAnything(ctx context.Context, random *rand.Rand, hotOld, cold *atomic.Int64) error {
	newest, err := w.store.View(ctx)
	if err != nil {
		return err
	}
	req := interactive()
	if random.IntN(3) == 0 {
		req.Generation = 1 + random.Int64N(newest.Generation)
	}
	a, err := w.ask(ctx, 1+random.IntN(10), req)
	switch {
	case err != nil:
		return err
	case a.route == engine.RouteCold:
		cold.Add(1)
	case a.generation < newest.Generation:
		hotOld.Add(1)
	}
	return nil
}
