package colcache

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"tidegate/internal/logkey"
)

const folders = 256 // by the first two digits of an id

func lockPath(dir string) string { return filepath.Join(dir, "lock") }

// recover finds what earlier processes recorded and removes everything else. Chunks are believed after their checksum
// was compared, when a query first needs them.
func (c *Cache) recover() error {
	type found struct {
		e  *entry
		at time.Time
	}
	var all []found
	for i := range folders {
		dir := filepath.Join(c.o.Dir, hexByte(i))
		files, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			err = os.Mkdir(dir, 0o700)
		}
		if err != nil {
			return err
		}
		for _, f := range files {
			id, isRecord := strings.CutSuffix(f.Name(), recordSuffix)
			if !isRecord {
				id = strings.TrimSuffix(f.Name(), dataSuffix)
			}
			if c.entries[id] != nil {
				continue
			}
			e, at := c.recoverEntry(id)
			if e == nil {
				if err := os.RemoveAll(filepath.Join(dir, f.Name())); err != nil {
					return err
				}
				continue
			}
			c.entries[id] = e
			all = append(all, found{e, at})
		}
	}
	// What was used last is not written down; what was fetched last stands for it.
	slices.SortFunc(all, func(a, b found) int { return cmp.Compare(b.at.UnixNano(), a.at.UnixNano()) })
	for _, f := range all {
		f.e.recent = c.recent.PushBack(f.e)
		c.used += f.e.bytes
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.evict(0)
	c.metrics.used.Set(float64(c.used))
	c.log.Info("column cache open", logkey.Files, len(c.entries), logkey.Bytes, c.used)
	return nil
}

// recoverEntry gives the entry that a record describes, nil if there is no sound one for this id.
func (c *Cache) recoverEntry(id string) (*entry, time.Time) {
	if len(id) < 2 {
		return nil, time.Time{}
	}
	text, err := os.ReadFile(c.recordPath(id))
	if err != nil {
		return nil, time.Time{}
	}
	head, units, sound, err := readRecord(text)
	if err != nil || head.Location != c.o.Bucket.Location() {
		return nil, time.Time{}
	}
	o := Object{Key: head.Key, ETag: head.ETag, Size: head.Size}
	info, err := os.Stat(c.dataPath(id))
	if c.id(o) != id || err != nil || info.Size() != head.FooterOffset+head.FooterLength {
		return nil, time.Time{}
	}
	if sound < int64(len(text)) {
		if err := os.Truncate(c.recordPath(id), sound); err != nil {
			return nil, time.Time{}
		}
	}
	e := newEntry(id, o)
	e.footer = &footerRecord{offset: head.FooterOffset, length: head.FooterLength, crc: head.FooterCRC}
	e.saved = true
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		e.bytes = st.Blocks * 512
	}
	for _, u := range units {
		if old := e.units[u.Offset]; old == nil {
			e.columns[u.Column] += u.Length
		}
		e.units[u.Offset] = &unit{length: u.Length, state: unitUnverified, crc: u.CRC}
	}
	return e, info.ModTime()
}

func hexByte(i int) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[i>>4], digits[i&15]})
}
