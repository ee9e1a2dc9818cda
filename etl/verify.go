package etl

import (
	"context"
	"fmt"
	"strconv"

	"tidegate/catalog"
	"tidegate/internal/storage"
)

// verify reads back what write put into the lake and checks that it is, to the row, what was computed, and that
// every record that was read is accounted for. What does not add up is a checkError: nothing may be published.
func (b *batch) verify(ctx context.Context) error {
	if err := b.verifyFiles(ctx); err != nil {
		return err
	}
	if b.subset != nil && len(b.subset.Paths) > 0 {
		if err := b.verifySubset(ctx); err != nil {
			return fmt.Errorf("column subset: %w", err)
		}
	}
	for i := range b.files {
		b.counts.Emitted += b.files[i].Rows
	}
	if b.p.Source == nil {
		// A SELECT over tables may aggregate: what it reads is in Inputs, and here read means the rows it gave.
		b.parsed += b.rowCount()
		b.counts.Read = b.parsed + b.counts.Rejected
	}
	return b.verifyAlgebra()
}

// verifyAlgebra checks read = blank + rejected + parsed and parsed = filtered + deduplicated + emitted. Each number was counted where it arose, none as the remainder of others.
func (b *batch) verifyAlgebra() error {
	c := b.counts
	if c.Read != c.Blank+c.Rejected+b.parsed {
		return unsound("count algebra: read %d is not blank %d + rejected %d + parsed %d", c.Read, c.Blank, c.Rejected, b.parsed)
	}
	if b.parsed != c.Filtered+c.Deduplicated+c.Emitted {
		return unsound("count algebra: parsed %d is not filtered %d + deduplicated %d + emitted %d", b.parsed, c.Filtered, c.Deduplicated, c.Emitted)
	}
	if b.subset != nil && b.subset.Rows != c.Emitted {
		return unsound("count algebra: the column subset has %d rows, emitted are %d", b.subset.Rows, c.Emitted)
	}
	return nil
}

// verifyFiles reads the footers of the full-field files, completes their records with them, and compares rows and
// checksum per partition.
func (b *batch) verifyFiles(ctx context.Context) error {
	columns := dataColumns(b.table)
	partition := make(map[string]string, len(b.files)) // local path → partition
	paths := make([]string, 0, len(b.files))
	footers := map[string]int64{}
	for i := range b.files {
		f := &b.files[i]
		path, err := storage.LocalFile(ctx, b.Lake, f.Path, "", b.dir)
		if err != nil {
			return err
		}
		foot, err := readFooter(path, columns)
		if err != nil {
			return err
		}
		object, err := b.Lake.Stat(ctx, f.Path)
		if err != nil {
			return fmt.Errorf("look at a written file: %w", err)
		}
		f.ETag = object.ETag
		f.Rows, f.Bytes, f.FooterBytes, f.Columns = foot.rows, foot.sizeBytes, foot.footerBytes, foot.columns
		partition[path] = f.Partition
		paths = append(paths, path)
		footers[f.Partition] += foot.rows
	}
	read, err := b.reread(ctx, paths, columns, func(path string) string { return partition[path] })
	if err != nil {
		return err
	}
	for _, p := range b.parts {
		got := read[p.name]
		if footers[p.name] != p.rows || got.rows != p.rows {
			return unsound("partition %q: %d rows were computed, the files' footers say %d, the files hold %d",
				p.name, p.rows, footers[p.name], got.rows)
		}
		if got.checksum != p.checksum {
			return unsound("partition %q: the files hold %d rows, but not the rows that were computed (checksum %016x, not %016x)",
				p.name, got.rows, got.checksum, p.checksum)
		}
	}
	return nil
}

// verifySubset compares the subset's files with the rows that were computed.
func (b *batch) verifySubset(ctx context.Context) error {
	columns := b.subsetColumns()
	paths := make([]string, len(b.subset.Paths))
	for i, key := range b.subset.Paths {
		var err error
		if paths[i], err = storage.LocalFile(ctx, b.Lake, key, "", b.dir); err != nil {
			return err
		}
	}
	read, err := b.rereadSubset(ctx, paths, columns)
	if err != nil {
		return err
	}
	computed := b.writable
	if b.subset.Format == catalog.FormatAvro {
		computed = "(" + storedRows(columns) + b.writable + ")"
	}
	want, err := b.contentOf(ctx, computed, columns)
	if err == nil && read != want {
		err = unsound("the files hold other rows (%d, checksum %016x) than were computed (%d, checksum %016x)",
			read.rows, read.checksum, want.rows, want.checksum)
	}
	return err
}

func (b *batch) rereadSubset(ctx context.Context, paths []string, columns []catalog.Column) (content, error) {
	if b.subset.Format == catalog.FormatAvro {
		return b.rereadAvro(ctx, paths, columns)
	}
	var rows int64
	for _, path := range paths {
		foot, err := readFooter(path, columns)
		if err != nil {
			return content{}, err
		}
		rows += foot.rows
	}
	if rows != b.subset.Rows {
		return content{}, unsound("%d rows were computed, the files' footers say %d", b.subset.Rows, rows)
	}
	read, err := b.reread(ctx, paths, columns, func(string) string { return "" })
	return read[""], err
}

// contentOf gives the content of a relation of the session.
func (b *batch) contentOf(ctx context.Context, from string, columns []catalog.Column) (c content, err error) {
	err = each(ctx, b.session, fmt.Sprintf("SELECT count(*)::BIGINT, %s FROM %s", checksumOf(columns), from), func(row []cell) error {
		return c.add(row[0], row[1])
	})
	return c, err
}

// content is what a set of rows amounts to.
type content struct {
	rows     int64
	checksum uint64
}

func (c *content) add(rows, checksum cell) error {
	n, err := strconv.ParseUint(checksum.s, 10, 64)
	c.rows += rows.i
	c.checksum += n
	return err
}

// reread scans Parquet files and gives their content by group.
func (b *batch) reread(ctx context.Context, paths []string, columns []catalog.Column, group func(path string) string) (map[string]content, error) {
	contents := map[string]content{}
	if len(paths) == 0 {
		return contents, nil
	}
	query := fmt.Sprintf("SELECT filename, count(*)::BIGINT, %s FROM read_parquet(%s, filename = true, hive_partitioning = false) GROUP BY filename",
		checksumOf(columns), pathList(paths))
	err := each(ctx, b.session, query, func(row []cell) error {
		c := contents[group(row[0].s)]
		err := c.add(row[1], row[2])
		contents[group(row[0].s)] = c
		return err
	})
	return contents, err
}
