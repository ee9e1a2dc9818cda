package doccheck

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// root is the top of the repository.
const root = "../.."

// layout are the top-level names of the repository: a word in a document that begins with one is a path. They are
// listed, so that a document that speaks of a folder that is not there is found too.
func layout() []string {
	return []string{
		"bench", "catalog", "cmd", "docs", "etl", "examples", "gateway", "internal", "router", "sql", "test", ".ci",
		".golangci.yml", ".gitignore", "CONTRIBUTING.md", "Makefile", "README.md", "go.mod", "go.sum",
	}
}

// TestDocsNameWhatExists reads every document and looks for every path it names: targets of links, from the
// document's folder, and words in backquotes that begin at the top of the repository.
func TestDocsNameWhatExists(t *testing.T) {
	t.Parallel()
	documents := documents(t)
	if len(documents) < 5 {
		t.Fatalf("found %d documents only: %q", len(documents), documents)
	}
	for _, name := range documents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range mentions(string(text), path.Dir(name)) {
				if !exists(m.path) {
					t.Errorf("%s:%d: %s does not exist", name, m.line, m.path)
				}
			}
		})
	}
}

// documents gives the Markdown files of the repository, from its top.
func documents(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() && name != root && (strings.HasPrefix(base, ".") || base == "testdata" || base == "tidegate-data" || base == "bin") {
			return fs.SkipDir
		}
		if strings.HasSuffix(base, ".md") {
			rel, err := filepath.Rel(root, name)
			if err != nil {
				return err
			}
			names = append(names, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// mention is a path in a document, from the top of the repository.
type mention struct {
	line int
	path string
}

// mentions finds the paths in a document of the folder dir. Lines between ``` fences and indented code are taken
// like any other text, but only backquotes and links count.
func mentions(text, dir string) []mention {
	var found []mention
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	quoted := regexp.MustCompile("`([^`]+)`")
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target != "" && !strings.Contains(target, ":") {
				found = append(found, mention{n, path.Join(dir, target)})
			}
		}
		for _, m := range quoted.FindAllStringSubmatch(line, -1) {
			if p, ok := pathIn(m[1]); ok {
				found = append(found, mention{n, p})
			}
		}
	}
	return found
}

// pathIn tells whether a quoted word is a path of the repository. An identifier of a package, like catalog.Store
// or internal/engine.Engine, is not.
func pathIn(word string) (string, bool) {
	if strings.ContainsAny(word, " <>{}$=:\t") || strings.Contains(word, "…") {
		return "", false
	}
	top, rest, below := strings.Cut(word, "/")
	if !slices.Contains(layout(), top) || !below && !strings.Contains(top, ".") && top != "Makefile" {
		return "", false
	}
	if _, name, ok := strings.Cut(path.Base(rest), "."); ok && name != "" && name[0] >= 'A' && name[0] <= 'Z' {
		return "", false
	}
	return strings.TrimSuffix(word, "/"), true
}

// exists looks for a path, which may hold a pattern.
func exists(name string) bool {
	found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(name)))
	return err == nil && len(found) > 0
}

func TestMentions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, dir string
		want            []string
	}{
		{"link from its folder", "see [x](formats.md#paths)", "docs", []string{"docs/formats.md"}},
		{"link upwards", "see [x](../etl/etl.go)", "docs", []string{"etl/etl.go"}},
		{"link elsewhere", "see [x](https://www.postgresql.org/docs/) and [y](#here)", "docs", nil},
		{"quoted path", "`internal/nowhere/` and `Makefile`", "docs", []string{"internal/nowhere", "Makefile"}},
		{"folder that is not there", "`bench/x.go`", ".", []string{"bench/x.go"}},
		{"pattern", "`catalog/*.go`", ".", []string{"catalog/*.go"}},
		{"identifier", "`internal/engine.Engine`, `catalog.Store`, `sql`", ".", nil},
		{"path of the lake", "`_commits/web.events/x.json`, `etl/<table>`", ".", nil},
		{"command", "`etl run --once`", ".", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, m := range mentions(c.text, c.dir) {
				got = append(got, m.path)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("mentions (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExists(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"Makefile": true, "catalog/*.go": true, "catalog/nowhere.go": false, "catalog/*.nothing": false} {
		if got := exists(name); got != want {
			t.Errorf("exists(%q) = %t, want %t", name, got, want)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); errors.Is(err, fs.ErrNotExist) {
		t.Error(fmt.Errorf("root is not the top of the repository: %w", err))
	}
}
