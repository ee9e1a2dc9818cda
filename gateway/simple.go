package gateway

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/gateway/encode"
	"tidegate/sql"
)

// emptyQuery answers text without a statement. It has no fields.
var emptyQuery = &pgproto3.EmptyQueryResponse{}

// simpleQuery answers a Query message up to ReadyForQuery: statement by statement, and the first error ends it.
// Its own error means that the session cannot go on.
func (s *session) simpleQuery(ctx context.Context, text string) error {
	s.dropPortal("")
	delete(s.statements, "")
	s.said = text
	defer func() { s.said = "" }()
	err := s.simpleStatements(ctx, text)
	s.changes.last = false
	if err != nil {
		err = s.fail(err)
	}
	if endErr := s.leaveImplicit(ctx); endErr != nil && err == nil {
		err = s.fail(endErr)
	}
	return err
}

func (s *session) simpleStatements(ctx context.Context, text string) error {
	if st, q := s.recall(ctx, text, nil); q != nil && len(q.Params) == 0 {
		s.noticeTruncated([]*sql.Statement{st})
		return s.simpleStatement(ctx, st, q, false)
	}
	statements, err := s.server.options.Dialect.Parse(text)
	if err != nil {
		return err
	}
	s.noticeTruncated(statements)
	for i, st := range statements {
		s.changes.last = i == len(statements)-1
		if i > 0 {
			s.now = time.Now()
		}
		if err := s.simpleStatement(ctx, st, nil, len(statements) > 1); err != nil {
			return err
		}
	}
	return nil
}

// simpleStatement answers one statement. q is its read if it is bound already.
func (s *session) simpleStatement(ctx context.Context, st *sql.Statement, q *sql.Query, several bool) error {
	if err := s.failedOnly(st); err != nil {
		return err
	}
	if q == nil { // else recall has begun
		s.begin()
	}
	s.tx.block = s.tx.block || several
	a, err := s.answer(ctx, st, q)
	if err != nil {
		return err
	}
	var formats []int16
	if a.binary {
		formats = []int16{encode.BinaryFormat}
	}
	if a.result != nil && a.copied == nil {
		if err := s.describeRows(a.result.columns, formats); err != nil {
			return err
		}
	}
	if _, err := s.deliver(a, formats, nil, math.MaxInt64); err != nil {
		return err
	}
	return s.wire.err
}
