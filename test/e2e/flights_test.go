package e2e

import (
	stdsql "database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // the reference reads the original file
	"github.com/google/go-cmp/cmp"
)

// flightsFile finds the 3,000,000 flights: beside the project, or in the npm package.
func flightsFile(t *testing.T) string {
	t.Helper()
	beside := filepath.Join("..", "..", "..", "shared", "data", "flights-3m.parquet")
	if _, err := os.Stat(beside); err == nil {
		return beside
	}
	dir := t.TempDir()
	pack := exec.Command("npm", "pack", "--silent", "vega-datasets@3.2.1")
	pack.Dir = dir
	if out, err := pack.CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("fetch the flights: %v\n%s", err, out)
		}
		t.Skipf("left out: the flights are neither in ../shared/data nor to be had from npm: %v", err)
	}
	untar := exec.Command("tar", "-xzf", "vega-datasets-3.2.1.tgz", "package/data/flights-3m.parquet")
	untar.Dir = dir
	if out, err := untar.CombinedOutput(); err != nil {
		t.Fatalf("unpack the flights: %v\n%s", err, out)
	}
	return filepath.Join(dir, "package", "data", "flights-3m.parquet")
}

// flightQueries are asked of both tiers and of DuckDB over the original file. Those with destination or distance are
// cold only.
var flightQueries = []struct {
	query string
	cold  bool
}{
	{"select count(*), count(delay), sum(delay), min(delay), max(delay) from %s", false},
	{"select origin, count(*), sum(delay) from %s group by origin order by origin", false},
	{"select cast(date_trunc('month', date) as date) as m, count(*), sum(delay) from %s group by 1 order by 1", false},
	{"select count(*), sum(delay) from %s where date >= timestamp '2001-03-10' and date < timestamp '2001-04-02'", false},
	{"select count(*) from (select date, delay, origin from %s group by date, delay, origin having count(*) > 1) d", false},
	{"select count(distinct destination), sum(distance) from %s", true},
	{"select destination, count(*), sum(distance) from %s where origin = 'SFO' group by destination order by destination", true},
}

// TestFlights brings a real file in: every row arrives, and both tiers answer what DuckDB answers over the file.
func TestFlights(t *testing.T) {
	t.Parallel()
	original := flightsFile(t)
	dir := t.TempDir()
	copyFile(t, original, filepath.Join(dir, "tidegate-data/raw/flights/flights-3m.parquet"))
	pipelines, err := filepath.Abs("../../examples/flights/pipelines")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "tidegate.yml")
	if err := os.WriteFile(config, []byte("pipelines: "+pipelines+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	mustRun(t, dir, "etl", "run")
	mustRun(t, dir, "etl", "run") // nothing twice
	s := start(t, dir, "serve")
	c := s.connect(t)

	if got := one(t, c, "select count(*) from air.flights"); got != "3000000" {
		t.Errorf("count(*) is %s, want 3000000", got)
	}
	reference, err := stdsql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer reference.Close()
	for _, f := range flightQueries {
		want := reference1(t, reference, fmt.Sprintf(f.query, "read_parquet('"+original+"')"))
		tiers := []string{"cold", "hot"}
		if f.cold {
			tiers = tiers[:1]
		}
		for _, tier := range tiers {
			got := table(t, c, "/*+ tidegate engine("+tier+") */ "+fmt.Sprintf(f.query, "air.flights"))
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s, %s:\n%s", f.query, tier, d)
			}
		}
	}
	s.interrupt(t)
}

// reference1 asks DuckDB and writes the rows as table does.
func reference1(t *testing.T, db *stdsql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "select cast(columns(*) as varchar) from ("+query+") q")
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for rows.Next() {
		cells := make([]stdsql.NullString, len(names))
		into := make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		text := make([]string, len(names))
		for i, c := range cells {
			if text[i] = c.String; !c.Valid {
				text[i] = "NULL"
			}
		}
		out = append(out, strings.Join(text, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
