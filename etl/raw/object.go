package raw

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"tidegate/internal/storage"
)

// opener opens objects and undoes their compression, which it knows by the first bytes, whatever the name says.
// It reuses its buffers and is not safe for concurrent use.
type opener struct {
	bucket storage.Bucket
	buffer *bufio.Reader
	gz     *gzip.Reader
	zs     *zstd.Decoder
}

// objectReader reads one decompressed object. What is wrong with the object's own bytes is a *breakage; failing to
// get them is any other error.
type objectReader struct {
	body    *countingBody
	content io.Reader
	size    int64
}

// countingBody notes how far and how the transport went, which decompressors hide.
type countingBody struct {
	io.ReadCloser
	n   int64
	err error // not io.EOF
}

func (b *countingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// open opens the object; the caller closes the body. The reader is valid until the next open.
func (o *opener) open(ctx context.Context, obj storage.Object) (*objectReader, error) {
	body, got, err := o.bucket.Get(ctx, obj.Key, obj.ETag)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", obj.Key, err)
	}
	r := &objectReader{body: &countingBody{ReadCloser: body}, size: got.Size}
	if o.buffer == nil {
		o.buffer = bufio.NewReaderSize(nil, 256<<10)
	}
	o.buffer.Reset(r.body)
	if r.content, err = o.decompress(); err != nil {
		r.content = failing{r.judge(err)}
	}
	return r, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func (o *opener) decompress() (io.Reader, error) {
	magic, err := o.buffer.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case len(magic) >= 2 && magic[0] == 0x1f && magic[1] == 0x8b:
		if o.gz == nil {
			o.gz = new(gzip.Reader)
		}
		return o.gz, o.gz.Reset(o.buffer)
	case string(magic) == "\x28\xb5\x2f\xfd":
		if o.zs == nil {
			o.zs, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
			if err != nil {
				return nil, err
			}
		}
		return o.zs, o.zs.Reset(o.buffer)
	}
	return o.buffer, nil
}

// close frees what the decompressors hold.
func (o *opener) close() {
	if o.zs != nil {
		o.zs.Close()
	}
}

func (r *objectReader) Read(p []byte) (int, error) {
	n, err := r.content.Read(p)
	if err != nil {
		err = r.judge(err)
	}
	return n, err
}

// judge tells a failing transport from a broken object.
func (r *objectReader) judge(err error) error {
	var broken *breakage
	switch {
	case r.body.err != nil:
		return r.body.err
	case errors.As(err, &broken):
		return err
	case errors.Is(err, io.EOF) && r.body.n == r.size:
		return io.EOF
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && r.body.n < r.size:
		return fmt.Errorf("body ended after %d of %d bytes: %w", r.body.n, r.size, io.ErrUnexpectedEOF)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &breakage{ReasonTruncated}
	}
	return &breakage{ReasonCorrupt}
}
