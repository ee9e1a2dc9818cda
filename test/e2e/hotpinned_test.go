package e2e

import (
	"bytes"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/testkit"
)

// brokenLab is a writeLab whose connections to the server a test can break.
type brokenLab struct {
	*writeLab
	proxy *testkit.Proxy
	// dropCommits says that the server sees a COMMIT and the connection breaks instead of the answer.
	dropCommits atomic.Bool
}

func newBrokenLab(t *testing.T) *brokenLab {
	t.Helper()
	l := &brokenLab{writeLab: &writeLab{pg: testkit.Postgres(t)}}
	l.proxy = testkit.NewProxy(t, l.pg, func(data []byte) testkit.Fate {
		if bytes.Contains(data, []byte("COMMIT\x00")) && l.dropCommits.Load() {
			return testkit.DropReply
		}
		return testkit.Forward
	})
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "tidegate.yml"), fmt.Sprintf(writerConfig, l.proxy.URL()))
	l.s = start(t, dir, "serve", "-c", "tidegate.yml")
	return l
}

// expect runs a simple query and compares what came, by the beginnings of the lines.
func (c *wireClient) expect(text string, want ...string) {
	c.t.Helper()
	c.compare(text, c.query(text), want)
}

func (c *wireClient) compare(what string, got, want []string) {
	c.t.Helper()
	same := slices.EqualFunc(got, want, strings.HasPrefix)
	if !same {
		c.t.Errorf("%s: -want +got\n%s", what, cmp.Diff(want, got))
	}
}

