package etl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// In the environment of a child process that runs beside others: the lab's folder, the signal that it sends itself, and at
// which step ("reserved").
const (
	togetherDirVariable    = "TIDEGATE_TEST_ETL_TOGETHER_DIR"
	togetherSignalVariable = "TIDEGATE_TEST_ETL_TOGETHER_SIGNAL"
	togetherStepVariable   = "TIDEGATE_TEST_ETL_TOGETHER_STEP"
)

const shortLease = time.Second

func runTogether(ctx context.Context, dir string) error {
	signals := map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP}
	signal, step := signals[os.Getenv(togetherSignalVariable)], os.Getenv(togetherStepVariable)
	l, err := openLab(ctx, dir, func(o *Options) {
		o.LeaseTime = shortLease
		o.Step = func(name string) {
			if name == step {
				step = ""
				_ = syscall.Kill(os.Getpid(), signal)
				time.Sleep(10 * time.Millisecond) // a stop is noticed a moment later
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
	if os.Getenv(crashTurnVariable) == "backfill" {
		_, err = l.runner.Backfill(ctx, withoutSite2(pipelines), Choice{}, nil)
		return err
	}
	_, err = l.runner.Run(ctx, pipelines)
	return err
}

// withoutSite2 gives the pipelines with another first stage, which drops rows that others lost to.
func withoutSite2(pipelines []*pipeline.Pipeline) []*pipeline.Pipeline {
	p := *pipelines[0]
	p.SQL = strings.Replace(p.SQL, "where ", "where site_id <> 2 and (", 1) + ")"
	return []*pipeline.Pipeline{must(seal(&p)), pipelines[1]}
}

// fate is what befalls a child: nothing, or a signal at a step.
type fate struct{ signal, step string }

// together runs a child for each fate at once, those that follow one that is stopped when it is. That goes on when its
// lease has long ended.
func together(t *testing.T, dir string, fates ...fate) {
	t.Helper()
	doTogether(t, "", dir, fates...)
}

// doTogether is together for children that may do something else than to run.
func doTogether(t *testing.T, turn, dir string, fates ...fate) {
	t.Helper()
	children := make([]*exec.Cmd, len(fates))
	output := make([]bytes.Buffer, len(fates))
	for i, f := range fates {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), togetherDirVariable+"="+dir, togetherSignalVariable+"="+f.signal, togetherStepVariable+"="+f.step, crashTurnVariable+"="+turn)
		c.Stdout, c.Stderr = &output[i], &output[i]
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		children[i] = c
		if f.signal == "stop" {
			awaitStopped(t, c.Process.Pid)
		}
	}
	for i, f := range fates {
		if f.signal == "stop" {
			time.Sleep(3 * shortLease)
			if err := children[i].Process.Signal(syscall.SIGCONT); err != nil {
				t.Error(err)
			}
		}
	}
	for i, f := range fates {
		err := children[i].Wait()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && f.signal == "kill" && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
			continue
		}
		if err != nil {
			t.Errorf("child %d, %v: %v\n%s", i, f, err, output[i].String())
		}
	}
}

// awaitStopped waits until a child is stopped.
func awaitStopped(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		_, state, _ := strings.Cut(string(stat), ") ")
		if strings.HasPrefix(state, "T") {
			return
		}
	}
	t.Fatal("the child was not stopped")
}

// togetherObjects puts objects for six batches: most of an object's events are in others too.
func togetherObjects(t *testing.T, l *lab) {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 12))
	for o := range 12 {
		lines := []string{"broken", event("probe", "2018-02-11T00:00:00Z", 1, `,"user_agent":"probe"`)}
		for range 300 {
			n := random.IntN(1500)
			lines = append(lines, event(fmt.Sprintf("e%d", n), fmt.Sprintf("2018-02-1%dT%02d:00:00Z", n%3, n%24), n%5, fmt.Sprintf(`,"load_ms":%d`, n)))
		}
		l.put(t, fmt.Sprintf("%03d.gz", o), lines...)
	}
}

