package raw

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage"
	"tidegate/internal/storage/file"
	"tidegate/sql"
)

var arrived = time.Date(2018, 2, 15, 4, 0, 0, 0, time.UTC)

// source is a real bucket with these objects, all arrived at once.
func source(tb testing.TB, objects map[string][]byte) (storage.Bucket, []storage.Object) {
	tb.Helper()
	dir := tb.TempDir()
	b, err := file.Create("file:" + dir)
	if err != nil {
		tb.Fatal(err)
	}
	for key, body := range objects {
		if _, err := b.Put(tb.Context(), key, bytes.NewReader(body)); err != nil {
			tb.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, key), arrived, arrived); err != nil {
			tb.Fatal(err)
		}
	}
	found, err := Discover(tb.Context(), b, "", nil)
	if err != nil {
		tb.Fatal(err)
	}
	return b, found
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t *testing.T, text string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll([]byte(text), nil)
}

// views is a pipeline that declares id, ts and n, and names the undeclared extra.
func views(tb testing.TB) *pipeline.Pipeline {
	tb.Helper()
	st, err := sql.Parse("select id, ts, n, extra from source")
	if err != nil {
		tb.Fatal(err)
	}
	return &pipeline.Pipeline{
		Table: catalog.Name{Schema: "web", Table: "views"},
		Source: &pipeline.Source{
			Format: "json", Required: []string{"id", "ts", "kind"},
			Fields: []pipeline.Field{
				{Name: "id", Type: pgtypes.Of(pgtypes.Text)},
				{Name: "ts", Type: pgtypes.Of(pgtypes.Timestamptz)},
				{Name: "n", Type: pgtypes.Of(pgtypes.Int4)},
			},
		},
		Time:      &catalog.TimeSpec{Column: "ts", Zone: "UTC", Grain: "day"},
		Statement: st[0],
	}
}

// ingested is an Ingested with its clean records.
type ingested struct {
	*Ingested
	rows *collected
}

func ingest(t *testing.T, b storage.Bucket, objects []storage.Object, workers int) ingested {
	t.Helper()
	return ingestAs(t, views(t), b, objects, workers)
}

