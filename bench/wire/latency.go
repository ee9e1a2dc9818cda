package wire

import (
	"context"
	"net"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/bench/client"
)

// Short turns that take turns often, so that what else the machine does hits both.
const (
	turnStatements  = 200
	turnConnections = 10
)

func (s *suite) turns() int { return 4*s.Samples() + 1 }

// constants measures `select 1` on an open session from its second execution on: as a simple query, as an extended one
// with nothing prepared, and prepared before; by a client that blocks as libpq's do, and by one of Go's (_go).
func (s *suite) constants(ctx context.Context) error {
	const text = "select 1"
	simple, err := client.Simple(text)
	if err != nil {
		return err
	}
	extended, err := client.Extended(text)
	if err != nil {
		return err
	}
	prepare, err := client.Encode(&pgproto3.Parse{Name: "one", Query: text}, &pgproto3.Sync{})
	if err != nil {
		return err
	}
	execute, err := client.Encode(&pgproto3.Bind{PreparedStatement: "one"}, &pgproto3.Execute{}, &pgproto3.Sync{})
	if err != nil {
		return err
	}
	through := []struct {
		suffix string
		wrap   func(net.Conn) (net.Conn, error)
	}{{"", client.Blocking}, {"_go", client.Polled}}
	for _, p := range []struct {
		metric         string
		first, message []byte
	}{
		{"select1_p50", simple, simple},
		{"select1_p50_extended", extended, extended},
		{"select1_p50_prepared", prepare, execute},
	} {
		for _, by := range through {
			err := s.compare(ctx, p.metric+by.suffix, "us", s.turns(), func(t client.Target) (func() (float64, error), error) {
				c, err := t.DialThrough(by.wrap)
				if err != nil {
					return nil, err
				}
				_, err = c.Ask(p.first)
				return func() (float64, error) {
					return c.Turn(turnStatements, func() ([]byte, error) { return p.message, nil })
				}, err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// connects measures from dialing to the first ReadyForQuery.
func (s *suite) connects(ctx context.Context) error {
	return s.compare(ctx, "connect_p50", "us", s.turns(), func(t client.Target) (func() (float64, error), error) {
		return func() (float64, error) { return t.Dials(turnConnections) }, nil
	})
}
