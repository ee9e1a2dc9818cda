package gateway

import (
	"context"
	"fmt"
	"math/big"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"tidegate/internal/testkit"
)

// psqlScript is what a person, a dashboard and psql itself send.
const psqlScript = `
\set ON_ERROR_STOP off
select 1 as a, 'two' as b, null as c, 4.50 as d, true as e;
values (1, 'x'), (2, null);
select 1/0;
select nope;
\pset null '<null>'
values (1, 'x'), (2, null);
\x
select timestamptz '2018-02-15 03:04:05+00' as t, date '2018-02-15' as d;
\x
set timezone = 'Asia/Kolkata';
select timestamptz '2018-02-15 03:04:05+00' as t;
begin;
select 1;
select 1/0;
select 1;
rollback;
\set FETCH_COUNT 2
values (1), (2), (3), (4), (5);
\unset FETCH_COUNT
select 1; select 2 \; select 3;
prepare p as select $1::text as a;
execute p('q');
show timezone;
set nope = 1;
\echo :ROW_COUNT :SQLSTATE
`

func TestPsql(t *testing.T) {
	t.Parallel()
	psql := testkit.Psql(t)
	cluster := testkit.Postgres(t)
	d := serve(t, nil)
	host, port, err := net.SplitHostPort(d.addr)
	if err != nil {
		t.Fatal(err)
	}
	play := func(conninfo string) string {
		cmd := exec.CommandContext(t.Context(), psql, "-X", "-q", conninfo)
		cmd.Env = append(cmd.Environ(), "PGOPTIONS=-c client_min_messages=warning")
		cmd.Stdin = strings.NewReader(psqlScript)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("psql: %v\n%s", err, out)
		}
		return string(out)
	}
	want := play("host=" + cluster.Dir + " user=postgres dbname=postgres")
	got := play("host=" + host + " port=" + port + " user=ann dbname=tidegate")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(got, "division by zero") || !strings.Contains(got, "08:34:05+05:30") {
		t.Errorf("psql said:\n%s", got)
	}
}

var pgxModes = []pgx.QueryExecMode{
	pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
	pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
}

// TestPgx reads the same values in every mode of pgx, from Tidegate and from PostgreSQL 15.
func TestPgx(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	d := serve(t, nil)
	for _, mode := range pgxModes {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			want := pgxValues(t, cluster.DSN(), mode)
			if diff := cmp.Diff(want, pgxValues(t, d.dsn(), mode)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func pgxValues(t *testing.T, dsn string, mode pgx.QueryExecMode) []string {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = mode
	c, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	var got []string
	add := func(rows pgx.Rows, err error) {
		t.Helper()
		if err != nil {
			got = append(got, errorOf(err))
			return
		}
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%v", values))
		}
		got = append(got, rows.CommandTag().String())
		if err := rows.Err(); err != nil {
			got = append(got, errorOf(err))
		}
	}
	at := time.Date(2018, 2, 15, 3, 4, 5, 678000000, time.UTC)
	for range 2 { // the second time from pgx's cache
		add(c.Query(t.Context(), "select $1::int4 as a, $2::int8 as b, $3::int2 as c", int32(-7), int64(1)<<40, int16(3)))
		add(c.Query(t.Context(), "select $1::float8 as a, $2::float4 as b, $3::bool as c", 0.1, float32(1.5), true))
		add(c.Query(t.Context(), "select $1::text as a, $2::varchar as b, $3::text as c", "it's δ", "v", nil))
		add(c.Query(t.Context(), "select $1::timestamp as a, $2::date as b", at, at))
		add(c.Query(t.Context(), "select $1::timestamptz = timestamptz '2018-02-15 03:04:05.678+00' as a", at))
		add(c.Query(t.Context(), "select $1::numeric as a", pgtype.Numeric{Int: big.NewInt(1234567890123456789), Exp: -9, Valid: true}))
		add(c.Query(t.Context(), "values (1, 'x'), (2, null)"))
	}
	add(c.Query(t.Context(), "select 1/(select 0)"))
	tx, err := c.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	inner, err := tx.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = inner.Exec(t.Context(), "select 1/(select 0)")
	got = append(got, errorOf(err))
	if err := inner.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(tx.Query(t.Context(), "select $1::int4 + 1 as a", 4))
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	batch := &pgx.Batch{}
	batch.Queue("select 1 as a")
	batch.Queue("select $1::text as b", "x")
	results := c.SendBatch(t.Context(), batch)
	add(results.Query())
	add(results.Query())
	if err := results.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	return got
}
