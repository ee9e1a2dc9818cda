package pgcatalog

import (
	"context"
	"fmt"
	"slices"
)

// Rows wait in two schemas before they are shown together: what PostgreSQL has, loaded once, and what is ours.
const (
	fixedSchema = "pgs"
	stageSchema = "pgl"
)

// Refresh shows contents, if version is another than the one that is shown. Statements that run see the old catalog
// or the new one, whole.
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

// load puts the new rows beside the old ones and then takes their place in one transaction.
func (c *Catalog) load(ctx context.Context, contents *Contents) error {
	b := newBuilder(c.data, contents)
	if err := c.stage(ctx, stageSchema, b.own()); err != nil {
		return err
	}
	s, err := c.db.Session(ctx)
	if err != nil {
		return fmt.Errorf("open the catalog database: %w", err)
	}
	defer s.Close()
	err = inTransaction(ctx, s, func() error {
		script := make([]string, 0, len(changing)+2)
		for _, table := range append([]string{extraTable, definitionTable}, changing...) {
			script = append(script, fmt.Sprintf("CREATE OR REPLACE TABLE pgc.%s AS FROM %s.%s UNION ALL FROM %s.%s", table, fixedSchema, table, stageSchema, table))
		}
		if schema := contents.TemporarySchema; schema != "" {
			script = append(script, fmt.Sprintf("CREATE OR REPLACE MACRO pgc.pg_my_temp_schema() AS %d::UINTEGER", b.namespace(schema)))
		}
		return execAll(ctx, s, append(script, statements(lookupsSQL)...))
	})
	if err != nil {
		return fmt.Errorf("show the new catalog: %w", err)
	}
	return nil
}

// stage loads rows of the relations that change into a schema that nobody reads.
func (c *Catalog) stage(ctx context.Context, schema string, rows map[string][][]any) error {
	for _, table := range changing {
		columns := c.data.relation("pg_catalog", table).loadColumns()
		if err := c.db.Replace(ctx, schema, table, columns, slices.Values(rows[table])); err != nil {
			return fmt.Errorf("load %s: %w", table, err)
		}
	}
	if err := c.db.Replace(ctx, schema, extraTable, extraColumns, slices.Values(rows[extraTable])); err != nil {
		return fmt.Errorf("load %s: %w", extraTable, err)
	}
	if err := c.db.Replace(ctx, schema, definitionTable, definitionColumns, slices.Values(rows[definitionTable])); err != nil {
		return fmt.Errorf("load %s: %w", definitionTable, err)
	}
	return nil
}
