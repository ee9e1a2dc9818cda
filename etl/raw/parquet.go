package raw

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/apache/arrow-go/v18/parquet/file"
	"golang.org/x/sync/errgroup"

	"tidegate/internal/storage"
)

// ParquetFile is one source object as a file that DuckDB can read.
type ParquetFile struct {
	Object storage.Object
	Path   string
}

// IngestParquet makes Parquet objects local files, in order of keys. Where the bucket's objects are files they are
// read in place; otherwise they are copied into workDir, workers (0: one for each processor) at a time.
// Validation and counting are the caller's: the records are not looked at.
func IngestParquet(ctx context.Context, bucket storage.Bucket, objects []storage.Object, workDir string, workers int) ([]ParquetFile, error) {
	files := make([]ParquetFile, len(objects))
	for i, o := range objects {
		files[i].Object = o
	}
	slices.SortFunc(files, func(a, b ParquetFile) int { return cmp.Compare(a.Object.Key, b.Object.Key) })
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cmp.Or(workers, runtime.GOMAXPROCS(0)))
	local, inPlace := bucket.(storage.LocalPather)
	for i := range files {
		g.Go(func() (err error) {
			f := &files[i]
			if inPlace {
				f.Path = local.LocalPath(f.Object.Key)
				return unchanged(ctx, bucket, f.Object)
			}
			f.Path = filepath.Join(workDir, fmt.Sprintf("source-%05d.parquet", i))
			return download(ctx, bucket, f.Object, f.Path)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return files, nil
}

// unchanged makes sure that a file read in place is still the object that was discovered.
func unchanged(ctx context.Context, bucket storage.Bucket, want storage.Object) error {
	got, err := bucket.Stat(ctx, want.Key)
	if err == nil && got.ETag != want.ETag {
		err = storage.ErrChanged
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", want.Key, err)
	}
	return nil
}

func download(ctx context.Context, bucket storage.Bucket, obj storage.Object, path string) error {
	body, _, err := bucket.Get(ctx, obj.Key, obj.ETag)
	if err != nil {
		return fmt.Errorf("read %s: %w", obj.Key, err)
	}
	f, err := os.Create(path)
	if err != nil {
		return errors.Join(fmt.Errorf("copy %s: %w", obj.Key, err), body.Close())
	}
	n, err := io.Copy(f, body)
	if err == nil && n != obj.Size {
		err = io.ErrUnexpectedEOF
	}
	if err = errors.Join(err, body.Close(), f.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", obj.Key, err)
	}
	return nil
}

// ErrNoParquet says that a file is not Parquet, or cut off: its footer cannot be read.
var ErrNoParquet = errors.New("not a Parquet file")

// ParquetColumns gives the names of a file's outermost columns. ErrNoParquet if its footer cannot be read.
func ParquetColumns(path string) (names []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r, err := file.NewParquetReader(f)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoParquet, err)
	}
	root := r.MetaData().Schema.Root()
	for i := range root.NumFields() {
		names = append(names, root.Field(i).Name())
	}
	return names, nil
}
