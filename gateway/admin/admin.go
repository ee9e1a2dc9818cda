// Package admin answers those who watch a gateway over HTTP: /metrics for Prometheus, /healthz for whoever restarts a
// process that hangs, /readyz for whoever sends clients to it, /debug/pprof/ for whoever looks into it.
package admin

import (
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Part is something that answers depend on.
type Part struct {
	Name   string // "catalog"
	Reason string // why it does not work; "" if it does
	Vital  bool   // without it clients get no answer at all
}

// Handler serves the three paths. parts is asked at each /readyz, which is 503 while a vital part does not work, and
// else 200; either way it names what does not, a line each. With profiles there are those of net/http/pprof too: they
// cost whoever asks for them the gateway's time, and hold texts of statements.
func Handler(metrics prometheus.Gatherer, parts func(ctx context.Context) []Part, profiles bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		status, text := readiness(parts(r.Context()))
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	})
	if profiles {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

func readiness(parts []Part) (status int, text string) {
	status, word := http.StatusOK, "ready"
	var lines strings.Builder
	for _, p := range parts {
		if p.Reason == "" {
			continue
		}
		if p.Vital {
			status = http.StatusServiceUnavailable
		}
		word = "degraded"
		fmt.Fprintf(&lines, "%s: %s\n", p.Name, p.Reason)
	}
	if status != http.StatusOK {
		word = "not ready"
	}
	return status, word + "\n" + lines.String()
}
