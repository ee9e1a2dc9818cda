package etl

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"tidegate/etl/pipeline"
	"tidegate/etl/raw"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage"
	"tidegate/sql"
)

// carriedColumns go beside the source's fields: where a record is from.
func carriedColumns() []sql.Column {
	return []sql.Column{
		{Name: raw.ObjectColumn, Type: pgtypes.Of(pgtypes.Int8)},
		{Name: raw.LineColumn, Type: pgtypes.Of(pgtypes.Int8)},
	}
}

// load makes sourceTable of the objects' valid records and counts what was read; it gives the local file of
// rejected records so far, which need not exist. Records are kept in a table only if twice says that they are read
// twice and reading them is dear.
func (b *batch) load(ctx context.Context, bucket storage.Bucket, objects []storage.Object, twice bool) (rejects string, err error) {
	if b.p.Source.Format == "parquet" {
		return b.loadParquet(ctx, bucket, objects)
	}
	in, err := raw.Ingest(ctx, raw.Request{Pipeline: b.p, Bucket: bucket, Objects: objects, WorkDir: b.dir, Log: b.log})
	if err != nil {
		return "", err
	}
	b.inputs, b.counts, b.parsed = in.Inputs, in.Counts, in.Parsed
	maps.Copy(b.rejects, in.Rejects)
	if in.Quarantine == "" {
		in.Quarantine = filepath.Join(b.dir, "rejects.ndjson.gz")
	}
	b.sourceKind = "VIEW"
	if twice {
		b.sourceKind = "TABLE"
	}
	return in.Quarantine, b.exec(ctx, fmt.Sprintf("CREATE TEMP %s %s AS SELECT * FROM %s", b.sourceKind, sourceTable, in.Source()))
}

// loadParquet makes sourceTable a view of Parquet objects: reading them twice is cheap. A record without a required
// field is rejected.
func (b *batch) loadParquet(ctx context.Context, bucket storage.Bucket, objects []storage.Object) (rejects string, err error) {
	files, err := raw.IngestParquet(ctx, bucket, objects, b.dir, 0)
	if err != nil {
		return "", err
	}
	paths := make([]string, len(files))
	numbered := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.Path
		numbered[i] = fmt.Sprintf("(%s, %d)", literal(f.Path), i)
	}
	b.sourceKind = "VIEW"
	all := sourceTable + "_all"
	selected := append(b.parquetFields(), "n.i AS "+raw.ObjectColumn, "p.file_row_number + 1 AS "+raw.LineColumn)
	err = b.exec(ctx, fmt.Sprintf(`CREATE TEMP VIEW %s AS SELECT %s
		FROM read_parquet(%s, filename = true, file_row_number = true, union_by_name = true, hive_partitioning = false) AS p
		JOIN (VALUES %s) AS n(path, i) ON p.filename = n.path`,
		all, strings.Join(selected, ", "), pathList(paths), strings.Join(numbered, ", ")))
	if err != nil {
		return "", err
	}
	present := "true"
	if len(b.p.Source.Required) > 0 {
		present = notNull(b.p.Source.Required)
	}
	if err := b.exec(ctx, fmt.Sprintf("CREATE TEMP VIEW %s AS SELECT * FROM %s WHERE %s", sourceTable, all, present)); err != nil {
		return "", err
	}
	query := fmt.Sprintf("SELECT %s::BIGINT, count(*)::BIGINT FROM %s GROUP BY 1", raw.ObjectColumn, all)
	err = each(ctx, b.session, query, func(row []cell) error {
		b.inputs[row[0].i].Records = row[1].i
		b.counts.Read += row[1].i
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("count the records: %w", err)
	}
	if b.parsed, err = number(ctx, b.session, "SELECT count(*)::BIGINT FROM "+sourceTable); err != nil {
		return "", fmt.Errorf("count the records: %w", err)
	}
	rejects = filepath.Join(b.dir, "rejects.ndjson.gz")
	if len(b.p.Source.Required) == 0 {
		return rejects, nil
	}
	b.counts.Rejected, err = b.reject(ctx, rejects, all, missingField(b.p.Source.Required), "NOT ("+present+")")
	return rejects, err
}

// parquetFields are the source's fields as DuckDB reads them from Parquet columns of their names. A column that is
// not declared becomes json, whatever it holds.
func (b *batch) parquetFields() []string {
	var fields []string
	given := map[string]bool{}
	for _, f := range b.p.SourceFields() {
		declared := slices.ContainsFunc(b.p.Source.Fields, func(d pipeline.Field) bool { return d.Name == f.Name })
		expression := "to_json(p." + ident(f.Name) + ")"
		if declared {
			expression = fmt.Sprintf("CAST(p.%s AS %s)", ident(f.Name), f.Type.DuckDB())
		}
		fields = append(fields, expression+" AS "+ident(f.Name))
		given[f.Name] = true
	}
	for _, name := range b.p.Source.Required {
		if !given[name] {
			fields = append(fields, "p."+ident(name))
		}
	}
	return fields
}

// missingField is the reason of a record that lacks a required field: the first one that it lacks.
func missingField(required []string) string {
	var b strings.Builder
	b.WriteString("CASE")
	for _, name := range required {
		fmt.Fprintf(&b, " WHEN %s IS NULL THEN %s", ident(name), literal("missing_field("+name+")"))
	}
	b.WriteString(" END")
	return b.String()
}
