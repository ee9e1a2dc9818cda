package etl

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// parquetOptions of every file. V1 data pages, because Redshift Spectrum reads them everywhere.
const parquetOptions = "(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v1)"

// write puts the full-field files and the column subset into fresh run folders of the lake. What it notes of them
// is completed by verify, from the files themselves.
func (b *batch) write(ctx context.Context) error {
	if b.scratch {
		if err := b.measureRows(ctx); err != nil {
			return fmt.Errorf("measure the rows: %w", err)
		}
	}
	if b.sortFirst() {
		if err := b.sortRows(ctx); err != nil {
			return err
		}
	}
	for i := range b.parts {
		if err := b.writePart(ctx, &b.parts[i]); err != nil {
			return fmt.Errorf("partition %q: %w", b.parts[i].name, err)
		}
	}
	if !hasSubset(b.table) {
		return nil
	}
	if err := b.writeSubset(ctx); err != nil {
		return fmt.Errorf("column subset: %w", err)
	}
	return nil
}

// hasSubset reports whether a load can use a column subset: it has columns, and among them those that tell the
// partitions of its rows. A hot table that decides itself may be unknown yet, or lack one; then a load reads the
// full-field files.
func hasSubset(t *catalog.Table) bool {
	return t.Hot != nil && len(t.Hot.Columns) > 0 &&
		!slices.ContainsFunc(t.PartitionBy, func(c string) bool { return !slices.Contains(t.Hot.Columns, c) })
}

// sortFirst reports whether the rows are many: by their partitions, each of which would look through all rows, or by the
// bytes of their inputs, of which a file seldom has more. What lies in a scratch database is looked through quickly, and is
// too much to be sorted at once.
func (b *batch) sortFirst() bool {
	if b.scratch {
		return len(b.parts) > 64
	}
	return len(b.parts) > 8 || b.bytesIn > 2*b.limit.bytes
}

