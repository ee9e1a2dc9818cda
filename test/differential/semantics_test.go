package differential

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/testkit"
	"tidegate/test/differential/script"
	"tidegate/test/differential/surface"
	"tidegate/test/tpch"
	"tidegate/test/weblogs"
)

var rewrite = flag.Bool("rewrite", false, "write docs/semantics.md anew")

const semanticsPath = "../../docs/semantics.md"

// TestSemantics holds docs/semantics.md against what the binder makes of PostgreSQL's catalog. How many statements prove
// a line is of the last make golden: a new statement does not make the document stale.
func TestSemantics(t *testing.T) {
	t.Parallel()
	head, err := os.ReadFile("testdata/semantics.md")
	if err != nil {
		t.Fatal(err)
	}
	got := string(head) + semantics(t).Markdown()
	if *rewrite {
		if err := os.WriteFile(semanticsPath, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(semanticsPath)
	if err != nil {
		t.Fatal(err)
	}
	count := regexp.MustCompile(`\| \d+ \|\n`)
	if diff := cmp.Diff(count.ReplaceAllString(string(want), "|\n"), count.ReplaceAllString(got, "|\n")); diff != "" {
		t.Errorf("docs/semantics.md is stale, run make golden (-document +now):\n%s", diff)
	}
}

func semantics(t *testing.T) *surface.Document {
	t.Helper()
	dsn := startPostgres(t)
	postgres := testkit.Dial(t, dsn)
	for _, name := range []string{"values", "edge", "shop"} {
		text, err := os.ReadFile("testdata/fixture/" + name + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		must(t, postgres, string(text))
	}
	must(t, postgres, weblogs.Tables)
	must(t, postgres, tpch.Schema)
	types, findings := surveyed(t, postgres)
	d := &surface.Document{Findings: findings, Answered: map[uint32]bool{}}
	for _, typ := range types {
		d.Answered[typ.OID] = true
	}
	catalog, err := surface.ReadCatalog(t.Context(), postgres)
	if err != nil {
		t.Fatal(err)
	}
	d.Types = catalog.SortedTypes()
	if d.Proofs, err = surface.NewProofs(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/*/*.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(files, "../tpch/queries.test") {
		proveBy(t, d, f)
	}
	return d
}

// proveBy counts what the statements of a script use, and lists what it refuses.
func proveBy(t *testing.T, d *surface.Document, file string) {
	t.Helper()
	statements, err := script.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		switch {
		case s.Set:
		case s.Reason != "":
			d.Refusals = append(d.Refusals, fmt.Sprintf("%s: `%s`", s.Reason, strings.ReplaceAll(s.Text, "\n\t", " ")))
		default:
			if err := d.Proofs.Count(t.Context(), s.Text); err != nil {
				t.Fatal(err)
			}
			d.Statements++
		}
	}
}
