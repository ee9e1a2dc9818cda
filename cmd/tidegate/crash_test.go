package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tidegate/internal/demo"
)

// The crash test runs `etl run` in child processes of the test binary: with dieAt set, the child kills itself with
// SIGKILL when it reaches that step, counted over discovery, batches, commits and hot loads alike.
const (
	dieAt   = "TIDEGATE_TEST_DIE_AT"
	stepLog = "TIDEGATE_TEST_STEPS"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") { // a test, or a run with workers, started the program
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	if at, ok := os.LookupEnv(dieAt); ok {
		os.Exit(runAndDie(at))
	}
	os.Exit(m.Run())
}

// runAndDie is the child: etl run that dies at the n-th step, or runs through and writes its steps down with n = 0.
func runAndDie(at string) int {
	n, err := strconv.Atoi(at)
	if err != nil {
		return 3
	}
	var steps []string
	p := &program{out: os.Stdout, err: os.Stderr, step: func(name string) {
		steps = append(steps, name)
		if len(steps) == n {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}}
	code := exitCode((&etlRunCmd{Jobs: 1}).Run(context.Background(), p), os.Stderr)
	if file := os.Getenv(stepLog); file != "" {
		if err := os.WriteFile(file, []byte(strings.Join(steps, "\n")), 0o644); err != nil {
			return 3
		}
	}
	return code
}

// TestKilledAnywhere kills etl run at 20 seeded steps, each time on a fresh data folder, runs it again, and compares
// both tiers with a run that nothing disturbed.
func TestKilledAnywhere(t *testing.T) { //nolint:tparallel // a case fills the machine
	t.Parallel()
	raw := t.TempDir()
	source := filepath.Join(raw, "web")
	if _, err := demo.Generate(t.Context(), source, demo.Options{Seed: 7, Days: 3, Sites: 5, Records: 6000}); err != nil {
		t.Fatal(err)
	}
	calm := newCrashSite(t, source)
	stepsFile := filepath.Join(t.TempDir(), "steps")
	calm.etl(t, 0, stepLog+"="+stepsFile)
	want := calm.answers(t)
	text, err := os.ReadFile(stepsFile)
	if err != nil {
		t.Fatal(err)
	}
	steps := strings.Split(string(text), "\n")
	t.Logf("%d steps", len(steps))

	points := rand.New(rand.NewPCG(20, 18)).Perm(len(steps))[:min(20, len(steps))]
	slices.Sort(points)
	for _, at := range points {
		t.Run(fmt.Sprintf("%d %s", at+1, steps[at]), func(t *testing.T) {
			site := newCrashSite(t, source)
			site.etl(t, at+1)
			site.etl(t, 0)
			if d := cmp.Diff(want, site.answers(t)); d != "" {
				t.Errorf("killed at step %d (%s): %s", at+1, steps[at], d)
			}
		})
	}
}

// crashSite is a data folder with pipelines over the common raw logs, cut into batches of a few objects.
type crashSite struct{ dir string }

func newCrashSite(t *testing.T, source string) *crashSite {
	t.Helper()
	s := &crashSite{dir: t.TempDir()}
	for _, name := range []string{"events.sql", "events.yml", "site_daily.sql", "site_daily.yml"} {
		text, err := os.ReadFile(filepath.Join("../../examples/web/pipelines/web", name))
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.ReplaceAll(string(text), "file:./tidegate-data/raw/web/", "file:"+source)
		if name == "events.yml" {
			changed += "batch: { max_objects: 30 }\n"
		}
		writeFile(t, filepath.Join(s.dir, "pipelines/web", name), changed)
	}
	return s
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// etl runs the child to its death at a step, or with 0 to its end.
func (s *crashSite) etl(t *testing.T, at int, env ...string) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Dir = s.dir
	c.Env = append(append(os.Environ(), dieAt+"="+strconv.Itoa(at)), env...)
	out, err := c.CombinedOutput()
	if at == 0 && err != nil {
		t.Fatalf("etl run: %v\n%s", err, out)
	}
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); at > 0 && (!ok || status.Signal() != syscall.SIGKILL) {
		t.Fatalf("the child should have died at step %d: %v\n%s", at, c.ProcessState, out)
	}
}

// answers asks both tiers what must not change.
func (s *crashSite) answers(t *testing.T) (got []string) {
	t.Helper()
	s.serve(t, func(address string) { got = askTiers(t, address) })
	return got
}

// serve serves the folder while ask asks.
func (s *crashSite) serve(t *testing.T, ask func(address string)) {
	t.Helper()
	c := defaults()
	c.Listen, c.Admin, c.DataDir, c.Pipelines = "127.0.0.1:0", "", filepath.Join(s.dir, "tidegate-data"), filepath.Join(s.dir, "pipelines")
	c.Catalog, c.Lake.Location = "sqlite:"+filepath.Join(c.DataDir, "catalog.db"), "file:"+filepath.Join(c.DataDir, "lake")
	p := &program{out: t.Output(), err: t.Output()}
	parts, err := open(t.Context(), c, p.newLog())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	address, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- parts.serve(ctx, p, func(a string) error { address <- a; return nil })
	}()
	select {
	case a := <-address:
		ask(a)
	case err := <-done:
		t.Fatalf("serve: %v", err)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("serve ended with %v", err)
	}
	if err := parts.close(); err != nil {
		t.Error(err)
	}
}

func askTiers(t *testing.T, address string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), "postgres://demo@"+address+"/tidegate")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var got []string
	ask := func(query string) {
		results, err := conn.PgConn().Exec(t.Context(), query).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for _, row := range results[0].Rows {
			got = append(got, fmt.Sprintf("%s", row))
		}
	}
	ask("select /*+ tidegate engine(cold) */ dt, count(*), count(distinct event_id), sum(load_ms) from web.events group by dt order by dt")
	for _, tier := range []string{"hot", "cold"} {
		ask("select /*+ tidegate engine(" + tier + ") */ dt, count(*), count(distinct user_id), sum(load_ms) from web.events group by dt order by dt")
		ask("select /*+ tidegate engine(" + tier + ") */ dt, site_id, pv, uu, timed, load_ms_sum from web.site_daily order by dt, site_id")
	}
	ask("select table_name, count(*), sum(rows_read), sum(rows_rejected), sum(rows_emitted) from tidegate.batches where table_name = 'web.events' and state = 'committed' group by 1")
	return got
}
