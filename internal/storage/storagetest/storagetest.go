// Package storagetest is the suite that every storage.Bucket passes.
package storagetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tidegate/internal/storage"
)

// Run tests the buckets that open gives: each call a new, empty one.
func Run(t *testing.T, open func(t *testing.T) storage.Bucket) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, b storage.Bucket)
	}{
		{"put and get", putAndGet},
		{"put replaces", putReplaces},
		{"put if absent", putIfAbsent},
		{"put if absent has one winner", oneWinner},
		{"put if absent meets what put wrote", absentAfterPut},
		{"get a range", getRange},
		{"ranges of an object that was replaced", rangesOfReplaced},
		{"list in byte order", listOrder},
		{"list more than a page", listPages},
		{"odd keys", oddKeys},
		{"list stops when told", listStops},
		{"missing object", missing},
		{"failed body leaves nothing", failedBody},
		{"ended context", endedContext},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

func mustPut(t *testing.T, b storage.Bucket, key, body string) storage.Object {
	t.Helper()
	o, err := b.Put(t.Context(), key, strings.NewReader(body))
	if err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
	return o
}

func read(t *testing.T, b storage.Bucket, key, etag string) string {
	t.Helper()
	r, _, err := b.Get(t.Context(), key, etag)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	body, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	return string(body)
}

func keys(t *testing.T, b storage.Bucket, prefix, after string) []string {
	t.Helper()
	var got []string
	for o, err := range b.List(t.Context(), prefix, after) {
		if err != nil {
			t.Fatalf("List(%q, %q): %v", prefix, after, err)
		}
		got = append(got, o.Key)
	}
	return got
}

func putAndGet(t *testing.T, b storage.Bucket) {
	t.Helper()
	for _, body := range []string{"", "hello", strings.Repeat("0123456789", 100_000)} {
		key := fmt.Sprintf("web.events/dt=2018-02-15/run=a%%3Ab/%d.parquet", len(body))
		put := mustPut(t, b, key, body)
		if put.Key != key || put.Size != int64(len(body)) || put.ETag == "" || put.LastModified.IsZero() {
			t.Errorf("Put gave %+v for %d bytes", put, len(body))
		}
		stat, err := b.Stat(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(put, stat); diff != "" {
			t.Errorf("Stat differs from Put (-put +stat):\n%s", diff)
		}
		if got := read(t, b, key, put.ETag); got != body {
			t.Errorf("Get gave %d bytes, want %d", len(got), len(body))
		}
	}
}

func putReplaces(t *testing.T, b storage.Bucket) {
	t.Helper()
	seen := map[string]bool{}
	var last storage.Object
	// The same size each time, as fast as it goes: the ETag must still tell the objects apart.
	for i := range 50 {
		body := fmt.Sprintf("%04d", i)
		last = mustPut(t, b, "k", body)
		if seen[last.ETag] {
			t.Fatalf("etag %s of write %d was given before", last.ETag, i)
		}
		seen[last.ETag] = true
		if got := read(t, b, "k", last.ETag); got != body {
			t.Fatalf("got %q, want %q", got, body)
		}
	}
	old := last.ETag
	mustPut(t, b, "k", "9999")
	if _, _, err := b.Get(t.Context(), "k", old); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("Get with the old etag: %v, want ErrChanged", err)
	}
	if _, err := b.GetRange(t.Context(), "k", old, 0, 1); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("GetRange with the old etag: %v, want ErrChanged", err)
	}
}

func putIfAbsent(t *testing.T, b storage.Bucket) {
	t.Helper()
	o, err := b.PutIfAbsent(t.Context(), "_commits/t/b.r1.json", []byte("first"))
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, b, o.Key, o.ETag); got != "first" {
		t.Errorf("got %q", got)
	}
	if _, err := b.PutIfAbsent(t.Context(), o.Key, []byte("second")); !errors.Is(err, storage.ErrExists) {
		t.Errorf("second PutIfAbsent: %v, want ErrExists", err)
	}
	if got := read(t, b, o.Key, o.ETag); got != "first" {
		t.Errorf("after the second PutIfAbsent: %q", got)
	}
	if got := keys(t, b, "_commits/", ""); len(got) != 1 {
		t.Errorf("listed %q, want the one object", got)
	}
}

