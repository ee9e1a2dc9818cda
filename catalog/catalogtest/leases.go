package catalogtest

import (
	"errors"
	"testing"
	"time"

	"tidegate/catalog"
)

// noon is when the tests of leases begin.
func noon() time.Time { return time.Date(2018, 2, 15, 12, 0, 0, 0, time.UTC) }

// lease is one of web.events for a minute.
func lease(owner, piece string, keys ...string) catalog.Lease {
	l := catalog.Lease{Table: Events(), Owner: owner, Piece: piece, Until: noon().Add(time.Minute)}
	for _, k := range keys {
		l.Inputs = append(l.Inputs, catalog.Input{Key: k, ETag: "e-" + k})
	}
	return l
}

func mustLease(t *testing.T, s catalog.Store, l catalog.Lease, now time.Time) catalog.Lease {
	t.Helper()
	got, err := s.Lease(t.Context(), l, now)
	if err != nil {
		t.Fatalf("lease %q: %v", l.Piece, err)
	}
	return got
}

func wantLeased(t *testing.T, s catalog.Store, what string, l catalog.Lease) {
	t.Helper()
	if _, err := s.Lease(t.Context(), l, noon()); !errors.Is(err, catalog.ErrLeased) {
		t.Errorf("%s: %v", what, err)
	}
}

// leases exclude each other by piece, by input and, of all of a table, all of them.
func leases(t *testing.T, open Opener) {
	t.Helper()
	s, other := open(t), open(t)
	first := mustLease(t, s, lease("p1", "b1", "a", "b"), noon())
	second := mustLease(t, other, lease("p2", "b2", "c"), noon())
	if first.Token < 1 || second.Token <= first.Token {
		t.Errorf("tokens %d, then %d", first.Token, second.Token)
	}
	wantLeased(t, other, "the same piece", lease("p2", "b1", "d"))
	wantLeased(t, other, "an input of another piece", lease("p2", "b3", "d", "b"))
	wantLeased(t, other, "the whole table", lease("p2", ""))
	elsewhere := lease("p2", "b1", "a")
	elsewhere.Table.Table = "other"
	mustLease(t, other, elsewhere, noon())

	got, err := s.Leases(t.Context(), Events())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "leases", got, []catalog.Lease{first, second})
	for _, l := range got {
		if err := other.ReleaseLease(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	whole := mustLease(t, other, lease("p2", ""), noon())
	if whole.Token <= second.Token {
		t.Errorf("token %d after %d", whole.Token, second.Token)
	}
	wantLeased(t, s, "a piece of a whole table", lease("p1", "b1", "a"))
	if err := s.ReleaseLease(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	wantLeased(t, s, "after a lease of before was released again", lease("p1", "b1", "a"))
}

// leasesEnd: what ended can be taken, what was taken is lost, and what is renewed does not end.
func leasesEnd(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	kept, taken := mustLease(t, s, lease("p1", "b1", "a"), noon()), mustLease(t, s, lease("p1", "b2", "b", "c"), noon())
	late := noon().Add(time.Minute)
	instead := lease("p2", "b3", "c", "d")
	instead.Until = late.Add(time.Minute)
	instead = mustLease(t, s, instead, late)
	held, err := s.RenewLeases(t.Context(), "p1", late.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "held by the first", held, []int64{kept.Token})
	if _, err := s.Lease(t.Context(), lease("p2", "b1"), late); !errors.Is(err, catalog.ErrLeased) {
		t.Errorf("a renewed lease: %v", err)
	}
	if err := s.ReleaseLease(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	if err := s.ExpireLeases(t.Context(), "p1"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Leases(t.Context(), Events())
	if err != nil {
		t.Fatal(err)
	}
	kept.Until = time.Time{}
	equal(t, "after the first died", got, []catalog.Lease{kept, instead})
	mustLease(t, s, lease("p2", "b1", "a"), noon())
}

// publishUnder: only who holds a lease publishes under it, and nothing that another batch has read.
func publishUnder(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	key := "raw/b1.gz"
	lost := mustLease(t, s, catalog.Lease{
		Table: Events(), Owner: "p1", Piece: "b1", Until: noon(), Inputs: []catalog.Input{{Key: key, ETag: "e-b1"}},
	}, noon())
	held := mustLease(t, s, catalog.Lease{Table: Events(), Owner: "p2", Piece: "b1", Until: noon(), Inputs: lost.Inputs}, noon())
	order := mustLease(t, s, catalog.Lease{Table: Events(), Owner: "p2", Piece: "commit", Until: noon()}, noon())
	r := Record("b1", 1, Partition{day15, []int64{3}})
	if _, err := s.Publish(t.Context(), r, order, lost); !errors.Is(err, catalog.ErrLeaseLost) {
		t.Errorf("published under a lost lease: %v", err)
	}
	if v := view(t, s); v.Generation != 0 {
		t.Errorf("generation %d", v.Generation)
	}
	g, err := s.Publish(t.Context(), r, held, order)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Publish(t.Context(), r, lost); err != nil || again != g {
		t.Errorf("what is published already: generation %d, %v; want %d", again, err, g)
	}
	same := Record("b2", 2, Partition{day15, []int64{3}})
	same.Inputs = r.Inputs
	var read *catalog.ReadError
	if _, err := s.Publish(t.Context(), same, held); !errors.As(err, &read) || len(read.Keys) != 1 || read.Keys[0] != key {
		t.Errorf("the same object in another batch: %v", err)
	}
	if _, err := s.Lease(t.Context(), catalog.Lease{Table: Events(), Piece: "b3", Inputs: r.Inputs}, noon()); !errors.As(err, &read) {
		t.Errorf("a lease on what is read: %v", err)
	}
	replaced := catalog.Lease{Table: Events(), Owner: "p3", Piece: "b3", Until: noon(), Inputs: []catalog.Input{{Key: key, ETag: "another"}}}
	mustLease(t, s, replaced, noon().Add(time.Second))
}

// publishStale: what was deduplicated against partitions that changed since is not published under a lease.
func publishStale(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	piece := mustLease(t, s, lease("p1", "b3"), noon())
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}))
	basis := mustPublish(t, s, Record("b2", 2, Partition{day16, []int64{3}}))
	r := Record("b3", 3, Partition{day15, []int64{5}})
	for _, before := range []int64{0, basis - 1} {
		r.Basis = &before
		if _, err := s.Publish(t.Context(), r, piece); (before == 0) != errors.Is(err, catalog.ErrStale) {
			t.Errorf("deduplicated at %d, %s changed at %d: %v", before, day15, basis-1, err)
		}
	}
	gone := Record("b4", 4, Partition{day16, []int64{1}})
	gone.Kind, gone.Replaces = catalog.RecordReplace, []catalog.Replaced{{Batch: "b2", Revision: 1, Partition: day16}}
	mustPublish(t, s, gone)
	late := Record("b5", 5, Partition{day16, []int64{1}})
	late.Basis = &basis
	if _, err := s.Publish(t.Context(), late, piece); !errors.Is(err, catalog.ErrStale) {
		t.Errorf("deduplicated against rows that are gone: %v", err)
	}
	mustPublish(t, s, late) // as a rebuild does, whose generations are others
	lost := Record("b6", 6)
	lost.Basis, lost.Lost = &basis, []catalog.Loss{{BatchRef: catalog.BatchRef{Batch: "b2", Revision: 1}, Partition: day16, Rows: 1}}
	if _, err := s.Publish(t.Context(), lost, piece); !errors.Is(err, catalog.ErrStale) {
		t.Errorf("without a row, because of rows that are gone: %v", err)
	}
}
