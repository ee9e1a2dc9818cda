package etl

import (
	"cmp"
	"context"
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
		generation, err := t.Store.Publish(ctx, record)
		if err != nil {
			return fmt.Errorf("publish the commit record of batch %s: %w", record.Batch, err)
		}
		t.report.Recovered++
		t.report.Generation = generation
		t.log.InfoContext(ctx, "batch recovered", logkey.Batch, record.Batch, logkey.Generation, generation)
	}
	return nil
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
