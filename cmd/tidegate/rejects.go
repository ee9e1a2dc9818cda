package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"tidegate/catalog"
	"tidegate/etl/raw"
	"tidegate/internal/storage"
	"tidegate/router/system"
)

// rejects reads the quarantine of every batch. Files that a requeue or a remake is making, or has not removed yet, are left
// out: their records would be there twice.
func (p *parts) rejects(ctx context.Context) iter.Seq2[system.Reject, error] {
	return func(yield func(system.Reject, error) bool) {
		current, err := p.currentQuarantine(ctx)
		if err != nil {
			yield(system.Reject{}, err)
			return
		}
		for o, err := range p.lake.List(ctx, raw.QuarantineRoot, "") {
			counts := false
			if err == nil {
				counts, err = current(ctx, o)
			}
			if err != nil {
				yield(system.Reject{}, err)
				return
			}
			if counts && !p.rejectsOf(ctx, o, yield) {
				return
			}
		}
	}
}

// rejectsOf reads one quarantine file, _quarantine/<table>/<batch>.ndjson.gz; false ends the reading.
func (p *parts) rejectsOf(ctx context.Context, o storage.Object, yield func(system.Reject, error) bool) bool {
	table, batch, ok := raw.ParseQuarantinePath(o.Key)
	if !ok {
		return yield(system.Reject{}, fmt.Errorf("quarantine file %s is not _quarantine/TABLE/BATCH.ndjson.gz", o.Key))
	}
	body, _, err := p.lake.Get(ctx, o.Key, o.ETag)
	if errors.Is(err, storage.ErrNotFound) {
		return true // removed since it was listed
	}
	if err != nil {
		return yield(system.Reject{}, err)
	}
	defer body.Close()
	for r, err := range raw.ReadQuarantine(body) {
		row := system.Reject{Table: table, Batch: batch, Object: r.Object, Line: r.Line, Reason: r.Reason, Raw: printable(r.Raw)}
		if !yield(row, err) || err != nil {
			return false
		}
	}
	return true
}

// currentQuarantine tells the files whose records are in the quarantine.
func (p *parts) currentQuarantine(ctx context.Context) (func(context.Context, storage.Object) (bool, error), error) {
	batches, err := p.store.Batches(ctx)
	if err != nil {
		return nil, err
	}
	type key struct {
		table catalog.Name
		batch string
	}
	known := map[key]bool{}
	for i := range batches {
		b := &batches[i]
		first := b.Kind != catalog.RecordRequeue && b.Kind != catalog.RecordRemake
		if b.RemadeBy == 0 && (first || b.State != catalog.BatchFailed) {
			known[key{b.Table, b.ID}] = true
		}
	}
	return func(ctx context.Context, o storage.Object) (bool, error) {
		table, batch, ok := raw.ParseQuarantinePath(o.Key)
		if !ok {
			return true, nil // rejectsOf says what is wrong with it
		}
		if !known[key{table, batch}] {
			return false, nil
		}
		requeued, err := p.store.KnownKeys(ctx, table, []string{o.Key})
		return requeued[o.Key] != o.ETag, err
	}, nil
}

// printable writes bytes that a PostgreSQL text cannot hold as \xNN.
func printable(b []byte) string {
	var s strings.Builder
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size <= 1 || r == 0 {
			fmt.Fprintf(&s, `\x%02x`, b[0])
		} else {
			s.Write(b[:size])
		}
		b = b[size:]
	}
	return s.String()
}
