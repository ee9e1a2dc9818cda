package raw

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/avro"
	"github.com/twmb/avro/ocf"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

const eventSchema = `{"type": "record", "name": "event", "fields": [
	{"name": "id", "type": "string"},
	{"name": "ts", "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}]},
	{"name": "d", "type": {"type": "int", "logicalType": "date"}},
	{"name": "c", "type": {"type": "long", "logicalType": "time-micros"}},
	{"name": "n", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
	{"name": "f", "type": "double"},
	{"name": "b", "type": ["boolean", "null"]},
	{"name": "u", "type": {"type": "string", "logicalType": "uuid"}},
	{"name": "raw", "type": "bytes"},
	{"name": "more", "type": {"type": "map", "values": {"type": "array", "items": ["int", "string", {"type": "record", "name": "on",
		"fields": [{"name": "day", "type": {"type": "int", "logicalType": "date"}}]}]}}}
]}`

// avroFile writes an object container file with a block for each record.
func avroFile(t *testing.T, schema string, codec ocf.Codec, records ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	options := []ocf.WriterOpt{ocf.WithBlockCount(1)}
	if codec != nil {
		options = append(options, ocf.WithCodec(codec))
	}
	w, err := ocf.NewWriter(&b, avro.MustParse(schema), options...)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func avroEvent(id string, change func(map[string]any)) map[string]any {
	r := map[string]any{
		"id": id, "ts": time.Date(2018, 2, 15, 3, 4, 5, 678_000, time.UTC), "d": time.Date(2018, 2, 15, 0, 0, 0, 0, time.UTC),
		"c": 3*time.Hour + 4*time.Minute + 5*time.Microsecond, "n": big.NewRat(-12345, 100), "f": 1e21, "b": true,
		"u": "01c5a7d2-7c1e-4d7b-9c1a-0f2e8f7b1c3d", "raw": []byte{0, 255},
		"more": map[string]any{"b": []any{"x\"y"}, "a": []any{int32(1), map[string]any{"day": time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC)}}},
	}
	if change != nil {
		change(r)
	}
	return r
}

func avroEvents(t *testing.T) *pipeline.Pipeline {
	t.Helper()
	p := &pipeline.Pipeline{
		Source: &pipeline.Source{Format: "avro", Required: []string{"ts"}}, Time: &catalog.TimeSpec{Column: "ts", Zone: "UTC", Grain: "day"},
	}
	for _, f := range [][2]string{
		{"id", "text"},
		{"ts", "timestamptz"},
		{"d", "date"},
		{"c", "time"},
		{"n", "numeric(12,2)"},
		{"f", "double precision"},
		{"b", "bool"},
		{"u", "uuid"},
		{"raw", "text"},
		{"more", "json"},
	} {
		p.Source.Fields = append(p.Source.Fields, pipeline.Field{Name: f[0], Type: mustType(t, f[1])})
	}
	return p
}

