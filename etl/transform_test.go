package etl

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/pgtypes"
)

func TestTruncatedCutsBetweenCharacters(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var text []rune
		for range random.IntN(8) {
			text = append(text, []rune("aé日😀")[random.IntN(4)])
		}
		n := 1 + random.IntN(12)
		want := string(text)
		for len(want) > n {
			_, size := utf8.DecodeLastRuneInString(want)
			want = want[:len(want)-size]
		}
		if diff := cmp.Diff([]string{want}, l.rows(t, "SELECT "+truncated(literal(string(text)), n))); diff != "" {
			t.Fatalf("%q to %d bytes:\n%s", string(text), n, diff)
		}
	}
	if diff := cmp.Diff([]string{"-"}, l.rows(t, "SELECT "+truncated("NULL::VARCHAR", 3))); diff != "" {
		t.Errorf("NULL:\n%s", diff)
	}
}

func TestPartitionTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ grain, zone, ts, want string }{
		{"day", "UTC", "2018-02-15T23:59:59.999999Z", "2018-02-15"},
		{"day", "Asia/Tokyo", "2018-02-15T15:00:00Z", "2018-02-16"},
		{"hour", "UTC", "2018-02-15T03:59:00Z", "2018-02-15T03"},
		{"hour", "America/New_York", "2018-11-04T05:30:00Z", "2018-11-04T01"}, // the hour that comes twice
		{"hour", "America/New_York", "2018-11-04T06:30:00Z", "2018-11-04T01"},
		{"month", "Asia/Tokyo", "2018-01-31T15:00:00Z", "2018-02"},
		{"day", "UTC", "0044-03-15T00:00:00Z", "0044-03-15"},
	} {
		t.Run(c.grain+" "+c.ts, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			p := l.events()
			p.Time.Grain, p.Time.Zone = c.grain, c.zone
			l.clock = l.clock.AddDate(1, 0, 0) // no record is from the future
			l.put(t, "1.gz", event("a", c.ts, 1, ""))
			l.mustRun(t, p)
			if got := l.table(t, "web.events").Files[0].Partition; got != "dt="+c.want {
				t.Errorf("got %s, want dt=%s", got, c.want)
			}
		})
	}
}

func TestPartitionsByColumns(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	p.PartitionBy = []string{"path", "site_id"}
	p.Hot.Columns = []string{"ts"}
	var lines []string
	for i, path := range []string{`"a/b=c"`, `"日本 x"`, `""`, `null`, `"50%"`, `"a/b=c"`} {
		lines = append(lines, event(strconv.Itoa(i), "2018-02-14T01:00:00Z", 7, `,"path":`+path))
	}
	lines = append(lines, `{"event_id":"6","ts":"2018-02-14T01:00:00Z"}`)
	l.put(t, "1.gz", lines...)
	l.mustRun(t, p)
	var partitions []string
	for _, f := range l.table(t, "web.events").Files {
		partitions = append(partitions, fmt.Sprintf("%s %d", f.Partition, f.Rows))
	}
	want := []string{
		"path=50%25/site_id=7 1",
		"path=__HIVE_DEFAULT_PARTITION__/site_id=7 2", // NULL and the empty text: a folder has no empty value
		"path=__HIVE_DEFAULT_PARTITION__/site_id=__HIVE_DEFAULT_PARTITION__ 1",
		"path=a%2Fb%3Dc/site_id=7 2",
		"path=日本 x/site_id=7 1",
	}
	if diff := cmp.Diff(want, partitions); diff != "" {
		t.Error(diff)
	}
	wantRows := []string{"0|a/b=c|7", "1|日本 x|7", "2|-|7", "3|-|7", "4|50%|7", "5|a/b=c|7", "6|-|-"}
	if diff := cmp.Diff(wantRows, l.query(t, "web.events", "SELECT event_id, path, site_id FROM t ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
	if c, _ := l.table(t, "web.events").Table.Column("site_id"); !c.Partition || c.Type != pgtypes.Of(pgtypes.Int4) {
		t.Errorf("column site_id: %+v", c)
	}
}
