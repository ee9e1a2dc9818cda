package catalogtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"tidegate/catalog"
)

// retired raises the horizon: what is below cannot be read, the files that ended there are dead until they are gone, and
// every View stays as it was.
func retired(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{1}}, Partition{day16, []int64{2}}))
	late := open(t)
	before := view(t, late)
	r := Record("b2", 2, Partition{day15, []int64{5}})
	r.Kind, r.Replaces = catalog.RecordReplace, []catalog.Replaced{{Batch: "b1", Revision: 1, Partition: day15}}
	second := mustPublish(t, s, r)
	old := before.Tables[Events()].Files[0].Path

	if dead, err := s.DeadFiles(t.Context(), second-1); err != nil || len(dead) != 0 {
		t.Errorf("dead below the last generation: %v, %v", dead, err)
	}
	wantConflict(t, "a file is gone before the horizon passed it", s.FilesGone(t.Context(), Events(), []string{old}))
	for _, horizon := range []int64{second, second - 1} { // the lower one changes nothing
		if err := s.Retire(t.Context(), horizon); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Retire(t.Context(), second+1); !errors.Is(err, catalog.ErrNoGeneration) {
		t.Errorf("a horizon above the newest: %v", err)
	}
	if got, err := late.Horizon(t.Context()); err != nil || got != second {
		t.Errorf("the horizon is %d, %v", got, err)
	}
	if _, err := late.ViewAt(t.Context(), second-1); !errors.Is(err, catalog.ErrNoGeneration) {
		t.Errorf("a generation below the horizon: %v", err)
	}
	dead, err := s.DeadFiles(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "dead files", dead, []catalog.DeadFile{{Table: Events(), Path: old, Bytes: before.Tables[Events()].Files[0].Bytes}})
	if err := s.FilesGone(t.Context(), Events(), []string{old}); err != nil {
		t.Fatal(err)
	}
	wantConflict(t, "a live file is gone", s.FilesGone(t.Context(), Events(), []string{r.Files[0].Path}))
	if dead, err := s.DeadFiles(t.Context(), second); err != nil || len(dead) != 0 {
		t.Errorf("dead after all are gone: %v, %v", dead, err)
	}
	present, err := s.FilesPresent(t.Context(), Events())
	if err != nil {
		t.Fatal(err)
	}
	live := livePaths(events(t, s))
	equal(t, "files that are there", present, live)
	rows, err := s.LiveRows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "rows of live files", rows, map[catalog.Name]int64{Events(): 7})
	// A store whose View is older than the horizon goes on from there.
	equal(t, "the table", livePaths(events(t, late)), live)
}

func livePaths(tv *catalog.TableView) []string {
	var all []string
	for _, f := range tv.Files {
		all = append(all, f.Path)
	}
	slices.Sort(all)
	return all
}

// readers are those who said so and whose time is not over; each is one, whatever it said before.
func readers(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	now := time.Date(2018, 2, 15, 3, 0, 0, 0, time.UTC)
	a := catalog.Reader{ID: "a", Oldest: 3, Horizon: 1, Until: now.Add(time.Minute)}
	b := catalog.Reader{ID: "b", Oldest: 7, Horizon: 2, Until: now.Add(time.Second)}
	again := a
	again.Oldest, again.Horizon = 5, 2
	for _, r := range []catalog.Reader{a, b, again} {
		if err := s.NoteReader(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	want := func(at time.Time, want ...catalog.Reader) {
		t.Helper()
		got, err := open(t).Readers(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "readers", got, want)
	}
	want(now, again, b)
	want(now.Add(time.Second), again)
	if err := s.ReleaseReader(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	want(now, b)
}

// generationsByTime are those committed up to a time.
func generationsByTime(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	at := func(when time.Time, want int64) {
		t.Helper()
		if got, err := s.GenerationAt(t.Context(), when); err != nil || got != want {
			t.Errorf("at %s: %d, %v, want %d", when, got, err, want)
		}
	}
	at(time.Now(), 0)
	before := time.Now().Add(-time.Second)
	first := mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{1}}))
	at(before, 0)
	at(time.Now().Add(time.Second), first)
}
