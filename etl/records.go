package etl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/storage"
)

// recordFolder is where every table has a folder of commit records.
const recordFolder = "_commits/"

// recordKey is a commit record by its name.
type recordKey struct {
	key      string
	table    catalog.Name
	batch    string
	revision int
}

// listRecords gives the keys of the commit records below a prefix that begins with recordFolder. A name that is none
// ends it with an error: it may mean rows.
func listRecords(ctx context.Context, lake storage.Bucket, prefix string) iter.Seq2[recordKey, error] {
	return func(yield func(recordKey, error) bool) {
		for object, err := range lake.List(ctx, prefix, "") {
			k := recordKey{key: object.Key}
			if err != nil {
				err = fmt.Errorf("list commit records: %w", err)
			} else if !k.parse() {
				err = fmt.Errorf("%s in %s is no commit record's name; remove it", object.Key, lake.Location())
			}
			if !yield(k, err) || err != nil {
				return
			}
		}
	}
}

// parse undoes catalog.RecordPath.
func (k *recordKey) parse() bool {
	table, name, ok := strings.Cut(strings.TrimPrefix(k.key, recordFolder), "/")
	name, isJSON := strings.CutSuffix(name, ".json")
	dot := strings.LastIndex(name, ".r")
	if !ok || !isJSON || dot <= 0 {
		return false
	}
	k.batch = name[:dot]
	var err error
	k.revision, err = strconv.Atoi(name[dot+2:])
	k.table, ok = catalog.ParseName(table)
	return ok && err == nil && k.revision > 0
}

// readRecord reads a commit record.
func readRecord(ctx context.Context, lake storage.Bucket, key string) (record *catalog.Record, err error) {
	body, _, err := lake.Get(ctx, key, "")
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
