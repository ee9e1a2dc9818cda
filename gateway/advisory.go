package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tidegate/internal/pgerr"
)

// AdvisoryKey names an advisory lock as pg_locks does: Sub is 1 of a bigint, whose halves the others are, and 2 of two integers.
type AdvisoryKey struct {
	Class, Object uint32
	Sub           int16
}

// AdvisoryRequest is what a session wants of an advisory lock.
type AdvisoryRequest struct {
	Key    AdvisoryKey
	Shared bool
	Try    bool // do not wait
	// Transaction has the lock given back when the transaction ends, or goes back behind a savepoint.
	Transaction bool
}

// deadlockAfter is how long a session waits before it looks whether it waits for itself, as in PostgreSQL.
const deadlockAfter = time.Second

// advisoryLocks are the advisory locks of this process.
type advisoryLocks struct {
	mu    sync.Mutex
	locks map[AdvisoryKey]*advisoryLock // that somebody has or waits for; guarded by mu
}

// advisoryLock is guarded by the mutex of all.
type advisoryLock struct {
	holders map[*session]*advisoryHold
	queue   []*advisoryWait // the first one is the next
}

// advisoryHold counts how often a session has a lock: exclusive and shared.
type advisoryHold struct{ session, transaction [2]int }

// advisoryWait is a session that waits.
type advisoryWait struct {
	session *session
	request AdvisoryRequest
	granted chan struct{}
	began   time.Time
}

// advisory is a session's part.
type advisory struct {
	timeout atomic.Int64 // lock_timeout in nanoseconds; 0 is none
	taken   atomic.Int64 // len(transactional)
	// transaction is the number of the session's, 0 outside of one.
	transaction atomic.Int64
	// transactional are the locks of the transaction, in order; guarded by the mutex of all.
	transactional []AdvisoryRequest
}

func modeOf(shared bool) int {
	if shared {
		return 1
	}
	return 0
}

// modeName is what PostgreSQL calls a mode.
func modeName(shared bool) string {
	if shared {
		return "ShareLock"
	}
	return "ExclusiveLock"
}

func (h *advisoryHold) has(mode int) bool { return h.session[mode]+h.transaction[mode] > 0 }

func (h *advisoryHold) empty() bool { return *h == advisoryHold{} }

// conflict reports whether two sessions cannot have a lock at the same time.
func conflict(shared, otherShared bool) bool { return !shared || !otherShared }

// keepsFrom reports whether a hold keeps other sessions from a mode.
func (h *advisoryHold) keepsFrom(shared bool) bool {
	return h.has(modeOf(false)) && conflict(false, shared) || h.has(modeOf(true)) && conflict(true, shared)
}

// free reports whether a session may have the lock beside those that have it, and before or behind the first n that wait.
func (l *advisoryLock) free(s *session, shared bool, n int) bool {
	for other, h := range l.holders {
		if other != s && h.keepsFrom(shared) {
			return false
		}
	}
	for _, w := range l.queue[:n] {
		if conflict(w.request.Shared, shared) {
			return false
		}
	}
	return true
}

// take gives a session the lock.
func (l *advisoryLock) take(s *session, r AdvisoryRequest) {
	h := l.holders[s]
	if h == nil {
		h = &advisoryHold{}
		l.holders[s] = h
	}
	if !r.Transaction {
		h.session[modeOf(r.Shared)]++
		return
	}
	h.transaction[modeOf(r.Shared)]++
	s.advisory.transactional = append(s.advisory.transactional, r)
	s.advisory.taken.Store(int64(len(s.advisory.transactional)))
}

// place is where in the queue a session waits: before those that wait for it itself.
func (l *advisoryLock) place(s *session) int {
	if h := l.holders[s]; h != nil {
		if i := slices.IndexFunc(l.queue, func(w *advisoryWait) bool { return h.keepsFrom(w.request.Shared) }); i >= 0 {
			return i
		}
	}
	return len(l.queue)
}

