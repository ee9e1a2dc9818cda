package catalogtest

import (
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

const (
	day0 catalog.Day = 17_577 // 2018-02-15
	day1             = day0 + 1
	day2             = day0 + 2
)

// AdoptedFile is a file of web.events as others write it, with rows from the first day to the last.
func AdoptedFile(name, etag string, rows int64, first, last catalog.Day) catalog.FileRecord {
	const micros = 24 * 60 * 60 * 1_000_000
	return catalog.FileRecord{
		Path: "s3://others/events/" + name, Rows: rows, Bytes: 10 * rows, ETag: etag, FooterBytes: 77,
		Columns: []catalog.ColumnStats{
			{
				Name: "ts", Bytes: 8 * rows, Min: &pgtypes.Datum{Class: pgtypes.ClassTimestamp, I: int64(first) * micros},
				Max: &pgtypes.Datum{Class: pgtypes.ClassTimestamp, I: int64(last+1)*micros - 1},
			},
			{Name: "site_id", Bytes: rows, Nulls: rows},
		},
	}
}

// Adoption makes a record of web.events as an adopted table.
func Adoption(batch string, seq int64, drops []string, files ...catalog.FileRecord) *catalog.Record {
	r := &catalog.Record{
		Format: catalog.RecordFormat,
		Table: catalog.Table{
			Name: Events(), SchemaVersion: 1,
			Columns: []catalog.Column{{Name: "ts", Type: pgtypes.Of(pgtypes.Timestamp)}, {Name: "site_id", Type: pgtypes.Of(pgtypes.Int8)}},
			Time:    &catalog.TimeSpec{Column: "ts", Zone: "UTC", Grain: "day"},
			Adopt:   &catalog.AdoptSpec{Cold: "s3://others/events/", Hot: "public.events", Verify: time.Minute},
		},
		Batch: batch, Revision: 1, Seq: seq, Kind: catalog.RecordRegister, Inputs: []catalog.Input{}, Files: files, Drops: drops,
		StartedAt: time.Date(2018, 2, 18, 0, 0, 0, 0, time.UTC), CommittedAt: time.Date(2018, 2, 18, 0, 1, 0, 0, time.UTC),
	}
	if len(files) == 0 && len(drops) > 0 {
		r.Kind = catalog.RecordDrop
	}
	for i := range files {
		r.Counts.Read += files[i].Rows
		r.Counts.Emitted += files[i].Rows
	}
	return r
}

func paths(tv *catalog.TableView) []string {
	var all []string
	for _, f := range tv.Files {
		all = append(all, f.Path+" "+f.ETag)
	}
	return all
}

func registerFiles(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Adoption("b1", 1, nil, AdoptedFile("a", "1", 3, day0, day0), AdoptedFile("b", "1", 4, day1, day1)))
	before := view(t, s)
	// a is replaced under its own path and b goes, in one generation.
	change := Adoption("b2", 2, []string{"s3://others/events/a", "s3://others/events/b"}, AdoptedFile("a", "2", 5, day0, day0))
	g := mustPublish(t, s, change)
	if g != before.Generation+1 {
		t.Errorf("generation %d after %d", g, before.Generation)
	}
	equal(t, "files", paths(events(t, s)), []string{"s3://others/events/a 2"})
	equal(t, "files of the older view", paths(before.Tables[Events()]), []string{"s3://others/events/a 1", "s3://others/events/b 1"})
	if again := mustPublish(t, s, change); again != g {
		t.Errorf("the same record again gave generation %d, want %d", again, g)
	}
	states := map[string]catalog.BatchState{}
	batches, err := s.Batches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		states[b.ID] = b.State
	}
	equal(t, "states", states, map[string]catalog.BatchState{"b1": catalog.BatchReplaced, "b2": catalog.BatchCommitted})
	mustPublish(t, s, Adoption("b3", 3, []string{"s3://others/events/a"}))
	equal(t, "files", paths(events(t, s)), []string{})
	mustPublish(t, s, Adoption("b4", 4, nil, AdoptedFile("a", "2", 5, day0, day0)))
	equal(t, "files", paths(events(t, s)), []string{"s3://others/events/a 2"})

	for what, r := range map[string]*catalog.Record{
		"drop of a file that is not there":  Adoption("b5", 5, []string{"s3://others/events/b"}),
		"file that is there":                Adoption("b5", 5, nil, AdoptedFile("a", "3", 5, day0, day0)),
		"append by a pipeline to the table": Record("b5", 5, Partition{day15, []int64{3}}),
	} {
		_, err := s.Publish(t.Context(), r)
		wantConflict(t, what, err)
	}
	own := Record("c1", 1, Partition{day15, []int64{3}})
	own.Table.Name = catalog.Name{Schema: "web", Table: "own"}
	own.Drops = []string{own.Files[0].Path}
	_, err = s.Publish(t.Context(), own)
	wantConflict(t, "drop from a table that is not adopted", err)
}

