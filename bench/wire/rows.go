package wire

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/bench/client"
)

// The columns of bench.wide that are asked for: one of each common kind, and the same with numeric, NULLs and dates.
const (
	sixColumns  = "id, big, dbl, name, ts, flag"
	nineColumns = sixColumns + ", amount, n, d"
)

// whole measures whole results in rows per second. Hints are comments to PostgreSQL.
func (s *suite) whole(ctx context.Context) error {
	const hot, cold = "/*+ tidegate engine(hot) */ ", "/*+ tidegate engine(cold) */ "
	for _, m := range []struct {
		metric, text string
		format       int16
	}{
		{"rows_text_6col", hot + "select " + sixColumns + " from bench.wide", 0},
		{"rows_text_9col", hot + "select " + nineColumns + " from bench.wide", 0},
		{"rows_text_parquet", cold + "select " + sixColumns + " from bench.wide", 0},
		{"rows_binary_6col", hot + "select " + sixColumns + " from bench.wide", 1},
	} {
		message, err := client.Encode(&pgproto3.Parse{Query: m.text}, &pgproto3.Bind{ResultFormatCodes: []int16{m.format}},
			&pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, &pgproto3.Sync{})
		if err != nil {
			return err
		}
		sizes := map[string]int64{}
		err = s.compare(ctx, m.metric, "rows/s", s.rounds(), func(t client.Target) (func() (float64, error), error) {
			c, err := t.Connect()
			if err != nil {
				return nil, err
			}
			run := c.Whole(message, s.rows)
			_, err = run() // once, so that the table has been read
			sizes[t.Name] = c.RowBytes()
			return run, err
		})
		if err != nil {
			return err
		}
		if a, b := sizes[s.targets[0].Name], sizes[s.targets[1].Name]; a != b {
			return fmt.Errorf("%s: %s sent %d bytes, %s %d", m.metric, s.targets[0].Name, a, s.targets[1].Name, b)
		}
	}
	return nil
}

// rounds are a few more than the samples of other metrics: a result takes a second at most.
func (s *suite) rounds() int { return 2*s.Samples() + 1 }
