package raw

import (
	"fmt"
	"strings"

	"tidegate/etl/pipeline"
)

// defaultObjectSize is DuckDB's bound of one JSON object; it allocates twice as much for each thread.
const defaultObjectSize = 16 << 20

// Source gives DuckDB's text of a FROM item that reads the clean files: ObjectColumn and LineColumn (BIGINT), then
// the pipeline's SourceFields in their types. Without a clean file it is an empty relation of the same columns.
func (g *Ingested) Source() string { return sourceText(g.Files, g.columns, g.longest) }

func sourceText(files []string, columns []pipeline.Field, longest int) string {
	names := []string{ObjectColumn, LineColumn}
	types := []string{"BIGINT", "BIGINT"}
	for _, f := range columns {
		names, types = append(names, f.Name), append(types, f.Type.DuckDB())
	}
	if len(files) == 0 {
		return emptySource(names, types)
	}
	var b strings.Builder
	b.WriteString("read_json([")
	for i, f := range files {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoteText(f))
	}
	b.WriteString("], format='newline_delimited', compression='uncompressed', columns={")
	for i := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s: %s", quoteText(names[i]), quoteText(types[i]))
	}
	b.WriteString("}")
	if longest >= defaultObjectSize {
		fmt.Fprintf(&b, ", maximum_object_size=%d", longest+1)
	}
	b.WriteString(")")
	return b.String()
}

func emptySource(names, types []string) string {
	columns := make([]string, len(names))
	for i := range names {
		columns[i] = fmt.Sprintf(`NULL::%s AS "%s"`, types[i], strings.ReplaceAll(names[i], `"`, `""`))
	}
	return "(SELECT " + strings.Join(columns, ", ") + " WHERE false)"
}

func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
