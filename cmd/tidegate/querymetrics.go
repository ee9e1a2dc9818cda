package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"tidegate/gateway"
	"tidegate/internal/engine"
	"tidegate/router"
)

// queryMetrics count statements as the query log does.
type queryMetrics struct {
	routes           map[engine.Route]routeMetrics
	errors           *prometheus.CounterVec
	rows             prometheus.Counter
	scanned, fetched prometheus.Counter
}

// routeMetrics are those of a route: to find them by their label takes longer than to count.
type routeMetrics struct {
	queries prometheus.Counter
	seconds prometheus.Observer
}

func newQueryMetrics(r prometheus.Registerer) *queryMetrics {
	opts := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "tidegate", Subsystem: "query", Name: name, Help: help}
	}
	queries := prometheus.NewCounterVec(opts("total", "Statements, by who answered; none: refused before that was decided."), []string{"route"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "tidegate", Subsystem: "query", Name: "seconds", Help: "Time of statements that ended well, by who answered.",
		Buckets: prometheus.ExponentialBuckets(0.001, 4, 9),
	}, []string{"route"})
	bytes := prometheus.NewCounterVec(opts("bytes_total", "Bytes that statements were expected to read; fetched: those that were not on this machine."), []string{"kind"})
	m := &queryMetrics{
		routes:  map[engine.Route]routeMetrics{},
		errors:  prometheus.NewCounterVec(opts("errors_total", "Statements that failed, by class of their SQLSTATE."), []string{"class"}),
		rows:    prometheus.NewCounter(opts("rows_total", "Rows sent to clients.")),
		scanned: bytes.WithLabelValues("scanned"), fetched: bytes.WithLabelValues("fetched"),
	}
	for _, route := range []engine.Route{engine.RouteLocal, engine.RouteHot, engine.RouteCold, ""} {
		m.routes[route] = routeMetrics{queries.WithLabelValues(routeLabel(route)), seconds.WithLabelValues(routeLabel(route))}
	}
	r.MustRegister(queries, m.errors, m.rows, bytes, seconds)
	return m
}

func routeLabel(r engine.Route) string {
	if r == "" {
		return "none"
	}
	return string(r)
}

func (m *queryMetrics) record(e gateway.Entry) {
	route := m.routes[e.Route]
	route.queries.Inc()
	m.rows.Add(float64(e.Rows))
	m.scanned.Add(float64(e.BytesScanned))
	m.fetched.Add(float64(e.BytesFetched))
	if e.Code != "" {
		m.errors.WithLabelValues(string(e.Code[:2])).Inc()
		return
	}
	route.seconds.Observe(e.Elapsed.Seconds())
}

// countPlans registers what the router's plan cache counts.
func countPlans(m prometheus.Registerer, r *router.Router) {
	count := func(name, help string, value func(hits, misses int64) int64) {
		m.MustRegister(prometheus.NewCounterFunc(
			prometheus.CounterOpts{Namespace: "tidegate", Subsystem: "plan_cache", Name: name, Help: help},
			func() float64 { return float64(value(r.PlanCacheHits())) }))
	}
	count("hits_total", "Statements that were neither parsed nor bound, because one like them was.", func(hits, _ int64) int64 { return hits })
	count("misses_total", "Statements that the plan cache did not know.", func(_, misses int64) int64 { return misses })
}

// sessionStates are the states of pg_stat_activity as a label; "starting" is none yet.
func sessionStates() map[string]string {
	return map[string]string{
		"": "starting", "active": "active", "idle": "idle", "idle in transaction": "in_transaction",
		"idle in transaction (aborted)": "in_failed_transaction",
	}
}

// countSessions registers how many sessions there are, by what they do.
func countSessions(m prometheus.Registerer, activities func() []gateway.Activity) {
	for state, label := range sessionStates() {
		m.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "tidegate", Name: "sessions", Help: "Sessions of clients, by state.", ConstLabels: prometheus.Labels{"state": label},
		}, func() float64 {
			n := 0
			for _, a := range activities() {
				if a.State == state {
					n++
				}
			}
			return float64(n)
		}))
	}
}
