package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// TestLoopIsQuiet wants a loop to print the one turn of several that made something, and to end without a warning when it is
// asked to in the midst of one.
func TestLoopIsQuiet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "t.yml")
	writeFile(t, config, "data_dir: "+dir+"/data\nhot: { kind: embedded }\nlimits: { etl_memory: 512MiB }\npipelines: "+dir+"/pipelines\n")
	writeFile(t, filepath.Join(dir, "pipelines/web/hits.sql"), "select id from source")
	writeFile(t, filepath.Join(dir, "pipelines/web/hits.yml"), "table: web.hits\nschedule: 1s\nsource: { location: \"file:"+dir+"/raw\", format: json }\nfields: { id: text }\nhot: { columns: [id] }\n")
	writeFile(t, filepath.Join(dir, "raw/a.ndjson"), `{"id":"a"}`)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	turns := 0
	var out, errs bytes.Buffer
	p := &program{config: config, out: &out, err: &errs, step: func(name string) {
		if name == "discovered" {
			if turns++; turns == 3 {
				stop()
			}
		}
	}}
	if err := (&etlRunCmd{Jobs: 1, Loop: true}).Run(ctx, p); err != nil {
		t.Fatal(err)
	}
	if printed := out.String(); turns != 3 || strings.Count(printed, "EMITTED") != 1 || strings.Count(printed, "hot: ") != 1 || !strings.Contains(printed, "hot: 1 rows") {
		t.Errorf("%d turns printed:\n%s", turns, printed)
	}
	if log := errs.String(); strings.Contains(log, "WARN") || strings.Contains(log, "ERROR") || strings.Contains(log, "duckdb open") {
		t.Errorf("the log:\n%s", log)
	}
}
