package colcache

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"

	"tidegate/internal/parquetfooter"
)

// tailGuess is read of an object whose footer's length nobody knows.
const tailGuess = 64 << 10

// footerRecord says where the local footer is and what it must be.
type footerRecord struct {
	offset int64 // also of the object's
	length int64
	crc    uint32
}

// footer gives the layout of an entry's object and makes sure that the local footer is in its file. Of several callers
// one works. footerBytes may be 0.
func (c *Cache) footer(ctx context.Context, e *entry, footerBytes int64) (*layout, error) {
	for {
		e.mu.Lock()
		f := e.loading
		if f == nil {
			if e.footer != nil {
				if l, ok := c.layouts.GetIfPresent(e.id); ok {
					e.mu.Unlock()
					return l, nil
				}
			}
			f = newFlight()
			e.loading = f
			e.mu.Unlock()
			return c.loadFooter(ctx, e, f, footerBytes)
		}
		e.mu.Unlock()
		if err := f.wait(ctx); err != nil {
			return nil, err
		}
	}
}

func (c *Cache) loadFooter(ctx context.Context, e *entry, f *flight, footerBytes int64) (*layout, error) {
	l, record, err := c.localFooter(e)
	if err != nil || l == nil {
		if err == nil {
			l, record, err = c.fetchFooter(ctx, e, footerBytes)
		}
	}
	e.mu.Lock()
	e.loading = nil
	if err == nil {
		e.footer, e.used = record, true
		c.layouts.Set(e.id, l)
	}
	saved := e.saved
	e.mu.Unlock()
	switch {
	case err != nil && ctx.Err() != nil:
		f.land(interruptedError{context.Cause(ctx)})
	case err == nil && !saved:
		c.noteDirty(e)
		f.land(nil)
	default:
		f.land(err)
	}
	return l, err
}

// localFooter reads the footer from the entry's file. It gives nil if there is none yet, and if an earlier process
// left a damaged one: then everything that it recorded is forgotten.
func (c *Cache) localFooter(e *entry) (*layout, *footerRecord, error) {
	e.mu.Lock()
	record, used := e.footer, e.used
	e.mu.Unlock()
	if record == nil {
		return nil, nil, nil
	}
	l, err := readLocal(c.dataPath(e.id), record)
	if err == nil {
		return l, record, nil
	}
	c.metrics.damaged.Inc()
	if used {
		// Queries may be reading the file: it must not change under them.
		c.doom(e)
		return nil, nil, diskError{fmt.Errorf("cached footer of %s: %w", e.object.Key, err)}
	}
	return nil, nil, c.forget(e)
}

func readLocal(path string, record *footerRecord) (*layout, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	footer := make([]byte, record.length)
	_, err = f.ReadAt(footer, record.offset)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if crc32.Checksum(footer, castagnoli()) != record.crc {
		return nil, parquetfooter.ErrDamaged
	}
	l, _, err := readFooter(footer, record.offset+record.length)
	return l, err
}

// forget makes an entry that nobody has used as if it were new.
func (c *Cache) forget(e *entry) error {
	if err := removeFile(c.recordPath(e.id)); err != nil {
		return diskError{err}
	}
	if err := removeFile(c.dataPath(e.id)); err != nil {
		return diskError{err}
	}
	c.mu.Lock()
	c.account(e, 0)
	clear(e.columns)
	c.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.footer, e.saved = nil, false
	clear(e.units)
	clear(e.pending)
	return nil
}

func (c *Cache) doom(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.doomed = true
}

// fetchFooter reads the object's footer and begins the local file with it.
func (c *Cache) fetchFooter(ctx context.Context, e *entry, footerBytes int64) (*layout, *footerRecord, error) {
	tail, err := c.fetchTail(ctx, e, footerBytes)
	if err != nil {
		return nil, nil, err
	}
	l, local, err := readFooter(tail, e.object.Size)
	if err != nil {
		return nil, nil, err
	}
	record := &footerRecord{offset: l.footerOffset, length: int64(len(local)), crc: crc32.Checksum(local, castagnoli())}
	err = writeFooter(c.dataPath(e.id), local, record.offset)
	if isFull(err) && c.makeRoom(record.length+block) {
		err = writeFooter(c.dataPath(e.id), local, record.offset)
	}
	if err != nil {
		return nil, nil, diskError{err}
	}
	bytes := c.allocated(e)
	c.mu.Lock()
	c.account(e, bytes)
	c.mu.Unlock()
	return l, record, nil
}

// fetchTail gives the object's footer, no more and no less.
func (c *Cache) fetchTail(ctx context.Context, e *entry, footerBytes int64) ([]byte, error) {
	size := e.object.Size
	if footerBytes <= 0 || footerBytes > size {
		footerBytes = min(tailGuess, size)
	}
	tail, err := c.read(ctx, e, size-footerBytes, footerBytes)
	if err != nil {
		return nil, err
	}
	n, err := parquetfooter.MetadataLength(tail, size)
	if err != nil {
		return nil, err
	}
	if missing := n + parquetfooter.Trailer - footerBytes; missing > 0 {
		head, err := c.read(ctx, e, size-n-parquetfooter.Trailer, missing)
		if err != nil {
			return nil, err
		}
		tail = append(head, tail...)
	}
	return tail[int64(len(tail))-n-parquetfooter.Trailer:], nil
}

func (c *Cache) read(ctx context.Context, e *entry, offset, length int64) ([]byte, error) {
	b := make([]byte, 0, length)
	err := c.request(ctx, e, offset, length, func(part []byte, _ int64) error {
		b = append(b, part...)
		return nil
	})
	return b, err
}

// writeFooter makes the file with a footer and nothing else. It ends behind the footer, as DuckDB expects.
func writeFooter(path string, footer []byte, offset int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(parquetfooter.Magic), 0)
	if err == nil {
		_, err = f.WriteAt(footer, offset)
	}
	return errors.Join(err, f.Close())
}
