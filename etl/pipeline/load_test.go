package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
	"tidegate/internal/yamlfile"
)

// TestLoad runs testdata/*.test: files in, errors or a description out.
func TestLoad(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Helper()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			dir := t.TempDir()
			unpack(t, dir, d.Input)
			pipelines, err := Load(dir)
			if err != nil {
				return strings.ReplaceAll(err.Error(), dir+"/", "") + "\n"
			}
			var b strings.Builder
			tables := Tables{}
			for _, p := range pipelines {
				columns, err := p.Output(tables)
				if err != nil {
					t.Fatalf("%s: output of a loaded pipeline: %v", p.Name, err)
				}
				tables[p.Table] = columns
				describe(&b, p, columns)
			}
			return b.String()
		})
	})
}

// unpack writes the files of `-- name --` sections.
func unpack(t *testing.T, dir, text string) {
	t.Helper()
	name, body := "", ""
	flush := func() {
		if name == "" {
			return
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(text + "\n") {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok && strings.HasSuffix(n, " --") {
			flush()
			name, body = strings.TrimSuffix(n, " --"), ""
			continue
		}
		body += line
	}
	flush()
}

func describe(b *strings.Builder, p *Pipeline, columns []catalog.Column) {
	fmt.Fprintf(b, "%s %s %q\n", p.Name, p.Table, p.Description)
	if p.Source != nil {
		fmt.Fprintf(b, "  source %s %s required %v\n", p.Source.Location, p.Source.Format, p.Source.Required)
		for _, f := range p.SourceFields() {
			fmt.Fprintf(b, "  field %s %s\n", f.Name, f.Type)
		}
	}
	for _, l := range p.Lookups {
		folder, object := l.Object()
		fmt.Fprintf(b, "  lookup %s %s in %s, %s by %v of %v\n", l.Name, object, folder, l.Source.Format, l.Source.Required, l.Source.Fields)
	}
	if p.Schedule != nil {
		fmt.Fprintf(b, "  every %s at %s\n", p.Schedule.Every, p.Schedule.At)
	}
	if len(p.Upstream) > 0 {
		fmt.Fprintf(b, "  reads %v lookback %s\n", p.Upstream, p.Lookback)
	}
	for _, c := range columns {
		fmt.Fprintf(b, "  column %s %s partition=%v %q", c.Name, c.Type, c.Partition, c.Description)
		if c.MaxBytes > 0 {
			fmt.Fprintf(b, " max_bytes=%d", c.MaxBytes)
		}
		b.WriteByte('\n')
	}
	if p.Time != nil {
		fmt.Fprintf(b, "  time %+v\n", *p.Time)
	}
	fmt.Fprintf(b, "  partition %v cluster %v unique %v\n", p.PartitionBy, p.ClusterBy, p.UniqueKey)
	if p.Hot != nil {
		fmt.Fprintf(b, "  hot %+v\n", *p.Hot)
	}
	if p.MaxStaleness != nil {
		fmt.Fprintf(b, "  max_staleness %s\n", *p.MaxStaleness)
	}
	for _, c := range p.Columns {
		if c.MaxBytes > 0 {
			fmt.Fprintf(b, "  limit %s %d %s\n", c.Name, c.MaxBytes, c.OnOverflow)
		}
	}
	fmt.Fprintf(b, "  reject ratio %g, batch %d bytes %d objects\n", p.Checks.MaxRejectRatio, p.MaxBytes, p.MaxObjects)
	describeChecks(b, &p.Checks)
}

func describeChecks(b *strings.Builder, c *Checks) {
	if r := c.RejectRatio; r != nil {
		fmt.Fprintf(b, "  reject_ratio %+v\n", *r)
	}
	if r := c.RowChange; r != nil {
		fmt.Fprintf(b, "  row_change %+v\n", *r)
	}
	if r := c.NullRate; r != nil {
		fmt.Fprintf(b, "  null_rate %+v\n", *r)
	}
	if r := c.Freshness; r != nil {
		fmt.Fprintf(b, "  freshness %+v\n", *r)
	}
	if r := c.Silent; r != nil {
		fmt.Fprintf(b, "  silent %+v\n", *r)
	}
}

func TestLoadErrorsHavePlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	unpack(t, dir, "-- a.yml --\ntable: nonsense\nhots: 1\n-- a.sql --\nselect\n")
	_, err := Load(dir)
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("error %v is not joined", err)
	}
	for _, e := range joined.Unwrap() {
		if place, ok := errors.AsType[*yamlfile.Error](e); !ok || place.Line == 0 || place.File == "" {
			t.Errorf("%v: no file and line", e)
		}
	}
}

