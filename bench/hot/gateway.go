package hot

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"tidegate/bench/client"
	"tidegate/bench/measure"
	"tidegate/internal/testkit"
)

// The table of the bench in the hot store, and what makes it.
const (
	hotTable = `tidegate_hot."bench__pages"`

	pipelineSQL = `select id::bigint as id, ts::timestamptz as ts, site_id::int as site_id, domain::text as domain,
    path::text as path, load_ms::double precision as load_ms
from source
`
	pipelineYML = `table: bench.pages
source: { location: "file:./raw/", format: json, required: [id, ts] }
time: { column: ts, zone: UTC, grain: day }
fields: { id: bigint, ts: timestamptz, site_id: int, domain: text, path: text, load_ms: double precision }
partition_by: [dt]
cluster_by: [id]
unique_key: [id]
hot: { columns: [id, ts, site_id, domain, path, load_ms], sort: [id] }
`
)

// startGateway makes the lake, loads it into the cluster, and serves it.
func (s *suite) startGateway(ctx context.Context, cluster *testkit.Cluster) (client.Target, error) {
	program, err := measure.Build(ctx, s.TB)
	if err != nil {
		return client.Target{}, err
	}
	if err := s.writeLake(program.Dir, cluster); err != nil {
		return client.Target{}, err
	}
	began := time.Now()
	if err := program.Run(ctx, "etl", "run"); err != nil {
		return client.Target{}, err
	}
	s.Logf("%d rows in the lake and hot in %.1f s", s.rows, time.Since(began).Seconds())
	served, _, err := program.Serve(ctx, "serve")
	if err != nil {
		return client.Target{}, err
	}
	at, err := url.Parse(served)
	if err != nil {
		return client.Target{}, err
	}
	return client.Target{
		Name: "gateway", Address: at.Host, User: "bench", Database: "tidegate", Table: "bench.pages",
		// Otherwise the estimate chooses, and what a client takes to read two million rows counts as the hot store's time.
		Setup: "set tidegate.latency = interactive",
	}, nil
}

func (s *suite) writeLake(dir string, cluster *testkit.Cluster) error {
	config := fmt.Sprintf("hot: { kind: postgres, url: %q }\n",
		fmt.Sprintf("postgres://postgres@/postgres?host=%s&port=%s&sslmode=disable", cluster.Dir, cluster.Port))
	texts := map[string]string{"tidegate.yml": config, "pipelines/bench/pages.sql": pipelineSQL, "pipelines/bench/pages.yml": pipelineYML}
	day := time.Date(2018, 2, 1, 0, 0, 0, 0, time.UTC)
	return measure.WriteFolder(dir, texts, s.rows, func(w io.Writer, i int) {
		site := i * 31 % 997
		fmt.Fprintf(w, `{"id":%d,"ts":%q,"site_id":%d,"domain":"www.site-%d.example","path":"/articles/%d/%x","load_ms":%d.%d}`+"\n",
			i, day.Add(time.Duration(i)*400*time.Millisecond).Format("2006-01-02T15:04:05.000Z"), site, site, i%4096, i*2654435761%(1<<24), i*7%5000, i%8*125)
	})
}
