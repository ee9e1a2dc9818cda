package wire

import (
	"context"
	"fmt"
	"net"
	"time"

	"tidegate/bench/client"
)

const (
	idleSessions = 1000
	settle       = 2 * time.Second // for what sessions give back while they are idle

	slowRows = 50_000_000
	// slowChunk is how much a slow reader takes between two pauses, and slowPause how long these are.
	slowChunk = 64 << 10
	slowPause = time.Millisecond
)

// idle measures what a session costs that has asked something and waits: resident memory of the gateway's process.
func (s *suite) idle(ctx context.Context) error {
	gateway := s.targets[len(s.targets)-1]
	question, err := client.Extended("select 1")
	if err != nil {
		return err
	}
	open := func() (float64, error) {
		before, err := s.program.Resident()
		if err != nil {
			return 0, err
		}
		sessions := make([]*client.Client, 0, idleSessions)
		defer func() {
			for _, c := range sessions {
				_ = c.Close() // the server sees that either way
			}
		}()
		for range idleSessions {
			c, err := gateway.Connect()
			if err != nil {
				return 0, err
			}
			sessions = append(sessions, c)
			if _, err := c.Ask(question); err != nil {
				return 0, err
			}
		}
		time.Sleep(settle)
		after, err := s.program.Resident()
		return float64(after-before) / idleSessions, err
	}
	// Every round would find the memory that the round before has left, so there is one.
	value, err := open()
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.Report("idle_session_bytes", "bytes", value, 1)
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
