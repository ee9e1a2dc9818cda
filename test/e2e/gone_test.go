package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/storage/s3"
	"tidegate/internal/testkit"
)

// within is how soon work ends that nobody waits for any more.
const within = time.Second

// hangingS3 is an S3 whose objects can be made to hang: a GET is taken and nothing comes.
type hangingS3 struct {
	url   string
	hangs atomic.Bool
	began chan struct{} // a request hangs
	ended chan struct{} // it was given up
}

func newHangingS3(t *testing.T, endpoint string) *hangingS3 {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	h := &hangingS3{began: make(chan struct{}, 100), ended: make(chan struct{}, 100)}
	// The host is signed, so it stays that of this server.
	behind := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u); r.Out.Host = r.In.Host }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" && h.hangs.Load() {
			h.began <- struct{}{}
			<-r.Context().Done()
			h.ended <- struct{}{}
			return
		}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// happens waits for something and gives how long it took.
func happens(t *testing.T, what string, c <-chan struct{}) time.Duration {
	t.Helper()
	began := time.Now()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: it does not happen", what)
	}
	return time.Since(began)
}

// reset breaks a client's connection as a machine does that is switched off: without a word, by a TCP reset.
func (c *wireClient) reset() {
	c.t.Helper()
	if err := c.conn.(*net.TCPConn).SetLinger(0); err != nil {
		c.t.Fatal(err)
	}
	if err := c.conn.Close(); err != nil {
		c.t.Fatal(err)
	}
}

// TestHangingObjects has clients cancel, run out of time and vanish while a GET of the lake hangs: it is given up at once,
// and so is the query.
func TestHangingObjects(t *testing.T) {
	server := testkit.S3(t)
	h := newHangingS3(t, server.Endpoint)
	p := newFolder(t)
	p.location = "s3://" + server.Bucket(t) + "/events/"
	for _, variable := range append(server.Environment(), "TIDEGATE_LAKE_S3_ENDPOINT="+h.url, "TIDEGATE_LAKE_S3_PATH_STYLE=true") {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	var err error
	if p.bucket, err = s3.Open(t.Context(), p.location, s3.Options{Endpoint: server.Endpoint, PathStyle: true}); err != nil {
		t.Fatal(err)
	}
	p.write(t, "a.parquet", views("2018-02-15", 0, 4999))
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "tidegate.yml"), "hot: { kind: none }\n")
	writeFile(t, filepath.Join(dir, "pipelines/web/events.yml"), fmt.Sprintf("table: web.events\nadopt: { cold: %q }\n", p.location))
	mustRun(t, dir, "etl", "run")
	l := &writeLab{s: start(t, dir, "serve")}
	const query = "select sum(price) from web.events"
	sum := []string{"columns sum:1700", "row 61875.00", "tag SELECT 1", "ready I"}

	h.hangs.Store(true)
	c := l.connect(t, "demo")
	c.f.SendQuery(&pgproto3.Query{String: query})
	c.flush()
	happens(t, "the GET", h.began)
	began := time.Now()
	l.cancel(t, c)
	c.compare("cancelled", c.read(), []string{"columns", "ERROR 57014 canceling statement due to user request", "ready I"})
	if took := time.Since(began); took > within {
		t.Errorf("a cancel took %v", took)
	}
	if took := happens(t, "the end of the cancelled GET", h.ended); took > within {
		t.Errorf("a cancelled GET ended after %v", took)
	}
	c.expect("select 1", "columns", "row 1", "tag SELECT 1", "ready I")

	c.expect("set statement_timeout = 300", "tag SET", "ready I")
	c.expect(query, "columns", "ERROR 57014 canceling statement due to statement timeout", "ready I")
	happens(t, "the GET", h.began)
	if took := happens(t, "the end of the GET that ran out of time", h.ended); took > within {
		t.Errorf("a GET that ran out of time ended after %v", took)
	}

	gone := l.connect(t, "demo")
	gone.f.SendQuery(&pgproto3.Query{String: query})
	gone.flush()
	happens(t, "the GET", h.began)
	gone.reset()
	if took := happens(t, "the end of the GET of a client that is gone", h.ended); took > within {
		t.Errorf("the GET of a client that is gone ended after %v", took)
	}
	// Its session ends a moment after its GET.
	const sessions = "select count(*) from pg_stat_activity where backend_type = 'client backend'"
	var left []string
	for began := time.Now(); !slices.Contains(left, "row 1") && time.Since(began) < within; time.Sleep(10 * time.Millisecond) {
		c.f.SendQuery(&pgproto3.Query{String: sessions})
		c.flush()
		left = c.read()
	}
	c.compare(sessions, left, []string{"columns", "row 1", "tag SELECT 1", "ready I"})

	h.hangs.Store(false)
	c.expect("set statement_timeout = 0", "tag SET", "ready I")
	c.expect(query, sum...)
	l.s.interrupt(t)
}

// TestResetWhileHot has all clients vanish that the hot store works for or sends rows to: the connections are free at once.
func TestResetWhileHot(t *testing.T) {
	t.Parallel()
	l := newWriteLab(t, writerConfig)
	l.connect(t, "demo").expect("create table numbers as select i from generate_series(1, 20000) i", "tag SELECT 20000", "ready I")
	const active = "select count(*) from pg_stat_activity where backend_type = 'client backend' and state = 'active' and query like '%numbers%' and pid <> pg_backend_pid()"
	for _, q := range []struct{ name, query string }{
		{"while it computes", "select count(*) from numbers a, numbers b, numbers c where a.i < b.i"},
		{"while it sends rows", "select a.i, b.i from numbers a, numbers b"},
		{"in a block", "begin; insert into numbers values (0); select count(*) from numbers a, numbers b, numbers c where a.i < b.i"},
		{"while it copies rows", "copy (select a.i, b.i from numbers a, numbers b) to stdout"},
	} {
		var clients []*wireClient
		for range 3 { // of four connections
			c := l.connect(t, "demo")
			c.f.SendQuery(&pgproto3.Query{String: q.query})
			c.flush()
			clients = append(clients, c)
		}
		l.until(t, active, "3")
		began := time.Now()
		for _, c := range clients {
			c.reset()
		}
		l.until(t, active, "0")
		if took := time.Since(began); took > 2*within {
			t.Errorf("%s: the server worked on for %v", q.name, took)
		}
		for range 5 {
			c := l.connect(t, "demo")
			c.expect("select count(*) from numbers", "columns", "row 20000", "tag SELECT 1", "ready I")
			c.reset()
		}
	}
}
