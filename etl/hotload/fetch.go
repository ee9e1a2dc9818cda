package hotload

import (
	"context"
	"fmt"
	"os"

	"tidegate/internal/storage"
)

// localLake gives paths of the lake's files that the hot store can read: in place, or copies that one load has.
type localLake struct {
	lake storage.Bucket
	dir  string // of the copies; "": in place
}

func (l *Loader) localLake() (*localLake, error) {
	if _, ok := l.Lake.(storage.LocalPather); ok {
		return &localLake{lake: l.Lake}, nil
	}
	if err := os.MkdirAll(l.WorkDir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder for files of the lake: %w", err)
	}
	dir, err := os.MkdirTemp(l.WorkDir, "load-")
	if err != nil {
		return nil, fmt.Errorf("make folder for files of the lake: %w", err)
	}
	return &localLake{lake: l.Lake, dir: dir}, nil
}

// path gives the object's file. A copy is whole: the bucket's body is the object or an error.
func (l *localLake) path(ctx context.Context, key, etag string) (string, error) {
	return storage.LocalFile(ctx, l.lake, key, etag, l.dir)
}

// remove removes the copies.
func (l *localLake) remove() error {
	if l.dir == "" {
		return nil
	}
	return os.RemoveAll(l.dir)
}