// writePart writes one partition, in several files if it is big.
func (b *batch) writePart(ctx context.Context, p *part) error {
	if b.scratch && b.writable != sortedTable {
		return b.writeStretches(ctx, p, p.condition, p.rows, min(b.sortable, b.limit.rows))
	}
	perFile := b.limit.rows
	for from := int64(0); from < p.rows; {
		n := min(perFile, p.rows-from)
		if n < p.rows && b.writable != sortedTable {
			if err := b.sortRows(ctx); err != nil {
				return err
			}
		}
		size, err := b.copyPart(ctx, b.rowsOf(p, from, n))
		if err != nil {
			return err
		}
		if size > b.limit.bytes && n > 1 {
			perFile = b.fitting(n, size)
			continue
		}
		if err := b.putPart(ctx, p, size); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// writeStretches writes rows of a partition that fulfil a condition. Each stretch of them is a file and sorted for itself, in
// memory; all together would be spilled twice as large as they are.
func (b *batch) writeStretches(ctx context.Context, p *part, condition string, rows, most int64) error {
	all, err := b.stretches(ctx, condition, rows, most)
	if err != nil {
		return err
	}
	for _, s := range all {
		of := condition + " AND " + s.condition()
		size, err := b.copyPart(ctx, b.rows+" WHERE "+b.written(of)+orderBy(b.table.ClusterBy))
		if err != nil {
			return err
		}
		if size > b.limit.bytes && s.rows > 1 {
			err = b.writeStretches(ctx, p, of, s.rows, b.fitting(s.rows, size))
		} else {
			err = b.putPart(ctx, p, size)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fitting is how many rows fit into a file, if so many need so many bytes.
func (b *batch) fitting(rows, size int64) int64 {
	return max(1, int64(float64(rows)*float64(b.limit.bytes)/float64(size)*0.9))
}

// partFile is the full-field file in the making.
func (b *batch) partFile() string { return filepath.Join(b.dir, "part.parquet") }

// copyPart writes partFile and gives its size in bytes.
func (b *batch) copyPart(ctx context.Context, from string) (int64, error) {
	return b.copyTo(ctx, b.partFile(), idents(columnNames(dataColumns(b.table))), from)
}

// putPart makes partFile the next file of a partition.
func (b *batch) putPart(ctx context.Context, p *part, size int64) error {
	key := b.partKey(p.name, p.files)
	if err := b.putFile(ctx, key, b.partFile()); err != nil {
		return err
	}
	p.files++
	b.files = append(b.files, catalog.FileRecord{Path: key, Partition: p.name})
	b.log.DebugContext(ctx, "file written", logkey.File, key, logkey.Bytes, size)
	return nil
}

// rowsOf is what follows FROM for n rows of a partition, from its from-th in cluster_by's order.
func (b *batch) rowsOf(p *part, from, n int64) string {
	where, order := p.condition, orderBy(b.table.ClusterBy)
	if b.writable == sortedTable {
		where, order = fmt.Sprintf("rowid >= %d AND rowid < %d", p.first+from, p.first+from+n), ""
	}
	return fmt.Sprintf("%s WHERE %s%s", b.writable, b.written(where), order)
}

func (b *batch) written(where string) string {
	if b.fault.written == "" {
		return where
	}
	return where + " AND (" + b.fault.written + ")"
}

// copyTo writes a local Parquet file and gives its size in bytes.
func (b *batch) copyTo(ctx context.Context, path, columns, from string) (int64, error) {
	err := b.exec(ctx, fmt.Sprintf("COPY (SELECT %s FROM %s) TO %s %s", columns, from, literal(path), parquetOptions))
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("look at a written file: %w", err)
	}
	return info.Size(), nil
}

func (b *batch) partKey(partition string, number int) string {
	folder := b.p.Table.String() + "/"
	if partition != "" {
		folder += partition + "/"
	}
	return fmt.Sprintf("%s%s/%04d.parquet", folder, b.runFolder(), number)
}

// writeSubset writes the hot columns of all partitions into one file, or into one for each stretch, sorted as the hot table
// is, and their manifest. A batch without rows has a subset without files.
func (b *batch) writeSubset(ctx context.Context) error {
	b.subset = &catalog.Subset{Format: b.table.Hot.Format, Columns: b.table.Hot.Columns, Paths: []string{}}
	if len(b.parts) == 0 {
		return nil
	}
	b.subset.Rows = b.rowCount()
	froms, err := b.subsetFroms(ctx)
	if err != nil {
		return err
	}
	folder := "_hot/" + b.p.Table.String() + "/" + b.runFolder()
	var objects []storage.Object
	for i, from := range froms {
		path := filepath.Join(b.dir, "subset")
		if err := b.writeSubsetFile(ctx, path, from); err != nil {
			return err
		}
		key := fmt.Sprintf("%s/%04d.%s", folder, i, cmp.Or(b.subset.Format, "parquet"))
		if err := b.putFile(ctx, key, path); err != nil {
			return err
		}
		object, err := b.Lake.Stat(ctx, key)
		if err != nil {
			return fmt.Errorf("look at a written file: %w", err)
		}
		objects = append(objects, object)
		b.subset.Paths = append(b.subset.Paths, key)
		b.subset.Bytes += object.Size
	}
	return b.writeManifest(ctx, folder+"/manifest.json", objects)
}

// rowCount is how many rows the partitions have.
func (b *batch) rowCount() int64 {
	var n int64
	for i := range b.parts {
		n += b.parts[i].rows
	}
	return n
}

// subsetFroms gives what follows FROM for each file of the subset.
func (b *batch) subsetFroms(ctx context.Context) ([]string, error) {
	order := orderBy(b.table.Hot.Sort)
	if !b.scratch || b.writable == sortedTable {
		return []string{b.writable + order}, nil
	}
	all, err := b.stretches(ctx, "true", b.subset.Rows, b.sortable)
	froms := make([]string, len(all))
	for i, s := range all {
		froms[i] = b.rows + " WHERE " + s.condition() + order
	}
	return froms, err
}

// subsetColumns are the columns of the subset, in the files' order.
func (b *batch) subsetColumns() []catalog.Column {
	columns := make([]catalog.Column, len(b.subset.Columns))
	for i, name := range b.subset.Columns {
		columns[i], _ = b.table.Column(name)
	}
	return columns
}

func (b *batch) writeSubsetFile(ctx context.Context, path, from string) error {
	if b.subset.Format == catalog.FormatAvro {
		return b.writeAvro(ctx, path, from)
	}
	_, err := b.copyTo(ctx, path, idents(b.subset.Columns), from)
	return err
}

// manifest lists the subset's files as Redshift's COPY … MANIFEST wants it (for Parquet with content_length), and what
// a loader checks its count against.
type manifest struct {
	Entries []manifestEntry `json:"entries"`
	Rows    int64           `json:"rows"`
	Columns []string        `json:"columns"`
}

type manifestEntry struct {
	URL       string       `json:"url"`
	Mandatory bool         `json:"mandatory"`
	Meta      manifestMeta `json:"meta"`
}

type manifestMeta struct {
	ContentLength int64 `json:"content_length"`
}

func (b *batch) writeManifest(ctx context.Context, key string, objects []storage.Object) error {
	entries := make([]manifestEntry, len(objects))
	for i, o := range objects {
		url := strings.TrimSuffix(b.Lake.Location(), "/") + "/" + o.Key
		entries[i] = manifestEntry{URL: url, Mandatory: true, Meta: manifestMeta{ContentLength: o.Size}}
	}
	body, err := json.Marshal(manifest{Entries: entries, Rows: b.subset.Rows, Columns: b.subset.Columns})
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if _, err := b.Lake.Put(ctx, key, bytes.NewReader(body)); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	b.subset.Manifest = key
	return nil
}

// putFile makes a finished local file an object of the lake and removes it from the work folder.
func (b *batch) putFile(ctx context.Context, key, path string) (err error) {
	defer func() {
		if err == nil {
			b.Step("put")
		}
	}()
	if putter, ok := b.Lake.(storage.FilePutter); ok {
		if _, err := putter.PutFile(ctx, key, path); err != nil {
			return fmt.Errorf("put %s into the lake: %w", key, err)
		}
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("put %s into the lake: %w", key, err)
	}
	_, err = b.Lake.Put(ctx, key, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("put %s into the lake: %w", key, err)
	}
	return os.Remove(path)
}
