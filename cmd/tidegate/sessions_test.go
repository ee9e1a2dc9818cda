package main

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgerr"
)

// endlessText runs for hours, over the instance of the catalogs.
const endlessText = "select count(*) from generate_series(1, 10000000) a, generate_series(1, 10000000) b where a % 7 > b % 3"

// awaitState waits until the session pid is in a state.
func awaitState(t *testing.T, c *pgconn.PgConn, pid uint32, state string) {
	t.Helper()
	query := "select state from pg_stat_activity where pid = " + strconv.Itoa(int(pid))
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if got := rowsOf(t, c, query); len(got) == 1 && got[0] == state {
			return
		}
	}
	t.Fatalf("session %d did not come to be %s: %q", pid, state, rowsOf(t, c, query))
}

func TestActivity(t *testing.T) {
	t.Parallel()
	serveWhile(t, eventsConfig(t.TempDir()), nil, func(connect func() *pgconn.PgConn) {
		a, b := connect(), connect()
		const shown = "select usename, datname, application_name, client_addr, client_port > 0, backend_type, state, coalesce(wait_event_type || ' ' || wait_event, '-'), " +
			"backend_start <= query_start, xact_start is null, query_start <= state_change, query, datid = (select oid from pg_database where datname = current_database()) " +
			"from pg_stat_activity where pid = "
		of := shown + strconv.Itoa(int(b.PID()))
		for _, step := range []struct{ text, state, transaction string }{
			{"show timezone", "idle", "t"},
			{"set application_name = 'desk'", "idle", "t"},
			{"begin; select 1 as one", "idle in transaction", "f"},
			{"select nothing", "idle in transaction (aborted)", "f"},
			{"rollback", "idle", "t"},
		} {
			_, err := b.Exec(t.Context(), step.text).ReadAll()
			if (err != nil) != (step.text == "select nothing") {
				t.Fatalf("%s: %v", step.text, err)
			}
			application := ""
			if step.text != "show timezone" {
				application = "desk"
			}
			want := []string{"demo|tidegate|" + application + "|127.0.0.1|t|client backend|" + step.state + "|Client ClientRead|t|" + step.transaction + "|t|" + step.text + "|t"}
			if d := cmp.Diff(want, rowsOf(t, a, of)); d != "" {
				t.Errorf("after %s (-want +got):\n%s", step.text, d)
			}
		}
		own := "select state, query, wait_event, xact_start <= now() from pg_stat_activity where pid = pg_backend_pid()"
		if got := rowsOf(t, a, own); len(got) != 1 || got[0] != "active|"+own+"||t" {
			t.Errorf("its own: %q", got)
		}
		if got := rowsOf(t, a, "select count(*) from pg_stat_activity"); got[0] != "2" {
			t.Errorf("%s sessions", got)
		}
	})
}

func TestSignals(t *testing.T) {
	t.Parallel()
	serveWhile(t, eventsConfig(t.TempDir()), nil, func(connect func() *pgconn.PgConn) {
		a, b := connect(), connect()
		pid := strconv.Itoa(int(b.PID()))
		running := func() <-chan error {
			done := make(chan error, 1)
			go func() {
				_, err := b.Exec(t.Context(), endlessText).ReadAll()
				done <- err
			}()
			awaitState(t, a, b.PID(), "active")
			return done
		}
		done := running()
		if got := rowsOf(t, a, "select pg_cancel_backend("+pid+")"); got[0] != "t" {
			t.Errorf("cancel: %q", got)
		}
		if e, ok := errors.AsType[*pgconn.PgError](<-done); !ok || e.Code != string(pgerr.QueryCanceled) {
			t.Errorf("cancelled: %v", e)
		}
		// The next statement is not hit, and a cancel of an idle session is one of nothing.
		if got := rowsOf(t, a, "select pg_cancel_backend(pid) from pg_stat_activity where state = 'idle'"); len(got) != 1 || got[0] != "t" {
			t.Errorf("cancel of an idle session: %q", got)
		}
		rowsOf(t, b, "select 1")
		done = running()
		if got := rowsOf(t, a, "select pg_terminate_backend("+pid+", 5000)"); got[0] != "t" {
			t.Errorf("terminate: %q", got)
		}
		if e, ok := errors.AsType[*pgconn.PgError](<-done); !ok || e.Code != string(pgerr.AdminShutdown) || e.Severity != "FATAL" {
			t.Errorf("terminated: %v", e)
		}
		idle := connect()
		if got := rowsOf(t, a, "select pg_terminate_backend("+strconv.Itoa(int(idle.PID()))+")"); got[0] != "t" {
			t.Errorf("terminate: %q", got)
		}
		if _, err := idle.ReceiveMessage(t.Context()); err == nil || !strings.Contains(err.Error(), string(pgerr.AdminShutdown)) {
			t.Errorf("terminated while idle: %v", err)
		}
		if got := rowsOf(t, a, "select pg_terminate_backend(1), pg_cancel_backend(null)"); got[0] != "f|" {
			t.Errorf("nobody: %q", got)
		}
	})
}

// TestSignalsOfRoles lets users end what they do themselves, and administrators everything.
func TestSignalsOfRoles(t *testing.T) {
	t.Parallel()
	admin := &sessions{}
	c := eventsConfig(t.TempDir())
	c.Roles = map[string]roleConfig{
		"desk": {}, "watch": {Grants: []string{"monitor"}}, "chief": {Grants: []string{"warehouse_admin"}}, "load": {Grants: []string{"warehouse_write"}},
	}
	of, _, err := c.rolesOf(func(user string) string { return user })
	if err != nil {
		t.Fatal(err)
	}
	admin.roles = of
	for user, want := range map[string][2]bool{"desk": {false, false}, "watch": {true, false}, "chief": {true, true}, "load": {false, false}, "stranger": {false, false}} {
		if got := [2]bool{admin.sees(user, "other"), admin.mayEnd(user, "other")}; got != want {
			t.Errorf("%s sees and may end: %v, want %v", user, got, want)
		}
		if !admin.sees(user, user) || !admin.mayEnd(user, user) {
			t.Errorf("%s is not let at its own", user)
		}
	}
}
