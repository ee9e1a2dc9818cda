package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/catalog/sqlite"
	"tidegate/etl/notify"
)

var (
	events = catalog.Name{Schema: "web", Table: "events"}
	start  = time.Date(2018, 2, 15, 3, 0, 0, 0, time.UTC)
)

// office is an outbox with a deliverer, whose clock stands, and whose log is kept.
type office struct {
	store catalog.Store
	now   time.Time
	log   bytes.Buffer
	d     notify.Deliverer
}

func newOffice(t *testing.T, targets ...notify.Target) *office {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	o := &office{store: store, now: start}
	o.d = notify.Deliverer{
		Outbox: store, Targets: targets, Now: func() time.Time { return o.now },
		Log: slog.New(slog.NewTextHandler(&o.log, nil)),
	}
	return o
}

func (o *office) raise(t *testing.T, kind catalog.IncidentKind, rule, text string) {
	t.Helper()
	err := o.store.Raise(t.Context(), catalog.Incident{Table: events, Kind: kind, Rule: rule, Batch: "b1", Text: text, SeenAt: o.now})
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) resolve(t *testing.T, kind catalog.IncidentKind) {
	t.Helper()
	if err := o.store.Resolve(t.Context(), events, o.now, catalog.OfKind(kind)); err != nil {
		t.Fatal(err)
	}
}

// deliver moves the clock and makes an attempt.
func (o *office) deliver(t *testing.T, after time.Duration) int {
	t.Helper()
	o.now = o.now.Add(after)
	n, err := o.d.Deliver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// hook is a webhook's receiver.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	status int // 0: 204
	got    []notify.Message
	wrong  []string
}

func newHook(t *testing.T, secret string) *hook {
	t.Helper()
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		body, err := io.ReadAll(r.Body)
		var m notify.Message
		if err := errors.Join(err, json.Unmarshal(body, &m)); err != nil {
			h.wrong = append(h.wrong, err.Error())
		}
		want := ""
		if secret != "" {
			want = notify.Sign([]byte(secret), body)
		}
		if got := r.Header.Get(notify.SignatureHeader); got != want || r.Header.Get(notify.IDHeader) != m.ID || r.Method != http.MethodPost {
			h.wrong = append(h.wrong, r.Method+" "+got)
		}
		if h.status != 0 {
			http.Redirect(w, r, "/elsewhere", h.status)
			return
		}
		h.got = append(h.got, m)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(h.Close)
	return h
}

// take gives the messages since the last time, as "event kind rule text".
func (h *hook) take(t *testing.T) []string {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.wrong) > 0 {
		t.Errorf("wrong requests: %q", h.wrong)
	}
	told := []string{}
	for _, m := range h.got {
		told = append(told, strings.Join([]string{m.Event, m.Kind, m.Rule, m.Text}, " "))
	}
	h.got = nil
	return told
}

func (h *hook) answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

func (h *hook) target(t *testing.T, secret string) *notify.Webhook {
	t.Helper()
	w, err := notify.NewWebhook(h.URL+"/token-in-the-url?key=other-token", secret)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func wantTold(t *testing.T, what string, h *hook, want ...string) {
	t.Helper()
	if d := cmp.Diff(append([]string{}, want...), h.take(t)); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestOncePerIncident(t *testing.T) {
	t.Parallel()
	h := newHook(t, "secret")
	o := newOffice(t, h.target(t, "secret"))
	for range 3 {
		o.raise(t, catalog.IncidentStop, "row_change", "few rows")
		o.deliver(t, time.Minute)
	}
	wantTold(t, "three times the same", h, "opened stop row_change few rows")
	o.raise(t, catalog.IncidentStop, "silent", "site 7")
	o.resolve(t, catalog.IncidentStop)
	o.deliver(t, time.Minute)
	wantTold(t, "both are over", h, "resolved stop row_change few rows", "opened stop silent site 7", "resolved stop silent site 7")
	o.raise(t, catalog.IncidentStop, "row_change", "few rows again")
	o.deliver(t, time.Minute)
	wantTold(t, "it is back", h, "opened stop row_change few rows again")
}

// TestRetries has a target that is down get everything later, in order, while another one gets it at once.
func TestRetries(t *testing.T) {
	t.Parallel()
	h, well := newHook(t, ""), newHook(t, "")
	other := &named{well.target(t, ""), "other"}
	o := newOffice(t, h.target(t, ""), other)
	h.answer(http.StatusFound) // a redirect is no delivery
	o.raise(t, catalog.IncidentFailure, "", "no space left")
	if n := o.deliver(t, 0); n != 1 {
		t.Errorf("%d notices delivered, want that of the other target", n)
	}
	wantTold(t, "the other target", well, "opened failure  no space left")
	o.resolve(t, catalog.IncidentFailure)
	h.answer(http.StatusServiceUnavailable)
	var attempts []time.Duration
	for minutes := range 600 {
		before := strings.Count(o.log.String(), "a notice is not delivered")
		o.deliver(t, time.Minute)
		if strings.Count(o.log.String(), "a notice is not delivered") > before {
			attempts = append(attempts, time.Duration(minutes+1)*time.Minute)
		}
	}
	want := []time.Duration{1, 2, 4, 8, 16, 32, 64, 124}
	for i := range want {
		if want[i] *= time.Minute; i >= len(attempts) || attempts[i] != want[i] {
			t.Fatalf("attempts %v, want %v and then one each hour", attempts, want)
		}
	}
	h.answer(0)
	o.deliver(t, time.Hour)
	wantTold(t, "when it is back", h, "opened failure  no space left", "resolved failure  no space left")
	wantTold(t, "the other target", well, "resolved failure  no space left")
	log := o.log.String()
	if !strings.Contains(log, "answers 302 Found") || !strings.Contains(log, "answers 503 Service Unavailable") {
		t.Errorf("the log:\n%s", log[:min(len(log), 1000)])
	}

	h.Close()
	o.raise(t, catalog.IncidentFailure, "", "again")
	o.deliver(t, time.Minute)
	if log := o.log.String(); !strings.Contains(log, "connection refused") || strings.Contains(log, "token") {
		t.Errorf("the log has no reason, or the URL:\n%s", log[max(0, len(log)-1000):])
	}
	o.deliver(t, 73*time.Hour)
	if n := strings.Count(o.log.String(), "connection refused"); n != 1 {
		t.Errorf("%d attempts, but the notice is too old after three days", n)
	}
}

type named struct {
	notify.Target
	name string
}

func (n *named) Name() string { return n.name }

// TestTwoDeliverers has many deliverers at work on one outbox: each notice goes out once.
func TestTwoDeliverers(t *testing.T) {
	t.Parallel()
	h := newHook(t, "")
	o := newOffice(t, h.target(t, ""))
	for i := range 20 {
		o.raise(t, catalog.IncidentWarn, string(rune('a'+i)), "")
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := o.d.Deliver(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	told := h.take(t)
	slices.Sort(told)
	if len(told) != 20 || len(slices.Compact(told)) != 20 {
		t.Errorf("told: %q", told)
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	m := notify.Message{Event: "opened", Kind: "stop", Rule: "row_change", Table: "web.events"}
	if got := m.Subject(); got != "Tidegate: web.events stop row_change opened" {
		t.Error(got)
	}
	m.Table = "web." + strings.Repeat("x", 200)
	if got := m.Subject(); len(got) != 100 {
		t.Errorf("%d characters", len(got))
	}
}