func ingestAs(t *testing.T, p *pipeline.Pipeline, b storage.Bucket, objects []storage.Object, workers int) ingested {
	t.Helper()
	rows := &collected{}
	got, err := Ingest(t.Context(), Request{Pipeline: p, Bucket: b, Objects: objects, Into: rows, WorkDir: t.TempDir(), Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	if got.Counts.Read != got.Counts.Blank+got.Counts.Rejected+got.Parsed {
		t.Errorf("%d read is not %d blank + %d rejected + %d parsed", got.Counts.Read, got.Counts.Blank, got.Counts.Rejected, got.Parsed)
	}
	if got.Parsed != int64(len(rows.lines)) {
		t.Errorf("%d parsed, but %d handed over", got.Parsed, len(rows.lines))
	}
	return ingested{got, rows}
}

// collected is a Sink that writes each record as "object:line value value …".
type collected struct {
	onlyCount bool

	mu     sync.Mutex // guards what follows
	chunks int
	lines  []string
}

func (c *collected) Add(_ context.Context, rows *engine.Chunk, done func()) error {
	defer done()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.chunks++
	for i := range rows.Rows {
		if c.onlyCount {
			break
		}
		line := []string{fmt.Sprintf("%04d:%06d", rows.Vectors[0].I64[i], rows.Vectors[1].I64[i])}
		for j := placeColumns; j < len(rows.Vectors); j++ {
			line = append(line, shown(&rows.Vectors[j], i))
		}
		c.lines = append(c.lines, strings.Join(line, " "))
	}
	return nil
}

// sorted gives the records in order of object and line.
func (c *collected) sorted() []string {
	slices.Sort(c.lines)
	return c.lines
}

// shown writes a value as it lies in the column.
func shown(v *engine.Vector, i int) string {
	if !v.Valid(i) {
		return "-"
	}
	switch v.Physical {
	case engine.PhysicalBool:
		return strconv.FormatBool(v.Bool[i])
	case engine.PhysicalI16:
		return strconv.Itoa(int(v.I16[i]))
	case engine.PhysicalI32:
		return strconv.Itoa(int(v.I32[i]))
	case engine.PhysicalI64:
		return strconv.FormatInt(v.I64[i], 10)
	case engine.PhysicalI128:
		n := new(big.Int).Lsh(big.NewInt(v.I128[i].Hi), 64)
		return n.Add(n, new(big.Int).SetUint64(v.I128[i].Lo)).String()
	case engine.PhysicalF32:
		return strconv.FormatFloat(float64(v.F32[i]), 'g', -1, 32)
	case engine.PhysicalF64:
		return strconv.FormatFloat(v.F64[i], 'g', -1, 64)
	case engine.PhysicalString:
		return string(v.Str[i].Bytes())
	default:
		return fmt.Sprintf("layout %d", v.Physical)
	}
}

func (g *Ingested) quarantined(t *testing.T) []string {
	t.Helper()
	if g.Quarantine == "" {
		return nil
	}
	f, err := os.Open(g.Quarantine)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []string
	for r, err := range ReadQuarantine(f) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s:%d+%d %s %q", r.Object, r.Line, r.Offset, r.Reason, r.Raw))
	}
	return all
}

func record1(id, more string) string {
	return `{"id":"` + id + `","ts":"2018-02-15T03:04:05Z","kind":1` + more + `}`
}

func TestIngest(t *testing.T) {
	t.Parallel()
	b, objects := source(t, map[string][]byte{
		"a/1.gz": gzipped(t, record1("a", `,"n":1,"extra":{"x":1},"unasked":[1]`)+record1("b", "")+"\r\n\n"+
			`{"id":"c","ts":"2018-02-15T03:04:05Z"}`+"\n"+ // kind is missing
			`{"id":"d","ts":null,"kind":1}`+"\n"+
			record1("e", `,"n":"many"`)+"\n"+
			`{"id":"f","ts":"2018-02-16T04:00:01Z","kind":1}`+"\n"+
			`{"id":"g","ts":"2018-02-16T04:00:00Z","kind":1}`+"\n"+
			record1("caf\xe9", "")+"\n"+record1(`\ud800`, "")+"\n"+
			`[1]`+"\n"+`{"id":"h`+"\n"),
		"a/2.zst":   zstded(t, record1("z", `,"n":null`)+"\n"),
		"b.ndjson":  []byte(`{"id":"old","i\u0064":"new","kind":0,"ts":"2018-02-15 12:04:05+09:00","n":1,"n":2}`),
		"empty.gz":  gzipped(t, ""),
		"nothing":   {},
		"_SUCCESS":  []byte("{}"),
		".hidden/x": []byte("{}"),
	})
	got := ingest(t, b, objects, 0)
	wantRows := []string{
		`0000:000001 a 1518663845000000 1 {"x":1}`,
		`0000:000002 b 1518663845000000 - -`,
		`0000:000008 g 1518753600000000 - -`,
		`0001:000001 z 1518663845000000 - -`,
		`0002:000001 new 1518663845000000 2 -`,
	}
	if d := cmp.Diff(wantRows, got.rows.sorted()); d != "" {
		t.Errorf("clean records (-want +got)\n%s", d)
	}
	wantRejects := []string{
		`a/1.gz:4+133 missing_field(kind) "{\"id\":\"c\",\"ts\":\"2018-02-15T03:04:05Z\"}"`,
		`a/1.gz:5+172 missing_field(ts) "{\"id\":\"d\",\"ts\":null,\"kind\":1}"`,
		`a/1.gz:6+202 bad_type(n) "{\"id\":\"e\",\"ts\":\"2018-02-15T03:04:05Z\",\"kind\":1,\"n\":\"many\"}"`,
		`a/1.gz:7+261 future_time(ts) "{\"id\":\"f\",\"ts\":\"2018-02-16T04:00:01Z\",\"kind\":1}"`,
		`a/1.gz:9+357 invalid_utf8 "{\"id\":\"caf\xe9\",\"ts\":\"2018-02-15T03:04:05Z\",\"kind\":1}"`,
		`a/1.gz:10+408 invalid_utf8 "{\"id\":\"\\ud800\",\"ts\":\"2018-02-15T03:04:05Z\",\"kind\":1}"`,
		`a/1.gz:11+461 not_an_object "[1]"`,
		`a/1.gz:12+465 invalid_json "{\"id\":\"h"`,
	}
	if d := cmp.Diff(wantRejects, got.quarantined(t)); d != "" {
		t.Errorf("quarantine (-want +got)\n%s", d)
	}
	if d := cmp.Diff(catalog.Counts{Read: 14, Blank: 1, Rejected: 8}, got.Counts); d != "" {
		t.Errorf("counts (-want +got)\n%s", d)
	}
	if d := cmp.Diff(map[string]int64{"unasked": 1}, got.Unknown.Fields); d != "" {
		t.Errorf("fields (-want +got)\n%s", d)
	}
	var records []string
	for _, in := range got.Inputs {
		records = append(records, fmt.Sprintf("%s %d", in.Key, in.Records))
	}
	if d := cmp.Diff([]string{"a/1.gz 12", "a/2.zst 1", "b.ndjson 1", "empty.gz 0", "nothing 0"}, records); d != "" {
		t.Errorf("inputs (-want +got)\n%s", d)
	}
	if got.Rejects["invalid_utf8"] != 2 || len(got.Rejects) != 7 {
		t.Errorf("reasons %v", got.Rejects)
	}
}

// TestIngestBroken cuts and damages compressed objects: what is before the break counts, the rest is one record.
func TestIngestBroken(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintln(&text, record1(fmt.Sprintf("id-%d-%d", i, i*i*7919%10007), ""))
	}
	whole := gzipped(t, text.String())
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-8] ^= 1 // of the checksum
	b, objects := source(t, map[string][]byte{
		"1-cut.gz":      whole[:len(whole)/2],
		"2-header.gz":   whole[:5],
		"3-checksum.gz": flipped,
		"4-cut.zst":     zstded(t, text.String())[:9000],
		"5-whole.gz":    whole,
	})
	got := ingest(t, b, objects, 0)
	records := map[string]int64{}
	for _, in := range got.Inputs {
		records[in.Key] = in.Records
	}
	if n := records["1-cut.gz"]; n < 5_000 || n >= 20_000 {
		t.Errorf("cut gzip: %d records", n)
	}
	if n := records["4-cut.zst"]; n < 1 || n >= 20_000 {
		t.Errorf("cut zstd: %d records", n)
	}
	if records["2-header.gz"] != 1 || records["3-checksum.gz"] != 20_001 || records["5-whole.gz"] != 20_000 {
		t.Errorf("records %v", records)
	}
	if d := cmp.Diff(map[string]int64{ReasonTruncated: 3, ReasonCorrupt: 1}, got.Rejects); d != "" {
		t.Errorf("reasons (-want +got)\n%s", d)
	}
}

