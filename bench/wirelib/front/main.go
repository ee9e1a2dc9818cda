// Command front is the gateway's engine behind github.com/jeroenrinzema/psql-wire, as its examples use it: what the
// protocol costs when rows are slices of any. It has one table, bench.wide, and listens where it says.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	wire "github.com/jeroenrinzema/psql-wire"

	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/pgtypes"
)

func main() {
	rows := flag.Int("rows", 2_000_000, "rows of bench.wide")
	flag.Parse()
	if err := run(context.Background(), *rows); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int) error {
	db, err := duck.Open(ctx, duck.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	s, err := db.Session(ctx)
	if err != nil {
		return err
	}
	for _, text := range []string{"create schema bench", fmt.Sprintf(table, n)} {
		if _, err := s.Exec(ctx, text); err != nil {
			return err
		}
	}
	server, err := wire.NewServer(front{db}.parse)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return server.Serve(listener)
}

const table = `create table bench.wide as select i::int as id, i::bigint * 7919000003 as big, i / 3.0::double as dbl, 'user_' || i %% 1000 as name,
	timestamp '2018-02-01' + to_milliseconds(i * 400) as ts, i %% 2 = 1 as flag from range(%d) r(i)`

type front struct{ db *duck.DB }

// parse answers a statement: its columns are known before it runs.
func (f front) parse(ctx context.Context, q wire.Query) (wire.PreparedStatements, error) {
	statement := engine.Statement{SQL: q.Query}
	described, err := f.db.Describe(ctx, statement)
	if err != nil {
		return nil, err
	}
	columns := make(wire.Columns, len(described))
	for i, c := range described {
		columns[i] = wire.Column{Name: c.Name, Oid: c.Type.OID, Width: c.Type.Len()}
	}
	run := func(ctx context.Context, w wire.DataWriter, _ []wire.Parameter) error {
		rows, err := f.db.Query(ctx, statement)
		if err != nil {
			return err
		}
		defer rows.Close()
		n := 0
		row := make([]any, len(described))
		for {
			chunk, err := rows.Next(ctx)
			if errors.Is(err, io.EOF) {
				return w.Complete(fmt.Sprintf("SELECT %d", n))
			}
			if err != nil {
				return err
			}
			for i := range chunk.Rows {
				for k := range chunk.Vectors {
					row[k] = value(&chunk.Vectors[k], described[k].Type.OID, i)
				}
				if err := w.Row(row); err != nil {
					return err
				}
			}
			n += chunk.Rows
		}
	}
	return wire.Prepared(wire.NewStatement(run, wire.WithColumns(columns))), nil
}

// value gives a value as the library takes it.
func value(v *engine.Vector, oid pgtypes.OID, i int) any {
	switch {
	case !v.Valid(i):
		return nil
	case oid == pgtypes.Timestamp:
		return time.UnixMicro(v.I64[i]).UTC()
	case v.Physical == engine.PhysicalI32:
		return v.I32[i]
	case v.Physical == engine.PhysicalI64:
		return v.I64[i]
	case v.Physical == engine.PhysicalF64:
		return v.F64[i]
	case v.Physical == engine.PhysicalBool:
		return v.Bool[i]
	}
	return string(v.Str[i].Bytes())
}
