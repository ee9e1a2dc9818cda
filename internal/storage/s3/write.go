package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"tidegate/internal/storage"
)

// Put writes an object, replacing one that is there. A body of more than a part's size is uploaded in parts.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader) (storage.Object, error) {
	k, err := b.key(key)
	if err != nil {
		return storage.Object{}, err
	}
	var first bytes.Buffer
	n, err := first.ReadFrom(io.LimitReader(body, b.limits.partBytes))
	if err != nil {
		return storage.Object{}, fmt.Errorf("write %s in %s: read the body: %w", key, b.location, err)
	}
	if n < b.limits.partBytes {
		return b.putWhole(ctx, key, k, bytes.NewReader(first.Bytes()), n)
	}
	u := &upload{b: b, key: key, k: k}
	return u.run(ctx, func(ctx context.Context) error { return u.stream(ctx, &first, body) })
}

// PutFile uploads the file and then removes it. It holds none of it in memory.
func (b *Bucket) PutFile(ctx context.Context, key, path string) (o storage.Object, err error) {
	k, err := b.key(key)
	if err != nil {
		return o, err
	}
	f, err := os.Open(path)
	if err != nil {
		return o, fmt.Errorf("write %s in %s: %w", key, b.location, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return o, fmt.Errorf("write %s in %s: %w", key, b.location, err)
	}
	if info.Size() < b.limits.partBytes {
		o, err = b.putWhole(ctx, key, k, f, info.Size())
	} else {
		u := &upload{b: b, key: key, k: k}
		o, err = u.run(ctx, func(ctx context.Context) error { return u.file(ctx, f, info.Size()) })
	}
	if err != nil {
		return o, err
	}
	return o, os.Remove(path)
}

func (b *Bucket) putWhole(ctx context.Context, key string, k *string, body io.ReadSeeker, size int64) (storage.Object, error) {
	out, err := b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: k, Body: body, ContentLength: &size})
	if err != nil {
		return storage.Object{}, b.failed(ctx, "write", key, err)
	}
	return b.written(ctx, key, bare(out.ETag), size)
}

// written describes an object that was just written: what S3 answers to a write lacks the time.
func (b *Bucket) written(ctx context.Context, key, etag string, size int64) (storage.Object, error) {
	o, err := b.Stat(ctx, key)
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && o.ETag != etag:
		// Another writer was here since. What this one wrote was there all the same.
		return storage.Object{Key: key, ETag: etag, Size: size, LastModified: time.Now().UTC().Truncate(time.Second)}, nil
	case err != nil:
		return storage.Object{}, err
	}
	return o, nil
}

// writerMetadata names the call that wrote an object.
const writerMetadata = "tidegate-writer"

// PutIfAbsent writes an object unless the key is taken: then ErrExists.
//
// An answer may get lost, and then the request that is sent again meets the object of the first. So the object
// carries the call's name, and a call that is refused looks whose the object is.
func (b *Bucket) PutIfAbsent(ctx context.Context, key string, body []byte) (storage.Object, error) {
	k, err := b.key(key)
	if err != nil {
		return storage.Object{}, err
	}
	writer, size := rand.Text(), int64(len(body))
	out, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: k, Body: bytes.NewReader(body), ContentLength: &size, IfNoneMatch: aws.String("*"),
		Metadata: map[string]string{writerMetadata: writer},
	})
	if err == nil {
		return b.written(ctx, key, bare(out.ETag), size)
	}
	err = b.failed(ctx, "write", key, err)
	if !errors.Is(err, storage.ErrChanged) {
		return storage.Object{}, err
	}
	head, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: k})
	if err != nil {
		err = b.failed(ctx, "stat", key, err)
		if errors.Is(err, storage.ErrNotFound) { // it was there, and was removed since
			err = fmt.Errorf("write %s in %s: %w", key, b.location, storage.ErrExists)
		}
		return storage.Object{}, err
	}
	if head.Metadata[writerMetadata] != writer {
		return storage.Object{}, fmt.Errorf("write %s in %s: %w", key, b.location, storage.ErrExists)
	}
	return storage.Object{Key: key, ETag: bare(head.ETag), Size: size, LastModified: aws.ToTime(head.LastModified).UTC()}, nil
}

// Delete removes the object. A missing one is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	k, err := b.key(key)
	if err != nil {
		return err
	}
	_, err = b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: k})
	if err == nil {
		return nil
	}
	if err = b.failed(ctx, "delete", key, err); errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}
