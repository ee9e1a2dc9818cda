package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// OnOneProcessor measures while this process and the servers that it has started share one processor. Left alone, the
// kernel has a client and its server now on one and now on two, where every message wakes a processor that sleeps: 17 µs
// or 58 for one `select 1` of PostgreSQL, by chance and for minutes.
func OnOneProcessor(part func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error { return onOneProcessor(func() error { return part(ctx) }) }
}

func onOneProcessor(measured func() error) error {
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return fmt.Errorf("read the processors of the bench: %w", err)
	}
	for cpu := range len(all) * strconv.IntSize {
		if all.IsSet(cpu) {
			one.Zero()
			one.Set(cpu)
		}
	}
	if err := place(&one); err != nil {
		return errors.Join(err, place(&all))
	}
	return errors.Join(measured(), place(&all))
}

// place gives every thread of this process and its descendants a set of processors. Those that they start later have it
// too.
func place(set *unix.CPUSet) error {
	pids, err := family(os.Getpid())
	if err != nil {
		return err
	}
	for _, pid := range pids {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
		if err != nil {
			return err
		}
		for _, t := range threads {
			tid, err := strconv.Atoi(filepath.Base(t))
			if err != nil {
				return err
			}
			if err := unix.SchedSetaffinity(tid, set); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("place thread %d: %w", tid, err)
			}
		}
	}
	return nil
}

// family gives a process and all that descend from it.
func family(pid int) ([]int, error) {
	pids := []int{pid}
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil, err
	}
	for _, list := range lists {
		children, err := os.ReadFile(list)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue // the thread has ended
		}
		if err != nil {
			return nil, err
		}
		for child := range strings.FieldsSeq(string(children)) {
			n, err := strconv.Atoi(child)
			if err != nil {
				return nil, err
			}
			more, err := family(n)
			if err != nil {
				return nil, err
			}
			pids = append(pids, more...)
		}
	}
	return pids, nil
}
