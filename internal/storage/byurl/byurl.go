// Package byurl reads objects of many stores under one storage.Bucket: a key that is a URL ("s3://bucket/a/b.parquet",
// "file:/a/b.parquet") names an object where it is, every other one an object of the bucket around which this is made.
//
// What others own is read only: to write or delete under a URL is an error.
package byurl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"

	"tidegate/internal/storage"
)

// ErrReadOnly says that somebody tried to change an object that has a URL.
var ErrReadOnly = errors.New("objects of others are read only")

// Bucket is a storage.Bucket. It is safe for concurrent use.
type Bucket struct {
	own  storage.Bucket
	open func(ctx context.Context, location string) (storage.Bucket, error)

	mu     sync.Mutex
	opened map[string]storage.Bucket // by location; guarded by mu
}

var _ storage.Bucket = (*Bucket)(nil)

// New makes a Bucket around own. open is asked once for each store: "s3://bucket", "file:/".
func New(own storage.Bucket, open func(ctx context.Context, location string) (storage.Bucket, error)) *Bucket {
	return &Bucket{own: own, open: open, opened: map[string]storage.Bucket{}}
}

// IsURL reports whether a key names an object outside the bucket.
func IsURL(key string) bool {
	_, _, ok := Split(key)
	return ok
}

// Split gives the location of a URL's store and the key there; ok is false for a plain key.
func Split(url string) (location, key string, ok bool) {
	if rest, ok := strings.CutPrefix(url, "s3://"); ok {
		bucket, key, _ := strings.Cut(rest, "/")
		return "s3://" + bucket, key, true
	}
	if path, ok := strings.CutPrefix(url, "file:/"); ok {
		return "file:/", strings.TrimLeft(path, "/"), true
	}
	return "", url, false
}

// place gives the store and the key of an object.
func (b *Bucket) place(ctx context.Context, key string) (storage.Bucket, string, error) {
	location, inner, ok := Split(key)
	if !ok {
		return b.own, key, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if store, ok := b.opened[location]; ok {
		return store, inner, nil
	}
	store, err := b.open(ctx, location)
	if err != nil {
		return nil, "", fmt.Errorf("open %s: %w", location, err)
	}
	b.opened[location] = store
	return store, inner, nil
}

// Location is that of the bucket around which this is made.
func (b *Bucket) Location() string { return b.own.Location() }

// Stat describes the object; its Key is the one asked for.
func (b *Bucket) Stat(ctx context.Context, key string) (storage.Object, error) {
	store, inner, err := b.place(ctx, key)
	if err != nil {
		return storage.Object{}, err
	}
	o, err := store.Stat(ctx, inner)
	o.Key = key
	return o, err
}

// Get opens the whole object.
func (b *Bucket) Get(ctx context.Context, key, etag string) (io.ReadCloser, storage.Object, error) {
	store, inner, err := b.place(ctx, key)
	if err != nil {
		return nil, storage.Object{}, err
	}
	body, o, err := store.Get(ctx, inner, etag)
	o.Key = key
	return body, o, err
}

// GetRange opens length bytes from offset.
func (b *Bucket) GetRange(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error) {
	store, inner, err := b.place(ctx, key)
	if err != nil {
		return nil, err
	}
	return store.GetRange(ctx, inner, etag, offset, length)
}

// Put writes an object of the own bucket.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader) (storage.Object, error) {
	if IsURL(key) {
		return storage.Object{}, fmt.Errorf("put %s: %w", key, ErrReadOnly)
	}
	return b.own.Put(ctx, key, body)
}

// PutIfAbsent writes an object of the own bucket unless the key is taken.
func (b *Bucket) PutIfAbsent(ctx context.Context, key string, body []byte) (storage.Object, error) {
	if IsURL(key) {
		return storage.Object{}, fmt.Errorf("put %s: %w", key, ErrReadOnly)
	}
	return b.own.PutIfAbsent(ctx, key, body)
}

// List gives objects of the own bucket.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[storage.Object, error] {
	return b.own.List(ctx, prefix, after)
}

// Delete removes an object of the own bucket.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if IsURL(key) {
		return fmt.Errorf("delete %s: %w", key, ErrReadOnly)
	}
	return b.own.Delete(ctx, key)
}
