package differential

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"tidegate/internal/testkit"
	"tidegate/test/differential/random"
	"tidegate/test/differential/script"
	"tidegate/test/differential/surface"
)

var (
	randomCount = flag.Int("random", 25, "random queries that both sides must answer; make differential takes N")
	randomSeed  = flag.Uint64("seed", 5, "the same seed gives the same random queries")
)

// maxShrunk bounds how many wrong answers are made small and reported; beyond they are only counted.
const maxShrunk = 40

// TestRandom compares random queries until -random of them were executed on both sides. A wrong answer is made small
// and kept in testdata/found. Not more than 3 of 100 may be refused.
func TestRandom(t *testing.T) {
	t.Parallel()
	s := startSides(t, "")
	types, findings := surveyed(t, testkit.Dial(t, s.postgresDSN))
	tables := fixtureTables(t, testkit.Dial(t, s.postgresDSN))
	c := &campaign{statements: *randomCount, tables: tables}
	var workers sync.WaitGroup
	for w := range 2 {
		r := s.connect(t)
		must(t, r.postgres, "set statement_timeout = '20s'")
		g := random.New(*randomSeed*2+uint64(w), tables, types, findings)
		workers.Go(func() {
			for c.goesOn() {
				c.try(t, r, g.Query())
			}
		})
	}
	workers.Wait()
	t.Logf("seed %d: %d executed: %d equal (%d of them errors), %d different; %d refused", *randomSeed, c.equal+c.different, c.equal, c.errors, c.different, c.refused)
	for reason, n := range c.reasons {
		t.Logf("refused %d times: %s", n, reason)
	}
	if c.equal+c.different < *randomCount {
		t.Errorf("only %d of %d were executed", c.equal+c.different, *randomCount)
	}
	if all := c.equal + c.different + c.refused; c.refused*100 > 3*all {
		t.Errorf("%d of %d are refused, more than 3 of 100", c.refused, all)
	}
}

// surveyed gives what the binder supports.
func surveyed(t *testing.T, postgres *pgconn.PgConn) ([]surface.Type, []*surface.Finding) {
	t.Helper()
	catalog, err := surface.ReadCatalog(t.Context(), postgres)
	if err != nil {
		t.Fatal(err)
	}
	p := surface.NewProber(catalog)
	var findings []*surface.Finding
	for _, e := range catalog.Entries {
		findings = append(findings, p.Probe(e))
	}
	return p.Types(), findings
}

// fixtureTables gives the tables of schema public, v first.
func fixtureTables(t *testing.T, postgres *pgconn.PgConn) []random.Table {
	t.Helper()
	unique := map[string]string{"v": "id", "edge": "id", "visit": "id", "site": "id", "forever": "id", "blob": "id"}
	var tables []random.Table
	rows := must(t, postgres, `select relname, attname, atttypid from pg_class c join pg_attribute a on a.attrelid = c.oid
		where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 order by relname <> 'v', relname, attnum`).rows
	for _, row := range rows {
		if n := len(tables); n == 0 || tables[n-1].Name != row[0] {
			tables = append(tables, random.Table{Name: row[0], Unique: unique[row[0]]})
		}
		var typ uint32
		if _, err := fmt.Sscan(row[2], &typ); err != nil {
			t.Fatal(err)
		}
		last := &tables[len(tables)-1]
		last.Columns = append(last.Columns, random.Column{Name: row[1], Type: typ})
	}
	return tables
}

// campaign counts what came of random queries.
type campaign struct {
	statements int
	tables     []random.Table

	mu                                sync.Mutex
	equal, errors, refused, different int            // guarded by mu
	reasons                           map[string]int // guarded by mu; of what is refused
}

func (c *campaign) goesOn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.equal+c.different < c.statements && c.refused < c.statements/2+100
}

// verdict is what comparing one query found.
type verdict struct {
	different string // what differs, "" if nothing does
	refused   string // why, "" if it is not
	fails     bool   // on both sides
}

