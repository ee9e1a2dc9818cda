package hotload_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tidegate/catalog"
	"tidegate/etl/hotload"
)

// The test binary runs itself with these to be the process that dies.
const (
	crashDir  = "TIDEGATE_TEST_CRASH_DIR"
	crashStep = "TIDEGATE_TEST_CRASH_STEP"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		die := loadAndDie
		if store := os.Getenv(crashStore); store != "" {
			die = func(dir string) error { return loadServerAndDie(dir, store) }
		}
		if err := die(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// loadAndDie is an owner that is killed at the step with the number of crashStep, or ends well before it.
func loadAndDie(dir string) error {
	last, err := strconv.Atoi(os.Getenv(crashStep))
	if err != nil {
		return err
	}
	step := func(string) {
		if last--; last == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	lock, err := hotload.Acquire(dir)
	if err != nil {
		return err
	}
	w, err := openWorld(context.Background(), dir)
	if err != nil {
		return err
	}
	l := w.loader()
	l.Hot, l.Step = &hotload.Embedded{DB: w.db, Step: step}, step
	_, err = l.LoadPending(context.Background())
	return errors.Join(err, w.close(), lock.Release())
}

// makeCrashWorld makes a catalog whose next pass does everything that a pass can do: two batches to load, one
// replaced while hot, one fallen out of the window.
func makeCrashWorld(t *testing.T, dir string) {
	t.Helper()
	w, err := openWorld(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	table := events()
	table.Hot.Keep = 72 * time.Hour
	w.commit(t, table, "b1", nil, part{13, "a", 40}, part{14, "a", 50}, part{15, "a", 60})
	w.load(t)
	w.commit(t, table, "b2", []catalog.Replaced{{Batch: "b1", Revision: 1, Partition: part{14, "a", 0}.partition()}}, part{14, "a", 55})
	w.commit(t, table, "b3", nil, part{16, "a", 70}, part{15, "", 5})
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
}

func TestKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	const atLeast = 15
	for step := 1; ; step++ {
		dir := t.TempDir()
		makeCrashWorld(t, dir)
		killed := runAndKill(t, dir, step)
		w := reopen(t, dir)
		// Before anybody mends it, readers see exactly what is covered.
		v := w.view(t)
		equal(t, fmt.Sprintf("hot rows after a crash at step %d", step),
			w.hot(t, v, events().Name), w.want(t, v, events().Name, false))
		w.load(t)
		checkHot(t, w, false)
		v = w.view(t)
		equal(t, "partitions", w.want(t, v, events().Name, false), w.query(t, `SELECT * FROM (VALUES
			('2018-02-14', 'a', 55, 55, CAST(55 * 2000 + 54 * 55 / 2 AS BIGINT)),
			('2018-02-15', 'a', 60, 60, CAST(60 * 1000 + 59 * 60 / 2 AS BIGINT)),
			('2018-02-15', NULL, 5, 5, CAST(5 * 3000 + 4 * 5 / 2 AS BIGINT)),
			('2018-02-16', 'a', 70, 70, CAST(70 * 3000 + 69 * 70 / 2 AS BIGINT)))`))
		if !killed {
			if step <= atLeast {
				t.Errorf("the pass has %d steps, expected more than %d", step-1, atLeast)
			}
			return
		}
	}
}

// Two crashes in a row, then the coverage of a later load: rows of the first crash would come into sight.
func TestKilledTwice(t *testing.T) {
	t.Parallel()
	for _, steps := range [][2]int{{5, 5}, {6, 7}, {7, 6}, {6, 6}} {
		dir := t.TempDir()
		makeCrashWorld(t, dir)
		for _, step := range steps {
			if !runAndKill(t, dir, step) {
				t.Fatalf("a pass has fewer than %d steps", step)
			}
		}
		w := reopen(t, dir)
		w.commit(t, events(), "b4", nil, part{16, "b", 11})
		w.load(t)
		checkHot(t, w, true)
	}
}

// runAndKill runs a pass in a process of its own and reports whether it was killed at the step.
func runAndKill(t *testing.T, dir string, step int) bool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashStep+"="+strconv.Itoa(step))
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("step %d: %v\n%s", step, err, out)
	}
	return true
}
