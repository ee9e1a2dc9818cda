package main

import (
	"log/slog"
	"path/filepath"
	"testing"

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
	p := &parts{config: c, log: slog.New(slog.DiscardHandler)}
	var opened closeAll
	cache, scanned, err := p.openCache(lake, &opened)
	if err != nil || cache != nil || scanned != lake.LocalPath("") || len(opened) != 0 {
		t.Errorf("a lake in a folder: cache %v, %s is scanned, %v", cache, scanned, err)
	}
	cache, scanned, err = p.openCache(&storagetest.Faulty{Bucket: lake}, &opened)
	if err != nil {
		t.Fatal(err)
	}
	if cache.MaxBytes() != 20<<30 || scanned != filepath.Join(dir, "cache") || cache.Dir() != scanned {
		t.Errorf("a lake elsewhere: cache of %d bytes, %s is scanned", cache.MaxBytes(), scanned)
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
