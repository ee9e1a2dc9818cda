package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tidegate/internal/testkit"
)

// TestHotFromTable: a table that somebody made on the server decides what is hot, and what fits.
func TestHotFromTable(t *testing.T) {
	s3 := testkit.S3(t)
	for _, variable := range s3.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	t.Run("postgres", func(t *testing.T) {
		url := testkit.Postgres(t).DSN()
		checkFromTable(t, url, fmt.Sprintf("hot: { kind: postgres, url: %q }\n", url))
	})
	t.Run("redshift", func(t *testing.T) {
		url := startWarehouse(t, s3).url()
		checkFromTable(t, url, fmt.Sprintf("lake: { location: 's3://%s/lake', s3: { endpoint: %q, path_style: true } }\n"+
			"hot: { kind: redshift, url: %q, iam_role: default }\n", s3.Bucket(t), s3.Endpoint, url))
	})
}

func checkFromTable(t *testing.T, url, config string) {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "pipelines/a.yml"), `table: web.a
source: { location: "file:./raw", format: json }
fields: { n: int, path: text, note: text }
hot:
  columns: from_table
`)
	writeFile(t, filepath.Join(dir, "pipelines/a.sql"), "select n, path, note from source\n")
	writeObject(t, filepath.Join(dir, "raw/1.json.gz"), `{"n":1,"path":"/1","note":"x"}`, `{"n":2,"path":"/2"}`)

	writeFile(t, filepath.Join(dir, "t.yml"), "hot: { kind: embedded }\n")
	code, _, errs := run(t, dir, "config", "check", "-c", "t.yml")
	if want := "pipelines/a.yml:5: hot.columns: from_table needs a hot store on a server"; code != 2 || !strings.Contains(errs, want) {
		t.Errorf("exit %d: %s, want %s", code, errs, want)
	}

	writeFile(t, filepath.Join(dir, "t.yml"), config)
	code, _, errs = run(t, dir, "etl", "run", "-c", "t.yml")
	if code != 0 || !strings.Contains(errs, "there is no hot table") {
		t.Errorf("without the table: exit %d: %s", code, errs)
	}
	server, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(t.Context())
	do := func(statement string) {
		t.Helper()
		if _, err := server.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	do("create schema tidegate_hot")
	do("create table tidegate_hot.web__a (path varchar(4), n int, mark varchar(10) default 'x')")

	s := start(t, dir, "serve", "-c", "t.yml")
	c := s.connect(t)
	loaded := func(wantRoute, columns string) {
		t.Helper()
		mustRun(t, dir, "hot", "load", "-c", "t.yml")
		query := "select /*+ tidegate latency(interactive) */ " + columns + " from web.a"
		if got := route(t, c, query); got != wantRoute {
			t.Errorf("%s goes %s, want %s", query, got, wantRoute)
		}
	}
	loaded("hot", "n, path")
	loaded("cold", "note")

	writeObject(t, filepath.Join(dir, "raw/2.json.gz"), `{"n":3,"path":"/3"}`, `{"n":4,"path":"/four","note":"too long"}`)
	mustRun(t, dir, "etl", "run", "-c", "t.yml")
	if d := cmp.Diff([]string{"1|/1", "2|/2", "3|/3"}, table(t, c, "select n, path from web.a order by n")); d != "" {
		t.Error(d)
	}
	if got := one(t, c, "select reason from tidegate.quarantine"); got != "too_long(path)" {
		t.Errorf("quarantine: %s", got)
	}

	do("alter table tidegate_hot.web__a add column note text")
	loaded("hot", "n, path, note")
	if d := cmp.Diff([]string{"1|x", "2|NULL", "3|NULL"}, table(t, c, "select /*+ tidegate engine(hot) */ n, note from web.a order by n")); d != "" {
		t.Error(d)
	}
	do("alter table tidegate_hot.web__a drop column path")
	loaded("cold", "n, path, note")
	loaded("hot", "n, note")
	s.interrupt(t)
}
