package hotload

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/engine/parquetscan"
)

// source is a load whose files are on this machine.
type source struct {
	Load
	subset []string // paths; nil: the rows come from files
	files  []parquetscan.ParquetFile
}

// open brings the load's files to this machine.
func (l Load) open(ctx context.Context) (source, error) {
	s := source{Load: l}
	if l.Subset != nil && l.Subset.Format == "" {
		s.subset = make([]string, len(l.Subset.Keys))
		for i, key := range l.Subset.Keys {
			var err error
			if s.subset[i], err = l.Path(ctx, key, ""); err != nil {
				return source{}, err
			}
		}
		return s, nil
	}
	for _, f := range l.Files {
		path, err := l.Path(ctx, f.Key, f.ETag)
		if err != nil {
			return source{}, err
		}
		s.files = append(s.files, parquetscan.ParquetFile{Path: path, Partition: f.Partition})
	}
	return s, nil
}

// insertStatement writes a load's rows in the table's sort order, each under its part's load sequence.
func insertStatement(l source, columns []catalog.Column) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + TableRef(l.Table.Name) + " (")
	for _, c := range columns {
		b.WriteString(quoteName(c.Name) + ", ")
	}
	b.WriteString(SeqColumn + ") " + selectStatement(l, columns))
	return b.String()
}

// selectStatement reads a load's rows in the table's sort order: the columns, and the part's load sequence behind them.
func selectStatement(l source, columns []catalog.Column) string {
	var b strings.Builder
	b.WriteString("SELECT ")
	for _, c := range columns {
		b.WriteString("s." + quoteName(c.Name) + ", ")
	}
	if l.subset != nil {
		fromSubset(&b, l, columns)
	} else {
		fromFiles(&b, l, columns)
	}
	word := " ORDER BY "
	for _, name := range l.Table.Hot.Sort {
		// Only by what the table has: a sort column that is not hot cannot order it.
		if slices.Contains(l.Table.Hot.Columns, name) {
			b.WriteString(word + "s." + quoteName(name))
			word = ", "
		}
	}
	return b.String()
}

// fromSubset finds a row's part by its partition columns, which the subset files have.
func fromSubset(b *strings.Builder, l source, columns []catalog.Column) {
	files := make([]parquetscan.ParquetFile, len(l.subset))
	for i, path := range l.subset {
		files[i] = parquetscan.ParquetFile{Path: path}
	}
	source := make([]parquetscan.SourceColumn, len(columns))
	for i, c := range columns {
		source[i] = parquetscan.SourceColumn{Name: c.Name, DuckDBType: c.Type.DuckDB()}
	}
	scan := parquetscan.ParquetSource(files, source)
	if len(l.Table.PartitionBy) == 0 {
		fmt.Fprintf(b, "CAST(%d AS BIGINT) FROM %s AS s", l.Parts[0].LoadSeq, scan)
		return
	}
	fmt.Fprintf(b, "p.seq FROM %s AS s JOIN (VALUES ", scan)
	for i, part := range l.Parts {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for _, name := range l.Table.PartitionBy {
			b.WriteString(partitionLiteral(l.Table, part.Partition, name) + ", ")
		}
		fmt.Fprintf(b, "CAST(%d AS BIGINT))", part.LoadSeq)
	}
	b.WriteString(") AS p(")
	for i := range l.Table.PartitionBy {
		fmt.Fprintf(b, "k%d, ", i)
	}
	b.WriteString("seq) ON ")
	for i, name := range l.Table.PartitionBy {
		if i > 0 {
			b.WriteString(" AND ")
		}
		fmt.Fprintf(b, "s.%s IS NOT DISTINCT FROM p.k%d", quoteName(name), i)
	}
}

// partitionLiteral is a partition column's value in the column's type.
func partitionLiteral(t *catalog.Table, partition, column string) string {
	c, _ := t.Column(column)
	value, null, ok := catalog.PartitionValue(partition, column)
	if null || !ok {
		return "CAST(NULL AS " + c.Type.DuckDB() + ")"
	}
	return "CAST(" + quoteText(value) + " AS " + c.Type.DuckDB() + ")"
}

// fromFiles reads full-field files. The load sequence is given to the scan as one more partition column.
func fromFiles(b *strings.Builder, l source, columns []catalog.Column) {
	seqs := map[string]int64{}
	for _, p := range l.Parts {
		seqs[p.Partition] = p.LoadSeq
	}
	files := make([]parquetscan.ParquetFile, len(l.files))
	for i, f := range l.files {
		seq := fmt.Sprintf("%s=%d", SeqColumn, seqs[f.Partition])
		files[i] = parquetscan.ParquetFile{Path: f.Path, Partition: strings.TrimPrefix(f.Partition+"/"+seq, "/")}
	}
	source := make([]parquetscan.SourceColumn, len(columns), len(columns)+1)
	for i, c := range columns {
		source[i] = parquetscan.SourceColumn{Name: c.Name, DuckDBType: c.Type.DuckDB(), Partition: c.Partition}
	}
	source = append(source, parquetscan.SourceColumn{Name: SeqColumn, DuckDBType: "BIGINT", Partition: true})
	fmt.Fprintf(b, "s.%s FROM %s AS s", SeqColumn, parquetscan.ParquetSource(files, source))
}
