package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"tidegate/internal/storage"
)

// Put writes an object, replacing one that is there.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader) (storage.Object, error) {
	p, err := b.path(key)
	if err != nil {
		return storage.Object{}, err
	}
	temp, err := b.writeTemp(ctx, p, body)
	if err != nil {
		return storage.Object{}, b.writeError("write", key, err)
	}
	o, err := b.publish(key, temp, p)
	if err != nil {
		_ = os.Remove(temp)
		return storage.Object{}, b.writeError("write", key, err)
	}
	return o, nil
}

// PutIfAbsent writes an object unless the key is taken. link(2) decides between concurrent callers: it gives the
// name to one of them, and the name appears with the whole object behind it.
func (b *Bucket) PutIfAbsent(ctx context.Context, key string, body []byte) (storage.Object, error) {
	p, err := b.path(key)
	if err != nil {
		return storage.Object{}, err
	}
	temp, err := b.writeTemp(ctx, p, bytes.NewReader(body))
	if err != nil {
		return storage.Object{}, b.writeError("write", key, err)
	}
	defer func() { _ = os.Remove(temp) }()
	if err := stamp(temp, p); err != nil {
		return storage.Object{}, b.writeError("write", key, err)
	}
	linkErr := os.Link(temp, p)
	if linkErr != nil && !errors.Is(linkErr, fs.ErrExist) {
		return storage.Object{}, b.writeError("write", key, linkErr)
	}
	// Also for the loser: what it is told to exist must not vanish in a crash.
	if err := syncDir(filepath.Dir(p)); err != nil {
		return storage.Object{}, b.writeError("write", key, err)
	}
	if linkErr != nil {
		return storage.Object{}, fmt.Errorf("write %s in %s: %w", key, b.location, storage.ErrExists)
	}
	return b.Stat(ctx, key)
}

// PutFile makes the file an object by renaming it, or by copying it where it lies on another file system.
func (b *Bucket) PutFile(ctx context.Context, key, path string) (storage.Object, error) {
	p, err := b.path(key)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return storage.Object{}, err
	}
	if err := makeDirs(filepath.Dir(p)); err != nil {
		return storage.Object{}, b.writeError("write", key, err)
	}
	if err := syncFile(path); err != nil {
		return storage.Object{}, b.writeError("write", key, err)
	}
	o, err := b.publish(key, path, p)
	if errors.Is(err, syscall.EXDEV) {
		return b.copyFile(ctx, key, path)
	}
	if err != nil {
		return storage.Object{}, b.writeError("write", key, err)
	}
	return o, nil
}

func (b *Bucket) copyFile(ctx context.Context, key, path string) (storage.Object, error) {
	f, err := os.Open(path)
	if err != nil {
		return storage.Object{}, fmt.Errorf("write %s: %w", key, err)
	}
	o, err := b.Put(ctx, key, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return storage.Object{}, err
	}
	if err := os.Remove(path); err != nil {
		return storage.Object{}, fmt.Errorf("remove the source of %s: %w", key, err)
	}
	return o, nil
}

// writeTemp writes body durably to a temporary file in the folder of p, which it creates, and gives its path.
func (b *Bucket) writeTemp(ctx context.Context, p string, body io.Reader) (path string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := makeDirs(filepath.Dir(p)); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(p), tempPrefix)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = io.Copy(f, &contextReader{ctx, body})
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	return f.Name(), errors.Join(err, f.Close())
}

// publish gives the file at temp its name p, durably.
func (b *Bucket) publish(key, temp, p string) (storage.Object, error) {
	if err := stamp(temp, p); err != nil {
		return storage.Object{}, err
	}
	info, err := os.Stat(temp)
	if err != nil {
		return storage.Object{}, err
	}
	if err := os.Rename(temp, p); err != nil {
		return storage.Object{}, err
	}
	return object(key, info), syncDir(filepath.Dir(p))
}

// stamp gives temp a modification time of its own (see object).
func stamp(temp, p string) error {
	previous, err := os.Stat(p)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	t := now(previous)
	return os.Chtimes(temp, t, t)
}

// contextReader ends a copy when its context ends.
type contextReader struct {
	ctx context.Context //nolint:containedctx // lives for one io.Copy, which takes no context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}

// makeDirs is os.MkdirAll with every new folder made durable in its parent.
func makeDirs(dir string) error {
	info, err := os.Stat(dir)
	if err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeDirs(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o644), f.Sync(), f.Close())
}
