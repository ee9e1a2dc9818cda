package hotload_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/etl/hotload"
)

// crashStore tells a process of the test binary which store it is to load.
const crashStore = "TIDEGATE_TEST_CRASH_STORE"

func (w *world) serverHot(t *testing.T, st serverStore) *hotload.Server {
	t.Helper()
	hot, err := st.hot(w, nil)
	if err != nil {
		t.Fatal(err)
	}
	return hot
}

// loadServerAndDie is an owner that is killed at the step with the number of crashStep, or ends well before it.
func loadServerAndDie(dir, store string) error {
	last, err := strconv.Atoi(os.Getenv(crashStep))
	if err != nil {
		return err
	}
	st, err := decodeStore(store)
	if err != nil {
		return err
	}
	lock, err := hotload.Acquire(dir)
	if err != nil {
		return err
	}
	w, err := openWorld(context.Background(), dir)
	if err != nil {
		return err
	}
	step := func(string) {
		if last--; last == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	hot, err := st.hot(w, step)
	if err != nil {
		return err
	}
	_, err = w.serverLoader(hot, step).LoadPending(context.Background())
	for _, end := range []func() error{w.close, lock.Release} {
		if endErr := end(); err == nil {
			err = endErr
		}
	}
	return err
}

// serverProcess is a loader in a process of its own, which is killed at a step; 0 is never.
func serverProcess(t *testing.T, dir string, st serverStore, step int) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashStore+"="+st.encode(), crashStep+"="+strconv.Itoa(step))
	cmd.Stderr = new(bytes.Buffer)
	return cmd
}

// runServerAndKill reports whether the process was killed at the step.
func runServerAndKill(t *testing.T, dir string, st serverStore, step int) (killed bool) {
	t.Helper()
	cmd := serverProcess(t, dir, st, step)
	err := cmd.Run()
	if err == nil {
		return false
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("step %d: %v\n%s", step, err, cmd.Stderr)
	}
	return true
}

// checkServer holds the hot table against the full-field files, and the ledger against the hot table. With all, the
// store has nothing beside what is covered.
func checkServer(t *testing.T, w *world, st serverStore, all bool) {
	t.Helper()
	hot, v, name := w.serverHot(t, st), w.view(t), events().Name
	tv := v.Tables[name]
	counts, err := hot.Counts(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := hot.Ledger(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(counts, ledger) {
		t.Errorf("hot rows %v, ledger %v", counts, ledger)
	}
	rows, loaded := tv.PairRows(), 0
	for pair, loads := range tv.Hot.Covered {
		loaded += len(loads)
		if n := catalog.RowsOf(loads, counts); n != rows[pair] {
			t.Errorf("%v: %d rows in the catalog, %d hot", pair, rows[pair], n)
		}
	}
	if all && len(counts) != loaded {
		t.Errorf("%d load sequences hot, %d covered", len(counts), loaded)
	}
	if staged := st.staged(t); all && len(staged) > 0 {
		t.Errorf("left in the stage: %v", staged)
	}
	want, got := w.want(t, v, name, false), serverSummary(t, hot, st, tv)
	slices.Sort(want)
	slices.Sort(got)
	equal(t, "hot rows", got, want)
	if t.Failed() {
		t.Log(w.log)
	}
}

// serverSummary is what a reader of the view sees, as world.hot gives it.
func serverSummary(t *testing.T, hot *hotload.Server, st serverStore, tv *catalog.TableView) []string {
	t.Helper()
	withdrawn := []string{"-1"}
	for _, seq := range tv.Hot.Withdrawn {
		withdrawn = append(withdrawn, strconv.FormatInt(seq, 10))
	}
	return st.ask(t, fmt.Sprintf("SELECT dt, kind, count(*), count(DISTINCT load_ms), sum(load_ms) FROM %s WHERE _tg_seq <= %d AND _tg_seq NOT IN (%s) GROUP BY dt, kind",
		hot.TableRef(tv.Table.Name), tv.Hot.MaxLoadSeq, strings.Join(withdrawn, ",")))
}

// dirtyServer makes a catalog whose next pass loads, replaces and withdraws, with a hot store that has the first batch.
func dirtyServer(t *testing.T, dir string, st serverStore) {
	t.Helper()
	w, err := openWorld(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	table := events()
	table.Hot.Keep = 72 * time.Hour
	w.commit(t, table, "b1", nil, part{13, "a", 40}, part{14, "a", 50}, part{15, "a", 60})
	if _, err := w.serverLoader(w.serverHot(t, st), nil).LoadPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.commit(t, table, "b2", []catalog.Replaced{{Batch: "b1", Revision: 1, Partition: part{14, "a", 0}.partition()}}, part{14, "a", 55})
	w.commit(t, table, "b3", nil, part{16, "a", 70}, part{15, "", 5})
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
}

// TestServerKilledAtEveryStep kills the loader at each step once, and loads again.
func TestServerKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	eachServer(t, killAtEveryStep)
}

func killAtEveryStep(t *testing.T, l *serverLab) {
	t.Helper()
	for step := 1; ; step++ {
		dir, st := l.worldDir(t), l.store(fmt.Sprintf("crash%d", step))
		st.OnS3 = step%2 == 0
		dirtyServer(t, dir, st)
		killed := runServerAndKill(t, dir, st, step)
		w := reopen(t, dir)
		checkServer(t, w, st, false)
		if _, err := w.serverLoader(w.serverHot(t, st), nil).LoadPending(t.Context()); err != nil {
			t.Fatalf("step %d: %v\n%s", step, err, w.log)
		}
		checkServer(t, w, st, true)
		if !killed {
			if step < 18 {
				t.Errorf("the pass has only %d steps", step-1)
			}
			return
		}
	}
}

// TestServerDeliveredTwice loads the same load from two sides at once, again, and with a wrong count.
func TestServerDeliveredTwice(t *testing.T) {
	t.Parallel()
	eachServer(t, deliverTwice)
}

func deliverTwice(t *testing.T, l *serverLab) {
	t.Helper()
	w, st, table := l.world(t), l.store("twice"), events()
	hot := w.serverHot(t, st)
	load := oneLoad(t, w, hot)
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
