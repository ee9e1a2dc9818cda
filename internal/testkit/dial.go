package testkit

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// Dial connects without pgx's own statements and types. The connection ends with the test.
func Dial(tb testing.TB, url string) *pgconn.PgConn {
	tb.Helper()
	c, err := pgconn.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close(context.WithoutCancel(tb.Context())) })
	return c
}
