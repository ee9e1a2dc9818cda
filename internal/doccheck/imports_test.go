package doccheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// module is what the import paths of this repository begin with.
const module = "tidegate/"

// rule says what the packages of an area may import from this repository, beside their own area and the leaves.
// Of the rules that fit a package the first one holds. A name ending in /... stands for everything below too.
type rule struct {
	area  string
	allow []string
	only  bool // not even the leaves: allow is everything
}

// leaves may be imported by everybody, for they import nothing but one another.
func leaves() []string {
	return []string{
		"internal/pgerr", "internal/pgtypes", "internal/logkey", "internal/hive", "internal/parquetfooter", "internal/pgnumeric", "internal/pgjson",
		"internal/pgctype", "internal/pgtext", "internal/pgregex", "internal/pgtime", "internal/pgformat", "internal/pgfloat", "internal/redshift",
		"internal/rawio", "internal/pgcopy", "internal/pgencoding",
	}
}

func rules() []rule {
	return []rule{
		{area: "cmd/...", allow: []string{"..."}},
		{area: "test/...", allow: []string{"..."}},
		{area: "examples/...", only: true},
		{area: "bench/...", allow: []string{"..."}},
		{area: "internal/doccheck/...", only: true},
		{area: "internal/demo/...", only: true},
		{area: "internal/yamlfile/...", only: true},
		{area: "internal/testkit/..."},
		{area: "internal/warehouse/...", allow: []string{"internal/engine", "internal/storage", "gateway/encode"}},
		{area: "internal/logkey/...", only: true},
		{area: "internal/hive/...", only: true},
		{area: "internal/parquetfooter/...", only: true},
		{area: "internal/pgerr/...", only: true},
		{area: "internal/pgtypes/...", allow: []string{"internal/pgerr", "internal/pgfloat"}, only: true},
		{area: "internal/pgtime/...", allow: []string{"internal/pgerr", "internal/pgtypes", "internal/pgnumeric"}, only: true},
		{area: "internal/pgformat/...", allow: []string{"internal/pgerr", "internal/pgtypes", "internal/pgtime", "internal/pgnumeric"}, only: true},
		{area: "internal/pgfloat/...", allow: []string{"internal/pgerr"}, only: true},
		{area: "internal/pgnumeric/...", allow: []string{"internal/pgerr", "internal/pgtypes", "internal/pgfloat"}, only: true},
		{area: "internal/pgctype/...", only: true},
		{area: "internal/redshift/...", allow: []string{"internal/pgerr", "internal/pgtypes"}, only: true},
		{area: "internal/pgregex/...", allow: []string{"internal/pgerr", "internal/pgctype"}, only: true},
		{area: "internal/pgtext/...", allow: []string{"internal/pgerr", "internal/pgctype", "internal/pgtypes"}, only: true},
		{area: "internal/pgjson/...", allow: []string{"internal/pgerr", "internal/pgtypes", "internal/pgnumeric"}, only: true},
		{area: "sql/..."},
		{area: "internal/engine/cold/...", allow: []string{"internal/engine", "internal/storage/colcache"}},
		{area: "internal/engine/..."},
		{area: "internal/awsconfig/...", only: true},
		{area: "internal/rawio/...", only: true},
		{area: "internal/pgencoding/...", allow: []string{"internal/pgerr"}, only: true},
		{area: "internal/pgcopy/...", allow: []string{"internal/pgerr", "internal/pgtypes"}, only: true},
		{area: "internal/storage/...", allow: []string{"internal/awsconfig"}},
		{area: "catalog/...", allow: []string{"internal/storage"}},
		{area: "gateway/...", allow: []string{"sql", "internal/engine", "internal/engine/spool"}},
		{area: "router/...", allow: []string{"sql", "catalog", "internal/engine", "internal/engine/parquetscan"}},
		{area: "etl/...", allow: []string{
			"sql", "catalog", "internal/engine", "internal/engine/parquetscan", "internal/storage", "internal/yamlfile",
		}},
	}
}

