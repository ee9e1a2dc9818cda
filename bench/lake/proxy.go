package lake

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"tidegate/bench/measure"
)

// proxy stands in front of an S3 server and counts the bytes of bodies that leave it.
type proxy struct {
	url      string
	delay    atomic.Int64 // nanoseconds, before each request goes on
	bytes    atomic.Int64
	requests atomic.Int64
}

// newProxy starts a proxy, which ends with tb.
func newProxy(tb measure.TB, target string) (*proxy, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	p := &proxy{}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // it is part of the signature
		},
		Transport:  transport,
		BufferPool: &buffers{sync.Pool{New: func() any { return make([]byte, 256<<10) }}},
		ModifyResponse: func(r *http.Response) error {
			r.Body = &counted{r.Body, &p.bytes}
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.requests.Add(1)
		if d := p.delay.Load(); d > 0 {
			time.Sleep(time.Duration(d))
		}
		forward.ServeHTTP(w, r)
	}))
	tb.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	p.url = server.URL
	return p, nil
}

// reset counts from nothing again.
func (p *proxy) reset() {
	p.bytes.Store(0)
	p.requests.Store(0)
}

type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	p, _ := b.pool.Get().([]byte)
	return p
}

func (b *buffers) Put(p []byte) { b.pool.Put(p) } //nolint:staticcheck // httputil.BufferPool has slices, not pointers
