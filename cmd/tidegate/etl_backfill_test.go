package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl"
)

func TestBackfillChoice(t *testing.T) {
	t.Parallel()
	day := func(d int) time.Time { return time.Date(2018, 2, d, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		from, to string
		batches  []string
		want     etl.Choice
		wrong    string
	}{
		{"", "", nil, etl.Choice{}, ""},
		{"2018-02-01", "2018-02-28", nil, etl.Choice{From: day(1), To: day(29)}, ""},
		{"2018-02", "2018-02", nil, etl.Choice{From: day(1), To: day(29)}, ""},
		{"2018-02-15T03", "2018-02-15T03", nil, etl.Choice{From: day(15).Add(3 * time.Hour), To: day(15).Add(4 * time.Hour)}, ""},
		{"", "", []string{"b1"}, etl.Choice{Batches: []string{"b1"}}, ""},
		{"2018-02-03", "2018-02-01", nil, etl.Choice{}, "--from 2018-02-03 is after --to 2018-02-01"},
		{"yesterday", "", nil, etl.Choice{}, "--from yesterday is no hour"},
		{"", "2018-13", nil, etl.Choice{}, "--to 2018-13 is no hour"},
		{"2018-02", "", []string{"b1"}, etl.Choice{}, "--batch names what is made again"},
	} {
		got, err := (&etlBackfillCmd{From: c.from, To: c.to, Batch: c.batches}).choice()
		if c.wrong != "" {
			if _, asked := errors.AsType[wrong](err); !asked || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s to %s: %v, want %s", c.from, c.to, err, c.wrong)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s to %s: %s", c.from, c.to, d)
		}
	}
}

// plannedBackfill is one of a table, of two that are made of it, and of one for which there is nothing to do.
func plannedBackfill() []etl.PlannedRemake {
	events, daily, sites := catalog.Name{Schema: "web", Table: "events"}, catalog.Name{Schema: "web", Table: "site_daily"}, catalog.Name{Schema: "web", Table: "sites"}
	visits := catalog.Name{Schema: "web", Table: "visits"}
	return []etl.PlannedRemake{
		{Name: "web/events", Table: events, Batches: []etl.RemadeBatch{
			{Members: []etl.RemadeMember{
				{ID: "b1", Version: "0123456789ab", Why: "made by version 0123456789ab", Rows: 5, Bytes: 70},
				{ID: "b3", Why: "requeued what b1 rejected", Rows: 1, Bytes: 9},
			}},
			{Members: []etl.RemadeMember{{ID: "b2", Why: "chosen"}}},
		}},
		{Name: "web/site_daily", Table: daily, Parts: []string{"dt=2018-02-15", ""}},
		{Name: "web/sites", Table: sites},
		{Name: "web/visits", Table: visits, After: []catalog.Name{events, daily}},
	}
}

func TestPrintBackfillJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := printBackfillJSON(&out, plannedBackfill()); err != nil {
		t.Fatal(err)
	}
	want := `{"pipeline":"web/events","table":"web.events","new":1,"batch":"b1","version":"0123456789ab","rows":5,"bytes":70,"why":"made by version 0123456789ab"}
{"pipeline":"web/events","table":"web.events","new":1,"batch":"b3","rows":1,"bytes":9,"why":"requeued what b1 rejected"}
{"pipeline":"web/events","table":"web.events","new":2,"batch":"b2","why":"chosen"}
{"pipeline":"web/site_daily","table":"web.site_daily","partition":"dt=2018-02-15"}
{"pipeline":"web/site_daily","table":"web.site_daily","partition":""}
{"pipeline":"web/sites","table":"web.sites"}
{"pipeline":"web/visits","table":"web.visits","after":"web.events, web.site_daily"}
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
	if err := (&etlBackfillCmd{JSON: true, Jobs: 1}).Run(t.Context(), &program{}); exitCode(err, io.Discard) != 2 {
		t.Errorf("--json alone: %v", err)
	}
}

func TestPrintBackfill(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := printBackfill(&out, plannedBackfill()); err != nil {
		t.Fatal(err)
	}
	want := `TABLE           NEW  BATCH OR PARTITION  ROWS  BYTES  WHY
web.events      1    b1                  5     70     made by version 0123456789ab
web.events      1    b3                  1     9      requeued what b1 rejected
web.events      2    b2                  0     0      chosen
web.site_daily  -    dt=2018-02-15       -     -      made of tables
web.site_daily  -    all                 -     -      made of tables
web.sites       -    -                   0     0      nothing to do
web.visits      -    -                   -     -      what changes in web.events, web.site_daily
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}
