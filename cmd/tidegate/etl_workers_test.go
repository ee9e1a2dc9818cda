package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tidegate/internal/demo"
)

// sharedSource makes raw logs of two days, with the duplicates and the dirt of the demo.
func sharedSource(t *testing.T) string {
	t.Helper()
	source := filepath.Join(t.TempDir(), "web")
	if _, err := demo.Generate(t.Context(), source, demo.Options{Seed: 7, Days: 2, Sites: 5, Records: 4000}); err != nil {
		t.Fatal(err)
	}
	return source
}

// program is a command of the site that runs this program with arguments.
func (s *crashSite) program(t *testing.T, env []string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	var out bytes.Buffer
	c.Dir, c.Env, c.Stdout, c.Stderr = s.dir, append(os.Environ(), env...), &out, &out
	return c, &out
}

var batchesOf = regexp.MustCompile(`^\[web\.events \d+ `)

// content is answers without the number of batches.
func (s *crashSite) content(t *testing.T) []string {
	t.Helper()
	got := s.answers(t)
	for i := range got {
		got[i] = batchesOf.ReplaceAllString(got[i], "[web.events ")
	}
	return got
}

// TestWorkers: processes that share the objects make the same tables as one, also when one of them is killed; and not one
// batch is made twice.
func TestWorkers(t *testing.T) { //nolint:tparallel // a case fills the machine
	t.Parallel()
	source := sharedSource(t)
	alone := newCrashSite(t, source)
	alone.etl(t, 0)
	want := alone.content(t)
	for _, killed := range []bool{false, true} {
		t.Run("killed "+strconv.FormatBool(killed), func(t *testing.T) {
			site := newCrashSite(t, source)
			c, out := site.program(t, []string{"TIDEGATE_LIMITS_ETL_MEMORY=2GB"}, "etl", "run", "--workers", "3")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			if killed {
				killChild(t, c.Process.Pid)
			}
			if err := c.Wait(); err != nil {
				t.Fatalf("etl run --workers 3: %v\n%s", err, out)
			}
			if !strings.Contains(out.String(), `"msg":"workers share the objects","pipeline":"web/events","workers":3`) {
				t.Errorf("nobody shares:\n%s", out)
			}
			if strings.Contains(out.String(), "a worker failed") != killed {
				t.Errorf("the log of the workers:\n%s", out)
			}
			if d := cmp.Diff(want, site.content(t)); d != "" {
				t.Error(d)
			}
			if !killed && !regexp.MustCompile(`(?m)^web\.events +\d+ +`+records(want)+` `).MatchString(out.String()) {
				t.Errorf("the report does not tell the %s records that the workers read:\n%s", records(want), out)
			}
		})
	}
}

// records gives the number of records that were read, of the last line of content.
func records(content []string) string { return strings.Fields(content[len(content)-1])[1] }

// killChild kills the first worker that a process has. The first child of a Go program is none: by it the runtime finds out
// what the kernel can.
func killChild(t *testing.T, parent int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			text, _ := os.ReadFile(task) // a thread may have ended
			for child := range strings.FieldsSeq(string(text)) {
				pid, err := strconv.Atoi(child)
				if err != nil {
					t.Fatal(err)
				}
				if command, _ := os.ReadFile("/proc/" + child + "/cmdline"); !strings.HasSuffix(string(command), "\x00etl\x00work\x00") {
					continue
				}
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
				return
			}
		}
	}
	t.Fatal("it has no child")
}