// pkg is what `go list -json` tells.
type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// TestImports asks go list for the imports of every package (tests left out: they may build whatever they need)
// and holds them against the rules.
func TestImports(t *testing.T) {
	t.Parallel()
	pkgs := list(t)
	if len(pkgs) < 10 {
		t.Fatalf("go list found %d packages only", len(pkgs))
	}
	for _, p := range pkgs {
		for _, complaint := range check(p, rules()) {
			t.Error(complaint)
		}
	}
}

func list(t *testing.T) []pkg {
	t.Helper()
	// -e: a package that does not compile has imports all the same.
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	var pkgs []pkg
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var p pkg
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return pkgs
		case err != nil:
			t.Fatalf("read the answer of go list: %v", err)
		}
		pkgs = append(pkgs, p)
	}
}

// check gives one complaint for every import that no rule allows.
func check(p pkg, rules []rule) []string {
	var complaints []string
	name := strings.TrimPrefix(p.ImportPath, module)
	i := slices.IndexFunc(rules, func(r rule) bool { return covers(r.area, name) })
	if i < 0 {
		return []string{name + ": no rule for this package; add one to rules()"}
	}
	for _, imported := range p.Imports {
		if strings.HasPrefix(imported, "github.com/duckdb/") && !covers("internal/engine/duck/...", name) {
			complaints = append(complaints, fmt.Sprintf("%s imports %s: libduckdb is linked by internal/engine/duck alone", name, imported))
		}
		if own, ok := strings.CutPrefix(imported, module); ok && !allowed(rules[i], own) {
			complaints = append(complaints, fmt.Sprintf("%s imports %s", name, own))
		}
	}
	return complaints
}

func allowed(r rule, imported string) bool {
	if imported == "internal/engine/duck" { // it links libduckdb: its siblings may not have it either
		return slices.Contains(r.allow, "...")
	}
	if covers(r.area, imported) || !r.only && slices.Contains(leaves(), imported) {
		return true
	}
	return slices.ContainsFunc(r.allow, func(a string) bool { return covers(a, imported) })
}

// covers tells whether a pattern, "a/b" or "a/b/...", holds a package.
func covers(pattern, name string) bool {
	area, below := strings.CutSuffix(pattern, "...")
	if !below {
		return name == pattern
	}
	return name == strings.TrimSuffix(area, "/") || strings.HasPrefix(name, area)
}

// TestCheck proves that the rules can fail.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		imports []string
		want    []string
	}{
		{"router", []string{"context", "tidegate/sql", "tidegate/catalog", "tidegate/internal/pgerr"}, nil},
		{"router", []string{"tidegate/gateway"}, []string{"router imports gateway"}},
		{"router", []string{"tidegate/internal/engine/duck"}, []string{"router imports internal/engine/duck"}},
		{"sql", []string{"tidegate/router"}, []string{"sql imports router"}},
		{"internal/pgerr", []string{"tidegate/internal/pgtypes"}, []string{"internal/pgerr imports internal/pgtypes"}},
		{"etl/raw", []string{"tidegate/etl/pipeline", "tidegate/internal/storage"}, nil},
		{"etl", []string{"tidegate/internal/storage/file"}, []string{"etl imports internal/storage/file"}},
		{"catalog/sqlite", []string{"tidegate/catalog", "tidegate/sql"}, []string{"catalog/sqlite imports sql"}},
		{"cmd/tidegate", []string{"tidegate/router", "tidegate/gateway", "tidegate/internal/engine/duck"}, nil},
		{
			"etl",
			[]string{"github.com/duckdb/duckdb-go-bindings"},
			[]string{"etl imports github.com/duckdb/duckdb-go-bindings: libduckdb is linked by internal/engine/duck alone"},
		},
		{"internal/engine/duck", []string{"github.com/duckdb/duckdb-go-bindings", "tidegate/internal/engine"}, nil},
		{"internal/engine/parquetscan", []string{"tidegate/internal/engine/duck"}, []string{"internal/engine/parquetscan imports internal/engine/duck"}},
		{"somewhere", nil, []string{"somewhere: no rule for this package; add one to rules()"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := check(pkg{ImportPath: module + c.name, Imports: c.imports}, rules())
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("complaints (-want +got):\n%s", diff)
			}
		})
	}
}
