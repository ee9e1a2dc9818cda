package etl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/etl/pipeline"
)

// In the environment of a child process: the lab's folder, and when it kills itself.
const (
	crashDirVariable   = "TIDEGATE_TEST_ETL_CRASH_DIR"
	crashStepVariable  = "TIDEGATE_TEST_ETL_CRASH_STEP"
	crashAfterVariable = "TIDEGATE_TEST_ETL_CRASH_AFTER"
	// "requeue", "backfill" or "compact": what the child does instead of running.
	crashTurnVariable = "TIDEGATE_TEST_ETL_CRASH_TURN"
)

// crashCases is how many points TestKilledOften kills at; without it a few.
const crashCases = "TIDEGATE_TEST_CRASH_CASES"

// death is when a process kills itself: some time after it comes to the step with the number, going on meanwhile. Not
// at all, if it is done before.
type death struct {
	step  int
	after time.Duration
}

func (d death) String() string { return fmt.Sprintf("%d+%s", d.step, d.after) }

// TestMain lets the test binary be the process that dies.
func TestMain(m *testing.M) {
	if dir := os.Getenv(togetherDirVariable); dir != "" {
		if err := runTogether(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(crashDirVariable); dir != "" {
		if err := runAndDie(dir, os.Getenv(crashStepVariable), os.Getenv(crashAfterVariable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(fullDirVariable); dir != "" {
		if err := runOnFullDisk(dir, os.Getenv(fullFreeVariable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runAndDie runs the pipelines of a lab and dies as told; it comes back if it is done before.
func runAndDie(dir, number, delay string) error {
	at, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	after, err := time.ParseDuration(delay)
	if err != nil {
		return err
	}
	step := 0
	l, err := openLab(context.Background(), dir, func(o *Options) {
		o.Step = func(string) {
			if step++; step != at {
				return
			}
			if after > 0 {
				time.AfterFunc(after, killSelf)
				return
			}
			killSelf()
		}
	})
	if err != nil {
		return err
	}
	switch os.Getenv(crashTurnVariable) {
	case "requeue":
		p, err := seal(l.lenient())
		if err != nil {
			return err
		}
		_, err = l.runner.Requeue(context.Background(), []*pipeline.Pipeline{p})
		return err
	case "backfill":
		pipelines, err := backfillPipelines(l)
		if err != nil {
			return err
		}
		_, err = l.runner.Backfill(context.Background(), pipelines, Choice{}, nil)
		return err
	}
	pipelines, err := crashPipelines(l)
	if err != nil {
		return err
	}
	if os.Getenv(crashTurnVariable) == "compact" {
		_, err = l.runner.Compact(context.Background(), pipelines, Compaction{All: true}, nil)
		return err
	}
	_, err = l.runner.Run(context.Background(), pipelines)
	return err
}

func killSelf() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the signal arrives
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

// dies runs a child that is to die so, and reports whether it did: else it was done before.
func dies(t *testing.T, dir string, d death) bool { t.Helper(); return diesIn(t, "", dir, d) }

// diesIn is dies for a child that does something else than to run.
func diesIn(t *testing.T, turn, dir string, d death) bool {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashDirVariable+"="+dir, crashStepVariable+"="+strconv.Itoa(d.step),
		crashAfterVariable+"="+d.after.String(), crashTurnVariable+"="+turn, memoryVariable+"="+strconv.Itoa(leastMemory))
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

// killedIn makes a lab, prepares it, and kills a child at its turn there, which must not be done before.
func killedIn(t *testing.T, turn string, d death, prepare func(*lab)) *lab {
	t.Helper()
	l := newLab(t, nil)
	prepare(l)
	if !diesIn(t, turn, l.dir, d) {
		t.Fatalf("the %s was done before the kill", turn)
	}
	return l
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

// outcome is what must be the same whatever happened: the rows of both tables as multisets, and the counts and
// checksums of the batches. The ids of the second stage's are not: they tell the paths of what was read.
func outcome(t *testing.T, l *lab) []string {
	t.Helper()
	got := l.query(t, "web.events", "SELECT * FROM t ORDER BY ALL")
	got = append(got, l.query(t, "web.daily", "SELECT * FROM t ORDER BY ALL")...)
	for _, b := range l.batches(t) {
		id := ""
		if b.Table.Table == "events" {
			id = b.ID
		}
		got = append(got, fmt.Sprintf("%s %s r%d %s %+v %s", b.Table, id, b.Revision, b.State, b.Counts, l.record(t, b).Checksum))
	}
	return got
}

// undisturbed runs the same objects without a crash and gives the outcome and the number of steps.
func undisturbed(t *testing.T, objects int) (want []string, steps int) {
	t.Helper()
	scratched := 0
	l := newLab(t, func(o *Options) {
		o.Memory, o.Step = leastMemory, func(name string) {
			steps++
			if name == "scratched" {
				scratched++
			}
		}
	})
	crashObjects(t, l, objects)
	pipelines, err := crashPipelines(l)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.runner.Run(t.Context(), pipelines); err != nil {
		t.Fatal(err)
	}
	if scratched == 0 {
		t.Fatal("the rows were in no scratch database")
	}
	return outcome(t, l), steps
}

// runCrashPipelines runs them on a new lab with the options, once more if that is an error, and gives that error and
// the lab.
func runCrashPipelines(t *testing.T, objects int, options func(*Options)) (*lab, error) {
	t.Helper()
	l := newLab(t, options)
	crashObjects(t, l, objects)
	pipelines, err := crashPipelines(l)
	if err != nil {
		t.Fatal(err)
	}
	_, failure := l.runner.Run(t.Context(), pipelines)
	if failure != nil {
		if _, err := l.runner.Run(t.Context(), pipelines); err != nil {
			t.Fatalf("again after %v: %v", failure, err)
		}
	}
	return l, failure
}

// recovers lets runs die, one after the other on one lab, then runs to the end and compares. It gives how many died.
func recovers(t *testing.T, objects int, want []string, deaths ...death) (killed int) {
	t.Helper()
	return recoversIn(t, t.TempDir(), objects, want, deaths...)
}

func recoversIn(t *testing.T, dir string, objects int, want []string, deaths ...death) (killed int) {
	t.Helper()
	l, err := openLab(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close(t)
	crashObjects(t, l, objects)
	for _, d := range deaths {
		if dies(t, dir, d) {
			killed++
		}
	}
	pipelines, err := crashPipelines(l)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.runner.Run(t.Context(), pipelines); err != nil {
		t.Fatalf("after the deaths at %v: %v", deaths, err)
	}
	if diff := cmp.Diff(want, outcome(t, l)); diff != "" {
		t.Errorf("after the deaths at %v:\n%s", deaths, diff)
	}
	report, err := l.runner.Run(t.Context(), pipelines)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Pipelines {
		if p.Batches+p.Recovered != 0 {
			t.Errorf("after the deaths at %v a further run of %s did something: %+v", deaths, p.Name, p)
		}
	}
	entries, err := os.ReadDir(dir + "/work")
	if err != nil || len(entries) != 0 {
		t.Errorf("the work folder is not empty: %v, %v", entries, err)
	}
	return killed
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
			if recovers(t, 2, want, death{step: step}) != 1 {
				t.Error("the run was done before the kill")
			}
		})
	}
}

// TestKilledOften kills runs of several batches, up to three times before one may finish: at seeded steps, and at
// seeded times between two. A run that was done before its kill is no case: others take its place.
func TestKilledOften(t *testing.T) { //nolint:tparallel // a round ends before the next begins
	t.Parallel()
	cases := 20
	if text := os.Getenv(crashCases); text != "" {
		var err error
		if cases, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	want, steps := undisturbed(t, 7)
	random := rand.New(rand.NewPCG(20, 26))
	var killed atomic.Int64
	attempts := 0
	for round := 1; int(killed.Load()) < cases && !t.Failed(); round++ {
		before := killed.Load()
		t.Run(fmt.Sprintf("round %d", round), func(t *testing.T) {
			for i := int(before); i < cases; {
				deaths := seededDeaths(random, steps, min(1+random.IntN(3), cases-i))
				i += len(deaths)
				attempts += len(deaths)
				t.Run(fmt.Sprint(deaths), func(t *testing.T) {
					t.Parallel()
					killed.Add(int64(recovers(t, 7, want, deaths...)))
				})
			}
		})
		if attempts > 10*cases {
			t.Fatalf("only %d of %d runs died by their kill", killed.Load(), attempts)
		}
	}
	t.Logf("%d runs were killed; %d were done before their kill", killed.Load(), attempts-int(killed.Load()))
}

func seededDeaths(random *rand.Rand, steps, n int) []death {
	deaths := make([]death, n)
	for j := range deaths {
		deaths[j].step = 1 + random.IntN(steps)
		if random.IntN(2) == 0 {
			deaths[j].after = time.Duration(1+random.IntN(20_000)) * time.Microsecond
		}
	}
	return deaths
}
