package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
)

// party is the sessions of one side by their names.
type party struct {
	connect  func() *pgconn.PgConn
	sessions map[string]*pgconn.PgConn
}

// session gives a side's session of that name.
func (p *party) session(name string) *pgconn.PgConn {
	if p.sessions[name] == nil {
		p.sessions[name] = p.connect()
	}
	return p.sessions[name]
}

// told runs a text and gives what came: rows with tags, and an error with its fields. The numbers of sessions become names.
func (p *party) told(ctx context.Context, c *pgconn.PgConn, text string) []string {
	var said []string
	results, err := c.Exec(ctx, text).ReadAll()
	for _, r := range results {
		for _, row := range r.Rows {
			var cells []string
			for i, v := range row {
				cell := string(v)
				if v == nil {
					cell = "NULL"
				}
				cells = append(cells, fmt.Sprintf("%s:%d=%s", r.FieldDescriptions[i].Name, r.FieldDescriptions[i].DataTypeOID, cell))
			}
			said = append(said, strings.Join(cells, " "))
		}
		said = append(said, r.CommandTag.String())
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		said = append(said, strings.TrimSpace(e.Code+" "+e.Message+" "+e.Detail))
	} else if err != nil {
		said = append(said, err.Error())
	}
	for name, s := range p.sessions {
		for i := range said {
			said[i] = strings.ReplaceAll(said[i], strconv.FormatUint(uint64(s.PID()), 10), "<"+name+">")
		}
	}
	return said
}

