package main

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"tidegate/catalog"
	"tidegate/etl/raw"
	"tidegate/internal/storage"
	"tidegate/router/system"
)

// rejects reads every quarantine file of the lake.
func (p *parts) rejects(ctx context.Context) iter.Seq2[system.Reject, error] {
	return func(yield func(system.Reject, error) bool) {
		for o, err := range p.lake.List(ctx, "_quarantine/", "") {
			if err != nil {
				yield(system.Reject{}, err)
				return
			}
			if !p.rejectsOf(ctx, o, yield) {
				return
			}
		}
	}
}

// rejectsOf reads one quarantine file, _quarantine/<table>/<batch>.ndjson.gz; false ends the reading.
func (p *parts) rejectsOf(ctx context.Context, o storage.Object, yield func(system.Reject, error) bool) bool {
	parts := strings.Split(o.Key, "/")
	if len(parts) != 3 {
		return yield(system.Reject{}, fmt.Errorf("quarantine file %s is not _quarantine/TABLE/BATCH.ndjson.gz", o.Key))
	}
	table, _ := catalog.ParseName(parts[1])
	batch := strings.TrimSuffix(parts[2], ".ndjson.gz")
	body, _, err := p.lake.Get(ctx, o.Key, o.ETag)
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
