package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgerr"
)

// lost reports whether an error says that the connection, or the server, is gone for now: nothing that was asked on it is
// in force, but for a COMMIT.
func lost(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "53300", // too many connections
			"25P03",          // this process stood still in a transaction
			"40001", "40P01": // others are at work in the schema
			return true
		}
		return strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "57P0")
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return false
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}

// again tries until it is not for the connection that it fails, or for too long.
func again(ctx context.Context, try func() (tryAgain bool, err error)) error {
	return againUntil(ctx, time.Now().Add(patience), try)
}

// againUntil tries once at least. What it gives up for is an error that a client may see: it can come again later.
func againUntil(ctx context.Context, deadline time.Time, try func() (tryAgain bool, err error)) error {
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		tryAgain, err := try()
		if ctx.Err() != nil && err != nil {
			return context.Cause(ctx)
		}
		switch {
		case err == nil || !tryAgain:
			return err
		case time.Now().After(deadline):
			return &pgerr.Error{Code: pgerr.CannotConnectNow, Message: "the catalog's server does not answer", Hint: "Try again later.", Err: err}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}
