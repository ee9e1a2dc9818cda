package etl

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/pgtypes"
)

// fitColumns are the columns of fitting in order, with a value that fits.
var fitColumns = []struct{ name, value string }{
	{"event_id", "''"},
	{"ts", "TIMESTAMPTZ '2018-02-14 00:00:00+00'"},
	{"name", "'a'"},
	{"note", "'a'"},
	{"code", "'abc'"},
	{"tag", "'a'"},
	{"doc", "'{}'"},
	{"day", "DATE '2018-02-14'"},
	{"at", "TIMESTAMP '2018-02-14 00:00:00'"},
	{"kind", "'k'"},
}

// fitting is a pipeline over Parquet, which can hold values that JSON cannot. note is not hot.
func (l *lab) fitting() *pipeline.Pipeline {
	p := l.events()
	p.SQL = `select event_id::text as event_id, ts::timestamptz as ts, name::text as name, note::text as note, code::text as code,
		tag::text as tag, doc::json as doc, day::date as day, at::timestamp as at, kind::text as kind from source`
	p.Source.Format, p.Source.Required = "parquet", nil
	p.Source.Fields = nil
	for name, oid := range map[string]pgtypes.OID{
		"event_id": pgtypes.Text, "ts": pgtypes.Timestamptz, "name": pgtypes.Text, "note": pgtypes.Text, "code": pgtypes.Text,
		"tag": pgtypes.Text, "doc": pgtypes.JSON, "day": pgtypes.Date, "at": pgtypes.Timestamp, "kind": pgtypes.Text,
	} {
		p.Source.Fields = append(p.Source.Fields, pipeline.Field{Name: name, Type: pgtypes.Of(oid)})
	}
	slices.SortFunc(p.Source.Fields, func(a, b pipeline.Field) int { return strings.Compare(a.Name, b.Name) })
	p.PartitionBy, p.ClusterBy, p.UniqueKey = []string{"kind"}, nil, nil
	p.Hot = &catalog.HotSpec{Columns: []string{"event_id", "ts", "name", "code", "tag", "doc", "day", "at", "kind"}}
	three := pgtypes.Type{OID: pgtypes.Varchar, Typmod: 3 + 4}
	p.Columns = []pipeline.Column{{Name: "tag", MaxBytes: 5, OnOverflow: "truncate"}, {Name: "code", Type: &three}}
	return p
}

// fitRow is a row of fitting's source, with some values in place of those that fit.
func fitRow(id string, values map[string]string) string {
	list := make([]string, len(fitColumns))
	for i, c := range fitColumns {
		list[i] = c.value
		if v, ok := values[c.name]; ok {
			list[i] = v
		}
		if c.name == "event_id" {
			list[i] = literal(id)
		}
		list[i] += " AS " + c.name
	}
	return "SELECT " + strings.Join(list, ", ")
}

