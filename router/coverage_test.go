package router_test

import (
	"strings"
	"testing"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/router"
)

// TestHotColumnsOfOldRows changes what is hot of a table with rows in its hot table. A column that these were not
// loaded with must not answer NULL for them, and one that became wider must compute as the wider type.
func TestHotColumnsOfOldRows(t *testing.T) {
	t.Parallel()
	w := newTiers(t)
	w.commit(t, visits(), nil, map[int]int{1: 50})
	w.load(t)
	const notes = "select count(note), coalesce(sum(length(note)), 0) from web.visits where dt = '2018-02-01'"
	const product = "select count(*), max(v * 1000000000) from web.visits where dt = '2018-02-01'"
	ask := func(query string, route engine.Route, reason string, want total) {
		t.Helper()
		p, err := w.plan(t.Context(), query, router.Request{Latency: router.Interactive})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Release()
		got, err := sums(t.Context(), p)
		if err != nil || got != want || p.Route != route || !strings.Contains(p.Reason, reason) {
			t.Errorf("%s: %v, %v, %s because %s; want %v, %s because %s\n%s", query, got, err, p.Route, p.Reason, want, route, reason, p.Statement.SQL)
		}
	}
	length := total{50, 10*2 + 40*3} // n0 to n49
	ask(notes, engine.RouteCold, "column note is not hot (hot has 3 of 4)", length)

	wider := visits()
	wider.SchemaVersion = 2
	wider.Columns[1].Type = pgtypes.Of(pgtypes.Int8)
	wider.Hot.Columns = []string{"id", "v", "note", "dt"}
	w.commit(t, wider, nil, map[int]int{2: 1})
	ask(notes, engine.RouteCold, "column note is not hot in partition dt=2018-02-01", length)
	big := total{50, 50 * 1e9}
	ask(product, engine.RouteHot, "", big) // although the hot table has the narrow column still
	w.load(t)
	ask(notes, engine.RouteHot, "", length)
	ask(product, engine.RouteHot, "", big)

	reordered := wider
	reordered.Hot = &catalog.HotSpec{Columns: []string{"note", "id", "v", "dt"}, Keep: wider.Hot.Keep}
	w.commit(t, reordered, nil, map[int]int{2: 1})
	ask(notes, engine.RouteHot, "", length)

	narrower := wider
	narrower.Hot = &catalog.HotSpec{Columns: []string{"id", "v", "dt"}, Keep: wider.Hot.Keep}
	w.commit(t, narrower, nil, map[int]int{2: 1})
	ask(notes, engine.RouteCold, "column note is not hot (hot has 3 of 4)", length)
	w.load(t)
	ask(product, engine.RouteHot, "", big)

	// The rows of day 2 that came in between were loaded without it.
	again := wider
	w.commit(t, again, nil, map[int]int{3: 1})
	ask(strings.Replace(notes, "02-01", "02-02", 1), engine.RouteCold, "column note is not hot in partition dt=2018-02-02", total{3, 3 * 2})
	w.load(t)
	ask(strings.Replace(notes, "02-01", "02-02", 1), engine.RouteHot, "", total{3, 3 * 2})
}
