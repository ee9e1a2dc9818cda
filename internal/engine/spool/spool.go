// Package spool keeps what is read later than it comes: in memory at first, then in files without a name, and never more
// than its bound.
package spool

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// memoryBytes is how much of a result waits in memory before a file is made for the rest.
const memoryBytes = 256 << 10

// ErrInterrupted says that whoever reads a spool shall not wait any longer.
var ErrInterrupted = errors.New("reading was interrupted")

// Store is queues whose bytes together are bounded.
type Store struct {
	dir   string
	limit int64

	mu   sync.Mutex
	room sync.Cond // something was read or ended
	used int64     // bytes in memory and the lengths of the files; guarded by mu
	made int64     // how many there have been; guarded by mu
}

// New makes a store of limit bytes, with files in dir.
func New(dir string, limit int64) *Store {
	s := &Store{dir: dir, limit: limit}
	s.room.L = &s.mu
	return s
}

// Stats tells how many queues there were so far, and how many bytes wait in them now.
func (s *Store) Stats() (queues, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made, s.used
}

// Queue is a queue of bytes, written by one and read by another. The oldest bytes are in memory, those behind them in a
// file that nobody else sees: it is removed as soon as it is open. All fields are guarded by all.mu, but for the file's
// content: it is written behind written, and read before it.
type Queue struct {
	all     *Store
	arrived sync.Cond // something was written, or will not be any more

	memory []byte
	taken  int // of memory
	file   *os.File
	// read and written are places in the file. It is emptied when everything in it was read.
	read, written int64
	writing       bool
	diskless      bool // the file cannot be made, or does not take more
	stopped       bool // nobody will read it
	interrupted   bool
	end           error // why nothing more comes; nil while something may
}

// Open makes a queue.
func (s *Store) Open() *Queue {
	s.mu.Lock()
	s.made++
	s.mu.Unlock()
	q := &Queue{all: s}
	q.arrived.L = &s.mu
	return q
}

// Add takes bytes and waits for room if there is none; false if nobody wants them any more. Something is always taken
// into a queue that is empty, so that a limit slows readers down and stops none.
func (q *Queue) Add(data []byte) bool { return q.add(data, true) }

// TryAdd is Add that does not wait: false if there is no room.
func (q *Queue) TryAdd(data []byte) bool { return q.add(data, false) }

func (q *Queue) add(data []byte, wait bool) bool {
	q.all.mu.Lock()
	defer q.all.mu.Unlock()
	n := int64(len(data))
	for !q.stopped {
		inMemory := len(q.memory) - q.taken
		empty := inMemory == 0 && q.read == q.written
		fits := q.all.used+n <= q.all.limit
		switch {
		case empty, q.read == q.written && fits && inMemory+len(data) <= memoryBytes:
			q.memory = append(q.memory[:copy(q.memory, q.memory[q.taken:])], data...)
			q.taken = 0
			q.all.used += n
			q.arrived.Signal()
			return true
		case fits && !q.diskless:
			if q.addToFile(data) {
				q.arrived.Signal()
				return true
			}
		case !wait:
			return false
		default:
			q.all.room.Wait()
		}
	}
	return false
}

// addToFile writes behind what is in the file, without the lock. A disk that is full is no error: the server waits, as
// it would for a client without a spool.
func (q *Queue) addToFile(data []byte) bool {
	at := q.written
	q.writing = true
	q.all.used += int64(len(data))
	q.all.mu.Unlock()
	err := q.write(data, at)
	q.all.mu.Lock()
	q.writing = false
	if err != nil {
		q.free(int64(len(data)))
		q.diskless = true
		q.empty()
		return false
	}
	q.written += int64(len(data))
	return true
}

func (q *Queue) write(data []byte, at int64) error {
	if q.file == nil {
		f, err := os.CreateTemp(q.all.dir, "rows-")
		if err != nil {
			return fmt.Errorf("make a spool: %w", err)
		}
		// A process that is killed leaves nothing.
		if err := os.Remove(f.Name()); err != nil {
			return errors.Join(fmt.Errorf("make a spool: %w", err), f.Close())
		}
		q.file = f
	}
	_, err := q.file.WriteAt(data, at)
	return err
}

// Read gives the oldest bytes, and waits for some.
func (q *Queue) Read(p []byte) (int, error) {
	q.all.mu.Lock()
	defer q.all.mu.Unlock()
	for {
		switch {
		case q.interrupted:
			return 0, ErrInterrupted
		case q.taken < len(q.memory):
			n := copy(p, q.memory[q.taken:])
			q.taken += n
			q.free(int64(n))
			return n, nil
		case q.read < q.written:
			return q.readFile(p)
		case q.end != nil:
			return 0, q.end
		}
		q.arrived.Wait()
	}
}

func (q *Queue) readFile(p []byte) (int, error) {
	at, n := q.read, min(int64(len(p)), q.written-q.read)
	q.all.mu.Unlock()
	_, err := q.file.ReadAt(p[:n], at)
	q.all.mu.Lock()
	if err != nil {
		return 0, fmt.Errorf("read a spool: %w", err)
	}
	q.read += n
	q.empty()
	return int(n), nil
}

// empty is for the holder of the lock: it gives back the room of a file that was read to its end.
func (q *Queue) empty() {
	if q.file == nil || q.read < q.written || q.writing {
		return
	}
	// If it cannot be cut it is written over from its beginning.
	_ = q.file.Truncate(0)
	q.free(q.written)
	q.read, q.written = 0, 0
}

// free is for the holder of the lock.
func (q *Queue) free(n int64) {
	q.all.used -= n
	q.all.room.Broadcast()
}

// Finish says that nothing more comes.
func (q *Queue) Finish(err error) {
	q.all.mu.Lock()
	defer q.all.mu.Unlock()
	q.end = err
	q.arrived.Signal()
}

// Interrupt ends a read that waits, and every later one.
func (q *Queue) Interrupt() {
	q.all.mu.Lock()
	defer q.all.mu.Unlock()
	q.interrupted = true
	q.arrived.Signal()
}

// Stop says that nobody wants more: whoever adds something shall not wait any longer.
func (q *Queue) Stop() {
	q.all.mu.Lock()
	defer q.all.mu.Unlock()
	q.stopped = true
	q.all.room.Broadcast()
}

// Close gives everything back. Nobody may write or read any more.
func (q *Queue) Close() {
	q.all.mu.Lock()
	q.free(int64(len(q.memory)-q.taken) + q.written)
	q.memory, q.taken, q.read, q.written = nil, 0, 0, 0
	q.all.mu.Unlock()
	if q.file != nil {
		_ = q.file.Close() // what was in it is of no use to anybody
	}
}
