package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/testkit"
)

// foreign is in every value, name and text that is not for the users bi and writer.
const foreign = "zeta"

const authorisedConfig = `data_dir: ./tidegate-data
pipelines: ./pipelines
hot: { kind: postgres, url: %q, schema: hot_data, pool: 4 }
users: [ { name: bi, role: bi }, { name: writer, role: writer }, { name: boss, role: boss } ]
roles:
  bi:
    grants:
      - SELECT (event_id, ts, site_id, user_id, load_ms, amount, dt) ON web.events
      - SELECT ON web.plain, public.sites
      - SELECT ON SCHEMA open
    # Dearer than any condition of the attempts: an engine that is free to would try those first.
    row_filter:
      web.events: "replace(lower(upper(lower(replace(tenant, 'x', 'x')))), 'y', 'y') = 'mine'"
      public.sites: "replace(replace(lower(upper(site_id::text)), 'x', 'y'), 'z', 'z') in ('12', '15')"
  writer:
    grants: [ SELECT ON SCHEMA open, SELECT ON public.sites, warehouse_write ]
    row_filter: { public.sites: "site_id in (12, 15)" }
  boss: { grants: [ SELECT ON ALL TABLES, warehouse_write, monitor ] }
`

const authorisedEvents = `table: web.events
source: { location: "file:./raw/events", format: json, required: [event_id, ts] }
time: { column: ts, zone: UTC, grain: day }
fields: { event_id: text, ts: timestamptz, site_id: int, user_id: text, tenant: text, secret: text, load_ms: int, amount: "numeric(12,2)" }
partition_by: [dt]
hot: { columns: [ts, site_id, user_id, tenant, load_ms, dt] }
`

const authorisedPlain = `table: %s
source: { location: "file:./raw/%s", format: json }
fields: { id: int, note: text }
hot: { columns: [id, note] }
`

// authorisedLab is a server with the rows of several tenants, or with one tenant's alone: whoever may see that tenant's
// alone must not be able to tell the two apart.
type authorisedLab struct {
	s *server
}

// newAuthorisedLab makes one. all says that the other tenants' rows, tables and schemas are there too.
func newAuthorisedLab(t *testing.T, dsn string, all bool) *authorisedLab {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "tidegate.yml"), fmt.Sprintf(authorisedConfig, dsn))
	writeFile(t, filepath.Join(dir, "pipelines/web/events.yml"), authorisedEvents)
	writeFile(t, filepath.Join(dir, "pipelines/web/events.sql"),
		"select event_id, ts, site_id, user_id, tenant, secret, load_ms, amount from source")
	hidden := map[bool]string{true: foreign + ".secrets", false: "zz.decoys"}[all]
	for _, table := range []string{"web.plain", hidden} {
		name := strings.ReplaceAll(table, ".", "/")
		writeFile(t, filepath.Join(dir, "pipelines", name+".yml"), fmt.Sprintf(authorisedPlain, table, table))
		writeFile(t, filepath.Join(dir, "pipelines", name+".sql"), "select id, note from source")
		note := "plain"
		if table == hidden {
			note = foreign
		}
		writeObject(t, filepath.Join(dir, "raw", table, "1.gz"), `{"id":1,"note":"`+note+`"}`, `{"id":2,"note":"`+note+`"}`)
	}
	var lines []string
	event := func(i, day, site int, tenant, user string, ms int) {
		lines = append(lines, fmt.Sprintf(`{"event_id":"%s-%d","ts":"2018-02-%02dT%02d:00:00Z","site_id":%d,"user_id":%q,"tenant":%q,"secret":"%s","load_ms":%d,"amount":"%d.5"}`,
			user, i, day, i%24, site, user, tenant, foreign, ms, ms))
	}
	for i := range 60 {
		event(i, 1+i%2, 12+3*(i%2), "mine", fmt.Sprint("me", i%7), i)
		if all {
			event(i, 1+i%3, 99, foreign, foreign, 990_000+i)
		}
	}
	writeObject(t, filepath.Join(dir, "raw/events/1.gz"), lines...)
	direct(t, dsn, `create schema open; create table open.notes (id int primary key, note text); insert into open.notes values (1, 'open'), (2, NULL);
		create table public.sites (site_id int, name text); insert into public.sites values (12, 'twelve'), (15, 'fifteen');`)
	if all {
		direct(t, dsn, `insert into public.sites values (99, 'zeta'); create table public.zeta_payroll (id int, zeta text); insert into public.zeta_payroll values (1, 'zeta');
			create view open.zeta_view as select * from public.sites; create schema zeta_schema; create table zeta_schema.t (zeta text);
			create view open.zeta_second as select v.name from open.zeta_view v; create view public.zeta_names as select name from public.sites`)
	}
	mustRun(t, dir, "etl", "run", "-c", "tidegate.yml")
	l := &authorisedLab{s: start(t, dir, "serve", "-c", "tidegate.yml")}
	l.until(t)
	if all {
		l.others(t)
	}
	return l
}

// until waits for every batch to be hot and the warehouse to be listed.
func (l *authorisedLab) until(t *testing.T) {
	t.Helper()
	c := l.connect(t, "boss")
	const ready = "select (select count(*) from tidegate.batches where hot_loaded_at is not null)"
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if strings.Contains(strings.Join(c.query(ready), "\n"), "row 3") && strings.Contains(strings.Join(c.query("select count(*) from open.notes"), "\n"), "row 2") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %v\n%s", c.query(ready), l.s.Logs)
		}
	}
}

