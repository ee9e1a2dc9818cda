package hot_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/engine/hot"
	"tidegate/internal/pgerr"
	"tidegate/internal/testkit"
)

// watch runs Watch, which looks only when it is asked.
func watch(t *testing.T, e *hot.Engine) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		if err := e.Watch(ctx, time.Hour, func(string) {}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); running.Wait() })
}

// ask runs a statement that another engine could answer, and reads its rows.
func ask(t *testing.T, e *hot.Engine, sql string) error {
	t.Helper()
	began := time.Now()
	rows, err := e.Query(t.Context(), engine.Statement{SQL: sql, Replaceable: true})
	t.Logf("after %s: %v", time.Since(began).Round(time.Millisecond), err)
	if err != nil {
		return err
	}
	defer rows.Close()
	for err == nil {
		_, err = rows.Next(t.Context())
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// works asks until there is an answer: a busy machine may take longer than the patience, but not each time.
func works(t *testing.T, e *hot.Engine, sql string) {
	t.Helper()
	err := errors.New("not asked")
	for range 5 {
		if err != nil {
			err = ask(t, e, sql)
		}
	}
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// unavailable checks that another engine would be asked, and what the engine thinks of the server afterwards.
func unavailable(t *testing.T, e *hot.Engine, err error, code pgerr.Code, down string) {
	t.Helper()
	if !errors.Is(err, engine.ErrUnavailable) || pgerr.CodeOf(err) != code {
		t.Errorf("got %v, want it unavailable by %s", err, code)
	}
	if got := e.Down(); got != down {
		t.Errorf("down: %q, want %q", got, down)
	}
}

// TestServerHangs has a server that takes everything and answers nothing. Without patience these would wait for ever.
func TestServerHangs(t *testing.T) {
	t.Parallel()
	var hangs atomic.Bool
	proxy := testkit.NewProxy(t, testkit.Postgres(t), func([]byte) testkit.Fate {
		if hangs.Load() {
			return testkit.Swallow
		}
		return testkit.Forward
	})
	e := open(t, hot.Options{URL: proxy.URL(), Pool: 2})
	watch(t, e)
	works(t, e, "select 1")
	works(t, e, "select pg_sleep(0.6)") // it takes its time, and the server does not hang
	hangs.Store(true)
	unavailable(t, e, ask(t, e, "select 1"), pgerr.ConnectionFailure, "") // the probe that was asked goes on

	fresh := open(t, hot.Options{URL: proxy.URL(), Pool: 2})
	unavailable(t, fresh, ask(t, fresh, "select 1"), pgerr.ConnectionFailure, "") // its dial goes on
}

// TestSlowConnection has a server that is slow to let in: the statement goes elsewhere, the connection is the next
// one's.
func TestSlowConnection(t *testing.T) {
	t.Parallel()
	let := make(chan struct{})
	var dials atomic.Int64
	proxy := testkit.NewProxy(t, testkit.Postgres(t), func(data []byte) testkit.Fate {
		if bytes.Contains(data, []byte("application_name\x00tidegate")) {
			dials.Add(1)
			<-let
		}
		return testkit.Forward
	})
	e := open(t, hot.Options{URL: proxy.URL(), Pool: 1})
	err := ask(t, e, "select 1")
	unavailable(t, e, err, pgerr.ConnectionFailure, "")
	if err != nil && !strings.Contains(err.Error(), "within") {
		t.Errorf("%v, want it to say for how long it waited", err)
	}
	close(let)
	rows, err := e.Query(t.Context(), engine.Statement{SQL: "select 1"})
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
	if dials.Load() != 1 {
		t.Errorf("%d connections were made, want the first one used", dials.Load())
	}
}

func TestPoolIsBusy(t *testing.T) {
	t.Parallel()
	e := open(t, hot.Options{URL: testkit.Postgres(t).DSN(), Pool: 1})
	rows, err := e.Query(t.Context(), engine.Statement{SQL: "select generate_series(1, 10000000)"})
	if err != nil {
		t.Fatal(err)
	}
	unavailable(t, e, ask(t, e, "select 1"), pgerr.TooManyConnections, "")
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestServerIsKilled(t *testing.T) {
	t.Parallel()
	proxy := testkit.NewProxy(t, testkit.Postgres(t), nil)
	e := open(t, hot.Options{URL: proxy.URL(), Pool: 2})
	works(t, e, "select 1")
	proxy.SetDown(true)
	err := ask(t, e, "select 1")
	unavailable(t, e, err, pgerr.ConnectionFailure, e.Down())
	if e.Down() == "" {
		t.Error("it is not down")
	}
}

// TestServerRefuses has a cluster that is paused, or starts: it says so to everybody who connects.
func TestServerRefuses(t *testing.T) {
	t.Parallel()
	e := open(t, hot.Options{URL: "postgres://tidegate@" + refusing(t) + "/x?sslmode=disable", Pool: 2})
	unavailable(t, e, ask(t, e, "select 1"), pgerr.ConnectionFailure, "the database system is starting up")
}

func refusing(t *testing.T) (address string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			backend := pgproto3.NewBackend(c, c)
			if _, err := backend.ReceiveStartupMessage(); err == nil {
				backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "57P03", Message: "the database system is starting up"})
				_ = backend.Flush()
			}
			_ = c.Close()
		}
	})
	t.Cleanup(func() { _ = l.Close(); running.Wait() })
	return l.Addr().String()
}
