package s3

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"tidegate/internal/storage"
)

const (
	// parallelParts are in flight at a time; a stream holds so many parts in memory.
	parallelParts = 4
	// maxParts is S3's bound of one upload.
	maxParts = 10_000
	// abortTimeout bounds the clean-up of an upload that failed.
	abortTimeout = 30 * time.Second
	// checksum of each part, which S3 compares with what it received. An upload must name the one its parts have.
	checksum = types.ChecksumAlgorithmCrc32
)

// upload is one multipart upload: an object appears when it is completed, and what was sent is removed if it is not.
type upload struct {
	b   *Bucket
	key string
	k   *string // key in S3
	id  *string

	mu    sync.Mutex
	parts []types.CompletedPart // guarded by mu
	size  int64                 // guarded by mu
}

// run begins the upload, sends its parts and completes it, or aborts it.
func (u *upload) run(ctx context.Context, send func(context.Context) error) (storage.Object, error) {
	begun, err := u.b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &u.b.name, Key: u.k, ChecksumAlgorithm: checksum,
	})
	if err != nil {
		return storage.Object{}, u.b.failed(ctx, "write", u.key, err)
	}
	u.id = begun.UploadId
	etag, err := u.complete(ctx, send)
	if err != nil {
		return storage.Object{}, errors.Join(err, u.abort(ctx))
	}
	return u.b.written(ctx, u.key, etag, u.size)
}

func (u *upload) complete(ctx context.Context, send func(context.Context) error) (etag string, err error) {
	if err := send(ctx); err != nil {
		return "", err
	}
	slices.SortFunc(u.parts, func(a, b types.CompletedPart) int { return cmp.Compare(*a.PartNumber, *b.PartNumber) })
	out, err := u.b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.b.name, Key: u.k, UploadId: u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
	})
	if err != nil {
		return "", u.b.failed(ctx, "write", u.key, err)
	}
	return bare(out.ETag), nil
}

// abort removes the parts, which would cost money for ever, also when the caller was told to stop.
func (u *upload) abort(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	_, err := u.b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.b.name, Key: u.k, UploadId: u.id})
	if e, ok := errors.AsType[smithy.APIError](err); err == nil || ok && e.ErrorCode() == codeNoUpload {
		return nil
	}
	return u.b.failed(ctx, "abort the upload of", u.key, err)
}

// stream sends a body of unknown length that begins with first.
func (u *upload) stream(ctx context.Context, first *bytes.Buffer, body io.Reader) error {
	group, ctx := errgroup.WithContext(ctx)
	free := make(chan *bytes.Buffer, parallelParts)
	for range parallelParts - 1 {
		free <- new(bytes.Buffer)
	}
	err := u.cut(ctx, group, free, first, body)
	if sent := group.Wait(); sent != nil {
		return sent // then cut ended because of it
	}
	return err
}

// cut reads parts of the body while others are sent.
func (u *upload) cut(ctx context.Context, group *errgroup.Group, free chan *bytes.Buffer, part *bytes.Buffer, body io.Reader) error {
	for number := int32(1); part.Len() > 0; number++ {
		if number > maxParts {
			return fmt.Errorf("write %s in %s: the body is longer than %d parts of %d bytes", u.key, u.b.location, maxParts, u.b.limits.partBytes)
		}
		full := part // which is another one when this is sent
		group.Go(func() error {
			err := u.part(ctx, number, bytes.NewReader(full.Bytes()), int64(full.Len()))
			free <- full
			return err
		})
		var next *bytes.Buffer
		select {
		case next = <-free:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		next.Reset()
		// ReadFrom wants room to see the end, and doubles the buffer to get it.
		next.Grow(int(u.b.limits.partBytes) + bytes.MinRead)
		if _, err := next.ReadFrom(io.LimitReader(body, u.b.limits.partBytes)); err != nil {
			return fmt.Errorf("write %s in %s: read the body: %w", u.key, u.b.location, err)
		}
		part = next
	}
	return nil
}

// file sends a file's parts.
func (u *upload) file(ctx context.Context, f *os.File, size int64) error {
	partBytes := u.b.limits.partBytes
	for size > partBytes*maxParts {
		partBytes *= 2
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelParts)
	for from := int64(0); from < size; from += partBytes {
		number, n := int32(from/partBytes)+1, min(partBytes, size-from)
		group.Go(func() error { return u.part(ctx, number, io.NewSectionReader(f, from, n), n) })
	}
	return group.Wait()
}

// part sends one part.
func (u *upload) part(ctx context.Context, number int32, body io.ReadSeeker, size int64) error {
	out, err := u.b.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.b.name, Key: u.k, UploadId: u.id, PartNumber: &number, Body: body, ContentLength: &size,
		ChecksumAlgorithm: checksum,
	})
	if err != nil {
		return u.b.failed(ctx, "write", u.key, err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.size += size
	u.parts = append(u.parts, types.CompletedPart{
		PartNumber: aws.Int32(number), ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32,
	})
	return nil
}
