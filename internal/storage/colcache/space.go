package colcache

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
)

// entry gives the entry of an object, a new one if there is none. mu is held.
func (c *Cache) entry(o Object) *entry {
	id := c.id(o)
	e, ok := c.entries[id]
	if !ok {
		e = newEntry(id, o)
		c.entries[id] = e
		e.recent = c.recent.PushFront(e)
	}
	return e
}

func newEntry(id string, o Object) *entry {
	o.Columns, o.All = nil, false
	return &entry{id: id, object: o, columns: map[string]int64{}, units: map[int64]*unit{}, pending: map[int64]string{}}
}

// hold pins an entry. mu is held.
func (c *Cache) hold(e *entry) {
	if e.pins == 0 {
		c.pinned += e.bytes
	}
	e.pins++
}

// letGo unpins an entry; what nobody can use any more leaves. mu is held. Once a number of entries is let go of,
// settleRoom is due.
func (c *Cache) letGo(e *entry) {
	e.pins--
	if e.pins > 0 {
		return
	}
	c.pinned -= e.bytes
	if e.doomed || e.isEmpty() {
		c.drop(e)
	}
}

func (e *entry) isEmpty() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.footer == nil
}

// settleRoom comes after entries were let go of: it keeps to MaxBytes and wakes those who wait for room. mu is held.
func (c *Cache) settleRoom() {
	c.evict(0)
	close(c.freed)
	c.freed = make(chan struct{})
}

