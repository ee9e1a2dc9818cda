package etl

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/google/go-cmp/cmp"
)

// TestFilesAreReadByAll: what batches and compactions write, full-field files and subsets, is Parquet that Spectrum, Athena,
// Trino and Spark read: data pages of version 1, times as microseconds in INT64 that a converted type tells, no INT96.
func TestFilesAreReadByAll(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.allTypes(t)
	p.Hot.Format = ""
	p.MaxObjects = 1
	for _, key := range []string{"1.gz", "2.gz"} {
		l.put(t, key, `{"c_int":1,"c_bool":true,"c_small":-7,"c_big":9007199254740993,"c_real":1.5,"c_double":-0.1,"c_numeric":"12.30","c_text":"a","c_varchar":"abc",`+
			`"c_date":"2018-02-15","c_time":"01:02:03.5","c_timestamp":"2018-02-15T01:02:03.000004","c_timestamptz":"2018-02-15T01:02:03+09:00",`+
			`"c_uuid":"00000000-0000-0000-0000-00000000000A","c_json":{"k": [1]}}`)
	}
	l.mustRun(t, p)
	if done := l.compact(t, Compaction{All: true}, p); len(done) != 1 {
		t.Fatalf("compacted %+v", done)
	}
	kinds := map[string]int{}
	root := l.lake.LocalPath("")
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".parquet" {
			return err
		}
		folder, _, _ := strings.Cut(strings.TrimPrefix(path, root), "/run=")
		kinds[strings.Trim(folder, "/")]++
		l.checkReadByAll(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if kinds["web.all_types"] != 3 || kinds["_hot/web.all_types"] != 3 {
		t.Errorf("files of two batches and a compaction: %v", kinds)
	}
}

func (l *lab) checkReadByAll(t *testing.T, path string) {
	t.Helper()
	r, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// As the file has it: the library tells what it makes of the logical type.
	got := l.rows(t, "SELECT name, type, converted_type FROM parquet_schema("+literal(path)+") WHERE type = 'INT96' OR name IN ('c_time', 'c_timestamp', 'c_timestamptz')")
	want := []string{"c_time|INT64|TIME_MICROS", "c_timestamp|INT64|TIMESTAMP_MICROS", "c_timestamptz|INT64|TIMESTAMP_MICROS"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
	for group := range r.NumRowGroups() {
		for i := range r.MetaData().Schema.NumColumns() {
			checkPages(t, path, r.RowGroup(group), i)
		}
	}
}

// checkPages looks for data pages of version 2.
func checkPages(t *testing.T, path string, group *file.RowGroupReader, column int) {
	t.Helper()
	pages, err := group.GetColumnPageReader(column)
	if err != nil {
		t.Fatal(err)
	}
	data := 0
	for pages.Next() {
		switch pages.Page().(type) {
		case *file.DataPageV1:
			data++
		case *file.DataPageV2:
			t.Errorf("%s: column %d has a data page of version 2", path, column)
		}
	}
	if err := pages.Err(); err != nil || data == 0 {
		t.Errorf("%s: column %d has %d data pages: %v", path, column, data, err)
	}
}
