// Package catalog measures what browsing clients ask: queries of pg_catalog and information_schema, of a warehouse with
// many tables and of a gateway in front of it.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/bench/client"
	"tidegate/bench/measure"
	"tidegate/internal/testkit"
)

const columns = 50 // of a table

// makeTables makes tables of four types of column each, with a key and a comment.
const makeTables = `DO $$
DECLARE list text;
BEGIN
  SELECT string_agg(format('c%%s %%s', i, (ARRAY['integer', 'text', 'numeric(12,2)', 'timestamptz'])[i %% 4 + 1]), ', ') INTO list
  FROM generate_series(2, %[2]d) i;
  FOR n IN 1..%[1]d LOOP
    EXECUTE format('CREATE TABLE shop.t%%s (c1 bigint PRIMARY KEY, %%s)', lpad(n::text, 5, '0'), list);
    EXECUTE format('COMMENT ON TABLE shop.t%%s IS %%L', lpad(n::text, 5, '0'), 'table ' || n);
    IF n %% 500 = 0 THEN COMMIT; END IF;
  END LOOP;
END $$`

// Run measures the suite.
func Run(ctx context.Context, b *measure.Bench) error {
	tables := 5000
	if b.Quick {
		tables = 500
	}
	targets, program, err := start(ctx, b, tables)
	if err != nil {
		return err
	}
	oids, err := oidsOf(ctx, targets)
	if err != nil {
		return err
	}
	for _, q := range slices.Concat(queries, ofTools) {
		err = client.Compare(ctx, b, q.metric, "us", b.Samples(), targets, func(t client.Target) (func() (float64, error), error) {
			c, err := t.Connect()
			if err != nil {
				return nil, err
			}
			message, err := client.Simple(strings.ReplaceAll(q.text, "{{oid}}", oids[t.Name]))
			if err != nil {
				return nil, err
			}
			_, err = c.Ask(message)
			return func() (float64, error) { return turn(c, message, q.turn) }, err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", q.metric, err)
		}
	}
	resident, err := program.Resident()
	if err != nil {
		return err
	}
	return b.Report("resident_bytes", "bytes", float64(resident), 1)
}

// turn gives the median time of n answers, in microseconds.
func turn(c *client.Client, message []byte, n int) (float64, error) {
	times := make([]float64, n)
	for i := range times {
		began := time.Now()
		if _, err := c.Ask(message); err != nil {
			return 0, err
		}
		times[i] = float64(time.Since(began)) / float64(time.Microsecond)
	}
	return measure.Median(times), nil
}

// oidsOf asks each target for the OID of a table.
func oidsOf(ctx context.Context, targets []client.Target) (map[string]string, error) {
	oids := map[string]string{}
	for _, t := range targets {
		conn, err := pgconn.Connect(ctx, "postgres://"+t.User+"@"+t.Address+"/"+t.Database+"?sslmode=disable")
		if err != nil {
			return nil, err
		}
		r := conn.ExecParams(ctx, "select 'shop.t00042'::regclass::oid", nil, nil, nil, nil).Read()
		if err := errors.Join(r.Err, conn.Close(ctx)); err != nil {
			return nil, err
		}
		oids[t.Name] = string(r.Rows[0][0])
	}
	return oids, nil
}

// start makes the tables and a gateway that has listed them.
func start(ctx context.Context, b *measure.Bench, tables int) ([]client.Target, *measure.Program, error) {
	cluster := testkit.PostgresTCP(b.TB) //nolint:contextcheck // the stage has ctx
	conn, err := pgconn.Connect(ctx, cluster.DSN())
	if err != nil {
		return nil, nil, err
	}
	err = errors.Join(
		conn.Exec(ctx, "create schema shop").Close(),
		conn.Exec(ctx, fmt.Sprintf(makeTables, tables, columns)).Close(),
		conn.Exec(ctx, "analyze").Close(), conn.Close(ctx))
	if err != nil {
		return nil, nil, fmt.Errorf("make the tables: %w", err)
	}
	program, err := measure.Build(ctx, b.TB)
	if err != nil {
		return nil, nil, err
	}
	config := fmt.Sprintf("hot: { kind: postgres, url: %q, schema: hot_data, pool: 4 }\n", cluster.DSN())
	if err := errors.Join(
		os.WriteFile(filepath.Join(program.Dir, "tidegate.yml"), []byte(config), 0o600), os.Mkdir(filepath.Join(program.Dir, "pipelines"), 0o700)); err != nil {
		return nil, nil, err
	}
	served, _, err := program.Serve(ctx, "serve")
	if err != nil {
		return nil, nil, err
	}
	at, err := url.Parse(served)
	if err != nil {
		return nil, nil, err
	}
	gateway := client.Target{Name: "gateway", Address: at.Host, User: "bench", Database: "tidegate"}
	if err := listed(ctx, b, served, tables); err != nil {
		return nil, nil, err
	}
	return []client.Target{{Name: "postgresql", Address: "127.0.0.1:" + cluster.Port, User: "postgres", Database: "postgres"}, gateway}, program, nil
}

// listed waits until the gateway shows all tables, and tells how long its first answer took.
func listed(ctx context.Context, b *measure.Bench, served string, tables int) error {
	conn, err := pgconn.Connect(ctx, served)
	if err != nil {
		return err
	}
	return errors.Join(waitFor(ctx, b, conn, tables), conn.Close(ctx))
}

func waitFor(ctx context.Context, b *measure.Bench, conn *pgconn.PgConn, tables int) error {
	for {
		began := time.Now()
		r := conn.ExecParams(ctx, "select count(*) from pg_class where relname like 't0%' and relkind = 'r'", nil, nil, nil, nil).Read()
		if r.Err != nil {
			return r.Err
		}
		if string(r.Rows[0][0]) == strconv.Itoa(tables) {
			b.Logf("the catalog of %d tables was made in %.2f s", tables, time.Since(began).Seconds())
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
