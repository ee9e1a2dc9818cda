package raw

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/pgtypes"
)

// csvViews is a pipeline over CSV with a header.
func csvViews(t *testing.T) *pipeline.Pipeline {
	t.Helper()
	p := views(t)
	p.Source.Format, p.Source.CSV = "csv", pipeline.CSV{Delimiter: ',', Header: true}
	p.Source.Required = []string{"id"}
	p.Source.Fields = append(p.Source.Fields, pipeline.Field{Name: "j", Type: pgtypes.Of(pgtypes.JSON)})
	return p
}

func TestIngestCSV(t *testing.T) {
	t.Parallel()
	b, objects := source(t, map[string][]byte{
		"1.csv.gz": gzipped(t, "\uFEFFid,ts,n,extra,j,unasked\r\n"+
			"a,2018-02-15T03:04:05Z,1,\"two\nlines, \"\"quoted\"\"\",\"{\"\"x\"\": 1}\",u\r\n"+
			"\n"+
			"b,,,\"\",,\n"+ // line 5: without a value, and an empty text
			"c,2018-02-15T03:04:05Z,many,,,\n"+
			"d,2018-02-15T03:04:05Z,1,a \"quote\" in it,,\n"+
			"e,2018-02-15T03:04:05Z,1\n"+
			"f,2018-02-15T03:04:05Z,1,\"closed\" too early,,\n"+
			"g,,,x,{not json},\n"+
			"h,,,caf\xe9,,\n"+
			"i,,,nul\x00,,\n"+
			"j,,,\"never closed,,\n"+
			"k,,,last,,"),
		"2.zst":   zstded(t, "n,id\n7,\"z\"\n"),
		"3.csv":   []byte("\"id\"x,n\n1,2\n3,4\n"),
		"4.csv":   []byte("id,n\n"),
		"5.csv":   {},
		"6.csv":   []byte(" id ,i\\d\n1,2\n"),
		"7.csv":   []byte("id,id\nfirst,last\n"),
		"8.csv":   []byte("id,n\n\"in quotes\"\r\n"),
		"9.csv.z": gzipped(t, strings.Repeat("id,n\n\"a\",1\n", 1))[:20],
	})
	got := ingestAs(t, csvViews(t), b, objects, 0)
	wantRows := []string{
		"0000:000002 a 1518663845000000 1 {\"x\": 1} two\nlines, \"quoted\"",
		"0000:000005 b - - - ",
		"0000:000007 d 1518663845000000 1 - a \"quote\" in it",
		"0000:000014 k - - - last",
		"0001:000002 z - 7 - -",
		"0006:000002 last - - - -",
	}
	if d := cmp.Diff(wantRows, got.rows.sorted()); d != "" {
		t.Errorf("clean records (-want +got)\n%s", d)
	}
	wantRejects := []string{
		`1.csv.gz:6+103 bad_type(n) "c,2018-02-15T03:04:05Z,many,,,"`,
		`1.csv.gz:8+177 wrong_field_count "e,2018-02-15T03:04:05Z,1"`,
		`1.csv.gz:9+202 invalid_csv "f,2018-02-15T03:04:05Z,1,\"closed\" too early,,"`,
		`1.csv.gz:10+248 bad_type(j) "g,,,x,{not json},"`,
		`1.csv.gz:11+266 invalid_utf8 "h,,,caf\xe9,,"`,
		`1.csv.gz:12+277 bad_type(extra) "i,,,nul\x00,,"`,
		`1.csv.gz:13+288 invalid_csv "j,,,\"never closed,,"`,
		`3.csv:1+0 invalid_header "\"id\"x,n"`,
		`6.csv:2+9 missing_field(id) "1,2"`,
		`8.csv:2+5 wrong_field_count "\"in quotes\""`,
		`9.csv.z:1+0 truncated_object "id,n"`,
	}
	rejects := got.quarantined(t)
	if n := len(rejects) - 1; n >= 0 && strings.HasPrefix(rejects[n], "9.csv.z") { // how much of it can be read is the decompressor's matter
		rejects[n] = wantRejects[len(wantRejects)-1]
	}
	if d := cmp.Diff(wantRejects, rejects); d != "" {
		t.Errorf("quarantine (-want +got)\n%s", d)
	}
	if d := cmp.Diff(catalog.Counts{Read: 18, Blank: 1, Rejected: 11}, got.Counts); d != "" {
		t.Errorf("counts (-want +got)\n%s", d)
	}
}

