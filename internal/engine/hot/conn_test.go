package hot

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
)

// slowWriter lets some writes take their time, after the server has had them.
type slowWriter struct {
	net.Conn
	slow []byte // what is in them
}

func (c *slowWriter) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if bytes.Contains(p, c.slow) {
		time.Sleep(100 * time.Millisecond)
	}
	return n, err
}

// TestDialOnBusyMachine has the settings of a new connection answered before their write has returned. pgconn reads ahead
// then, and what it reads must not be the answer to the first statement.
func TestDialOnBusyMachine(t *testing.T) {
	t.Parallel()
	config, err := pgconn.ParseConfig(testkit.Postgres(t).DSN())
	if err != nil {
		t.Fatal(err)
	}
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		return &slowWriter{c, []byte("SET DateStyle")}, err
	}
	c, err := dial(t.Context(), config, PostgreSQL, forQueries)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.link.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.link.Write(ping()); err != nil {
		t.Fatal(err)
	}
	if failed, err := c.settle(); failed != nil || err != nil {
		t.Errorf("%v, %v", failed, err)
	}
}

// TestAnswerAtTheEnd has the context of a call end while its answer comes: the connection stays good for the next call.
func TestAnswerAtTheEnd(t *testing.T) {
	t.Parallel()
	e, err := New(Options{Kind: PostgreSQL, URL: testkit.Postgres(t).DSN(), Pool: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	p, err := e.Pin(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, stop := context.WithCancel(t.Context())
	end := p.c.watch(ctx)
	if _, err := p.c.link.Write(ping()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.c.settle(); err != nil {
		t.Fatal(err)
	}
	stop()
	end()
	if _, err := p.Control(t.Context(), ""); err != nil || p.Lost() {
		t.Errorf("the next call: %v", err)
	}
}
