package clients

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"sync"
	"testing"

	"tidegate/test/corpus"
)

// recorder stands before a PostgreSQL and writes down which statements about the system's relations clients send, and
// what is answered.
type recorder struct {
	listener net.Listener
	server   string
	running  sync.WaitGroup

	mu         sync.Mutex
	statements []corpus.Statement // guarded by mu
}

// record starts a recorder before a server, and gives the side that clients connect to instead.
func record(t *testing.T, s side) (*recorder, side) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{listener: l, server: net.JoinHostPort(s.host, s.port)}
	r.running.Go(func() { r.accept(context.WithoutCancel(t.Context())) })
	t.Cleanup(func() { _ = l.Close() })
	s.host, s.port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

// taken ends the recorder and gives what it wrote down. Clients are gone.
func (r *recorder) taken() []corpus.Statement {
	_ = r.listener.Close()
	r.running.Wait()
	return r.statements
}

func (r *recorder) accept(ctx context.Context) {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.running.Go(func() { r.carry(ctx, client) })
	}
}

// carry copies both ways until one ends. What it reads of the messages never holds them up.
func (r *recorder) carry(ctx context.Context, client net.Conn) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(ctx, "tcp", r.server)
	if err != nil {
		return // the client sees it
	}
	defer server.Close()
	c := &conversation{}
	done := make(chan error, 2)
	copyOf := func(to, from net.Conn, untyped bool, message func(kind byte, body []byte)) {
		done <- readMessages(bufio.NewReaderSize(io.TeeReader(from, to), 64<<10), untyped, message)
	}
	go copyOf(server, client, true, c.sent)
	go copyOf(client, server, false, c.answered)
	<-done
	_ = client.Close()
	_ = server.Close()
	<-done
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statements = append(r.statements, c.finished...)
}

// readMessages calls f with every message. The first one of a client has no kind.
func readMessages(from io.Reader, untyped bool, f func(kind byte, body []byte)) error {
	head := make([]byte, 5)
	for {
		first := head
		if untyped {
			first = head[1:]
		}
		if _, err := io.ReadFull(from, first); err != nil {
			return err
		}
		n := int(head[1])<<24 | int(head[2])<<16 | int(head[3])<<8 | int(head[4])
		if n < 4 {
			return errors.New("a message without a length")
		}
		body := make([]byte, n-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return err
		}
		if !untyped {
			f(head[0], body)
		}
		untyped = false
	}
}

// aboutSystem are statements whose answer no data of a table changes.
var aboutSystem = regexp.MustCompile(`(?is)^\s*(select|with|show|/\*|--).*(\bpg_(catalog|class|type|namespace|attribute|proc|index|constraint|database|roles|description|settings|enum|range|tables|views)\b|information_schema|^\s*show)`)

// readsLive are those whose answer another moment has otherwise.
var readsLive = regexp.MustCompile(`(?i)pg_stat_|pg_backend_pid|pg_locks|pg_prepared_|pg_cursors`)
