// Package hot measures what the gateway adds to a hot store: the same statements on one PostgreSQL, asked directly,
// through pgbouncer and through Tidegate.
//
// PostgreSQL is loaded by Tidegate itself, so that everybody reads one table with one set of indexes. The client
// decodes nothing and costs the same for all three.
package hot

import (
	"context"
	"fmt"

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
	postgres := target{name: "direct", address: "127.0.0.1:" + cluster.Port, user: "postgres", database: "postgres", table: hotTable}
	bouncer := postgres
	bouncer.name, bouncer.address = "pgbouncer", testkit.PgBouncer(b.TB, cluster) //nolint:contextcheck // as above
	s.targets = []target{postgres, bouncer, gateway}
	for _, m := range []struct {
		name    string
		measure func(context.Context) error
	}{
		{"pass-through", s.passThrough},
		{"point query", s.points},
		{"connect", s.connects},
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
	rows    int
	targets []target // direct, pgbouncer, gateway
}

// compare measures all targets in turn and prints the gateway's median beside the two others'.
func (s *suite) compare(ctx context.Context, metric, unit string, rounds int, subject func(target) (func() (float64, error), error)) error {
	subjects := make([]func() (float64, error), len(s.targets))
	for i, t := range s.targets {
		f, err := subject(t)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		subjects[i] = func() (float64, error) {
			v, err := f()
			if err != nil {
				return 0, fmt.Errorf("%s: %w", t.name, err)
			}
			return v, nil
		}
	}
	medians, err := measure.Alternate(ctx, rounds, subjects...)
	if err != nil {
		return err
	}
	for _, i := range []int{1, 0} {
		if err := s.Compare(metric, unit, medians[2], s.targets[i].name, medians[i], rounds); err != nil {
			return err
		}
	}
	return nil
}
