package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/etl/notify"
)

// inbox is a webhook's receiver; a status that is sent to it is its answer from then on.
func inbox(t *testing.T) (url string, got chan string, answer chan int) {
	t.Helper()
	got, answer = make(chan string, 100), make(chan int, 1)
	answer <- http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := <-answer
		answer <- status
		body, err := io.ReadAll(r.Body)
		var m notify.Message
		if err != nil || json.Unmarshal(body, &m) != nil || r.Header.Get(notify.SignatureHeader) != notify.Sign([]byte("hush"), body) {
			t.Errorf("a request that is not signed, or holds no message: %s", body)
		}
		if status == http.StatusOK {
			got <- strings.TrimSpace(m.Event + " " + m.Table + " " + m.Kind + " " + m.Rule)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/hook/token-of-the-url", got, answer
}

func received(got chan string) []string {
	all := []string{}
	for {
		select {
		case m := <-got:
			all = append(all, m)
		default:
			return all
		}
	}
}

// TestNotices has people told by a webhook, once, that a rule stopped a batch; one that is down changes nothing of a run.
func TestNotices(t *testing.T) {
	t.Parallel()
	dir, hour := hourlySite(t)
	url, got, answer := inbox(t)
	hour(3, 4)
	run := func(wantCode int, args ...string) string {
		t.Helper()
		code, out, errs := runWith(t, dir, nil, append([]string{"etl", "run", "-c", "t.yml"}, args...)...)
		if code != wantCode {
			t.Errorf("etl run: exit %d\n%s", code, errs)
		}
		if strings.Contains(out+errs, "token-of-the-url") || strings.Contains(out+errs, "hush") {
			t.Errorf("a secret is in the output or the log:\n%s\n%s", out, errs)
		}
		return errs
	}
	wants := func(what string, want ...string) {
		t.Helper()
		if d := cmp.Diff(append([]string{}, want...), received(got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
	for range 2 {
		run(1)
	}
	wants("with nobody to tell")
	writeFile(t, filepath.Join(dir, "t.yml"), "data_dir: ./data\nhot: { kind: embedded }\npipelines: ./pipelines\nnotify: { webhook: \""+url+"\", webhook_secret: hush }\n")
	s := start(t, dir, "serve", "-c", "t.yml")
	select {
	case m := <-got:
		if m != "opened web.hits stop row_change" {
			t.Errorf("told %s", m)
		}
	case <-time.After(time.Minute):
		t.Fatal("serve tells nobody")
	}
	run(1)
	wants("a third time")
	if open := mustRun(t, dir, "etl", "notices", "-c", "t.yml"); !strings.Contains(open, "web.hits  stop  row_change  ") || !strings.Contains(open, "expected 10 to 60 rows") {
		t.Errorf("etl notices:\n%s", open)
	}

	if since := s.metric(t, `tidegate_etl_incident_open_since_seconds{kind="stop",rule="row_change",table="web.hits"}`); time.Since(time.Unix(int64(since), 0)) > time.Hour {
		t.Errorf("open since %f", since)
	}
	<-answer
	answer <- http.StatusInternalServerError
	if errs := run(0, "--accept", "row_change"); !strings.Contains(errs, "a notice is not delivered") && !strings.Contains(s.Logs.String(), "a notice is not delivered") {
		t.Errorf("the log says nothing:\n%s", errs)
	}
	wants("while the webhook is down")
	if _, text := s.ask(t, "/metrics"); !strings.Contains(text, `kind="warn",rule="row_change"`) || strings.Contains(text, `kind="stop"`) {
		t.Error("the metrics do not say that there is a warning and no stop")
	}
	all := mustRun(t, dir, "etl", "notices", "--all", "--json", "-c", "t.yml")
	if strings.Count(all, "\n") != 2 || !strings.Contains(all, `"kind":"stop","rule":"row_change"`) || strings.Count(all, "resolved_at") != 1 {
		t.Errorf("etl notices --all --json:\n%s", all)
	}
	if shown := mustRun(t, dir, "config", "print", "-c", "t.yml"); strings.Contains(shown, "token") || strings.Contains(shown, "hush") || !strings.Contains(shown, "/xxxxx") {
		t.Errorf("config print:\n%s", shown)
	}
}
