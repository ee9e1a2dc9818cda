package admin_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"tidegate/gateway/admin"
)

func get(t *testing.T, h http.Handler, method, path string) (code int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	return w.Code, w.Body.String()
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		parts []admin.Part
		code  int
		text  string
	}{
		{"all works", []admin.Part{{Name: "clients", Vital: true}, {Name: "hot store"}}, 200, "ready\n"},
		{
			"the hot store is down",
			[]admin.Part{{Name: "clients", Vital: true}, {Name: "hot store", Reason: "it refuses connections"}},
			200, "degraded\nhot store: it refuses connections\n",
		},
		{
			"draining, and the hot store is down",
			[]admin.Part{{Name: "clients", Reason: "the gateway is stopping", Vital: true}, {Name: "hot store", Reason: "gone"}},
			503, "not ready\nclients: the gateway is stopping\nhot store: gone\n",
		},
	} {
		h := admin.Handler(prometheus.NewRegistry(), func(context.Context) []admin.Part { return c.parts }, false)
		code, text := get(t, h, http.MethodGet, "/readyz")
		if d := cmp.Diff(c.text, text); code != c.code || d != "" {
			t.Errorf("%s: %d, want %d (-want +got):\n%s", c.name, code, c.code, d)
		}
		if code, text := get(t, h, http.MethodGet, "/healthz"); code != 200 || text != "ok\n" {
			t.Errorf("%s: alive: %d %q", c.name, code, text)
		}
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	metrics := prometheus.NewRegistry()
	n := prometheus.NewCounter(prometheus.CounterOpts{Name: "tidegate_test_total", Help: "Of this test."})
	metrics.MustRegister(n)
	n.Add(7)
	h := admin.Handler(metrics, func(context.Context) []admin.Part { return nil }, false)
	if code, text := get(t, h, http.MethodGet, "/metrics"); code != 200 || !strings.Contains(text, "\ntidegate_test_total 7\n") {
		t.Errorf("metrics: %d\n%s", code, text)
	}
	if code, _ := get(t, h, http.MethodPost, "/metrics"); code != http.StatusMethodNotAllowed {
		t.Errorf("POST is %d", code)
	}
	if code, _ := get(t, h, http.MethodGet, "/"); code != http.StatusNotFound {
		t.Errorf("another path is %d", code)
	}
}

// TestProfiles are there only if they are switched on.
func TestProfiles(t *testing.T) {
	t.Parallel()
	for on, want := range map[bool]int{true: http.StatusOK, false: http.StatusNotFound} {
		h := admin.Handler(prometheus.NewRegistry(), func(context.Context) []admin.Part { return nil }, on)
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/goroutine", "/debug/pprof/heap"} {
			if code, _ := get(t, h, http.MethodGet, path); code != want {
				t.Errorf("profiles %v: %s gave %d", on, path, code)
			}
		}
	}
}
