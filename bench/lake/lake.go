// Package lake measures a lake on S3: what is fetched of it, how fast, and what the column cache costs a query that
// needs nothing fetched.
//
// The S3 is versitygw on this machine, behind a proxy that counts what leaves it and can add a delay to each request.
package lake

import (
	"context"
	"fmt"

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
	for _, m := range []struct {
		name    string
		measure func(context.Context) error
	}{
		{"queries", s.queries},
		{"ranged reads", s.rangedReads},
	} {
		if err := m.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// suite is what the measurements share.
type suite struct {
	*measure.Bench
	server *testkit.S3Server
	proxy  *proxy
}