// TestProcessesShareTheWork: four processes make every batch of one catalog once, and as one process alone makes them.
func TestProcessesShareTheWork(t *testing.T) {
	t.Parallel()
	alone, with := newLab(t, nil), newLab(t, nil)
	togetherObjects(t, alone)
	togetherObjects(t, with)
	runAlone(t, alone)
	together(t, with.dir, fate{}, fate{}, fate{}, fate{})
	if diff := cmp.Diff(contentOf(t, alone), contentOf(t, with)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(eventBatches(t, alone), eventBatches(t, with)); diff != "" {
		t.Error(diff)
	}
	events, _ := catalog.ParseName("web.events")
	if next, err := with.store.Reserve(t.Context(), events); err != nil || next != 7 {
		t.Errorf("%d times a batch was about to be committed, %v; there are 6 batches", next-1, err)
	}
	noTraces(t, with)
}

// TestProcessesDieAndSleepTogether kills one of four processes and stops another past the end of its lease: the others take
// over, and what the stopped one does when it goes on changes nothing.
func TestProcessesDieAndSleepTogether(t *testing.T) {
	t.Parallel()
	alone := newLab(t, nil)
	togetherObjects(t, alone)
	runAlone(t, alone)
	want := contentOf(t, alone)
	for _, c := range []struct{ killed, stopped string }{
		{"ingested", "reserved"},
		{"recorded", "deduplicated"},
		{"reserved", "recorded"},
		{"put", "discovered"},
		{"written", "verified"},
	} {
		t.Run(c.killed+" "+c.stopped, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, func(o *Options) { o.LeaseTime = shortLease })
			togetherObjects(t, l)
			together(t, l.dir, fate{"stop", c.stopped}, fate{"kill", c.killed}, fate{}, fate{})
			runAlone(t, l)
			if diff := cmp.Diff(want, contentOf(t, l)); diff != "" {
				t.Error(diff)
			}
			noTraces(t, l)
		})
	}
}

func runAlone(t *testing.T, l *lab) {
	t.Helper()
	pipelines, err := crashPipelines(l)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.runner.Run(t.Context(), pipelines); err != nil {
		t.Fatal(err)
	}
}

// contentOf gives the rows of both tables and the sum of the counts of web.events.
func contentOf(t *testing.T, l *lab) []string {
	t.Helper()
	got := l.query(t, "web.events", "SELECT * FROM t ORDER BY ALL")
	got = append(got, l.query(t, "web.daily", "SELECT * FROM t ORDER BY ALL")...)
	var sum catalog.Counts
	for _, b := range l.batches(t) {
		if b.Table.Table == "events" && b.State == catalog.BatchCommitted {
			sum.Add(b.Counts)
		}
	}
	return append(got, fmt.Sprintf("%+v", sum))
}

func eventBatches(t *testing.T, l *lab) []string {
	t.Helper()
	var got []string
	for _, b := range l.batches(t) {
		if b.Table.Table == "events" {
			got = append(got, fmt.Sprintf("%s r%d %s %+v %s", b.ID, b.Revision, b.State, b.Counts, l.record(t, b).Checksum))
		}
	}
	return got
}

// noTraces: no lease is left, no work folder, and no commit record that is not published.
func noTraces(t *testing.T, l *lab) {
	t.Helper()
	for _, name := range []string{"web.events", "web.daily"} {
		table, _ := catalog.ParseName(name)
		leases, err := l.store.Leases(t.Context(), table)
		if err != nil || len(leases) > 0 {
			t.Errorf("leases of %s: %v, %v", name, leases, err)
		}
		records, err := unpublished(t.Context(), l.store, l.lake, table)
		if err != nil || len(records) > 0 {
			t.Errorf("%d records of %s are not published, %v", len(records), name, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(l.dir, "work"))
	if err != nil || len(entries) > 0 {
		t.Errorf("work folders: %v, %v", entries, err)
	}
}
