package etl

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"tidegate/catalog"
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

// load adds the rows of the objects' valid records to the batch's, and counts what was read; it gives the local file of
// rejected records so far, which need not exist.
func (b *batch) load(ctx context.Context, bucket storage.Bucket, objects []storage.Object) (rejects string, err error) {
	b.places = objects
	if b.p.Source.Format == "parquet" {
		return b.loadParquet(ctx, bucket, objects)
	}
	b.originals = func(ctx context.Context, wanted raw.Wanted, found func(raw.Reject) error) error {
		return raw.Originals(ctx, b.p, bucket, objects, wanted, found)
	}
	return b.ingest(ctx, func(into raw.Sink) (*raw.Ingested, error) {
		request := raw.Request{Pipeline: b.p, Bucket: bucket, Objects: objects, Into: into, WorkDir: b.dir, Workers: b.readers(), Log: b.log}
		if b.progress != nil {
			request.Read = b.progress.Read
		}
		return raw.Ingest(ctx, request)
	})
}

// readers is how many objects a batch reads at a time: batches that are made at once share the processors.
func (b *batch) readers() int { return max(1, b.Cores/cap(b.slots)) }

// noteIngested takes over what became of the records that were read.
func (b *batch) noteIngested(in *raw.Ingested) {
	b.inputs, b.parsed = in.Inputs, in.Parsed
	b.counts.Read, b.counts.Blank, b.counts.Rejected = in.Counts.Read, in.Counts.Blank, in.Counts.Rejected
	maps.Copy(b.rejects, in.Rejects)
	b.notes.AddUnknown(in.Unknown)
	if in.Quarantine == "" {
		in.Quarantine = filepath.Join(b.dir, "rejects.ndjson.gz")
	}
}

// loadParquet adds the rows of Parquet objects.
func (b *batch) loadParquet(ctx context.Context, bucket storage.Bucket, objects []storage.Object) (rejects string, err error) {
	if b.selected, err = b.selection(nil); err != nil {
		return "", err
	}
	if rejects, err = b.viewParquet(ctx, bucket, objects); err != nil {
		return "", fmt.Errorf("read the source: %w", err)
	}
	b.Step("ingested")
	if b.bytesIn*parquetUnpacks > b.room.records {
		if err := b.openScratch(ctx); err != nil {
			return "", err
		}
	}
	if err := b.transform(ctx); err != nil {
		return "", err
	}
	b.counts.Filtered, err = b.countFiltered(ctx)
	return rejects, err
}

// viewParquet makes sourceTable a view of Parquet objects: reading them twice is cheap. A record without a required
// field, or with a value that is not of its field's type, is rejected, and so is an object that is no Parquet, as one
// record.
func (b *batch) viewParquet(ctx context.Context, bucket storage.Bucket, objects []storage.Object) (rejects string, err error) {
	files, err := raw.IngestParquet(ctx, bucket, objects, b.dir, b.readers())
	if err != nil {
		return "", err
	}
	rejects = filepath.Join(b.dir, "rejects.ndjson.gz")
	good, err := b.rejectBroken(files, rejects)
	if err != nil {
		return "", err
	}
	all := sourceTable + "_all"
	if err := b.exec(ctx, "CREATE TEMP VIEW "+all+" AS "+b.parquetView(good)); err != nil {
		return "", err
	}
	err = b.exec(ctx, fmt.Sprintf("CREATE TEMP VIEW %s AS SELECT * EXCLUDE (%s, %s) FROM %s WHERE %s IS NULL",
		sourceTable, reasonColumn, rawColumn, all, reasonColumn))
	if err != nil {
		return "", err
	}
	broken, err := b.countParquet(ctx, all)
	if err != nil {
		return "", fmt.Errorf("count the records: %w", err)
	}
	b.countUnknown(good)
	if broken == 0 {
		return rejects, nil
	}
	n, err := b.reject(ctx, rejects, fmt.Sprintf("SELECT %s::BIGINT, %s::BIGINT, %s, %s FROM %s WHERE %s IS NOT NULL ORDER BY 1, 2",
		raw.ObjectColumn, raw.LineColumn, reasonColumn, rawColumn, all, reasonColumn), nil)
	b.counts.Rejected += n
	return rejects, err
}

// countParquet counts the records of each object in the relation of all, and gives how many are broken.
func (b *batch) countParquet(ctx context.Context, all string) (broken int64, err error) {
	query := fmt.Sprintf("SELECT %[1]s::BIGINT, count(*)::BIGINT, (count(*) FILTER (%[2]s IS NULL))::BIGINT, count(%[2]s)::BIGINT FROM %[3]s GROUP BY 1",
		raw.ObjectColumn, reasonColumn, all)
	err = each(ctx, b.session, query, func(row []cell) error {
		b.inputs[row[0].i].Records = row[1].i
		b.counts.Read += row[1].i
		if b.progress != nil {
			b.progress.Read(row[1].i, b.inputs[row[0].i].Size)
		}
		b.parsed += row[2].i
		broken += row[3].i
		return nil
	})
	return broken, err
}

// parquetUnpacks is how many bytes of rows a byte of Parquet may be.
const parquetUnpacks = 8

// rawColumn is what the quarantine keeps of a Parquet record: the fields that the pipeline reads, as JSON.
const rawColumn = "_tg_raw"

// localParquet is a Parquet object as a file, with its place in b.inputs.
type localParquet struct {
	path    string
	input   int
	columns []string
}

