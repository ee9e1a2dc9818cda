package raw

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// pageViews are log lines as a collector writes them.
func pageViews(n int) []byte {
	rng := rand.New(rand.NewPCG(3, 4))
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"id":"%08x-7c1e-4d7b-9c1a-%012x","ts":"2018-02-15T03:%02d:%02d.%03dZ","kind":1,"n":%d,"domain":"news%d.example.com",`+
			`"path":"/articles/2018/02/15/%s-%d","user_id":"u%d","referrer":"https://search.example.org/?q=tide",`+
			`"user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","load_ms":%d,"extra":{"utm_source":"mail","page":%d,"tags":["a","b"]}}`+"\n",
			rng.Uint32(), rng.Uint64()>>16, i/60%60, i%60, rng.IntN(1000), rng.IntN(50), rng.IntN(50),
			strings.Repeat("long-title-", rng.IntN(4)), rng.IntN(1000), rng.IntN(100_000), rng.IntN(5000), rng.IntN(9))
	}
	return b.Bytes()
}

// BenchmarkIngest is a whole batch of eight gzip objects; bytes are those of the text in them.
func BenchmarkIngest(b *testing.B) {
	text := pageViews(100_000)
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	if _, err := w.Write(text); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	objects := map[string][]byte{}
	for i := range 8 {
		objects[strconv.Itoa(i)] = gz.Bytes()
	}
	bucket, found := source(b, objects)
	req := Request{Pipeline: views(b), Bucket: bucket, Objects: found, Into: &collected{onlyCount: true}, WorkDir: b.TempDir()}
	b.SetBytes(int64(8 * len(text)))
	for b.Loop() {
		got, err := Ingest(b.Context(), req)
		if err != nil || got.Parsed != 800_000 {
			b.Fatal(err, got)
		}
	}
}

// BenchmarkRecords is splitting, checking and rewriting on one core, without decompression and files.
func BenchmarkRecords(b *testing.B) {
	text := pageViews(100_000)
	c, err := newConverter(views(b))
	if err != nil {
		b.Fatal(err)
	}
	c.object(arrived)
	b.SetBytes(int64(len(text)))
	var s splitter
	var r record
	for b.Loop() {
		s.reset(bytes.NewReader(text))
		for !errors.Is(s.next(&r), io.EOF) {
			if reason := c.convert(&r, 0); r.reason != "" || reason != "" {
				b.Fatal(r.reason, reason)
			}
			if c.rows.Full() {
				c.rows.Reset()
			}
		}
	}
}