// ask asks the server itself for one value.
func (l *writeLab) ask(t *testing.T, query string) string {
	t.Helper()
	c, err := pgx.Connect(t.Context(), l.pg.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	var s string
	if err := c.QueryRow(t.Context(), "select ("+query+")::text").Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// until waits for the server to answer a query with want.
func (l *writeLab) until(t *testing.T, query, want string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got := l.ask(t, query)
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestPinnedConnections(t *testing.T) { //nolint:tparallel // the parts share one server
	t.Parallel()
	l := newBrokenLab(t)
	t.Run("who may", func(t *testing.T) { checkGrants(t, l.writeLab) })
	t.Run("temporary tables are one session's", func(t *testing.T) { checkTemporary(t, l.writeLab) })
	t.Run("a session's end", func(t *testing.T) { checkSessionEnd(t, l.writeLab) })
	t.Run("one connection is left", func(t *testing.T) { checkPoolLimit(t, l.writeLab) })
	t.Run("cancel and timeout", func(t *testing.T) { checkWriteCancel(t, l.writeLab) })
	t.Run("a lost connection", func(t *testing.T) { checkLostConnection(t, l) })
	t.Run("a lost COMMIT", func(t *testing.T) { checkLostCommit(t, l) })
}

func checkGrants(t *testing.T, l *writeLab) {
	t.Helper()
	writer, reader := l.connect(t, "demo"), l.connect(t, "somebody")
	writer.expect("create table g (id int)", "tag CREATE TABLE", "ready I")
	refused := "ERROR 42501 permission denied for INSERT: user somebody may read only"
	reader.expect("insert into g values (1)", refused, "ready I")
	reader.expect("create table g2 (id int)", "ERROR 42501 permission denied for CREATE TABLE", "ready I")
	reader.expect("prepare p as insert into g values (1)", refused, "ready I")
	reader.compare("parse", reader.send(&pgproto3.Parse{Query: "insert into g values ($1)"}, &pgproto3.Sync{}), []string{refused, "ready I"})
	reader.expect("begin", "tag BEGIN", "ready T")
	reader.expect("delete from g", "ERROR 42501", "ready E")
	reader.expect("select count(*) from g", "ERROR 25P02", "ready E")
	reader.expect("rollback", "tag ROLLBACK", "ready I")
	reader.expect("select count(*) from g", "columns", "row 0", "tag SELECT 1", "ready I")
	writer.expect("drop table g", "tag DROP TABLE", "ready I")
}

func checkTemporary(t *testing.T, l *writeLab) {
	t.Helper()
	a, b := l.connect(t, "demo"), l.connect(t, "demo")
	a.expect("create temp table mine (id int)", "tag CREATE TABLE", "ready I")
	a.expect("insert into mine values (1), (2)", "tag INSERT 0 2", "ready I")
	a.expect("create table mine (id int)", "tag CREATE TABLE", "ready I")
	a.expect("select count(*) from mine", "columns", "row 2", "tag SELECT 1", "ready I")
	a.expect("select count(*) from public.mine", "columns", "row 0", "tag SELECT 1", "ready I")
	b.expect("select count(*) from mine", "columns", "row 0", "tag SELECT 1", "ready I")
	schema := l.ask(t, "select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where relname = 'mine' and relpersistence = 't'")
	for _, name := range []string{"pg_temp.mine", schema + ".mine"} {
		b.expect("select * from "+name, "ERROR 42P01", "ready I")
		b.expect("insert into "+name+" values (3)", "ERROR 42P01", "ready I")
		b.expect("drop table "+name, "ERROR 42P01", "ready I")
	}
	a.expect("drop table pg_temp.mine", "tag DROP TABLE", "ready I")
	a.expect("select count(*) from mine", "columns", "row 0", "tag SELECT 1", "ready I")
	a.expect("drop table mine", "tag DROP TABLE", "ready I")
}

const (
	openTransactions = "select count(*) from pg_stat_activity where application_name = 'tidegate' and state like 'idle in transaction%'"
	temporaryTables  = "select count(*) from pg_class where relpersistence = 't'"
)

func checkSessionEnd(t *testing.T, l *writeLab) {
	t.Helper()
	a := l.connect(t, "demo")
	a.expect("create temp table gone (id int)", "tag CREATE TABLE", "ready I")
	a.expect("begin", "tag BEGIN", "ready T")
	a.expect("create table gone_too (id int)", "tag CREATE TABLE", "ready T")
	l.until(t, openTransactions, "1")
	a.conn.Close()
	l.until(t, openTransactions, "0")
	l.until(t, temporaryTables, "0")
	l.connect(t, "demo").expect("select 1 from gone_too", "ERROR 42P01", "ready I")
}

func checkPoolLimit(t *testing.T, l *writeLab) {
	t.Helper()
	outside := l.connect(t, "demo")
	outside.expect("create table pool (id int)", "tag CREATE TABLE", "ready I")
	var held []*wireClient
	for i := range 3 {
		c := l.connect(t, "demo")
		c.expect("begin", "tag BEGIN", "ready T")
		c.expect(fmt.Sprintf("insert into pool values (%d)", i), "tag INSERT 0 1", "ready T")
		held = append(held, c)
	}
	outside.expect("begin", "tag BEGIN", "ready T")
	outside.expect("insert into pool values (9)", "ERROR 53300 all 3 connections to the hot store that sessions may keep are taken", "ready E")
	outside.expect("rollback", "tag ROLLBACK", "ready I")
	outside.expect("create temp table pool2 (id int)", "ERROR 53300", "ready I")
	// One is left, for queries and for a write alone.
	outside.expect("select count(*) from pool", "columns", "row 0", "tag SELECT 1", "ready I")
	outside.expect("insert into pool values (10)", "tag INSERT 0 1", "ready I")
	for _, c := range held {
		c.expect("commit", "tag COMMIT", "ready I")
	}
	outside.expect("begin", "tag BEGIN", "ready T")
	outside.expect("insert into pool values (11)", "tag INSERT 0 1", "ready T")
	outside.expect("commit", "tag COMMIT", "ready I")
	outside.expect("select count(*) from pool", "columns", "row 5", "tag SELECT 1", "ready I")
	outside.expect("drop table pool", "tag DROP TABLE", "ready I")
}

const endless = "insert into long select i from generate_series(1, 2000000000) i where i < 0"

func checkWriteCancel(t *testing.T, l *writeLab) {
	t.Helper()
	c := l.connect(t, "demo")
	c.expect("create temp table keep (id int)", "tag CREATE TABLE", "ready I")
	c.expect("create table long (id int)", "tag CREATE TABLE", "ready I")
	const running = "select count(*) from pg_stat_activity where query like '%INSERT INTO public.long%' and state = 'active' and pid <> pg_backend_pid()"
	cancelled := func(want ...string) {
		t.Helper()
		c.f.Send(&pgproto3.Query{String: endless})
		c.flush()
		l.until(t, running, "1")
		l.cancel(t, c)
		c.compare(endless, c.read(), want)
		l.until(t, running, "0")
	}
	cancelled("ERROR 57014 canceling statement due to user request", "ready I")
	c.expect("begin", "tag BEGIN", "ready T")
	c.expect("insert into long values (1)", "tag INSERT 0 1", "ready T")
	c.expect("savepoint s", "tag SAVEPOINT", "ready T")
	cancelled("ERROR 57014 canceling statement due to user request", "ready E")
	c.expect("rollback to s", "tag ROLLBACK", "ready T")
	c.expect("select count(*) from long", "columns", "row 1", "tag SELECT 1", "ready T")
	c.expect("set local statement_timeout = '200ms'", "tag SET", "ready T")
	c.expect(endless, "ERROR 57014 canceling statement due to statement timeout", "ready E")
	c.expect("rollback", "tag ROLLBACK", "ready I")
	c.expect("insert into keep values (1)", "tag INSERT 0 1", "ready I") // the connection is the same one
	c.expect("drop table long", "tag DROP TABLE", "ready I")
}

// cancel sends a CancelRequest for a session.
func (l *writeLab) cancel(t *testing.T, c *wireClient) {
	t.Helper()
	u, err := url.Parse(l.s.URL)
	if err != nil {
		t.Error(err)
		return
	}
	request, err := (&pgproto3.CancelRequest{ProcessID: c.pid, SecretKey: c.key}).Encode(nil)
	if err == nil {
		err = sendOnce(u.Host, request)
	}
	if err != nil {
		t.Error(err)
	}
}

func checkLostConnection(t *testing.T, l *brokenLab) {
	t.Helper()
	c := l.connect(t, "demo")
	c.expect("create table lost (id int)", "tag CREATE TABLE", "ready I")
	c.expect("begin", "tag BEGIN", "ready T")
	c.expect("savepoint s", "tag SAVEPOINT", "ready T")
	c.expect("insert into lost values (1)", "tag INSERT 0 1", "ready T")
	l.proxy.SetDown(true)
	c.expect("insert into lost values (2)", "ERROR 08006 the session's connection to the hot store was lost", "ready E")
	l.proxy.SetDown(false)
	c.expect("insert into lost values (3)", "ERROR 25P02", "ready E")
	c.expect("rollback to s", "ERROR 08006", "ready E")
	c.expect("commit", "tag ROLLBACK", "ready I")
	waitUp(t, c)
	c.expect("select count(*) from lost", "columns", "row 0", "tag SELECT 1", "ready I")

	c.expect("create temp table kept (id int)", "tag CREATE TABLE", "ready I")
	l.proxy.SetDown(true)
	// Who looks after the server may find out before the statement does.
	want := []string{"ERROR 08006", "ready I"}
	got := c.query("select count(*) from kept")
	if strings.HasPrefix(got[0], "ERROR 57P03") {
		want[0] = "ERROR 57P03 relation pg_temp.kept is hot-only and the hot store is down"
	}
	c.compare("a table of the lost connection", got, want)
	l.proxy.SetDown(false)
	waitUp(t, c)
	c.expect("select count(*) from kept", "ERROR 42P01", "ready I")
	c.expect("insert into lost values (4)", "tag INSERT 0 1", "ready I")
}

// waitUp waits until the hot store is asked again.
func waitUp(t *testing.T, c *wireClient) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if got := c.query("select 1 from lost limit 0"); strings.HasPrefix(got[0], "columns") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the hot store does not come back")
		}
	}
}

func checkLostCommit(t *testing.T, l *brokenLab) {
	t.Helper()
	c := l.connect(t, "demo")
	c.expect("create table committed (id int)", "tag CREATE TABLE", "ready I")
	unknown := "ERROR 08007 the hot store did not answer the COMMIT: it may have happened or not"
	c.expect("begin", "tag BEGIN", "ready T")
	c.expect("insert into committed values (1)", "tag INSERT 0 1", "ready T")
	l.dropCommits.Store(true)
	c.expect("commit", unknown, "ready I")
	l.dropCommits.Store(false)
	l.until(t, "select count(*) from committed", "1")
	l.dropCommits.Store(true)
	c.expect("insert into committed values (2)", unknown, "ready I")
	c.compare("a pipeline", c.send(&pgproto3.Parse{Query: "insert into committed values (3)"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{}),
		[]string{"ParseComplete", "BindComplete", "tag INSERT 0 1", unknown, "ready I"})
	l.dropCommits.Store(false)
	l.until(t, "select count(*) from committed", "3")
	c.expect("drop table committed", "tag DROP TABLE", "ready I")
}
