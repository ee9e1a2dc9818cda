package gateway

import (
	"errors"
	"math"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// errGone ends a session without another word: the client is not there any more.
var errGone = errors.New("client disconnected")

// The causes with which work is cancelled. Each call gives a new value.

func errClientCancel() error {
	return pgerr.New(pgerr.QueryCanceled, "canceling statement due to user request")
}

func errTimeout() error {
	return pgerr.New(pgerr.QueryCanceled, "canceling statement due to statement timeout")
}

func errShutdown() error {
	return pgerr.New(pgerr.AdminShutdown, "terminating connection due to administrator command")
}

// errStopping is for who is not in yet.
func errStopping() error {
	return pgerr.New(pgerr.CannotConnectNow, "the database system is shutting down")
}

// flatten makes any error one that the client may see: what is not meant for clients becomes XX000. Its message has the
// query's id, by which the log has the rest. internal reports that it is one of these.
func flatten(err error, id string) (e *pgerr.Error, internal bool) {
	e, ok := errors.AsType[*pgerr.Error](err)
	if !ok {
		e = &pgerr.Error{Code: pgerr.InternalError, Message: "internal error", Err: err}
	}
	if e.Code != pgerr.InternalError {
		return e, false
	}
	if id != "" {
		named := *e
		named.Message += " (query " + id + ")"
		e = &named
	}
	return e, true
}

// fatal reports whether the session ends with this error.
func fatal(e *pgerr.Error) bool {
	return e.Code == pgerr.AdminShutdown
}

func errorResponse(e *pgerr.Error, severity string) *pgproto3.ErrorResponse {
	return &pgproto3.ErrorResponse{
		Severity:            severity,
		SeverityUnlocalized: severity,
		Code:                string(e.Code),
		Message:             e.Message,
		Detail:              e.Detail,
		Hint:                e.Hint,
		Where:               e.Where,
		SchemaName:          e.Schema,
		TableName:           e.Table,
		ColumnName:          e.Column,
		DataTypeName:        e.DataType,
		ConstraintName:      e.Constraint,
		Position:            int32(min(max(e.Position, 0), math.MaxInt32)),
	}
}

func noticeResponse(n engine.Notice) *pgproto3.NoticeResponse {
	return &pgproto3.NoticeResponse{
		Severity:            n.Severity,
		SeverityUnlocalized: n.Severity,
		Code:                n.Code,
		Message:             n.Message,
		Detail:              n.Detail,
		Hint:                n.Hint,
		Where:               n.Where,
	}
}

func warning(code pgerr.Code, message string) engine.Notice {
	return engine.Notice{Severity: "WARNING", Code: string(code), Message: message}
}
