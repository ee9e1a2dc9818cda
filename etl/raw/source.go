package raw

import "tidegate/etl/pipeline"

// Column is a column of clean records, with DuckDB's type.
type Column struct{ Name, Type string }

// Columns are those of the clean records of a pipeline: ObjectColumn, LineColumn and its SourceFields.
func Columns(p *pipeline.Pipeline) []Column {
	columns := []Column{{ObjectColumn, "BIGINT"}, {LineColumn, "BIGINT"}}
	for _, f := range p.SourceFields() {
		columns = append(columns, Column{f.Name, f.Type.DuckDB()})
	}
	return columns
}
