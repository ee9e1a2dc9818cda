package colcache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"tidegate/internal/parquetfooter"
	"tidegate/internal/storage/file"
	"tidegate/internal/storage/storagetest"
)

// lab is a lake behind a counting bucket and the folder of a cache.
type lab struct {
	t      *testing.T
	bucket *storagetest.Faulty
	dir    string
	bodies map[string][]byte
	truths map[string]truth
	c      *Cache
}

func newLab(t *testing.T) *lab {
	t.Helper()
	dir := t.TempDir()
	b, err := file.Create("file:" + dir + "/lake")
	if err != nil {
		t.Fatal(err)
	}
	return &lab{
		t: t, bucket: &storagetest.Faulty{Bucket: b}, dir: dir + "/cache",
		bodies: map[string][]byte{}, truths: map[string]truth{},
	}
}

// open opens the cache anew and closes it with the test.
func (l *lab) open(o Options) *Cache {
	l.t.Helper()
	o.Dir, o.Bucket = l.dir, l.bucket
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 30
	}
	if o.Backoff == 0 {
		o.Backoff = time.Millisecond
	}
	c, err := Open(o)
	if err != nil {
		l.t.Fatal(err)
	}
	l.c = c
	l.t.Cleanup(func() { c.Close() })
	return c
}

// put writes a Parquet object and gives it as queries name it.
func (l *lab) put(key string, body []byte) Object {
	l.t.Helper()
	o, err := l.bucket.Put(l.t.Context(), key, bytes.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	l.bodies[key], l.truths[key] = body, truthOf(l.t, body)
	return Object{Key: key, ETag: o.ETag, Size: o.Size, FooterBytes: l.truths[key].footer}
}

func (o Object) with(columns ...string) Object {
	o.Columns = columns
	return o
}

// acquire fails the test if it cannot, and checks the files.
func (l *lab) acquire(objects ...Object) *Lease {
	l.t.Helper()
	lease, err := l.c.Acquire(l.t.Context(), objects)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, o := range objects {
		l.check(o)
	}
	return lease
}

// check compares the chunks in a local file with the object's.
func (l *lab) check(o Object) {
	l.t.Helper()
	local, err := os.ReadFile(l.c.Path(o))
	if err != nil {
		l.t.Fatal(err)
	}
	for _, ch := range l.truths[o.Key].chunks {
		if slices.Contains(o.Columns, ch.column) && !bytes.Equal(local[ch.offset:ch.end()], l.bodies[o.Key][ch.offset:ch.end()]) {
			l.t.Errorf("%s: chunk of %s at %d differs from the object's", o.Key, ch.column, ch.offset)
		}
	}
	if !bytes.HasSuffix(local, []byte(parquetfooter.Magic)) || !bytes.HasPrefix(local, []byte(parquetfooter.Magic)) {
		l.t.Errorf("%s: the local file lacks its magic bytes", o.Key)
	}
}

func TestFetchesWhatIsNeeded(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{true, false} {
		t.Run(fmt.Sprintf("footer known %v", known), func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.open(Options{})
			o := l.put("web.events/dt=2018-02-15/0000.parquet", makeParquet(t, 1, 10, 20_000))
			footers := o.FooterBytes
			if !known {
				o.FooterBytes, footers = 0, tailGuess
			}
			if got := l.c.Present([]Object{o.with("a", "name")}); got != 0 {
				t.Errorf("%d bytes are present before the first query", got)
			}
			need := l.truths[o.Key].bytes("a", "Name")
			// Queries say names in lower case and may name columns that the file does not have.
			lease, err := l.c.Acquire(t.Context(), []Object{o.with("a", "added_later"), o.with("name", "a")})
			if err != nil {
				t.Fatal(err)
			}
			defer lease.Release()
			l.check(o.with("a", "Name"))
			if got, most := l.bucket.Bytes(), footers+need*105/100; got < need || got > most {
				t.Errorf("%d bytes were fetched; %d are needed and %d allowed", got, need, most)
			}
			if got := l.c.Present([]Object{o.with("a", "name", "b")}); got != need {
				t.Errorf("%d bytes are present, want %d", got, need)
			}
			l.holes(o, "b", "c")
			l.bucket.Reset()
			l.acquire(o.with("Name"), o.with("a")).Release()
			if got := l.bucket.Requests(); len(got) != 0 {
				t.Errorf("the same columns again made the requests %v", got)
			}
		})
	}
}

