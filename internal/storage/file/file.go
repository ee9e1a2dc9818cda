// Package file is an object store on a directory: a key is a path below it, a write is a rename.
//
// Objects are written to a temporary file beside their place, made durable and then given their name, so that a
// crash leaves either the whole object or none. Temporary files are invisible in the store.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"tidegate/internal/storage"
)

// scheme begins a location: "file:./lake", "file:/var/lake", "file:///var/lake".
const scheme = "file:"

// tempPrefix begins the names of temporary files. No key may have a segment that begins with it.
const tempPrefix = ".tg-tmp-"

// Bucket is a directory as an object store. It implements storage.Bucket, storage.LocalPather and
// storage.FilePutter.
type Bucket struct {
	location string
	root     string
}

var (
	_ storage.Bucket      = (*Bucket)(nil)
	_ storage.LocalPather = (*Bucket)(nil)
	_ storage.FilePutter  = (*Bucket)(nil)
)

// Open gives the bucket of a location "file:PATH" or of a plain path. A relative path is below the process's
// folder. It neither creates the folder nor looks whether it is there: a missing one is an error of List.
func Open(location string) (*Bucket, error) {
	path, ok := strings.CutPrefix(location, scheme)
	if path == "" || !ok && strings.Contains(strings.SplitN(path, "/", 2)[0], ":") {
		return nil, fmt.Errorf("location %q is not file:PATH", location)
	}
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		if !strings.HasPrefix(rest, "/") {
			return nil, fmt.Errorf("location %q names a host; a folder is file:./PATH or file:///PATH", location)
		}
		path = rest
	}
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", location, err)
	}
	return &Bucket{location: location, root: root}, nil
}

// Create is Open for a location that is going to be written: it makes the folder and tries to write into it.
func Create(location string) (*Bucket, error) {
	b, err := Open(location)
	if err != nil {
		return nil, err
	}
	if err := makeDirs(b.root); err != nil {
		return nil, b.unwritable(err)
	}
	f, err := os.CreateTemp(b.root, tempPrefix)
	if err != nil {
		return nil, b.unwritable(err)
	}
	return b, errors.Join(f.Close(), os.Remove(f.Name()))
}

// Location is the bucket as configured.
func (b *Bucket) Location() string { return b.location }

// LocalPath gives the absolute path of the key's file, and that of the folder for "". A key that no object can have
// gives a path below the folder that no object has.
func (b *Bucket) LocalPath(key string) string {
	if key == "" {
		return b.root
	}
	p, err := b.path(key)
	if err != nil {
		return filepath.Join(b.root, tempPrefix+"invalid-key")
	}
	return p
}

// path maps a key to its file and refuses keys that would leave the folder or hide from List.
func (b *Bucket) path(key string) (string, error) {
	if key == "" || strings.ContainsRune(key, 0) {
		return "", fmt.Errorf("key %q is empty or holds a zero byte", key)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.HasPrefix(segment, tempPrefix) {
			return "", fmt.Errorf("key %q has a segment %q, which no path below %s can have", key, segment, b.location)
		}
	}
	return filepath.Join(b.root, filepath.FromSlash(key)), nil
}

// Stat describes the object.
func (b *Bucket) Stat(ctx context.Context, key string) (storage.Object, error) {
	p, err := b.path(key)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return storage.Object{}, err
	}
	info, err := os.Stat(p)
	if err != nil {
		return storage.Object{}, b.readError("stat", key, err)
	}
	if !info.Mode().IsRegular() {
		return storage.Object{}, b.readError("stat", key, fs.ErrNotExist)
	}
	return object(key, info), nil
}

// object describes a file. Put gives every object its own modification time in nanoseconds, so size and time
// identify the bytes, and a copy that keeps times keeps ETags.
func object(key string, info fs.FileInfo) storage.Object {
	return storage.Object{
		Key:          key,
		ETag:         strconv.FormatInt(info.Size(), 16) + "-" + strconv.FormatInt(info.ModTime().UnixNano(), 16),
		Size:         info.Size(),
		LastModified: info.ModTime().UTC(),
	}
}

func (b *Bucket) open(ctx context.Context, key, etag string) (*os.File, storage.Object, error) {
	p, err := b.path(key)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, storage.Object{}, err
	}
	f, err := os.Open(p)
	if err != nil {
		return nil, storage.Object{}, b.readError("open", key, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		_ = f.Close()
		return nil, storage.Object{}, b.readError("open", key, err)
	}
	o := object(key, info)
	if etag != "" && etag != o.ETag {
		_ = f.Close()
		return nil, storage.Object{}, fmt.Errorf("open %s in %s: %w: its etag is %s, not %s",
			key, b.location, storage.ErrChanged, o.ETag, etag)
	}
	return f, o, nil
}

// Get opens the whole object.
func (b *Bucket) Get(ctx context.Context, key, etag string) (io.ReadCloser, storage.Object, error) {
	f, o, err := b.open(ctx, key, etag)
	if err != nil {
		return nil, storage.Object{}, err
	}
	return f, o, nil
}

// GetRange opens length bytes from offset.
func (b *Bucket) GetRange(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 || length < 0 {
		return nil, fmt.Errorf("read %s: range of %d bytes from %d", key, length, offset)
	}
	f, _, err := b.open(ctx, key, etag)
	if err != nil {
		return nil, err
	}
	return &rangeBody{r: io.NewSectionReader(f, offset, length), left: length, f: f}, nil
}

// rangeBody is a part of a file that says when the file ends before it.
type rangeBody struct {
	r    io.Reader
	left int64
	f    *os.File
}

func (r *rangeBody) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.left -= int64(n)
	if errors.Is(err, io.EOF) && r.left > 0 {
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

func (r *rangeBody) Close() error { return r.f.Close() }

// Delete removes the object. Folders stay: removing an empty one would race with a Put into it.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	p, err := b.path(key)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	// Not os.Remove: that would remove an empty folder too, which is no object.
	err = syscall.Unlink(p)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR):
		return nil
	case err != nil:
		return b.writeError("delete", key, err)
	}
	if err := syncDir(filepath.Dir(p)); err != nil {
		return b.writeError("delete", key, err)
	}
	return nil
}

func (b *Bucket) readError(verb, key string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%s %s in %s: %w", verb, key, b.location, storage.ErrNotFound)
	}
	return fmt.Errorf("%s %s in %s: %w", verb, key, b.location, err)
}

func (b *Bucket) writeError(verb, key string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOSPC) {
		return b.unwritable(err)
	}
	return fmt.Errorf("%s %s in %s: %w", verb, key, b.location, err)
}

// unwritable is the one line for a location that cannot be written.
func (b *Bucket) unwritable(err error) error {
	return fmt.Errorf("%s is not writable: %w; make the folder writable for this user, free space, or choose another location",
		b.location, err)
}

// now is the modification time of a new object: later than that of the object it replaces, whatever the clock says.
func now(previous fs.FileInfo) time.Time {
	t := time.Now()
	if previous != nil && !t.After(previous.ModTime()) {
		t = previous.ModTime().Add(time.Nanosecond)
	}
	return t
}
