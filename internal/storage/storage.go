// Package storage is the contract of an object store: immutable objects under keys, listed in
// byte order, written whole or not at all.
//
// file/ implements it on a directory, s3/ on S3; storagetest/ is the suite that every implementation passes.
package storage

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// ErrNotFound says that no object has this key.
var ErrNotFound = errors.New("object not found")

// ErrExists says that PutIfAbsent met an object with this key.
var ErrExists = errors.New("object exists")

// ErrChanged says that the object's ETag is no longer the one asked for.
var ErrChanged = errors.New("object changed")

// ErrDenied says that the store refuses this caller: no permission, or credentials that are wrong or have expired.
var ErrDenied = errors.New("access denied")

// Object describes one object. Keys use "/" and never begin with it.
type Object struct {
	Key          string
	ETag         string // opaque; equal ETag and size mean equal bytes
	Size         int64  // bytes
	LastModified time.Time
}

// Bucket is an object store below one location. It is safe for concurrent use.
type Bucket interface {
	// Location is the bucket as configured, for messages: "file:./lake", "s3://bucket/prefix".
	Location() string
	// Stat describes the object, or returns ErrNotFound.
	Stat(ctx context.Context, key string) (Object, error)
	// Get opens the whole object. An etag that is not "" must match, else ErrChanged.
	Get(ctx context.Context, key, etag string) (io.ReadCloser, Object, error)
	// GetRange opens length bytes from offset; a body that would be shorter is io.ErrUnexpectedEOF when read.
	GetRange(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
	// Put writes an object, replacing one that is there. Nobody sees it before it is whole and durable.
	Put(ctx context.Context, key string, body io.Reader) (Object, error)
	// PutIfAbsent writes an object unless the key is taken: then ErrExists. Of concurrent callers one wins.
	PutIfAbsent(ctx context.Context, key string, body []byte) (Object, error)
	// List gives the objects whose key has the prefix and sorts after `after`, in byte order of keys.
	List(ctx context.Context, prefix, after string) iter.Seq2[Object, error]
	// Delete removes the object. A missing one is no error.
	Delete(ctx context.Context, key string) error
}

// LocalPather is a Bucket whose objects are files that DuckDB may read and write in place.
type LocalPather interface {
	// LocalPath gives the absolute path of the key's file. It creates nothing.
	LocalPath(key string) string
}

// FilePutter is a Bucket that takes over a local file: cheaper than Put where both are on one file system.
type FilePutter interface {
	// PutFile makes the file an object. The file is gone afterwards.
	PutFile(ctx context.Context, key, path string) (Object, error)
}
