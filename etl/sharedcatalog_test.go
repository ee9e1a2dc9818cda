package etl

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/testkit"
)

// postgresLabs gives folders of labs whose catalogs are in PostgreSQL, each in a schema of its own.
func postgresLabs(t *testing.T) func(t *testing.T) (dir string) {
	t.Helper()
	cluster := testkit.Postgres(t)
	var labs atomic.Int64
	return func(t *testing.T) string {
		t.Helper()
		dir := t.TempDir()
		url := fmt.Sprintf("%s search_path=lab_%d", cluster.DSN(), labs.Add(1))
		if err := os.WriteFile(filepath.Join(dir, catalogURL), []byte(url), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
}

// TestKilledWithPostgres kills runs as TestKilledAtEveryStep does: with a catalog in PostgreSQL they come to the same.
func TestKilledWithPostgres(t *testing.T) {
	t.Parallel()
	want, steps := undisturbed(t, 2)
	newDir := postgresLabs(t)
	every := 4
	if os.Getenv(crashCases) != "" {
		every = 1
	}
	for step := 1; step <= steps; step += every {
		t.Run(strconv.Itoa(step), func(t *testing.T) {
			t.Parallel()
			if recoversIn(t, newDir(t), 2, want, death{step: step}) != 1 {
				t.Error("the run was done before the kill")
			}
		})
	}
}

// TestProcessesTogetherWithPostgres has four processes share the work, and four of which one is killed and one stopped past
// the end of its lease.
func TestProcessesTogetherWithPostgres(t *testing.T) {
	t.Parallel()
	alone := newLab(t, nil)
	togetherObjects(t, alone)
	runAlone(t, alone)
	want := contentOf(t, alone)
	newDir := postgresLabs(t)
	for name, fates := range map[string][]fate{
		"all well":          {{}, {}, {}, {}},
		"killed, stopped":   {{"stop", "reserved"}, {"kill", "ingested"}, {}, {}},
		"killed at the put": {{"stop", "discovered"}, {"kill", "put"}, {}, {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLabIn(t, newDir(t), func(o *Options) { o.LeaseTime = shortLease })
			togetherObjects(t, l)
			together(t, l.dir, fates...)
			runAlone(t, l)
			if diff := cmp.Diff(want, contentOf(t, l)); diff != "" {
				t.Error(diff)
			}
			noTraces(t, l)
		})
	}
}
