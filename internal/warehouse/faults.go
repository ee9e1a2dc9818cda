package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"tidegate/internal/pgerr"
)

// Point is a place where a fault strikes.
type Point string

// The points of a connection's life, in order.
const (
	OnConnect       Point = "connect"          // a client connects
	BeforeStatement Point = "before-statement" // a statement was received and nothing is done yet
	AfterStatement  Point = "after-statement"  // a statement is done and its end is not told yet
	BeforeCommit    Point = "before-commit"    // COMMIT of a transaction block
	AfterCommit     Point = "after-commit"     // committed, and not told yet
)

// Effect is what a fault does.
type Effect string

// The effects of faults.
const (
	Delay     Effect = "delay"     // wait for Pause or Until, then go on
	Drop      Effect = "drop"      // reset the connection; what is not committed is rolled back
	Serialize Effect = "serialize" // fail as if two transactions collided, 40001
)

// Fault is a failure that a test asks for.
type Fault struct {
	At     Point
	Effect Effect
	// Match narrows the points of a statement to statements whose text, in lower case, contains it.
	Match string
	Skip  int             // let so many pass first
	Times int             // strike so often; 0 is always
	Pause time.Duration   // before the effect
	Until <-chan struct{} // before the effect, wait until it is closed; nil does not wait
	// Hit, if not nil, is called each time the fault strikes, before it waits.
	Hit func()
}

// ParseFault reads a fault as the command line writes it: drop-before-commit, drop-after-commit, slow-queue=200ms,
// pause-before-commit=1s, refuse, serialization-failure; each may end in *N, to strike N times only.
func ParseFault(s string) (Fault, error) {
	name, times, limited := strings.Cut(s, "*")
	name, value, _ := strings.Cut(name, "=")
	var f Fault
	switch name {
	case "refuse":
		f = Fault{At: OnConnect, Effect: Drop}
	case "slow-queue":
		f = Fault{At: BeforeStatement, Effect: Delay}
	case "pause-before-commit":
		f = Fault{At: BeforeCommit, Effect: Delay}
	case "drop-before-commit":
		f = Fault{At: BeforeCommit, Effect: Drop}
	case "drop-after-commit":
		f = Fault{At: AfterCommit, Effect: Drop}
	case "serialization-failure":
		f = Fault{At: BeforeCommit, Effect: Serialize}
	default:
		return Fault{}, fmt.Errorf("fault %q is none of refuse, slow-queue=D, pause-before-commit=D, drop-before-commit, "+
			"drop-after-commit, serialization-failure", s)
	}
	if limited {
		if _, err := fmt.Sscanf(times, "%d", &f.Times); err != nil || f.Times < 1 {
			return Fault{}, fmt.Errorf("fault %q: %q is not how often", s, times)
		}
	}
	if (value != "") != (f.Effect == Delay) {
		return Fault{}, fmt.Errorf("fault %q: a delay needs a duration, as in slow-queue=200ms, and nothing else has one", s)
	}
	if value != "" {
		d, err := time.ParseDuration(value)
		if err != nil {
			return Fault{}, fmt.Errorf("fault %q: %w", s, err)
		}
		f.Pause = d
	}
	return f, nil
}

// errDropped ends a session whose connection a fault has reset.
var errDropped = errors.New("connection dropped by a fault")

// faults are the failures in force. It is safe for concurrent use.
type faults struct {
	mu   sync.Mutex
	list []*fault // guarded by mu
}

type fault struct {
	Fault
	seen int // guarded by faults.mu
}

// add puts a fault in force until the returned function is called.
func (f *faults) add(x Fault) (withdraw func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	added := &fault{Fault: x}
	f.list = append(f.list, added)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		for i, l := range f.list {
			if l == added {
				f.list = append(f.list[:i:i], f.list[i+1:]...)
				return
			}
		}
	}
}

// due gives the faults that strike now.
func (f *faults) due(at Point, sql string) []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Fault
	for _, x := range f.list {
		if x.At != at || x.Match != "" && !strings.Contains(strings.ToLower(sql), x.Match) {
			continue
		}
		x.seen++
		if x.seen > x.Skip && (x.Times == 0 || x.seen <= x.Skip+x.Times) {
			out = append(out, x.Fault)
		}
	}
	return out
}

// strike applies the faults of a point to a session's connection.
func (f *faults) strike(ctx context.Context, at Point, sql string, c *conn) error {
	for _, x := range f.due(at, sql) {
		if x.Hit != nil {
			x.Hit()
		}
		if err := x.wait(ctx); err != nil {
			return err
		}
		switch x.Effect {
		case Drop:
			c.abort()
			return errDropped
		case Serialize:
			return serializationFailure(nil)
		case Delay:
		}
	}
	return nil
}

func (f Fault) wait(ctx context.Context) error {
	if f.Pause > 0 {
		t := time.NewTimer(f.Pause)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if f.Until == nil {
		return nil
	}
	select {
	case <-f.Until:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// conflictMessage is all that Redshift says first of a collision.
const conflictMessage = "1023"

// serializationFailure is Redshift's error 1023.
func serializationFailure(cause error) *pgerr.Error {
	return &pgerr.Error{
		Code: codeSerialization, Message: conflictMessage, Err: cause,
		Detail: "Serializable isolation violation on table, transactions forming the cycle are concurrent",
		Hint:   "roll back and run the transaction again",
	}
}
