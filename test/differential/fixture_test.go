package differential

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
	"tidegate/test/program"
	"tidegate/test/weblogs"
)

// sides are Tidegate and PostgreSQL with the same rows in the same tables.
type sides struct {
	postgresDSN, gateURL string
}

// startSides serves the fixture of testdata/fixture and the demo's tables.
func startSides(t *testing.T, config string) *sides {
	t.Helper()
	s := serveLake(t, config, func(l *lake) {
		weblogs.LayOut(t, l.dir)
		for _, name := range []string{"values", "edge", "shop"} {
			text, err := os.ReadFile("testdata/fixture/" + name + ".sql")
			if err != nil {
				t.Fatal(err)
			}
			must(t, l.postgres, string(text))
		}
	})
	weblogs.Copy(t, testkit.Dial(t, s.gateURL), testkit.Dial(t, s.postgresDSN))
	return s
}

// serveLake makes tables in schema public of a PostgreSQL, exports their rows into a lake, and serves that. The hot store
// is embedded.
func serveLake(t *testing.T, config string, makeTables func(*lake)) *sides {
	t.Helper()
	binary, err := program.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &sides{postgresDSN: startPostgres(t)}
	l := &lake{dir: t.TempDir(), postgres: testkit.Dial(t, s.postgresDSN), duck: openDuck(t)}
	writeFile(t, filepath.Join(l.dir, "tidegate.yml"), config)
	makeTables(l)
	tables := must(t, l.postgres, "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1")
	for _, row := range tables.rows {
		l.export(t, row[0])
	}
	if code, out, errs := program.Run(t, binary, l.dir, nil, "etl", "run"); code != 0 || strings.Contains(errs, `records rejected","pipeline":"public`) {
		t.Fatalf("load the lake: exit %d\n%s%s", code, out, errs)
	}
	s.gateURL = program.Start(t, binary, l.dir, "serve").URL
	return s
}

// startPostgres starts a PostgreSQL whose database and user are named as Tidegate's.
func startPostgres(t *testing.T) (dsn string) {
	t.Helper()
	cluster := testkit.Postgres(t)
	must(t, testkit.Dial(t, cluster.DSN()), "create role demo superuser login")
	must(t, testkit.Dial(t, cluster.DSN()), "create database tidegate owner demo")
	return strings.NewReplacer("user=postgres", "user=demo", "dbname=postgres", "dbname=tidegate").Replace(cluster.DSN())
}

// must runs what cannot fail.
func must(t *testing.T, c *pgconn.PgConn, text string) *answer {
	t.Helper()
	a, err := ask(t.Context(), c, text)
	if err != nil || a.code != "" {
		t.Fatalf("%.300s: %v %s", text, err, a.message)
	}
	return a
}
