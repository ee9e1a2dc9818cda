package metastore

import (
	"context"
	stdsql "database/sql"
	"errors"
)

// eachRow runs scan on every row of a query.
func eachRow(ctx context.Context, q Querier, query string, scan func(*stdsql.Rows) error, args ...any) (err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// rowsOf gives what scan makes of every row of a query.
func rowsOf[T any](ctx context.Context, q Querier, query string, scan func(*stdsql.Rows) (T, error), args ...any) ([]T, error) {
	var all []T
	err := eachRow(ctx, q, query, func(rows *stdsql.Rows) error {
		one, err := scan(rows)
		all = append(all, one)
		return err
	}, args...)
	if err != nil {
		return nil, err
	}
	return all, nil
}

// read is rowsOf outside of a transaction.
func read[T any](ctx context.Context, s *Store, query string, scan func(*stdsql.Rows) (T, error), args ...any) (all []T, err error) {
	err = s.db.Read(ctx, func(q Querier) error {
		all, err = rowsOf(ctx, q, query, scan, args...)
		return err
	})
	return all, err
}

// readOne reads a query's only row into some variables, outside of a transaction.
func (s *Store) readOne(ctx context.Context, into []any, query string, args ...any) error {
	return s.db.Read(ctx, func(q Querier) error { return q.QueryRowContext(ctx, query, args...).Scan(into...) })
}
