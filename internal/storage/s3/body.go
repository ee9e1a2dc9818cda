package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"time"

	"tidegate/internal/storage"
)

// body reads an object, or a part of one, and asks for the rest again when the connection breaks, the answer is
// shorter than it said, or nothing comes any more. The SDK tries requests again, but not their bodies.
type body struct {
	ctx   context.Context //nolint:containedctx // the body lives as long as it, as http.Response.Body does
	b     *Bucket
	key   string
	etag  string // what is read, once it is known
	next  int64  // offset in the object of the next byte
	end   int64  // offset after the last byte; -1 before it is known: all
	short bool   // the object ends before the range that was asked for

	r       io.ReadCloser
	cancel  context.CancelCauseFunc // ends the request of r
	cause   func() error            // why it was ended
	stalled *time.Timer             // calls cancel
	broken  int                     // times in a row that r broke without a byte
	closed  bool
}

// open asks for the bytes from next to end.
func (r *body) open() (storage.Object, error) {
	ctx, cancel := context.WithCancelCause(r.ctx)
	body, o, err := r.b.get(ctx, r.key, r.etag, r.next, r.end)
	if err != nil {
		cancel(nil)
		return o, err
	}
	r.r, r.cancel, r.cause = body, cancel, func() error { return context.Cause(ctx) }
	r.stalled = time.AfterFunc(r.b.limits.stall, func() { cancel(errStalled) })
	r.stalled.Stop() // it runs while a Read waits: how slow the reader is does not matter
	return o, nil
}

func (r *body) Read(p []byte) (int, error) {
	for len(p) > 0 {
		if r.closed {
			return 0, fs.ErrClosed
		}
		if r.ctx.Err() != nil { // what has arrived already would still come
			return 0, fmt.Errorf("read %s in %s: %w", r.key, r.b.location, context.Cause(r.ctx))
		}
		if r.r == nil {
			if err := r.reopen(); err != nil {
				return 0, err
			}
		}
		r.stalled.Reset(r.b.limits.stall)
		n, err := r.r.Read(p)
		r.stalled.Stop()
		if n > 0 {
			r.next += int64(n)
			r.broken = 0
		}
		switch {
		case r.next > r.end:
			return 0, fmt.Errorf("read %s in %s: the answer is longer than it said", r.key, r.b.location)
		case r.next == r.end && err != nil:
			return n, r.ended(err)
		case n > 0 && err == nil:
			return n, nil
		case err == nil:
			continue
		}
		if err := r.breaks(err); err != nil || n > 0 {
			return n, err
		}
	}
	return 0, nil
}

// ended is the error after the last byte: io.EOF, unless the range goes on or the bytes are not those that S3
// computed a checksum of.
func (r *body) ended(err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("read %s in %s: %w", r.key, r.b.location, err)
	case r.short:
		return io.ErrUnexpectedEOF
	}
	return io.EOF
}

// breaks closes a reader that ended before its time. It gives an error if it is not to be opened again.
func (r *body) breaks(err error) error {
	if errors.Is(r.cause(), errStalled) { // the transport calls it canceled, as if the caller had
		err = errStalled
	}
	r.shut()
	if r.ctx.Err() != nil {
		return fmt.Errorf("read %s in %s: %w", r.key, r.b.location, context.Cause(r.ctx))
	}
	if r.broken++; r.broken <= r.b.limits.resumes {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %s in %s: broken off %d times in a row at byte %d: %w", r.key, r.b.location, r.broken, r.next, err)
}

// reopen goes on reading, a moment later if it was tried just now.
func (r *body) reopen() error {
	if r.broken > 1 {
		wait := time.Duration(rand.Int64N(int64(50*time.Millisecond) << r.broken))
		select {
		case <-r.ctx.Done():
			return fmt.Errorf("read %s in %s: %w", r.key, r.b.location, context.Cause(r.ctx))
		case <-time.After(wait):
		}
	}
	_, err := r.open()
	return err
}

func (r *body) shut() {
	if r.r == nil {
		return
	}
	r.stalled.Stop()
	_ = r.r.Close() // of a connection that is given up
	r.cancel(nil)
	r.r = nil
}

// Close ends the request if it still runs.
func (r *body) Close() error {
	r.shut()
	r.closed = true
	return nil
}
