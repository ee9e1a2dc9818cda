package hot

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/bench/client"
)

// passThrough measures whole results: rows per second, in the text format.
func (s *suite) passThrough(ctx context.Context) error {
	query := func(t client.Target) string { return "select id, ts, site_id, domain, path, load_ms from " + t.Table }
	for _, p := range []struct {
		metric  string
		message func(text string) ([]byte, error)
	}{
		{"rows_passthrough", client.Simple},
		{"rows_passthrough_extended", client.Extended},
	} {
		err := s.compare(ctx, p.metric, "rows/s", s.Samples(), func(t client.Target) (func() (float64, error), error) {
			c, err := t.Connect()
			if err != nil {
				return nil, err
			}
			message, err := p.message(query(t))
			if err != nil {
				return nil, err
			}
			run := c.Whole(message, s.rows)
			_, err = run() // once, so that the server has read the table
			return run, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	pointRounds  = 41
	pointQueries = 100 // of a turn
)

// points measures a row by its key: as text whose literal is another one every time, and prepared.
func (s *suite) points(ctx context.Context) error {
	rounds := pointRounds
	if s.Quick {
		rounds = 11
	}
	text := func(t client.Target, where string) string {
		return "select id, ts, site_id, domain, path, load_ms from " + t.Table + " where id = " + where
	}
	err := s.compare(ctx, "point_p50", "us", rounds, func(t client.Target) (func() (float64, error), error) {
		c, err := t.Connect()
		return s.turn(c, func(id int) ([]byte, error) { return client.Simple(text(t, strconv.Itoa(id))) }), err
	})
	if err != nil {
		return err
	}
	return s.compare(ctx, "point_p50_prepared", "us", rounds, func(t client.Target) (func() (float64, error), error) {
		c, err := t.Connect()
		if err != nil {
			return nil, err
		}
		prepare, err := client.Encode(&pgproto3.Parse{Name: "point", Query: text(t, "$1")}, &pgproto3.Sync{})
		if err != nil {
			return nil, err
		}
		if _, err := c.Ask(prepare); err != nil {
			return nil, err
		}
		return s.turn(c, func(id int) ([]byte, error) {
			return client.Encode(&pgproto3.Bind{PreparedStatement: "point", Parameters: [][]byte{strconv.AppendInt(nil, int64(id), 10)}},
				&pgproto3.Execute{}, &pgproto3.Sync{})
		}), nil
	})
}

// turn asks for some rows of the table.
func (s *suite) turn(c *client.Client, message func(id int) ([]byte, error)) func() (float64, error) {
	id := 0
	return func() (float64, error) {
		return c.Turn(pointQueries, func() ([]byte, error) {
			id = (id + 7919) % s.rows // a prime: all over the table
			return message(id)
		})
	}
}

// connectTurn is how many connections are made in a turn.
const connectTurn = 10

// connects measures from dialing to the first ReadyForQuery.
func (s *suite) connects(ctx context.Context) error {
	return s.compare(ctx, "connect_p50", "us", 4*s.Samples(), func(t client.Target) (func() (float64, error), error) {
		return func() (float64, error) { return t.Dials(connectTurn) }, nil
	})
}
