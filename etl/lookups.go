package etl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/etl/raw"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage"
	"tidegate/sql"
)

// lookupTable is where the rows of a lookup are in a batch's session.
func lookupTable(name string) string { return "_tg_lookup_" + name }

// loadLookups reads what the SELECT may join. It is read for each batch, which so is made of one state of it, and the
// commit record says of which.
func (b *batch) loadLookups(ctx context.Context) error {
	b.lookups = nil
	for _, l := range b.p.Lookups {
		object, err := b.loadLookup(ctx, l)
		if err != nil {
			return fmt.Errorf("read lookup %s (%s): %w", l.Name, l.Source.Location, err)
		}
		b.lookups = append(b.lookups, catalog.Lookup{Name: l.Name, Location: l.Source.Location, ETag: object.ETag})
	}
	return nil
}

func (b *batch) loadLookup(ctx context.Context, l pipeline.Lookup) (object storage.Object, err error) {
	folder, name := l.Object()
	bucket, err := b.Source(folder)
	if err != nil {
		return object, err
	}
	found, err := raw.Find(ctx, bucket, []string{name}, nil)
	if err != nil {
		return object, err
	}
	object = found[0]
	if l.Source.Format == "parquet" {
		err = b.copyParquetLookup(ctx, l, bucket, object)
	} else {
		err = b.ingestLookup(ctx, l, bucket, object)
	}
	if err != nil {
		return object, err
	}
	return object, b.checkLookupKey(ctx, l)
}

// ingestLookup reads records as those of a source are read, but has no quarantine for them: each must be right.
func (b *batch) ingestLookup(ctx context.Context, l pipeline.Lookup, bucket storage.Bucket, object storage.Object) error {
	p := &pipeline.Pipeline{Name: b.p.Name, Table: b.p.Table, Source: l.Source}
	dir := filepath.Join(b.dir, lookupTable(l.Name))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	rows, err := b.appendTo(ctx, lookupTable(l.Name), p)
	if err != nil {
		return err
	}
	in, err := raw.Ingest(ctx, raw.Request{
		Pipeline: p, Bucket: bucket, Objects: []storage.Object{object}, Into: raw.IntoTable{Rows: rows}, WorkDir: dir, Workers: 1, Log: b.log,
	})
	if err := errors.Join(err, rows.Close(ctx)); err != nil || in.Quarantine == "" {
		return err
	}
	first, err := firstReject(in.Quarantine)
	if err != nil {
		return err
	}
	return wrongRows(first.Line, first.Reason, in.Counts.Rejected, in.Counts.Read-in.Counts.Blank)
}

// appendTo makes a temporary table for clean records of a pipeline.
func (b *batch) appendTo(ctx context.Context, table string, p *pipeline.Pipeline) (engine.Appending, error) {
	var columns []string
	for _, c := range raw.Columns(p) {
		columns = append(columns, ident(c.Name)+" "+c.Type)
	}
	if err := b.exec(ctx, fmt.Sprintf("CREATE OR REPLACE TEMP TABLE %s (%s)", table, strings.Join(columns, ", "))); err != nil {
		return nil, err
	}
	return b.session.Append(ctx, table)
}

