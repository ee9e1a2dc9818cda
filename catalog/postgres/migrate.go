package postgres

import (
	"context"
	stdsql "database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate applies the migrations that the schema does not have yet, behind the lock of writers.
func (d *database) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return err
	}
	return d.Write(ctx, func(tx *stdsql.Tx) error {
		version, err := d.schemaVersion(ctx, tx)
		if err != nil {
			return err
		}
		if version > len(names) {
			return fmt.Errorf("its schema is version %d and this program knows up to %d; use the newer program",
				version, len(names))
		}
		if version == len(names) {
			return nil
		}
		for _, name := range names[version:] {
			text, err := migrations.ReadFile(name)
			if err != nil {
				return err
			}
			// The simple protocol takes several statements at once.
			if _, err := tx.ExecContext(ctx, string(text), pgx.QueryExecModeSimpleProtocol); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE catalog SET schema_version = $1`, len(names))
		return err
	})
}

// schemaVersion gives the number of migrations that the schema has, which it makes if it is not there. Whoever may not
// make one can be given an empty one.
func (d *database) schemaVersion(ctx context.Context, tx *stdsql.Tx) (version int, err error) {
	var schema, table bool
	err = tx.QueryRowContext(ctx, `SELECT to_regnamespace($1) IS NOT NULL, to_regclass($1 || '.catalog') IS NOT NULL`, d.schema).
		Scan(&schema, &table)
	switch {
	case err != nil:
		return 0, err
	case table:
		err = tx.QueryRowContext(ctx, `SELECT schema_version FROM catalog`).Scan(&version)
	case !schema:
		_, err = tx.ExecContext(ctx, `CREATE SCHEMA `+pgx.Identifier{d.schema}.Sanitize())
	}
	return version, err
}
