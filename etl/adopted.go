package etl

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tidegate/catalog"
	"tidegate/etl/adopt"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// adopted registers what others wrote below a prefix since the run before, as one generation.
func (t *run) adopted(ctx context.Context) error {
	started := t.Now()
	t.report.Adopted = &adopt.Change{}
	bucket, err := t.Source(t.p.Adopt.Cold)
	if err != nil {
		return err
	}
	v, err := t.Store.View(ctx)
	if err != nil {
		return err
	}
	have := v.Tables[t.p.Table]
	if have != nil && have.Table.Adopt == nil {
		return fmt.Errorf("%s: table %s is there already and its files are a pipeline's; choose another table name", t.p.YMLFile, t.p.Table)
	}
	change, err := adopt.Scan(ctx, bucket, t.p, have, t.log)
	if err != nil {
		return err
	}
	t.report.Adopted = change
	t.Step("discovered")
	if change.Empty(have) {
		return nil
	}
	record, err := t.registration(ctx, change, started)
	if err != nil {
		return err
	}
	return t.register(ctx, record)
}

// registration makes the commit record. Its id is made of what it changes; a change that was made before, and undone
// since, is its next revision.
func (t *run) registration(ctx context.Context, c *adopt.Change, started time.Time) (*catalog.Record, error) {
	r := &catalog.Record{
		Format: catalog.RecordFormat, Table: *c.Table, Revision: 1, Kind: catalog.RecordRegister,
		Pipeline: catalog.Pipeline{Name: t.p.Name, Version: t.p.Version(), SHA256: t.p.SHA256},
		Inputs:   []catalog.Input{}, Counts: catalog.Counts{Read: c.Rows(), Emitted: c.Rows()},
		Files: c.Added, Drops: c.Drops, StartedAt: started.UTC(),
	}
	if r.Files == nil {
		r.Files = []catalog.FileRecord{}
	}
	if len(c.Added) == 0 && len(c.Drops) > 0 {
		r.Kind = catalog.RecordDrop
	}
	content, err := json.Marshal([]any{r.Table, r.Files, r.Drops})
	if err != nil {
		return nil, fmt.Errorf("name the registration: %w", err)
	}
	sum := sha256.Sum256(content)
	r.Batch = started.UTC().Format("20060102T1504Z") + "-" + hex.EncodeToString(sum[:])[:12]
	for {
		applied, err := t.Store.Applied(ctx, t.p.Table, r.Batch, r.Revision)
		if err != nil || !applied {
			return r, err
		}
		r.Revision++
	}
}

// register makes the registration a fact and publishes it. A run that dies between the two leaves the record, which
// the next run publishes before it looks at the prefix.
func (t *run) register(ctx context.Context, r *catalog.Record) error {
	var err error
	if r.Seq, err = t.Store.Reserve(ctx, t.p.Table); err != nil {
		return fmt.Errorf("reserve a seq: %w", err)
	}
	t.Step("reserved")
	r.CommittedAt = t.Now().UTC()
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the commit record: %w", err)
	}
	key := catalog.RecordPath(t.p.Table, r.Batch, r.Revision)
	if _, err = t.Lake.PutIfAbsent(ctx, key, body); errors.Is(err, storage.ErrExists) {
		r, err = readRecord(ctx, t.Lake, key)
	}
	if err != nil {
		return fmt.Errorf("write the commit record: %w", err)
	}
	t.Step("recorded")
	generation, err := t.Store.Publish(ctx, r, t.under...)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	t.Step("published")
	t.report.Batches++
	t.report.Counts.Add(r.Counts)
	t.report.Files += len(r.Files)
	t.report.Generation = generation
	t.log.InfoContext(ctx, "files registered", logkey.Batch, r.Batch, logkey.Rows, r.Counts.Emitted,
		logkey.Files, len(r.Files), "dropped", len(r.Drops), logkey.Generation, generation)
	return nil
}
