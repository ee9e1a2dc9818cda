// Package duck answers statements with embedded DuckDB. It is the only package that links libduckdb.
//
// A DB is one DuckDB instance: the lake's Parquet files are scanned in it and the embedded hot store is a file attached
// to it. Read Open first (settings and the fence), then DB.Query and rows.Next (streaming).
package duck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
	"tidegate/internal/engine/duck/udf"
)

var (
	_ engine.Engine  = (*DB)(nil)
	_ engine.Loader  = (*DB)(nil)
	_ engine.Session = (*Session)(nil)
)

// ErrClosed says that the database was closed.
var ErrClosed = errors.New("database is closed")

// Options say what a DB is made of.
type Options struct {
	Path        string       // database file; "" in memory
	Threads     int          // 0: DuckDB's default, one per core
	MemoryLimit string       // "4GB"; "" is DuckDB's default, 80 % of the machine's
	TempDir     string       // where what exceeds the memory spills; "" nowhere
	AllowedDirs []string     // with Fence: below them, files may be read and written
	Attach      []Attachment // further database files, open before the fence closes
	// Fence refuses every file outside AllowedDirs, TempDir and the attached databases, for good. Inside, DuckDB
	// can still write (COPY TO, ATTACH): the fence is the second one, the first is what text reaches Query.
	Fence bool
	// Filled says that tables will be made in memory, which an instance that is opened anew would not have: one that
	// breaks stays broken.
	Filled bool
	// Functions are known beside those that every instance has.
	Functions []udf.Function
	Log       *slog.Logger // nil: nothing is logged
}

// Attachment is a database file that statements see under a name: name.schema.table.
type Attachment struct{ Name, Path string }

// DB is one DuckDB instance. It is safe for concurrent use.
type DB struct {
	log   *slog.Logger
	locks []*os.File

	numbered udf.Numbered // feeds and tallies

	// replacing serialises Replace: two transactions that create one table end in a conflict.
	replacing sync.Mutex

	mu       sync.Mutex
	instance bind.Database // guarded by mu
	idle     []*conn       // guarded by mu; no open transaction, no open result
	users    int           // guarded by mu; connections in use
	closed   bool          // guarded by mu

	// Of an instance that breaks, see reopen.go.
	options    Options
	generation int                // of the instance; guarded by mu
	results    map[*rows]struct{} // that are open; guarded by mu
	reopening  chan struct{}      // closed when the instance is there again; nil while it is; guarded by mu
	lost       error              // why it could not be opened anew; guarded by mu
}

// maxIdle is how many connections wait for the next statement. A connection costs 7 kB and 5 µs; what is worth
// keeping is its time zone.
const maxIdle = 16

// Open starts an instance. A database file (Path, Attach) that is already open, here or in another process, is
// refused with ErrInUse: DuckDB itself refuses other processes only, and a second instance in one process
// corrupts the file silently. For that a lock is held on <file>.lock, which stays in the folder.
func Open(ctx context.Context, o Options) (*DB, error) {
	db := &DB{log: o.Log, options: o, results: map[*rows]struct{}{}}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	if err := db.lockFiles(o); err != nil {
		db.unlockFiles()
		return nil, err
	}
	if err := db.openInstance(o); err != nil {
		db.unlockFiles()
		return nil, fmt.Errorf("open database %s: %w", describePath(o.Path), err)
	}
	if err := db.configure(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", describePath(o.Path), err), db.Close())
	}
	db.log.DebugContext(ctx, "duckdb open", "version", bind.LibraryVersion(), "fence", o.Fence)
	return db, nil
}

// Close refuses new work and closes what is idle. The files are closed and unlocked when the last open Rows and
// Session are; it returns an error that says how many these are. It may be called more than once.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.settled()
	db.closed = true
	for _, c := range db.idle {
		c.close()
	}
	db.idle = nil
	db.shutdownIfUnused()
	if db.users > 0 {
		return fmt.Errorf("close database: %d results or sessions are still open", db.users)
	}
	return nil
}

// shutdownIfUnused ends the instance. mu is held.
func (db *DB) shutdownIfUnused() {
	if !db.closed || db.users > 0 || db.instance.Ptr == nil || db.reopening != nil {
		return
	}
	bind.Close(&db.instance)
	db.unlockFiles()
}

// acquire gives a connection, preferably one that has the zone already.
func (db *DB) acquire(zone string) (*conn, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.settled()
	if db.closed {
		return nil, ErrClosed
	}
	if db.lost != nil {
		db.startReopening() // for the next one
		return nil, fmt.Errorf("the database could not be opened anew: %w", db.lost)
	}
	if n := len(db.idle); n > 0 {
		at := n - 1
		for i, c := range db.idle {
			if c.zone == zone {
				at = i
			}
		}
		c := db.idle[at]
		db.idle[at] = db.idle[n-1]
		db.idle = db.idle[:n-1]
		db.users++
		return c, nil
	}
	c := &conn{zone: utc, db: db, generation: db.generation}
	if bind.Connect(db.instance, &c.handle) == bind.StateError {
		return nil, errors.New("connect to duckdb")
	}
	db.users++
	return c, nil
}

// release takes a connection back. reusable is true only if no result and no transaction is open on it.
func (db *DB) release(c *conn, reusable bool) {
	if !reusable || c.finish() != nil || !db.keep(c) {
		c.close() // may wait for running work, so mu is free
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.users--
	db.shutdownIfUnused()
}

// keep puts a connection among the idle ones, if there is room.
func (db *DB) keep(c *conn) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed || db.reopening != nil || c.generation != db.generation || len(db.idle) >= maxIdle {
		return false
	}
	db.idle = append(db.idle, c)
	return true
}
