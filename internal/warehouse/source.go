package warehouse

import (
	"compress/bzip2"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"tidegate/internal/pgerr"
	"tidegate/internal/storage"
)

// object is one file of a COPY.
type object struct {
	bucket storage.Bucket
	url    string
	storage.Object
}

// clearStage removes what a process that died has left in the stage.
func (w *Warehouse) clearStage() error {
	for _, pattern := range []string{"copy-*", "unload-*"} {
		left, err := filepath.Glob(filepath.Join(w.o.Stage, pattern))
		if err != nil {
			return fmt.Errorf("look into the stage: %w", err)
		}
		for _, path := range left {
			if err := os.RemoveAll(path); err != nil {
				return fmt.Errorf("clear the stage: %w", err)
			}
		}
	}
	return nil
}

// bucketOf opens the bucket of s3://bucket/key.
func (w *Warehouse) bucketOf(url string) (b storage.Bucket, key string, err error) {
	rest, ok := strings.CutPrefix(url, "s3://")
	name, key, _ := strings.Cut(rest, "/")
	if !ok || name == "" {
		return nil, "", pgerr.New(codeLoad, "Invalid S3 URL %q", url)
	}
	b, err = w.o.Open(name)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, "", &pgerr.Error{
			Code: codeLoad, Message: "S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket",
			Detail: "bucket " + name, Err: err,
		}
	}
	if err != nil {
		return nil, "", fmt.Errorf("open bucket %s: %w", name, err)
	}
	return b, key, nil
}

func noSuchKey(url string, cause error) error {
	return &pgerr.Error{
		Code: codeLoad, Message: "S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey", Detail: url, Err: cause,
	}
}

// objects gives the files that a COPY reads: of a manifest, or every object whose key begins with the URL's.
func (w *Warehouse) objects(ctx context.Context, o copyOptions) ([]object, error) {
	if o.has("MANIFEST") {
		return w.manifest(ctx, o)
	}
	b, prefix, err := w.bucketOf(o.from)
	if err != nil {
		return nil, err
	}
	var out []object
	for found, err := range b.List(ctx, prefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", o.from, err)
		}
		if found.Size == 0 && strings.HasSuffix(found.Key, "/") { // a folder that a console made
			continue
		}
		url := strings.TrimSuffix(o.from, prefix) + found.Key
		out = append(out, object{bucket: b, url: url, Object: found})
	}
	if len(out) == 0 {
		return nil, pgerr.New(codeLoad, "The specified S3 prefix '%s' does not exist", prefix)
	}
	return out, nil
}

// manifestFile is the JSON that COPY reads and UNLOAD writes.
type manifestFile struct {
	Entries []manifestEntry `json:"entries"`
}

type manifestEntry struct {
	URL       string        `json:"url"`
	Mandatory bool          `json:"mandatory"`
	Meta      *manifestMeta `json:"meta,omitempty"`
}

type manifestMeta struct {
	ContentLength *int64 `json:"content_length,omitempty"`
	RecordCount   *int64 `json:"record_count,omitempty"`
}

// manifest gives the entries of a manifest in its order; one that is there twice is loaded twice. An entry that is
// missing is skipped unless it is mandatory, and it is not so unless it says so.
func (w *Warehouse) manifest(ctx context.Context, o copyOptions) ([]object, error) {
	m, err := w.readManifest(ctx, o.from)
	if err != nil {
		return nil, err
	}
	var out []object
	for i, e := range m.Entries {
		length := int64(-1)
		if e.Meta != nil && e.Meta.ContentLength != nil {
			length = *e.Meta.ContentLength
		}
		if length < 0 && o.format == formatParquet {
			return nil, pgerr.New(codeLoad, "content_length is required in the manifest for columnar files").
				WithDetail("entry %d, %s", i+1, e.URL)
		}
		b, key, err := w.bucketOf(e.URL)
		if err != nil {
			return nil, err
		}
		found, err := b.Stat(ctx, key)
		switch {
		case errors.Is(err, storage.ErrNotFound) && e.Mandatory:
			return nil, noSuchKey(e.URL, err)
		case errors.Is(err, storage.ErrNotFound):
			continue
		case err != nil:
			return nil, fmt.Errorf("stat %s: %w", e.URL, err)
		case length >= 0 && o.format == formatParquet && length != found.Size:
			return nil, pgerr.New(codeLoad, "content_length of %s is %d in the manifest, the object has %d bytes", e.URL, length, found.Size)
		}
		out = append(out, object{bucket: b, url: e.URL, Object: found})
	}
	if len(out) == 0 {
		return nil, pgerr.New(codeLoad, "No file of the manifest %s was found", o.from)
	}
	return out, nil
}

// readManifest reads the one object that the URL names.
func (w *Warehouse) readManifest(ctx context.Context, url string) (m manifestFile, err error) {
	b, key, err := w.bucketOf(url)
	if err != nil {
		return m, err
	}
	body, _, err := b.Get(ctx, key, "")
	if errors.Is(err, storage.ErrNotFound) {
		return m, noSuchKey(url, err)
	}
	if err != nil {
		return m, fmt.Errorf("read manifest %s: %w", url, err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	data, err := io.ReadAll(body)
	if err != nil {
		return m, fmt.Errorf("read manifest %s: %w", url, err)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, &pgerr.Error{
			Code: codeLoad, Message: "The manifest file is not valid: it must be UTF-8 JSON, neither compressed nor encrypted", Detail: url, Err: err,
		}
	}
	return m, nil
}

// stage copies an object to a local file, decompressed as the options say. The caller removes the file.
func (w *Warehouse) stage(ctx context.Context, o object, options copyOptions) (path string, err error) {
	body, _, err := o.bucket.Get(ctx, o.Key, o.ETag)
	if errors.Is(err, storage.ErrNotFound) {
		return "", noSuchKey(o.url, err)
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", o.url, err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	reader, err := decompressed(body, options)
	if err != nil {
		return "", badObject(o.url, err)
	}
	f, err := os.CreateTemp(w.o.Stage, "copy-*.data")
	if err != nil {
		return "", fmt.Errorf("stage %s: %w", o.url, err)
	}
	if _, err := io.Copy(f, reader); err != nil {
		return "", errors.Join(badObject(o.url, err), f.Close(), os.Remove(f.Name()))
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("stage %s: %w", o.url, err)
	}
	return filepath.Abs(f.Name())
}

func badObject(url string, cause error) error {
	return &pgerr.Error{Code: codeLoad, Message: "cannot read the object", Detail: url, Err: cause}
}

func decompressed(r io.Reader, o copyOptions) (io.Reader, error) {
	switch {
	case o.gzip:
		return gzip.NewReader(r)
	case o.zstd:
		d, err := zstd.NewReader(r)
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case o.bzip2:
		return bzip2.NewReader(r), nil
	}
	return r, nil
}
