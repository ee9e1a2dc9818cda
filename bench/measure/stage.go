package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
)

// TB is what internal/testkit wants to start servers with.
type TB = testing.TB

// Stage runs f with a TB that is no test: what fails becomes the error, and what was started is stopped at the end.
func Stage(ctx context.Context, f func(TB) error) error {
	s := &stage{ctx: ctx}
	done := make(chan struct{})
	go func() { // FailNow ends the goroutine
		defer close(done)
		if err := f(s); err != nil {
			s.errs = append(s.errs, err)
		}
	}()
	<-done
	for _, clean := range slices.Backward(s.cleanups) {
		clean()
	}
	return errors.Join(s.errs...)
}

// stage has of testing.TB what internal/testkit uses. The rest would panic: the embedded interface is nil, and is there
// for the method that keeps others from implementing it.
type stage struct {
	testing.TB
	ctx      context.Context //nolint:containedctx // as testing.TB has it
	errs     []error
	cleanups []func()
}

func (*stage) Helper() {}

func (s *stage) Context() context.Context { return s.ctx }

func (s *stage) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func (s *stage) TempDir() string {
	dir, err := os.MkdirTemp("", "tidegate-bench-")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			s.Errorf("remove %s: %v", dir, err)
		}
	})
	return dir
}

func (s *stage) Error(args ...any) { s.errs = append(s.errs, errors.New(fmt.Sprint(args...))) }

func (s *stage) Errorf(format string, args ...any) {
	s.errs = append(s.errs, fmt.Errorf(format, args...))
}

func (s *stage) Fatal(args ...any) {
	s.Error(args...)
	runtime.Goexit()
}

func (s *stage) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	runtime.Goexit()
}

// Skipf fails too: a suite that lacks a part cannot be measured.
func (s *stage) Skipf(format string, args ...any) { s.Fatalf(format, args...) }
