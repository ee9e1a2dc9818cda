package raw

import (
	"tidegate/etl/pipeline"
	"tidegate/internal/engine"
)

// Columns are those of the clean records of a pipeline: ObjectColumn, LineColumn and its SourceFields.
func Columns(p *pipeline.Pipeline) []engine.FeedColumn {
	columns := []engine.FeedColumn{{Name: ObjectColumn, Type: "BIGINT"}, {Name: LineColumn, Type: "BIGINT"}}
	for _, f := range p.SourceFields() {
		columns = append(columns, engine.FeedColumn{Name: f.Name, Type: f.Type.DuckDB()})
	}
	return columns
}
