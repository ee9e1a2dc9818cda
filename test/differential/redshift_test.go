package differential

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
	"tidegate/sql"
	"tidegate/test/program"
)

// documented is a statement of testdata/redshift/*.documented with the answer that Redshift's documentation tells.
type documented struct {
	at, page, text string
	want           []string // the columns, then the rows; or the error
}

var rewriteDocumented = flag.Bool("documented", false, "write the answers of testdata/redshift/*.documented anew: each has to be read again beside its page")

// TestDocumented compares what a program that speaks redshift answers with what Redshift's documentation says: there is
// no Redshift to ask. A file has "# page NAME" for the page of the Database Developer Guide that the statements below
// it are from, a statement, its columns after "=", its rows after "|", or its error after "!".
func TestDocumented(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/redshift/*.documented")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	gate := testkit.Dial(t, startRedshift(t))
	count, pages := 0, map[string]bool{}
	for _, f := range files {
		statements := readDocumented(t, f)
		var out strings.Builder
		page := ""
		for _, s := range statements {
			got := told(t, gate, s.text)
			if !*rewriteDocumented && !slices.Equal(got, s.want) {
				t.Errorf("%s: %s\ngot\n%s\nwant\n%s", s.at, s.text, strings.Join(got, "\n"), strings.Join(s.want, "\n"))
			}
			if s.page != page {
				fmt.Fprintf(&out, "# page %s\n", s.page)
				page = s.page
			}
			fmt.Fprintf(&out, "%s\n%s\n\n", s.text, strings.Join(got, "\n"))
			count++
			pages[s.page] = true
		}
		if *rewriteDocumented {
			writeFile(t, f, strings.TrimSuffix(out.String(), "\n"))
		}
	}
	t.Logf("%d statements from %d pages", count, len(pages))
	for _, rule := range sql.RedshiftRules() {
		if rule.Page == "" || rule.Semantics == "" || rule.Semantics == sql.Refused && rule.Note == "" {
			t.Errorf("rule %q has no page, no semantics or no reason", rule.Name)
		}
		if rule.Semantics != sql.Refused && !pages[rule.Page] {
			t.Errorf("rule %q: no statement is from page %s", rule.Name, rule.Page)
		}
	}
}

// startRedshift serves an empty lake in the dialect redshift.
func startRedshift(t *testing.T) (url string) {
	t.Helper()
	binary, err := program.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "tidegate.yml"), "dialect: redshift\n")
	return program.Start(t, binary, dir, "serve").URL
}

// told gives an answer as the files write it.
func told(t *testing.T, gate *pgconn.PgConn, text string) []string {
	t.Helper()
	a, err := ask(t.Context(), gate, text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if a.code != "" {
		return []string{"! " + a.code + " " + a.message}
	}
	var columns []string
	for i, name := range a.names {
		columns = append(columns, name+" "+pgtypes.Type{OID: a.types[i], Typmod: a.typmods[i]}.String())
	}
	lines := []string{"= " + strings.Join(columns, ", ")}
	for _, row := range a.rows {
		cells := slices.Clone(row)
		for i := range cells {
			if cells[i] == null {
				cells[i] = `\N`
			}
		}
		lines = append(lines, strings.TrimRight("| "+strings.Join(cells, " | "), " "))
	}
	return lines
}

func readDocumented(t *testing.T, path string) []documented {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []documented
	page := ""
	for i, line := range strings.Split(string(data), "\n") {
		last := len(list) - 1
		switch {
		case strings.HasPrefix(line, "# page "):
			page = strings.TrimPrefix(line, "# page ")
		case line == "" || line[0] == '#':
		case line[0] == '=' || line[0] == '|' || line[0] == '!':
			list[last].want = append(list[last].want, strings.TrimRight(line, " "))
		case line[0] == ' ' || line[0] == '\t':
			list[last].text += "\n" + line
		default:
			list = append(list, documented{at: fmt.Sprintf("%s:%d", path, i+1), page: page, text: line})
		}
	}
	return list
}