// verdict compares. Of a lazy query an error may come on one side only.
func (c *campaign) verdict(t *testing.T, r *referee, random *random.Query) verdict {
	t.Helper()
	q := random.Statement()
	want := r.askPostgres(t, q)
	for i, way := range waysOf(q) {
		got := r.askGate(t, q, way)
		switch {
		case got.code == "0A000" && want.code != "0A000":
			return verdict{refused: got.message}
		case i > 0 && got.code == "55000" && strings.Contains(got.message, "the hot store cannot answer"):
			continue
		case (isEvaluation(want.code) || want.code == "0A000") && isEvaluation(got.code), random.Lazy && (isEvaluation(want.code) && got.code == "" || isEvaluation(got.code) && want.code == ""):
			continue // which of two failing expressions is met first is nobody's promise
		}
		d := difference(q, want, got)
		if d != "" && want.code == "" && got.code == "" && !slices.Equal(want.typmods, got.typmods) {
			d = r.asDescribed(t, q, want, got)
		}
		w, g := want, got
		if d != "" && random.AnyScale {
			w, g = byValue(want), byValue(got)
			d = difference(q, w, g)
		}
		if d != "" && q.Tolerance {
			d = r.inAnyOrder(t, c.tables, random, w, g)
		}
		if d != "" {
			return verdict{different: d + way}
		}
	}
	return verdict{fails: want.code != ""}
}

// asDescribed compares with the type modifiers that PostgreSQL tells before it plans: planning leaves arguments out
// that are NULL, and with them what made a modifier unknown.
func (r *referee) asDescribed(t *testing.T, q *script.Statement, want, got *answer) string {
	t.Helper()
	description, err := r.postgres.Prepare(t.Context(), "", q.Text, nil)
	if err != nil {
		t.Fatalf("%s: PostgreSQL: %v", q.Text, err)
	}
	described := *want
	described.typmods = nil
	for _, f := range description.Fields {
		described.typmods = append(described.typmods, f.TypeModifier)
	}
	return difference(q, &described, got)
}

// byValue writes numerics without the zeros at their end, and the two zeros of floats as one.
func byValue(a *answer) *answer {
	b := *a
	b.rows = nil
	for _, row := range a.rows {
		row = slices.Clone(row)
		for i := range row {
			if isReal(a.types[i]) && row[i] == "-0" {
				row[i] = "0"
			}
			if a.types[i] == pgtype.NumericOID && strings.Contains(row[i], ".") {
				row[i] = strings.TrimRight(strings.TrimRight(row[i], "0"), ".")
			}
		}
		b.rows = append(b.rows, row)
	}
	return &b
}

// kind is a difference without its values: what shrinking must not change.
func (v verdict) kind() string {
	first, _, _ := strings.Cut(v.different, "[")
	if strings.HasPrefix(first, "row ") {
		return "row"
	}
	return parenthesised.ReplaceAllString(first, "")
}

var parenthesised = regexp.MustCompile(`\(.*?\)|at \d+|\d+ rows.*`)

// isEvaluation tells whether an error is of a value: class 22, or 54 of a result that is too large.
func isEvaluation(code string) bool {
	return strings.HasPrefix(code, "22") || strings.HasPrefix(code, "54")
}

func (c *campaign) try(t *testing.T, r *referee, q *random.Query) {
	t.Helper()
	v := c.verdict(t, r, q)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case v.refused != "":
		c.refused++
		if c.reasons == nil {
			c.reasons = map[string]int{}
		}
		c.reasons[v.refused]++
		return
	case v.different == "":
		c.equal++
		if v.fails {
			c.errors++
		}
		return
	}
	c.different++
	if c.different > maxShrunk {
		t.Errorf("%s\n%s", q.Text(), v.different)
		return
	}
	kind := v.kind()
	q.Shrink(300, func(string) bool {
		smaller := c.verdict(t, r, q)
		if smaller.different == "" || smaller.kind() != kind {
			return false
		}
		v = smaller
		return true
	})
	t.Errorf("%s\n%s", q.Text(), v.different)
	keep(t, q)
}

// keep appends a query to the scripts of testdata/found.
func keep(t *testing.T, q *random.Query) {
	t.Helper()
	path := filepath.Join("testdata", "found", "random.test")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	line := q.Text() + "\n"
	if strings.Contains("\n"+string(before), "\n"+line) {
		return
	}
	if q.Tolerance {
		line = "# tolerance\n" + line
	}
	if err := os.WriteFile(path, append(before, line...), 0o644); err != nil {
		t.Fatal(err)
	}
}
