package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// LocalFile gives a path at which the object's bytes can be read: the object's own file in a LocalPather, else a whole
// copy below dir, which the caller removes. An etag that is not "" must match where there is a copy, else ErrChanged.
func LocalFile(ctx context.Context, bucket Bucket, key, etag, dir string) (path string, err error) {
	if local, ok := bucket.(LocalPather); ok {
		return local.LocalPath(key), nil
	}
	body, _, err := bucket.Get(ctx, key, etag)
	if err != nil {
		return "", fmt.Errorf("fetch %s: %w", key, err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	f, err := os.CreateTemp(dir, "fetched-*.parquet")
	if err != nil {
		return "", fmt.Errorf("fetch %s: %w", key, err)
	}
	_, err = io.Copy(f, body)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("fetch %s: %w", key, err)
	}
	return f.Name(), nil
}
