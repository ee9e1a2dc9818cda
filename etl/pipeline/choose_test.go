package pipeline

import (
	"strings"
	"testing"

	"tidegate/catalog"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	var all []*Pipeline
	add := func(name string, upstream ...string) {
		p := &Pipeline{Name: "web/" + name, Table: catalog.Name{Schema: "web", Table: name}}
		for _, up := range upstream {
			p.Upstream = append(p.Upstream, catalog.Name{Schema: "web", Table: up})
		}
		all = append(all, p)
	}
	add("events")
	add("sites")
	add("daily", "events", "sites")
	add("monthly", "daily")
	add("visits", "events", "elsewhere")
	for patterns, want := range map[string]string{
		"":                         "events sites daily monthly visits",
		"web/daily":                "daily",
		"web.daily":                "daily",
		"web.daily+":               "daily monthly",
		"+web.daily":               "events sites daily",
		"+web/daily+":              "events sites daily monthly",
		"web.events+":              "events daily monthly visits",
		"web.visits web.sites+":    "sites daily monthly visits",
		"web.monthly web/monthly+": "monthly",
	} {
		got, err := Choose(all, strings.Fields(patterns))
		var names []string
		for _, p := range got {
			names = append(names, p.Table.Table)
		}
		if err != nil || strings.Join(names, " ") != want {
			t.Errorf("%q chooses %v, %v; want %s", patterns, names, err, want)
		}
	}
	for _, pattern := range []string{"web.evnts", "+", "web.events++", ""} {
		if got, err := Choose(all, []string{pattern}); err == nil {
			t.Errorf("%q chooses %d", pattern, len(got))
		}
	}
	if _, err := Choose(all, []string{"web.evnts"}); !strings.Contains(err.Error(), "web.events") {
		t.Errorf("no help: %v", err)
	}
}