func oneWinner(t *testing.T, b storage.Bucket) {
	t.Helper()
	const callers = 16
	for round := range 10 {
		key := fmt.Sprintf("race/%d", round)
		errs := make([]error, callers)
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() { _, errs[i] = b.PutIfAbsent(t.Context(), key, fmt.Appendf(nil, "%d", i)) })
		}
		wg.Wait()
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner >= 0:
				t.Fatalf("callers %d and %d both won", winner, i)
			case err == nil:
				winner = i
			case !errors.Is(err, storage.ErrExists):
				t.Fatalf("caller %d: %v, want ErrExists", i, err)
			}
		}
		if winner < 0 {
			t.Fatal("nobody won")
		}
		if got := read(t, b, key, ""); got != strconv.Itoa(winner) {
			t.Errorf("the object is caller %s's, the winner is %d", got, winner)
		}
	}
}

func absentAfterPut(t *testing.T, b storage.Bucket) {
	t.Helper()
	put := mustPut(t, b, "k", "put")
	if _, err := b.PutIfAbsent(t.Context(), "k", []byte("absent")); !errors.Is(err, storage.ErrExists) {
		t.Errorf("PutIfAbsent: %v, want ErrExists", err)
	}
	if got := read(t, b, "k", put.ETag); got != "put" {
		t.Errorf("got %q", got)
	}
	if err := b.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.PutIfAbsent(t.Context(), "k", []byte("absent")); err != nil {
		t.Errorf("PutIfAbsent after Delete: %v", err)
	}
	if _, _, err := b.Get(t.Context(), "k", put.ETag); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("Get with the etag of the object that was deleted: %v, want ErrChanged", err)
	}
}

func rangesOfReplaced(t *testing.T, b storage.Bucket) {
	t.Helper()
	old := mustPut(t, b, "k", "0123456789")
	first, err := b.GetRange(t.Context(), "k", old.ETag, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	replaced := mustPut(t, b, "k", "abcdefghij") // of the same size
	body, err := io.ReadAll(first)
	if err := errors.Join(err, first.Close()); err == nil && string(body) != "0123456789" {
		t.Errorf("a body that was open gave %q", body)
	}
	for _, length := range []int64{0, 1, 10, 20} {
		if r, err := b.GetRange(t.Context(), "k", old.ETag, 0, length); !errors.Is(err, storage.ErrChanged) {
			t.Errorf("%d bytes with the old etag: %v, want ErrChanged", length, err)
			if err == nil {
				_ = r.Close()
			}
		}
	}
	if got := read(t, b, "k", replaced.ETag); got != "abcdefghij" {
		t.Errorf("got %q", got)
	}
}

func getRange(t *testing.T, b storage.Bucket) {
	t.Helper()
	o := mustPut(t, b, "k", "0123456789")
	for _, c := range []struct {
		offset, length int64
		want           string
		err            error
	}{
		{0, 10, "0123456789", nil},
		{3, 4, "3456", nil},
		{9, 1, "9", nil},
		{5, 0, "", nil},
		{8, 5, "89", io.ErrUnexpectedEOF},
		{20, 5, "", io.ErrUnexpectedEOF},
	} {
		var got []byte
		r, err := b.GetRange(t.Context(), "k", o.ETag, c.offset, c.length)
		if err == nil {
			got, err = io.ReadAll(r)
			err = errors.Join(err, r.Close())
		}
		if string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%d bytes from %d: %q, %v; want %q, %v", c.length, c.offset, got, err, c.want, c.err)
		}
	}
}

func listOrder(t *testing.T, b storage.Bucket) {
	t.Helper()
	// In a directory "a" comes before "a.b"; as keys "a.b" comes before "a/b".
	want := []string{"a-b", "a.b", "a/b", "a/c/d", "a/c0", "a0", "b/%E3%81%82", "b/z", "b/あ"}
	for i := range want {
		mustPut(t, b, want[(i*5)%len(want)], "x")
	}
	for _, c := range []struct {
		prefix, after string
		want          []string
	}{
		{"", "", want},
		{"a/", "", []string{"a/b", "a/c/d", "a/c0"}},
		{"a", "", want[:6]},
		{"a/c", "", []string{"a/c/d", "a/c0"}},
		{"", "a.b", want[2:]},
		{"", "a/c/d", want[4:]},
		{"", "a/c", want[3:]},
		{"a/", "a/b", []string{"a/c/d", "a/c0"}},
		{"a/", "b", nil},
		{"b", "a/zzz", want[6:]},
		{"nothing", "", nil},
	} {
		if diff := cmp.Diff(c.want, keys(t, b, c.prefix, c.after)); diff != "" {
			t.Errorf("List(%q, %q) (-want +got):\n%s", c.prefix, c.after, diff)
		}
	}
}