// holes checks that nothing of the columns is in the local file.
func (l *lab) holes(o Object, columns ...string) {
	l.t.Helper()
	local, err := os.ReadFile(l.c.Path(o))
	if err != nil {
		l.t.Fatal(err)
	}
	for _, ch := range l.truths[o.Key].chunks {
		if slices.Contains(columns, ch.column) && len(bytes.Trim(local[ch.offset:ch.end()], "\x00")) > 0 {
			l.t.Errorf("%s: something of %s is in the file", o.Key, ch.column)
		}
	}
}

func TestNoColumnsNeedTheFooterOnly(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.open(Options{})
	o := l.put("k", makeParquet(t, 1, 2, 1000))
	l.acquire(o).Release()
	if got := l.bucket.Bytes(); got != o.FooterBytes {
		t.Errorf("%d bytes were fetched, the footer has %d", got, o.FooterBytes)
	}
}

func TestPlaceholdersMakeNoRequest(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.open(Options{})
	o := l.put("k", makeParquet(t, 1, 2, 1000))
	lease, err := l.c.Placeholders([]Object{o, o})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(l.c.Path(o)); err != nil {
		t.Error(err)
	}
	if got := l.bucket.Requests(); len(got) != 0 {
		t.Errorf("requests %v", got)
	}
	lease.Release()
	lease.Release()
	if _, err := os.Stat(l.c.Path(o)); !os.IsNotExist(err) {
		t.Errorf("the placeholder stays: %v", err)
	}
	l.acquire(o.with("a")).Release()
}

func TestConcurrentQueriesFetchOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.open(Options{})
	l.bucket.Delay = 5 * time.Millisecond
	var objects []Object
	var need int64
	for i := range 5 {
		o := l.put(fmt.Sprintf("k%d", i), makeParquet(t, uint64(i), 3, 2000))
		objects = append(objects, o.with("a", "c"))
		need += l.truths[o.Key].bytes("a", "c") + o.FooterBytes
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			lease, err := l.c.Acquire(t.Context(), objects)
			if err != nil {
				t.Error(err)
				return
			}
			lease.Release()
		})
	}
	all.Wait()
	for _, o := range objects {
		l.check(o)
	}
	if got := l.bucket.Bytes(); got > need*105/100 {
		t.Errorf("20 queries fetched %d bytes, one needs %d", got, need)
	}
}

// TestLeavingWorkToOthers ends the context of the one who fetches: another one who waits for the chunk takes over.
func TestLeavingWorkToOthers(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	hanging, n := make(chan struct{}), 0
	l.bucket.Next = func(storagetest.Request) storagetest.Fault {
		if n++; n == 2 { // the first is for the footer
			close(hanging)
			return storagetest.Hang
		}
		return storagetest.None
	}
	l.open(Options{})
	o := l.put("k", makeParquet(t, 1, 1, 1000)).with("a")
	first, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the client went away")
	failed := make(chan error)
	go func() {
		_, err := l.c.Acquire(first, []Object{o})
		failed <- err
	}()
	<-hanging
	second := make(chan error)
	go func() {
		lease, err := l.c.Acquire(t.Context(), []Object{o})
		if err == nil {
			lease.Release()
		}
		second <- err
	}()
	cancel(gone)
	if err := <-failed; err != gone { //nolint:errorlint // the cause itself
		t.Errorf("the first one got %v", err)
	}
	if err := <-second; err != nil {
		t.Errorf("the second one got %v", err)
	}
	l.check(o)
}
