package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"tidegate/internal/storage"
)

// Stat describes the object.
func (b *Bucket) Stat(ctx context.Context, key string) (storage.Object, error) {
	k, err := b.key(key)
	if err != nil {
		return storage.Object{}, err
	}
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: k})
	if err != nil {
		return storage.Object{}, b.failed(ctx, "stat", key, err)
	}
	return storage.Object{
		Key: key, ETag: bare(out.ETag), Size: aws.ToInt64(out.ContentLength), LastModified: aws.ToTime(out.LastModified).UTC(),
	}, nil
}

// Get opens the whole object. A body whose connection breaks is read on under the same ETag.
func (b *Bucket) Get(ctx context.Context, key, etag string) (io.ReadCloser, storage.Object, error) {
	body := &body{ctx: ctx, b: b, key: key, etag: etag, end: -1}
	o, err := body.open() //nolint:contextcheck // the body has it
	if err != nil {
		return nil, storage.Object{}, err
	}
	body.etag, body.end = o.ETag, o.Size
	return body, o, nil
}

// GetRange opens length bytes from offset. A body whose connection breaks is read on under the same ETag.
func (b *Bucket) GetRange(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 || length < 0 {
		return nil, fmt.Errorf("read %s: range of %d bytes from %d", key, length, offset)
	}
	if length == 0 { // HTTP has no empty range
		o, err := b.Stat(ctx, key)
		if err == nil && etag != "" && o.ETag != etag {
			err = b.changed(key, o.ETag, etag)
		}
		return http.NoBody, err
	}
	body := &body{ctx: ctx, b: b, key: key, etag: etag, next: offset, end: offset + length}
	o, err := body.open() //nolint:contextcheck // the body has it
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok && e.HTTPStatusCode() == http.StatusRequestedRangeNotSatisfiable {
		return nil, fmt.Errorf("read %s in %s: it ends before byte %d: %w", key, b.location, offset, io.ErrUnexpectedEOF)
	}
	if err != nil {
		return nil, err
	}
	body.etag = o.ETag
	if o.Size < body.end {
		body.end, body.short = o.Size, true
	}
	return body, nil
}

func (b *Bucket) changed(key, is, want string) error {
	return fmt.Errorf("read %s in %s: %w: its etag is %s, not %s", key, b.location, storage.ErrChanged, is, want)
}

// get asks for an object from an offset up to end, or for all of it if end is -1. The object's Size is that of the
// whole object.
func (b *Bucket) get(ctx context.Context, key, etag string, from, end int64) (io.ReadCloser, storage.Object, error) {
	k, err := b.key(key)
	if err != nil {
		return nil, storage.Object{}, err
	}
	in := &s3.GetObjectInput{Bucket: &b.name, Key: k, IfMatch: quoted(etag)}
	if end >= 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", from, end-1))
	}
	out, err := b.client.GetObject(ctx, in)
	if err != nil {
		return nil, storage.Object{}, b.failed(ctx, "read", key, err)
	}
	o := storage.Object{
		Key: key, ETag: bare(out.ETag), Size: aws.ToInt64(out.ContentLength), LastModified: aws.ToTime(out.LastModified).UTC(),
	}
	if etag != "" && o.ETag != etag { // a proxy or store that does not know If-Match
		err = b.changed(key, o.ETag, etag)
	}
	if end >= 0 && err == nil {
		var first, last int64
		if _, scanErr := fmt.Sscanf(strings.TrimSpace(aws.ToString(out.ContentRange)), "bytes %d-%d/%d", &first, &last, &o.Size); scanErr != nil || first != from {
			err = fmt.Errorf("read %s in %s: asked for bytes from %d, the answer is %q", key, b.location, from, aws.ToString(out.ContentRange))
		}
	}
	if err != nil {
		_ = out.Body.Close() // nothing of it was read
		return nil, storage.Object{}, err
	}
	return out.Body, o, nil
}
