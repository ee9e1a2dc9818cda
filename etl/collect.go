package etl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"time"

	"tidegate/catalog"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// Collector removes what no query reads any more from the lake: files of batches that were replaced, and what attempts
// left that died before their commit record. All fields must be set.
type Collector struct {
	Lake    storage.Bucket
	Store   catalog.Store
	WorkDir string        // of the Runners on this machine
	Keep    int64         // newest generations that stay readable, at least 1
	Age     time.Duration // how long a generation stays readable, and how old an attempt must be to count as dead
	DryRun  bool
	Log     *slog.Logger
	Now     func() time.Time
	// Confirm is how long to wait for what reads the catalog to say that it knows the new horizon. Who is silent longer is
	// waited for until its time is over.
	Confirm time.Duration
}

// Collected is what one collection removed, or would remove.
type Collected struct {
	Horizon     int64 // the oldest generation that is readable now
	Dead        int   // files of no readable generation
	DeadBytes   int64
	Orphans     int // objects of attempts without a commit record, and column subsets of batches whose files are gone
	OrphanBytes int64
}

// Collect raises the horizon and removes what lies below it.
func (c *Collector) Collect(ctx context.Context) (_ Collected, err error) {
	claims, err := newClaimant(ctx, c.Store, c.WorkDir, LeaseTime, c.Log)
	if err != nil {
		return Collected{}, err
	}
	defer func() { err = errors.Join(err, claims.close(ctx)) }()
	horizon, err := c.retire(ctx)
	if err != nil {
		return Collected{}, err
	}
	done := Collected{Horizon: horizon}
	view, err := c.Store.View(ctx)
	if err != nil {
		return done, err
	}
	dead, err := c.Store.DeadFiles(ctx, horizon)
	if err != nil {
		return done, err
	}
	byTable := map[catalog.Name][]catalog.DeadFile{}
	for _, f := range dead {
		byTable[f.Table] = append(byTable[f.Table], f)
	}
	for _, name := range slices.SortedFunc(maps.Keys(view.Tables), catalog.Name.Compare) {
		if view.Tables[name].Table.Adopt != nil {
			continue // its files are others'
		}
		if err := c.collectTable(ctx, claims, name, byTable[name], &done); err != nil {
			return done, fmt.Errorf("collect %s: %w", name, err)
		}
	}
	return done, nil
}

// retire chooses the horizon, tells it to everybody who reads, and lowers it to what they read when they knew it.
func (c *Collector) retire(ctx context.Context) (int64, error) {
	view, err := c.Store.View(ctx)
	if err != nil {
		return 0, err
	}
	aged, err := c.Store.GenerationAt(ctx, c.Now().Add(-c.Age))
	if err != nil {
		return 0, err
	}
	before, err := c.Store.Horizon(ctx)
	if err != nil {
		return 0, err
	}
	horizon := max(before, min(view.Generation-c.Keep+1, aged))
	if !c.DryRun {
		if err := c.Store.Retire(ctx, horizon); err != nil {
			return 0, err
		}
	}
	for {
		readers, err := c.Store.Readers(ctx, c.Now())
		if err != nil {
			return 0, err
		}
		waits := slices.ContainsFunc(readers, func(r catalog.Reader) bool { return r.Horizon < horizon })
		if !waits || c.DryRun {
			for _, r := range readers {
				horizon = min(horizon, r.Oldest)
			}
			return horizon, nil
		}
		c.Log.DebugContext(ctx, "waiting for gateways to know the horizon", logkey.Generation, horizon)
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-time.After(c.Confirm):
		}
	}
}

// collectTable removes the dead files of one table, then its orphans.
func (c *Collector) collectTable(ctx context.Context, claims *claimant, table catalog.Name, dead []catalog.DeadFile, done *Collected) (err error) {
	ctx, _, release, err := claims.await(ctx, table, wholeTable, anyTime)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	for _, f := range dead {
		if !runFolderName.MatchString("/" + f.Path) {
			return fmt.Errorf("%s is no file that a batch wrote", f.Path)
		}
		if err := c.remove(ctx, f.Path, f.Bytes); err != nil {
			return err
		}
		if !c.DryRun {
			// One by one: what is noted of a removed file is never behind what is there by more than one.
			if err := c.Store.FilesGone(ctx, table, []string{f.Path}); err != nil {
				return err
			}
		}
		done.Dead++
		done.DeadBytes += f.Bytes
	}
	return c.collectOrphans(ctx, table, done)
}

// runFolderName is batch.runFolder in an object's name.
var runFolderName = regexp.MustCompile(`/(run=[0-9]{8}T[0-9]{4}Z-[0-9a-f]{12}\.r[0-9]+\.[0-9a-f]{4})/(?:[0-9]{4}\.parquet|manifest\.json)$`)

// collectOrphans removes what lies in run folders that no file of the catalog and no commit record is of.
func (c *Collector) collectOrphans(ctx context.Context, table catalog.Name, done *Collected) error {
	needed, err := c.needed(ctx, table)
	if err != nil {
		return err
	}
	oldest := c.Now().Add(-c.Age)
	for _, prefix := range []string{table.String() + "/", "_hot/" + table.String() + "/"} {
		for object, err := range c.Lake.List(ctx, prefix, "") {
			if err != nil {
				return fmt.Errorf("list %s: %w", prefix, err)
			}
			m := runFolderName.FindStringSubmatch(object.Key)
			if m == nil || needed[m[1]] || !object.LastModified.Before(oldest) {
				continue
			}
			if err := c.remove(ctx, object.Key, object.Size); err != nil {
				return err
			}
			done.Orphans++
			done.OrphanBytes += object.Size
		}
	}
	return nil
}

// needed gives the run folders of a table's files that are in a readable generation, and those of commit records that
// the catalog does not have yet.
func (c *Collector) needed(ctx context.Context, table catalog.Name) (map[string]bool, error) {
	needed := map[string]bool{}
	add := func(key string) {
		if m := runFolderName.FindStringSubmatch(key); m != nil {
			needed[m[1]] = true
		}
	}
	present, err := c.Store.FilesPresent(ctx, table)
	if err != nil {
		return nil, err
	}
	for _, path := range present {
		add(path)
	}
	records, err := unpublished(ctx, c.Store, c.Lake, table)
	if err != nil {
		return nil, err
	}
	for _, record := range records {
		for _, f := range record.Files {
			add(f.Path)
		}
		if record.Subset != nil {
			add(record.Subset.Manifest)
		}
	}
	return needed, nil
}

func (c *Collector) remove(ctx context.Context, key string, size int64) error {
	c.Log.DebugContext(ctx, "garbage", logkey.File, key, logkey.Bytes, size)
	if c.DryRun {
		return nil
	}
	if err := c.Lake.Delete(ctx, key); err != nil {
		return fmt.Errorf("remove %s: %w", key, err)
	}
	return nil
}
