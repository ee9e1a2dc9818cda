package router

import (
	"strings"
	"testing"

	"tidegate/catalog"
)

// adoptLine changes a table by one of the lines of TestPlan that are about adopted ones.
func adoptLine(t *testing.T, tv *catalog.TableView, words []string) {
	t.Helper()
	day := func(text string) catalog.Day {
		d, err := catalog.ParseDay(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	switch words[0] {
	case "adopt":
		tv.Table.Adopt = &catalog.AdoptSpec{Cold: "s3://others/", Hot: words[2]}
		tv.Table.Time.Zone = words[3]
		tv.Hot.Days = &catalog.HotDays{Different: map[catalog.Day]string{}, Notes: []string{"column path is not hot: it is bytea there"}}
		for _, w := range words[4:] {
			if columns, ok := strings.CutPrefix(w, "columns="); ok {
				tv.Hot.Days.Columns = strings.Split(columns, ",")
			} else {
				tv.Table.Adopt.HotFrom = w
			}
		}
		calendar, err := tv.Table.Calendar()
		if err != nil {
			t.Fatal(err)
		}
		tv.Hot.Days.Calendar, tv.Hot.Days.DayKeys = calendar, tv.DayKeys(calendar)
	case "covered":
		r := catalog.DayRange{First: day(words[2]), Last: day(words[3])}
		tv.Hot.Days.Covered = catalog.MergeDays(append(tv.Hot.Days.Covered, r))
	case "differs":
		tv.Hot.Days.Different[day(words[2])] = strings.Join(words[3:], " ")
	case "lacks":
		for _, f := range tv.Files {
			column, nulls := strings.CutSuffix(words[3], "?")
			if s, ok := f.Stat(column); ok && f.Batch == words[2] {
				if nulls {
					s.Nulls = 1
				} else {
					s.Min, s.Max = nil, nil
				}
			}
		}
	}
}