// drop removes an entry without pins and its files. mu is held, so that nobody makes the files anew meanwhile.
func (c *Cache) drop(e *entry) {
	// The record first: chunks without a record are nothing, a record without chunks would be a lie.
	err := errors.Join(removeFile(c.recordPath(e.id)), removeFile(c.dataPath(e.id)))
	if err != nil {
		c.log.Warn("cache file stays", logkey.Object, e.object.Key, logkey.Error, err)
	}
	c.used -= e.bytes
	c.metrics.used.Set(float64(c.used))
	c.recent.Remove(e.recent)
	delete(c.entries, e.id)
	c.layouts.Invalidate(e.id)
	c.left.Set(e.id, e.columns)
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// evict drops what was used least recently until need more bytes fit. mu is held. It gives the bytes that left.
func (c *Cache) evict(need int64) int64 {
	var gone int64
	for el := c.recent.Back(); el != nil && c.used+c.reserved+need > c.o.MaxBytes; {
		e := el.Value.(*entry)
		el = el.Prev()
		if e.pins > 0 {
			continue
		}
		gone += e.bytes
		c.drop(e)
	}
	c.metrics.evicted.Add(float64(gone))
	return gone
}

// makeRoom drops what was used least recently, to the size of need, whatever MaxBytes says. It reports whether
// there was anything.
func (c *Cache) makeRoom(need int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.evict(c.o.MaxBytes-c.used-c.reserved+need) > 0
}

// room is what a lease may add to the disk. It shrinks as entries are done.
type room struct {
	c       *Cache
	l       *Lease
	settled []bool  // guarded by c.mu
	bytes   []int64 // by want
}

// reserve takes room for the chunks of the lease that are absent, evicting what it must.
func (c *Cache) reserve(l *Lease) (*room, error) {
	r := &room{c: c, l: l, settled: make([]bool, len(l.wants)), bytes: make([]int64, len(l.wants))}
	var need int64
	for i := range l.wants {
		r.bytes[i] = space(l.wants[i].e.missing(l.wants[i].chunks))
		need += r.bytes[i]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var own, alone int64 // alone: if the files held nothing else
	for i := range l.wants {
		own += l.wants[i].e.bytes
		alone += l.wants[i].alone()
	}
	switch {
	case need > 0 && alone > c.o.MaxBytes:
		return nil, pgerr.New(pgerr.ConfigurationLimit, "the query needs %d bytes of the column cache, which has %d",
			alone, c.o.MaxBytes).WithHint("narrow the time range, name fewer columns, or raise lake.cache.max_bytes")
	case need > 0 && own+need > c.o.MaxBytes:
		return nil, &noRoomError{need: need, held: c.pinned + c.reserved, limit: c.o.MaxBytes, shed: own + need - c.o.MaxBytes}
	case need > 0 && c.pinned+c.reserved+need > c.o.MaxBytes:
		return nil, &noRoomError{need: need, held: c.pinned + c.reserved, limit: c.o.MaxBytes}
	}
	c.evict(need)
	c.reserved += need
	return r, nil
}

// alone is the room that the want needs in a file without any other column.
func (w *want) alone() int64 {
	const ends = 4 * block // the file's first block, and those in which the footer begins and ends
	return space(w.chunks) + w.footer/block*block + ends
}

// shed drops files of the lease, whose other columns leave no room for the ones it needs: those with most of them
// first, until so many bytes have left. What others pin stays. The lease has been given up.
func (c *Cache) shed(l *Lease, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	surplus := func(w want) int64 { return w.e.bytes + space(w.e.missing(w.chunks)) - w.alone() }
	slices.SortFunc(l.wants, func(a, b want) int { return cmp.Compare(surplus(b), surplus(a)) })
	for _, w := range l.wants {
		if bytes <= 0 || surplus(w) <= 0 {
			return
		}
		if w.e.pins == 0 && c.entries[w.e.id] == w.e {
			bytes -= surplus(w)
			c.metrics.evicted.Add(float64(w.e.bytes))
			c.drop(w.e)
		}
	}
}

// settle accounts what the want's file takes now, in place of its reservation.
func (r *room) settle(i int) {
	bytes := r.c.allocated(r.l.wants[i].e)
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	if !r.settled[i] {
		r.settled[i] = true
		r.c.reserved -= r.bytes[i]
	}
	r.c.account(r.l.wants[i].e, bytes)
}

// giveBack ends what is left of the reservation.
func (r *room) giveBack() {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	for i, done := range r.settled {
		if !done {
			r.settled[i] = true
			r.c.reserved -= r.bytes[i]
		}
	}
	r.c.settleRoom()
}

// account notes what a pinned entry takes. mu is held.
func (c *Cache) account(e *entry, bytes int64) {
	c.used += bytes - e.bytes
	c.pinned += bytes - e.bytes
	e.bytes = bytes
	c.metrics.used.Set(float64(c.used))
}

// allocated is what the entry's file takes on the disk; holes take nothing.
func (c *Cache) allocated(e *entry) int64 {
	var st syscall.Stat_t
	if err := syscall.Stat(c.dataPath(e.id), &st); err != nil {
		return 0
	}
	return st.Blocks * 512
}

// noRoomError says that running queries hold the room that a query needs.
type noRoomError struct {
	need, held, limit int64
	shed              int64 // that the query's own files must lose before there can be room
}

func (e *noRoomError) Error() string {
	return fmt.Sprintf("%d bytes are needed, %d of %d are held", e.need, e.held, e.limit)
}

func (e *noRoomError) explain() error {
	return &pgerr.Error{
		Code: pgerr.InsufficientResources, Err: e,
		Message: fmt.Sprintf("the query needs %d bytes more of the column cache; running queries hold %d of its %d",
			e.need, e.held, e.limit),
		Hint: "try again later, or raise lake.cache.max_bytes",
	}
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// note adds a chunk that was fetched to its entry's columns.
func (c *Cache) note(e *entry, ch chunk) {
	if before, ok := c.left.GetIfPresent(e.id); ok && before[ch.column] > 0 {
		c.metrics.refetched.Add(float64(ch.length))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e.columns[ch.column] += ch.length
}

// lockFolder makes the folder and takes its lock, which ends with the process.
func lockFolder(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(lockPath(dir), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrInUse
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
