package etl

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/engine/parquetscan"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// compactedBatch is a batch of the rows of live files.
type compactedBatch struct {
	*batch
	group []smallFiles // by partition
}

func byPair(x, y catalog.Replaced) int {
	return cmp.Or(strings.Compare(x.Partition, y.Partition), strings.Compare(x.Batch, y.Batch), cmp.Compare(x.Revision, y.Revision))
}

// run reads the files, sorts, writes and commits.
func (c *compactedBatch) run(ctx context.Context) error {
	source, err := c.source(ctx)
	if err != nil {
		return fmt.Errorf("read the files: %w", err)
	}
	if err := c.sort(ctx, source); err != nil {
		return fmt.Errorf("sort the rows: %w", err)
	}
	c.Step("arranged")
	if err := c.writeParts(ctx); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if hasSubset(c.table) && c.anyToLoad() {
		if err := c.writeSubset(ctx); err != nil {
			return fmt.Errorf("column subset: %w", err)
		}
	}
	c.Step("written")
	if err := c.verifyFiles(ctx); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if c.subset != nil {
		if err := c.verifySubset(ctx); err != nil {
			return fmt.Errorf("verify: column subset: %w", err)
		}
	}
	c.Step("verified")
	return c.commit(ctx)
}

// source gives the FROM item of the files, in the columns that the table has now.
func (c *compactedBatch) source(ctx context.Context) (string, error) {
	var files []parquetscan.ParquetFile
	for i := range c.group {
		for _, f := range c.group[i].files {
			path, err := storage.LocalFile(ctx, c.Lake, f.Path, f.ETag, c.dir)
			if err != nil {
				return "", err
			}
			files = append(files, parquetscan.ParquetFile{Path: path, Partition: f.Partition})
		}
	}
	columns := make([]parquetscan.SourceColumn, len(c.table.Columns))
	for i, col := range c.table.Columns {
		columns[i] = parquetscan.SourceColumn{Name: col.Name, DuckDBType: col.Type.DuckDB(), FileType: col.FileType, Partition: col.Partition}
	}
	return parquetscan.ParquetSource(files, columns), nil
}

// sort makes sortedTable of the files' rows, and makes sure that it has them all: by the catalog's counts, and by a second
// look at the files, for the checksums.
func (c *compactedBatch) sort(ctx context.Context, source string) error {
	keys := c.table.PartitionBy
	err := c.exec(ctx, fmt.Sprintf("CREATE TEMP TABLE %s AS SELECT %s FROM %s%s", sortedTable,
		idents(columnNames(c.table.Columns)), source, orderBy(slices.Concat(keys, c.table.ClusterBy))))
	if err != nil {
		return err
	}
	c.writable = sortedTable
	checksum := checksumOf(dataColumns(c.table))
	was := map[string]content{}
	err = c.eachPartition(ctx, source, checksum, func(values, counted []cell) error {
		name := partitionName(keys, values)
		have := was[name]
		err := have.add(counted[0], counted[1])
		was[name] = have
		return err
	})
	if err != nil {
		return err
	}
	err = c.eachPartition(ctx, sortedTable, checksum+", min(rowid)::BIGINT, max(rowid)::BIGINT", func(values, counted []cell) error {
		var sorted content
		if err := sorted.add(counted[0], counted[1]); err != nil {
			return err
		}
		p := part{name: partitionName(keys, values), rows: sorted.rows, checksum: sorted.checksum, first: counted[2].i}
		switch {
		case sorted != was[p.name]:
			return unsound("partition %q: its files have other rows (%d, checksum %016x) than were read (%d, checksum %016x)",
				p.name, was[p.name].rows, was[p.name].checksum, sorted.rows, sorted.checksum)
		case counted[3].i-p.first+1 != p.rows:
			return fmt.Errorf("the sorted rows of partition %q lie between others", p.name)
		}
		c.parts = append(c.parts, p)
		c.checksum += p.checksum
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(c.parts, func(x, y part) int { return strings.Compare(x.name, y.name) })
	return c.sameAsCatalog()
}

// sameAsCatalog compares the rows of each partition with what the catalog says of the files.
func (c *compactedBatch) sameAsCatalog() error {
	if len(c.parts) != len(c.group) {
		return unsound("the files have rows of %d partitions, the catalog says of %d", len(c.parts), len(c.group))
	}
	for i, p := range c.parts {
		if p.name != c.group[i].partition || p.rows != c.group[i].rows() {
			return unsound("partition %q: its files have %d rows, the catalog says that partition %q has %d", p.name, p.rows, c.group[i].partition, c.group[i].rows())
		}
	}
	return nil
}

// writeParts writes the full-field files of all partitions.
func (c *compactedBatch) writeParts(ctx context.Context) error {
	for i := range c.parts {
		paths, err := c.writeEven(ctx, &c.parts[i], &c.group[i])
		if err != nil {
			return err
		}
		for number, path := range paths {
			key := c.partKey(c.parts[i].name, number)
			if err := c.putFile(ctx, key, path); err != nil {
				return err
			}
			c.files = append(c.files, catalog.FileRecord{Path: key, Partition: c.parts[i].name})
		}
	}
	return nil
}

// writeEven writes a partition into local files of as many rows each, and into fewer if one gets small: sizes are known only
// when they are there.
func (c *compactedBatch) writeEven(ctx context.Context, p *part, from *smallFiles) ([]string, error) {
	columns := idents(columnNames(dataColumns(c.table)))
	for n := max(1, min(c.sizes.into(from.bytes()), p.rows)); ; n-- {
		var paths []string
		smallest := int64(0)
		for i := range n {
			begin, end := p.rows*i/n, p.rows*(i+1)/n
			path := filepath.Join(c.dir, fmt.Sprintf("part-%04d.parquet", i))
			size, err := c.copyTo(ctx, path, columns, c.rowsOf(p, begin, end-begin))
			if err != nil {
				return nil, fmt.Errorf("partition %q: %w", p.name, err)
			}
			if i == 0 || size < smallest {
				smallest = size
			}
			paths = append(paths, path)
			if n > 1 && size < c.sizes.good {
				break
			}
		}
		switch {
		case smallest >= c.sizes.good, n == 1 && from.all:
			return paths, nil
		case n == 1:
			return nil, &tooLittleError{p.name}
		}
		c.log.DebugContext(ctx, "a file would be small: fewer are written", logkey.Files, n-1, logkey.Bytes, smallest)
		for _, path := range paths {
			if err := os.Remove(path); err != nil {
				return nil, fmt.Errorf("remove a file in the making: %w", err)
			}
		}
	}
}

// anyToLoad reports whether some of the partitions are to be hot.
func (c *compactedBatch) anyToLoad() bool {
	in := c.view.Tables[c.p.Table].InKeep()
	return slices.ContainsFunc(c.parts, func(p part) bool { return in(p.name) })
}

// told says what became of each partition.
func (c *compactedBatch) told() []Compacted {
	all := make([]Compacted, len(c.group))
	for i := range c.group {
		g := &c.group[i]
		all[i] = Compacted{Table: c.p.Table, Partition: g.partition, Rows: g.rows(), Files: len(g.files), Bytes: g.bytes()}
		for j := range c.files {
			if f := &c.files[j]; f.Partition == g.partition {
				all[i].IntoFiles++
				all[i].IntoBytes += f.Bytes
			}
		}
	}
	return all
}