func equalDays(days ...catalog.Day) map[catalog.Day]catalog.DayCheck {
	m := map[catalog.Day]catalog.DayCheck{}
	for _, d := range days {
		m[d] = catalog.DayCheck{Rows: 10, Sum: "sum of " + d.String()}
	}
	return m
}

func coverDays(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Adoption("b1", 1, nil, AdoptedFile("a", "1", 3, day0, day1), AdoptedFile("b", "1", 4, day2, day2)))
	if days := events(t, s).Hot.Days; days != nil {
		t.Errorf("days before the first comparison: %v", days)
	}
	at := time.Date(2018, 2, 18, 12, 0, 0, 0, time.UTC)
	c := catalog.CoverDays{
		Table: Events(), Generation: view(t, s).Generation, Columns: []string{"ts", "site_id"}, Collation: `"C"`, At: at,
		Days: equalDays(day0, day1), Notes: []string{"column url is not hot: it is a number"},
	}
	c.Days[day2] = catalog.DayCheck{Rows: 4, Sum: "other", Difference: "4 rows, 5 in public.events"}
	cover := func(c catalog.CoverDays) int64 {
		t.Helper()
		g, err := s.CoverDays(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := cover(c)
	if g != c.Generation+1 {
		t.Errorf("generation %d after %d", g, c.Generation)
	}
	want := &catalog.HotDays{
		Columns: c.Columns, Collation: c.Collation, Covered: []catalog.DayRange{{First: day0, Last: day1}}, Rows: 20,
		Different: map[catalog.Day]string{day2: "4 rows, 5 in public.events"}, Notes: c.Notes, Verified: at,
		Calendar: &catalog.Calendar{Shifts: []catalog.Shift{{Until: 1<<63 - 1}}},
	}
	equal(t, "days", events(t, s).Hot.Days, want)
	sums, err := s.DaySums(t.Context(), Events(), c.Columns)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "sums", sums, map[catalog.Day]catalog.DayCheck{
		day0: {Rows: 10, Sum: "sum of 2018-02-15"}, day1: {Rows: 10, Sum: "sum of 2018-02-16"}, day2: {Rows: 4, Sum: "other"},
	})
	if sums, err = s.DaySums(t.Context(), Events(), []string{"ts"}); err != nil || len(sums) > 0 {
		t.Errorf("sums of other columns: %v, %v", sums, err)
	}

	// The same again: only the time moves.
	c.At = at.Add(time.Hour)
	old := view(t, s)
	if again := cover(c); again != g || view(t, s).Generation != g {
		t.Errorf("the same comparison gave generation %d, want %d", again, g)
	}
	want.Verified = c.At
	equal(t, "days", events(t, s).Hot.Days, want)
	if old.Tables[Events()].Hot.Days.Verified != at {
		t.Error("the older view changed")
	}

	// One day no longer, another one now.
	c.Days = equalDays(day0, day2)
	c.Days[day1] = catalog.DayCheck{Rows: 10, Sum: "sum of 2018-02-16", Difference: "changed"}
	if next := cover(c); next != g+1 {
		t.Errorf("generation %d after %d", next, g)
	}
	equal(t, "covered", events(t, s).Hot.Days.Covered, []catalog.DayRange{{First: day0, Last: day0}, {First: day2, Last: day2}})
	equal(t, "different", events(t, s).Hot.Days.Different, map[catalog.Day]string{day1: "changed"})

	// The warehouse's table is gone.
	c.Columns, c.Days, c.Notes = nil, nil, []string{"there is no table public.events"}
	cover(c)
	if d := events(t, s).Hot.Days; len(d.Covered)+len(d.Different)+len(d.Columns) > 0 || len(d.Notes) != 1 {
		t.Errorf("without a table: %+v", d)
	}
}

