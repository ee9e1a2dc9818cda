package hot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// errLost says that a connection broke before the statement gave anything.
var errLost = errors.New("the connection to the hot store was lost")

// errStale says that the server refused a statement that it was to know; its text may be all right. Nothing was run.
var errStale = errors.New("the statement is not what the hot store had prepared")

// translate makes of the server's error the one that the client sees. Its position counts another text than the client's.
func translate(e *pgproto3.ErrorResponse) *pgerr.Error {
	return &pgerr.Error{
		Code: pgerr.Code(e.Code), Message: e.Message, Detail: e.Detail, Hint: e.Hint, Where: e.Where,
		Schema: e.SchemaName, Table: e.TableName, Column: e.ColumnName, DataType: e.DataTypeName, Constraint: e.ConstraintName,
		Told: int(e.Position),
		Err:  fmt.Errorf("the hot store said at %d: %s", e.Position, e.Message),
	}
}

func (c *conn) fail(body []byte) error { return c.in.fail(body) }

// fail reads an ErrorResponse and what follows it.
func (r *reader) fail(body []byte) error {
	var m pgproto3.ErrorResponse
	if err := m.Decode(body); err != nil {
		return fmt.Errorf("read the hot store's error: %w", err)
	}
	failed := translate(&m)
	if m.Severity == "FATAL" || m.Severity == "PANIC" {
		return fmt.Errorf("%w: %w", errLost, failed)
	}
	if _, err := r.settle(); err != nil {
		return fmt.Errorf("%w: %w: %w", errLost, failed, err)
	}
	return failed
}

// unavailable sorts what went wrong before the first row: what another engine could answer is ErrUnavailable, and if
// the connection is to blame nothing is asked until a probe has found the hot store again.
func (e *Engine) unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	code := pgerr.Code("")
	answered, ok := errors.AsType[*pgerr.Error](err)
	if ok {
		code = answered.Code
	} else if refused, isRefusal := errors.AsType[*pgconn.PgError](err); isRefusal {
		code = pgerr.Code(refused.Code)
	}
	switch {
	case code == pgerr.TooManyConnections, code == pgerr.ConfigurationLimit:
		// Busy, not down.
	case errors.Is(err, errNotYet), errors.Is(err, errSilent):
		// Perhaps only slow: the dial, or the probe that was asked for, will tell.
	case code == "", errors.Is(err, errLost), isShutdown(code):
		e.setDown(reasonOf(err))
	case missing(code):
		// The tables are not what the catalog says: the lake still is.
	case e.kind == Redshift && code == pgerr.FeatureNotSupported:
		// It knows the words, and not this way to put them together: some correlated subqueries, for one.
	case answered != nil:
		return answered
	}
	if answered != nil {
		return fmt.Errorf("%w: %w", engine.ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", engine.ErrUnavailable, &pgerr.Error{
		Code: pgerr.ConnectionFailure, Message: "the hot store does not answer", Detail: reasonOf(err), Err: err,
	})
}

// isShutdown knows the SQLSTATEs of a server that goes or comes: class 08, and the shutdowns of class 57.
func isShutdown(code pgerr.Code) bool {
	return strings.HasPrefix(string(code), "08") || strings.HasPrefix(string(code), "57P")
}

// missing knows the SQLSTATEs of a table that is not what it should be: class 42 (names, types, privileges) and
// unknown schemas. The router's statement was right when the table was loaded.
func missing(code pgerr.Code) bool {
	return strings.HasPrefix(string(code), "42") || code == pgerr.InvalidSchemaName
}

// reasonOf says in a few words why the hot store cannot be reached, without its address and without a password.
func reasonOf(err error) string {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return refused.Message
	}
	if answered, ok := errors.AsType[*pgerr.Error](err); ok {
		return answered.Message
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		if system, ok := errors.AsType[*os.SyscallError](op); ok {
			return system.Err.Error()
		}
		if op.Timeout() {
			return "no answer in time"
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, errSilent):
		return "no answer in time"
	case errors.Is(err, errLost), errors.Is(err, errEnded):
		return "the connection was lost"
	}
	return "it cannot be reached"
}
