package etl

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/etl/raw"
	"tidegate/internal/storage"
)

// Names of objects mostly grow with time, so in a large source new ones are looked for behind the names of those that
// the batches of the last lookBack read. Where they do not, or an object is late, listing everything every relist finds
// it.
const (
	lookBack    = 24 * time.Hour
	relist      = 24 * time.Hour
	largeSource = 10_000 // objects that need not be listed then
)

// discovery is what a look at the source found.
type discovery struct {
	objects []storage.Object  // that no batch has read as they are now
	known   map[string]string // key → ETag of those that were read, among the listed ones
	before  catalog.Listing   // what was noted
	after   catalog.Listing   // what is right when all objects are read
}

// discover lists the source: the end of it if all of it was listed lately, for this version of the pipeline, and read.
func (t *run) discover(ctx context.Context, bucket storage.Bucket) (d discovery, err error) {
	var lately bool
	if d.before, lately, err = t.listedLately(ctx); err != nil {
		return d, err
	}
	if t.Objects != nil {
		return t.named(ctx, bucket, d)
	}
	after := ""
	d.after = catalog.Listing{At: t.Now(), Version: t.p.Version()}
	if lately {
		d.after = d.before
		if after, err = t.Store.RecentInput(ctx, t.p.Table, lookBack, t.largeSource); err != nil {
			return d, err
		}
	}
	if d.known, err = t.Store.Known(ctx, t.p.Table, after); err != nil {
		return d, fmt.Errorf("read the ledger of inputs: %w", err)
	}
	if d.objects, err = raw.Discover(ctx, bucket, after, d.known); err != nil {
		return d, fmt.Errorf("discover: %w", err)
	}
	return d, nil
}

// listedLately tells when all of the source was listed and read, and whether that is enough for now.
func (t *run) listedLately(ctx context.Context) (at catalog.Listing, lately bool, err error) {
	if at, err = t.Store.Listed(ctx, t.p.Table); err != nil {
		return at, false, err
	}
	age := t.Now().Sub(at.At)
	return at, !t.Relist && at.Version == t.p.Version() && age >= 0 && age < relist, nil
}

// named finds the objects of Options.Objects. What was noted of the listing stays.
func (t *run) named(ctx context.Context, bucket storage.Bucket, d discovery) (discovery, error) {
	d.after = d.before
	var err error
	if d.known, err = t.Store.Known(ctx, t.p.Table, ""); err != nil {
		return d, fmt.Errorf("read the ledger of inputs: %w", err)
	}
	keys := make([]string, len(t.Objects))
	for i, name := range t.Objects {
		keys[i] = strings.TrimPrefix(name, strings.TrimSuffix(t.p.Source.Location, "/")+"/")
	}
	d.objects, err = raw.Find(ctx, bucket, keys, d.known)
	return d, err
}

// checkObjects makes sure that Options.Objects are of one source.
func (r *Runner) checkObjects(pipelines []*pipeline.Pipeline) error {
	var names []string
	for _, p := range pipelines {
		if p.Source != nil {
			names = append(names, p.Name)
		}
	}
	if r.Objects != nil && len(names) != 1 {
		return fmt.Errorf("a list of objects is for one pipeline with a source; here are %d: %s", len(names), strings.Join(names, ", "))
	}
	return nil
}

// unsettle notes that objects are to be read: if some are not, because their batch fails or the process ends, the next
// run lists the whole source.
func (t *run) unsettle(ctx context.Context, d discovery) error {
	if len(d.objects) == 0 || d.before == (catalog.Listing{}) {
		return nil
	}
	return t.Store.NoteListed(ctx, t.p.Table, catalog.Listing{})
}

// settled notes that all objects were read. With shards that is for the last of the runs that read them.
func (t *run) settled(ctx context.Context, d discovery) error {
	if t.Shard.partial() {
		all, err := t.allRead(ctx, d.objects)
		if err != nil || !all {
			t.report.partial = true
			return err
		}
	}
	if len(d.objects) == 0 && d.before == d.after {
		return nil
	}
	return t.Store.NoteListed(ctx, t.p.Table, d.after)
}
