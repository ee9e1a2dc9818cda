package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/bench/measure"
	"tidegate/internal/testkit"
)

// The table whose rows are sent: made by the ETL, embedded hot and in Parquet, and by PostgreSQL itself.
const (
	pipelineSQL = `select id::int as id, big::bigint as big, dbl::double precision as dbl, name::text as name,
    ts::timestamp as ts, flag::boolean as flag, amount::numeric(12,2) as amount, n::int as n, d::date as d
from source
`
	pipelineYML = `table: bench.wide
source: { location: "file:./raw/", format: json, required: [id, ts] }
time: { column: ts, zone: UTC, grain: day }
fields: { id: int, big: bigint, dbl: double precision, name: text, ts: timestamp, flag: boolean, amount: "numeric(12,2)",
  n: int, d: date }
partition_by: [dt]
cluster_by: [id]
unique_key: [id]
hot: { columns: [id, big, dbl, name, ts, flag, amount, n, d], sort: [id] }
`
	postgresTable = `create schema bench;
create table bench.wide as select i as id, i::bigint * 7919000003 as big, i / 3.0::float8 as dbl, 'user_' || i %% 1000 as name,
    timestamp '2018-02-01' + i * interval '400 milliseconds' as ts, i %% 2 = 1 as flag,
    (i::bigint * 31 %% 1000000 + i %% 100 / 100.0)::numeric(12,2) as amount, case when i %% 7 <> 0 then i %% 1000 end as n,
    date '2018-02-01' + i %% 3000 as d
from generate_series(0, %d) i`
)

// loadTable makes the table in PostgreSQL, in the lake and hot.
func (s *suite) loadTable(ctx context.Context, cluster *testkit.Cluster) error {
	conn, err := pgconn.Connect(ctx, cluster.DSN())
	if err != nil {
		return err
	}
	err = errors.Join(
		conn.Exec(ctx, fmt.Sprintf(postgresTable, s.rows-1)).Close(),
		conn.Exec(ctx, "vacuum analyze bench.wide").Close(), // not in the transaction of others
		conn.Close(ctx), s.writeRaw())
	if err != nil {
		return err
	}
	began := time.Now()
	if err := s.program.Run(ctx, "etl", "run"); err != nil {
		return err
	}
	s.Logf("%d rows in the lake and hot in %.1f s", s.rows, time.Since(began).Seconds())
	return nil
}

func (s *suite) writeRaw() error {
	day := time.Date(2018, 2, 1, 0, 0, 0, 0, time.UTC)
	texts := map[string]string{"tidegate.yml": "{}\n", "pipelines/bench/wide.sql": pipelineSQL, "pipelines/bench/wide.yml": pipelineYML}
	return measure.WriteFolder(s.program.Dir, texts, s.rows, func(w io.Writer, i int) {
		n := "null"
		if i%7 != 0 {
			n = strconv.Itoa(i % 1000)
		}
		fmt.Fprintf(w, `{"id":%d,"big":%d,"dbl":%v,"name":"user_%d","ts":%q,"flag":%t,"amount":"%d.%02d","n":%s,"d":%q}`+"\n",
			i, i*7919000003, float64(i)/3, i%1000, day.Add(time.Duration(i)*400*time.Millisecond).Format("2006-01-02 15:04:05.000"),
			i%2 == 1, i*31%1000000, i%100, n, day.AddDate(0, 0, i%3000).Format(time.DateOnly))
	})
}
