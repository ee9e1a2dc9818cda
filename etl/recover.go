package etl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/logkey"
)

// recoverRecords publishes the table's commit records that the catalog has not applied, oldest seq first: a run
// died between writing them and publishing them.
func (t *run) recoverRecords(ctx context.Context) error {
	prefix := "_commits/" + t.p.Table.String() + "/"
	var records []*catalog.Record
	for object, err := range t.Lake.List(ctx, prefix, "") {
		if err != nil {
			return fmt.Errorf("list commit records: %w", err)
		}
		batch, revision, ok := recordName(strings.TrimPrefix(object.Key, prefix))
		if !ok {
			return fmt.Errorf("%s in %s is no commit record's name; remove it", object.Key, t.Lake.Location())
		}
		applied, err := t.Store.Applied(ctx, t.p.Table, batch, revision)
		if err != nil {
			return fmt.Errorf("look up batch %s: %w", batch, err)
		}
		if applied {
			continue
		}
		record, err := t.readRecord(ctx, object.Key)
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

// recordName undoes the last part of catalog.RecordPath.
func recordName(name string) (batch string, revision int, ok bool) {
	name, ok1 := strings.CutSuffix(name, ".json")
	dot := strings.LastIndex(name, ".r")
	if !ok1 || dot <= 0 {
		return "", 0, false
	}
	revision, err := strconv.Atoi(name[dot+2:])
	return name[:dot], revision, err == nil && revision > 0
}

func (t *run) readRecord(ctx context.Context, key string) (record *catalog.Record, err error) {
	body, _, err := t.Lake.Get(ctx, key, "")
	if err != nil {
		return nil, fmt.Errorf("read commit record %s: %w", key, err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read commit record %s: %w", key, err)
	}
	if record, err = catalog.DecodeRecord(data); err != nil {
		return nil, fmt.Errorf("read commit record %s: %w", key, err)
	}
	return record, nil
}
