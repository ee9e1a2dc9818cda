package etl

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/hive"
	"tidegate/internal/pgtypes"
)

// arrange takes the losers out of b.rows, which from then on holds what will be written, and fills b.parts, the
// partitions that have rows.
func (b *batch) arrange(ctx context.Context) error {
	if b.counts.Deduplicated > 0 {
		deleted, err := b.session.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE rowid IN (SELECT id FROM %s)", b.rows, losersTable))
		if err != nil {
			return err
		}
		if deleted != b.counts.Deduplicated {
			return fmt.Errorf("%d rows are duplicates, but %d were taken out", b.counts.Deduplicated, deleted)
		}
	}
	if err := b.countTruncated(ctx); err != nil {
		return fmt.Errorf("count what was cut: %w", err)
	}
	if err := b.countParts(ctx); err != nil {
		return fmt.Errorf("count the partitions: %w", err)
	}
	b.writable = b.rows
	return nil
}

// countParts fills b.parts and the batch's checksum.
func (b *batch) countParts(ctx context.Context) error {
	keys := b.table.PartitionBy
	err := b.eachPartition(ctx, b.rows, checksumOf(dataColumns(b.table)), func(values, counted []cell) error {
		if counted[0].i == 0 { // a table without partitions that gets no row
			return nil
		}
		p := part{name: partitionName(keys, values), condition: b.isPartition(values), rows: counted[0].i}
		var err error
		p.checksum, err = strconv.ParseUint(counted[1].s, 10, 64)
		b.parts = append(b.parts, p)
		b.checksum += p.checksum
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(b.parts, func(x, y part) int { return strings.Compare(x.name, y.name) })
	for i := 1; i < len(b.parts); i++ {
		if b.parts[i-1].name == b.parts[i].name {
			return unsound("two values of %q have one folder, %q", keys, b.parts[i].name)
		}
	}
	return nil
}

// sortRows makes sortedTable of b.rows: the table's columns, sorted by partition and cluster_by. Then each file is a
// plain scan of row ids that follow each other, however many there are.
func (b *batch) sortRows(ctx context.Context) error {
	keys := b.table.PartitionBy
	err := b.exec(ctx, fmt.Sprintf("CREATE TEMP TABLE %s AS SELECT %s FROM %s%s", sortedTable,
		idents(columnNames(b.table.Columns)), b.rows, orderBy(slices.Concat(keys, b.table.ClusterBy))))
	if err != nil {
		return err
	}
	if err := b.exec(ctx, "DROP TABLE "+b.rows); err != nil {
		return err
	}
	b.writable = sortedTable
	return b.eachPartition(ctx, sortedTable, "min(rowid)::BIGINT, max(rowid)::BIGINT", func(values, at []cell) error {
		name := partitionName(keys, values)
		i := slices.IndexFunc(b.parts, func(p part) bool { return p.name == name })
		if i < 0 || at[0].i != b.parts[i].rows || at[2].i-at[1].i+1 != at[0].i {
			return fmt.Errorf("the sorted rows of partition %q are not those that were counted, or lie between others", name)
		}
		b.parts[i].first = at[1].i
		return nil
	})
}

// eachPartition gives the partitions of a table's rows: their values as texts, the number of rows and further aggregates.
// A table without partitions has one, which may have no row.
func (b *batch) eachPartition(ctx context.Context, table, aggregates string, fn func(values, counted []cell) error) error {
	keys := b.table.PartitionBy
	var values strings.Builder
	for _, c := range keys {
		values.WriteString(ident(c) + "::VARCHAR, ")
	}
	query := fmt.Sprintf("SELECT %scount(*)::BIGINT, %s FROM %s", values.String(), aggregates, table)
	if len(keys) > 0 {
		query += " GROUP BY " + idents(keys)
	}
	return each(ctx, b.session, query, func(row []cell) error { return fn(row[:len(keys)], row[len(keys):]) })
}

func orderBy(columns []string) string {
	if len(columns) == 0 {
		return ""
	}
	return " ORDER BY " + idents(columns)
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

// isPartition is the condition that a row is of a partition.
func (b *batch) isPartition(values []cell) string {
	terms := []string{"true"}
	for i, name := range b.table.PartitionBy {
		c, _ := b.table.Column(name)
		switch {
		case values[i].null:
			terms = append(terms, ident(name)+" IS NULL")
		case pgtypes.ClassOf(c.Type.OID) == pgtypes.ClassText: // which DuckDB looks up in statistics and dictionaries
			terms = append(terms, ident(name)+" = "+literal(values[i].s))
		default:
			terms = append(terms, fmt.Sprintf("%s::VARCHAR = %s", ident(name), literal(values[i].s)))
		}
	}
	return strings.Join(terms, " AND ")
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
