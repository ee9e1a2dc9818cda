package differential

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/examples"
	"tidegate/internal/demo"
	"tidegate/internal/engine/duck"
	"tidegate/internal/testkit"
	"tidegate/test/program"
)

// sides are Tidegate and PostgreSQL with the same rows in the same tables.
type sides struct {
	postgresDSN, gateURL string
}

// startSides makes the fixture in PostgreSQL, exports its rows into a lake, and serves that. The hot store is embedded.
func startSides(t *testing.T) *sides {
	t.Helper()
	binary, err := program.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &sides{postgresDSN: startPostgres(t)}
	dir := t.TempDir()
	layOutDemo(t, dir)
	l := &lake{dir: dir, postgres: dial(t, s.postgresDSN), duck: openDuck(t)}
	for _, name := range []string{"values", "edge", "shop"} {
		script, err := os.ReadFile("testdata/fixture/" + name + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		must(t, l.postgres, string(script))
	}
	tables := must(t, l.postgres, "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1")
	for _, row := range tables.rows {
		l.export(t, row[0])
	}
	if code, out, errs := program.Run(t, binary, dir, nil, "etl", "run"); code != 0 || strings.Contains(errs, "records rejected\",\"pipeline\":\"public") {
		t.Fatalf("load the lake: exit %d\n%s%s", code, out, errs)
	}
	s.gateURL = program.Start(t, binary, dir, "serve").URL
	copyDemo(t, dial(t, s.gateURL), l.postgres)
	return s
}

// startPostgres starts a PostgreSQL whose database and user are named as Tidegate's.
func startPostgres(t *testing.T) (dsn string) {
	t.Helper()
	cluster := testkit.Postgres(t)
	must(t, dial(t, cluster.DSN()), "create role demo superuser login")
	must(t, dial(t, cluster.DSN()), "create database tidegate owner demo")
	return strings.NewReplacer("user=postgres", "user=demo", "dbname=postgres", "dbname=tidegate").Replace(cluster.DSN())
}

func dial(t *testing.T, url string) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return c
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

func openDuck(t *testing.T) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// lake is where tables of PostgreSQL become raw Parquet and pipelines that read it.
type lake struct {
	dir      string
	postgres *pgconn.PgConn
	duck     *duck.DB
}

// column is one of PostgreSQL's, with its type as format_type writes it.
type column struct{ name, declared string }

// export writes a table's rows as Parquet, and the pipeline that reads or adopts it.
func (l *lake) export(t *testing.T, table string) {
	t.Helper()
	var columns []column
	for _, row := range must(t, l.postgres, "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = '"+table+"'::regclass and attnum > 0 order by attnum").rows {
		columns = append(columns, column{row[0], row[1]})
	}
	var text bytes.Buffer
	if _, err := l.postgres.CopyTo(t.Context(), &text, "copy "+table+" to stdout (format csv, force_quote *)"); err != nil {
		t.Fatal(err)
	}
	csv, raw := filepath.Join(l.dir, table+".csv"), filepath.Join(l.dir, "raw", table)
	writeFile(t, csv, text.String())
	if err := os.MkdirAll(raw, 0o755); err != nil {
		t.Fatal(err)
	}
	var list, names, types []string
	for _, c := range columns {
		list, names = append(list, c.fromText()+" AS "+c.name), append(names, "'"+c.name+"': 'VARCHAR'")
		types = append(types, fmt.Sprintf("%s: %q", c.name, c.declared))
	}
	l.exec(t, fmt.Sprintf("COPY (SELECT %s FROM read_csv('%s', header=false, auto_detect=false, delim=',', quote='\"', escape='\"', "+
		"nullstr='', allow_quoted_nulls=false, columns={%s})) TO '%s/0.parquet' (FORMAT parquet)", strings.Join(list, ", "), csv, strings.Join(names, ", "), raw))
	if table == "forever" || table == "blob" { // what they have is not for pipelines
		writeFile(t, filepath.Join(l.dir, "pipelines/public", table+".yml"), fmt.Sprintf("table: public.%s\nadopt: { cold: \"file:./raw/%s\" }\n", table, table))
		return
	}
	l.pipeline(t, table, columns, types)
}

func (l *lake) pipeline(t *testing.T, table string, columns []column, types []string) {
	t.Helper()
	var names, varchars []string
	for _, c := range columns {
		names = append(names, c.name)
		if strings.HasPrefix(c.declared, "character varying(") {
			varchars = append(varchars, fmt.Sprintf("  - { name: %s, type: %q }\n", c.name, c.declared))
		}
	}
	yml := fmt.Sprintf("table: public.%s\nsource: { location: \"file:./raw/%s\", format: parquet }\nfields: { %s }\n", table, table, strings.Join(types, ", "))
	if slices.Contains(names, "dt") {
		yml += "partition_by: [dt]\n"
	}
	yml += "hot: { columns: [" + strings.Join(names, ", ") + "] }\n"
	if len(varchars) > 0 {
		yml += "columns:\n" + strings.Join(varchars, "")
	}
	writeFile(t, filepath.Join(l.dir, "pipelines/public", table+".yml"), yml)
	writeFile(t, filepath.Join(l.dir, "pipelines/public", table+".sql"), "select "+strings.Join(names, ", ")+" from source\n")
}

// fromText is DuckDB's expression for a value whose PostgreSQL text is in the column of the same name.
func (c column) fromText() string {
	switch {
	case strings.HasPrefix(c.declared, "timestamp"), c.declared == "date":
		to := map[bool]string{true: "TIMESTAMPTZ", false: "TIMESTAMP"}[strings.HasSuffix(c.declared, "with time zone")]
		if c.declared == "date" {
			to = "DATE"
		}
		return fmt.Sprintf(`CAST(regexp_replace(%s, '^(\S+)(.*) BC$', '\1 (BC)\2') AS %s)`, c.name, to)
	case c.declared == "bytea":
		return "unhex(substr(" + c.name + ", 3))"
	case strings.HasPrefix(c.declared, "character varying"), c.declared == "text":
		return c.name
	}
	return "CAST(" + c.name + " AS " + c.declared + ")"
}

func (l *lake) exec(t *testing.T, text string) {
	t.Helper()
	session, err := l.duck.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	if _, err := session.Exec(t.Context(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// layOutDemo writes the demo's raw logs and its pipelines.
func layOutDemo(t *testing.T, dir string) {
	t.Helper()
	if _, err := demo.Generate(t.Context(), filepath.Join(dir, "tidegate-data/raw/web"), demo.Options{Seed: 1, Days: 14, Sites: 20, Records: 20000}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"events", "site_daily"} {
		for _, ending := range []string{".sql", ".yml"} {
			data, err := examples.Web.ReadFile("web/pipelines/web/" + name + ending)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, "pipelines/web", name+ending), string(data))
		}
	}
}

const demoTables = `create schema web;
create table web.events (event_id text, ts timestamptz, site_id int, domain text, path varchar, user_id text,
	referrer text, user_agent text, load_ms int, query text, experiment text, dt text);
create table web.site_daily (dt text, site_id int, pv bigint, uu bigint, timed bigint, load_ms_sum bigint)`

// copyDemo fills PostgreSQL with what the pipelines made of the demo's logs.
func copyDemo(t *testing.T, gate, postgres *pgconn.PgConn) {
	t.Helper()
	must(t, postgres, demoTables)
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`)
	for _, table := range []string{"web.events", "web.site_daily"} {
		var text bytes.Buffer
		for _, row := range must(t, gate, "/*+ tidegate engine(cold) */ select * from "+table).rows {
			for i, cell := range row {
				if i > 0 {
					text.WriteByte('\t')
				}
				if cell == null {
					text.WriteString(`\N`)
				} else {
					text.WriteString(escape.Replace(cell))
				}
			}
			text.WriteByte('\n')
		}
		if _, err := postgres.CopyFrom(t.Context(), &text, "copy "+table+" from stdin"); err != nil {
			t.Fatalf("copy %s: %v", table, err)
		}
	}
	must(t, postgres, "analyze")
}
