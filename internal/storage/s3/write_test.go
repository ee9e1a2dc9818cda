package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"tidegate/internal/storage"
	"tidegate/internal/storage/s3"
	"tidegate/internal/testkit"
)

func readAll(t *testing.T, b storage.Bucket, key, etag string) []byte {
	t.Helper()
	body, _, err := b.Get(t.Context(), key, etag)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestLargeObjects writes bodies around the size of a part (8 MiB), as streams and as files.
func TestLargeObjects(t *testing.T) {
	t.Parallel()
	server := testkit.S3(t)
	b := open(t, server, "s3://"+server.Bucket(t)+"/p")
	const part = 8 << 20
	all := noise(5*part + 12345)
	for _, size := range []int{part - 1, part, len(all)} {
		want := all[:size]
		// A reader that gives little at a time, and knows no size.
		put, err := b.Put(t.Context(), "stream", io.MultiReader(bytes.NewReader(want[:100]), bytes.NewReader(want[100:])))
		if err != nil || put.Size != int64(size) {
			t.Fatalf("Put of %d bytes: %+v, %v", size, put, err)
		}
		if !bytes.Equal(readAll(t, b, "stream", put.ETag), want) {
			t.Errorf("stream of %d bytes: other bytes", size)
		}
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		if put, err = b.PutFile(t.Context(), "file", path); err != nil || put.Size != int64(size) {
			t.Fatalf("PutFile of %d bytes: %+v, %v", size, put, err)
		}
		if !bytes.Equal(readAll(t, b, "file", put.ETag), want) {
			t.Errorf("file of %d bytes: other bytes", size)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file is still there: %v", err)
		}
	}
}

// TestUploadFails lets the third part fail: no object, no upload that is left open, the file still there.
func TestUploadFails(t *testing.T) {
	t.Parallel()
	server := testkit.S3(t)
	var mu sync.Mutex
	aborted := map[string]bool{} // an upload may be told twice
	behind, _ := newProxy(t, server, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Method == http.MethodDelete && r.URL.Query().Has("uploadId") {
			mu.Lock()
			aborted[r.URL.Query().Get("uploadId")] = true
			mu.Unlock()
		}
		if r.URL.Query().Get("partNumber") != "3" {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body) // the client may have given up
		refuse(w, http.StatusForbidden, "AccessDenied")
		return true
	})
	b := open(t, behind, "s3://"+server.Bucket(t))
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, noise(40<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := b.PutFile(t.Context(), "k", path); !errors.Is(err, storage.ErrDenied) {
		t.Errorf("PutFile: %v, want ErrDenied", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
	broken := errors.New("disk broke")
	for name, body := range map[string]io.Reader{
		"a part":    bytes.NewReader(noise(40 << 20)),
		"the body":  io.MultiReader(bytes.NewReader(noise(17<<20)), failing{broken}),
		"its start": failing{broken},
	} {
		_, err := b.Put(t.Context(), "k", body)
		if !errors.Is(err, storage.ErrDenied) && !errors.Is(err, broken) {
			t.Errorf("Put where %s fails: %v", name, err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if n := len(aborted); n != 3 {
		t.Errorf("%d uploads aborted, want 3", n)
	}
	if _, err := b.Stat(t.Context(), "k"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("Stat: %v, want ErrNotFound", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestPutIfAbsentThroughFaults tries the answers that a conditional write must not take at their word.
func TestPutIfAbsentThroughFaults(t *testing.T) {
	t.Parallel()
	server := testkit.S3(t)
	var p *proxy
	for _, c := range []struct {
		name  string
		fault func(w http.ResponseWriter, r *http.Request, n int) bool
	}{
		{"conflict", func(w http.ResponseWriter, r *http.Request, n int) bool {
			if r.Method != http.MethodPut || n > 2 {
				return false
			}
			refuse(w, http.StatusConflict, "ConditionalRequestConflict")
			return true
		}},
		{"lost answer", func(_ http.ResponseWriter, r *http.Request, n int) bool {
			if r.Method == http.MethodPut && n == 1 {
				p.lose(r)
			}
			return false
		}},
		{"busy after it was written", func(w http.ResponseWriter, r *http.Request, n int) bool {
			if r.Method != http.MethodPut || n > 1 {
				return false
			}
			p.forward.ServeHTTP(discard{http.Header{}}, r)
			refuse(w, http.StatusInternalServerError, "InternalError")
			return true
		}},
	} {
		var behind *testkit.S3Server
		behind, p = newProxy(t, server, c.fault)
		b := open(t, behind, "s3://"+server.Bucket(t))
		put, err := b.PutIfAbsent(t.Context(), "k", []byte("mine"))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := readAll(t, b, "k", put.ETag); string(got) != "mine" {
			t.Errorf("%s: %q", c.name, got)
		}
		if n := p.requests(http.MethodPut); n < 2 {
			t.Errorf("%s: %d PUTs, want one more than the spoilt ones", c.name, n)
		}
		if _, err := b.PutIfAbsent(t.Context(), "k", []byte("mine")); !errors.Is(err, storage.ErrExists) {
			t.Errorf("%s: the second call: %v, want ErrExists", c.name, err)
		}
	}
}

// discard takes an answer that gets lost.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// TestListPages lists more than the 1,000 keys that S3 gives at a time.
func TestListPages(t *testing.T) {
	t.Parallel()
	server := testkit.S3(t)
	behind, p := newProxy(t, server, func(http.ResponseWriter, *http.Request, int) bool { return false })
	b := open(t, behind, "s3://"+server.Bucket(t)+"/p")
	const count = 1100
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(8)
	for i := range count {
		group.Go(func() error {
			_, err := b.PutIfAbsent(ctx, fmt.Sprintf("k/%04d", i), nil)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	i := 3 // those that sort after the key
	for o, err := range b.List(t.Context(), "k/", "k/0002") {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("k/%04d", i); o.Key != want {
			t.Fatalf("got %s, want %s", o.Key, want)
		}
		i++
	}
	if gets := p.requests(http.MethodGet); i != count || gets != 2 {
		t.Errorf("the listing ended before %d after %d requests, want %d after 2", i, gets, count)
	}
}

func TestParseLocation(t *testing.T) {
	t.Parallel()
	for location, want := range map[string][2]string{
		"s3://lake":           {"lake", ""},
		"s3://lake/":          {"lake", ""},
		"s3://lake/a/b":       {"lake", "a/b/"},
		"s3://lake.x/a/b/":    {"lake.x", "a/b/"},
		"s3://lake/dt=1/é %2": {"lake", "dt=1/é %2/"},
	} {
		bucket, prefix, err := s3.ParseLocation(location)
		if got := [2]string{bucket, prefix}; err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", location, got, err, want)
		}
	}
	for _, location := range []string{"", "file:x", "s3:lake", "s3://", "s3:///x", "s3://Lake", "s3://a_b/x", "s3://ab"} {
		if bucket, prefix, err := s3.ParseLocation(location); err == nil || !strings.Contains(err.Error(), location) {
			t.Errorf("%s: %q %q %v, want an error that names it", location, bucket, prefix, err)
		}
	}
}