// listPages lists more objects than S3 gives at a time, from the beginning and from keys in the middle.
func listPages(t *testing.T, b storage.Bucket) {
	t.Helper()
	const objects = 1205
	var want []string
	var all sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i := range objects {
		key := fmt.Sprintf("p/%04d", i)
		want = append(want, key)
		slots <- struct{}{}
		all.Go(func() {
			if _, err := b.Put(t.Context(), key, strings.NewReader("x")); err != nil {
				t.Error(err)
			}
			<-slots
		})
	}
	all.Wait()
	mustPut(t, b, "q", "x")
	for _, after := range []int{-1, 0, 150, 999, 1000, objects - 1} {
		start := ""
		if after >= 0 {
			start = want[after]
		}
		got := keys(t, b, "p/", start)
		if diff := cmp.Diff(want[after+1:], got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("after %q: %d keys, want %d", start, len(got), objects-after-1)
		}
	}
}

// oddKeys are what URLs, XML and Hive treat differently.
func oddKeys(t *testing.T, b storage.Bucket) {
	t.Helper()
	want := []string{"a b", "a%20b", "a%b", "a&b", "a'b", "a+b", "a=b/c=d", "a?b", "a\"b", "a#b", "a<b>", "日本/語"}
	for _, key := range want {
		o := mustPut(t, b, key, "of "+key)
		if got := read(t, b, key, o.ETag); got != "of "+key {
			t.Errorf("%q holds %q", key, got)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, keys(t, b, "", "")); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	for i, key := range want {
		if diff := cmp.Diff(want[i+1:], keys(t, b, "", key), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("after %q (-want +got):\n%s", key, diff)
		}
	}
}

func listStops(t *testing.T, b storage.Bucket) {
	t.Helper()
	for i := range 10 {
		mustPut(t, b, fmt.Sprintf("d%d/x", i), "x")
	}
	n := 0
	for _, err := range b.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("saw %d objects, want 3", n)
	}
}

func missing(t *testing.T, b storage.Bucket) {
	t.Helper()
	mustPut(t, b, "folder/x", "x")
	for _, key := range []string{"nothing", "folder", "folder/y", "folder/x/y"} {
		if _, err := b.Stat(t.Context(), key); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Stat(%q): %v, want ErrNotFound", key, err)
		}
		if _, _, err := b.Get(t.Context(), key, ""); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Get(%q): %v, want ErrNotFound", key, err)
		}
		if err := b.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete(%q): %v", key, err)
		}
	}
	if err := b.Delete(t.Context(), "folder/x"); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, b, "", ""); got != nil {
		t.Errorf("after Delete: %q", got)
	}
}

type failingReader struct{ err error }

func (f failingReader) Read(p []byte) (int, error) {
	p[0] = 'x'
	return 1, f.err
}

func failedBody(t *testing.T, b storage.Bucket) {
	t.Helper()
	want := errors.New("source went away")
	if _, err := b.Put(t.Context(), "k", failingReader{want}); !errors.Is(err, want) {
		t.Errorf("Put: %v, want the body's error", err)
	}
	if got := keys(t, b, "", ""); got != nil {
		t.Errorf("after a failed Put: %q", got)
	}
}

func endedContext(t *testing.T, b storage.Bucket) {
	t.Helper()
	mustPut(t, b, "k", "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Put(ctx, "l", strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("Put: %v, want context.Canceled", err)
	}
	if _, err := b.Stat(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("Stat: %v, want context.Canceled", err)
	}
	var got error
	for _, err := range b.List(ctx, "", "") {
		got = err
	}
	if !errors.Is(got, context.Canceled) {
		t.Errorf("List: %v, want context.Canceled", got)
	}
}
