package warehouse_test

import (
	"sync/atomic"
	"testing"

	"tidegate/internal/engine"
	"tidegate/internal/engine/enginetest"
	"tidegate/internal/engine/hot"
	"tidegate/internal/pgtypes"
	"tidegate/internal/warehouse"
)

// TestHotEngine runs the engine's suite against the stand-in, as far as Redshift has what the suite says.
func TestHotEngine(t *testing.T) { //nolint:tparallel // the suite's own tests are parallel
	t.Parallel()
	l := start(t)
	e, err := hot.New(hot.Options{Kind: hot.Redshift, URL: l.url(), Pool: 16})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	// In a subtest: the stand-in ends after it.
	t.Run("suite", func(t *testing.T) {
		enginetest.Run(t, enginetest.Config{
			Engine: e, Text: pgtypes.Varchar,
			Lacks: []string{"selec 1"}, // a word that begins no statement is 0A000 here
		})
	})
}

// TestQueryGroup sends a statement's group in front of it, once per connection and group, whatever its name.
func TestQueryGroup(t *testing.T) {
	t.Parallel()
	l := start(t)
	var set atomic.Int64
	l.Fail(warehouse.Fault{At: warehouse.BeforeStatement, Effect: warehouse.Delay, Match: "set query_group", Hit: func() { set.Add(1) }})
	e, err := hot.New(hot.Options{Kind: hot.Redshift, URL: l.url(), Pool: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for i, group := range []string{`it's a\b`, `it's a\b`, "other", ""} {
		rows, err := e.Query(t.Context(), engine.Statement{SQL: "select 1 as g, 1.5::float8 as f", Asker: engine.Asker{QueryGroup: group}})
		if err != nil {
			t.Fatalf("group %q: %v", group, err)
		}
		got := enginetest.Table(t, rows)
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
		same(t, "floats are written anew", []string{got[0][1]}, "1.5")
		if want := []int64{1, 1, 2, 3}[i]; set.Load() != want {
			t.Errorf("%d: set %d times, want %d", i, set.Load(), want)
		}
	}
}

// TestListing lists what the warehouse has, as the gateway does for its clients.
func TestListing(t *testing.T) {
	t.Parallel()
	l := start(t)
	ask(t, l.connect(t), "create schema sales; create table sales.orders (id int not null, name varchar(20), price numeric(9,2))")
	e, err := hot.New(hot.Options{Kind: hot.Redshift, URL: l.url()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	listed, err := e.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range listed.Relations {
		for _, c := range r.Columns {
			if r.Schema == "sales" {
				got = append(got, r.Schema+"."+r.Name+"."+c.Name)
			}
		}
	}
	same(t, "columns", got, "sales.orders.id", "sales.orders.name", "sales.orders.price")
}
