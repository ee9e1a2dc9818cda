package etl

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"tidegate/catalog"
	"tidegate/internal/logkey"
)

// recoverRecords publishes the table's commit records that the catalog has not applied, oldest seq first: a run
// died between writing them and publishing them.
func (t *run) recoverRecords(ctx context.Context) error {
	var records []*catalog.Record
	for k, err := range listRecords(ctx, t.Lake, recordFolder+t.p.Table.String()+"/") {
		if err != nil {
			return err
		}
		applied, err := t.Store.Applied(ctx, t.p.Table, k.batch, k.revision)
		if err != nil {
			return fmt.Errorf("look up batch %s: %w", k.batch, err)
		}
		if applied {
			continue
		}
		record, err := readRecord(ctx, t.Lake, k.key)
		if err != nil {
			return err
		}
		records = append(records, record)
	}
	slices.SortFunc(records, func(a, b *catalog.Record) int { return cmp.Compare(a.Seq, b.Seq) })
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
