package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"tidegate/bench/client"
	"tidegate/bench/measure"
	"tidegate/internal/testkit"
)

const (
	idleSessions = 1000
	settle       = 2 * time.Second // for what sessions give back while they are idle

	slowRows = 50_000_000
	// slowChunk is how much a slow reader takes between two pauses, and slowPause how long these are.
	slowChunk = 64 << 10
	slowPause = time.Millisecond
)

// idle measures what a session costs that has asked something and waits: resident memory of the gateway's process, without
// and with TLS.
func (s *suite) idle(ctx context.Context) error {
	if err := s.idleThrough(ctx, "idle_session_bytes", s.program, s.targets[len(s.targets)-1], client.Polled); err != nil {
		return err
	}
	ca := testkit.NewAuthority(s.TB)
	ca.Server("server")
	program, err := measure.Build(ctx, s.TB, fmt.Sprintf("TIDEGATE_LIMITS_CONNECTIONS=%d", idleSessions+100),
		"TIDEGATE_TLS_CERT="+ca.File("server.crt"), "TIDEGATE_TLS_KEY="+ca.File("server.key"))
	if err != nil {
		return err
	}
	target, stop, err := serve(ctx, program)
	if err != nil {
		return err
	}
	defer stop()
	trusts := &tls.Config{RootCAs: ca.Pool(), ServerName: "localhost"}
	return s.idleThrough(ctx, "idle_session_tls_bytes", program, target, func(c net.Conn) (net.Conn, error) { return client.Encrypted(c, trusts) })
}

// idleThrough measures sessions of one kind. Every round would find the memory that the round before has left, so there is
// one.
func (s *suite) idleThrough(ctx context.Context, metric string, program *measure.Program, gateway client.Target, wrap func(net.Conn) (net.Conn, error)) error {
	question, err := client.Extended("select 1")
	if err != nil {
		return err
	}
	before, err := program.Resident()
	if err != nil {
		return err
	}
	for range idleSessions {
		c, err := gateway.DialThrough(wrap)
		if err != nil {
			return err
		}
		defer func() {
			_ = c.Close() // the server sees that either way
		}()
		if _, err := c.Ask(question); err != nil {
			return err
		}
	}
	time.Sleep(settle)
	after, err := program.Resident()
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.Report(metric, "bytes", float64(after-before)/idleSessions, 1)
}

// slow measures by how much the gateway's process grows at most while a client takes its time over a large result.
func (s *suite) slow(ctx context.Context) error {
	rows := slowRows
	if s.Quick {
		rows /= 10
	}
	question, err := client.Simple(fmt.Sprintf("select g as id, g %% 1000 as site, 'user_' || g as name, g * 0.5::float8 as share from generate_series(1, %d) g", rows))
	if err != nil {
		return err
	}
	c, err := s.targets[len(s.targets)-1].DialThrough(func(conn net.Conn) (net.Conn, error) { return slowConn{conn}, nil })
	if err != nil {
		return err
	}
	defer c.Close()
	before, err := s.program.Resident()
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		n, err := c.Ask(question)
		if err == nil && n != rows {
			err = fmt.Errorf("%d rows came, not %d", n, rows)
		}
		done <- err
	}()
	peak := before
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return err
			}
			return s.Report("slow_reader_growth_bytes", "bytes", float64(peak-before), 1)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-look.C:
			now, err := s.program.Resident()
			if err != nil {
				return err
			}
			peak = max(peak, now)
		}
	}
}

// slowConn is read with pauses.
type slowConn struct{ net.Conn }

func (c slowConn) Read(p []byte) (int, error) {
	time.Sleep(slowPause)
	return c.Conn.Read(p[:min(len(p), slowChunk)])
}
