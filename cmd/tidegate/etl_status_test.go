package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	events, daily := catalog.Name{Schema: "web", Table: "events"}, catalog.Name{Schema: "web", Table: "site_daily"}
	at := func(minutes int) time.Time { return time.Date(2018, 2, 15, 3, minutes, 0, 0, time.UTC) }
	noted := catalog.Notes{Unknown: &catalog.UnknownFields{Fields: map[string]int64{"a b": 2, "colour": 20, "size": 2}, More: 1}}
	noted.Broken = []catalog.BrokenRule{{Rule: "row_change", Action: "warn", Expected: "10 to 40 rows", Found: "9"}}
	noted.Measured = &catalog.Measured{Nulls: map[string]int64{"path": 1}}
	noted.Overrun = &catalog.Overrun{Seconds: 60, Expected: 20}
	batches := []catalog.Batch{
		{Table: events, ID: "b1", State: catalog.BatchReplaced, Counts: catalog.Counts{Read: 10, Rejected: 1, Emitted: 9}, StartedAt: at(0), CommittedAt: at(1), ArrivedAt: at(1)},
		{Table: events, ID: "b2", State: catalog.BatchFailed, StartedAt: at(2), Reason: "12 % rejected"},
		{Table: events, ID: "b3", State: catalog.BatchCommitted, Counts: catalog.Counts{Read: 20, Rejected: 2, Emitted: 18}, BytesIn: 7, StartedAt: at(3), CommittedAt: at(4), ArrivedAt: at(4), Notes: noted},
		{Table: catalog.Name{Schema: "web", Table: "dropped"}, ID: "x", State: catalog.BatchCommitted, StartedAt: at(3), CommittedAt: at(5), ArrivedAt: at(5)},
		{Table: events, ID: "b2", State: catalog.BatchFailed, StartedAt: at(6), Reason: "no space left\nclose it"},
	}
	// A partition of b3 was replaced since.
	rows := map[catalog.Name]int64{events: 15}
	all := statusOf([]*pipeline.Pipeline{{Name: "web/events", Table: events}, {Name: "web/site_daily", Table: daily}}, rows, batches, at(64))
	var text, lines bytes.Buffer
	if err := printStatus(&text, all); err != nil {
		t.Fatal(err)
	}
	if err := printStatusJSON(&lines, all); err != nil {
		t.Fatal(err)
	}
	want := `PIPELINE        TABLE           BATCHES  ROWS  LAST COMMIT           AGE     READ  REJECTED  SECONDS  FAILED
web/events      web.events      2        15    2018-02-15 03:04:00Z  1h0m0s  20    2         60.0     2
web/site_daily  web.site_daily  0        0     never                         0     0         0.0      0
web.events: warning: rule row_change: expected 10 to 40 rows, found 9
web.events: overrun: the batch took 60 s, expected are 20 s
web.events: fields that the pipeline does not name: "colour" 20, "a b" 2, "size" 2, others 1
web.events failed at 2018-02-15 03:06:00Z: no space left; close it
`
	if d := cmp.Diff(want, text.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	var first map[string]any
	if err := json.Unmarshal([]byte(strings.SplitN(lines.String(), "\n", 2)[0]), &first); err != nil {
		t.Fatal(err)
	}
	wanted := map[string]any{
		"pipeline": "web/events", "table": "web.events", "batches": 2.0, "rows": 15.0, "rejected": 3.0, "last_batch": "b3",
		"last_commit": "2018-02-15T03:04:00Z", "last_seconds": 60.0, "age_seconds": 3600.0, "last_read": 20.0, "last_rejected": 2.0,
		"last_bytes_in": 7.0, "failed": 2.0, "failed_at": "2018-02-15T03:06:00Z", "failure": "no space left\nclose it",
		"overrun":        map[string]any{"seconds": 60.0, "expected_seconds": 20.0},
		"broken_rules":   []any{map[string]any{"rule": "row_change", "action": "warn", "expected": "10 to 40 rows", "found": "9"}},
		"unknown_fields": map[string]any{"fields": map[string]any{"a b": 2.0, "colour": 20.0, "size": 2.0}, "more": 1.0},
	}
	if d := cmp.Diff(wanted, first); d != "" || strings.Count(lines.String(), "\n") != 2 {
		t.Errorf("JSON (-want +got)\n%s\n%s", d, lines.String())
	}
}
