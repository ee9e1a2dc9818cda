package etl

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/avro/ocf"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/pgtypes"
)

// allTypes has a column of each type that a table may have, all hot, whose subset is Avro.
func (l *lab) allTypes(t *testing.T) *pipeline.Pipeline {
	t.Helper()
	p := &pipeline.Pipeline{
		Name: "web/all", SQLFile: "web/all.sql", YMLFile: "web/all.yml", Table: catalog.Name{Schema: "web", Table: "all_types"},
		Source: &pipeline.Source{Location: l.raw.Location(), Format: "json"}, Checks: pipeline.Checks{MaxRejectRatio: 1},
		MaxBytes: 1 << 30, MaxObjects: 100, Hot: &catalog.HotSpec{Format: catalog.FormatAvro, Sort: []string{"c_int"}},
	}
	var selected []string
	for _, c := range []struct{ name, of string }{
		{"c_int", "int"},
		{"c_bool", "boolean"},
		{"c_small", "smallint"},
		{"c_big", "bigint"},
		{"c_real", "real"},
		{"c_double", "double precision"},
		{"c_numeric", "numeric(10,2)"},
		{"c_text", "text"},
		{"c_varchar", "varchar(3)"},
		{"c_date", "date"},
		{"c_time", "time"},
		{"c_timestamp", "timestamp"},
		{"c_timestamptz", "timestamptz"},
		{"c_uuid", "uuid"},
		{"c_json", "json"},
	} {
		of, err := pgtypes.Parse(c.of)
		if err != nil {
			t.Fatal(err)
		}
		p.Source.Fields = append(p.Source.Fields, pipeline.Field{Name: c.name, Type: of})
		p.Hot.Columns = append(p.Hot.Columns, c.name)
		selected = append(selected, c.name)
	}
	p.SQL = "select " + strings.Join(selected, ", ") + " from source"
	return p
}

// TestAvroSubset writes every type as Avro, whose records another decoder reads by name, and loads nothing of Parquet.
func TestAvroSubset(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz",
		`{"c_int":2}`,
		`{"c_int":1,"c_bool":true,"c_small":-7,"c_big":9007199254740993,"c_real":1.5,"c_double":-0.1,"c_numeric":"12.30","c_text":"a\"\u00fc\n","c_varchar":"abc",`+
			`"c_date":"2018-02-15","c_time":"01:02:03.5","c_timestamp":"2018-02-15T01:02:03.000004","c_timestamptz":"2018-02-15T01:02:03+09:00",`+
			`"c_uuid":"00000000-0000-0000-0000-00000000000A","c_json":{"k": [1]}}`,
		`{"c_int":3,"c_bool":false,"c_text":""}`)
	l.mustRun(t, l.allTypes(t))
	record := l.record(t, l.batches(t)[0])
	subset := record.Subset
	if subset.Format != catalog.FormatAvro || subset.Rows != 3 || len(subset.Paths) != 1 || !strings.HasSuffix(subset.Paths[0], "/0000.avro") {
		t.Fatalf("subset %+v", subset)
	}
	text, err := os.ReadFile(l.lake.LocalPath(subset.Manifest))
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil || len(m.Entries) != 1 || !strings.HasSuffix(m.Entries[0].URL, subset.Paths[0]) {
		t.Errorf("manifest %s: %v", text, err)
	}
	want := []map[string]any{
		{
			"c_int": int32(1), "c_bool": true, "c_small": int32(-7), "c_big": int64(9007199254740993), "c_real": float32(1.5), "c_double": -0.1,
			"c_numeric": "12.30", "c_text": "a\"ü\n", "c_varchar": "abc", "c_date": "2018-02-15", "c_time": "01:02:03.5",
			"c_timestamp": "2018-02-15 01:02:03.000004", "c_timestamptz": "2018-02-14 16:02:03+00", "c_uuid": "00000000-0000-0000-0000-00000000000a", "c_json": `{"k": [1]}`,
		},
		{"c_int": int32(2)},
		{"c_int": int32(3), "c_bool": false, "c_text": ""},
	}
	for _, w := range want {
		for _, c := range subset.Columns {
			if _, ok := w[c]; !ok {
				w[c] = nil
			}
		}
	}
	if diff := cmp.Diff(want, avroRecords(t, l.lake.LocalPath(subset.Paths[0]))); diff != "" {
		t.Error(diff)
	}
}

func avroRecords(t *testing.T, path string) (records []map[string]any) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := ocf.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for {
		var one map[string]any
		err := r.Decode(&one)
		if errors.Is(err, io.EOF) {
			return records
		}
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, one)
	}
}
