// Package parquetscan writes the FROM item with which DuckDB reads a table's Parquet files: columns by name,
// whatever each file has, and partition columns from the files' paths. It is text only and links nothing.
package parquetscan

import (
	"cmp"
	"strings"
)

// ParquetFile is one file of a scan.
type ParquetFile struct {
	Path string // as DuckDB opens it
	// Partition has the file's partition keys in Hive's form, percent-encoded: "dt=2018-02-15/site_id=3".
	Partition string
}

// SourceColumn is one column that the scan gives.
type SourceColumn struct {
	Name       string
	DuckDBType string // "BIGINT", "DECIMAL(12,2)"
	Partition  bool   // its value is in ParquetFile.Partition, not in the file
	FileType   string // of the values in the files, where they become JSON: "STRUCT(a BIGINT)"; "" is DuckDBType
	FileIndex  bool   // it is no column of the files but the place of the row's file among them, from 0; a BIGINT
}

// noColumn is read where no column of the files is asked for: a name that no file is expected to have, so that the
// scan has a schema and no file is opened to find one.
const noColumn = "_tg_none"

// ParquetSource gives the text "(SELECT … FROM read_parquet(…))" with exactly these columns, in this order.
//
// Columns of the files are matched by name: one that a file does not have is NULL there, others of the file are
// ignored, and a narrower type of the file is widened. No file is opened when the text is prepared.
// With no columns the relation has the files' rows and one constant column; with no files it has no rows and the
// right types.
func ParquetSource(files []ParquetFile, columns []SourceColumn) string {
	var b strings.Builder
	b.WriteString("(SELECT ")
	writeTargets(&b, files, columns)
	if len(files) == 0 {
		b.WriteString(" WHERE false)")
		return b.String()
	}
	b.WriteString(" FROM read_parquet([")
	for i, f := range files {
		if i > 0 {
			b.WriteByte(',')
		}
		writeString(&b, f.Path)
	}
	b.WriteString("], schema=map{")
	writeSchema(&b, columns)
	b.WriteString("}, hive_partitioning=false))")
	return b.String()
}

func writeTargets(b *strings.Builder, files []ParquetFile, columns []SourceColumn) {
	if len(columns) == 0 {
		b.WriteString("1 AS " + quoteName(noColumn))
		return
	}
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		switch {
		case len(files) == 0:
			b.WriteString("CAST(NULL AS " + c.DuckDBType + ") AS ")
		case c.FileIndex:
			b.WriteString("CAST(file_index AS " + c.DuckDBType + ") AS ")
		case c.Partition:
			writePartition(b, files, c)
			b.WriteString(" AS ")
		case c.FileType != "":
			b.WriteString("to_json(" + quoteName(c.Name) + ") AS ")
		case isJSON(c.DuckDBType):
			b.WriteString("CAST(" + quoteName(c.Name) + " AS JSON) AS ")
		}
		b.WriteString(quoteName(c.Name))
	}
}

// writeSchema writes the columns that are in the files. DuckDB wants all three fields of each.
func writeSchema(b *strings.Builder, columns []SourceColumn) {
	written := false
	for _, c := range columns {
		if c.Partition || c.FileIndex {
			continue
		}
		if written {
			b.WriteByte(',')
		}
		t := cmp.Or(c.FileType, c.DuckDBType)
		if isJSON(t) {
			t = "VARCHAR" // that is what the files hold; JSON is DuckDB's name for it
		}
		writeSchemaColumn(b, c.Name, t)
		written = true
	}
	if !written {
		writeSchemaColumn(b, noColumn, "BOOLEAN")
	}
}

func writeSchemaColumn(b *strings.Builder, name, duckdbType string) {
	writeString(b, name)
	b.WriteString(":{name:")
	writeString(b, name)
	b.WriteString(",type:")
	writeString(b, duckdbType)
	b.WriteString(",default_value:NULL}")
}

func isJSON(duckdbType string) bool { return strings.EqualFold(duckdbType, "JSON") }

func writeString(b *strings.Builder, s string) {
	b.WriteByte('\'')
	b.WriteString(strings.ReplaceAll(s, "'", "''"))
	b.WriteByte('\'')
}

func quoteString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
