// Package colcache keeps the column chunks that queries need of Parquet objects in local files, so that DuckDB scans
// paths of this machine while the objects are in a store.
//
// Each object has one sparse file of its size. A column chunk is present in it whole, at the object's own offset, or
// it is absent: a hole. Reading a hole is loud (DuckDB finds no page there), a chunk that is there in part is not
// always, so nothing is ever used before it is whole. Read Cache.Acquire first (pin, footers, room, chunks), then
// fetch.go (requests), record.go (what survives a crash) and space.go (what leaves).
package colcache

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"tidegate/internal/storage"
)

// ErrInUse says that another process has the folder.
var ErrInUse = errors.New("the cache's folder is in use by another process")

// Object is one Parquet object and what is needed of it.
type Object struct {
	Key, ETag string // an ETag that is not "" must match, or the fetch fails
	Size      int64
	// FooterBytes is the length of the object's tail that holds its metadata and the trailer; 0: unknown.
	FooterBytes int64
	Columns     []string // top-level columns, in any case; those that the file does not have are ignored
	All         bool     // every column
}

// Options are what a Cache is made of. Zero values of the limits stand for the defaults.
type Options struct {
	Dir      string // made if it is not there; nothing else may be in it
	MaxBytes int64  // of the disk that the files may take
	Bucket   storage.Bucket
	Log      *slog.Logger          // nil: nothing is logged
	Metrics  prometheus.Registerer // nil: not registered
	Fetches  int                   // requests at a time, for all queries together; default 16
	Tries    int                   // of one request before it fails; default 8
	Backoff  time.Duration         // before the first repetition; it doubles up to a hundredfold; default 50 ms
	Stall    time.Duration         // without a byte, after which a request is given up and repeated; default 20 s
	Wait     time.Duration         // for room that running queries hold; default 1 min
}

const (
	defaultFetches = 16
	defaultTries   = 8
	defaultBackoff = 50 * time.Millisecond
	defaultStall   = 20 * time.Second
	defaultWait    = time.Minute
	// firstRate is the fetch rate before anything was measured, bytes per second.
	firstRate = 50e6
	// keptChunks bounds the layouts in memory, by their chunks: about 50 bytes each.
	keptChunks = 1 << 20
	// keptLeft bounds what is known of evicted objects.
	keptLeft = 1 << 16
)

// Cache is a folder of sparse files. It is safe for concurrent use; a folder has one at a time.
type Cache struct {
	o       Options
	log     *slog.Logger
	lock    *os.File
	fetches *semaphore.Weighted
	buffers sync.Pool
	layouts *otter.Cache[string, *layout]          // by entry.id; what falls out is read from the local file again
	left    *otter.Cache[string, map[string]int64] // columns of entries that were evicted, by entry.id
	metrics metrics

	mu       sync.Mutex
	entries  map[string]*entry // guarded by mu; by entry.id
	recent   *list.List        // guarded by mu; of *entry, the last used in front
	used     int64             // guarded by mu; the sum of entry.bytes
	pinned   int64             // guarded by mu; of these, the ones that are pinned
	reserved int64             // guarded by mu; what running fetches may add
	freed    chan struct{}     // guarded by mu; closed and made anew whenever room may have come free
	rate     float64           // guarded by mu; measured bytes per second of fetching

	recorder recorder
}

// Open makes or continues the cache in a folder. What an earlier process did not record is dropped, and so is what
// exceeds MaxBytes.
func Open(o Options) (*Cache, error) {
	o = o.withDefaults()
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("open cache %s: %w", o.Dir, err)
	}
	o.Dir = dir
	c := &Cache{
		o: o, log: o.Log, fetches: semaphore.NewWeighted(int64(o.Fetches)),
		entries: map[string]*entry{}, recent: list.New(), freed: make(chan struct{}), rate: firstRate,
		metrics: newMetrics(),
		layouts: otter.Must(&otter.Options[string, *layout]{
			MaximumWeight: keptChunks, Weigher: func(_ string, l *layout) uint32 { return uint32(len(l.chunks) + 1) },
		}),
	}
	c.left = otter.Must(&otter.Options[string, map[string]int64]{MaximumSize: keptLeft})
	c.buffers.New = func() any { b := make([]byte, 256<<10); return &b }
	if c.lock, err = lockFolder(o.Dir); err != nil {
		return nil, fmt.Errorf("open cache %s: %w", o.Dir, err)
	}
	if err := c.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("open cache %s: %w", o.Dir, err), c.lock.Close())
	}
	c.metrics.register(o.Metrics)
	c.recorder.start(c)
	return c, nil
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Fetches == 0 {
		o.Fetches = defaultFetches
	}
	if o.Tries == 0 {
		o.Tries = defaultTries
	}
	if o.Backoff == 0 {
		o.Backoff = defaultBackoff
	}
	if o.Stall == 0 {
		o.Stall = defaultStall
	}
	if o.Wait == 0 {
		o.Wait = defaultWait
	}
	return o
}

// Close records what is present and gives the folder back. No lease may be open and none asked for any more.
func (c *Cache) Close() error {
	c.recorder.stop()
	return c.lock.Close()
}

// MaxBytes is what the files may take, and so the most that one query can have.
func (c *Cache) MaxBytes() int64 { return c.o.MaxBytes }

// Free is what of MaxBytes no lease holds: what else is in it can leave.
func (c *Cache) Free() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.o.MaxBytes - c.pinned - c.reserved
}

// Dir is the absolute path of the folder, below which every Path is.
func (c *Cache) Dir() string { return c.o.Dir }

// Path gives the local file of an object, whether it is there or not. It depends on the bucket's location, the key,
// the ETag and the size only: another object never comes to lie under it.
func (c *Cache) Path(o Object) string { return c.dataPath(c.id(o)) }

// id is the beginning of the SHA-256 of what identifies the object.
func (c *Cache) id(o Object) string {
	h := sha256.New()
	for _, s := range []string{c.o.Bucket.Location(), o.Key, o.ETag, strconv.FormatInt(o.Size, 10)} {
		h.Write(strconv.AppendInt(nil, int64(len(s)), 10))
		h.Write([]byte(":" + s))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (c *Cache) dataPath(id string) string { return filepath.Join(c.o.Dir, id[:2], id+dataSuffix) }

func (c *Cache) recordPath(id string) string { return filepath.Join(c.o.Dir, id[:2], id+recordSuffix) }

// Present gives how many bytes of what the objects' columns need are here. Each mention of a column of an object
// counts.
func (c *Cache) Present(objects []Object) int64 {
	ids := make([]string, len(objects))
	for i, o := range objects {
		ids[i] = c.id(o)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var n int64
	for i, o := range objects {
		if e, ok := c.entries[ids[i]]; ok {
			for _, column := range o.Columns {
				n += e.columns[strings.ToLower(column)]
			}
		}
	}
	return n
}

// NoteAbsentRead counts a statement that read a chunk which its lease did not ask for.
func (c *Cache) NoteAbsentRead() { c.metrics.absent.Inc() }

// FetchRate is the measured speed of fetching, in bytes per second.
func (c *Cache) FetchRate() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rate
}

// noteRate learns from a fetch that is large enough to tell.
func (c *Cache) noteRate(bytes int64, took time.Duration) {
	const enough, weight = 1 << 20, 0.2
	if bytes < enough || took <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rate += weight * (float64(bytes)/took.Seconds() - c.rate)
}