// others are sessions of somebody else, with a statement in the log, a temporary table, a cursor and a prepared statement.
func (l *authorisedLab) others(t *testing.T) {
	t.Helper()
	c := l.connect(t, "boss")
	for _, text := range []string{
		"select note as zeta_column from zeta.secrets", "create temp table zeta_temp as select 'zeta' as zeta", "prepare zeta_statement as select 'zeta'",
		"begin", "declare zeta_cursor cursor for select note from zeta.secrets",
	} {
		if got := c.query(text); strings.Contains(strings.Join(got, "\n"), "ERROR") {
			t.Fatalf("%s: %v", text, got)
		}
	}
}

func (l *authorisedLab) connect(t *testing.T, user string) *wireClient {
	t.Helper()
	u, err := url.Parse(l.s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return dialWire(t, "tcp", u.Host, user, "tidegate")
}

// attempt is a line of the script.
type attempt struct {
	text    string
	refused bool // it must be an error
}

func readAttempts(t *testing.T, name string) []attempt {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var all []attempt
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		text, refused := strings.CutPrefix(line, "! ")
		all = append(all, attempt{text, refused})
	}
	return all
}

// told is everything that the server says until it is ready: rows, tags, and every field of errors and notices.
func (c *wireClient) told() []string {
	c.t.Helper()
	var lines []string
	for {
		m, err := c.f.Receive()
		if err != nil {
			return append(lines, "lost: "+err.Error())
		}
		switch m := m.(type) {
		case *pgproto3.ReadyForQuery:
			return lines
		case *pgproto3.DataRow:
			lines = append(lines, fmt.Sprintf("row %q", m.Values))
		case *pgproto3.ErrorResponse:
			lines = append(lines, fmt.Sprintf("ERROR %s %s|%s|%s|%d|%s|%s|%s", m.Code, m.Message, m.Detail, m.Hint, m.Position, m.Where, m.TableName, m.ColumnName))
		case *pgproto3.NoticeResponse:
			lines = append(lines, fmt.Sprintf("%s %s %s|%s|%s", m.Severity, m.Code, m.Message, m.Detail, m.Hint))
		default:
			lines = append(lines, fmt.Sprintf("%T%+v", m, m))
		}
	}
}

// asked is what an attempt gives as a simple query and, if it is a read, in the extended protocol.
func (c *wireClient) asked(text string) []string {
	c.t.Helper()
	c.f.Send(&pgproto3.Query{String: text})
	c.flush()
	lines := c.told()
	if first, _, _ := strings.Cut(strings.ToLower(text), " "); slices.Contains([]string{"select", "with", "table", "values", "explain"}, first) {
		c.f.Send(&pgproto3.Parse{Query: text})
		c.f.Send(&pgproto3.Describe{ObjectType: 'S'})
		c.f.Send(&pgproto3.Bind{})
		c.f.Send(&pgproto3.Describe{ObjectType: 'P'})
		c.f.Send(&pgproto3.Execute{})
		c.f.Send(&pgproto3.Sync{})
		c.flush()
		lines = append(append(lines, "extended:"), c.told()...)
	}
	for _, text := range []string{"rollback", "discard all"} {
		c.f.Send(&pgproto3.Query{String: text})
		c.flush()
		c.told()
	}
	return lines
}

// lives reports whether the session answers.
func (c *wireClient) lives() bool {
	c.t.Helper()
	c.f.Send(&pgproto3.Query{String: "select 1"})
	c.flush()
	return strings.Contains(strings.Join(c.told(), "\n"), `row ["1"]`)
}

// moment is a time of the run itself, which differs between two servers.
var moment = regexp.MustCompile(`202[0-9]-[0-9][0-9]-[0-9][0-9] [0-9:.]+\+00`)

// TestAuthorisation tries to get at what is not the user's: every attempt gives the same on a server where that is not
// there at all, says nothing foreign, and leaves the session alive.
func TestAuthorisation(t *testing.T) { //nolint:tparallel // the parts share the servers
	t.Parallel()
	pg := testkit.Postgres(t)
	direct(t, pg.DSN(), "create database bare")
	full := newAuthorisedLab(t, pg.DSN(), true)
	bare := newAuthorisedLab(t, strings.Replace(pg.DSN(), "dbname=postgres", "dbname=bare", 1), false)
	for _, c := range []struct{ user, script string }{{"bi", "attempts_bi.txt"}, {"writer", "attempts_writer.txt"}} {
		t.Run(c.user, func(t *testing.T) {
			in, without := full.connect(t, c.user), bare.connect(t, c.user)
			attempts := readAttempts(t, c.script)
			for _, a := range attempts {
				got, want := in.asked(a.text), without.asked(a.text)
				for _, lines := range [][]string{got, want} {
					for i := range lines {
						lines[i] = moment.ReplaceAllString(lines[i], "MOMENT")
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s\ntells what is not the user's apart: -without +with\n%s", a.text, diff)
				}
				all := strings.ToLower(strings.Join(got, "\n"))
				if strings.Contains(all, foreign) && !strings.Contains(strings.ToLower(a.text), foreign) {
					t.Errorf("%s\nsays %s", a.text, all)
				}
				if a.refused && !strings.Contains("\n"+all, "\nerror ") {
					t.Errorf("%s\nis let through: %s", a.text, all)
				}
				if strings.Contains(all, "error xx000") || strings.Contains(all, "lost: ") || !in.lives() {
					t.Fatalf("%s\nbreaks something: %s", a.text, all)
				}
			}
			t.Logf("%d attempts", len(attempts))
		})
	}
}
