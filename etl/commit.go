package etl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"tidegate/catalog"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// commit writes the commit record, which makes the batch a fact, and publishes it in the catalog. If the record is
// there already, another attempt got so far: its record counts, and this attempt's files are orphans.
func (b *batch) commit(ctx context.Context) error {
	seq, err := b.Store.Reserve(ctx, b.p.Table)
	if err != nil {
		return fmt.Errorf("reserve a seq: %w", err)
	}
	b.Step("reserved")
	b.noteOverrun()
	b.notes.Effort = b.effort()
	record := b.record(seq)
	body, err := json.MarshalIndent(record, "", " ")
	if err != nil {
		return fmt.Errorf("write the commit record: %w", err)
	}
	record, generation, err := b.publish(ctx, record, body)
	if err != nil {
		return err
	}
	b.Step("published")
	b.reporting.Lock()
	b.report.add(b, generation)
	b.reporting.Unlock()
	b.log.InfoContext(ctx, "batch committed", logkey.Rows, record.Counts.Emitted, logkey.Files, len(record.Files),
		logkey.Bytes, b.bytesOut(), logkey.Generation, generation, logkey.Elapsed, b.Now().Sub(b.started))
	return nil
}

// publish writes the commit record and publishes what is there under its name then.
func (b *batch) publish(ctx context.Context, own *catalog.Record, body []byte) (*catalog.Record, int64, error) {
	key := catalog.RecordPath(b.p.Table, b.id, b.revision)
	for {
		record := own
		_, err := b.Lake.PutIfAbsent(ctx, key, body)
		ours := err == nil
		if errors.Is(err, storage.ErrExists) {
			record, err = readRecord(ctx, b.Lake, key)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("write the commit record: %w", err)
		}
		b.Step("recorded")
		generation, err := b.Store.Publish(ctx, record, b.leases...)
		if !ours && isStale(err) {
			if err := b.removeStale(ctx, record, err); err != nil {
				return nil, 0, fmt.Errorf("remove a stale commit record: %w", err)
			}
			continue
		}
		if ours && errors.Is(err, catalog.ErrConflict) {
			continue // this one was taken for dead, its record for stale: another one is there in its place, and counts
		}
		if err != nil && b.takesPlace() && isStale(err) {
			err = errors.Join(err, b.removeStale(ctx, record, err)) // another one is there in its place
		}
		if err != nil {
			return nil, 0, fmt.Errorf("publish: %w", err)
		}
		return record, generation, nil
	}
}

func (b *batch) record(seq int64) *catalog.Record {
	files := b.files
	if files == nil {
		files = []catalog.FileRecord{}
	}
	return &catalog.Record{
		Format: catalog.RecordFormat, Table: *b.table, Batch: b.id, Revision: b.revision, Seq: seq, Kind: b.kind,
		Pipeline: catalog.Pipeline{Name: b.p.Name, Version: b.p.Version(), SHA256: b.p.SHA256, Lookups: b.lookups},
		Inputs:   b.inputs, Counts: b.counts, Checksum: fmt.Sprintf("%016x", b.checksum), Replaces: b.replaces, Remakes: b.remakes,
		Files: files, Subset: b.subset, Quarantine: b.quarantine, Notes: b.notes, Basis: b.basis,
		StartedAt: b.started.UTC(), CommittedAt: b.Now().UTC(),
	}
}
