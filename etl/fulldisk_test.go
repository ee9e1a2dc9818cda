package etl

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/storage"
	"tidegate/internal/storage/file"
)

// fullBucket is a lake whose disk is full at its n-th write, and has room again at the next.
type fullBucket struct {
	*file.Bucket
	writes, failAt int
}

func (b *fullBucket) full(key string) error {
	if b.writes++; b.writes == b.failAt {
		return &os.PathError{Op: "write", Path: key, Err: syscall.ENOSPC}
	}
	return nil
}

func (b *fullBucket) Put(ctx context.Context, key string, body io.Reader) (storage.Object, error) {
	if err := b.full(key); err != nil {
		return storage.Object{}, err
	}
	return b.Bucket.Put(ctx, key, body)
}

func (b *fullBucket) PutIfAbsent(ctx context.Context, key string, body []byte) (storage.Object, error) {
	if err := b.full(key); err != nil {
		return storage.Object{}, err
	}
	return b.Bucket.PutIfAbsent(ctx, key, body)
}

func (b *fullBucket) PutFile(ctx context.Context, key, path string) (storage.Object, error) {
	if err := b.full(key); err != nil {
		return storage.Object{}, err
	}
	return b.Bucket.PutFile(ctx, key, path)
}

// TestLakeFullAtEveryWrite fills the lake's disk at each write of an object: the run says so, and the next one makes
// what an undisturbed one had made.
func TestLakeFullAtEveryWrite(t *testing.T) {
	t.Parallel()
	calm := &fullBucket{}
	l, err := runCrashPipelines(t, 2, func(o *Options) { calm.Bucket = o.Lake.(*file.Bucket); o.Lake = calm })
	if err != nil {
		t.Fatal(err)
	}
	want := outcome(t, l)
	if calm.writes < 10 {
		t.Fatalf("only %d writes", calm.writes)
	}
	for n := 1; n <= calm.writes; n++ {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			l, err := runCrashPipelines(t, 2, func(o *Options) {
				o.Lake = &fullBucket{Bucket: o.Lake.(*file.Bucket), failAt: n}
			})
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("the run with a full disk ended with %v", err)
			}
			if diff := cmp.Diff(want, outcome(t, l)); diff != "" {
				t.Errorf("after room was made:\n%s", diff)
			}
		})
	}
}
