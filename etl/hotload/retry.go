package hotload

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	collisionTries   = 6
	collisionBackoff = 100 * time.Millisecond // before the second try; then ever longer
)

// retried runs a transaction again that collided with another one.
func (s *Server) retried(ctx context.Context, do func() error) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval = collisionBackoff
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := do()
		if err != nil && !collided(err) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(collisionTries), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(error, time.Duration) { s.step("collided") }))
	if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok { // of the last try
		err = permanent.Unwrap()
	}
	return err
}

// collided knows the errors of two transactions that were in each other's way: serialization failure and deadlock, and
// the numbers under which Redshift tells of them, 1023 (isolation violation) and 1018 (a table of another snapshot).
func collided(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	return e.Code == "40001" || e.Code == "40P01" || strings.HasPrefix(e.Message, "1023") || strings.HasPrefix(e.Message, "1018")
}
