package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tidegate/test/program"
)

// TestLoop runs pipelines by their schedule: what comes is read at the next turn, a pipeline that becomes wrong is used
// as it was, one that is changed as it is, and SIGTERM ends it in order.
func TestLoop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "t.yml"), "data_dir: ./data\nhot: { kind: none }\npipelines: ./pipelines\n")
	hits := func(sql, more string) {
		t.Helper()
		writeFile(t, filepath.Join(dir, "pipelines/web/hits.sql"), sql)
		writeFile(t, filepath.Join(dir, "pipelines/web/hits.yml"), "table: web.hits\nsource: { location: \"file:./raw\", format: json, required: [id] }\nfields: { id: text }\n"+more)
	}
	object := func(name string) {
		t.Helper()
		writeObject(t, filepath.Join(dir, "new.gz"), fmt.Sprintf(`{"id":%q}`, name))
		if err := os.Rename(filepath.Join(dir, "new.gz"), filepath.Join(dir, "raw", name+".gz")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "raw"), 0o755); err != nil {
		t.Fatal(err)
	}
	hits("select id from source", "")
	if code, _, errs := runWith(t, dir, nil, "etl", "run", "-c", "t.yml", "--loop"); code != 2 || !strings.Contains(errs, "nothing tells when to run web/hits") {
		t.Fatalf("a loop without a schedule: exit %d\n%s", code, errs)
	}
	if code, _, errs := runWith(t, dir, nil, "etl", "run", "-c", "t.yml", "--loop", "--dry-run"); code != 2 || !strings.Contains(errs, "--loop excludes") {
		t.Fatalf("a loop that changes nothing: exit %d\n%s", code, errs)
	}

	hits("select id from source", "schedule: 1s\n")
	object("a")
	output := new(program.Output)
	c := exec.CommandContext(context.WithoutCancel(t.Context()), binary, "etl", "run", "-c", "t.yml", "--loop")
	c.Dir, c.Stdout, c.Stderr = dir, output, output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	committed := func(n int) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			records, err := filepath.Glob(filepath.Join(dir, "data/lake/_commits/web.hits/*"))
			if err != nil {
				t.Fatal(err)
			}
			if len(records) == n {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d batches are committed, not %d:\n%s", len(records), n, output)
			}
		}
	}
	committed(1)
	object("b")
	committed(2)
	hits("select idd from", "schedule: 1s\n")
	object("c")
	committed(3)
	if want := "they are used as they were"; !strings.Contains(output.String(), want) {
		t.Errorf("a pipeline that is wrong is not told (%q):\n%s", want, output)
	}
	hits("select id, 1::int as one from source", "schedule: 1s\n")
	object("d")
	committed(4)
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, output)
	}
}
