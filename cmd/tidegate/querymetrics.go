package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"tidegate/gateway"
	"tidegate/internal/engine"
	"tidegate/router"
)

// queryMetrics count statements as the query log does.
type queryMetrics struct {
	queries *prometheus.CounterVec
	errors  *prometheus.CounterVec
	rows    prometheus.Counter
	bytes   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newQueryMetrics(r prometheus.Registerer) *queryMetrics {
	opts := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "tidegate", Subsystem: "query", Name: name, Help: help}
	}
	m := &queryMetrics{
		queries: prometheus.NewCounterVec(opts("total", "Statements, by who answered; none: refused before that was decided."), []string{"route"}),
		errors:  prometheus.NewCounterVec(opts("errors_total", "Statements that failed, by class of their SQLSTATE."), []string{"class"}),
		rows:    prometheus.NewCounter(opts("rows_total", "Rows sent to clients.")),
		bytes:   prometheus.NewCounterVec(opts("bytes_total", "Bytes that statements were expected to read; fetched: those that were not on this machine."), []string{"kind"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "tidegate", Subsystem: "query", Name: "seconds", Help: "Time of statements that ended well, by who answered.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 9),
		}, []string{"route"}),
	}
	for _, route := range []engine.Route{engine.RouteLocal, engine.RouteHot, engine.RouteCold, ""} {
		m.queries.WithLabelValues(routeLabel(route))
		m.seconds.WithLabelValues(routeLabel(route))
	}
	for _, kind := range []string{"scanned", "fetched"} {
		m.bytes.WithLabelValues(kind)
	}
	r.MustRegister(m.queries, m.errors, m.rows, m.bytes, m.seconds)
	return m
}

func routeLabel(r engine.Route) string {
	if r == "" {
		return "none"
	}
	return string(r)
}

func (m *queryMetrics) record(e gateway.Entry) {
	m.queries.WithLabelValues(routeLabel(e.Route)).Inc()
	m.rows.Add(float64(e.Rows))
	m.bytes.WithLabelValues("scanned").Add(float64(e.BytesScanned))
	m.bytes.WithLabelValues("fetched").Add(float64(e.BytesFetched))
	if e.Code != "" {
		m.errors.WithLabelValues(string(e.Code[:2])).Inc()
		return
	}
	m.seconds.WithLabelValues(routeLabel(e.Route)).Observe(e.Elapsed.Seconds())
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
