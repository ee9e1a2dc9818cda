package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tidegate/gateway/admin"
	"tidegate/internal/logkey"
)

// registry is where metrics are registered and read.
type registry interface {
	prometheus.Registerer
	prometheus.Gatherer
}

func newRegistry() registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// watchers is what those who watch the gateway are told.
type watchers struct {
	parts *parts
	// clients says why no client can connect; nil if they can.
	clients atomic.Pointer[string]
	hot     atomic.Pointer[hotStore]
}

const (
	// adminHeaderTimeout bounds how long somebody may take to ask.
	adminHeaderTimeout = 5 * time.Second
	// adminStopTimeout bounds how long an answer may take when the process ends.
	adminStopTimeout = time.Second
)

// watch answers at the address of admin until opened is closed; "" is nowhere.
func (p *parts) watch(ctx context.Context, opened *closeAll) (*watchers, error) {
	w := &watchers{parts: p}
	w.notReady("the gateway is starting")
	if p.Admin == "" {
		return w, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", p.Admin)
	if err != nil {
		return nil, adminTaken(p.Admin, err)
	}
	server := &http.Server{Handler: admin.Handler(p.metrics, w.look, p.Pprof), ReadHeaderTimeout: adminHeaderTimeout}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	opened.add(func() error { //nolint:contextcheck // the end of ctx is why it ends
		stop, cancel := context.WithTimeout(context.Background(), adminStopTimeout)
		defer cancel()
		if err := server.Shutdown(stop); err != nil {
			return errors.Join(server.Close(), <-done)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	p.log.InfoContext(ctx, "admin", logkey.Address, l.Addr().String())
	return w, nil
}

func adminTaken(address string, err error) error {
	return fmt.Errorf("listen on %s for admin: %w (end what holds the port, or set admin to another address or to \"\")", address, err)
}

func (w *watchers) notReady(why string) { w.clients.Store(&why) }

func (w *watchers) ready() { w.clients.Store(nil) }

// look gives the state of what answers depend on.
func (w *watchers) look(ctx context.Context) []admin.Part {
	clients := admin.Part{Name: "clients", Vital: true}
	if why := w.clients.Load(); why != nil {
		clients.Reason = *why
	}
	catalog := admin.Part{Name: "catalog", Vital: true}
	if _, err := w.parts.store.View(ctx); err != nil {
		catalog.Reason = err.Error()
	}
	found := []admin.Part{clients, catalog}
	if h := w.hot.Load(); h != nil && h.loader != nil {
		found = append(found, admin.Part{Name: "hot store", Reason: h.down()})
	}
	return found
}

// down says why the hot store does not answer; "" if it does.
func (h *hotStore) down() string {
	if h.server == nil {
		return ""
	}
	return h.server.down()
}

// watchHot shows whether the hot store answers.
func (w *watchers) watchHot(h *hotStore) {
	w.hot.Store(h)
	if h.loader == nil {
		return
	}
	w.parts.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "tidegate", Subsystem: "hot", Name: "up", Help: "1 if the hot store answers and its rows are verified, else 0.",
	}, func() float64 {
		if h.down() != "" {
			return 0
		}
		return 1
	}))
	if h.server == nil {
		return
	}
	w.parts.metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Namespace: "tidegate", Subsystem: "hot", Name: "spooled_total", Help: "Results of the hot store that were moved away from its connections for slow clients.",
	}, func() float64 {
		results, _ := h.server.engine.Spooled()
		return float64(results)
	}), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "tidegate", Subsystem: "hot", Name: "spool_bytes", Help: "What waits for slow clients, in memory and on disk.",
	}, func() float64 {
		_, waiting := h.server.engine.Spooled()
		return float64(waiting)
	}))
}
