package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl"
)

// plannedHour is an hour with a table that cannot be ready in time, one that is made of it, and one that is adopted.
func plannedHour() []etl.Planned {
	events, daily, old := catalog.Name{Schema: "web", Table: "events"}, catalog.Name{Schema: "web", Table: "daily"}, catalog.Name{Schema: "web", Table: "old"}
	return []etl.Planned{
		{
			Name: "web/events", Table: events,
			Batches: []etl.PlannedBatch{{Inputs: 3, Bytes: 30_000_000_000, First: "a.gz", Last: "c.gz"}},
			Sizing: &etl.Sizing{
				Rate: etl.Rate{From: etl.RateMeasured, Batches: 14, Shared: 5e6, Serial: 10e6}, Schedule: time.Hour,
				Bytes: 30_000_000_000, Inputs: 3, Tasks: 3, Largest: "b.gz", LargestBytes: 20_000_000_000,
			},
		},
		{
			Name: "web/daily", Table: daily, After: []catalog.Name{events},
			Sizing: &etl.Sizing{Rate: etl.Rate{From: etl.RateAssumed, Serial: 2.5e6}, Schedule: 24 * time.Hour, Follows: true},
		},
		{Name: "web/old", Table: old},
	}
}

func TestPrintPlan(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	if err := printPlan(&text, plannedHour(), 4); err != nil {
		t.Fatal(err)
	}
	want := `TABLE       BATCH  INPUTS  BYTES        FIRST                       LAST
web.events  1      3       30000000000  a.gz                        c.gz
web.daily   -      -       -            what changes in web.events  
web.old     -      0       0            nothing to do               

TABLE       OBJECTS  BYTES        LARGEST      MB/S PER CORE   MINUTES ON 4 CORES  OF    HOLDS      WORKERS
web.events  3        30000000000  20000000000  5.0, then 10.0  66.7                45    no         no number is enough
web.daily   0        0            0            2.5 assumed     0.0 and more        1080  not known  1
total       3        30000000000                               66.7 and more       45    no         no number is enough
web.events: b.gz is too big: its 20000000000 bytes alone take 66.7 minutes of 45, and one core reads an object; have it written in smaller ones
web.daily: how long it takes is not known: web.events changes first, and no batch of it was measured yet
cost: 1.1111 equivalent DPU-hours (4 cores / 4 x 4000.0 s / 3600)
`
	if d := cmp.Diff(want, text.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestPrintPlanJSON(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	if err := printPlanJSON(&text, plannedHour(), 4); err != nil {
		t.Fatal(err)
	}
	var lines []map[string]any
	for d := json.NewDecoder(&text); d.More(); {
		var line map[string]any
		if err := d.Decode(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if len(lines) != 6 {
		t.Fatalf("%d lines, want a batch and its pipeline, two of web.daily, one of web.old, and all", len(lines))
	}
	sizing, ok := lines[1]["sizing"].(map[string]any)
	if !ok {
		t.Fatalf("%v", lines[1])
	}
	delete(sizing, "expected_minutes")
	delete(sizing, "dpu_hours")
	want := map[string]any{
		"inputs": 3.0, "bytes": 30e9, "bytes_per_core_second": 5e6, "serial_bytes_per_core_second": 10e6, "rate_from": "measured", "rate_batches": 14.0,
		"tasks": 3.0, "largest": "b.gz", "largest_bytes": 20e9, "largest_too_large": true, "cores": 4.0, "limit_minutes": 45.0, "holds": false,
		"workers_needed": 0.0, "workers_useful": 1.0,
	}
	if d := cmp.Diff(want, sizing); d != "" || lines[1]["table"] != "web.events" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if total, ok := lines[5]["sizing"].(map[string]any); !ok || lines[5]["table"] != nil || total["at_least"] != true {
		t.Errorf("all: %v", lines[5])
	}
}
