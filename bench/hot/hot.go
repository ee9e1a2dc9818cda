// Package hot measures what the gateway adds to a hot store: the same statements on one PostgreSQL, asked directly,
// through pgbouncer and through Tidegate.
//
// PostgreSQL is loaded by Tidegate itself, so that everybody reads one table with one set of indexes. The client
// decodes nothing and costs the same for all three.
package hot

import (
	"context"

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
	cluster := testkit.PostgresTCP(b.TB) //nolint:contextcheck // the stage has ctx
	gateway, err := s.startGateway(ctx, cluster)
	if err != nil {
		return err
	}
	postgres := client.Target{Name: "direct", Address: "127.0.0.1:" + cluster.Port, User: "postgres", Database: "postgres", Table: hotTable}
	bouncer := postgres
	bouncer.Name, bouncer.Address = "pgbouncer", testkit.PgBouncer(b.TB, cluster) //nolint:contextcheck // as above
	s.targets = []client.Target{bouncer, postgres, gateway}
	return measure.Parts(ctx,
		measure.Part{Name: "pass-through", Measure: s.passThrough},
		measure.Part{Name: "point query", Measure: measure.OnOneProcessor(s.points)},
		measure.Part{Name: "connect", Measure: s.connects},
	)
}

// suite is what the measurements share.
type suite struct {
	*measure.Bench
	rows    int
	targets []client.Target // pgbouncer, direct, gateway
}

// compare prints the gateway's median beside pgbouncer's and PostgreSQL's.
func (s *suite) compare(ctx context.Context, metric, unit string, rounds int, subject func(client.Target) (func() (float64, error), error)) error {
	return client.Compare(ctx, s.Bench, metric, unit, rounds, s.targets, subject)
}
