package differential

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
	"tidegate/test/differential/script"
)

// statementTimeout is long for one statement, and short for somebody who waits.
const statementTimeout = 60 * time.Second

// TestScripts runs testdata/<theme>/*.test.
func TestScripts(t *testing.T) {
	t.Parallel()
	themes, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	var total tally
	s := startSides(t, "")
	for _, theme := range themes {
		files, err := filepath.Glob(filepath.Join("testdata", theme.Name(), "*.test"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			continue // the fixture
		}
		t.Run(theme.Name(), func(t *testing.T) {
			t.Parallel()
			var counts tally
			served := s
			if theme.Name() == "redshift" {
				served = startSides(t, "dialect: redshift\n")
			}
			r := served.connect(t)
			for _, f := range files {
				r.run(t, f, &counts)
			}
			t.Log(&counts)
			total.add(&counts)
		})
	}
	t.Cleanup(func() { t.Logf("all themes: %s", &total) })
}

// tally counts statements.
type tally struct {
	mu                        sync.Mutex
	equal, refused, different int      // guarded by mu
	reasons                   []string // guarded by mu; of what is refused
}

func (c *tally) add(d *tally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.equal, c.refused, c.different, c.reasons = c.equal+d.equal, c.refused+d.refused, c.different+d.different, append(c.reasons, d.reasons...)
}

func (c *tally) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := fmt.Sprintf("%d statements: %d equal, %d refused, %d different", c.equal+c.refused+c.different, c.equal, c.refused, c.different)
	return strings.Join(append([]string{text}, c.reasons...), "\n  refused: ")
}

// referee has a session of each side.
type referee struct {
	sides          *sides
	postgres, gate *pgconn.PgConn
	settings       []string // since the sessions began
}

func (s *sides) connect(t *testing.T) *referee {
	t.Helper()
	return &referee{sides: s, postgres: testkit.Dial(t, s.postgresDSN), gate: testkit.Dial(t, s.gateURL)}
}

func (r *referee) run(t *testing.T, file string, counts *tally) {
	t.Helper()
	statements, err := script.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	r.set(t, "set timezone = 'UTC'")
	for i, q := range statements {
		if q.Set {
			r.set(t, q.Text)
			continue
		}
		switch complaint := r.judge(t, q, i%3 == 0); {
		case complaint != "":
			counts.different++
			t.Errorf("%s: %s\n%s", q.At, q.Text, complaint)
		case q.Reason != "":
			counts.refused++
			counts.reasons = append(counts.reasons, fmt.Sprintf("%s: %s: %s", q.At, q.Text, q.Reason))
		default:
			counts.equal++
		}
	}
}

func (r *referee) set(t *testing.T, text string) {
	t.Helper()
	must(t, r.postgres, text)
	must(t, r.gate, text)
	r.settings = append(r.settings, text)
}

// The hints are behind the statement and of one length, so that the positions of errors are the same with each.
const (
	cold     = " /*+ tidegate engine(cold) */"
	hot      = " /*+ tidegate engine(hot)  */"
	unhinted = " /*  as the router likes   */"
)

// judge asks both sides and gives what is wrong, "" if nothing is.
func (r *referee) judge(t *testing.T, q *script.Statement, binary bool) string {
	t.Helper()
	if q.Reason != "" {
		if got := r.askGate(t, q, cold); got.code != "0A000" {
			return "is said to be refused, but: " + got.outcome()
		}
		return ""
	}
	want := r.askPostgres(t, q)
	for _, way := range waysOf(q) {
		got := r.askGate(t, q, way)
		if way == hot && got.code == "55000" && strings.Contains(got.message, "the hot store cannot answer") {
			continue // it names a column that is not hot
		}
		if complaint := difference(q, want, got); complaint != "" {
			return complaint + way
		}
	}
	if binary && !q.Tolerance && q.Parameters == nil && q.Postgres == "" {
		if complaint := difference(q, r.binary(t, r.postgres, q), r.binary(t, r.gate, q)); complaint != "" {
			return "in binary: " + complaint
		}
	}
	return ""
}

func waysOf(q *script.Statement) []string {
	if strings.Contains(strings.ToLower(q.Text), "from") {
		return []string{cold, hot, unhinted}
	}
	return []string{cold}
}

// lost is the code of an answer that did not come: the connection broke, or it took too long.
const lost = "lost"

func (r *referee) askPostgres(t *testing.T, q *script.Statement) *answer {
	t.Helper()
	asked := *q
	if q.Postgres != "" {
		asked.Text = q.Postgres
	}
	a := answerOf(t, r.postgres, &asked, cold)
	if a.code == lost {
		t.Fatalf("%s: %s: PostgreSQL: %s", q.At, q.Text, a.message)
	}
	return a
}

// askGate asks Tidegate. A session that is lost is replaced.
func (r *referee) askGate(t *testing.T, q *script.Statement, hint string) *answer {
	t.Helper()
	a := answerOf(t, r.gate, q, hint)
	if a.code == lost {
		r.gate = testkit.Dial(t, r.sides.gateURL)
		for _, text := range r.settings {
			must(t, r.gate, text)
		}
	}
	return a
}

func answerOf(t *testing.T, c *pgconn.PgConn, q *script.Statement, hint string) *answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), statementTimeout)
	defer cancel()
	var a *answer
	var err error
	if q.Parameters != nil {
		a, err = askPrepared(ctx, c, q.Text+hint, q.Parameters)
	} else {
		a, err = ask(ctx, c, q.Text+hint)
	}
	if err != nil {
		return &answer{code: lost, message: err.Error()}
	}
	return a
}

func (r *referee) binary(t *testing.T, c *pgconn.PgConn, q *script.Statement) *answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), statementTimeout)
	defer cancel()
	a, err := askExtended(ctx, c, q.Text+cold)
	if err != nil {
		t.Fatalf("%s: %s: the connection is lost: %v", q.At, q.Text, err)
	}
	return a
}
