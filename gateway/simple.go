package gateway

import (
	"context"
	"math"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/sql"
)

// emptyQuery answers text without a statement. It has no fields.
var emptyQuery = &pgproto3.EmptyQueryResponse{}

// simpleQuery answers a Query message up to ReadyForQuery: statement by statement, and the first error ends it.
// Its own error means that the session cannot go on.
func (s *session) simpleQuery(ctx context.Context, text string) error {
	s.dropPortal("")
	delete(s.statements, "")
	statements, err := sql.Parse(text)
	if err == nil {
		for _, st := range statements {
			if err = s.simpleStatement(ctx, st, len(statements) > 1); err != nil {
				break
			}
		}
	}
	if err != nil {
		err = s.fail(err)
	}
	s.leaveImplicit()
	return err
}

func (s *session) simpleStatement(ctx context.Context, st *sql.Statement, several bool) error {
	if err := s.failedOnly(st); err != nil {
		return err
	}
	s.begin()
	s.tx.block = s.tx.block || several
	a, err := s.answer(ctx, st, nil)
	if err != nil {
		return err
	}
	if a.result != nil {
		if err := s.describeRows(a.result.columns, nil); err != nil {
			return err
		}
	}
	if _, err := s.deliver(a, nil, nil, math.MaxInt64); err != nil {
		return err
	}
	return s.wire.err
}
