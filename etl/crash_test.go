package etl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/etl/pipeline"
)

// In the environment of a child process: the lab's folder, and the number of the step at which it kills itself.
const (
	crashDirVariable  = "TIDEGATE_TEST_ETL_CRASH_DIR"
	crashStepVariable = "TIDEGATE_TEST_ETL_CRASH_STEP"
)

// TestMain lets the test binary be the process that dies.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDirVariable); dir != "" {
		if err := runAndDie(dir, os.Getenv(crashStepVariable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runAndDie runs the pipelines of a lab and kills the process at the step with the number; it comes back if there
// are fewer.
func runAndDie(dir, number string) error {
	at, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	step := 0
	l, err := openLab(context.Background(), dir, func(o *Options) {
		o.Step = func(string) {
			if step++; step == at {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {} // until the signal arrives
			}
		}
	})
	if err != nil {
		return err
	}
	pipelines, err := crashPipelines(l)
	if err != nil {
		return err
	}
	_, err = l.runner.Run(context.Background(), pipelines)
	return err
}

func crashPipelines(l *lab) ([]*pipeline.Pipeline, error) {
	events, err := seal(l.events())
	if err != nil {
		return nil, err
	}
	events.MaxObjects = 2
	second, err := seal(daily())
	return []*pipeline.Pipeline{events, second}, err
}

// dies runs a child and reports whether it was killed at the step.
func dies(t *testing.T, dir string, step int) bool {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashDirVariable+"="+dir, crashStepVariable+"="+strconv.Itoa(step))
	out, err := child.CombinedOutput()
	if err == nil {
		return false
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child did not die by the kill: %v\n%s", err, out)
	}
	return true
}

// crashObjects puts objects with everything that a batch can meet.
func crashObjects(t *testing.T, l *lab, objects int) {
	t.Helper()
	random := rand.New(rand.NewPCG(7, uint64(objects)))
	for o := range objects {
		lines := []string{"", "broken", `{"event_id":"no time"}`, event("probe", "2018-02-11T00:00:00Z", 1, `,"user_agent":"probe"`)}
		for range 40 {
			n := random.IntN(60) // the same event in several objects
			lines = append(lines, event(fmt.Sprintf("e%d", n), fmt.Sprintf("2018-02-1%dT%02d:00:00Z", n%3, n%24), n%5, fmt.Sprintf(`,"load_ms":%d`, n)))
		}
		l.put(t, fmt.Sprintf("%03d.gz", o), lines...)
	}
}

// outcome is what queries see: counts, keys, sums per day, and the second stage.
func outcome(t *testing.T, l *lab) []string {
	t.Helper()
	got := l.query(t, "web.events", "SELECT dt, count(*), count(DISTINCT event_id), sum(load_ms) FROM t GROUP BY dt ORDER BY dt")
	return append(got, l.query(t, "web.daily", "SELECT dt, site_id, pv, load_ms FROM t ORDER BY ALL")...)
}

// undisturbed runs the same objects without a crash and gives the outcome and the number of steps.
func undisturbed(t *testing.T, objects int) (want []string, steps int) {
	t.Helper()
	l := newLab(t, func(o *Options) { o.Step = func(string) { steps++ } })
	crashObjects(t, l, objects)
	pipelines, err := crashPipelines(l)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.runner.Run(t.Context(), pipelines); err != nil {
		t.Fatal(err)
	}
	return outcome(t, l), steps
}

// recovers lets a run die at each of the steps, one after the other on one lab, then runs to the end and compares.
func recovers(t *testing.T, objects int, want []string, steps ...int) {
	t.Helper()
	dir := t.TempDir()
	l, err := openLab(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close(t)
	crashObjects(t, l, objects)
	for _, step := range steps {
		dies(t, dir, step)
	}
	pipelines, err := crashPipelines(l)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.runner.Run(t.Context(), pipelines); err != nil {
		t.Fatalf("after the kill at %v: %v", steps, err)
	}
	if diff := cmp.Diff(want, outcome(t, l)); diff != "" {
		t.Errorf("after the kill at %v:\n%s", steps, diff)
	}
	report, err := l.runner.Run(t.Context(), pipelines)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Pipelines {
		if p.Batches+p.Recovered != 0 {
			t.Errorf("after the kill at %v a further run of %s did something: %+v", steps, p.Name, p)
		}
	}
	entries, err := os.ReadDir(dir + "/work/web.events")
	if err != nil || len(entries) != 0 {
		t.Errorf("the work folder is not empty: %v, %v", entries, err)
	}
}

// TestKilledAtEveryStep kills the first batch and the second stage after it at every step they have.
func TestKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	want, steps := undisturbed(t, 2)
	if steps < 20 {
		t.Fatalf("only %d steps", steps)
	}
	for step := 1; step <= steps; step++ {
		t.Run(strconv.Itoa(step), func(t *testing.T) {
			t.Parallel()
			recovers(t, 2, want, step)
		})
	}
}

// TestKilledOften kills runs of several batches at seeded steps, up to three times before one may finish.
func TestKilledOften(t *testing.T) {
	t.Parallel()
	want, steps := undisturbed(t, 7)
	random := rand.New(rand.NewPCG(20, 26))
	for i := range 20 {
		at := make([]int, 1+random.IntN(3))
		for j := range at {
			at[j] = 1 + random.IntN(steps)
		}
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			recovers(t, 7, want, at...)
		})
	}
}
