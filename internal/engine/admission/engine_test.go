package admission_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/engine/admission"
	"tidegate/internal/pgerr"
)

// attempts is an engine that answers each attempt as the test says: the error of Query, then those of Next.
type attempts struct {
	outcomes [][]error
	closed   int
}

func (*attempts) Describe(context.Context, engine.Statement) ([]engine.Column, error) {
	return nil, nil
}

func (a *attempts) Query(context.Context, engine.Statement) (engine.Rows, error) {
	o := a.outcomes[0]
	a.outcomes = a.outcomes[1:]
	if o[0] != nil {
		return nil, o[0]
	}
	return &attempt{a, o[1:]}, nil
}

type attempt struct {
	*attempts

	next []error
}

func (*attempt) Columns() []engine.Column { return nil }

func (a *attempt) Next(context.Context) (*engine.Chunk, error) {
	if len(a.next) == 0 {
		return nil, io.EOF
	}
	err := a.next[0]
	a.next = a.next[1:]
	return &engine.Chunk{Rows: 1}, err
}

func (a *attempt) Close() error {
	a.closed++
	return nil
}

func gate() *admission.Gate {
	return admission.NewGate(admission.Options{Memory: 1024 * mib, Running: 2, Queue: 10, Wait: time.Minute})
}

func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	memory := pgerr.New(pgerr.OutOfMemory, "out of memory")
	for name, c := range map[string]struct {
		outcomes [][]error
		rows     int
		fails    bool
		closed   int
	}{
		"at once, then well":            {[][]error{{memory}, {nil, nil, nil}}, 2, false, 1},
		"before the first row":          {[][]error{{nil, memory}, {nil, nil, nil}}, 2, false, 2},
		"twice":                         {[][]error{{memory}, {memory}}, 0, true, 0},
		"before the first row, twice":   {[][]error{{nil, memory}, {nil, memory}}, 0, true, 2},
		"at once and then in the first": {[][]error{{memory}, {nil, memory}}, 0, true, 1},
		"after a row":                   {[][]error{{nil, nil, memory}}, 1, true, 1},
		"something else":                {[][]error{{errors.New("other")}}, 0, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gate()
			a := &attempts{outcomes: c.outcomes}
			n := 0
			r, err := admission.New(a, g).Query(t.Context(), engine.Statement{})
			if err == nil {
				for err == nil {
					if _, err = r.Next(t.Context()); err == nil {
						n++
					}
				}
				if _, again := r.Next(t.Context()); !errors.Is(again, err) {
					t.Errorf("after %v comes %v", err, again)
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
			if fails := !errors.Is(err, io.EOF); n != c.rows || fails != c.fails || a.closed != c.closed || len(a.outcomes) > 0 {
				t.Errorf("%d rows, %v, %d closed, %d attempts left", n, err, a.closed, len(a.outcomes))
			}
			if s := g.Stats(); s.Running != 0 || s.Reserved != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestForecast tells what a statement reserves, and what is before it.
func TestForecast(t *testing.T) {
	t.Parallel()
	e := admission.New(&attempts{outcomes: [][]error{{nil, nil}}}, gate())
	r, err := e.Query(t.Context(), engine.Statement{})
	if err != nil {
		t.Fatal(err)
	}
	for peak, want := range map[int64]int64{0: 16 * mib, 100 * mib: 100 * mib, 5000 * mib: 256 * mib} {
		if memory, running, waiting := e.Forecast(engine.Statement{Memory: engine.Memory{Peak: peak}}); memory != want || running != 1 || waiting != 0 {
			t.Errorf("of %d: %d bytes, %d running, %d waiting", peak, memory, running, waiting)
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestIdleResult keeps a result open that nobody reads: others take its place, and it keeps what it holds.
func TestIdleResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := gate()
		e := admission.New(&attempts{outcomes: [][]error{{nil, nil, nil, nil}}}, g)
		r, err := e.Query(t.Context(), engine.Statement{Memory: engine.Memory{Peak: 500 * mib, Held: 100 * mib}})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := r.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
			if s := g.Stats(); s.Running != 1 || s.Reserved != 256*mib {
				t.Errorf("while it is read: %+v", s)
			}
			time.Sleep(time.Second)
			if s := g.Stats(); s.Running != 0 || s.Reserved != 100*mib {
				t.Errorf("while it is idle: %+v", s)
			}
		}
		if err := errors.Join(r.Close(), r.Close()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if s := g.Stats(); s.Running != 0 || s.Reserved != 0 {
			t.Errorf("after it: %+v", s)
		}
	})
}
