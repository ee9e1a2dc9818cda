package testkit

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// Fate is what a Proxy does with bytes of a client.
type Fate int

// The fates.
const (
	Forward   Fate = iota
	Drop           // the server never sees them; the connection breaks
	DropReply      // the server sees them; the connection breaks instead of its reply
	Swallow        // the server never sees them, and the connection stays: nobody answers
)

// Proxy stands between clients and a server and breaks connections where the test wants it.
type Proxy struct {
	network, address string
	listener         net.Listener
	judge            func(data []byte) Fate

	running sync.WaitGroup

	mu   sync.Mutex
	down bool              // guarded by mu
	open map[net.Conn]bool // guarded by mu
}

// NewProxy listens on a loopback port for a cluster. judge, which may be nil, sees everything that clients send and
// says what becomes of it; it is called by several connections at once. The proxy ends with the test.
func NewProxy(tb testing.TB, c *Cluster, judge func(data []byte) Fate) *Proxy {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{
		network: "unix", address: filepath.Join(c.Dir, ".s.PGSQL.5432"), listener: l, judge: judge, open: map[net.Conn]bool{},
	}
	ctx := context.WithoutCancel(tb.Context()) // clients go on after the test's own end, until Cleanup
	p.running.Go(func() { p.accept(ctx) })
	tb.Cleanup(func() {
		_ = l.Close()
		p.SetDown(true)
		p.running.Wait()
	})
	return p
}

// URL is what clients connect to, as user postgres.
func (p *Proxy) URL() string {
	return "postgres://postgres@" + p.listener.Addr().String() + "/postgres?sslmode=disable"
}

// SetDown breaks every connection and lets new ones fail; false lets them through again.
func (p *Proxy) SetDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
	if down {
		for c := range p.open {
			_ = c.Close()
		}
	}
}

func (p *Proxy) accept(ctx context.Context) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := new(net.Dialer).DialContext(ctx, p.network, p.address)
		p.mu.Lock()
		if err != nil || p.down {
			p.mu.Unlock()
			_ = client.Close()
			if err == nil {
				_ = server.Close()
			}
			continue
		}
		p.open[client], p.open[server] = true, true
		p.mu.Unlock()
		p.running.Go(func() { p.carry(client, server) })
	}
}

func (p *Proxy) carry(client, server net.Conn) {
	var mute atomic.Bool // the server's bytes do not pass any more
	end := func() {
		_ = client.Close()
		_ = server.Close()
		p.mu.Lock()
		delete(p.open, client)
		delete(p.open, server)
		p.mu.Unlock()
	}
	defer end()
	p.running.Go(func() {
		defer end()
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if err != nil {
				return
			}
			if mute.Load() {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		fate := Forward
		if p.judge != nil {
			fate = p.judge(buf[:n])
		}
		if fate == Drop {
			return
		}
		if fate == Swallow {
			continue
		}
		if fate == DropReply {
			mute.Store(true)
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}
