package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// etlTest runs etl test and gives what it printed, without the times.
func etlTest(t *testing.T, dir string, want int, args ...string) string {
	t.Helper()
	code, out, errs := runWith(t, dir, nil, append([]string{"etl", "test", "-c", "t.yml"}, args...)...)
	if code != want {
		t.Fatalf("etl test: exit %d, want %d\n%s%s", code, want, out, errs)
	}
	var lines []string
	for line := range strings.Lines(out) {
		if i := strings.LastIndex(line, "  "); strings.HasSuffix(line, "s\n") && i > 0 && line[0] != ' ' {
			line = line[:i] + "\n"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "") + errs
}

// TestExamplesOfTheDemo runs the examples that come with the demo's pipelines.
func TestExamplesOfTheDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "pipelines"), os.DirFS("../../examples/web/pipelines")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "t.yml"), "data_dir: ./data\npipelines: ./pipelines\n")
	want := "ok    web/events  pipelines/web/events.test\nok    web/site_daily  pipelines/web/site_daily.test\n"
	if diff := cmp.Diff(want, etlTest(t, dir, 0)); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"data", "tidegate-data"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("etl test made %s", name)
		}
	}
}

// TestEtlTest has cases that differ in each way, which --update mends, and files that are wrong.
func TestEtlTest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "t.yml"), "data_dir: ./data\npipelines: ./pipelines\n")
	in := func(name string) string { return filepath.Join(dir, "pipelines/web/", name) }
	writeFile(t, in("hits.yml"), "table: web.hits\nsource: { location: \"s3://nowhere/raw/\", format: csv, required: [id] }\n"+
		"fields: { id: int, at: timestamptz, site: text, price: \"numeric(8,2)\" }\ntime: { column: at }\npartition_by: [dt]\nunique_key: [id]\n"+
		"lookups: { sites: { location: ./none/sites.csv, key: site, fields: { site: text, name: text } } }\nchecks: { max_reject_ratio: 0.01 }\n")
	writeFile(t, in("hits.sql"), "select id, at, price, sites.name from source left join sites using (site) where price > 0")
	if out := etlTest(t, dir, 2); !strings.Contains(out, "no pipeline has examples") {
		t.Errorf("without examples: %s", out)
	}

	writeFile(t, in("hits.test/one/in.1.csv"), "id,at,site,price\n1,2018-02-15T00:00:00+09:00,a,1.5\n2,2018-02-15T01:00:00Z,b,2\n,,,\n3,2018-02-15T01:00:00Z,a,0\n")
	writeFile(t, in("hits.test/one/in.2.csv"), "id,price,at,site\n1,1.50,2018-02-14T15:00:00Z,a\nx,1,2018-02-14T15:00:00Z,a\n")
	writeFile(t, in("hits.test/one/sites.csv"), "site,name\na,\"two\nlines\"\n")
	writeFile(t, in("hits.test/one/want.csv"), "id,price,name\n1,1.5000,\"two\nlines\"\n2,2,\"\"\n")
	writeFile(t, in("hits.test/two/.DS_Store"), "")
	writeFile(t, in("hits.test/two/in.csv"), "id,at,site,price\n1,2018-02-15T00:00:00Z,a,1\n")
	writeFile(t, in("hits.test/two/sites.csv"), "site,name\n")
	want := `FAIL  web/hits  pipelines/web/hits.test/one
      want.csv: 1 rows are missing, 1 are not expected; columns id, price, name
      - 2,2.00,""
      + 2,2.00,
      want.rejects.csv: 0 records are missing, 2 are not expected; columns line, reason
      + 4,missing_field(id)
      + 3,bad_type(id)
FAIL  web/hits  pipelines/web/hits.test/two
      there is no want.csv; etl test --update writes it as the table is now
tidegate: 2 of 2 cases failed
`
	if diff := cmp.Diff(want, etlTest(t, dir, 1)); diff != "" {
		t.Error(diff)
	}
	etlTest(t, dir, 0, "--update")
	written, err := os.ReadFile(in("hits.test/one/want.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("id,at,price,name,dt\n1,2018-02-14 15:00:00+00,1.50,\"two\nlines\",2018-02-14\n2,2018-02-15 01:00:00+00,2.00,,2018-02-15\n", string(written)); diff != "" {
		t.Error(diff)
	}
	etlTest(t, dir, 0)

	for _, c := range []struct{ name, text, want string }{
		{"hits.test/two/what.csv", "", "is for nothing: there may be want.csv, want.rejects.csv, in.…, sites.…"},
		{"hits.test/two/want.csv", "id,nam\n", "there is no column nam (did you mean name?)"},
		{"hits.test/two/want.csv", "id\none\n", "want.csv, line 2: bad_type(id)"},
		{"hits.test/two/want.csv", "", "is empty; its first line names the columns"},
		{"hits.test/two/want.rejects.csv", "row\n1\n", "column row is none of object, line, reason"},
	} {
		writeFile(t, in(c.name), c.text)
		if out := etlTest(t, dir, 1); !strings.Contains(out, c.want) {
			t.Errorf("%s with %q: %s", c.name, c.text, out)
		}
		if err := os.Remove(in(c.name)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatUpdateWritesIsWanted has a value of each kind of which texts differ from system to system. The source has a
// queue, which nobody asks.
func TestWhatUpdateWritesIsWanted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "t.yml"), "data_dir: ./data\npipelines: ./pipelines\n")
	in := func(name string) string { return filepath.Join(dir, "pipelines/", name) }
	writeFile(t, in("all.yml"), `table: web.all
source: { location: "s3://nowhere/raw/", events: nobodys-queue, format: json, required: [ts] }
fields: { ts: timestamptz, i: int, n: "numeric(18,6)", f: float8, r: float4, t: text, d: date, tm: time, tz: timestamp, b: boolean, j: json }
time: { column: ts }
partition_by: [dt]
`)
	writeFile(t, in("all.sql"), "select ts, i, n, f, r, t, d, tm, tz, b, j from source")
	writeFile(t, in("all.test/in.ndjson"), `{"ts":"2026-01-01T00:00:00.123456Z","i":10,"n":1.5,"f":1e300,"r":0.1,"t":"","d":"2026-01-01","tm":"10:00:00.5","tz":"2026-01-01 10:00:00","b":true,"j":{"a":[1,"x\ny"]}}
{"ts":"2026-01-01T00:00:00Z","i":10,"t":"a\nb\r\n,\"q\"  ","f":"NaN","r":"NaN"}
{"ts":"2026-01-01T00:00:00Z","i":9,"t":"NULL","f":"Infinity","r":"-Infinity"}
{"ts":"2026-01-01T00:00:00Z","t":"\\n","j":"null"}
`)
	etlTest(t, dir, 0, "--update")
	etlTest(t, dir, 0)
	writeFile(t, in("all.test/want.csv"), "i,f,r\n")
	want := `FAIL  all  pipelines/all.test
      want.csv: 0 rows are missing, 4 are not expected; columns i, f, r
      + 9,Infinity,-Infinity
      + 10,1e+300,0.1
      + 10,NaN,NaN
      + ,,
tidegate: 1 of 1 cases failed
`
	if diff := cmp.Diff(want, etlTest(t, dir, 1)); diff != "" {
		t.Error(diff)
	}
}

