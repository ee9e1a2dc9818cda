package lake

import (
	"context"
	"fmt"

	"tidegate/bench/measure"
)

// cold makes the router answer from the lake whatever it estimates.
const cold = "/*+ tidegate engine(cold) */ "

// bytesFetched asks a query of two of eleven columns with nothing cached, and the same again.
func (e *events) bytesFetched(ctx context.Context) error {
	const query = cold + "select site_id, sum(load_ms) from EVENTS group by site_id order by site_id"
	needed, err := e.needed(ctx, "site_id", "load_ms")
	if err != nil {
		return err
	}
	proxy := e.suite.proxy
	proxy.reset()
	if _, err := e.gateway(ctx, query); err != nil {
		return err
	}
	fetched, requests := proxy.bytes.Load(), proxy.requests.Load()
	proxy.reset()
	if _, err := e.gateway(ctx, query); err != nil {
		return err
	}
	again := proxy.bytes.Load()
	e.suite.Logf("%d requests to %d files", requests, len(e.files))
	if err := e.suite.Compare("bytes_fetched", "bytes", float64(fetched), "needed", float64(needed), 1); err != nil {
		return err
	}
	return e.suite.Compare("refetched_bytes", "bytes", float64(again), "needed", float64(needed), 1)
}

// warmRounds times the samples of other metrics are taken of each warm query: a query takes milliseconds, and what else
// the machine does shows in few samples.
const warmRounds = 5

// warmQueries are what the gateway and DuckDB alone are both asked.
func warmQueries() []string {
	return []string{
		"select site_id, count(*), sum(load_ms) from EVENTS group by site_id order by site_id",
		"select count(distinct user_id) from EVENTS",
		"select path, count(*) from EVENTS where load_ms > 1000 group by path order by 2 desc, 1 limit 10",
		"select user_agent, max(ts) from EVENTS group by user_agent order by 1",
		"select count(*) from EVENTS where user_agent like '%Firefox%'",
		"select dt, min(load_ms), max(load_ms) from EVENTS where ts >= timestamp '2018-02-05' group by dt order by dt",
	}
}

// warm compares queries that find everything cached with DuckDB alone on whole local copies of the files.
func (e *events) warm(ctx context.Context) error {
	var gateway, alone []float64
	samples := 0
	for i, query := range warmQueries() {
		ours := func() (float64, error) { return e.gateway(ctx, cold+query) }
		theirs := func() (float64, error) { return e.alone(ctx, query) }
		for _, warmUp := range []func() (float64, error){ours, theirs} {
			if _, err := warmUp(); err != nil {
				return fmt.Errorf("%s: %w", query, err)
			}
		}
		e.suite.proxy.reset()
		n := warmRounds * e.suite.Samples()
		seconds, err := measure.Alternate(ctx, n, ours, theirs)
		if err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
		if fetched := e.suite.proxy.bytes.Load(); fetched > 0 {
			return fmt.Errorf("%s: %d bytes were fetched, it was not warm", query, fetched)
		}
		e.suite.Logf("query %d: %.1f ms, alone %.1f ms: %s", i+1, seconds[0]*1000, seconds[1]*1000, query)
		gateway, alone, samples = append(gateway, seconds[0]), append(alone, seconds[1]), n
	}
	return e.suite.Compare("warm_query", "s", measure.GeometricMean(gateway), "duckdb", measure.GeometricMean(alone), samples)
}

func (s *suite) queries(ctx context.Context) error {
	e, err := newEvents(ctx, s)
	if err != nil {
		return err
	}
	if err := e.bytesFetched(ctx); err != nil {
		return err
	}
	return e.warm(ctx)
}
