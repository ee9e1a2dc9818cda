package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tidegate/internal/storage"
)

// List gives the objects whose key has the prefix and sorts after `after`, in byte order of keys. Only folders
// that can hold such keys are read. Names that are no keys, temporary files and things that are no files are
// left out; links are followed to files, not to folders.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		l := lister{b: b, prefix: prefix, after: after, yield: yield}
		l.folder(ctx, "")
	}
}

type lister struct {
	b             *Bucket
	prefix, after string
	yield         func(storage.Object, error) bool
}

// folder lists one folder, whose keys begin with base ("" or "…/"), and reports whether to go on.
func (l *lister) folder(ctx context.Context, base string) bool {
	if err := ctx.Err(); err != nil {
		return l.yield(storage.Object{}, context.Cause(ctx)) && false
	}
	entries, err := os.ReadDir(filepath.Join(l.b.root, filepath.FromSlash(base)))
	if errors.Is(err, fs.ErrNotExist) && base != "" {
		return true // removed since its parent was read
	}
	if err != nil {
		return l.yield(storage.Object{}, fmt.Errorf("list %s: %w", l.b.location, err)) && false
	}
	keys := make([]string, 0, len(entries))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			continue
		}
		// A folder sorts as its keys do: with the slash. "a.b" comes before "a/b".
		if e.IsDir() {
			keys = append(keys, base+e.Name()+"/")
		} else {
			keys = append(keys, base+e.Name())
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if !l.entry(ctx, key) {
			return false
		}
	}
	return true
}

func (l *lister) entry(ctx context.Context, key string) bool {
	if strings.HasSuffix(key, "/") {
		within := strings.HasPrefix(key, l.prefix) || strings.HasPrefix(l.prefix, key)
		passed := key <= l.after && !strings.HasPrefix(l.after, key)
		if !within || passed {
			return true
		}
		return l.folder(ctx, key)
	}
	if !strings.HasPrefix(key, l.prefix) || key <= l.after {
		return true
	}
	o, err := l.b.Stat(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		return true // a link to nowhere or a folder, or removed since
	}
	return l.yield(o, err) && err == nil
}