// sessionSteps are said to Tidegate and to PostgreSQL: who, and what. "who&" does not wait for the answer; "who?" awaits it.
var sessionSteps = [][2]string{
	{"a", "select pg_advisory_lock(1)"},
	{"a", "select pg_advisory_lock(1), pg_try_advisory_lock(-1), pg_advisory_lock_shared(2), pg_try_advisory_lock(-3, 4), pg_try_advisory_lock(null)"},
	{"b", "select pg_try_advisory_lock(1), pg_try_advisory_lock(-1), pg_try_advisory_lock(2), pg_try_advisory_lock_shared(2), pg_try_advisory_lock(-3, 4), pg_try_advisory_lock(3, 4)"},
	{"a", "select locktype, classid, objid, objsubid, pid, mode, granted, fastpath, waitstart, database = (select oid from pg_database where datname = current_database()) as here from pg_locks where locktype = 'advisory' order by pid = pg_backend_pid(), classid, objid, objsubid, mode"},
	{"a", "select pg_advisory_unlock(1)"},
	{"b", "select pg_try_advisory_lock(1)"},
	{"a", "select pg_advisory_unlock(1), pg_advisory_unlock_shared(1)"},
	{"a", "select pg_advisory_unlock(1)"},
	{"b", "select pg_try_advisory_lock(1)"},
	{"a", "select pg_advisory_unlock_all(), count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"},
	{"a", "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"},
	{"b", "select pg_advisory_unlock_all()"},

	// Of a transaction.
	{"a", "begin; select pg_advisory_xact_lock(1); savepoint s; select pg_advisory_xact_lock_shared(2), pg_try_advisory_xact_lock(3), pg_advisory_lock(4)"},
	{"a", "select pg_advisory_unlock(1)"},
	{"a", "rollback to s"},
	{"b", "select pg_try_advisory_lock(1), pg_try_advisory_lock(2), pg_try_advisory_lock(3), pg_try_advisory_lock(4)"},
	{"b", "select pg_advisory_unlock_all()"},
	{"a", "select pg_advisory_xact_lock(5); select nothing"},
	{"b", "select pg_try_advisory_lock(1), pg_try_advisory_lock(5)"},
	{"a", "rollback"},
	{"b", "select pg_try_advisory_lock(1), pg_try_advisory_lock(4)"},
	{"a", "discard all"},
	{"b", "select pg_try_advisory_lock(4)"},
	{"b", "select pg_advisory_unlock_all()"},
	{"a", "select pg_advisory_xact_lock(1)"},
	{"b", "select pg_try_advisory_lock(1)"},
	{"b", "select pg_advisory_unlock_all()"},

	// Waiting.
	{"a", "select pg_advisory_lock(1)"},
	{"b&", "select pg_advisory_lock(1)"},
	{"a", "select pid, granted, waitstart is not null as waits from pg_locks where locktype = 'advisory' order by granted"},
	{"a", "select l.granted, pg_blocking_pids(l.pid) = array[pg_backend_pid()] as waits_for_me from pg_locks l where locktype = 'advisory' order by 1"},
	{"a", "select pg_try_advisory_lock_shared(1), pg_advisory_unlock_shared(1)"}, // somebody waits, but it has the lock
	{"a", "select pg_advisory_unlock(1)"},
	{"b?", ""},
	{"a", "set lock_timeout = 50; select pg_advisory_lock(1)"},
	{"a", "set lock_timeout = 0; set statement_timeout = 50; select pg_advisory_lock(1)"},
	{"a", "set statement_timeout = 0; select pg_advisory_lock(2)"},
	{"b&", "select pg_advisory_lock(2)"},
	{"a", "select pg_cancel_backend(pid) from pg_locks where locktype = 'advisory' and not granted"},
	{"b?", ""},
	{"a", "select pg_advisory_unlock_all()"},
	{"b", "select pg_advisory_unlock_all()"},

	// Sleep.
	{"a", "select pg_sleep(0.01), pg_sleep(-1), pg_sleep(null), pg_sleep_for('10 milliseconds'), pg_sleep_until(now())"},
	{"a", "set statement_timeout = 50"},
	{"a", "select pg_sleep(100)"},
	{"a", "select count(*), pg_sleep_for('1 hour') from generate_series(1, 3)"},
	{"a", "set statement_timeout = 0; select g, pg_sleep(0.001) from generate_series(1, 2) g"},

	// Notify.
	{"a", "listen here; listen \"And there\""},
	{"a", "select * from pg_listening_channels() order by 1"},
	{"a", "select pg_listening_channels() order by 1"},
	{"b", "select pg_listening_channels()"},
	{"b", "select pg_notify('here', 'a word'), pg_notify('here', null), pg_notify('And there', g::text) from generate_series(1, 2) g"},
	{"b", "select pg_notify('', 'x')"},
	{"b", "select pg_notify(null, 'x')"},
	{"b", "select pg_notify(repeat('x', 64), 'x')"},
	{"b", "begin; select pg_notify('here', 'never'); rollback"},
	{"a", "select 1 as heard"},
	{"a", "unlisten *; select pg_listening_channels() as still order by 1"},

	// What a session holds.
	{"a", "prepare one (int, text) as select $1 + 1, $2; prepare two as select 2"},
	{"a", "execute one(1, 'x')"},
	{"a", "select name, parameter_types::text, from_sql, generic_plans, custom_plans, prepare_time <= now() as before, statement from pg_prepared_statements order by name"},
	{"a", "deallocate one"},
	{"a", "select name from pg_prepared_statements"},
	{"b", "select name from pg_prepared_statements"},
	{"a", "begin"},
	{"a", "declare x no scroll cursor for select 1"},
	{"a", "declare y binary scroll cursor with hold for select 2"},
	{"a", "select name, statement, is_holdable, is_binary, is_scrollable, creation_time >= now() as after from pg_cursors order by name"},
	{"a", "commit"},
	{"a", "select name from pg_cursors"},
	{"a", "close all; select count(*) from pg_cursors"},
}

