// Package pgerr is the one error that a client of the PostgreSQL protocol can see:
// a SQLSTATE with PostgreSQL's fields around it.
//
// Every layer that knows why a statement fails returns an *Error; the gateway sends it as it is.
// Any other error is an internal one and reaches the client as XX000 with the query id only.
package pgerr

import (
	"errors"
	"fmt"
	"strings"
)

// Code is a SQLSTATE: five characters of PostgreSQL's errcodes.txt.
type Code string

// The SQLSTATEs that Tidegate raises itself, by PostgreSQL's condition names.
const (
	ProtocolViolation         Code = "08P01"
	ConnectionFailure         Code = "08006"
	TransactionUnknown        Code = "08007"
	FeatureNotSupported       Code = "0A000"
	CardinalityViolation      Code = "21000"
	StringTooLong             Code = "22001"
	NumericOutOfRange         Code = "22003"
	InvalidDatetimeFormat     Code = "22007"
	DatetimeOverflow          Code = "22008"
	DivisionByZero            Code = "22012"
	InvalidParameterValue     Code = "22023"
	CharacterNotInRepertoire  Code = "22021"
	StringDataLengthMismatch  Code = "22026"
	InvalidRegularExpression  Code = "2201B"
	InvalidTextRepresentation Code = "22P02"
	InvalidBinary             Code = "22P03"
	UntranslatableCharacter   Code = "22P05"
	CheckViolation            Code = "23514"
	DeadlockDetected          Code = "40P01"
	LockNotAvailable          Code = "55P03"
	ActiveTransaction         Code = "25001"
	ReadOnlyTransaction       Code = "25006"
	NoActiveTransaction       Code = "25P01"
	InFailedTransaction       Code = "25P02"
	IdleInTransaction         Code = "25P03"
	InvalidStatementName      Code = "26000"
	InvalidAuthorization      Code = "28000"
	InvalidPassword           Code = "28P01"
	InvalidCursorName         Code = "34000"
	InvalidSavepoint          Code = "3B001"
	InvalidCatalogName        Code = "3D000"
	InvalidSchemaName         Code = "3F000"
	SyntaxError               Code = "42601"
	InvalidName               Code = "42602"
	DuplicateColumn           Code = "42701"
	AmbiguousColumn           Code = "42702"
	UndefinedColumn           Code = "42703"
	UndefinedObject           Code = "42704"
	DuplicateCursor           Code = "42P03"
	DuplicatePreparedStmt     Code = "42P05"
	GroupingError             Code = "42803"
	DatatypeMismatch          Code = "42804"
	WrongObjectType           Code = "42809"
	AmbiguousFunction         Code = "42725"
	UndefinedFunction         Code = "42883"
	UndefinedTable            Code = "42P01"
	UndefinedParameter        Code = "42P02"
	AmbiguousParameter        Code = "42P08"
	DuplicateAlias            Code = "42712"
	InvalidColumnReference    Code = "42P10"
	InvalidCursorDefinition   Code = "42P11"
	IndeterminateDatatype     Code = "42P18"
	CollationMismatch         Code = "42P21"
	IndeterminateCollation    Code = "42P22"
	InsufficientPrivilege     Code = "42501"
	InsufficientResources     Code = "53000"
	DiskFull                  Code = "53100"
	OutOfMemory               Code = "53200"
	TooManyConnections        Code = "53300"
	ConfigurationLimit        Code = "53400"
	ProgramLimitExceeded      Code = "54000"
	StatementTooComplex       Code = "54001"
	ObjectNotInState          Code = "55000"
	QueryCanceled             Code = "57014"
	AdminShutdown             Code = "57P01"
	CannotConnectNow          Code = "57P03"
	IdleSession               Code = "57P05"
	SystemError               Code = "58000"
	IOError                   Code = "58030"
	InternalError             Code = "XX000"
	Warning                   Code = "01000"
)

// Error is an error, warning or notice as the PostgreSQL protocol carries it.
type Error struct {
	Code    Code
	Message string // one sentence, lower case, no full stop, as PostgreSQL writes it
	Detail  string
	Hint    string // what to do about it
	Where   string // PostgreSQL's CONTEXT
	// The names of what it is about, of errors that a server gave: a constraint, a column, a type, and where it is.
	Schema, Table, Column, DataType, Constraint string
	// Position counts characters (not bytes) of the statement's text from 1; 0 is unknown.
	Position int
	// Told is a position in the text that a server was told instead of the client's. Who wrote that text makes it a
	// Position; clients never see it.
	Told int
	// Err is the cause. It goes to the log, never to the client.
	Err error
}

// New returns an Error with a formatted message. What %q formats stands in quotes as it is: PostgreSQL escapes nothing.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: formatted(format, args...)}
}

func formatted(format string, args ...any) string {
	if false {
		_ = fmt.Sprintf(format, args...) // go vet checks the formats of callers by it
	}
	return fmt.Sprintf(strings.ReplaceAll(format, "%q", "\"%s\""), args...)
}

// Error gives the SQLSTATE, the message and the cause, for logs.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// WithHint returns e with the hint set.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = formatted(format, args...)
	return e
}

// WithDetail returns e with the detail set.
func (e *Error) WithDetail(format string, args ...any) *Error {
	e.Detail = formatted(format, args...)
	return e
}

// At returns e with the position set, in characters from 1.
func (e *Error) At(position int) *Error {
	e.Position = position
	return e
}

// CodeOf gives the SQLSTATE in err's chain, InternalError if there is none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return InternalError
}
