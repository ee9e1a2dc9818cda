package etl

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/hive"
)

// arrange makes outTable of rowsTable without the losers: the table's columns and the partition's number, sorted
// by partition and cluster_by; and b.parts, the partitions that have rows. Sorting everything once lets each file
// be a plain scan of row ids that follow each other.
func (b *batch) arrange(ctx context.Context) error {
	if err := b.countTruncated(ctx); err != nil {
		return fmt.Errorf("count what was cut: %w", err)
	}
	values := idents(b.table.PartitionBy)
	parts := "CREATE TEMP TABLE " + partsTable + " AS SELECT 0::INTEGER AS " + partColumn
	join := "true"
	if len(b.table.PartitionBy) > 0 {
		parts = fmt.Sprintf("CREATE TEMP TABLE %s AS SELECT (row_number() OVER (ORDER BY %s) - 1)::INTEGER AS %s, %s FROM (SELECT DISTINCT %s FROM %s)",
			partsTable, values, partColumn, values, values, rowsTable)
		join = equalColumns("r", "p", b.table.PartitionBy)
	}
	if err := b.exec(ctx, parts); err != nil {
		return err
	}
	order := []string{partColumn}
	for _, c := range b.table.ClusterBy {
		order = append(order, "r."+ident(c))
	}
	out := fmt.Sprintf("CREATE TEMP TABLE %s AS SELECT %s, p.%s FROM %s r ANTI JOIN %s l ON l.id = r.rowid JOIN %s p ON %s ORDER BY %s",
		outTable, prefixed("r", columnNames(b.table.Columns)), partColumn, rowsTable, losersTable, partsTable, join,
		strings.Join(order, ", "))
	if err := b.exec(ctx, out); err != nil {
		return err
	}
	if err := b.exec(ctx, "DROP TABLE "+rowsTable); err != nil {
		return err
	}
	return b.readParts(ctx)
}

// equalColumns compares columns of two relations; NULL equals NULL.
func equalColumns(left, right string, columns []string) string {
	terms := make([]string, len(columns))
	for i, c := range columns {
		terms[i] = fmt.Sprintf("%s.%s IS NOT DISTINCT FROM %s.%s", left, ident(c), right, ident(c))
	}
	return strings.Join(terms, " AND ")
}

func prefixed(relation string, columns []string) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = relation + "." + ident(c)
	}
	return strings.Join(list, ", ")
}

// readParts fills b.parts and the batch's checksum from outTable.
func (b *batch) readParts(ctx context.Context) error {
	names := map[int64]string{}
	selected := []string{partColumn + "::BIGINT"}
	for _, c := range b.table.PartitionBy {
		selected = append(selected, ident(c)+"::VARCHAR")
	}
	err := each(ctx, b.session, "SELECT "+strings.Join(selected, ", ")+" FROM "+partsTable, func(row []cell) error {
		names[row[0].i] = partitionName(b.table.PartitionBy, row[1:])
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the partitions: %w", err)
	}
	query := fmt.Sprintf("SELECT %s::BIGINT, count(*)::BIGINT, min(rowid)::BIGINT, max(rowid)::BIGINT, %s FROM %s GROUP BY 1",
		partColumn, checksumOf(dataColumns(b.table)), outTable)
	err = each(ctx, b.session, query, func(row []cell) error {
		p := part{number: row[0].i, name: names[row[0].i], rows: row[1].i, first: row[2].i}
		if row[3].i-p.first+1 != p.rows {
			return fmt.Errorf("rows of partition %q lie between others", p.name)
		}
		var err error
		p.checksum, err = strconv.ParseUint(row[4].s, 10, 64)
		b.parts = append(b.parts, p)
		b.checksum += p.checksum
		return err
	})
	if err != nil {
		return fmt.Errorf("count the partitions: %w", err)
	}
	slices.SortFunc(b.parts, func(x, y part) int { return strings.Compare(x.name, y.name) })
	for i := 1; i < len(b.parts); i++ {
		if b.parts[i-1].name == b.parts[i].name {
			return unsound("two values of %q have one folder, %q", b.table.PartitionBy, b.parts[i].name)
		}
	}
	return nil
}

// partitionName gives a partition's path: "dt=2018-02-15/site_id=3".
func partitionName(columns []string, values []cell) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		v := hive.Null
		if !values[i].null {
			v = hive.Escape(values[i].s)
		}
		parts[i] = c + "=" + v
	}
	return strings.Join(parts, "/")
}

// dataColumns are the columns that a full-field file has: all but the partition's, which the path holds.
func dataColumns(t *catalog.Table) []catalog.Column {
	var data []catalog.Column
	for _, c := range t.Columns {
		if !c.Partition {
			data = append(data, c)
		}
	}
	return data
}

// checksumOf is an expression over a set of rows: the sum of the rows' hashes modulo 2^64, as decimal text. It does
// not depend on the rows' order, and counts each of several equal rows.
func checksumOf(columns []catalog.Column) string {
	return "(coalesce(sum(hash(" + idents(columnNames(columns)) + ")::HUGEINT), 0) % 18446744073709551616::HUGEINT)::UBIGINT::VARCHAR"
}
