package etl

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tidegate/catalog"
	"tidegate/internal/engine/parquetscan"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
	"tidegate/sql"
)

// secondStage rebuilds the partitions whose upstream changed since they were made (decision 16), in batches of
// MaxBytes of upstream files. If the partitions do not come from one upstream's, the whole table is rebuilt.
func (t *run) secondStage(ctx context.Context) error {
	view, err := t.Store.View(ctx)
	if err != nil {
		return fmt.Errorf("read the catalog: %w", err)
	}
	parts, rebuild, lines, err := t.toRebuild(ctx, view)
	if err != nil {
		return err
	}
	t.Step("discovered")
	for len(rebuild) > 0 {
		n := t.batchOf(rebuild)
		if err := t.rebuildBatch(ctx, view, parts, rebuild[:n], lines); err != nil {
			return err
		}
		rebuild, lines = rebuild[n:], nil
	}
	return nil
}

// toRebuild gives the partitions that can be, those of them that must be rebuilt, and further lines of the ledger.
func (t *run) toRebuild(ctx context.Context, view *catalog.View) (parts, rebuild []*upstreamPart, lines []catalog.Input, err error) {
	for _, name := range t.p.Upstream {
		if _, ok := view.Tables[name]; !ok {
			t.log.InfoContext(ctx, "nothing to do: the upstream table has no batch yet", logkey.Reason, name.String())
			return nil, nil, nil, nil
		}
	}
	known, err := t.Store.Known(ctx, t.p.Table, "")
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read the ledger of inputs: %w", err)
	}
	was, err := t.compactedUpstream(ctx, view)
	if err != nil {
		return nil, nil, nil, err
	}
	parts = t.upstreamParts(view, was)
	changed, err := t.withChosen(ctx, view, parts, t.changed(view, parts, known))
	if err != nil {
		return nil, nil, nil, err
	}
	if rebuild, err = t.widened(parts, changed); err != nil {
		return nil, nil, nil, err
	}
	return parts, rebuild, outdated(parts, rebuild, known), nil
}

// batchOf gives how many of the parts make a batch: at least one, together at most MaxBytes. Parts that lookback
// binds together stay together, else one batch's ledger would hide from the next that they changed.
func (t *run) batchOf(parts []*upstreamPart) int {
	if t.p.Lookback > 0 {
		return len(parts)
	}
	size := int64(0)
	for i, u := range parts {
		size += u.input("").Size
		if i > 0 && size > t.p.MaxBytes {
			return i
		}
	}
	return len(parts)
}

// rebuildBatch rebuilds some parts in one batch. outdated are further lines of its ledger.
func (t *run) rebuildBatch(ctx context.Context, view *catalog.View, parts, rebuild []*upstreamPart, outdated []catalog.Input) error {
	columns, err := t.p.Output(viewRelations(view))
	if err != nil {
		return err
	}
	own, err := t.Store.View(ctx) // newer than view after the batch before
	if err != nil {
		return fmt.Errorf("read the catalog: %w", err)
	}
	table, err := t.definition(own, columns)
	if err != nil {
		return err
	}
	_, _, incremental := t.passing(view)
	inputs := make([]catalog.Input, len(rebuild))
	newest := time.Time{}
	for i, u := range rebuild {
		inputs[i] = u.input(t.p.SQL)
		for _, files := range u.files {
			for _, f := range files {
				newest = later(newest, batchTime(f.Batch))
			}
		}
	}
	replaces := t.replaced(own, rebuild, incremental)
	for _, r := range replaces {
		newest = later(newest, batchTime(r.Batch))
	}
	kind := catalog.RecordAppend
	if len(replaces) > 0 {
		kind = catalog.RecordReplace
	}
	b, err := t.newBatch(ctx, view, table, recipe{kind: kind, inputs: append(inputs, outdated...), replaces: replaces, newest: newest})
	if err != nil {
		return err
	}
	return b.finish(ctx, b.runTables(ctx, parts, rebuild, incremental))
}

// replaced names the live files of this table that the rebuilt partitions take the place of.
func (t *run) replaced(own *catalog.View, rebuild []*upstreamPart, incremental bool) []catalog.Replaced {
	live, ok := own.Tables[t.p.Table]
	if !ok {
		return nil
	}
	rebuilt := map[string]bool{}
	for _, u := range rebuild {
		rebuilt[u.output] = true
	}
	var replaces []catalog.Replaced
	for _, f := range live.Files {
		if !incremental || rebuilt[f.Partition] {
			replaces = append(replaces, catalog.Replaced{Batch: f.Batch, Revision: f.Revision, Partition: f.Partition})
		}
	}
	slices.SortFunc(replaces, func(a, b catalog.Replaced) int {
		return strings.Compare(a.Partition+" "+a.Batch, b.Partition+" "+b.Batch)
	})
	return slices.Compact(replaces)
}