// request gives a session a lock, at once or as one that waits. It is neither for a try that fails.
func (a *advisoryLocks) request(s *session, r AdvisoryRequest) (taken bool, w *advisoryWait) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.locks[r.Key]
	if l == nil {
		l = &advisoryLock{holders: map[*session]*advisoryHold{}}
		a.locks[r.Key] = l
	}
	ahead := len(l.queue)
	if !r.Try {
		ahead = l.place(s)
	}
	h := l.holders[s]
	switch {
	case h != nil && h.has(modeOf(r.Shared)), l.free(s, r.Shared, ahead):
		l.take(s, r)
		return true, nil
	case r.Try:
		return false, nil
	}
	w = &advisoryWait{session: s, request: r, granted: make(chan struct{}), began: time.Now()}
	l.queue = slices.Insert(l.queue, ahead, w)
	return false, w
}

// admit gives a lock to those that wait and may have it now, and forgets one that nobody wants. mu is held.
func (a *advisoryLocks) admit(key AdvisoryKey) {
	l := a.locks[key]
	for i := 0; i < len(l.queue); {
		w := l.queue[i]
		if !l.free(w.session, w.request.Shared, i) {
			i++
			continue
		}
		l.queue = slices.Delete(l.queue, i, i+1)
		l.take(w.session, w.request)
		close(w.granted)
	}
	if len(l.holders)+len(l.queue) == 0 {
		delete(a.locks, key)
	}
}

// leave ends a wait; false if the lock was given meanwhile.
func (a *advisoryLocks) leave(w *advisoryWait) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.locks[w.request.Key]
	if l == nil {
		return false
	}
	i := slices.Index(l.queue, w)
	if i < 0 {
		return false
	}
	l.queue = slices.Delete(l.queue, i, i+1)
	a.admit(w.request.Key) // it may have been in the way
	return true
}

// giveBack takes one of a session's holds away; false if it has none such.
func (a *advisoryLocks) giveBack(s *session, r AdvisoryRequest) bool {
	l := a.locks[r.Key]
	if l == nil || l.holders[s] == nil {
		return false
	}
	h := l.holders[s]
	counts := &h.session
	if r.Transaction {
		counts = &h.transaction
	}
	if counts[modeOf(r.Shared)] == 0 {
		return false
	}
	counts[modeOf(r.Shared)]--
	if h.empty() {
		delete(l.holders, s)
	}
	a.admit(r.Key)
	return true
}

// endAdvisory gives the transaction's locks back, but for the first kept of them.
func (s *session) endAdvisory(kept int64) {
	if s.advisory.taken.Load() <= kept {
		return
	}
	a := &s.server.advisory
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range s.advisory.transactional[kept:] {
		a.giveBack(s, r)
	}
	s.advisory.transactional = s.advisory.transactional[:kept]
	s.advisory.taken.Store(kept)
}

// unlockAll gives the locks of a session back that outlive its transactions.
func (a *advisoryLocks) unlockAll(s *session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, l := range a.locks {
		h := l.holders[s]
		if h == nil {
			continue
		}
		if h.session = [2]int{}; h.empty() {
			delete(l.holders, s)
		}
		a.admit(key)
	}
}

// Advise gives the session pid an advisory lock; false if that is a try and another one has it. It is called while one of
// the session's statements runs, and waits no longer than that.
func (s *Server) Advise(pid int32, r AdvisoryRequest) (bool, error) {
	x := s.session(pid)
	if x == nil {
		return false, errShutdown()
	}
	taken, w := s.advisory.request(x, r)
	if w == nil {
		return taken, nil
	}
	ctx, stop := x.work.while()
	defer stop()
	err := s.advisory.await(ctx, w, time.Duration(x.advisory.timeout.Load()))
	if err != nil && s.advisory.leave(w) {
		x.work.interrupt(err) // an engine would tell no more of it than its message
		return false, err
	}
	return true, nil
}

// await waits until the lock is given.
func (a *advisoryLocks) await(ctx context.Context, w *advisoryWait, limit time.Duration) error {
	suspect := time.NewTimer(deadlockAfter)
	defer suspect.Stop()
	var expired <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		expired = timer.C
	}
	for {
		select {
		case <-w.granted:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-expired:
			return pgerr.New(pgerr.LockNotAvailable, "canceling statement due to lock timeout")
		case <-suspect.C:
			if err := a.deadlock(w); err != nil {
				return err
			}
		}
	}
}

