package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"tidegate/catalog/catalogtest"
	"tidegate/catalog/sqlite"
)

// The test binary runs itself with these to be another process that publishes.
const (
	publisherPath = "TIDEGATE_TEST_CATALOG"
	publisherName = "TIDEGATE_TEST_PUBLISHER"
)

const batchesPerProcess = 25

func TestMain(m *testing.M) {
	if path := os.Getenv(publisherPath); path != "" {
		if err := publishMany(context.Background(), path, os.Getenv(publisherName)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	m.Run()
}

func publishMany(ctx context.Context, path, name string) error {
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	for i := range batchesPerProcess {
		seq, err := s.Reserve(ctx, catalogtest.Events())
		if err != nil {
			return err
		}
		r := catalogtest.Record(fmt.Sprintf("%s-%d", name, i), seq, catalogtest.Partition{Value: "dt=2018-02-15", Rows: []int64{1}})
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

func TestProcessesPublishTogether(t *testing.T) {
	t.Parallel()
	const processes = 4
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "catalog.db")
	ended := make(chan error)
	for i := range processes {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), publisherPath+"="+path, fmt.Sprintf("%s=p%d", publisherName, i))
		go func() {
			out, err := cmd.CombinedOutput()
			if err != nil {
				err = errors.Join(err, errors.New(string(out)))
			}
			ended <- err
		}()
	}
	s := open(t, path)
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
		v, err := s.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// A generation here is one batch with one file: the view holds as many as its number.
		if tv, ok := v.Tables[catalogtest.Events()]; ok && int64(len(tv.Files)) != v.Generation || v.Generation < last {
			t.Fatalf("generation %d after %d has %d files", v.Generation, last, len(tv.Files))
		}
		last = v.Generation
	}
	if v, err := s.View(t.Context()); err != nil || v.Generation != processes*batchesPerProcess {
		t.Errorf("newest generation %v, %v; want %d", v, err, processes*batchesPerProcess)
	}
}
