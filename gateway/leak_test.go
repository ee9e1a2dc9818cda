package gateway

import (
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// held counts what a process has open: goroutines and, where the system tells, descriptors.
func held() (goroutines, descriptors int) {
	list, _ := os.ReadDir("/proc/self/fd") // Linux has it
	return runtime.NumGoroutine(), len(list)
}

// TestNothingLeaks lets sessions come and go in every way: in order, without a word, before they are in, with an open
// cursor, in a COPY, and after a violation. Goroutines and descriptors are as many as before.
func TestNothingLeaks(t *testing.T) { //nolint:paralleltest // it counts what the whole process has open
	d := serve(t, map[string]*script{"select many": count(1_000_000, 2048, nil)})
	dial := func() net.Conn {
		c, err := net.Dial("tcp", d.addr)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	session := func() (net.Conn, *pgproto3.Frontend) {
		c := dial()
		f := pgproto3.NewFrontend(c, c)
		f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "ann", "database": "tidegate"}})
		readUntilReady(t, f, func(string) {})
		return c, f
	}
	ask := func(f *pgproto3.Frontend, text string) {
		f.Send(&pgproto3.Query{String: text})
		readUntilReady(t, f, func(string) {})
	}
	ways := []func() net.Conn{
		dial,
		func() net.Conn { c := dial(); _, _ = c.Write(packet(sslCode, "")[:6]); return c },
		func() net.Conn { c, _ := session(); return c },
		func() net.Conn { c, f := session(); ask(f, "select 1"); _, _ = c.Write(typed('X', "")); return c },
		func() net.Conn {
			c, f := session()
			ask(f, "begin; declare a cursor for select many; fetch 10 from a")
			return c
		},
		func() net.Conn { c, f := session(); ask(f, "listen x; notify x"); return c },
		func() net.Conn {
			c, _ := session()
			_, _ = c.Write(typed('Q', zero("copy (select many) to stdout")))
			return c
		},
		func() net.Conn { c, _ := session(); _, _ = c.Write(typed('Q', zero("select many"))); return c },
		func() net.Conn { c, _ := session(); _, _ = c.Write(typed('?', "")); return c },
		func() net.Conn { c, _ := session(); _, _ = c.Write(announced('P', 1000, "part")); return c },
	}
	round := func(times int) {
		for range times {
			for _, way := range ways {
				_ = way().Close() // whatever was said, the client is gone
			}
		}
	}
	round(1) // what is made once is there
	settle := func() (goroutines, descriptors int) {
		for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			d.mu.Lock()
			n := len(d.sockets)
			d.mu.Unlock()
			if n == 0 || time.Now().After(end) {
				return held()
			}
		}
	}
	goroutines, descriptors := settle()
	round(30)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		g, f := settle()
		if g <= goroutines && f <= descriptors {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d goroutines and %d descriptors, before %d and %d", g, f, goroutines, descriptors)
		}
	}
}
