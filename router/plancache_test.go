package router

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/sql"
)

// Literals and others of their type, which prove something else.
var (
	dateLiteral = regexp.MustCompile(`'2018-[^']*'`)
	textLiteral = regexp.MustCompile(`'[^'0-9]*'`)
	numbers     = regexp.MustCompile(`([=<>] *)([0-9]+)\b`)
)

// checkRecalled has the plan cache learn the statement with other literals, and then plans it from there: everything
// must be as without.
func (f *planFixture) checkRecalled(t *testing.T, text string, req Request, want string) {
	t.Helper()
	other := dateLiteral.ReplaceAllString(text, "'2018-02-07 13:00'")
	other = textLiteral.ReplaceAllString(other, "'nothing'")
	other = numbers.ReplaceAllString(other, "${1}77")
	for range 3 {
		statements, err := sql.Parse(other)
		if err != nil {
			return
		}
		if _, err := f.router.Bind(t.Context(), req.Generation, statements[0], planEnv()); err != nil {
			return
		}
	}
	st, q, ok := f.router.Recall(t.Context(), req.Generation, text, planEnv())
	if !ok {
		return
	}
	f.recalled++
	req.Statement, req.Query = st, q
	if got := f.tell(f.router.Plan(t.Context(), req)); got != want {
		t.Errorf("%s: the plan is\n%s\nfrom the cache\n%s", text, want, got)
	}
}

// TestPlanCacheKeys sends texts that look alike and must not share a plan.
func TestPlanCacheKeys(t *testing.T) {
	t.Parallel()
	f := &planFixture{}
	f.catalogHistory = catalogHistory{parseCatalog(t, "table public.t a:int b:bigint c:text\nfile public.t b1 p rows=10 a=1..9")}
	f.router = New(Options{Views: f, Pins: noPins{}, Cold: noEngine("cold"), LocalPath: func(f engine.ScanFile) string { return f.Key }})
	env := planEnv()
	bind := func(text string) *sql.Query {
		statements, err := sql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		q, err := f.router.Bind(t.Context(), 0, statements[0], env)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return q
	}
	const learned = "select a, 5 as n from t where a = 5 and b < 9 order by 1 limit 5"
	bind(learned)
	if _, _, ok := f.router.Recall(t.Context(), 0, learned, env); ok {
		t.Error("a text that came once is in the cache")
	}
	bind(learned)
	for text, want := range map[string]bool{
		learned: true,
		"select a, 5 as n from t where a = 6 and b < 10 order by 1 limit 5":                             true,
		"select a, 5 as n from t /* why */ where a = 7 and b < 8 order by 1 limit 5":                    true,
		"select a, 5 as n from t where a = 5 and b < 9 order by 1 limit 6":                              false,
		"select a, 6 as n from t where a = 5 and b < 9 order by 1 limit 5":                              false,
		"select a, 5 as n from t where a = 5 and b < 9 order by 2 limit 5":                              false,
		"select a, 5 as n from t where a = 5.0 and b < 9 order by 1 limit 5":                            false,
		"select a, 5 as n from t where a = '5' and b < 9 order by 1 limit 5":                            false,
		"select a, 5 as n from t where a = 5e0 and b < 9 order by 1 limit 5":                            false,
		"select a, 5 as n from t where a = 5 and b < 99999999999 order by 1 limit 5":                    false,
		"select a, 5 as n from t where a = -5 and b < 9 order by 1 limit 5":                             false,
		"select a, 5 as n from t where a = null and b < 9 order by 1 limit 5":                           false,
		"select a, 5 as n from t where a = 5 and b < 9 order by 1 limit 5;":                             false, // it could be, and is another text
		"select /*+ tidegate engine(cold) */ a, 5 as n from t where a = 5 and b < 9 order by 1 limit 5": false,
	} {
		if _, _, ok := f.router.Recall(t.Context(), 0, text, env); ok != want {
			t.Errorf("%s: recalled %t, want %t", text, ok, want)
		}
	}
	for name, other := range map[string]func(e *sql.Env){
		"zone":        func(e *sql.Env) { e.Zone = berlin(t) },
		"search path": func(e *sql.Env) { e.SearchPath = []string{"web", "public"} },
		"parameters":  func(e *sql.Env) { e.ParamTypes = append(e.ParamTypes, 23) },
	} {
		e := env
		other(&e)
		if _, _, ok := f.router.Recall(t.Context(), 0, learned, e); ok {
			t.Errorf("another %s is another plan", name)
		}
	}
	hits, misses := f.router.PlanCacheHits()
	if hits != 3 || misses != 15 {
		t.Errorf("%d hits and %d misses were counted", hits, misses)
	}
}