// rejectBroken gives the files that are Parquet. An empty object has no records, as an empty JSON object has none.
func (b *batch) rejectBroken(files []raw.ParquetFile, rejects string) (good []localParquet, err error) {
	w := raw.AppendQuarantine(rejects)
	for i, f := range files {
		if f.Object.Size == 0 {
			continue
		}
		names, err := raw.ParquetColumns(f.Path)
		if errors.Is(err, raw.ErrNoParquet) {
			b.counts.Read++
			b.counts.Rejected++
			b.rejects[raw.ReasonCorrupt]++
			b.inputs[i].Records = 1
			err = w.Write(raw.Reject{Object: f.Object.Key, ETag: f.Object.ETag, Line: 1, Reason: raw.ReasonCorrupt, Size: f.Object.Size, Modified: f.Object.LastModified})
		} else if err == nil {
			good = append(good, localParquet{f.Path, i, names})
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read %s: %w", f.Object.Key, err), closeQuarantine(w))
		}
	}
	return good, closeQuarantine(w)
}

func closeQuarantine(w *raw.QuarantineWriter) error {
	_, err := w.Close()
	return err
}

// unnamedColumns gives the columns of Parquet files that the pipeline does not name, each once, and the files that have it.
func (b *batch) unnamedColumns(files []localParquet) (names []string, in map[string][]localParquet) {
	named := map[string]bool{}
	for _, f := range b.p.SourceFields() {
		named[strings.ToLower(f.Name)] = !b.p.Source.Collects(f)
	}
	for _, name := range b.p.Source.Required {
		named[strings.ToLower(name)] = true
	}
	spelled := map[string]string{}
	in = map[string][]localParquet{}
	for _, f := range files {
		for _, name := range f.columns {
			lower := strings.ToLower(name)
			if named[lower] {
				continue
			}
			if _, ok := spelled[lower]; !ok {
				spelled[lower] = name
				names = append(names, name)
			}
			in[spelled[lower]] = append(in[spelled[lower]], f)
		}
	}
	return names, in
}

// countUnknown counts a column of Parquet that the pipeline does not name once for each record of the files that have it.
func (b *batch) countUnknown(files []localParquet) {
	names, in := b.unnamedColumns(files)
	unknown := map[string]int64{}
	for _, name := range names {
		for _, f := range in[name] {
			if n := b.inputs[f.input].Records; n > 0 {
				unknown[name] += n
			}
		}
	}
	b.notes.AddUnknown(catalog.CountUnknown(unknown, 0))
}

// restOf gives a JSON object of columns, without those that are NULL; NULL if all are.
func restOf(names []string) string {
	if len(names) == 0 {
		return "NULL::VARCHAR"
	}
	members := make([]string, len(names))
	for i, name := range names {
		members[i] = fmt.Sprintf("to_json(%s)::VARCHAR || ':' || to_json(p.%s)::VARCHAR", literal(name), ident(name))
	}
	return fmt.Sprintf("'{' || nullif(concat_ws(',', %s), '') || '}'", strings.Join(members, ", "))
}

// parquetView gives the SELECT of the source's fields from Parquet columns of their names, with object, line, the reason
// to reject a record (NULL: none) and what is kept of it then. A field that is not declared is json, whatever the
// column holds; one that no file has is NULL, as in a JSON record.
func (b *batch) parquetView(files []localParquet) string {
	var selected, kept, reasons []string
	columns := map[string]bool{}
	for _, f := range files {
		for _, name := range f.columns {
			columns[strings.ToLower(name)] = true
		}
	}
	column := func(name string) string {
		if columns[strings.ToLower(name)] {
			return "p." + ident(name)
		}
		return "NULL"
	}
	for _, name := range b.p.Source.Required {
		reasons = append(reasons, fmt.Sprintf("WHEN %s IS NULL THEN %s", column(name), literal("missing_field("+name+")")))
	}
	for _, f := range b.p.SourceFields() {
		if b.p.Source.Collects(f) {
			names, _ := b.unnamedColumns(files)
			selected = append(selected, restOf(names)+" AS "+ident(f.Name))
			continue
		}
		from := column(f.Name)
		kept = append(kept, literal(f.Name), from)
		expression := "to_json(" + from + ")"
		declared := slices.ContainsFunc(b.p.Source.Fields, func(d pipeline.Field) bool { return d.Name == f.Name })
		if declared || from == "NULL" {
			expression = fmt.Sprintf("TRY_CAST(%s AS %s)", from, f.Type.DuckDB())
			reasons = append(reasons, fmt.Sprintf("WHEN %s THEN %s", notOfType(from, f.Type), literal("bad_type("+f.Name+")")))
		}
		selected = append(selected, expression+" AS "+ident(f.Name))
	}
	reason := "NULL::VARCHAR"
	if len(reasons) > 0 {
		reason = "CASE " + strings.Join(reasons, " ") + " END"
	}
	selected = append(selected, reason+" AS "+reasonColumn, "json_object("+strings.Join(kept, ", ")+")::VARCHAR AS "+rawColumn)
	if len(files) == 0 {
		return fmt.Sprintf("SELECT %s, 0::BIGINT AS %s, 0::BIGINT AS %s WHERE false", strings.Join(selected, ", "), raw.ObjectColumn, raw.LineColumn)
	}
	paths, numbered := make([]string, len(files)), make([]string, len(files))
	for i, f := range files {
		paths[i] = f.path
		numbered[i] = fmt.Sprintf("(%s, %d)", literal(f.path), f.input)
	}
	return fmt.Sprintf(`SELECT %s, n.i AS %s, p.file_row_number + 1 AS %s
		FROM read_parquet(%s, filename = '_tg_file', file_row_number = true, union_by_name = true, hive_partitioning = false) AS p
		JOIN (VALUES %s) AS n(path, i) ON p._tg_file = n.path`,
		strings.Join(selected, ", "), raw.ObjectColumn, raw.LineColumn, pathList(paths), strings.Join(numbered, ", "))
}