// TestIngestIsDeterministic reads the same objects with different numbers of workers.
func TestIngestIsDeterministic(t *testing.T) {
	t.Parallel()
	objects := map[string][]byte{}
	for i := range 9 {
		var text strings.Builder
		pad := strings.Repeat("x", 1000)
		for j := range 7000 {
			fmt.Fprintf(&text, "%s\n{%d\n", record1(fmt.Sprintf("%d-%d", i, j), `,"extra":"`+pad+`"`), j)
		}
		objects[fmt.Sprintf("%d.ndjson", i)] = []byte(text.String())
	}
	b, found := source(t, objects)
	one, four := ingest(t, b, found, 1), ingest(t, b, found, 4)
	if len(cut(found)) < 3 {
		t.Fatal("nothing runs in parallel")
	}
	if !slices.Equal(one.rows.sorted(), four.rows.sorted()) {
		t.Error("clean records differ")
	}
	if d := cmp.Diff(one.quarantined(t), four.quarantined(t)); d != "" {
		t.Errorf("quarantine differs\n%s", d)
	}
	if one.Parsed != 63_000 || one.Counts.Rejected != 63_000 {
		t.Errorf("parsed %d, rejected %d, want 63000 each", one.Parsed, one.Counts.Rejected)
	}
}

// faulty is a bucket whose bodies end early or fail, as a network does.
type faulty struct {
	storage.Bucket
	after int64
	err   error
}

