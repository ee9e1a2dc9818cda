package colcache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"tidegate/internal/logkey"
)

// recorder makes what was fetched survive: first the data is made durable, then the record names it. It works behind
// the queries, which need neither; what it has not come to when the process dies is fetched again.
type recorder struct {
	mu    sync.Mutex
	dirty []*entry // guarded by mu; each with a pin
	known map[*entry]bool
	done  bool // guarded by mu
	wake  *sync.Cond
	ended chan struct{}
}

func (r *recorder) start(c *Cache) {
	r.known, r.ended, r.wake = map[*entry]bool{}, make(chan struct{}), sync.NewCond(&r.mu)
	go func() {
		defer close(r.ended)
		for {
			e, ok := r.next()
			if !ok {
				return
			}
			if err := c.record(e); err != nil {
				// A later sync may well succeed and yet the bytes be lost: what is not recorded by now never will be.
				c.log.Warn("record cache file", logkey.Object, e.object.Key, logkey.Error, err)
				c.doom(e)
			}
			c.mu.Lock()
			c.letGo(e)
			c.settleRoom()
			c.mu.Unlock()
		}
	}()
}

// next waits for an entry; it gives false when stop was called and nothing is left.
func (r *recorder) next() (*entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.dirty) == 0 {
		if r.done {
			return nil, false
		}
		r.wake.Wait()
	}
	e := r.dirty[0]
	r.dirty = r.dirty[1:]
	delete(r.known, e)
	return e, true
}

// stop returns when everything is recorded.
func (r *recorder) stop() {
	r.mu.Lock()
	r.done = true
	r.wake.Signal()
	r.mu.Unlock()
	<-r.ended
}

// noteDirty has an entry recorded soon. The caller holds a pin on it.
func (c *Cache) noteDirty(e *entry) {
	r := &c.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[e] {
		return
	}
	r.known[e] = true
	c.mu.Lock()
	c.hold(e)
	c.mu.Unlock()
	r.dirty = append(r.dirty, e)
	r.wake.Signal()
}

// record makes what is present of an entry durable and writes it down.
func (c *Cache) record(e *entry) error {
	e.mu.Lock()
	footer, saved := e.footer, e.saved
	pending := make([]recordUnit, 0, len(e.pending))
	for offset, column := range e.pending {
		pending = append(pending, recordUnit{Column: column, Offset: offset, Length: e.units[offset].length})
	}
	clear(e.pending)
	e.mu.Unlock()
	if footer == nil || saved && len(pending) == 0 {
		return nil
	}
	if err := c.sync(e, pending); err != nil {
		return fmt.Errorf("make durable: %w", err)
	}
	var lines []byte
	var err error
	if !saved {
		lines, err = appendLine(lines, recordHead{
			Format: recordFormat, Location: c.o.Bucket.Location(), Key: e.object.Key, ETag: e.object.ETag, Size: e.object.Size,
			FooterOffset: footer.offset, FooterLength: footer.length, FooterCRC: footer.crc,
		})
		if err != nil {
			return err
		}
	}
	for _, u := range pending {
		if lines, err = appendLine(lines, u); err != nil {
			return err
		}
	}
	path := c.recordPath(e.id)
	if err := appendRecord(path, lines); err != nil {
		return err
	}
	e.mu.Lock()
	e.saved = true
	e.mu.Unlock()
	if saved {
		return nil
	}
	return syncFolder(filepath.Dir(path))
}

// sync makes the entry's file durable and fills in the checksums of the chunks.
func (c *Cache) sync(e *entry, chunks []recordUnit) error {
	f, err := os.Open(c.dataPath(e.id))
	if err != nil {
		return err
	}
	err = f.Sync()
	for i := range chunks {
		if err == nil {
			chunks[i].CRC, err = checksum(f, chunks[i].Offset, chunks[i].Length)
		}
	}
	return errors.Join(err, f.Close())
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
