package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/demo"
)

// TestRunTogether runs etl run three times at once: all end well, and the rows are there once, in both tiers.
func TestRunTogether(t *testing.T) {
	t.Parallel()
	source := filepath.Join(t.TempDir(), "web")
	if _, err := demo.Generate(t.Context(), source, demo.Options{Seed: 7, Days: 2, Sites: 5, Records: 2000}); err != nil {
		t.Fatal(err)
	}
	alone, together := newCrashSite(t, source), newCrashSite(t, source)
	alone.etl(t, 0)
	var runs [3]*exec.Cmd
	for i := range runs {
		c := exec.Command(os.Args[0])
		c.Dir, c.Stdout, c.Stderr = together.dir, t.Output(), t.Output()
		c.Env = append(os.Environ(), dieAt+"=0")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		runs[i] = c
	}
	for _, c := range runs {
		if err := c.Wait(); err != nil {
			t.Errorf("etl run beside others: %v", err)
		}
	}
	if d := cmp.Diff(alone.answers(t), together.answers(t)); d != "" {
		t.Errorf("run together it is not what it is alone: %s", d)
	}
}
