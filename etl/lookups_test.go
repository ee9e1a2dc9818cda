package etl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/pgtypes"
)

// withSites is events with the names of sites, of those that have one.
func (l *lab) withSites(t *testing.T, file, text string) *pipeline.Pipeline {
	t.Helper()
	path := filepath.Join(l.dir, file)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p := l.events()
	p.SQL = `select event_id, ts, source.site_id, name, upper(s.country) as country, path::text as path, load_ms::int as load_ms
		from source left join sites s on s.site_id = source.site_id where name is distinct from 'test'`
	format := strings.TrimPrefix(filepath.Ext(file), ".")
	p.Lookups = []pipeline.Lookup{{Name: "sites", Source: &pipeline.Source{
		Location: "file:" + path, Format: format, Required: []string{"site_id"}, CSV: pipeline.CSV{Delimiter: ',', Header: true},
		Fields: []pipeline.Field{
			{Name: "site_id", Type: pgtypes.Of(pgtypes.Int4)}, {Name: "name", Type: pgtypes.Of(pgtypes.Text)}, {Name: "country", Type: pgtypes.Of(pgtypes.Text)},
		},
	}}}
	return p
}

// TestLookups joins names to records: also to those whose key the lookup does not have, and none twice.
func TestLookups(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""), event("b", "2018-02-14T02:00:00Z", 2, ""),
		event("c", "2018-02-14T03:00:00Z", 3, ""), event("d", "2018-02-14T04:00:00Z", 4, ""))
	p := l.withSites(t, "sites.csv", "country,name,site_id\nde,Berlin,1\nfr,\"Paris, 2e\",2\nxx,test,4\n")
	counts := l.mustRun(t, p).Pipelines[0].Counts
	if want := (catalog.Counts{Read: 4, Filtered: 1, Emitted: 3}); counts != want {
		t.Errorf("counts %+v, want %+v", counts, want)
	}
	want := []string{"a|1|Berlin|DE", "b|2|Paris, 2e|FR", "c|3|-|-"}
	if diff := cmp.Diff(want, l.query(t, "web.events", "SELECT event_id, site_id, name, country FROM t ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
	read := l.record(t, l.batches(t)[0]).Pipeline.Lookups
	if len(read) != 1 || read[0].Name != "sites" || read[0].Location != p.Lookups[0].Source.Location || read[0].ETag == "" {
		t.Errorf("the commit record says that %+v was joined", read)
	}
}

// TestLookupsOfOtherFormats reads a lookup as JSON lines.
func TestLookupsOfOtherFormats(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""))
	l.mustRun(t, l.withSites(t, "sites.json", `{"site_id":1,"name":"Berlin","more":[1]}`+"\n"))
	if diff := cmp.Diff([]string{"a|Berlin|-"}, l.query(t, "web.events", "SELECT event_id, name, country FROM t")); diff != "" {
		t.Error(diff)
	}
}

// TestBrokenLookups publishes nothing, says which line is wrong, and goes on when it is right.
func TestBrokenLookups(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""))
	for text, want := range map[string]string{
		"site_id,name,country\n1,A,de\n2,B,de\n1,C,fr\n": "lines 2 and 4 have the same key (site_id 1)",
		"site_id,name,country\n1,A,de\none,B,de\n":       "line 3: bad_type(site_id); 1 of 2 rows are wrong",
		"site_id,name,country\n,A,de\n":                  "missing_field(site_id)",
	} {
		_, err := l.run(t, l.withSites(t, "sites.csv", text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "read lookup sites (file:") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	p := l.withSites(t, "sites.csv", "site_id,name,country\n1,A,de\n")
	if err := os.Remove(strings.TrimPrefix(p.Lookups[0].Source.Location, "file:")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.run(t, p); err == nil || !strings.Contains(err.Error(), "sites.csv is not in") {
		t.Errorf("a lookup that is not there: %v", err)
	}
	l.mustRun(t, l.withSites(t, "sites.csv", "site_id,name,country\n1,A,de\n"))
	if diff := cmp.Diff([]string{"a|A"}, l.query(t, "web.events", "SELECT event_id, name FROM t")); diff != "" {
		t.Error(diff)
	}
}

// TestParquetLookups takes values that are of their fields' types, and publishes nothing where one would have to be rounded.
func TestParquetLookups(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 2, ""))
	p := l.withSites(t, "sites.parquet", "")
	s := l.session(t)
	defer func() { _ = s.Close() }()
	with := func(rows string) {
		t.Helper()
		path := strings.TrimPrefix(p.Lookups[0].Source.Location, "file:")
		if _, err := s.Exec(t.Context(), "COPY (SELECT * FROM (VALUES "+rows+") t(site_id, name, country)) TO "+literal(path)+" (FORMAT parquet)"); err != nil {
			t.Fatal(err)
		}
	}
	for rows, want := range map[string]string{
		"(1::DOUBLE, 'A', 'de'), (1.6::DOUBLE, 'B', 'fr')":                "line 2: bad_type(site_id); 1 of 2 rows are wrong",
		"(1.6::DECIMAL(10, 1), 'A', 'de')":                                "line 1: bad_type(site_id); 1 of 1 rows are wrong",
		"('1', 'A', 'de'), ('2.5', 'B', 'fr'), ('x', 'C', 'es')":          "line 2: bad_type(site_id); 2 of 3 rows are wrong",
		"(1::BIGINT, 'A', 'de'), (9007199254740993::BIGINT, 'B', 'fr')":   "line 2: bad_type(site_id); 1 of 2 rows are wrong",
		"('nan'::DOUBLE, 'A', 'de')":                                      "line 1: bad_type(site_id); 1 of 1 rows are wrong",
		"(1::BIGINT, 'A', 'de'), (2, 'B', 'fr'), (NULL::BIGINT, 'C', '')": "line 3: missing_field(site_id); 1 of 3 rows are wrong",
	} {
		with(rows)
		if _, err := l.run(t, p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", rows, err, want)
		}
	}
	with("(1::DOUBLE, 'A', 'de'), (2::DOUBLE, 'B', 'fr')")
	l.mustRun(t, p)
	if diff := cmp.Diff([]string{"a|B|FR"}, l.query(t, "web.events", "SELECT event_id, name, country FROM t")); diff != "" {
		t.Error(diff)
	}
}
