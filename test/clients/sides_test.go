package clients

import (
	"crypto/md5" //nolint:gosec // what PostgreSQL calls md5
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
	"tidegate/test/program"
	"tidegate/test/weblogs"
)

// side is a server to connect to, as user demo with a password.
type side struct {
	host, port, verifier string // the last is the password's
}

const (
	user     = "demo"
	password = "open sesame"
	database = "tidegate"
)

// environment is the process's, with the variables of libpq, which every script reads.
func (s side) environment() []string {
	return append(os.Environ(), "PGHOST="+s.host, "PGPORT="+s.port, "PGUSER="+user, "PGPASSWORD="+password, "SCRAM_VERIFIER="+s.verifier, "PGDATABASE="+database, "PGSSLMODE=disable",
		"PGCLIENTENCODING=UTF8", "TZ=UTC", "LC_ALL=C.UTF-8", "HOME="+os.DevNull)
}

func (s side) url() string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, password), Host: net.JoinHostPort(s.host, s.port), Path: database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// config is a gateway whose user may write hot-only tables of the warehouse.
const config = `data_dir: ./tidegate-data
hot: { kind: postgres, url: %q, schema: hot_data }
auth_redshift: md5
users: [ { name: demo, role: loader, password: %q }%s ]
roles: { loader: { grants: [warehouse_write] }, public: { grants: [select on all tables] } }
`

// askPasswords makes PostgreSQL ask those who come over TCP.
const askPasswords = `do $$ begin
	execute format('copy (values (''local all all trust''), (''host all all all scram-sha-256'')) to %L', current_setting('hba_file'));
	perform pg_reload_conf();
end $$`

// driversUser is a user with a password of the older kind, where Redshift's drivers are run: some know no SCRAM, or not
// this one.
func driversUser() string {
	if !*more {
		return ""
	}
	return fmt.Sprintf(", { name: redshift, role: loader, password: md5%x }", md5.Sum([]byte(password+"redshift"))) //nolint:gosec // see there
}

// startSides serves the demo's tables and hot-only ones of a warehouse, and has the same tables in a PostgreSQL.
func startSides(t *testing.T) (gate, postgres side) {
	t.Helper()
	binary, err := program.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cluster := testkit.PostgresTCP(t)
	postgres = side{host: "127.0.0.1", port: cluster.Port}
	admin := testkit.Dial(t, cluster.DSN())
	for _, text := range []string{
		"create role demo superuser login password '" + password + "'", askPasswords, "create database tidegate owner demo", "create database warehouse owner demo",
		// Tidegate's: a table is found by its name alone.
		`alter database tidegate set search_path = "$user", public, web, shop`,
	} {
		run(t, admin, text)
	}
	warehouse := strings.Replace(postgres.url(), "/"+database+"?", "/warehouse?", 1)
	postgres.verifier = string(run(t, admin, "select rolpassword from pg_authid where rolname = 'demo'")[0].Rows[0][0])
	own := readFile(t, "testdata/tables.sql")
	judge := testkit.Dial(t, postgres.url())
	run(t, judge, own)
	run(t, testkit.Dial(t, warehouse), own)

	dir := t.TempDir()
	weblogs.LayOut(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "tidegate.yml"), fmt.Appendf(nil, config, warehouse, postgres.verifier, driversUser()), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := program.Run(t, binary, dir, program.Environment(), "etl", "run"); code != 0 {
		t.Fatalf("load the lake: exit %d\n%s%s", code, out, errs)
	}
	server := program.Start(t, binary, dir, "serve")
	parsed, err := pgconn.ParseConfig(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	gate = side{parsed.Host, strconv.Itoa(int(parsed.Port)), postgres.verifier}
	weblogs.Copy(t, testkit.Dial(t, gate.url()), judge)
	run(t, judge, readFile(t, "testdata/judge.sql"))
	return gate, postgres
}

func run(t *testing.T, c *pgconn.PgConn, text string) []*pgconn.Result {
	t.Helper()
	results, err := c.Exec(t.Context(), text).ReadAll()
	if err != nil {
		t.Fatalf("%.200s: %v", text, err)
	}
	return results
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
