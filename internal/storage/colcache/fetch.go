package colcache

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/sync/errgroup"

	"tidegate/internal/logkey"
	"tidegate/internal/parquetfooter"
	"tidegate/internal/storage"
)

// work verifies and fetches chunks of one entry and settles each of them, whatever happens.
func (c *Cache) work(ctx context.Context, e *entry, fetch, verify []chunk) error {
	f, err := os.OpenFile(c.dataPath(e.id), os.O_RDWR, 0)
	if err != nil {
		err = diskError{fmt.Errorf("open file of %s: %w", e.object.Key, err)}
		for _, ch := range slices.Concat(fetch, verify) {
			e.settle(ch, false, err)
		}
		return err
	}
	for _, ch := range verify {
		c.verify(e, f, ch)
	}
	err = c.fetch(ctx, e, f, fetch)
	if err == nil && len(fetch) > 0 {
		c.noteDirty(e)
	}
	return errors.Join(err, f.Close())
}

// verify compares a chunk that an earlier process recorded with its checksum; one that differs becomes absent.
// Nobody has read it in this process, so it may be written again.
func (c *Cache) verify(e *entry, f *os.File, ch chunk) {
	e.mu.Lock()
	want := e.units[ch.offset].crc
	e.mu.Unlock()
	got, err := checksum(f, ch.offset, ch.length)
	if err == nil && got == want {
		e.settle(ch, true, nil)
		return
	}
	c.log.Warn("cached chunk is damaged", logkey.Object, e.object.Key, logkey.Error, err)
	c.metrics.damaged.Inc()
	c.mu.Lock()
	e.columns[ch.column] -= ch.length
	c.mu.Unlock()
	e.settle(ch, false, interruptedError{parquetfooter.ErrDamaged})
}

// castagnoli gives the polynomial of CRC-32C, for which processors have an instruction.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func checksum(f io.ReaderAt, offset, length int64) (uint32, error) {
	h := crc32.New(castagnoli())
	if _, err := io.Copy(h, io.NewSectionReader(f, offset, length)); err != nil {
		return 0, err
	}
	return h.Sum32(), nil
}

// fetch brings chunks, several requests at a time. One of which every piece arrived is present, though others failed.
func (c *Cache) fetch(ctx context.Context, e *entry, f *os.File, chunks []chunk) error {
	if len(chunks) == 0 {
		return nil
	}
	requests := pieces(chunks)
	arrived := make([]bool, len(requests))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(c.o.Fetches)
	for i, p := range requests {
		group.Go(func() error {
			err := c.request(groupCtx, e, p.offset, p.length, func(b []byte, at int64) error { return p.write(f, b, at) })
			arrived[i] = err == nil
			return err
		})
	}
	err := group.Wait()
	failure := err
	if ctx.Err() != nil {
		failure = interruptedError{context.Cause(ctx)}
	}
	lost := map[int64]bool{}
	for i, p := range requests {
		for _, ch := range p.chunks {
			lost[ch.offset] = lost[ch.offset] || !arrived[i]
		}
	}
	for _, ch := range chunks {
		if lost[ch.offset] {
			e.settle(ch, false, failure)
			continue
		}
		c.note(e, ch)
		e.settle(ch, false, nil)
	}
	return err
}

// write puts what arrived of a piece into the file: chunks only, never the gaps between them.
func (p piece) write(f *os.File, b []byte, at int64) error {
	for _, ch := range p.chunks {
		from, to := max(ch.offset, at), min(ch.end(), at+int64(len(b)))
		if from >= to {
			continue
		}
		if _, err := f.WriteAt(b[from-at:to-at], from); err != nil {
			return diskError{err}
		}
	}
	return nil
}

// diskError is a failure of this machine's disk: the same request would fail again.
type diskError struct{ error }

func (e diskError) Unwrap() error { return e.error }

var errStalled = errors.New("no byte arrived in time")

// request reads a range of the object and gives it to sink, in order. What fails for the moment (anything but a
// missing, changed or forbidden object) is tried again from where it broke.
func (c *Cache) request(ctx context.Context, e *entry, offset, length int64, sink func(b []byte, at int64) error) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.Multiplier, wait.MaxInterval = c.o.Backoff, 2, 100*c.o.Backoff
	var done int64
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		n, err := c.get(ctx, e, offset+done, length-done, sink)
		done += n
		if isPermanent(err) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(uint(c.o.Tries)), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, after time.Duration) {
			c.metrics.retries.Inc()
			c.log.DebugContext(ctx, "fetch again", logkey.Object, e.object.Key, logkey.Elapsed, after, logkey.Error, err)
		}))
	if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok { // of the last try
		err = permanent.Unwrap()
	}
	return err
}

func isPermanent(err error) bool {
	_, disk := errors.AsType[diskError](err)
	return disk || errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrChanged) || errors.Is(err, storage.ErrDenied)
}

// get is one request. It gives the number of bytes that went to sink.
func (c *Cache) get(ctx context.Context, e *entry, offset, length int64, sink func(b []byte, at int64) error) (n int64, err error) {
	if err := c.fetches.Acquire(ctx, 1); err != nil {
		return 0, context.Cause(ctx)
	}
	defer c.fetches.Release(1)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience := time.AfterFunc(c.o.Stall, func() { cancel(errStalled) })
	defer patience.Stop()
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx) // what a store says of an ended context differs
		}
	}()
	body, err := c.o.Bucket.GetRange(ctx, e.object.Key, e.object.ETag, offset, length)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	buffer, _ := c.buffers.Get().(*[]byte)
	defer c.buffers.Put(buffer)
	for n < length {
		part := (*buffer)[:min(int64(len(*buffer)), length-n)]
		k, err := io.ReadAtLeast(body, part, 1)
		patience.Reset(c.o.Stall)
		c.metrics.fetched.Add(float64(k))
		if k > 0 {
			if err := sink(part[:k], offset+n); err != nil {
				return n, err
			}
			n += int64(k)
		}
		if errors.Is(err, io.EOF) {
			return n, io.ErrUnexpectedEOF
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
