package pipeline

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
)

func TestScheduleLast(t *testing.T) {
	t.Parallel()
	now := time.Date(2018, 2, 15, 3, 4, 5, 0, time.FixedZone("", 9*3600)) // 2018-02-14 18:04:05 UTC, a Wednesday
	for text, want := range map[string]string{
		"1h": "2018-02-14 18:00", "1h at 5m": "2018-02-14 17:05", "15m": "2018-02-14 18:00", "1h at 4m": "2018-02-14 18:04",
		"1 day": "2018-02-14 00:00", "1 day at 20h": "2018-02-13 20:00", "1 week": "2018-02-12 00:00",
	} {
		var s Schedule
		if err := s.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := s.Last(now).Format("2006-01-02 15:04"); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "30ms", "1h at 1h", "1h at", "hourly", "1h at x", "-1h"} {
		if err := new(Schedule).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is a schedule", text)
		}
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	named := func(name string, s *Schedule, upstream ...string) *Pipeline {
		p := &Pipeline{Name: name, Table: catalog.Name{Schema: "web", Table: name}, Schedule: s}
		for _, u := range upstream {
			p.Upstream = append(p.Upstream, catalog.Name{Schema: "web", Table: u})
		}
		return p
	}
	hourly, daily := &Schedule{Every: time.Hour, At: 5 * time.Minute}, &Schedule{Every: 24 * time.Hour}
	all := []*Pipeline{
		named("events", hourly), named("daily", nil, "events"), named("report", daily, "daily"), named("alone", nil), named("of_report", nil, "report"),
	}
	names := func(of []*Pipeline) (names []string) {
		for _, p := range of {
			names = append(names, p.Name)
		}
		return names
	}
	at := func(hour, minute int) time.Time { return time.Date(2018, 2, 15, hour, minute, 0, 0, time.UTC) }
	for _, c := range []struct {
		since, now time.Time
		want       []string
	}{
		{at(3, 0), at(3, 4), nil},
		{at(3, 0), at(3, 5), []string{"events", "daily"}},
		{at(3, 5), at(4, 4), nil},
		{at(3, 5), at(9, 0), []string{"events", "daily"}}, // once, however many were missed
		{at(23, 59), at(24, 0), []string{"report", "of_report"}},
		{at(23, 0), at(24, 6), []string{"events", "daily", "report", "of_report"}},
		{at(9, 0), at(4, 0), nil}, // the clock was set back
	} {
		if diff := cmp.Diff(c.want, names(Due(all, c.since, c.now))); diff != "" {
			t.Errorf("from %s to %s: %s", c.since, c.now, diff)
		}
	}
	if diff := cmp.Diff([]string{"alone"}, names(Unscheduled(all))); diff != "" {
		t.Error(diff)
	}
}
