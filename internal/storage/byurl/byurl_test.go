package byurl_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tidegate/internal/storage"
	"tidegate/internal/storage/byurl"
	"tidegate/internal/storage/file"
	"tidegate/internal/storage/storagetest"
)

// stores opens "file:/" as it is and "s3://NAME" as a folder of that name, and counts.
type stores struct {
	dir    string
	opened map[string]int
}

func (s *stores) open(_ context.Context, location string) (storage.Bucket, error) {
	s.opened[location]++
	if name, ok := strings.CutPrefix(location, "s3://"); ok {
		if name == "closed" {
			return nil, storage.ErrDenied
		}
		return file.Open("file:" + filepath.Join(s.dir, name))
	}
	return file.Open(location)
}

func newBucket(t *testing.T) (*byurl.Bucket, *stores) {
	t.Helper()
	own, err := file.Create("file:" + filepath.Join(t.TempDir(), "own"))
	if err != nil {
		t.Fatal(err)
	}
	s := &stores{dir: t.TempDir(), opened: map[string]int{}}
	return byurl.New(own, s.open), s
}

// TestConformance: keys that are no URLs are the own bucket's.
func TestConformance(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) storage.Bucket {
		t.Helper()
		b, _ := newBucket(t)
		return b
	})
}

func TestURLs(t *testing.T) {
	t.Parallel()
	b, s := newBucket(t)
	path := filepath.Join(s.dir, "theirs", "a", "x=1", "b c.parquet")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("0123456789"), 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"s3://theirs/a/x=1/b c.parquet", "file:" + path} {
		o, err := b.Stat(t.Context(), url)
		if err != nil || o.Key != url || o.Size != 10 {
			t.Errorf("stat %s: %+v, %v", url, o, err)
		}
		for range 2 {
			body, err := b.GetRange(t.Context(), url, o.ETag, 3, 4)
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(body); string(text) != "3456" || err != nil {
				t.Errorf("range of %s: %q, %v", url, text, err)
			}
			_ = body.Close()
		}
		body, got, err := b.Get(t.Context(), url, "")
		if err != nil || got.Key != url {
			t.Fatalf("get %s: %v", url, err)
		}
		_ = body.Close()
		if _, err := b.GetRange(t.Context(), url, "another", 0, 1); !errors.Is(err, storage.ErrChanged) {
			t.Errorf("%s under another ETag: %v", url, err)
		}
		_, putErr := b.Put(t.Context(), url, strings.NewReader("mine"))
		_, newErr := b.PutIfAbsent(t.Context(), url+".new", []byte("mine"))
		for what, err := range map[string]error{"put": putErr, "put if absent": newErr, "delete": b.Delete(t.Context(), url)} {
			if !errors.Is(err, byurl.ErrReadOnly) {
				t.Errorf("%s %s: %v", what, url, err)
			}
		}
		if text, err := os.ReadFile(path); string(text) != "0123456789" || err != nil {
			t.Errorf("the object is %q now, %v", text, err)
		}
	}
	if s.opened["s3://theirs"] != 1 || s.opened["file:/"] != 1 {
		t.Errorf("opened %v", s.opened)
	}
	if _, err := b.Stat(t.Context(), "s3://closed/x"); !errors.Is(err, storage.ErrDenied) {
		t.Errorf("a store that cannot be opened: %v", err)
	}
	if _, err := b.Stat(t.Context(), "s3://theirs/missing"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a missing object: %v", err)
	}
}