// firstReject gives the first record of a local quarantine file.
func firstReject(path string) (first raw.Reject, err error) {
	f, err := os.Open(path)
	if err != nil {
		return first, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return firstOf(f)
}

func firstOf(quarantine io.Reader) (first raw.Reject, err error) {
	next, stop := iter.Pull2(raw.ReadQuarantine(quarantine))
	defer stop()
	first, err, _ = next()
	return first, err
}

// copyParquetLookup takes the columns by name. As in other formats each row must be right.
func (b *batch) copyParquetLookup(ctx context.Context, l pipeline.Lookup, bucket storage.Bucket, object storage.Object) error {
	path, err := storage.LocalFile(ctx, bucket, object.Key, "", b.dir)
	if err != nil {
		return err
	}
	var columns, reasons []string
	for _, name := range l.Source.Required {
		reasons = append(reasons, fmt.Sprintf("WHEN p.%s IS NULL THEN %s", ident(name), literal("missing_field("+name+")")))
	}
	for _, f := range l.Source.Fields {
		columns = append(columns, fmt.Sprintf("TRY_CAST(p.%s AS %s) AS %[1]s", ident(f.Name), f.Type.DuckDB()))
		reasons = append(reasons, fmt.Sprintf("WHEN %s THEN %s", notOfType("p."+ident(f.Name), f.Type), literal("bad_type("+f.Name+")")))
	}
	table := lookupTable(l.Name)
	err = b.exec(ctx, fmt.Sprintf("CREATE TEMP TABLE %s AS SELECT %s, p.file_row_number + 1 AS %s, CASE %s END AS %s FROM read_parquet(%s, file_row_number = true, hive_partitioning = false) p",
		table, strings.Join(columns, ", "), raw.LineColumn, strings.Join(reasons, " "), reasonColumn, pathList([]string{path})))
	if err != nil {
		return err
	}
	var wrong error
	err = each(ctx, b.session, fmt.Sprintf("SELECT min(%[1]s)::BIGINT, arg_min(%[2]s, %[1]s), count(%[2]s)::BIGINT, (SELECT count(*) FROM %[3]s)::BIGINT FROM %[3]s WHERE %[2]s IS NOT NULL HAVING count(*) > 0",
		raw.LineColumn, reasonColumn, table), func(row []cell) error {
		wrong = wrongRows(row[0].i, row[1].s, row[2].i, row[3].i)
		return nil
	})
	if err := errors.Join(err, wrong); err != nil {
		return err
	}
	return b.exec(ctx, "ALTER TABLE "+table+" DROP COLUMN "+reasonColumn)
}

// wrongRows says which row of a lookup is the first that is wrong, and how many are.
func wrongRows(line int64, reason string, wrong, all int64) error {
	return fmt.Errorf("line %d: %s; %d of %d rows are wrong", line, reason, wrong, all)
}

// notOfType is a condition on a column of Parquet: its value is none of the type. A whole number has no decimals, which a cast
// would round away.
func notOfType(column string, t pgtypes.Type) string {
	condition := fmt.Sprintf("%s IS NOT NULL AND TRY_CAST(%[1]s AS %s) IS NULL", column, t.DuckDB())
	if t.OID == pgtypes.Int2 || t.OID == pgtypes.Int4 || t.OID == pgtypes.Int8 {
		condition += fmt.Sprintf(" OR coalesce(TRY_CAST(%[1]s AS DOUBLE) <> floor(TRY_CAST(%[1]s AS DOUBLE)), false)"+
			" OR coalesce(TRY_CAST(%[1]s AS DECIMAL(38, 18)) %% 1 <> 0, false)", column)
	}
	return condition
}

// checkLookupKey makes sure that a join to the lookup gives no record twice.
func (b *batch) checkLookupKey(ctx context.Context, l pipeline.Lookup) error {
	key := l.Source.Required
	shown := make([]string, len(key))
	for i, column := range key {
		shown[i] = fmt.Sprintf("%s || CAST(%s AS VARCHAR)", literal(column+" "), ident(column))
	}
	var twice error
	err := each(ctx, b.session, fmt.Sprintf("SELECT concat_ws(', ', %s), min(%s)::BIGINT, max(%[2]s)::BIGINT FROM %s WHERE %s GROUP BY %s HAVING count(*) > 1 ORDER BY 2 LIMIT 1",
		strings.Join(shown, ", "), raw.LineColumn, lookupTable(l.Name), notNull(lookupTable(l.Name), key), idents(key)), func(row []cell) error {
		twice = fmt.Errorf("lines %d and %d have the same key (%s); rows of a lookup are found by their key", row[1].i, row[2].i, row[0].s)
		return nil
	})
	return errors.Join(err, twice)
}

// sourceRelations are what the SELECT may name: source, with the columns that say where a record is from, and lookups.
func (b *batch) sourceRelations() relations {
	relation := func(name string, fields []pipeline.Field, more ...sql.Column) *sql.Relation {
		r := &sql.Relation{Name: sql.TableName{Schema: etlSchema, Table: name}}
		for _, f := range fields {
			r.Columns = append(r.Columns, sql.Column{Name: f.Name, Type: f.Type})
		}
		r.Columns = append(r.Columns, more...)
		return r
	}
	all := relations{relation(sql.SourceRelation, b.p.SourceFields(), carriedColumns()...)}
	for _, l := range b.p.Lookups {
		all = append(all, relation(l.Name, l.Source.Fields))
	}
	return all
}

// tableOf gives the session's table of a relation that the SELECT names.
func tableOf(u *sql.Use) (string, error) {
	if u.Relation.Name.Table == sql.SourceRelation {
		return sourceTable, nil
	}
	return lookupTable(u.Relation.Name.Table), nil
}