// batchTime reads the time in front of a batch id; the zero time if there is none.
func batchTime(id string) time.Time {
	prefix, _, _ := strings.Cut(id, "-")
	at, err := time.Parse("20060102T1504Z", prefix)
	if err != nil {
		return time.Time{}
	}
	return at
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (b *batch) runTables(ctx context.Context, parts, rebuild []*upstreamPart, incremental bool) error {
	read, err := b.readSet(parts, rebuild)
	if err != nil {
		return err
	}
	query, err := sql.Bind(b.p.Statement, viewRelations(b.view), b.environment())
	if err != nil {
		return fmt.Errorf("%s: %w", b.p.SQLFile, err)
	}
	rendered, err := query.Render(func(u *sql.Use) (string, error) { return b.scan(ctx, u, read) })
	if err != nil {
		return fmt.Errorf("%s: %w", b.p.SQLFile, err)
	}
	selected, err := b.fitted(rendered, query.Names, nil)
	if err != nil {
		return err
	}
	if err := b.addRows(ctx, selected); err != nil {
		return fmt.Errorf("transform by %s: %w", b.p.SQLFile, err)
	}
	if incremental {
		if err := b.keepRebuilt(ctx, rebuild); err != nil {
			return fmt.Errorf("transform by %s: %w", b.p.SQLFile, err)
		}
	}
	rejects := filepath.Join(b.dir, "rejects.ndjson.gz")
	if err := b.rejectRows(ctx, rejects, unfit); err != nil {
		return fmt.Errorf("reject rows that do not fit: %w", err)
	}
	b.Step("transformed")
	// A row of a second stage is made of many: there are no duplicates to drop, whatever unique_key says.
	if err := b.exec(ctx, createLosers); err != nil {
		return err
	}
	if err := b.putQuarantine(ctx, rejects); err != nil {
		return err
	}
	return b.settle(ctx)
}

// upstream names the tables that a second stage reads.
func (b *batch) upstream() string {
	names := make([]string, len(b.p.Upstream))
	for i, name := range b.p.Upstream {
		names[i] = name.String()
	}
	return strings.Join(names, ",")
}

// readSet gives the upstream files that the SELECT must see: those of the rebuilt partitions and, with lookback,
// of the ones before that they depend on.
func (b *batch) readSet(parts, rebuild []*upstreamPart) (map[catalog.Name][]*catalog.File, error) {
	read := map[catalog.Name][]*catalog.File{}
	for _, u := range parts {
		needed := slices.ContainsFunc(rebuild, func(r *upstreamPart) bool { return r.key == u.key })
		for i := 0; b.p.Lookback > 0 && !needed && i < len(rebuild); i++ {
			var err error
			if needed, err = b.within(u, rebuild[i]); err != nil {
				return nil, err
			}
		}
		for name, files := range u.files {
			if needed {
				read[name] = append(read[name], files...)
			}
		}
	}
	return read, nil
}

// scan gives the FROM item of an upstream relation: exactly these files.
func (b *batch) scan(ctx context.Context, u *sql.Use, read map[catalog.Name][]*catalog.File) (string, error) {
	name := catalog.Name{Schema: u.Relation.Name.Schema, Table: u.Relation.Name.Table}
	table := b.view.Tables[name].Table
	var files []parquetscan.ParquetFile
	for _, f := range read[name] {
		path, err := storage.LocalFile(ctx, b.Lake, f.Path, "", b.dir)
		if err != nil {
			return "", err
		}
		files = append(files, parquetscan.ParquetFile{Path: path, Partition: f.Partition})
	}
	columns := make([]parquetscan.SourceColumn, len(u.Columns))
	for i, column := range u.Columns {
		c, _ := table.Column(column)
		columns[i] = parquetscan.SourceColumn{Name: c.Name, DuckDBType: c.Type.DuckDB(), FileType: c.FileType, Partition: c.Partition}
	}
	return parquetscan.ParquetSource(files, columns), nil
}

// keepRebuilt drops the rows of partitions that are not rebuilt. With lookback they are there, made of only a part
// of what they need; without it there must be none.
func (b *batch) keepRebuilt(ctx context.Context, rebuild []*upstreamPart) error {
	rebuilt := "_tg_rebuilt"
	tuples := make([]string, len(rebuild))
	for i, u := range rebuild {
		values := make([]string, len(u.values))
		for j, v := range u.values {
			values[j] = "NULL::VARCHAR"
			if !v.null {
				values[j] = literal(v.s)
			}
		}
		tuples[i] = "(" + strings.Join(values, ", ") + ")"
	}
	names := idents(b.table.PartitionBy)
	err := b.exec(ctx, fmt.Sprintf("CREATE TEMP TABLE %s AS SELECT * FROM (VALUES %s) AS v(%s)", rebuilt, strings.Join(tuples, ", "), names))
	if err != nil {
		return err
	}
	same := make([]string, len(b.table.PartitionBy))
	for i, c := range b.table.PartitionBy {
		same[i] = fmt.Sprintf("CAST(r.%[1]s AS VARCHAR) IS NOT DISTINCT FROM v.%[1]s", ident(c))
	}
	dropped, err := b.session.Exec(ctx, fmt.Sprintf("DELETE FROM %s AS r WHERE NOT EXISTS (SELECT 1 FROM %s v WHERE %s)",
		b.rows, rebuilt, strings.Join(same, " AND ")))
	if err != nil {
		return err
	}
	if dropped > 0 && b.p.Lookback == 0 {
		return unsound("%d rows are in partitions that are not rebuilt", dropped)
	}
	return nil
}

// viewRelations offers the tables of a View to the binder.
func viewRelations(view *catalog.View) relations {
	var all relations
	for name, t := range view.Tables {
		relation := &sql.Relation{Name: sql.TableName{Schema: name.Schema, Table: name.Table}, Class: sql.ClassLake}
		for _, c := range t.Table.Columns {
			relation.Columns = append(relation.Columns, sql.Column{Name: c.Name, Type: c.Type})
		}
		all = append(all, relation)
	}
	return all
}
