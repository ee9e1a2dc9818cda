package s3_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"tidegate/internal/testkit"
)

// proxy stands before an S3 server and spoils what fault says. It counts the requests by method.
type proxy struct {
	forward *httputil.ReverseProxy
	// fault answers itself and returns true, or returns false: then the request goes on. n counts the requests of this
	// method from 1.
	fault func(w http.ResponseWriter, r *http.Request, n int) bool

	mu    sync.Mutex
	count map[string]int // guarded by mu
}

// newProxy gives the server as it is behind a proxy with this fault.
func newProxy(t *testing.T, server *testkit.S3Server, fault func(http.ResponseWriter, *http.Request, int) bool) (*testkit.S3Server, *proxy) {
	t.Helper()
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{forward: httputil.NewSingleHostReverseProxy(target), fault: fault, count: map[string]int{}}
	front := httptest.NewServer(p)
	t.Cleanup(front.Close)
	behind := *server
	behind.Endpoint = front.URL
	return &behind, p
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.count[r.Method]++
	n := p.count[r.Method]
	p.mu.Unlock()
	if !p.fault(w, r, n) {
		p.forward.ServeHTTP(w, r)
	}
}

func (p *proxy) requests(method string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count[method]
}

// refuse answers as S3 does to a request that it refuses.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`<?xml version="1.0"?><Error><Code>` + code + `</Code><Message>m</Message></Error>`)) // the client may be gone
}

// lose forwards a request and breaks the connection instead of answering.
func (p *proxy) lose(r *http.Request) {
	p.forward.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// cut forwards a request and breaks the connection after so many bytes of the answer's body.
func (p *proxy) cut(w http.ResponseWriter, r *http.Request, after int) {
	answer := httptest.NewRecorder()
	p.forward.ServeHTTP(answer, r)
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()[:min(after, answer.Body.Len())]) // the client may be gone
	_ = http.NewResponseController(w).Flush()                           // as before
	panic(http.ErrAbortHandler)
}
