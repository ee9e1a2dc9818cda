package gateway

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// patience is how long a test waits for what must happen; reaching it is a failure.
const patience = 10 * time.Second

func await[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not happen within %v", what, patience)
		panic("unreachable")
	}
}

func errorOf(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Severity + " " + e.Code + " " + e.Message
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// run starts a statement and gives where its error will be.
func run(t *testing.T, c *pgconn.PgConn, text string) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- c.Exec(context.WithoutCancel(t.Context()), text).Close() }()
	return done
}

func TestCancelRequest(t *testing.T) {
	t.Parallel()
	x, begun, ended := blocking()
	d := serve(t, map[string]*script{"select slow": x})
	a, b := d.connect(t), d.connect(t)
	doneA, doneB := run(t, a, "select slow"), run(t, b, "select slow")
	await(t, "first statement", begun)
	await(t, "second statement", begun)

	cancelWith(t, d.addr, a.PID(), make([]byte, 4)) // not its secret
	cancelWith(t, d.addr, a.PID(), a.SecretKey())
	if got := errorOf(await(t, "cancel", doneA)); got != "ERROR 57014 canceling statement due to user request" {
		t.Errorf("got %q", got)
	}
	if got := pgerr.CodeOf(await(t, "engine's end", ended)); got != pgerr.QueryCanceled {
		t.Errorf("cause %q", got)
	}
	select {
	case err := <-doneB:
		t.Errorf("the other session ended: %v", err)
	default:
	}
	if err := a.Exec(t.Context(), "show timezone").Close(); err != nil {
		t.Errorf("after cancel: %v", err)
	}
	cancelWith(t, d.addr, b.PID(), b.SecretKey())
	await(t, "cancel", doneB)
	cancelWith(t, d.addr, b.PID(), b.SecretKey()) // an idle session does not notice
	if err := b.Exec(t.Context(), "show timezone").Close(); err != nil {
		t.Errorf("after cancel of an idle session: %v", err)
	}
	if diff := cmp.Diff([]pgerr.Code{pgerr.QueryCanceled, pgerr.QueryCanceled}, codes(d.log)); diff != "" {
		t.Error(diff)
	}
}

func codes(l *log) []pgerr.Code {
	var list []pgerr.Code
	for _, e := range l.all() {
		list = append(list, e.Code)
	}
	return list
}

func cancelWith(t *testing.T, addr string, pid uint32, secret []byte) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	m, err := (&pgproto3.CancelRequest{ProcessID: pid, SecretKey: secret}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(m); err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	if n, _ := c.Read(b[:]); n != 0 {
		t.Errorf("a cancel request was answered with %q", b)
	}
}

// afterSome takes what is copied, and does something once, after as many bytes.
type afterSome struct {
	left int
	then func()
}

func (a *afterSome) Write(p []byte) (int, error) {
	if a.left > 0 && a.left <= len(p) {
		a.then()
	}
	a.left -= len(p)
	return len(p), nil
}

// TestCancelCopy cancels a COPY … TO STDOUT that has sent rows and would send more for ever.
func TestCancelCopy(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	d := serve(t, map[string]*script{"select endless": {columns: numberColumns, query: func(context.Context) (engine.Rows, error) {
		return &numbers{n: 1 << 40, size: 1024, closed: closed}, nil
	}}})
	c := d.connect(t)
	rows := &afterSome{left: 100_000, then: func() { cancelWith(t, d.addr, c.PID(), c.SecretKey()) }}
	_, err := c.CopyTo(t.Context(), rows, "copy (select endless) to stdout")
	if got := errorOf(err); got != "ERROR 57014 canceling statement due to user request" || rows.left > 0 {
		t.Errorf("%d bytes before the cancel are left, then %q", rows.left, got)
	}
	await(t, "the end of the rows", closed)
	if err := c.Exec(t.Context(), "show timezone").Close(); err != nil {
		t.Errorf("after the cancel: %v", err)
	}
}

func TestStatementTimeout(t *testing.T) {
	t.Parallel()
	x, _, _ := blocking()
	d := serve(t, map[string]*script{"select slow": x})
	c := d.connect(t, "options='-c statement_timeout=50'")
	if got := errorOf(c.Exec(t.Context(), "select slow").Close()); got != "ERROR 57014 canceling statement due to statement timeout" {
		t.Errorf("simple: %q", got)
	}
	if got := errorOf(c.ExecParams(t.Context(), "select slow", nil, nil, nil, nil).Read().Err); got != "ERROR 57014 canceling statement due to statement timeout" {
		t.Errorf("extended: %q", got)
	}
	if err := c.Exec(t.Context(), "reset statement_timeout; set statement_timeout = 0; show timezone").Close(); err != nil {
		t.Error(err)
	}
}