func TestFit(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, column, value, reason, want string }{
		{"longest", "name", "repeat('x', 65535)", "", "65535"},
		{"too long", "name", "repeat('x', 65536)", "too_long(name)", ""},
		{"longest of four bytes", "name", "repeat('😀', 16383) || 'abc'", "", "65535"},
		{"too long of four bytes", "name", "repeat('😀', 16384)", "too_long(name)", ""},
		{"not hot", "note", "repeat('x', 65536)", "", "65536"},
		{"nul", "name", "'a' || chr(0) || 'b'", "nul_character(name)", ""},
		{"nul in what is not hot", "note", "chr(0)", "nul_character(note)", ""},
		{"nul behind the cut", "tag", "'abcde' || chr(0)", "", "5"},
		{"varchar", "code", "'日本語'", "", "9"},
		{"varchar cut", "code", "'日本語訳'", "", "9"},
		{"combining characters are characters", "code", "'e' || chr(769) || 'e' || chr(769)", "", "4"},
		{"cut before a character", "tag", "'日本'", "", "3"},
		{"empty", "tag", "''", "", "0"},
		{"null", "name", "NULL", "", "-"},
		{"json", "doc", `'{"a": "\u0000"}'`, "", "15"},
		{"json too long", "doc", `'"' || repeat('x', 65534) || '"'`, "too_long(doc)", ""},
		{"json longest", "doc", `'"' || repeat('x', 65533) || '"'`, "", "65535"},
		{"json that is none", "doc", `'{"a": "\ud800"}'`, "bad_type(doc)", ""},
		{"first day", "day", "DATE '4713-01-01 (BC)'", "", "4713-01-01 (BC)"},
		{"before the first day", "day", "DATE '4713-01-01 (BC)' - 1", "out_of_range(day)", ""},
		{"last day", "day", "DATE '294276-12-31'", "", "294276-12-31"},
		{"behind the last day", "day", "DATE '294276-12-31' + 1", "out_of_range(day)", ""},
		{"no day", "day", "DATE 'infinity'", "out_of_range(day)", ""},
		{"first time", "at", "TIMESTAMP '4713-01-01 (BC) 00:00:00'", "", "4713-01-01 (BC) 00:00:00"},
		{"before the first time", "at", "TIMESTAMP '4713-01-01 (BC) 00:00:00' - INTERVAL 1 MICROSECOND", "out_of_range(at)", ""},
		{"last time", "at", "TIMESTAMP '294247-01-10 04:00:54.775806'", "", "294247-01-10 04:00:54.775806"},
		{"no time", "at", "TIMESTAMP '-infinity'", "out_of_range(at)", ""},
		{"table's time", "ts", "TIMESTAMPTZ 'infinity'", "out_of_range(ts)", ""},
		{"future", "ts", "TIMESTAMPTZ '2999-01-01 00:00:00+00'", "future_time(ts)", ""},
		{"longest folder", "kind", "repeat('/', 83) || 'k'", "", "84"},
		{"folder too long", "kind", "repeat('/', 84)", "too_long(kind)", ""},
	}
	l := newLab(t, nil)
	var rows []string
	rejects := map[string]int64{}
	for _, c := range cases {
		rows = append(rows, fitRow(c.name, map[string]string{c.column: c.value}))
		if c.reason != "" {
			rejects[c.reason]++
		}
	}
	l.putParquet(t, "all.parquet", strings.Join(rows, " UNION ALL "))
	report := l.mustRun(t, l.fitting()).Pipelines[0]
	if diff := cmp.Diff(rejects, report.Rejects); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int64{"code": 2, "tag": 2}, report.Truncated); diff != "" {
		t.Error(diff)
	}
	if report.Counts.Truncated != 4 || l.record(t, l.batches(t)[0]).Counts.Truncated != 4 || l.batches(t)[0].Counts.Truncated != 4 {
		t.Errorf("rows truncated: report %d, catalog %d", report.Counts.Truncated, l.batches(t)[0].Counts.Truncated)
	}
	quarantine := strings.Join(quarantined(t, l), "\n")
	for i, c := range cases {
		if c.reason != "" {
			if entry := fmt.Sprintf("all.parquet:%d %s {", i+1, c.reason); !strings.Contains(quarantine, entry) {
				t.Errorf("%s: not in quarantine: %s", c.name, entry)
			}
			continue
		}
		shown := ident(c.column)
		if !slices.Contains([]string{"day", "at"}, c.column) {
			shown = "strlen(" + shown + "::VARCHAR)"
		}
		if diff := cmp.Diff([]string{c.want}, l.query(t, "web.events", "SELECT "+shown+" FROM t WHERE event_id = "+literal(c.name))); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

// putParquet puts the rows of a query into the raw folder.
func (l *lab) putParquet(t *testing.T, key, query string) {
	t.Helper()
	s := l.session(t)
	if _, err := s.Exec(t.Context(), "COPY ("+query+") TO "+literal(l.raw.LocalPath(key))+" (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFitWithoutHot: a table that is never hot has no limits but its own.
func TestFitWithoutHot(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.fitting()
	p.Hot = nil
	l.putParquet(t, "all.parquet", fitRow("1", map[string]string{"name": "repeat('x', 70000)", "day": "DATE 'infinity'"})+" UNION ALL "+
		fitRow("2", map[string]string{"tag": "'abcdef'"}))
	report := l.mustRun(t, p).Pipelines[0]
	if want := (catalog.Counts{Read: 2, Emitted: 2, Truncated: 1}); report.Counts != want {
		t.Errorf("counts: got %+v, want %+v", report.Counts, want)
	}
}

// TestFitOfSecondStage: rows that do not fit go to quarantine, whole partitions go on.
func TestFitOfSecondStage(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := daily()
	p.SQL = `select dt, site_id, max(path) as path, min(path) as first from web.events group by dt, site_id`
	p.Hot = &catalog.HotSpec{Columns: []string{"site_id", "path"}}
	p.Columns = []pipeline.Column{
		{Name: "path", MaxBytes: 4, OnOverflow: "reject"}, {Name: "first", MaxBytes: 2, OnOverflow: "truncate"},
	}
	l.put(t, "1.gz", event("a", "2018-02-10T00:00:00Z", 1, `,"path":"/abcd"`), event("b", "2018-02-10T00:00:00Z", 2, `,"path":"/abc"`),
		event("c", "2018-02-11T00:00:00Z", 1, `,"path":"/"`))
	report := l.mustRun(t, l.events(), p).Pipelines[1]
	if want := (catalog.Counts{Read: 3, Rejected: 1, Emitted: 2, Truncated: 1}); report.Counts != want {
		t.Errorf("counts: got %+v, want %+v", report.Counts, want)
	}
	if diff := cmp.Diff([]string{"too_long(path)"}, slices.Collect(maps.Keys(report.Rejects))); diff != "" {
		t.Error(diff)
	}
	want := []string{`web.events:0 too_long(path) {"dt":"2018-02-10","site_id":1,"path":"/abcd","first":"/a"}`}
	if diff := cmp.Diff(want, quarantined(t, l)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"2|/abc|/a", "1|/|/"}, l.query(t, "web.daily", "SELECT site_id, path, first FROM t ORDER BY dt")); diff != "" {
		t.Error(diff)
	}
	if again := l.mustRun(t, l.events(), p).Pipelines[1]; again.Batches != 0 {
		t.Errorf("nothing changed, but %d batches", again.Batches)
	}
}
