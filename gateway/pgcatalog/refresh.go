package pgcatalog

import (
	"context"
	"fmt"
)

// stageSchema is where rows are loaded before they are shown.
const stageSchema = "pgl"

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
	rows := newBuilder(c.data, contents).build()
	for _, table := range changing {
		r := c.data.relation("pg_catalog", table)
		all := append(c.staticRows(table), rows[table]...)
		if err := c.db.Replace(ctx, stageSchema, table, r.loadColumns(), rowSeq(all)); err != nil {
			return fmt.Errorf("load %s: %w", table, err)
		}
	}
	if err := c.db.Replace(ctx, stageSchema, extraTable, extraColumns, rowSeq(rows[extraTable])); err != nil {
		return fmt.Errorf("load %s: %w", extraTable, err)
	}
	s, err := c.db.Session(ctx)
	if err != nil {
		return fmt.Errorf("open the catalog database: %w", err)
	}
	defer s.Close()
	err = inTransaction(ctx, s, func() error {
		script := make([]string, 0, len(changing)+1)
		for _, table := range append([]string{extraTable}, changing...) {
			script = append(script, fmt.Sprintf("CREATE OR REPLACE TABLE pgc.%s AS FROM %s.%s", table, stageSchema, table))
		}
		return execAll(ctx, s, append(script, statements(lookupsSQL)...))
	})
	if err != nil {
		return fmt.Errorf("show the new catalog: %w", err)
	}
	return nil
}

// staticRows gives a fresh slice of PostgreSQL's own rows of a table that changes; those of pg_settings appear only
// through the builder, which knows the settings that we have.
func (c *Catalog) staticRows(table string) [][]any {
	if table == "pg_settings" {
		return nil
	}
	return append([][]any(nil), c.data.rows[table]...)
}