func filesEndDays(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	a, b, c := AdoptedFile("a", "1", 3, day0, day0), AdoptedFile("b", "1", 4, day1, day1), AdoptedFile("c", "1", 4, day2, day2)
	mustPublish(t, s, Adoption("b1", 1, nil, a, b, c))
	seq := int64(1)
	check := func(what string, want []catalog.DayRange, r *catalog.Record) {
		t.Helper()
		stale := view(t, s).Generation
		change := catalog.CoverDays{
			Table: Events(), Generation: stale, Columns: []string{"ts"}, Days: equalDays(day0, day1, day2), At: time.Unix(1, 0).UTC(),
		}
		if _, err := s.CoverDays(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		seq++
		r.Seq = seq
		mustPublish(t, s, r)
		equal(t, what, events(t, s).Hot.Days.Covered, want)
		_, err := s.CoverDays(t.Context(), change)
		wantConflict(t, what+": comparison of the files before", err)
	}
	check("replaced file", []catalog.DayRange{{First: day0, Last: day0}, {First: day2, Last: day2}},
		Adoption("b2", 0, []string{b.Path}, AdoptedFile("b", "2", 4, day1, day1)))
	check("file that went", []catalog.DayRange{{First: day0, Last: day1}}, Adoption("b3", 0, []string{c.Path}))
	check("file of two days", []catalog.DayRange{{First: day0, Last: day0}}, Adoption("b4", 0, nil, AdoptedFile("d", "1", 2, day1, day2)))
	blind := AdoptedFile("e", "1", 2, day1, day1)
	blind.Columns[0].Min, blind.Columns[0].Max = nil, nil
	check("file that does not tell its days", nil, Adoption("b5", 0, nil, blind))
	check("file that did not tell its days went", nil, Adoption("b6", 0, []string{blind.Path}))
	empty := AdoptedFile("f", "1", 2, day1, day1)
	empty.Columns[0] = catalog.ColumnStats{Name: "ts", Nulls: 2}
	check("file without times", []catalog.DayRange{{First: day0, Last: day2}}, Adoption("b7", 0, nil, empty))
	for what, change := range map[string]func(*catalog.Table){
		"another zone":  func(t *catalog.Table) { t.Time = &catalog.TimeSpec{Column: "ts", Zone: "Asia/Tokyo", Grain: "day"} },
		"another table": func(t *catalog.Table) { t.Adopt = &catalog.AdoptSpec{Cold: t.Adopt.Cold, Hot: "public.other"} },
	} {
		r := Adoption("b8 "+what, 0, nil)
		change(&r.Table)
		check(what, nil, r)
	}
	// How long a comparison counts is no change of the days.
	r := Adoption("b9", 0, nil)
	r.Table = *events(t, s).Table
	r.Table.Adopt = &catalog.AdoptSpec{Cold: r.Table.Adopt.Cold, Hot: r.Table.Adopt.Hot, Verify: time.Hour}
	check("another interval", []catalog.DayRange{{First: day0, Last: day2}}, r)
}
