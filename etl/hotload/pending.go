package hotload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"tidegate/catalog"
)

// batch is what of a batch is to be loaded: its live files in partitions that should be hot and are not.
type batch struct {
	id       string
	revision int
	files    []*catalog.File
	// whole says that these are all live files of the batch.
	whole bool
}

// chosenLoads gives a load of each covered pair that is chosen. Who withdraws pairs names them so: a compaction may have
// taken their rows over meanwhile, and then it is that one's pair.
func chosenLoads(tv *catalog.TableView, chosen func(catalog.Pair, []catalog.HotPart) bool) []int64 {
	var seqs []int64
	for p, loads := range tv.Hot.Covered {
		if chosen(p, loads) {
			seqs = append(seqs, loads[0].LoadSeq)
		}
	}
	slices.Sort(seqs)
	return seqs
}

// leaving gives the covered pairs that should no longer be hot, by one of their loads.
func leaving(tv *catalog.TableView) []int64 {
	in := tv.InKeep()
	return chosenLoads(tv, func(p catalog.Pair, _ []catalog.HotPart) bool { return !in(p.Partition) })
}

// pending gives the oldest batch that has a pair to load: one that is not covered, or covered without a column that
// is hot today. Oldest is the one whose files became visible first.
func pending(tv *catalog.TableView) (batch, bool) {
	in := tv.InKeep()
	var oldest *catalog.File
	wanted := func(f *catalog.File) bool {
		return in(f.Partition) && !tv.Covers(catalog.Pair{Batch: f.Batch, Partition: f.Partition})
	}
	for _, f := range tv.Files {
		if wanted(f) && (oldest == nil || f.Generation < oldest.Generation) {
			oldest = f
		}
	}
	if oldest == nil {
		return batch{}, false
	}
	b := batch{id: oldest.Batch, revision: oldest.Revision, whole: true}
	for _, f := range tv.Files {
		switch {
		case f.Batch != b.id || f.Revision != b.revision:
		case wanted(f):
			b.files = append(b.files, f)
		default:
			b.whole = false
		}
	}
	return b, true
}

// loadedColumns are the columns with which the table's covered rows were loaded.
func loadedColumns(tv *catalog.TableView) []string {
	var columns []string
	seen := map[int]bool{}
	for _, loads := range tv.Hot.Covered {
		for _, part := range loads {
			if !seen[part.SchemaVersion] {
				seen[part.SchemaVersion] = true
				columns = append(columns, tv.Hot.Versions[part.SchemaVersion]...)
			}
		}
	}
	columns = slices.DeleteFunc(columns, catalog.IsUnfit)
	slices.Sort(columns)
	return slices.Compact(columns)
}

// source makes the load of a batch, still without load sequences: from the column subset, or from the full-field
// files if an older pipeline wrote a subset that lacks a column that is hot today.
func (l *Loader) source(ctx context.Context, tv *catalog.TableView, b batch, lake *localLake) (Load, error) {
	load := Load{Table: tv.Table, Batch: fmt.Sprintf("%s.r%d", b.id, b.revision), Path: lake.path}
	for _, f := range b.files { // by partition
		if n := len(load.Parts); n == 0 || load.Parts[n-1].Partition != f.Partition {
			load.Parts = append(load.Parts, Part{Partition: f.Partition})
		}
		load.Parts[len(load.Parts)-1].Rows += f.Rows
	}
	r, err := l.record(ctx, tv.Table.Name, b)
	if err != nil {
		return Load{}, err
	}
	written := r.Table
	if r.Kind == catalog.RecordCompact {
		written.Hot = nil // whoever wrote the rows first may have known another one
	}
	load.unchecked = unchecked(&written, tv.Table)
	for _, f := range b.files {
		load.Files = append(load.Files, LakeFile{Key: f.Path, ETag: f.ETag, Partition: f.Partition})
	}
	if usable(r.Subset, tv.Table) {
		load.Subset = &Subset{Keys: r.Subset.Paths, Format: r.Subset.Format, Rows: r.Subset.Rows}
		for _, name := range r.Subset.Columns {
			c, ok := r.Table.Column(name)
			if !ok {
				return Load{}, fmt.Errorf("commit record of batch %s: its column subset has %s, which is no column", b.id, name)
			}
			load.Subset.Columns = append(load.Subset.Columns, c)
		}
		return load, checkSubset(r, b)
	}
	return load, nil
}

// usable reports whether the subset has every hot column and what tells its rows' partitions.
func usable(s *catalog.Subset, t *catalog.Table) bool {
	if s == nil {
		return false
	}
	lacks := func(c string) bool { return !slices.Contains(s.Columns, c) }
	hot := func(c string) bool { return slices.Contains(t.Hot.Columns, c) }
	return !slices.ContainsFunc(t.Hot.Columns, lacks) &&
		!slices.ContainsFunc(t.PartitionBy, func(c string) bool { return !hot(c) })
}

// checkSubset compares the subset's rows with the files'. The load compares them with what it reads.
func checkSubset(r *catalog.Record, b batch) error {
	var rows int64
	for i := range r.Files {
		rows += r.Files[i].Rows
	}
	if rows != r.Subset.Rows {
		return fmt.Errorf("commit record of batch %s: its files have %d rows, its column subset %d", b.id, rows, r.Subset.Rows)
	}
	return nil
}

func (l *Loader) record(ctx context.Context, table catalog.Name, b batch) (*catalog.Record, error) {
	key := catalog.RecordPath(table, b.id, b.revision)
	body, _, err := l.Lake.Get(ctx, key, "")
	if err != nil {
		return nil, fmt.Errorf("read commit record: %w", err)
	}
	text, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		return nil, fmt.Errorf("read commit record %s: %w", key, err)
	}
	r, err := catalog.DecodeRecord(text)
	if err != nil {
		return nil, fmt.Errorf("read commit record %s: %w", key, err)
	}
	if r.Table.Name != table || r.Batch != b.id || r.Revision != b.revision {
		return nil, fmt.Errorf("commit record %s is that of %s %s.r%d", key, r.Table.Name, r.Batch, r.Revision)
	}
	return r, nil
}
