package postgres

import (
	"context"
	stdsql "database/sql"

	"tidegate/catalog/metastore"
)

// Read runs read on any connection.
func (d *database) Read(ctx context.Context, read func(metastore.Querier) error) error {
	return again(ctx, func() (bool, error) {
		err := read(d.db)
		return lost(err), err
	})
}

// Snapshot runs read in a transaction that sees what was committed before its first statement.
func (d *database) Snapshot(ctx context.Context, read func(metastore.Querier) error) error {
	return again(ctx, func() (bool, error) {
		tx, err := d.db.BeginTx(ctx, &stdsql.TxOptions{Isolation: stdsql.LevelRepeatableRead, ReadOnly: true})
		if err != nil {
			return lost(err), err
		}
		if err := read(tx); err != nil {
			_ = tx.Rollback() // of a transaction that read; why it fails tells nothing more
			return lost(err), err
		}
		err = tx.Commit()
		return lost(err), err
	})
}