func TestIngestAvro(t *testing.T) {
	t.Parallel()
	good := avroFile(t, eventSchema, nil,
		avroEvent("a", nil),
		avroEvent("b", func(r map[string]any) { r["b"], r["f"], r["more"] = nil, math.Inf(-1), map[string]any{} }),
		avroEvent("c", func(r map[string]any) { r["ts"] = nil }),
		avroEvent("d", func(r map[string]any) { r["ts"] = arrived.Add(25 * time.Hour) }),
		avroEvent("e\xff", nil),
	)
	b, objects := source(t, map[string][]byte{
		"1.avro": good, "2.avro": {}, "3.avro": bytes.Repeat([]byte("Obj, or not"), 100), "4.avro": good[:len(good)-3],
		"5.avro": avroFile(t, `"string"`, nil, "no record"),
	})
	got := ingestAs(t, avroEvents(t), b, objects, 0)
	const u = "-167785669144822242096639045905521370051" // with its highest bit turned
	wantRows := []string{
		`0000:000001 a 1518663845000678 17577 11040000005 -12345 1e+21 true `,
		`0000:000002 b 1518663845000678 17577 11040000005 -12345 -Inf - `,
	}
	wantRows = append(wantRows, strings.Replace(wantRows[0], "0000", "0003", 1), strings.Replace(wantRows[1], "0000", "0003", 1))
	more := []string{`{"a":[1,{"day":"2018-03-01"}],"b":["x\"y"]}`, `{}`}
	var cut []string
	for _, line := range got.rows.sorted() {
		cut = append(cut, line[:max(0, strings.LastIndex(line, u))])
		if want := ` \x00ff ` + more[len(cut)%2^1]; !strings.HasSuffix(line, want) {
			t.Errorf("%s does not end in %s", line, want)
		}
	}
	if d := cmp.Diff(wantRows, cut); d != "" {
		t.Errorf("clean records (-want +got)\n%s", d)
	}
	var reasons []string
	for _, r := range got.quarantined(t) {
		reasons = append(reasons, strings.Join(strings.Fields(r)[:2], " "))
	}
	want := []string{
		"1.avro:3+0 missing_field(ts)", "1.avro:4+0 future_time(ts)", "1.avro:5+0 invalid_utf8", "3.avro:1+0 corrupt_object",
		"4.avro:3+0 missing_field(ts)", "4.avro:4+0 future_time(ts)", "4.avro:5+0 truncated_object", "5.avro:1+0 not_an_object",
	}
	if d := cmp.Diff(want, reasons); d != "" {
		t.Errorf("quarantine (-want +got)\n%s", d)
	}
	if want := `1.avro:3+0 missing_field(ts) "{\"id\":\"c\",\"ts\":null,\"d\":\"2018-02-15\"`; !strings.HasPrefix(got.quarantined(t)[0], want) {
		t.Errorf("%s does not begin with %s", got.quarantined(t)[0], want)
	}
}

// TestAvroCodecs: every compression inside, gzip around it, and a transport that fails is never a broken object.
func TestAvroCodecs(t *testing.T) {
	t.Parallel()
	for i, codec := range []ocf.Codec{ocf.DeflateCodec(6), ocf.SnappyCodec(), ocf.MustZstdCodec(nil, nil)} {
		file := avroFile(t, eventSchema, codec, avroEvent("a", nil), avroEvent("b", nil))
		b, objects := source(t, map[string][]byte{"x": file, "y": gzipped(t, string(file))})
		if got := ingestAs(t, avroEvents(t), b, objects, 1); got.Parsed != 4 {
			t.Errorf("codec %d: %d parsed, %v", i, got.Parsed, got.Rejects)
		}
		for _, after := range []int64{0, 30, int64(len(file)) - 1} {
			f := &faulty{Bucket: b, after: after, err: io.ErrClosedPipe}
			_, err := Ingest(t.Context(), Request{Pipeline: avroEvents(t), Bucket: f, Objects: objects, Into: &collected{}, WorkDir: t.TempDir()})
			if !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("codec %d, cut after %d bytes: %v", i, after, err)
			}
		}
	}
}

// TestDeepAvro: a record that holds itself, deeper than anybody reads, ends its object.
func TestDeepAvro(t *testing.T) {
	t.Parallel()
	const schema = `{"type": "record", "name": "node", "fields": [{"name": "next", "type": ["null", "node"]}]}`
	var nested any
	for range 400 {
		nested = map[string]any{"next": nested}
	}
	file := avroFile(t, schema, nil, nested)
	sync := file[len(file)-16:]
	deep := append(bytes.Repeat([]byte{2}, 10_000), 0) // so many times the second branch, then the first
	block := binary.AppendVarint(binary.AppendVarint(nil, 1), int64(len(deep)))
	file = slices.Concat(file, block, deep, sync)
	p := &pipeline.Pipeline{Source: &pipeline.Source{Format: "avro", Fields: []pipeline.Field{{Name: "next", Type: mustType(t, "json")}}}}
	b, objects := source(t, map[string][]byte{"x": file})
	got := ingestAs(t, p, b, objects, 1)
	if d := cmp.Diff(map[string]int64{ReasonCorrupt: 1}, got.Rejects); d != "" || got.Parsed != 1 {
		t.Error(got.Parsed, d)
	}
}
