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
// bytes of their inputs, of which a file seldom has more.
func (b *batch) sortFirst() bool {
	return len(b.parts) > 8 || b.bytesIn > 2*b.limit.bytes
}

// writePart writes one partition, in several files if it is big.
func (b *batch) writePart(ctx context.Context, p *part) error {
	perFile := b.limit.rows
	for from, number := int64(0), 0; from < p.rows; {
		n := min(perFile, p.rows-from)
		if n < p.rows && b.writable != sortedTable {
			if err := b.sortRows(ctx); err != nil {
				return err
			}
		}
		key := b.partKey(p.name, number)
		path := filepath.Join(b.dir, "part.parquet")
		size, err := b.copyTo(ctx, path, idents(columnNames(dataColumns(b.table))), b.rowsOf(p, from, n))
		if err != nil {
			return err
		}
		if size > b.limit.bytes && n > 1 {
			perFile = max(1, int64(float64(n)*float64(b.limit.bytes)/float64(size)*0.9))
			continue
		}
		if err := b.putFile(ctx, key, path); err != nil {
			return err
		}
		b.files = append(b.files, catalog.FileRecord{Path: key, Partition: p.name})
		b.log.DebugContext(ctx, "file written", logkey.File, key, logkey.Bytes, size)
		from += n
		number++
	}
	return nil
}

// rowsOf is what follows FROM for n rows of a partition, from its from-th in cluster_by's order.
func (b *batch) rowsOf(p *part, from, n int64) string {
	where, order := p.condition, orderBy(b.table.ClusterBy)
	if b.writable == sortedTable {
		where, order = fmt.Sprintf("rowid >= %d AND rowid < %d", p.first+from, p.first+from+n), ""
	}
	if b.fault.written != "" {
		where += " AND (" + b.fault.written + ")"
	}
	return fmt.Sprintf("%s WHERE %s%s", b.writable, where, order)
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

// writeSubset writes the hot columns of all partitions into one file, sorted as the hot table is, and its manifest.
// A batch without rows has a subset without files.
func (b *batch) writeSubset(ctx context.Context) error {
	b.subset = &catalog.Subset{Format: b.table.Hot.Format, Columns: b.table.Hot.Columns, Paths: []string{}}
	if len(b.parts) == 0 {
		return nil
	}
	path := filepath.Join(b.dir, "subset")
	if err := b.writeSubsetFile(ctx, path); err != nil {
		return err
	}
	folder := "_hot/" + b.p.Table.String() + "/" + b.runFolder()
	key := folder + "/0000." + cmp.Or(b.subset.Format, "parquet")
	if err := b.putFile(ctx, key, path); err != nil {
		return err
	}
	b.subset.Paths = []string{key}
	for _, p := range b.parts {
		b.subset.Rows += p.rows
	}
	object, err := b.Lake.Stat(ctx, key)
	if err != nil {
		return fmt.Errorf("look at a written file: %w", err)
	}
	b.subset.Bytes = object.Size
	return b.writeManifest(ctx, folder+"/manifest.json", object)
}

// subsetColumns are the columns of the subset, in the files' order.
func (b *batch) subsetColumns() []catalog.Column {
	columns := make([]catalog.Column, len(b.subset.Columns))
	for i, name := range b.subset.Columns {
		columns[i], _ = b.table.Column(name)
	}
	return columns
}

func (b *batch) writeSubsetFile(ctx context.Context, path string) error {
	from := b.writable + orderBy(b.table.Hot.Sort)
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

func (b *batch) writeManifest(ctx context.Context, key string, object storage.Object) error {
	url := strings.TrimSuffix(b.Lake.Location(), "/") + "/" + object.Key
	body, err := json.Marshal(manifest{
		Entries: []manifestEntry{{URL: url, Mandatory: true, Meta: manifestMeta{ContentLength: object.Size}}},
		Rows:    b.subset.Rows, Columns: b.subset.Columns,
	})
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
