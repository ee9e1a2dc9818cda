package colcache

import (
	"container/list"
	"context"
	"errors"
	"strings"
	"sync"
)

// entry is one object's local file.
type entry struct {
	id     string
	object Object // identity; Columns and All are not used

	// Guarded by Cache.mu.
	pins    int              // an entry with pins stays where it is
	bytes   int64            // that the file takes on the disk
	columns map[string]int64 // bytes of the chunks that are present
	doomed  bool             // leaves with its last pin: the disk lost what was written
	recent  *list.Element

	mu sync.Mutex
	// The rest is guarded by mu.
	footer  *footerRecord    // of the local footer; nil: it is not in the file
	used    bool             // a layout was given out in this process
	loading *flight          // the one who brings the footer
	units   map[int64]*unit  // by offset of the chunk; missing: absent
	pending map[int64]string // column by offset: present and not recorded
	saved   bool             // the footer is recorded
}

// unit is a chunk that is present or on its way.
type unit struct {
	length int64
	state  unitState
	crc    uint32  // if recorded
	flight *flight // the one who brings or checks it
}

type unitState uint8

const (
	unitComing     unitState = iota // flight is set
	unitUnverified                  // recorded by an earlier process; nobody has read it in this one
	unitPresent
)

// flight is work that others wait for.
type flight struct {
	done chan struct{}
	err  error // set before done is closed
}

func newFlight() *flight { return &flight{done: make(chan struct{})} }

func (f *flight) land(err error) {
	f.err = err
	close(f.done)
}

// wait gives the error of the work, nil also if whoever did it went away: then it is to be done again.
func (f *flight) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-f.done:
	}
	if _, interrupted := errors.AsType[interruptedError](f.err); interrupted {
		return nil
	}
	return f.err
}

// interruptedError is the end of the context of whoever did the work.
type interruptedError struct{ cause error }

func (e interruptedError) Error() string { return e.cause.Error() }
func (e interruptedError) Unwrap() error { return e.cause }

// columns gives the columns as a set, lower case.
func (o Object) columns() map[string]bool {
	set := make(map[string]bool, len(o.Columns))
	for _, c := range o.Columns {
		set[strings.ToLower(c)] = true
	}
	return set
}

// claim takes on the chunks that are absent (fetch) or unverified (verify), for whom the caller must call settle, and
// gives the flights of those that others bring.
func (e *entry) claim(want []chunk) (fetch, verify []chunk, others []*flight) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range want {
		u := e.units[c.offset]
		switch {
		case u == nil:
			e.units[c.offset] = &unit{length: c.length, flight: newFlight()}
			fetch = append(fetch, c)
		case u.state == unitComing:
			others = append(others, u.flight)
		case u.state == unitUnverified && u.length != c.length:
			// Recorded by a program that cut the object differently.
			e.units[c.offset] = &unit{length: c.length, flight: newFlight()}
			fetch = append(fetch, c)
		case u.state == unitUnverified:
			u.state, u.flight = unitComing, newFlight()
			verify = append(verify, c)
		}
	}
	return fetch, verify, others
}

// settle ends the claim of a chunk: present if err is nil, else absent. recorded says that it was recorded before.
func (e *entry) settle(c chunk, recorded bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	u := e.units[c.offset]
	f := u.flight
	if err != nil {
		delete(e.units, c.offset)
	} else {
		u.state, u.flight = unitPresent, nil
		if !recorded {
			e.pending[c.offset] = c.column
		}
	}
	f.land(err)
}

// missing gives the chunks that are not present and not on their way.
func (e *entry) missing(want []chunk) []chunk {
	e.mu.Lock()
	defer e.mu.Unlock()
	var m []chunk
	for _, c := range want {
		if e.units[c.offset] == nil {
			m = append(m, c)
		}
	}
	return m
}
