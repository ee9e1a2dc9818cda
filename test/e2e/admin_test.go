package e2e

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var adminLine = regexp.MustCompile(`"msg":"admin","address":"([^"]+)"`)

// ask gets a page of the admin address.
func (s *server) ask(t *testing.T, path string) (code int, text string) {
	t.Helper()
	m := adminLine.FindStringSubmatch(s.Logs.String())
	if m == nil {
		t.Fatalf("the log names no admin address:\n%s", s.Logs)
	}
	r, err := http.Get("http://" + m[1] + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// metric gives the value of a metric's line; the test ends if there is none.
func (s *server) metric(t *testing.T, name string) float64 {
	t.Helper()
	_, text := s.ask(t, "/metrics")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no metric %s in:\n%s", name, text)
	return 0
}

// TestAdminPortIsTaken starts serve where another program has the port of admin, and without it.
func TestAdminPortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	config := "admin: " + l.Addr().String() + "\n"
	t.Setenv("TIDEGATE_HOT_KIND", "none")
	for name, text := range map[string]string{"t.yml": config, "off.yml": "admin: \"\"\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, _, errs := runWith(t, dir, []string{"TIDEGATE_LISTEN=127.0.0.1:0"}, "serve", "-c", "t.yml")
	lines := strings.Split(strings.TrimSpace(errs), "\n")
	last := lines[len(lines)-1]
	if code != 1 || !strings.Contains(last, l.Addr().String()) || !strings.Contains(last, "set admin to another address") {
		t.Errorf("exit %d\n%s", code, errs)
	}
	code, _, errs = runWith(t, dir, []string{"TIDEGATE_LISTEN=" + l.Addr().String()}, "serve", "-c", "off.yml")
	if code != 1 || strings.Contains(errs, `"msg":"admin"`) || !strings.Contains(errs, "set listen to another address") {
		t.Errorf("exit %d\n%s", code, errs)
	}
}
