// Package lake measures a lake on S3: what is fetched of it, how fast, and what the column cache costs a query that
// needs nothing fetched.
//
// The S3 is versitygw on this machine, behind a proxy that counts what leaves it and can add a delay to each request.
package lake

import (
	"context"

	"tidegate/bench/measure"
	"tidegate/internal/testkit"
)

// Run measures the suite.
func Run(ctx context.Context, b *measure.Bench) error {
	server := testkit.S3(b.TB) //nolint:contextcheck // b.TB has it
	proxy, err := newProxy(b.TB, server.Endpoint)
	if err != nil {
		return err
	}
	s := &suite{Bench: b, server: server, proxy: proxy}
	return measure.Parts(ctx,
		measure.Part{Name: "queries", Measure: s.queries},
		measure.Part{Name: "ranged reads", Measure: s.rangedReads},
	)
}

// suite is what the measurements share.
type suite struct {
	*measure.Bench
	server *testkit.S3Server
	proxy  *proxy
}