// TestSessionCalls says the same to Tidegate and to a PostgreSQL.
func TestSessionCalls(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	want := playSteps(t, func(o pgconn.NoticeHandler, h pgconn.NotificationHandler) *pgconn.PgConn {
		config, err := pgconn.ParseConfig(cluster.DSN())
		if err != nil {
			t.Fatal(err)
		}
		return connectWith(t, config, o, h)
	})
	serveWhile(t, eventsConfig(t.TempDir()), nil, func(connect func() *pgconn.PgConn) {
		first := connect()
		got := playSteps(t, func(o pgconn.NoticeHandler, h pgconn.NotificationHandler) *pgconn.PgConn {
			config, err := pgconn.ParseConfig(fmt.Sprintf("postgres://demo@%s/tidegate?sslmode=disable", first.Conn().RemoteAddr()))
			if err != nil {
				t.Fatal(err)
			}
			return connectWith(t, config, o, h)
		})
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("-PostgreSQL +Tidegate\n%s", d)
		}
	})
}

// TestAdvisoryDeadlock has two sessions wait for each other: one of them is told.
func TestAdvisoryDeadlock(t *testing.T) {
	t.Parallel()
	serveWhile(t, eventsConfig(t.TempDir()), nil, func(connect func() *pgconn.PgConn) {
		sessions := []*pgconn.PgConn{connect(), connect()}
		for i, c := range sessions {
			rowsOf(t, c, fmt.Sprintf("select pg_advisory_lock(%d)", i))
		}
		ended := make(chan error, 2)
		for i, c := range sessions {
			go func() {
				_, err := c.Exec(t.Context(), fmt.Sprintf("select pg_advisory_lock_shared(%d)", 1-i)).ReadAll()
				if err != nil { // the other one goes on
					_, unlockErr := c.Exec(t.Context(), "select pg_advisory_unlock_all()").ReadAll()
					err = errors.Join(err, unlockErr)
				}
				ended <- err
			}()
		}
		var failed []string
		for range sessions {
			if e, ok := errors.AsType[*pgconn.PgError](<-ended); ok {
				failed = append(failed, e.Code+" "+e.Message)
				if !strings.Contains(e.Detail, "waits for ShareLock on advisory lock [0,") || strings.Count(e.Detail, "blocked by") != 2 {
					t.Errorf("detail %q", e.Detail)
				}
			}
		}
		if d := cmp.Diff([]string{"40P01 deadlock detected"}, failed); d != "" {
			t.Error(d)
		}
	})
}

func connectWith(t *testing.T, config *pgconn.Config, notice pgconn.NoticeHandler, heard pgconn.NotificationHandler) *pgconn.PgConn {
	t.Helper()
	config.OnNotice, config.OnNotification = notice, heard
	c, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return c
}

func playSteps(t *testing.T, connect func(pgconn.NoticeHandler, pgconn.NotificationHandler) *pgconn.PgConn) []string {
	t.Helper()
	var all []string
	p := &party{sessions: map[string]*pgconn.PgConn{}, connect: func() *pgconn.PgConn {
		return connect(
			func(_ *pgconn.PgConn, n *pgconn.Notice) { all = append(all, "  "+n.Severity+" "+n.Code+" "+n.Message) },
			func(_ *pgconn.PgConn, n *pgconn.Notification) { all = append(all, "  heard "+n.Channel+" "+n.Payload) },
		)
	}}
	waiting := map[string]chan []string{}
	for _, name := range []string{"a", "b"} {
		p.session(name)
	}
	for _, step := range sessionSteps {
		who, text := step[0], step[1]
		name := who[:1]
		all = append(all, who+": "+text)
		switch who[1:] {
		case "&":
			done := make(chan []string, 1)
			waiting[name] = done
			go func() { done <- p.told(t.Context(), p.session(name), text) }()
			awaitWaiting(t, p)
		case "?":
			for _, line := range <-waiting[name] {
				all = append(all, "  "+line)
			}
		default:
			for _, line := range p.told(t.Context(), p.session(name), text) {
				all = append(all, "  "+line)
			}
		}
	}
	return all
}

// awaitWaiting waits until a session waits for a lock.
func awaitWaiting(t *testing.T, p *party) {
	t.Helper()
	c := p.session("w")
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if said := p.told(t.Context(), c, "select 1 from pg_locks where locktype = 'advisory' and not granted"); len(said) == 2 {
			return
		}
	}
	t.Fatal("nobody waits")
}
