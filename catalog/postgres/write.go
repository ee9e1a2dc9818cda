package postgres

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Write runs change in a transaction behind the catalog's lock.
func (d *database) Write(ctx context.Context, change func(*stdsql.Tx) error) error {
	defer d.asked.commits.Add(1) // also after an error: it may be committed all the same
	return again(ctx, func() (tryAgain bool, err error) {
		t := transaction{d: d}
		if err := t.run(ctx, change); err != nil {
			return lost(err), busy(err)
		}
		if err := t.commit(); err != nil {
			return t.outcome(ctx, err)
		}
		return false, nil
	})
}

// transaction is one that is alone from its first statement on.
type transaction struct {
	d      *database
	tx     *stdsql.Tx
	number string             // PostgreSQL's
	cancel context.CancelFunc // breaks the connection
}

// run makes the change. Without an error the transaction is open, and nothing but its COMMIT ends it: who went away
// meanwhile would not know whether it is committed.
func (t *transaction) run(ctx context.Context, change func(*stdsql.Tx) error) (err error) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	leave := context.AfterFunc(ctx, cancel)
	t.cancel = cancel
	// READ COMMITTED: a statement behind the lock sees what the holder before committed.
	t.tx, err = t.d.db.BeginTx(own, &stdsql.TxOptions{Isolation: stdsql.LevelReadCommitted})
	if err != nil {
		leave()
		cancel()
		return err
	}
	err = t.tx.QueryRowContext(ctx, `SELECT CAST(pg_current_xact_id() AS text)
		FROM pg_advisory_xact_lock(hashtextextended('tidegate catalog ' || $1, 0))`, t.d.schema).Scan(&t.number)
	if err == nil {
		err = change(t.tx)
	}
	if err == nil && !leave() {
		err = context.Cause(ctx)
	}
	if err != nil {
		leave()
		_ = t.tx.Rollback() // it fails where the connection is gone, and the transaction with it
		cancel()
	}
	return err
}

func (t *transaction) commit() error {
	defer t.cancel()
	impatient := time.AfterFunc(patience, t.cancel)
	defer impatient.Stop()
	return t.tx.Commit()
}

// outcome finds out what became of a transaction whose COMMIT failed. Without an error and tryAgain it is committed.
func (t *transaction) outcome(ctx context.Context, cause error) (tryAgain bool, err error) {
	e, refused := errors.AsType[*pgconn.PgError](cause)
	if refused && e.Severity == "ERROR" || errors.Is(cause, pgx.ErrTxCommitRollback) {
		return lost(cause), cause // the server rolled it back
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience+idleTimeout)
	defer cancel()
	for {
		var status stdsql.NullString
		err := t.d.db.QueryRowContext(ctx, `SELECT pg_xact_status(CAST(CAST($1 AS text) AS xid8))`, t.number).Scan(&status)
		e, refused := errors.AsType[*pgconn.PgError](err)
		switch {
		case err == nil && status.String == "committed":
			return false, nil
		case err == nil && status.String == "aborted",
			refused && e.Code == "22023": // a number of the future: the server went down before it knew of it
			return true, fmt.Errorf("the connection broke before the change was committed: %w", cause)
		case err == nil && status.String == "in progress", err != nil && lost(err):
			select {
			case <-time.After(100 * time.Millisecond):
				continue
			case <-ctx.Done():
			}
		}
		return false, fmt.Errorf("whether the change is committed (transaction %s) is not known: %w", t.number, errors.Join(cause, err))
	}
}

// busy says what is the matter with an error of the lock.
func busy(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "55P03" {
		return fmt.Errorf("another process has been writing for %s: %w", lockTimeout, err)
	}
	return err
}
