package catalog_test

import (
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/internal/hive"
)

func TestInKeep(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, c := range []struct {
		name    string
		hot     *catalog.HotSpec
		grain   string
		newest  string
		inside  []string
		outside []string
	}{
		{"never hot", nil, "day", "dt=2018-02-15", nil, []string{"dt=2018-02-15"}},
		{"all", &catalog.HotSpec{}, "day", "dt=2018-02-15", []string{"dt=2018-02-15", "dt=1999-01-01", ""}, nil},
		{
			"one day", &catalog.HotSpec{Keep: day}, "day", "dt=2018-03-01",
			[]string{"dt=2018-03-01", "dt=2018-03-02", "dt=" + hive.Null, "site=1"},
			[]string{"dt=2018-02-28"},
		},
		{
			"a part of a day keeps the day", &catalog.HotSpec{Keep: 25 * time.Hour}, "day", "dt=2018-03-01/site=1",
			[]string{"dt=2018-02-28/site=2"},
			[]string{"dt=2018-02-27"},
		},
		{
			"hours", &catalog.HotSpec{Keep: 2 * time.Hour}, "hour", "dt=2018-03-01T00",
			[]string{"dt=2018-03-01T00", "dt=2018-02-28T23"},
			[]string{"dt=2018-02-28T22"},
		},
		{
			"months", &catalog.HotSpec{Keep: 31 * day}, "month", "dt=2001-07",
			[]string{"dt=2001-07"},
			[]string{"dt=2001-06"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := &catalog.TableView{
				Table: &catalog.Table{Hot: c.hot, Time: &catalog.TimeSpec{Grain: c.grain}},
				Files: []*catalog.File{{Partition: "dt=2000-01-01"}, {Partition: c.newest}, {Partition: "dt=" + hive.Null}},
			}
			if c.grain == "hour" {
				v.Files[0].Partition = "dt=2000-01-01T00"
			}
			in := v.InKeep()
			for _, p := range c.inside {
				if !in(p) {
					t.Errorf("%q is outside", p)
				}
			}
			for _, p := range c.outside {
				if in(p) {
					t.Errorf("%q is inside", p)
				}
			}
		})
	}
}
