package storagetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"tidegate/internal/storage"
)

// Fault is how one request goes wrong.
type Fault int

// The faults. Unavailable, Reset, Short and Hang pass; the others stay as long as the caller gives them.
const (
	None        Fault = iota
	Unavailable       // 500 or 503 before the body
	Reset             // the connection breaks in the middle of the body
	Short             // the body ends early, as if that were all
	Hang              // no byte comes until the request is given up
	Changed           // the object has another ETag
	Missing           // the object was deleted
	Denied            // 403: the credentials have expired
)

// Request is one GET.
type Request struct {
	Key            string
	Offset, Length int64 // Length is -1 for a whole object
}

// Faulty is a bucket that counts what is read of it, takes its time, and fails as stores do. It has none of the
// optional powers of the bucket that it wraps. It is safe for concurrent use.
type Faulty struct {
	storage.Bucket
	// Delay is added to every request.
	Delay time.Duration
	// Next says how the request goes; nil: all go well. It is called once per request, one at a time.
	Next func(Request) Fault

	mu       sync.Mutex
	requests []Request // guarded by mu
	bytes    int64     // guarded by mu
}

// Requests gives the GETs since the last Reset.
func (f *Faulty) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Request(nil), f.requests...)
}

// Bytes gives how many bytes of bodies were delivered since the last Reset.
func (f *Faulty) Bytes() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bytes
}

// Reset counts from nothing again.
func (f *Faulty) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests, f.bytes = nil, 0
}

func (f *Faulty) next(r Request) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r)
	if f.Next == nil {
		return None
	}
	return f.Next(r)
}

// Get opens the whole object.
func (f *Faulty) Get(ctx context.Context, key, etag string) (io.ReadCloser, storage.Object, error) {
	fault := f.next(Request{Key: key, Length: -1})
	if err := f.before(ctx, key, fault); err != nil {
		return nil, storage.Object{}, err
	}
	body, o, err := f.Bucket.Get(ctx, key, etag)
	if err != nil {
		return nil, o, err
	}
	return f.body(ctx, body, fault, o.Size), o, nil
}

// GetRange opens length bytes from offset.
func (f *Faulty) GetRange(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error) {
	fault := f.next(Request{key, offset, length})
	if err := f.before(ctx, key, fault); err != nil {
		return nil, err
	}
	body, err := f.Bucket.GetRange(ctx, key, etag, offset, length)
	if err != nil {
		return nil, err
	}
	return f.body(ctx, body, fault, length), nil
}

// before is what happens until the first byte.
func (f *Faulty) before(ctx context.Context, key string, fault Fault) error {
	if f.Delay > 0 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(f.Delay):
		}
	}
	switch fault {
	case Unavailable:
		return errors.New("503 slow down")
	case Hang:
		<-ctx.Done()
		return ctx.Err()
	case Changed:
		return fmt.Errorf("open %s: %w", key, storage.ErrChanged)
	case Missing:
		return fmt.Errorf("open %s: %w", key, storage.ErrNotFound)
	case Denied:
		return fmt.Errorf("open %s: %w: ExpiredToken", key, storage.ErrDenied)
	default:
		return nil
	}
}

func (f *Faulty) body(ctx context.Context, body io.ReadCloser, fault Fault, length int64) io.ReadCloser {
	b := &faultyBody{ReadCloser: body, f: f, ctx: ctx, left: length}
	switch fault {
	case Reset:
		b.left, b.end = length/2, syscall.ECONNRESET
	case Short:
		b.left, b.end = length/2, io.EOF
	default:
	}
	return b
}

type faultyBody struct {
	io.ReadCloser
	f    *Faulty
	ctx  context.Context //nolint:containedctx // a body ends with its request
	left int64
	end  error // what comes when nothing is left; nil: what the bucket says
}

func (b *faultyBody) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, b.ctx.Err()
	}
	if b.end != nil {
		if b.left <= 0 {
			return 0, b.end
		}
		p = p[:min(int64(len(p)), b.left)]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	b.f.mu.Lock()
	defer b.f.mu.Unlock()
	b.f.bytes += int64(n)
	return n, err
}
