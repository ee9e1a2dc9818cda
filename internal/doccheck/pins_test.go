package doccheck

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// TestPins finds modules that are pinned for later and in use by now.
func TestPins(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "internal/pins/pins.go"), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Imports) == 0 {
		t.Error("nothing is pinned: the package can go")
	}
	pkgs := list(t)
	for _, i := range f.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pkgs {
			if slices.Contains(slices.Concat(p.Imports, p.TestImports, p.XTestImports), name) {
				t.Errorf("%s is pinned, and %s imports it: its line in internal/pins can go", name, p.ImportPath)
			}
		}
	}
}
