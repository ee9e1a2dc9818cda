package main

import (
	"tidegate/internal/engine"
	"tidegate/internal/engine/cold"
	"tidegate/internal/storage"
	"tidegate/internal/storage/colcache"
	"tidegate/router"
)

// openCache opens the column cache of a lake that is not a folder of this machine, nil for one that is. scanned is
// the folder whose files DuckDB reads for cold statements.
func (p *parts) openCache(lake storage.Bucket, opened *closeAll) (cache *colcache.Cache, scanned string, err error) {
	if local, ok := lake.(storage.LocalPather); ok {
		return nil, local.LocalPath(""), nil
	}
	cache, err = colcache.Open(colcache.Options{
		Dir: p.Lake.Cache.Path, MaxBytes: p.cacheBytes(), Bucket: lake, Log: p.log,
	})
	if err != nil {
		return nil, "", err
	}
	opened.add(cache.Close)
	return cache, cache.Dir(), nil
}

// scanCold tells the router who answers cold statements: DuckDB in place, or behind the column cache.
func (p *parts) scanCold(o *router.Options, h *hotStore) {
	if local, ok := p.lake.(storage.LocalPather); ok {
		o.Cold = h.db
		o.LocalPath = func(f engine.ScanFile) string { return local.LocalPath(f.Key) }
		return
	}
	e := cold.New(h.db, h.cache, p.log)
	o.Cold, o.LocalPath, o.Cache = e, e.Path, e
}
