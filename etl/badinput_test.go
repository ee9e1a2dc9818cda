package etl

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBadInput reads objects with every kind of damage beside a good one: each record is a row or in the quarantine,
// the good ones of a damaged object too.
func TestBadInput(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	good := func(id string) string { return event(id, "2018-02-15T03:04:05Z", 1, "") }
	var many strings.Builder
	for i := range 2000 {
		fmt.Fprintln(&many, good(fmt.Sprintf("cut-%d-%d", i, i*7919%10007)))
	}
	cut := compressed(t, strings.NewReader(many.String()))
	deep := `{"event_id":"deep","x":` + strings.Repeat(`[`, 10_000) + strings.Repeat(`]`, 10_000) + `}`
	for key, body := range map[string][]byte{
		"good":     []byte(good("a") + "\n"),
		"cut.gz":   cut[:len(cut)-20],
		"junk.gz":  append(compressed(t, strings.NewReader(good("b")+"\n")), "more than a header"...),
		"long.gz":  compressed(t, io.MultiReader(strings.NewReader(good("c")+"\n"+`{"x":"`), io.LimitReader(xs{}, 200<<20), strings.NewReader("\"}\n"+good("d")+"\n"))),
		"deep":     []byte(good("e") + "\n" + deep + "\n" + good("f") + "\n"),
		"keys":     []byte(strings.Replace(good("g"), "{", `{"event_id":"not g",`, 1) + "\n"),
		"mark":     []byte("\uFEFF" + good("h") + "\n"),
		"crlf":     []byte(good("i") + "\r\n" + good("j") + "\r\n"),
		"nul":      []byte(good("k") + "\n\x00\n" + strings.Replace(good("l"), `"l"`, `"l\u0000"`, 1) + "\n" + strings.Replace(good("m"), `"m"`, "\"m\x00\"", 1) + "\n"),
		"nothing":  {},
		"encoding": []byte(strings.Replace(good("cafe"), "cafe", "caf\xe9", 1) + "\n" + good("n") + "\n"),
	} {
		if _, err := l.raw.Put(t.Context(), key, bytes.NewReader(body)); err != nil {
			t.Fatal(err)
		}
	}
	report := l.mustRun(t, l.events()).Pipelines[0]
	c := report.Counts
	if c.Read != c.Blank+c.Rejected+c.Filtered+c.Deduplicated+c.Emitted || c.Blank+c.Filtered+c.Deduplicated != 0 {
		t.Errorf("counts do not add up: %+v", c)
	}
	rejects := maps.Clone(report.Rejects)
	if n := rejects["truncated_object"]; n != 1 {
		t.Errorf("the object that is cut off has %d records for the cut", n)
	}
	delete(rejects, "truncated_object")
	want := map[string]int64{
		"corrupt_object": 1, "too_large": 1, "too_deep": 1, "invalid_json": 2, "bad_type(event_id)": 1, "invalid_utf8": 1,
	}
	if d := cmp.Diff(want, rejects); d != "" {
		t.Errorf("reasons (-want +got)\n%s", d)
	}
	ids := l.query(t, "web.events", "SELECT event_id FROM t")
	kept, before := map[string]bool{}, int64(0)
	for _, id := range ids {
		if strings.HasPrefix(id, "cut-") {
			before++
		} else {
			kept[id] = true
		}
	}
	all := map[string]bool{}
	for id := range strings.SplitSeq("a b c d e f g h i j k n", " ") {
		all[id] = true
	}
	if d := cmp.Diff(all, kept); d != "" {
		t.Errorf("rows (-want +got)\n%s", d)
	}
	if before == 0 || before > 2000 || before+int64(len(kept)) != c.Emitted {
		t.Errorf("%d rows before the cut and %d others are not %d", before, len(kept), c.Emitted)
	}
	if again := l.mustRun(t, l.events()).Pipelines[0]; again.Batches != 0 {
		t.Errorf("%d batches of objects that were read", again.Batches)
	}
}

// xs is an endless text.
type xs struct{}

func (xs) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func compressed(t *testing.T, text io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.Copy(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
