// Package wire measures the protocol: the same statements asked of PostgreSQL and of Tidegate, over TCP and, but for logins,
// without a password, by a client that costs the same for both.
package wire

import (
	"context"
	"fmt"
	"net/url"

	"tidegate/bench/client"
	"tidegate/bench/measure"
	"tidegate/internal/testkit"
)

// Run measures the suite.
func Run(ctx context.Context, b *measure.Bench) error {
	s := &suite{Bench: b, rows: 2_000_000}
	if b.Quick {
		s.rows = 200_000
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	return measure.Parts(ctx,
		measure.Part{Name: "select 1", Measure: measure.OnOneProcessor(s.constants)},
		measure.Part{Name: "connect", Measure: s.connects},
		measure.Part{Name: "log in", Measure: s.logins},
		measure.Part{Name: "idle sessions", Measure: s.idle},
		measure.Part{Name: "slow reader", Measure: s.slow},
		measure.Part{Name: "rows", Measure: s.whole},
	)
}

// suite is what the measurements share.
type suite struct {
	*measure.Bench
	program *measure.Program
	cluster *testkit.Cluster
	rows    int             // of bench.wide
	targets []client.Target // postgresql, gateway
}

// start starts the two servers.
func (s *suite) start(ctx context.Context) error {
	cluster := testkit.PostgresTCP(s.TB) //nolint:contextcheck // the stage has ctx
	program, err := measure.Build(ctx, s.TB, fmt.Sprintf("TIDEGATE_LIMITS_CONNECTIONS=%d", idleSessions+100))
	if err != nil {
		return err
	}
	s.program, s.cluster = program, cluster
	if err := s.loadTable(ctx, cluster); err != nil {
		return err
	}
	gateway, _, err := serve(ctx, program)
	if err != nil {
		return err
	}
	s.targets = []client.Target{
		{Name: "postgresql", Address: "127.0.0.1:" + cluster.Port, User: "postgres", Database: "postgres"},
		gateway,
	}
	return nil
}

// serve starts a gateway and gives it as a target.
func serve(ctx context.Context, program *measure.Program) (gateway client.Target, stop func(), err error) {
	served, stop, err := program.Serve(ctx, "serve")
	if err != nil {
		return client.Target{}, nil, err
	}
	at, err := url.Parse(served)
	if err != nil {
		stop()
		return client.Target{}, nil, err
	}
	return client.Target{Name: "gateway", Address: at.Host, User: "bench", Database: "tidegate"}, stop, nil
}

// compare prints the gateway's median beside PostgreSQL's.
func (s *suite) compare(ctx context.Context, metric, unit string, rounds int, subject func(client.Target) (func() (float64, error), error)) error {
	return client.Compare(ctx, s.Bench, metric, unit, rounds, s.targets, subject)
}
