package postgres

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Beside gives the URL of a catalog in another schema of the same database, for one that is not yet whole.
func Beside(location string) (string, error) {
	_, schema, err := configure(location)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(location)
	if err != nil {
		return "", errors.New("the catalog's URL cannot be read") // the error's text has the password
	}
	q := u.Query()
	q.Set("search_path", schema+"_rebuilding")
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// IsMade reports whether a catalog is there, and gives its name without a password.
func IsMade(ctx context.Context, location string) (made bool, name string, err error) {
	c, schema, err := configure(location)
	if err != nil {
		return false, "", err
	}
	name = nameOf(c, schema)
	err = inDatabase(ctx, location, func(db *stdsql.DB) error {
		return db.QueryRowContext(ctx, `SELECT to_regclass($1 || '.catalog') IS NOT NULL`, schema).Scan(&made)
	})
	if err != nil {
		return false, name, fmt.Errorf("look for catalog %s: %w", name, err)
	}
	return made, name, nil
}

// Remove removes a catalog with its schema, if it is there.
func Remove(ctx context.Context, location string) error {
	_, schema, err := configure(location)
	if err != nil {
		return err
	}
	return inDatabase(ctx, location, func(db *stdsql.DB) error {
		_, err := db.ExecContext(ctx, `DROP SCHEMA IF EXISTS `+pgx.Identifier{schema}.Sanitize()+` CASCADE`)
		return err
	})
}

// Move makes a catalog that nobody has open the one of another place in the same database, where nothing is but perhaps
// an empty schema.
func Move(ctx context.Context, from, to string) error {
	_, source, err := configure(from)
	if err != nil {
		return err
	}
	c, target, err := configure(to)
	if err != nil {
		return err
	}
	err = inDatabase(ctx, from, func(db *stdsql.DB) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		old, place := pgx.Identifier{source}.Sanitize(), pgx.Identifier{target}.Sanitize()
		for _, statement := range []string{`DROP SCHEMA IF EXISTS ` + place + ` RESTRICT`, `ALTER SCHEMA ` + old + ` RENAME TO ` + place} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
		return tx.Commit()
	})
	if err != nil {
		return fmt.Errorf("put the catalog into its place %s: %w", nameOf(c, target), err)
	}
	return nil
}

// inDatabase runs do on the database of a catalog.
func inDatabase(ctx context.Context, location string, do func(*stdsql.DB) error) error {
	c, _, err := configure(location)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*c)
	err = again(ctx, func() (bool, error) {
		err := do(db)
		return lost(err), err
	})
	return errors.Join(err, db.Close())
}
