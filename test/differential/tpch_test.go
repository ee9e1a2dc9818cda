package differential

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"tidegate/test/differential/script"
	"tidegate/test/tpch"
)

var tpchScale = flag.Float64("tpch", 0.01, "scale of the TPC-H tables; make tpch takes 0.1")

// TestTPCH compares the answers to the 22 queries. None may be refused.
func TestTPCH(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := tpch.Generate(dir, *tpchScale, 1); err != nil {
		t.Fatal(err)
	}
	s := serveLake(t, "", func(l *lake) {
		must(t, l.postgres, tpch.Schema)
		for _, table := range tpch.Tables() {
			f, err := os.Open(filepath.Join(dir, table+".tbl"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = l.postgres.CopyFrom(t.Context(), f, "copy "+table+" from stdin (delimiter '|')")
			if err := errors.Join(err, f.Close()); err != nil {
				t.Fatalf("copy %s: %v", table, err)
			}
		}
		must(t, l.postgres, tpch.Keys)
	})
	queries, err := script.Read("../tpch/queries.test")
	if err != nil {
		t.Fatal(err)
	}
	if len(queries) != 22 {
		t.Errorf("%d queries", len(queries))
	}
	r := s.connect(t)
	equal := 0
	for i, q := range queries {
		if complaint := r.judge(t, q, true); complaint != "" {
			t.Errorf("Q%d: %s\n%s", i+1, q.Text, complaint)
			continue
		}
		equal++
	}
	t.Logf("scale %g: %d of %d queries equal, none refused", *tpchScale, equal, len(queries))
}
