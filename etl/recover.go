package etl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"tidegate/catalog"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// recoverRecords publishes the table's commit records that the catalog has not applied, oldest seq first: a run
// died between writing them and publishing them.
func (t *run) recoverRecords(ctx context.Context) error {
	records, err := unpublished(ctx, t.Store, t.Lake, t.p.Table)
	if err != nil {
		return err
	}
	for _, record := range records {
		if err := t.recoverRecord(ctx, record); err != nil {
			return fmt.Errorf("publish the commit record of batch %s: %w", record.Batch, err)
		}
	}
	return nil
}

// recoverRecord publishes a record, unless the run that wrote it is alive and does that itself.
func (t *run) recoverRecord(ctx context.Context, record *catalog.Record) error {
	leases, release := t.under, func() error { return nil }
	if len(leases) == 0 {
		var inputs []catalog.Input
		piece := record.Batch
		switch {
		case record.Kind == catalog.RecordRemake:
			piece = remakePiece(record.Remakes) // its inputs have been read, by what it is made again of
		case record.Kind == catalog.RecordCompact:
			piece = compactLease
		case len(record.Replaces) == 0:
			inputs = record.Inputs
		}
		_, l, end, err := t.claims.take(ctx, t.p.Table, piece, inputs)
		if errors.Is(err, catalog.ErrLeased) {
			return nil
		}
		if isStale(err) {
			return t.removeStale(ctx, record, err)
		}
		if err != nil {
			return err
		}
		leases, release = []catalog.Lease{l}, end
	}
	generation, err := t.Store.Publish(ctx, record, leases...)
	if isStale(err) {
		return errors.Join(t.removeStale(ctx, record, err), release())
	}
	if err != nil {
		return errors.Join(err, release())
	}
	t.reporting.Lock()
	t.report.Recovered++
	t.report.Generation = generation
	t.reporting.Unlock()
	t.log.InfoContext(ctx, "batch recovered", logkey.Batch, record.Batch, logkey.Generation, generation)
	return release()
}

// isStale reports whether a record that was not published must not be any more: its process was taken for dead, and what it
// read, or deduplicated against, changed before it wrote the record.
func isStale(err error) bool {
	_, read := errors.AsType[*catalog.ReadError](err)
	return read || errors.Is(err, catalog.ErrStale)
}

// removeStale takes a stale record out of the lake, or a catalog that is rebuilt would have its rows.
func (t *run) removeStale(ctx context.Context, record *catalog.Record, why error) error {
	t.log.WarnContext(ctx, "a commit record that was never published is stale and removed", logkey.Batch, record.Batch, logkey.Reason, why.Error())
	return t.Lake.Delete(ctx, catalog.RecordPath(t.p.Table, record.Batch, record.Revision))
}

// unpublished reads a table's commit records that the catalog has not applied, by seq.
func unpublished(ctx context.Context, store catalog.Store, lake storage.Bucket, table catalog.Name) ([]*catalog.Record, error) {
	var records []*catalog.Record
	for k, err := range listRecords(ctx, lake, recordFolder+table.String()+"/") {
		if err != nil {
			return nil, err
		}
		applied, err := store.Applied(ctx, table, k.batch, k.revision)
		if err != nil {
			return nil, fmt.Errorf("look up batch %s: %w", k.batch, err)
		}
		if applied {
			continue
		}
		record, err := readRecord(ctx, lake, k.key)
		if err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	slices.SortFunc(records, func(a, b *catalog.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return records, nil
}