// TestPlanCacheIsBounded learns more text than it may keep.
func TestPlanCacheIsBounded(t *testing.T) {
	t.Parallel()
	f := &planFixture{}
	f.catalogHistory = catalogHistory{parseCatalog(t, "table public.t a:int\nfile public.t b1 p rows=10 a=1..9")}
	f.router = New(Options{Views: f, Pins: noPins{}, Cold: noEngine("cold"), LocalPath: func(f engine.ScanFile) string { return f.Key }})
	long := strings.Repeat("x", 8<<10)
	learned := 0
	for i := range 60 {
		text := fmt.Sprintf("select a, '%s%d' as x from t where a = 1", long, i)
		for range 2 {
			statements, err := sql.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.router.Bind(t.Context(), 0, statements[0], planEnv()); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, ok := f.router.Recall(t.Context(), 0, text, planEnv()); ok {
			learned++
		}
	}
	f.router.plans.templates.CleanUp()
	if n := f.router.plans.templates.WeightedSize(); n > keptTemplates || learned < 20 {
		t.Errorf("%d bytes of text are kept of %d statements, at most %d", n, learned, keptTemplates)
	}
}

func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestPlanCacheFollowsTheCatalog changes what names mean under a plan.
func TestPlanCacheFollowsTheCatalog(t *testing.T) {
	t.Parallel()
	f := &planFixture{}
	f.catalogHistory = catalogHistory{parseCatalog(t, "table public.t a:int\nfile public.t b1 p rows=10 a=1..9")}
	f.router = New(Options{Views: f, Pins: noPins{}, Cold: noEngine("cold"), LocalPath: func(f engine.ScanFile) string { return f.Key }})
	env := planEnv()
	env.SearchPath = []string{"web", "public"}
	const text = "select * from t where a = 1"
	for range 2 {
		statements, err := sql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.router.Bind(t.Context(), 0, statements[0], env); err != nil {
			t.Fatal(err)
		}
	}
	if _, q, ok := f.router.Recall(t.Context(), 0, text, env); !ok || q.Uses[0].Relation.Name.Schema != "public" {
		t.Fatal("the statement is not known")
	}
	// A relation of a schema that comes first, of the same definition and without a newer schema generation.
	view := f.catalogHistory[0]
	name := catalog.Name{Schema: "web", Table: "t"}
	moved := *view.Tables[catalog.Name{Schema: "public", Table: "t"}]
	table := *moved.Table
	table.Name = name
	moved.Table = &table
	view.Tables[name] = &moved
	if _, _, ok := f.router.Recall(t.Context(), 0, text, env); ok {
		t.Error("the plan reads a table that another one hides now")
	}
	delete(view.Tables, name)
	if _, _, ok := f.router.Recall(t.Context(), 0, text, env); !ok {
		t.Error("the statement is forgotten")
	}
	view.SchemaGeneration++
	if _, _, ok := f.router.Recall(t.Context(), 0, text, env); ok {
		t.Error("the plan is older than its table's definition")
	}
}

// TestPlanOfAKey sees which statements leave the choice of a plan for any values to the hot store.
func TestPlanOfAKey(t *testing.T) {
	t.Parallel()
	f := &planFixture{}
	f.catalogHistory = catalogHistory{parseCatalog(t, "table public.t a:int b:text c:int hot=a,b,c\nfile public.t b1 p rows=10 a=1..9\nhot public.t b1 p")}
	f.catalogHistory[0].Tables[catalog.Name{Schema: "public", Table: "t"}].Table.UniqueKey = []string{"a", "b"}
	f.router = New(Options{
		Views: f, Pins: noPins{}, Cold: noEngine("cold"), LocalPath: func(f engine.ScanFile) string { return f.Key },
		Hot: &Hot{Engine: noEngine("hot"), Table: func(n catalog.Name) string { return n.String() }, Postgres: true, Parameters: true},
	})
	for where, literals := range map[string]bool{
		"a = 5 and b = 'x'":           false,
		"b in ('x') and a = 5":        false,
		"a between 5 and 5 and b='x'": false,
		"a = 5":                       true,
		"a = 5 and b > 'x'":           true,
		"a in (5, 6) and b = 'x'":     true,
		"a = 5 or b = 'x'":            true,
		"c = 5":                       true,
	} {
		text := "select c from t where " + where
		for range 2 {
			statements, err := sql.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.router.Bind(t.Context(), 0, statements[0], planEnv()); err != nil {
				t.Fatal(err)
			}
		}
		st, q, ok := f.router.Recall(t.Context(), 0, text, planEnv())
		if !ok {
			t.Fatalf("%s is not known", text)
		}
		p, err := f.router.Plan(t.Context(), Request{Statement: st, Query: q, Latency: Interactive, MaxStaleness: -1})
		if err != nil {
			t.Fatal(err)
		}
		if p.Route != engine.RouteHot || p.Statement.Args == nil || p.Statement.Literals != literals {
			t.Errorf("%s: %s with %v, literals %t, want %t", text, p.Route, p.Statement.Args, p.Statement.Literals, literals)
		}
		p.Release()
	}
}
