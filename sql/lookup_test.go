package sql

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func lookups() []Lookup {
	return []Lookup{
		{Name: "sites", Key: []string{"site_id"}, Columns: []string{"site_id", "name"}},
		{Name: "rates", Key: []string{"currency", "day"}, Columns: []string{"currency", "day", "rate"}},
	}
}

func TestLookupsAreJoinedByTheirKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"select a, name from source left join sites on sites.site_id = source.site", ""},
		{"select a, name from source left join sites using (site_id)", ""},
		{"select a from source s left join sites x on s.site_id = x.site_id and x.name <> 'old'", ""},
		{"select a from source s left join sites x on lower(s.site) = x.site_id where x.site_id is not null", ""},
		{"select s.*, rate from source s left join sites using (site_id) left join rates r on r.day = s.ts::date and r.currency = sites.name", ""},
		{"select a from source join sites using (site_id)", "must be joined by LEFT JOIN"},
		{"select a from source full join sites using (site_id)", "must be joined by LEFT JOIN"},
		{"select a from source natural left join sites", "must be joined by LEFT JOIN"},
		{"select a from source left join sites on true", "does not compare its key site_id"},
		{"select a from source left join sites on sites.name = source.name", "does not compare its key site_id"},
		{"select a from source left join sites on sites.site_id = sites.site_id", "does not compare its key site_id"},
		{"select a from source left join sites on site_id = name", "does not compare its key site_id"},
		{"select a from source left join sites on sites.site_id = source.a or true", "does not compare its key site_id"},
		{"select a from source left join sites on not sites.site_id = source.a", "does not compare its key site_id"},
		{"select a from source left join sites on sites.site_id >= source.a", "does not compare its key site_id"},
		{"select a from source left join rates using (currency)", "does not compare its key day"},
		{"select a from source left join sites as x(i, n) on x.i = source.a", "aliases of a join"},
		{"select * from source left join sites using (site_id)", "write source.*"},
		{"select a from source left join web.sites using (site_id)", "source alone"},
		{"select a from sites", "source alone"},
		{"select a from sites left join source using (site_id)", "source alone"},
		{"select a from source, sites", "source alone"},
	} {
		err := RowPreserving(parseOne(t, c.text), lookups()...)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

func TestColumnsOfLookupsAreNotSources(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []string
	}{
		{"select a, name, source.name from source left join sites on sites.site_id = source.site", []string{"a", "name", "site"}},
		{"select x.b, name from source left join sites x using (site_id)", []string{"site_id"}},
		{"select rate, name from source left join sites using (site_id)", []string{"rate", "site_id"}},
	} {
		if diff := cmp.Diff(c.want, parseOne(t, c.text).SourceColumns(lookups()...)); diff != "" {
			t.Errorf("%s:\n%s", c.text, diff)
		}
	}
}
