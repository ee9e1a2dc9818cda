package main

import (
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"tidegate/catalog/sqlite"
	"tidegate/internal/storage/file"
	"tidegate/internal/storage/storagetest"
)

// TestOnlyRemoteLakesHaveACache opens the cache for a lake that is a folder, and for the same one when that is hidden.
func TestOnlyRemoteLakesHaveACache(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lake, err := file.Create("file:" + filepath.Join(dir, "lake"))
	if err != nil {
		t.Fatal(err)
	}
	c := defaults()
	c.Lake.Cache.Path = filepath.Join(dir, "cache")
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	p := &parts{config: c, log: slog.New(slog.DiscardHandler), store: store, lake: lake}
	var opened closeAll
	opened.add(store.Close)
	files, err := p.openCold(t.Context(), &opened)
	if err != nil || files.cache.cache != nil || !slices.Contains(files.scanned, lake.LocalPath("")) {
		t.Errorf("a lake in a folder: cache %v, %s is scanned, %v", files.cache.cache, files.scanned, err)
	}
	if path, ok := files.local("web.events/a.parquet"); !ok || path != lake.LocalPath("web.events/a.parquet") {
		t.Errorf("a file of the lake is scanned at %q, %v", path, ok)
	}
	if path, ok := files.local("s3://elsewhere/a.parquet"); ok {
		t.Errorf("a file of S3 is scanned at %s", path)
	}
	p.lake = &storagetest.Faulty{Bucket: lake}
	files, err = p.openCold(t.Context(), &opened)
	if err != nil {
		t.Fatal(err)
	}
	cache := files.cache.cache
	if cache.MaxBytes() != 20<<30 || cache.Dir() != filepath.Join(dir, "cache") || !slices.Equal(files.scanned, []string{cache.Dir()}) {
		t.Errorf("a lake elsewhere: cache of %d bytes, %s is scanned", cache.MaxBytes(), files.scanned)
	}
	if err := opened.close(); err != nil {
		t.Error(err)
	}
}

func TestMaxScanOfRemoteLakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		location, cache, maxScan string
		want                     int64
	}{
		{"file:./lake", "20GiB", "", 0},
		{"file:./lake", "20GiB", "1GB", 1 << 30},
		{"s3://lake/", "20GiB", "", 80 << 30},
		{"s3://lake/", "50GiB", "", 100 << 30},
		{"s3://lake/", "50GiB", "300GiB", 300 << 30},
	} {
		f := defaults()
		f.Lake.Location, f.Lake.Cache.MaxBytes, f.Limits.MaxScan = c.location, c.cache, c.maxScan
		if got := f.maxScan(); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
