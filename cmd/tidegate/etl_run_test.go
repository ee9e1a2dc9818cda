package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRunRefuses what is asked wrongly before it does anything, whether it is to run now, to go on, or only to show what it would do.
func TestRunRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipelines, err := filepath.Abs("../../examples/web/pipelines")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "t.yml")
	writeFile(t, config, "data_dir: "+dir+"/data\nlake: { location: \"file:"+dir+"/lake\" }\npipelines: "+pipelines+"\nlimits: { etl_memory: 2GiB }\n")
	for wrongly, told := range map[string]string{
		"--workers=some":       `--workers "some": write a number from 1 on, or auto`,
		"--workers=5":          "--workers 5: limits.etl_memory is 2048 MiB and each needs 512 MiB, so there is room for 4",
		"--workers=2 --jobs=2": "--workers and --jobs exclude each other",
		"--jobs=0":             "--jobs must be at least 1",
		"--accept=row_chang":   "did you mean row_change?",
	} {
		for _, how := range []string{"", "--dry-run", "--loop"} {
			ctx, stop := context.WithTimeout(t.Context(), 10*time.Second) // a loop goes on
			args := strings.Fields("etl run " + how + " " + wrongly)
			var out, errs bytes.Buffer
			if code := run(ctx, append(args, "-c", config), &out, &errs); code != 2 || !strings.Contains(errs.String(), told) {
				t.Errorf("%q: exit %d\n%s%s", args, code, out.String(), errs.String())
			}
			stop()
		}
	}
	if found, err := filepath.Glob(filepath.Join(dir, "data", "*")); err != nil || len(found) > 0 {
		t.Errorf("there is %q, %v", found, err)
	}
}
