// Package querylog keeps what was asked and how it was answered, in a SQLite file of its own.
//
// Recording never waits for the disk: lines go through a bounded queue and are written in batches. Lines that do not
// fit are dropped, counted and told in the log.
package querylog

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tidegate/internal/logkey"
)

// Entry is one line: a statement that was planned or refused.
type Entry struct {
	QueryID      string
	StartedAt    time.Time // kept to the microsecond
	User         string
	Route        string // "" if it was refused before a route was chosen
	Reason       string
	Latency      string
	Rows         int64 // sent to the client
	BytesScanned int64
	BytesFetched int64
	Elapsed      time.Duration
	Generation   int64
	AsOf         time.Time // kept to the microsecond
	SQLState     string    // "" if it ended well
	Fingerprint  string
	Query        string // normalised by the caller: literals as $n
}

const (
	keepLines  = 100_000 // newest ones that the file keeps
	queueLines = 10_000  // that wait for the writer
	// gather is how long the writer lets lines come together. Entries does not wait for it.
	gather = 100 * time.Millisecond
)

// limits are the bounds of a Log, smaller in tests.
type limits struct {
	keep, queue int
	gather      time.Duration
}

// Log is an open query log. It is safe for concurrent use.
type Log struct {
	file   *file
	log    *slog.Logger
	limits limits

	mu      sync.Mutex
	queue   []Entry // guarded by mu
	spare   []Entry // memory for the next queue; guarded by mu
	dropped int64   // guarded by mu
	told    int64   // of dropped, already in the log; guarded by mu
	closed  bool    // guarded by mu

	// writing is held from taking lines off the queue until they are in the file, so that whoever gets it finds
	// every line recorded before.
	writing sync.Mutex
	arrived chan struct{} // has one element when lines wait
	stop    chan struct{}
	stopped chan struct{}
}

// Open opens the log in the file, which it makes if it is not there. log gets what cannot be written.
func Open(path string, log *slog.Logger) (*Log, error) {
	return open(path, log, limits{keep: keepLines, queue: queueLines, gather: gather})
}

func open(path string, log *slog.Logger, limits limits) (*Log, error) {
	f, err := openFile(path, limits.keep)
	if err != nil {
		return nil, fmt.Errorf("open query log %s: %w", path, err)
	}
	l := &Log{
		file: f, log: log, limits: limits,
		arrived: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	go l.write()
	return l, nil
}

// Record adds a line. It does not block; a line that finds the queue full or the log closed is dropped.
func (l *Log) Record(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.queue) >= l.limits.queue {
		l.dropped++
		return
	}
	l.queue = append(l.queue, e)
	select {
	case l.arrived <- struct{}{}:
	default:
	}
}

// Dropped gives the number of lines that were lost since Open: the queue was full or the file could not be written.
func (l *Log) Dropped() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// Entries gives the newest lines, newest first, up to limit. Every line recorded before the call is among them, so a
// session finds its own last query.
func (l *Log) Entries(ctx context.Context, limit int) ([]Entry, error) {
	if err := l.flush(ctx); err != nil {
		return nil, err
	}
	entries, err := l.file.newest(ctx, limit)
	if err != nil {
		return nil, fmt.Errorf("read query log: %w", err)
	}
	return entries, nil
}

// Close writes what waits and closes the file. It may be called more than once.
func (l *Log) Close() error {
	l.mu.Lock()
	again := l.closed
	l.closed = true
	l.mu.Unlock()
	if again {
		return nil
	}
	close(l.stop)
	<-l.stopped
	return l.file.close()
}

// write is the writer: it ends with Close, after a last flush.
func (l *Log) write() {
	defer close(l.stopped)
	for {
		select {
		case <-l.stop:
			l.flushAndTell()
			return
		case <-l.arrived:
		}
		select {
		case <-l.stop:
		case <-time.After(l.limits.gather):
		}
		l.flushAndTell()
	}
}

// flushAndTell flushes for nobody in particular: what goes wrong is logged.
func (l *Log) flushAndTell() {
	ctx := context.Background()
	if err := l.flush(ctx); err != nil {
		l.log.ErrorContext(ctx, "write query log", logkey.Error, err)
	}
	l.mu.Lock()
	lost := l.dropped - l.told
	l.told = l.dropped
	l.mu.Unlock()
	if lost > 0 {
		l.log.WarnContext(ctx, "query log lost lines", "lines", lost)
	}
}

// flush writes what waits. Lines that cannot be written are lost, or a full disk would take the memory too.
func (l *Log) flush(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	lines := l.queue
	l.queue, l.spare = l.spare, nil
	l.mu.Unlock()
	defer func() {
		clear(lines)
		l.mu.Lock()
		l.spare = lines[:0]
		l.mu.Unlock()
	}()
	if len(lines) == 0 {
		return nil
	}
	// The lines are off the queue: a caller that goes away must not take them along.
	if err := l.file.add(context.WithoutCancel(ctx), lines); err != nil {
		l.mu.Lock()
		l.dropped += int64(len(lines))
		l.mu.Unlock()
		return fmt.Errorf("write %d lines of the query log: %w", len(lines), err)
	}
	return nil
}
