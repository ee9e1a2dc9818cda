package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"tidegate/catalog"
)

// A test binary runs itself with these to be another process that publishes.
const (
	processPlace = "TIDEGATE_TEST_CATALOG"
	processName  = "TIDEGATE_TEST_PUBLISHER"
)

const batchesPerProcess = 25

// Main runs the tests of a package, or is one of the processes of PublishTogether, which opens the catalog of a place.
func Main(m *testing.M, open func(ctx context.Context, place string) (catalog.Store, error)) {
	place := os.Getenv(processPlace)
	if place == "" {
		os.Exit(m.Run())
	}
	if err := publishMany(context.Background(), os.Getenv(processName), place, open); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func publishMany(ctx context.Context, name, place string, open func(ctx context.Context, place string) (catalog.Store, error)) error {
	s, err := open(ctx, place)
	if err != nil {
		return err
	}
	for i := range batchesPerProcess {
		seq, err := s.Reserve(ctx, Events())
		if err != nil {
			return err
		}
		r := Record(fmt.Sprintf("%s-%d", name, i), seq, Partition{Value: day15, Rows: []int64{1}})
		g, err := s.Publish(ctx, r)
		if err != nil {
			return err
		}
		if v, err := s.View(ctx); err != nil || v.Generation < g {
			return fmt.Errorf("after generation %d the view is %v, %w", g, v, err)
		}
	}
	return s.Close()
}

// PublishTogether has several processes publish in the catalog of a place while s reads it.
func PublishTogether(t *testing.T, s catalog.Store, place string) {
	t.Helper()
	const processes = 4
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	for i := range processes {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), processPlace+"="+place, fmt.Sprintf("%s=p%d", processName, i))
		go func() {
			out, err := cmd.CombinedOutput()
			if err != nil {
				err = errors.Join(err, errors.New(string(out)))
			}
			ended <- err
		}()
	}
	var last int64
	for left := processes; left > 0; {
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
			left--
		default:
		}
		v := view(t, s)
		// A generation here is one batch with one file: the view holds as many as its number.
		if tv, ok := v.Tables[Events()]; ok && int64(len(tv.Files)) != v.Generation || v.Generation < last {
			t.Fatalf("generation %d after %d has %d files", v.Generation, last, len(tv.Files))
		}
		last = v.Generation
	}
	if v := view(t, s); v.Generation != processes*batchesPerProcess {
		t.Errorf("newest generation %d, want %d", v.Generation, processes*batchesPerProcess)
	}
}
