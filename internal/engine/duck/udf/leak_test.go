package udf_test

import (
	"runtime"
	"testing"
)

// TestStatesEnd checks that DuckDB gives every state back: a million of them, of groups and of window frames, would
// keep 50 MB otherwise.
func TestStatesEnd(t *testing.T) {
	c := connect(t)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for _, query := range []string{
		"SELECT count(*) FROM (SELECT t_longest(repeat('x', 50)) FROM range(700000) t(i) GROUP BY i)",
		"SELECT count(s) FROM (SELECT t_longest(repeat('x', 50)) OVER (ORDER BY i ROWS 3 PRECEDING) s FROM range(300000) t(i))",
		"SELECT t_sum(5000 - i) FROM range(10000) t(i) GROUP BY i", // fails half-way
	} {
		_, _ = ask(c, query)
	}
	if after := heap(); after > before+10<<20 {
		t.Errorf("%d bytes are still held", after-before)
	}
}
