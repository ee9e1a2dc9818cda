package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"tidegate/catalog"
	"tidegate/internal/engine/cold"
	"tidegate/internal/engine/duck"
	"tidegate/internal/storage"
	"tidegate/internal/storage/byurl"
	"tidegate/internal/storage/colcache"
)

// coldFiles says where this process finds Parquet: in place, if it is on this machine and DuckDB was allowed to read it
// when it was opened, else behind the column cache.
type coldFiles struct {
	lake    storage.LocalPather // nil: the lake is elsewhere
	folders []string            // of adopted tables, absolute, with a slash at the end
	scanned []string            // what DuckDB must be allowed to read
	cache   *lazyCache
}

// openCold finds the folders to scan. The column cache of a lake that is elsewhere is opened here, that of a lake on
// this machine with the first adopted object that is not in one of these folders.
func (p *parts) openCold(ctx context.Context, opened *closeAll) (*coldFiles, error) {
	c := &coldFiles{}
	c.lake, _ = p.lake.(storage.LocalPather)
	v, err := p.store.View(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range v.Tables {
		if folder, ok := adoptedFolder(t); ok {
			c.folders = append(c.folders, folder)
		}
	}
	cacheDir, err := filepath.Abs(p.Lake.Cache.Path)
	if err != nil {
		return nil, err
	}
	c.scanned = append(c.scanned, cacheDir)
	c.scanned = append(c.scanned, c.folders...)
	c.cache = &lazyCache{open: func() (*colcache.Cache, error) {
		return colcache.Open(colcache.Options{
			Dir: p.Lake.Cache.Path, MaxBytes: p.cacheBytes(), Bucket: byurl.New(p.lake, p.openSource), Log: p.log,
			Metrics: p.metrics,
		})
	}}
	opened.add(c.cache.close)
	if c.lake != nil {
		c.scanned = append(c.scanned, c.lake.LocalPath(""))
		return c, nil
	}
	_, err = c.cache.get()
	return c, err
}

// adoptedFolder gives the folder of an adopted table's files, if it is one of this machine.
func adoptedFolder(t *catalog.TableView) (string, bool) {
	if t.Table.Adopt == nil {
		return "", false
	}
	return strings.CutPrefix(t.Table.Adopt.Cold, "file:")
}

// lazyCache is a column cache that is opened when it is needed first. One that cannot be opened is tried again.
type lazyCache struct {
	open func() (*colcache.Cache, error)

	mu    sync.Mutex
	cache *colcache.Cache // guarded by mu; nil: it is not open
}

func (l *lazyCache) get() (*colcache.Cache, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cache != nil {
		return l.cache, nil
	}
	var err error
	l.cache, err = l.open()
	return l.cache, err
}

func (l *lazyCache) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cache == nil {
		return nil
	}
	return l.cache.Close()
}

// local gives the path of an object that DuckDB scans in place.
func (c *coldFiles) local(key string) (string, bool) {
	path, isFile := strings.CutPrefix(key, "file:")
	if isFile {
		for _, folder := range c.folders {
			if strings.HasPrefix(path, folder) {
				// A link may lead out of what DuckDB may read.
				info, err := os.Lstat(path)
				return path, err != nil || info.Mode().IsRegular()
			}
		}
		return "", false
	}
	if c.lake == nil || byurl.IsURL(key) {
		return "", false
	}
	return c.lake.LocalPath(key), true
}

// engine is who answers cold statements.
func (c *coldFiles) engine(db *duck.DB, p *parts) *cold.Engine {
	return cold.New(cold.Options{Inner: db, Cache: c.cache.get, Local: c.local, Log: p.log})
}
