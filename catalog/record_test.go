package catalog_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
)

func TestDecodeRecord(t *testing.T) {
	t.Parallel()
	want := &catalog.Record{Format: catalog.RecordFormat, Batch: "b", Revision: 1, Seq: 2, Files: []catalog.FileRecord{{Path: "p", Rows: 3}}}
	want.Table.Name = catalog.Name{Schema: "web", Table: "events"}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := catalog.DecodeRecord(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for what, broken := range map[string]string{
		"format 2":    strings.Replace(string(text), `"format":1`, `"format":2`, 1),
		"another key": strings.Replace(string(text), `"seq":2`, `"seq":2,"erases":1`, 1),
		"cut off":     string(text[:len(text)-1]),
	} {
		if _, err := catalog.DecodeRecord([]byte(broken)); err == nil {
			t.Errorf("%s was read", what)
		}
	}
}