// TestWantOfOneColumn has NULLs and empty texts alone in their lines, as PostgreSQL's COPY writes them, and files that a spreadsheet wrote.
func TestWantOfOneColumn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "t.yml"), "data_dir: ./data\npipelines: ./pipelines\n")
	in := func(name string) string { return filepath.Join(dir, "pipelines/", name) }
	writeFile(t, in("one.yml"), "table: web.one\nsource: { location: \"s3://nowhere/raw/\", format: json }\nfields: { a: text, n: int }\n")
	writeFile(t, in("one.sql"), "select a from source")
	writeFile(t, in("one.test/in.ndjson"), `{"a":"x"}`+"\n{}\n"+`{"a":""}`+"\n{}\n"+`{"a":"\\."}`+"\n"+`{"n":"many"}`+"\n")
	etlTest(t, dir, 0, "--update")
	const want = "a\n\\.\nx\n\n\n\"\"\n"
	text, err := os.ReadFile(in("one.test/want.csv"))
	if err != nil || len(text) != len(want) || strings.Count(string(text), "\n\n") == 0 {
		t.Errorf("--update wrote %q, %v", text, err)
	}
	for name, text := range map[string]string{
		"as --update writes it": string(text), "in another order": want, "with CRLF": strings.ReplaceAll(want, "\n", "\r\n"), "with a mark": "\uFEFF" + want,
		"with a mark and quotes": "\uFEFF\"a\"" + want[1:],
	} {
		writeFile(t, in("one.test/want.csv"), text)
		writeFile(t, in("one.test/want.rejects.csv"), "\uFEFFline,reason\n6,bad_type(n)\n")
		if out := etlTest(t, dir, 0); !strings.HasPrefix(out, "ok ") {
			t.Errorf("%s: %s", name, out)
		}
	}
	writeFile(t, in("one.test/want.csv"), strings.Replace(want, "\n\n\n", "\n\n", 1))
	if out := etlTest(t, dir, 1); !strings.Contains(out, "want.csv: 0 rows are missing, 1 are not expected; columns a\n") {
		t.Errorf("without a NULL: %s", out)
	}
}
