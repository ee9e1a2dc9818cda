package pgcatalog

import (
	"context"
	"fmt"
	"slices"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// Rows wait in two schemas before they are shown: what PostgreSQL has, loaded once, and what is new of ours.
const (
	fixedSchema = "pgs"
	stageSchema = "pgl"
)

// goneTable has the numbers of what is no longer shown.
const goneTable = "_gone"

// compactAfter is how many units may have been taken away, as a part of all, before the rows that are left are written anew:
// DuckDB keeps the place of rows that were deleted.
const compactAfter = 2

// Refresh shows contents, if version is another than the one that is shown. Statements that run see the old catalog
// or the new one, whole. Its time is that of what has changed.
func (c *Catalog) Refresh(ctx context.Context, version int64, contents *Contents) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded && c.version == version {
		return nil
	}
	if err := c.load(ctx, contents); err != nil {
		return err
	}
	c.loaded, c.version = true, version
	return nil
}

// load puts the new rows beside the old ones and then takes the place of those that have changed, in one transaction.
func (c *Catalog) load(ctx context.Context, contents *Contents) error {
	b := newBuilder(c.data, contents)
	gone, fresh := c.shown.difference(b)
	rows := b.own(fresh)
	if err := c.stage(ctx, stageSchema, rows); err != nil {
		return err
	}
	numbers := []engine.LoadColumn{{Name: "oid", Type: pgtypes.OIDType}}
	if err := c.db.Replace(ctx, stageSchema, goneTable, numbers, asRows(gone)); err != nil {
		return fmt.Errorf("load what is gone: %w", err)
	}
	s, err := c.db.Session(ctx)
	if err != nil {
		return fmt.Errorf("open the catalog database: %w", err)
	}
	defer s.Close()
	script := showing()
	if schema := contents.TemporarySchema; schema != "" {
		script = append(script, fmt.Sprintf("CREATE OR REPLACE MACRO pgc.pg_my_temp_schema() AS %d::UINTEGER", b.namespace(schema)))
	}
	if c.removed += len(gone); c.removed > len(b.oids)/compactAfter {
		for table := range ofObjects {
			script = append(script, fmt.Sprintf("CREATE OR REPLACE TABLE pgc.%s AS FROM pgc.%[1]s", table))
		}
		c.removed = 0
	}
	if err := inTransaction(ctx, s, func() error { return execAll(ctx, s, script) }); err != nil {
		return fmt.Errorf("show the new catalog: %w", err)
	}
	c.shown, b.rows = b, nil
	names := c.names.own.Load().clone()
	names.remove(gone)
	names.fill(c.data, rows, c.names.fixed.Load())
	names.temporary = contents.TemporarySchema
	c.names.own.Store(names)
	return nil
}

// showing takes away what is gone, shows what is staged, and leaves the stage empty.
func showing() (script []string) {
	change := func(table, column string) {
		script = append(script,
			fmt.Sprintf("DELETE FROM pgc.%s WHERE %s IN (FROM %s.%s)", table, column, stageSchema, goneTable),
			fmt.Sprintf("INSERT INTO pgc.%s FROM %s.%[1]s", table, stageSchema),
			fmt.Sprintf("CREATE OR REPLACE TABLE %s.%s AS FROM %[1]s.%[2]s LIMIT 0", stageSchema, table))
	}
	for table, column := range ofObjects {
		change(table, column)
	}
	change(extraTable, extraColumns[0].Name)
	for _, table := range whole {
		script = append(script, fmt.Sprintf("CREATE OR REPLACE TABLE pgc.%[1]s AS FROM %[2]s.%[1]s UNION ALL FROM %[3]s.%[1]s", table, fixedSchema, stageSchema))
	}
	return script
}

func asRows(oids []int64) func(yield func([]any) bool) {
	return func(yield func([]any) bool) {
		for _, oid := range oids {
			if !yield([]any{oid}) {
				return
			}
		}
	}
}

// stage loads rows of the relations that change into a schema that nobody reads.
func (c *Catalog) stage(ctx context.Context, schema string, rows map[string][][]any) error {
	for _, table := range changing() {
		columns := c.data.relation("pg_catalog", table).loadColumns()
		if err := c.db.Replace(ctx, schema, table, columns, slices.Values(rows[table])); err != nil {
			return fmt.Errorf("load %s: %w", table, err)
		}
	}
	if err := c.db.Replace(ctx, schema, extraTable, extraColumns, slices.Values(rows[extraTable])); err != nil {
		return fmt.Errorf("load %s: %w", extraTable, err)
	}
	return nil
}
