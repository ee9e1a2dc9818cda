package etl

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// collecting is events with the fields that it does not name.
func (l *lab) collecting() *pipeline.Pipeline {
	p := l.events()
	p.SQL = "select event_id::text as event_id, ts::timestamptz as ts, site_id::int as site_id, _rest from source"
	p.Source.Fields, p.Source.CollectUnknown = p.Source.Fields[:3], true
	p.Hot.Columns, p.Hot.Sort = []string{"ts"}, nil
	return p
}

func TestUnknownFieldsAreCounted(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, `,"colour":"red","size":1`), event("b", "2018-02-14T01:00:00Z", 1, `,"colour":null`),
		`{"event_id":"c","colour":"blue"}`) // rejected: it has no ts
	report := l.mustRun(t, l.events()).Pipelines[0]
	want := &catalog.UnknownFields{Fields: map[string]int64{"colour": 3, "size": 1}}
	if diff := cmp.Diff(want, report.Notes.Unknown); diff != "" {
		t.Errorf("report: %s", diff)
	}
	batch := l.batches(t)[0]
	if diff := cmp.Diff(want, batch.Unknown); diff != "" {
		t.Errorf("catalog: %s", diff)
	}
	if diff := cmp.Diff(want, l.record(t, batch).Unknown); diff != "" {
		t.Errorf("record: %s", diff)
	}
	l.put(t, "2.gz", event("d", "2018-02-14T01:00:00Z", 1, ""))
	l.mustRun(t, l.events())
	if second := l.batches(t)[1]; second.Unknown != nil {
		t.Errorf("a batch without unknown fields notes %+v", second.Unknown)
	}
}

func TestUnknownFieldsAreCollected(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz",
		event("a", "2018-02-14T01:00:00Z", 1, `,"path":"/x","n":1.50,"deep":{"k":[1, null]},"q\"uote":null`),
		event("b", "2018-02-14T01:00:00Z", 1, ""),
		event("c", "2018-02-14T01:00:00Z", 1, `,"_rest":"mine"`))
	report := l.mustRun(t, l.collecting()).Pipelines[0]
	want := []string{`a|{"path":"/x","n":1.50,"deep":{"k":[1, null]},"q\"uote":null}`, "b|-", `c|{"_rest":"mine"}`}
	if diff := cmp.Diff(want, l.query(t, "web.events", "SELECT event_id, _rest FROM t ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
	counts := map[string]int64{"path": 1, "n": 1, "deep": 1, `q"uote`: 1, "_rest": 1}
	if diff := cmp.Diff(counts, report.Notes.Unknown.Fields); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownColumnsOfParquet(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	s := l.session(t)
	for name, query := range map[string]string{
		"1.parquet": `SELECT 'a' AS event_id, TIMESTAMPTZ '2018-02-14 01:00:00Z' AS ts, 7 AS site_id, 'red' AS Colour, [1, 2] AS "it's"`,
		"2.parquet": "SELECT * FROM (VALUES ('b', TIMESTAMPTZ '2018-02-14 01:00:00Z', 8, NULL), ('c', TIMESTAMPTZ '2018-02-14 01:00:00Z', 9, 'blue')) v(event_id, ts, site_id, colour)",
		"3.parquet": "SELECT 'd' AS event_id, TIMESTAMPTZ '2018-02-14 01:00:00Z' AS ts, 7 AS site_id",
	} {
		if _, err := s.Exec(t.Context(), "COPY ("+query+") TO "+literal(l.raw.LocalPath(name))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p := l.collecting()
	p.Source.Format = "parquet"
	report := l.mustRun(t, p).Pipelines[0]
	if diff := cmp.Diff(map[string]int64{"Colour": 3, "it's": 1}, report.Notes.Unknown.Fields); diff != "" {
		t.Error(diff)
	}
	want := []string{`a|{"Colour":"red","it's":[1,2]}`, "b|-", `c|{"Colour":"blue"}`, "d|-"}
	if diff := cmp.Diff(want, l.query(t, "web.events", "SELECT event_id, _rest FROM t ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
}