func TestIngestTSVWithoutHeader(t *testing.T) {
	t.Parallel()
	p := csvViews(t)
	p.Source.Format, p.Source.CSV = "tsv", pipeline.CSV{Delimiter: '\t', NullAs: `\N`}
	b, objects := source(t, map[string][]byte{"x": []byte("a, b\t\\N\t5\t\\N\n\\N\t\\N\t5\t\\N\n\"\\N\"\t\\N\t5\t1\n\t\\N\t\\N\t\\N\n")})
	got := ingestAs(t, p, b, objects, 0)
	want := []string{"0000:000001 a, b - 5 - -", `0000:000003 \N - 5 1 -`, "0000:000004  - - - -"}
	if d := cmp.Diff(want, got.rows.sorted()); d != "" {
		t.Errorf("clean records (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"x:2+13 missing_field(id) \"\\\\N\\t\\\\N\\t5\\t\\\\N\""}, got.quarantined(t)); d != "" {
		t.Errorf("quarantine (-want +got)\n%s", d)
	}
}

// TestLongCSV: a record may be as long as any, and a quote that is never closed costs no more than its line.
func TestLongCSV(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("line\n", MaxRecord/5-2)
	b, objects := source(t, map[string][]byte{
		"1": []byte("id,n\n\"" + long + "\",1\nb,2\n"),
		"2": []byte("id,n\n\"c,1\n" + strings.Repeat("d,"+strings.Repeat("x", 1021)+"\n", MaxRecord>>10+100)),
		"3": []byte("id,n\n" + strings.Repeat("x", MaxRecord+1) + ",1\ne,2\n"),
	})
	p := csvViews(t)
	p.Source.Fields = p.Source.Fields[:1]
	got := ingestAs(t, p, b, objects, 0)
	if d := cmp.Diff(map[string]int64{ReasonInvalidCSV: 1, ReasonTooLarge: 1}, got.Rejects); d != "" {
		t.Errorf("reasons (-want +got)\n%s", d)
	}
	if want := int64(2 + MaxRecord>>10 + 100 + 1); got.Parsed != want {
		t.Errorf("%d parsed, want %d", got.Parsed, want)
	}
}

// FuzzCSV: whatever the text, every byte is in one record or between two, and what encoding/csv accepts has the same
// fields here.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\"\"\",b\r\n\r\n\"x\ny\",\n", "a,\"b\n", "\"a\"b,c\nd\n", "a\rb,c\r", ",\n\"\"\n", "\"\"\"\"", "a\n\"b\"\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.HasPrefix(text, "\uFEFF") {
			return
		}
		var got [][]string
		c := &csvReader{CSV: pipeline.CSV{Delimiter: ','}}
		c.reset(iotest.OneByteReader(strings.NewReader(text)))
		var r record
		offset, bad := int64(0), false
		for {
			err := c.read(&r)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			between := text[offset:r.offset]
			if strings.Trim(between, "\r\n") != "" || len(between) > 2 {
				t.Fatalf("%q: %q is in no record", text, between)
			}
			if want := 1 + int64(strings.Count(text[:r.offset], "\n")); r.line != want {
				t.Fatalf("%q: line %d, want %d", text, r.line, want)
			}
			offset = r.offset + r.size
			if bad = bad || r.reason != ""; r.reason != "" || r.blank {
				continue
			}
			var fields []string
			for _, f := range c.fields {
				fields = append(fields, string(c.text(r.raw, f)))
			}
			got = append(got, fields)
		}
		if strings.Trim(text[min(offset, int64(len(text))):], "\r\n") != "" {
			t.Fatalf("%q: nothing was read after %d", text, offset)
		}
		std := csv.NewReader(strings.NewReader(text))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		// encoding/csv makes every \r\n in quotes \n, and knows a \r at the end of a line only.
		if err != nil || strings.Contains(text, "\r") {
			return
		}
		if bad || !slices.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Fatalf("%q: %q, want %q", text, got, fmt.Sprint(want))
		}
	})
}
