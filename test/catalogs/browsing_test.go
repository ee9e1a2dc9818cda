package catalogs

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
	"tidegate/test/corpus"
	"tidegate/test/program"
)

var rewrite = flag.Bool("rewrite", false, "write down what PostgreSQL answers to the statements of testdata/browsing")

// TestBrowsing asks what clients that are not run here ask when they connect and browse. Each file of testdata/browsing has
// the statements of one client as a corpus; a statement is answered as PostgreSQL does, values and all, or says why not.
func TestBrowsing(t *testing.T) {
	t.Parallel()
	s := serveAlike(t)
	files, err := filepath.Glob("testdata/browsing/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	equal, different := 0, 0
	for _, file := range files {
		statements := readStatements(t, file)
		for _, c := range []*pgconn.PgConn{s.gateway, s.postgres} {
			run(t, c, "set search_path to public")
		}
		for i := range statements {
			st := &statements[i]
			if *rewrite {
				st.Results = corpus.Record(t, s.postgres, st)
			} else if why := corpus.Replay(t, s.postgres, st); why != "" {
				t.Errorf("%s: PostgreSQL itself answers otherwise than is recorded: %s\n%s", st.Client, why, st.SQL)
			}
			want, got := ask(t, s.postgres, st.SQL), ask(t, s.gateway, st.SQL)
			diff := cmp.Diff(want, got)
			if diff != "" {
				diff = cmp.Diff(s.told(want), got)
			}
			switch {
			case diff != "" && st.Differs == "":
				t.Errorf("%s: %s (-PostgreSQL +gateway):\n%.3000s", st.Client, st.SQL, diff)
			case diff == "" && st.Differs != "":
				t.Errorf("%s: answered as PostgreSQL does, though it differs because %s\n%s", st.Client, st.Differs, st.SQL)
			case diff == "":
				equal++
			default:
				different++
			}
		}
		if *rewrite {
			writeStatements(t, file, statements)
		}
	}
	t.Logf("%d statements answered as PostgreSQL does, %d otherwise for a reason", equal, different)
}

// serveAlike serves the objects of a warehouse whose database, owner and user are called as the gateway's are.
func serveAlike(t *testing.T) sides {
	t.Helper()
	binary, err := program.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cluster := testkit.Postgres(t)
	run(t, testkit.Dial(t, cluster.DSN()), "create role tidegate superuser login")
	run(t, testkit.Dial(t, cluster.DSN()), "create database tidegate owner tidegate")
	dsn := strings.NewReplacer("user=postgres", "user=tidegate", "dbname=postgres", "dbname=tidegate").Replace(cluster.DSN())
	postgres := testkit.Dial(t, dsn)
	run(t, postgres, "alter role postgres nosuperuser; drop extension plpgsql; "+objects)
	url := strings.Replace(program.ServeOver(t, binary, dsn).URL, "demo@", "tidegate@", 1)
	return sides{testkit.Dial(t, url), postgres}
}

func run(t *testing.T, c *pgconn.PgConn, text string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), text).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

func readStatements(t *testing.T, file string) (statements []corpus.Statement) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &statements); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return statements
}

func writeStatements(t *testing.T, file string, statements []corpus.Statement) {
	t.Helper()
	lines := make([]string, len(statements))
	for i, s := range statements {
		line, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = string(line)
	}
	if err := os.WriteFile(file, []byte("[\n"+strings.Join(lines, ",\n")+"\n]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