// TestWorkersEndWithTheirRun: a run that is killed takes its workers with it, and the next one makes what they left.
func TestWorkersEndWithTheirRun(t *testing.T) {
	t.Parallel()
	source := sharedSource(t)
	alone, site := newCrashSite(t, source), newCrashSite(t, source)
	alone.etl(t, 0)
	c, _ := site.program(t, []string{"TIDEGATE_LIMITS_ETL_MEMORY=2GB"}, "etl", "run", "--workers", "2")
	c.Stdout, c.Stderr = nil, nil
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	folders := func() []string {
		found, err := filepath.Glob(filepath.Join(site.dir, "tidegate-data/tmp/etl/run-*"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for deadline := time.Now().Add(time.Minute); len(folders()) < 3 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // killed
	for deadline := time.Now().Add(time.Minute); len(folders()) > 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the workers go on without their run: %q", folders())
		}
	}
	site.etl(t, 0)
	if d := cmp.Diff(alone.content(t), site.content(t)); d != "" {
		t.Error(d)
	}
}

// TestShards runs the four processes of an indexed Job on one catalog, first without the last one: what is made of the
// events is made of those that are there.
func TestShards(t *testing.T) {
	t.Parallel()
	source := sharedSource(t)
	alone, site := newCrashSite(t, source), newCrashSite(t, source)
	alone.etl(t, 0)
	run := func(shards ...int) {
		t.Helper()
		var started []*exec.Cmd
		var outputs []*bytes.Buffer
		for _, i := range shards {
			c, out := site.program(t, []string{kubernetesIndex + "=" + strconv.Itoa(i)}, "etl", "run", "--shard", "auto/4")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			started, outputs = append(started, c), append(outputs, out)
		}
		for i, c := range started {
			if err := c.Wait(); err != nil {
				t.Errorf("shard %d: %v\n%s", shards[i], err, outputs[i])
			}
		}
	}
	run(0, 1, 2)
	var sums []string
	site.serve(t, func(address string) { sums = sumsOf(t, address) })
	if len(sums) != 2 || sums[0] != sums[1] || sums[0] == "0" {
		t.Errorf("without the last shard there are %q events, and as many page views", sums)
	}
	run(3, 1)
	if d := cmp.Diff(alone.content(t), site.content(t)); d != "" {
		t.Error(d)
	}
}

// sumsOf gives the number of events, and that of those that the second stage counted.
func sumsOf(t *testing.T, address string) (sums []string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), "postgres://demo@"+address+"/tidegate")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	results, err := conn.PgConn().Exec(t.Context(), "select count(*) from web.events; select sum(pv) from web.site_daily").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		sums = append(sums, string(r.Rows[0][0]))
	}
	return sums
}

func TestParseShard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, environment, want string }{
		{"", "", "{0 0}"},
		{"0/4", "", "{0 4}"},
		{"3/4", "", "{3 4}"},
		{"0/1", "", "{0 0}"},
		{"4/4", "", "--shard 4/4: shard 4 of 4; they count from 0 to 3"},
		{"-1/4", "", "--shard -1/4: shard -1 of 4; they count from 0 to 3"},
		{"0/10001", "", "--shard 0/10001: 10001 shards; from 1 to 10000 are possible"},
		{"1", "", "--shard 1: write INDEX/COUNT (0/4 to 3/4), auto or auto/COUNT"},
		{"a/4", "", `--shard a/4: the index "a" is no whole number`},
		{"1/b", "", `--shard 1/b: the count "b" is no whole number`},
		{"auto", awsIndex + "=2 " + awsSize + "=3", "{2 3}"},
		{"auto/3", awsIndex + "=2 " + awsSize + "=3", "{2 3}"},
		{"auto/4", awsIndex + "=2 " + awsSize + "=3", "--shard auto/4: AWS_BATCH_JOB_ARRAY_SIZE is 3"},
		{"auto/4", awsIndex + "=2", "{2 4}"},
		{"auto/4", kubernetesIndex + "=1", "{1 4}"},
		{"auto", kubernetesIndex + "=1", "--shard auto: AWS_BATCH_JOB_ARRAY_SIZE is not set, so nobody says how many shards there are; write auto/COUNT"},
		{"auto/4", "", "--shard auto/4: neither AWS_BATCH_JOB_ARRAY_INDEX nor JOB_COMPLETION_INDEX is set, so nobody says which shard this is; write INDEX/COUNT"},
	} {
		set := map[string]string{}
		for pair := range strings.FieldsSeq(c.environment) {
			name, value, _ := strings.Cut(pair, "=")
			set[name] = value
		}
		s, err := parseShard(c.text, func(name string) (string, bool) { v, ok := set[name]; return v, ok })
		got := fmt.Sprint(s)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s with %s: %s, want %s", c.text, c.environment, got, c.want)
		}
	}
}