func TestClientLeaves(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]int{"alone": 0, "with bytes that nobody reads": 100 << 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, begun, ended := blocking()
			d := serve(t, map[string]*script{"select slow": x})
			c, f := d.raw(t)
			f.SendQuery(&pgproto3.Query{String: "select slow"})
			if err := f.Flush(); err != nil {
				t.Fatal(err)
			}
			await(t, "statement", begun)
			more, err := (&pgproto3.Query{String: strings.Repeat(" ", ahead)}).Encode(nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write(more); err != nil {
				t.Fatal(err)
			}
			left := time.Now()
			c.Close()
			if err := await(t, "engine's end", ended); !errors.Is(err, errGone) {
				t.Errorf("cause %v", err)
			}
			if took := time.Since(left); took > 3*time.Second { // half a second on a machine that does nothing else
				t.Errorf("noticed after %v", took)
			}
		})
	}
}

// TestCancelMeetsItsMessage has cancels come before, in, between and after the tasks of a message.
func TestCancelMeetsItsMessage(t *testing.T) {
	t.Parallel()
	var w work
	cause := func(t *task) error {
		if errors.Is(t.cause(), errGone) {
			return errGone
		}
		return nil
	}
	start := func() *task {
		_, made := newTask(t.Context())
		w.push(made)
		return made
	}
	w.interrupt(errGone) // idle
	w.begin()
	first := start()
	if err := cause(first); err != nil {
		t.Errorf("a cancel of nothing hit the next message: %v", err)
	}
	w.pop()
	w.interrupt(errGone)
	second := start()
	w.interrupt(errGone)
	w.pop()
	third := start()
	w.pop()
	if cause(first) != nil || cause(second) == nil || cause(third) != nil {
		t.Errorf("between two tasks: %v, %v, %v", cause(first), cause(second), cause(third))
	}
	w.interrupt(errGone) // nothing of the message is left to cancel
	w.end()
	w.begin()
	if next := start(); cause(next) != nil {
		t.Error("a late cancel hit the next message")
	}
}

// TestPipelineWhileWatched sends messages while a statement runs long enough to be watched: none may get lost.
func TestPipelineWhileWatched(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	begun := make(chan struct{}, 1)
	x := &script{columns: numberColumns, query: func(ctx context.Context) (engine.Rows, error) {
		begun <- struct{}{}
		select {
		case <-release:
			return &numbers{n: 1, size: 1}, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}}
	d := serve(t, map[string]*script{"select slow": x})
	_, f := d.raw(t)
	f.SendQuery(&pgproto3.Query{String: "select slow"})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	await(t, "statement", begun)
	const more = 20_000 // beyond what the kernel takes
	for range more {
		f.SendQuery(&pgproto3.Query{String: "show datestyle"})
	}
	sent := make(chan error, 1)
	go func() { sent <- f.Flush() }()
	time.AfterFunc(3*lookEvery, func() { close(release) })
	for i := range more + 1 {
		last := ""
		for !strings.HasPrefix(last, "ReadyForQuery") {
			if last = receive(t, f); last == "closed" || strings.HasPrefix(last, "Error") {
				t.Fatalf("statement %d: %s", i, last)
			}
		}
	}
	if err := await(t, "flush", sent); err != nil {
		t.Error(err)
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	begun := make(chan struct{}, 1)
	x := &script{columns: numberColumns, query: func(context.Context) (engine.Rows, error) {
		begun <- struct{}{}
		<-release
		return &numbers{n: 3, size: 1}, nil
	}}
	d := serve(t, map[string]*script{"select slow": x})
	idle, busy := d.connect(t), d.connect(t)
	rows := make(chan error, 1)
	go func() {
		results, err := busy.Exec(context.WithoutCancel(t.Context()), "select slow").ReadAll()
		if err == nil && len(results[0].Rows) != 3 {
			err = errors.New("rows are missing")
		}
		rows <- err
	}()
	await(t, "statement", begun)
	down := make(chan error, 1)
	go func() { down <- d.Shutdown(context.WithoutCancel(t.Context())) }()
	m, err := idle.ReceiveMessage(t.Context())
	if err == nil {
		t.Errorf("an idle session got %T", m)
	} else if got := errorOf(err); got != "FATAL 57P01 terminating connection due to administrator command" {
		t.Errorf("idle session: %q", got)
	}
	if _, err := net.Dial("tcp", d.addr); err == nil {
		t.Error("connections are still accepted")
	}
	close(release)
	if err := await(t, "running statement", rows); err != nil {
		t.Errorf("running statement: %v", err)
	}
	if err := await(t, "shutdown", down); err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

func TestShutdownInHaste(t *testing.T) {
	t.Parallel()
	x, begun, ended := blocking()
	d := serve(t, map[string]*script{"select slow": x})
	done := run(t, d.connect(t), "select slow")
	await(t, "statement", begun)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := d.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown: %v", err)
	}
	if got := errorOf(await(t, "statement's end", done)); got != "FATAL 57P01 terminating connection due to administrator command" {
		t.Errorf("got %q", got)
	}
	if got := pgerr.CodeOf(await(t, "engine's end", ended)); got != pgerr.AdminShutdown {
		t.Errorf("cause %q", got)
	}
}