func TestLoadOfNothing(t *testing.T) {
	t.Parallel()
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no pipeline") {
		t.Errorf("empty folder: %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
}

// TestVersion: any change of either file is another version.
func TestVersion(t *testing.T) {
	t.Parallel()
	const yml, sql = "table: a.b\nsource: { location: file:./x, format: json }\n", "select x::text as x from source"
	seen := map[string]bool{}
	for _, files := range [][2]string{{yml, sql}, {yml + "\n", sql}, {yml, sql + "\n"}} {
		dir := t.TempDir()
		unpack(t, dir, "-- b.yml --\n"+files[0]+"-- b.sql --\n"+files[1])
		// unpack ends every file with one newline more
		if err := os.WriteFile(filepath.Join(dir, "b.sql"), []byte(files[1]), 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(p[0].SHA256) != 64 || len(p[0].Version()) != 12 {
			t.Errorf("hash %q", p[0].SHA256)
		}
		seen[p[0].Version()] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d versions, want 3", len(seen))
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for in, want := range map[string]time.Duration{
		"90 days": 90 * day, "1 day": day, "2d": 2 * day, "2 weeks": 14 * day, "1w": 7 * day, "15m": 15 * time.Minute, "1h": time.Hour,
		"1h30m": 90 * time.Minute, "30 minutes": 30 * time.Minute, "12 hours": 12 * time.Hour, "45s": 45 * time.Second, "5 seconds": 5 * time.Second,
	} {
		if got, err := parseDuration(in); err != nil || got != want {
			t.Errorf("%q: %s %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "90", "days", "-1 day", "1.5 days", "1 month", "90 dayss", "99999999999 days", "1h-30m", "h"} {
		if got, err := parseDuration(in); err == nil {
			t.Errorf("%q: %s", in, got)
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]size{"8GiB": 8 << 30, "512 MB": 512e6, "1000": 1000, "1b": 1, "3 KiB": 3 << 10} {
		var got size
		if err := got.UnmarshalText([]byte(in)); err != nil || got != want {
			t.Errorf("%q: %d %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "0", "GiB", "-1", "1.5GiB", "8 gibs", "99999999999TiB"} {
		var got size
		if err := got.UnmarshalText([]byte(in)); err == nil {
			t.Errorf("%q: %d", in, got)
		}
	}
}

func TestRefines(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		from, to string
		want     bool
	}{
		{"text", "varchar", true},
		{"text", "varchar(10)", true},
		{"varchar(5)", "text", true},
		{"int", "bigint", true},
		{"bigint", "int", false},
		{"smallint", "int", true},
		{"int", "text", false},
		{"real", "double precision", true},
		{"numeric(10,2)", "numeric(12,3)", true},
		{"numeric(10,2)", "numeric(10,3)", false},
		{"timestamp", "timestamptz", false},
		{"date", "date", true},
	} {
		from, err1 := pgtypes.Parse(tc.from)
		to, err2 := pgtypes.Parse(tc.to)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if got := refines(from, to); got != tc.want {
			t.Errorf("%s to %s: %v, want %v", tc.from, tc.to, got, tc.want)
		}
	}
}

func TestSort(t *testing.T) {
	t.Parallel()
	make1 := func(name string, reads ...string) *Pipeline {
		p := &Pipeline{Name: name, SQLFile: name + ".sql", Table: catalog.Name{Schema: "s", Table: name}}
		for _, r := range reads {
			p.Upstream = append(p.Upstream, catalog.Name{Schema: "s", Table: r})
		}
		return p
	}
	for _, tc := range []struct {
		in   []*Pipeline
		want string
	}{
		{nil, ""},
		{[]*Pipeline{make1("b"), make1("a")}, "a b"},
		{[]*Pipeline{make1("a", "b", "elsewhere"), make1("b", "c"), make1("c"), make1("d", "a", "c")}, "c b a d"},
		{[]*Pipeline{make1("a", "b"), make1("b", "c"), make1("c", "b")}, "b.sql:1: tables read each other in a circle: s.b reads s.c reads s.b"},
		{[]*Pipeline{make1("a", "a")}, "a.sql:1: tables read each other in a circle: s.a reads s.a"},
	} {
		sorted, err := Sort(tc.in)
		var names []string
		for _, p := range sorted {
			names = append(names, p.Name)
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

// TestExamples loads the pipelines that the repository shows.
func TestExamples(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]string{
		"../../examples/web/pipelines": "web/events web/site_daily", "../../examples/flights/pipelines": "air/flights",
	} {
		pipelines, err := Load(dir)
		if err != nil {
			t.Error(err)
		}
		var names []string
		for _, p := range pipelines {
			names = append(names, p.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", dir, got, want)
		}
	}
}

// FuzzLoad: whatever the files hold, Load gives pipelines or errors with places.
func FuzzLoad(f *testing.F) {
	f.Add("table: a.b\nsource: { location: file:./x, format: json }\n", "select x::text as x from source")
	f.Add("table: a.b\ntime: {column: ts}\npartition_by: [dt]\nhot: {columns: [dt]}", "select dt, ts from c.d")
	f.Add("columns: [{name: x, type: int, max_bytes: 1, on_overflow: reject}]", "with a as (select 1) select * from a")
	f.Add("table: [", "select")
	f.Fuzz(func(t *testing.T, yml, sql string) {
		dir := t.TempDir()
		for name, body := range map[string]string{"p.yml": yml, "p.sql": sql} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		pipelines, err := Load(dir)
		if (err == nil) == (len(pipelines) == 0) {
			t.Errorf("%d pipelines, error %v", len(pipelines), err)
		}
	})
}
