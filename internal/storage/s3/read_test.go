package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"tidegate/internal/storage"
	"tidegate/internal/testkit"
)

func noise(size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b) // it never fails
	return b
}

// TestReadThroughFaults reads through what passes: bursts of 503, bodies that break off in the middle.
func TestReadThroughFaults(t *testing.T) {
	t.Parallel()
	server := testkit.S3(t)
	location := "s3://" + server.Bucket(t)
	want := noise(1 << 20)
	put, err := open(t, server, location).Put(t.Context(), "k", bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	var p *proxy
	for _, c := range []struct {
		name  string
		fault func(w http.ResponseWriter, r *http.Request, n int) bool
		gets  int
	}{
		{"busy", func(w http.ResponseWriter, _ *http.Request, n int) bool {
			if n <= 2 {
				refuse(w, http.StatusServiceUnavailable, "SlowDown")
			}
			return n <= 2
		}, 3},
		{"broken off", func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n <= 3 {
				p.cut(w, r, 200_000)
			}
			return false
		}, 4},
		{"broken off before the first byte of the body", func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n <= 2 {
				p.cut(w, r, 0)
			}
			return false
		}, 3},
	} {
		for _, whole := range []bool{true, false} {
			var behind *testkit.S3Server
			behind, p = newProxy(t, server, c.fault)
			b := open(t, behind, location)
			var body io.ReadCloser
			part := want
			if whole {
				body, _, err = b.Get(t.Context(), "k", "")
			} else {
				part = want[1000 : 1000+900_000]
				body, err = b.GetRange(t.Context(), "k", put.ETag, 1000, 900_000)
			}
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			got, err := io.ReadAll(body)
			if err := errors.Join(err, body.Close()); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			if !bytes.Equal(got, part) {
				t.Errorf("%s: %d bytes that are not the %d of the object", c.name, len(got), len(part))
			}
			if n := p.requests(http.MethodGet); n != c.gets {
				t.Errorf("%s: %d GETs, want %d", c.name, n, c.gets)
			}
		}
	}
}

// TestReadReplaced reads on after a break, and finds another object there: no byte of that one may come.
func TestReadReplaced(t *testing.T) {
	t.Parallel()
	server := testkit.S3(t)
	location := "s3://" + server.Bucket(t)
	direct := open(t, server, location)
	old := bytes.Repeat([]byte("old "), 50_000)
	if _, err := direct.Put(t.Context(), "k", bytes.NewReader(old)); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	var p *proxy
	behind, p := newProxy(t, server, func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n > 1 {
			return false
		}
		defer func() { // after the first answer, before the connection breaks
			if _, err := direct.Put(ctx, "k", strings.NewReader(strings.Repeat("new ", 50_000))); err != nil {
				t.Error(err)
			}
		}()
		p.cut(w, r, 1000)
		return true
	})
	body, _, err := open(t, behind, location).Get(ctx, "k", "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(body)
	if !errors.Is(err, storage.ErrChanged) || !bytes.HasPrefix(old, got) {
		t.Errorf("%d bytes and %v, want ErrChanged after some of the old ones", len(got), err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}

// TestReadRefused holds what S3 refuses for good to one line with bucket, key and action, and to the sentinel.
func TestReadRefused(t *testing.T) {
	t.Parallel()
	server := testkit.S3(t)
	location := "s3://" + server.Bucket(t)
	if _, err := open(t, server, location).Put(t.Context(), "k", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status   int
		code     string
		sentinel error
		says     string
	}{
		{http.StatusForbidden, "AccessDenied", storage.ErrDenied, "s3:GetObject"},
		{http.StatusBadRequest, "ExpiredToken", storage.ErrDenied, "expired"},
		{http.StatusMovedPermanently, "PermanentRedirect", nil, "in region eu-north-1"},
		{http.StatusInternalServerError, "InternalError", nil, "try again later"},
	} {
		behind, _ := newProxy(t, server, func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			w.Header().Set("X-Amz-Bucket-Region", "eu-north-1")
			refuse(w, c.status, c.code)
			return true
		})
		ctx := t.Context()
		_, _, err := open(t, behind, location).Get(ctx, "k", "")
		if c.sentinel != nil && !errors.Is(err, c.sentinel) {
			t.Errorf("%s: %v, want %v", c.code, err, c.sentinel)
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "read k in "+location) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line that says %q, bucket and key", c.code, err, c.says)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	server := testkit.S3(t)
	if err := open(t, server, "s3://"+server.Bucket(t)+"/p").Check(t.Context()); err != nil {
		t.Error(err)
	}
	err := open(t, server, "s3://not-there").Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "there is no bucket not-there") {
		t.Errorf("missing bucket: %v", err)
	}
	stranger := *server
	stranger.SecretKey = "wrong"
	err = open(t, &stranger, "s3://"+server.Bucket(t)).Check(t.Context())
	if !errors.Is(err, storage.ErrDenied) || !strings.Contains(err.Error(), "credentials are not known") {
		t.Errorf("wrong secret key: %v", err)
	}
}

// TestReadCanceled ends a read with the caller's cause.
func TestReadCanceled(t *testing.T) {
	t.Parallel()
	server := testkit.S3(t)
	b := open(t, server, "s3://"+server.Bucket(t))
	if _, err := b.Put(t.Context(), "k", bytes.NewReader(noise(1<<20))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	body, _, err := b.Get(ctx, "k", "")
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("the query was canceled")
	cancel(cause)
	if _, err := io.Copy(io.Discard, body); !errors.Is(err, cause) {
		t.Errorf("%v, want the cause", err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}
