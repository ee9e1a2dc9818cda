package colcache

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tidegate/internal/parquetfooter"
	"tidegate/internal/storage"
	"tidegate/internal/storage/storagetest"
)

const (
	apartChunks = 256
	apartBytes  = 1 << 20
)

// apart is a bucket with one object: 256 chunks of 1 MiB of column a, with one of column b between any two.
type apart struct {
	storage.Bucket
	footer []byte
	size   int64
}

func newApart(t *testing.T) *apart {
	t.Helper()
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, schema.FieldList{
		schema.NewInt64Node("a", parquet.Repetitions.Required, -1), schema.NewInt64Node("b", parquet.Repetitions.Required, -1),
	}, -1)
	if err != nil {
		t.Fatal(err)
	}
	b := metadata.NewFileMetadataBuilder(schema.NewSchema(root), parquet.NewWriterProperties(), nil)
	at := int64(len(parquetfooter.Magic))
	for range apartChunks {
		g := b.AppendRowGroup()
		g.SetNumRows(1)
		for range 2 {
			c := g.NextColumnChunk()
			err := c.Finish(metadata.ChunkMetaInfo{NumValues: 1, DataPageOffset: at, CompressedSize: apartBytes, UncompressedSize: apartBytes},
				false, false, metadata.EncodingStats{})
			if err != nil {
				t.Fatal(err)
			}
			at += apartBytes
		}
		if err := g.Finish(2*apartBytes, 0); err != nil {
			t.Fatal(err)
		}
	}
	md, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	footer, err := serialize(md)
	if err != nil {
		t.Fatal(err)
	}
	return &apart{footer: footer, size: at + int64(len(footer))}
}

func (a *apart) Location() string { return "apart:" }

func (a *apart) GetRange(_ context.Context, _, _ string, offset, length int64) (io.ReadCloser, error) {
	if offset == a.size-int64(len(a.footer)) {
		return io.NopCloser(bytes.NewReader(a.footer)), nil
	}
	return io.NopCloser(bytes.NewReader(make([]byte, length))), nil
}

// TestManyRangedReads fetches 256 chunks of 1 MiB that lie apart, 8 at a time, 50 ms each: one request per chunk, and
// one for the footer. That takes 1.6 s at least; the log says what it took.
func TestManyRangedReads(t *testing.T) {
	t.Parallel()
	a := newApart(t)
	l := newLab(t)
	l.bucket = &storagetest.Faulty{Bucket: a, Delay: 50 * time.Millisecond}
	l.open(Options{Fetches: 8})
	started := time.Now()
	lease, err := l.c.Acquire(t.Context(), []Object{{Key: "k", Size: a.size, FooterBytes: int64(len(a.footer)), Columns: []string{"a"}}})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(started)
	lease.Release()
	if got := len(l.bucket.Requests()); got != apartChunks+1 {
		t.Errorf("%d requests, want %d", got, apartChunks+1)
	}
	t.Logf("%d reads of %d bytes in %s on %d processors", apartChunks, apartBytes, took, runtime.NumCPU())
}

// TestPieces checks every property of a plan of requests, for random chunks.
func TestPieces(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var chunks []chunk
		at := int64(4)
		for range 1 + r.IntN(20) {
			at += r.Int64N(1 << r.IntN(20))
			c := chunk{column: "a", offset: at, length: 1 + r.Int64N(1<<(4+r.IntN(22)))}
			chunks = append(chunks, c)
			at = c.end()
		}
		all := pieces(chunks)
		var fetched int64
		for i, p := range all {
			fetched += p.length
			if p.length < 1 || p.length > maxPiece || i > 0 && p.offset < all[i-1].end() {
				t.Fatalf("piece %d of %+v", i, all)
			}
		}
		need := total(chunks)
		if fetched < need || fetched > need*105/100 {
			t.Fatalf("%d bytes in %d pieces for %d bytes in %d chunks", fetched, len(all), need, len(chunks))
		}
		for _, c := range chunks {
			var covered int64
			for _, p := range all {
				for _, in := range p.chunks {
					if in == c {
						covered += min(c.end(), p.end()) - max(c.offset, p.offset)
					}
				}
			}
			if covered != c.length {
				t.Fatalf("%d bytes of %+v are in pieces %+v", covered, c, all)
			}
		}
	}
}

func TestResumesWhereItBroke(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	o := l.put("k", makeParquet(t, 1, 1, 50_000))
	n := 0
	l.bucket.Next = func(storagetest.Request) storagetest.Fault {
		if n++; n < 6 {
			return []storagetest.Fault{storagetest.Reset, storagetest.Short}[n%2]
		}
		return storagetest.None
	}
	l.open(Options{})
	l.acquire(o.with("a", "b")).Release()
	if got, want := l.bucket.Bytes(), o.FooterBytes+l.truths["k"].bytes("a", "b"); got != want {
		t.Errorf("%d bytes were fetched, want %d: nothing twice", got, want)
	}
}

func TestSpaceIsWholeBlocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		chunks []chunk
		want   int64
	}{
		{nil, 0},
		{[]chunk{{offset: 4, length: 10}}, 4096},
		{[]chunk{{offset: 4, length: 10}, {offset: 14, length: 4082}}, 4096},
		{[]chunk{{offset: 4, length: 10}, {offset: 4000, length: 1000}}, 8192},
		{[]chunk{{offset: 4095, length: 2}, {offset: 40960, length: 4096}}, 12288},
	} {
		if got := space(c.chunks); got != c.want {
			t.Errorf("%v: %d, want %d", c.chunks, got, c.want)
		}
	}
}

// FuzzReadFooter: whatever an object ends with, its chunks lie in it, and the local footer says the same.
func FuzzReadFooter(f *testing.F) {
	f.Add([]byte("PAR1"), int64(4))
	f.Fuzz(func(t *testing.T, footer []byte, size int64) {
		if size < int64(len(footer)) {
			size = int64(len(footer))
		}
		n, err := parquetfooter.MetadataLength(footer, size)
		if err != nil || n+parquetfooter.Trailer != int64(len(footer)) {
			return
		}
		l, local, err := readFooter(footer, size)
		if err != nil {
			return
		}
		for _, c := range l.chunks {
			if c.offset < 4 || c.length < 1 || c.end() > l.footerOffset {
				t.Errorf("chunk %+v of an object of %d bytes", c, size)
			}
		}
		again, _, err := readFooter(local, l.footerOffset+int64(len(local)))
		if err != nil || fmt.Sprint(again.chunks) != fmt.Sprint(l.chunks) {
			t.Errorf("local footer: %v, %v", again, err)
		}
	})
}

// TestFooterDamage runs the checks of FuzzReadFooter on whole files, cut and changed.
func TestFooterDamage(t *testing.T) {
	t.Parallel()
	body := makeParquet(t, 1, 2, 100)
	n := truthOf(t, body).footer
	footer := body[int64(len(body))-n:]
	sound := 0
	for i := range footer {
		for _, bit := range []byte{1, 0x80} {
			changed := bytes.Clone(footer)
			changed[i] ^= bit
			if m, err := parquetfooter.MetadataLength(changed, int64(len(body))); err != nil || m+parquetfooter.Trailer != n {
				continue
			}
			if l, _, err := readFooter(changed, int64(len(body))); err == nil {
				sound++
				for _, c := range l.chunks {
					if c.offset < 4 || c.length < 1 || c.end() > l.footerOffset {
						t.Fatalf("byte %d changed: chunk %+v of an object of %d bytes", i, c, len(body))
					}
				}
			}
		}
	}
	t.Logf("%d of %d changes were not noticed, and did no harm", sound, 2*len(footer))
}
