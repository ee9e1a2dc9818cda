package gateway

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/pgerr"
)

// listener is a client that is told of what others do.
type listener struct {
	t    *testing.T
	conn net.Conn
	f    *pgproto3.Frontend
}

func listenAt(t *testing.T, address string) *listener {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	l := &listener{t, c, pgproto3.NewFrontend(c, c)}
	l.f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "ann", "database": "tidegate"}})
	readUntilReady(t, l.f, func(string) {})
	return l
}

func (l *listener) ask(text string, want ...string) {
	l.t.Helper()
	var got []string
	l.f.Send(&pgproto3.Query{String: text})
	readUntilReady(l.t, l.f, func(line string) { got = append(got, line) })
	if d := cmp.Diff(want, got); d != "" {
		l.t.Errorf("%s: %s", text, d)
	}
}

// TestNotifyOthers has a session that waits told at once, one in a transaction when that ends, and one that left not.
func TestNotifyOthers(t *testing.T) {
	t.Parallel()
	d := serve(t, nil)
	a, b, c := listenAt(t, d.addr), listenAt(t, d.addr), listenAt(t, d.addr)
	b.ask("listen x", "CommandComplete LISTEN", "ReadyForQuery I")
	c.ask("listen x", "CommandComplete LISTEN", "ReadyForQuery I")
	a.ask("notify x, 'now'", "CommandComplete NOTIFY", "ReadyForQuery I")
	for _, l := range []*listener{b, c} {
		if got, want := receive(t, l.f), `NotificationResponse x "now"`; got != want {
			t.Errorf("want %s, got %s", want, got)
		}
	}
	b.ask("begin", "CommandComplete BEGIN", "ReadyForQuery T")
	a.ask("notify x, 'one'", "CommandComplete NOTIFY", "ReadyForQuery I")
	a.ask("notify x, 'two'", "CommandComplete NOTIFY", "ReadyForQuery I")
	b.ask("select 1", "RowDescription ?column?:23:4:-1:0", `DataRow "1"`, "CommandComplete SELECT 1", "ReadyForQuery T")
	b.ask("rollback", "CommandComplete ROLLBACK", `NotificationResponse x "one"`, `NotificationResponse x "two"`, "ReadyForQuery I")
	for range 2 {
		receive(t, c.f)
	}
	c.f.Send(&pgproto3.Terminate{})
	if err := c.f.Flush(); err != nil {
		t.Fatal(err)
	}
	receive(t, c.f) // it has left when its connection is closed
	a.ask("notify x, 'three'", "CommandComplete NOTIFY", "ReadyForQuery I")
	if got, want := receive(t, b.f), `NotificationResponse x "three"`; got != want {
		t.Errorf("want %s, got %s", want, got)
	}
}

// TestNotifySavepoint tells what was taken back and said again, and tells the same but once.
func TestNotifySavepoint(t *testing.T) {
	t.Parallel()
	a := listenAt(t, serve(t, nil).addr)
	a.ask("listen x", "CommandComplete LISTEN", "ReadyForQuery I")
	a.ask("begin; notify x, 'one'; savepoint s; notify x, 'two'; notify x, 'one'; rollback to s; notify x, 'two'; notify x, 'two'; commit",
		"CommandComplete BEGIN", "CommandComplete NOTIFY", "CommandComplete SAVEPOINT", "CommandComplete NOTIFY", "CommandComplete NOTIFY",
		"CommandComplete ROLLBACK", "CommandComplete NOTIFY", "CommandComplete NOTIFY", "CommandComplete COMMIT",
		`NotificationResponse x "one"`, `NotificationResponse x "two"`, "ReadyForQuery I")
	a.ask("notify x, 'two'", "CommandComplete NOTIFY", `NotificationResponse x "two"`, "ReadyForQuery I")
}

// TestNotifyDeaf has a client that reads nothing stop nobody but its own session.
func TestNotifyDeaf(t *testing.T) {
	t.Parallel()
	d := serve(t, nil)
	deaf, a := listenAt(t, d.addr), listenAt(t, d.addr)
	deaf.ask("listen x", "CommandComplete LISTEN", "ReadyForQuery I")
	if err := a.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	const more = 32 << 20 // than the sockets between hold
	payload := strings.Repeat("x", longestPayload-10)
	for i := range more / len(payload) {
		a.ask(fmt.Sprintf("notify x, '%s%d'", payload, i), "CommandComplete NOTIFY", "ReadyForQuery I")
	}
	a.ask("listen y", "CommandComplete LISTEN", "ReadyForQuery I")
}

// TestNotifyBytes bounds what a transaction has to tell by its bytes, and counts what is taken back.
func TestNotifyBytes(t *testing.T) {
	t.Parallel()
	l := &listening{}
	payload := strings.Repeat("x", longestPayload-10)
	fill := func() (told int) {
		for {
			if err := l.tell(notification{"c", payload + strconv.Itoa(told)}); err != nil {
				if pgerr.CodeOf(err) != pgerr.ProgramLimitExceeded {
					t.Error(err)
				}
				return told
			}
			told++
		}
	}
	first := fill()
	if most := waitingBytes/len(payload) + 1; first > most || first < most/2 {
		t.Errorf("%d payloads of %d bytes were kept", first, len(payload))
	}
	l.back(place{})
	if again := fill(); again != first {
		t.Errorf("%d were kept again, %d at first", again, first)
	}
}