func (f *faulty) Get(ctx context.Context, key, etag string) (io.ReadCloser, storage.Object, error) {
	body, obj, err := f.Bucket.Get(ctx, key, etag)
	if err != nil {
		return nil, obj, err
	}
	r := io.LimitReader(body, f.after)
	if f.err != nil {
		r = io.MultiReader(r, errReader{f.err})
	}
	return struct {
		io.Reader
		io.Closer
	}{r, body}, obj, nil
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

// TestIngestTransport makes sure that a failing transport is never taken for a broken object.
func TestIngestTransport(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(record1("a", "")+"\n", 1000)
	for name, body := range map[string][]byte{"x.gz": gzipped(t, text), "x.zst": zstded(t, text), "x.json": []byte(text)} {
		b, objects := source(t, map[string][]byte{name: body})
		for _, want := range []error{nil, io.ErrUnexpectedEOF, io.ErrClosedPipe} {
			for _, after := range []int64{0, 3, 20, int64(len(body)) - 1} {
				f := &faulty{Bucket: b, after: after, err: want}
				_, err := Ingest(t.Context(), Request{Pipeline: views(t), Bucket: f, Objects: objects, Into: &collected{}, WorkDir: t.TempDir()})
				if err == nil || want != nil && !errors.Is(err, want) {
					t.Errorf("%s cut after %d bytes by %v: error %v", name, after, want, err)
				}
			}
		}
	}
}

func TestIngestChangedObject(t *testing.T) {
	t.Parallel()
	b, objects := source(t, map[string][]byte{"x": []byte(record1("a", ""))})
	if _, err := b.Put(t.Context(), "x", strings.NewReader(record1("b", ""))); err != nil {
		t.Fatal(err)
	}
	_, err := Ingest(t.Context(), Request{Pipeline: views(t), Bucket: b, Objects: objects, Into: &collected{}, WorkDir: t.TempDir()})
	if !errors.Is(err, storage.ErrChanged) {
		t.Errorf("error %v, want %v", err, storage.ErrChanged)
	}
}

func TestIngestCancel(t *testing.T) {
	t.Parallel()
	b, objects := source(t, map[string][]byte{"x": []byte(strings.Repeat("\n", 3*checkEvery))})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(io.ErrNoProgress)
	_, err := Ingest(ctx, Request{Pipeline: views(t), Bucket: b, Objects: objects, Into: &collected{}, WorkDir: t.TempDir()})
	if !errors.Is(err, io.ErrNoProgress) && !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestDiscoverAndGroup(t *testing.T) {
	t.Parallel()
	b, all := source(t, map[string][]byte{"b/2": []byte("22"), "b/1": []byte("1"), "a": []byte("333"), "b/_x": nil, "_q/y": nil})
	keys := func(objs []storage.Object) string {
		var k []string
		for _, o := range objs {
			k = append(k, o.Key)
		}
		return strings.Join(k, " ")
	}
	if got := keys(all); got != "a b/1 b/2" {
		t.Errorf("all: %s", got)
	}
	known := map[string]string{"a": all[0].ETag, "b/1": "another", "gone": "x"}
	found, err := Discover(t.Context(), b, "", known)
	if err != nil || keys(found) != "b/1 b/2" {
		t.Errorf("new: %s %v", keys(found), err)
	}
	at := func(minute int, key string, size int64) storage.Object {
		return storage.Object{Key: key, Size: size, LastModified: arrived.Add(time.Duration(minute) * time.Minute)}
	}
	objs := []storage.Object{at(5, "a", 10), at(1, "z", 4), at(1, "y", 4), at(3, "m", 99), at(4, "k", 3), at(4, "l", 3)}
	for _, tc := range []struct {
		bytes   int64
		objects int
		want    string
	}{{8, 10, "y z|m|k l|a"}, {1000, 10, "a k l m y z"}, {1000, 4, "k m y z|a l"}, {1, 1, "y|z|m|k|l|a"}} {
		var got []string
		for _, g := range Group(objs, tc.bytes, tc.objects) {
			got = append(got, keys(g))
		}
		if s := strings.Join(got, "|"); s != tc.want {
			t.Errorf("group by %d bytes, %d objects: %s, want %s", tc.bytes, tc.objects, s, tc.want)
		}
	}
	if g := Group(nil, 1, 1); len(g) != 0 {
		t.Errorf("groups of nothing: %v", g)
	}
}

func TestIngestParquet(t *testing.T) {
	t.Parallel()
	b, objects := source(t, map[string][]byte{"y.parquet": []byte("PAR1y"), "x.parquet": []byte("PAR1xx")})
	for _, bucket := range []storage.Bucket{b, &faulty{Bucket: b, after: 1 << 20}} {
		got, err := IngestParquet(t.Context(), bucket, objects, t.TempDir(), 0)
		if err != nil || len(got) != 2 {
			t.Fatalf("%d files, %v", len(got), err)
		}
		for i, want := range []string{"PAR1xx", "PAR1y"} {
			text, err := os.ReadFile(got[i].Path)
			if err != nil || string(text) != want {
				t.Errorf("file %d: %q %v, want %q", i, text, err, want)
			}
		}
	}
	if _, err := IngestParquet(t.Context(), &faulty{Bucket: b, after: 2}, objects, t.TempDir(), 0); err == nil {
		t.Error("a short body is no error")
	}
	if _, err := b.Put(t.Context(), "x.parquet", strings.NewReader("PAR1changed")); err != nil {
		t.Fatal(err)
	}
	if _, err := IngestParquet(t.Context(), b, objects, t.TempDir(), 0); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("error %v, want %v", err, storage.ErrChanged)
	}
}