// deadlock reports whether w waits for itself, through others.
func (a *advisoryLocks) deadlock(w *advisoryWait) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	waits := map[*session]*advisoryWait{}
	for _, l := range a.locks {
		for _, other := range l.queue {
			waits[other.session] = other
		}
	}
	path := a.circle(w, w.session, waits, map[*session]bool{})
	if path == nil {
		return nil
	}
	var told []string
	for i, p := range path {
		k := p.request.Key
		told = append(told, fmt.Sprintf("Process %d waits for %s on advisory lock [%d,%d,%d]; blocked by process %d.",
			p.session.pid, modeName(p.request.Shared), k.Class, k.Object, k.Sub, path[(i+1)%len(path)].session.pid))
	}
	return pgerr.New(pgerr.DeadlockDetected, "deadlock detected").WithDetail("%s", strings.Join(told, "\n"))
}

// circle gives the waits that lead from w to a session, w first; nil if none do.
func (a *advisoryLocks) circle(w *advisoryWait, to *session, waits map[*session]*advisoryWait, seen map[*session]bool) []*advisoryWait {
	seen[w.session] = true
	for _, other := range a.locks[w.request.Key].before(w) {
		if other == to {
			return []*advisoryWait{w}
		}
		if next := waits[other]; next != nil && !seen[other] {
			if path := a.circle(next, to, waits, seen); path != nil {
				return append([]*advisoryWait{w}, path...)
			}
		}
	}
	return nil
}

// before gives the sessions that w waits for.
func (l *advisoryLock) before(w *advisoryWait) []*session {
	var list []*session
	for other, h := range l.holders {
		if other != w.session && h.keepsFrom(w.request.Shared) {
			list = append(list, other)
		}
	}
	for _, other := range l.queue[:max(slices.Index(l.queue, w), 0)] {
		if conflict(other.request.Shared, w.request.Shared) {
			list = append(list, other.session)
		}
	}
	return list
}

// Blocking gives the sessions that the session pid waits for, in order.
func (s *Server) Blocking(pid int32) []int32 {
	s.advisory.mu.Lock()
	defer s.advisory.mu.Unlock()
	var pids []int32
	for _, l := range s.advisory.locks {
		for _, w := range l.queue {
			if w.session.pid != pid {
				continue
			}
			for _, other := range l.before(w) {
				pids = append(pids, other.pid)
			}
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// Unadvise gives a lock of the session pid back; it is warned if it has none such, and that is false.
func (s *Server) Unadvise(pid int32, key AdvisoryKey, shared bool) (bool, error) {
	x := s.session(pid)
	if x == nil {
		return false, errShutdown()
	}
	s.advisory.mu.Lock()
	defer s.advisory.mu.Unlock()
	if s.advisory.giveBack(x, AdvisoryRequest{Key: key, Shared: shared}) {
		return true, nil
	}
	x.work.warn(warning(pgerr.Warning, "you don't own a lock of type "+modeName(shared)))
	return false, nil
}

// UnadviseAll is pg_advisory_unlock_all of the session pid.
func (s *Server) UnadviseAll(pid int32) error {
	x := s.session(pid)
	if x == nil {
		return errShutdown()
	}
	s.advisory.unlockAll(x)
	return nil
}

// AdvisoryLock is a line of pg_locks.
type AdvisoryLock struct {
	Key AdvisoryKey
	PID int32
	// Transaction is the number of the session's transaction, 0 outside of one.
	Transaction int64
	Mode        string // as PostgreSQL names it
	Granted     bool
	Waits       time.Time // since when it does; zero: it does not
}

// AdvisoryLocks gives those that somebody has or waits for, in no order.
func (s *Server) AdvisoryLocks() []AdvisoryLock {
	a := &s.advisory
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []AdvisoryLock
	for key, l := range a.locks {
		for x, h := range l.holders {
			for mode, shared := range []bool{false, true} {
				if h.has(mode) {
					all = append(all, AdvisoryLock{Key: key, PID: x.pid, Transaction: x.advisory.transaction.Load(), Mode: modeName(shared), Granted: true})
				}
			}
		}
		for _, w := range l.queue {
			all = append(all, AdvisoryLock{
				Key: key, PID: w.session.pid, Transaction: w.session.advisory.transaction.Load(), Mode: modeName(w.request.Shared), Waits: w.began,
			})
		}
	}
	return all
}
