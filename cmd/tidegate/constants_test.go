package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
)

// TestConstantsAgain asks a session the same constants again and again, between changes of what they mean, as a simple
// query, an extended one in both formats and a prepared one. The bytes are PostgreSQL's each time.
func TestConstantsAgain(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	want := constantsAgain(t, cluster.Connect(t).PgConn())
	serveWhile(t, eventsConfig(t.TempDir()), nil, func(connect func() *pgconn.PgConn) {
		if d := cmp.Diff(want, constantsAgain(t, connect())); d != "" {
			t.Errorf("(-PostgreSQL +gateway):\n%s", d)
		}
	})
}

func constantsAgain(t *testing.T, c *pgconn.PgConn) (answers []string) {
	t.Helper()
	const text = "select timestamptz '2020-06-01 12:00:00+00', date '2020-06-01', true, 1, 'a', null::int"
	if _, err := c.Prepare(t.Context(), "kept", text, nil); err != nil {
		t.Fatal(err)
	}
	tell := func(what string, r *pgconn.Result) {
		var answer strings.Builder
		answer.WriteString(what)
		for _, f := range r.FieldDescriptions {
			fmt.Fprintf(&answer, " [%s %d %d]", f.Name, f.DataTypeOID, f.Format)
		}
		code := ""
		if e, ok := errors.AsType[*pgconn.PgError](r.Err); ok {
			code = e.Code
		} else if r.Err != nil {
			t.Fatalf("%s: %v", what, r.Err)
		}
		answers = append(answers, fmt.Sprintf("%s %q %s%s", answer.String(), r.Rows, r.CommandTag, code))
	}
	for _, between := range []string{
		"select 2", "select 'another'", "set timezone = 'Asia/Tokyo'", "set datestyle = 'German'", "begin", "set local timezone = 'America/New_York'",
		"select 1/0", "rollback", "reset all", "set search_path = nowhere",
	} {
		for range 3 { // bound, learned by the plan cache, and remembered
			for _, simple := range []string{text + "; " + text, text} {
				results, err := c.Exec(t.Context(), simple).ReadAll()
				for _, r := range results {
					r.Err = err
					tell(simple, r)
				}
			}
			for _, formats := range [][]int16{nil, {1}, {1}, {0}} {
				tell("prepared", c.ExecPrepared(t.Context(), "kept", nil, nil, formats).Read())
				tell("extended", c.ExecParams(t.Context(), text, nil, nil, nil, formats).Read())
			}
		}
		if _, err := c.Exec(t.Context(), between).ReadAll(); (err != nil) != (between == "select 1/0") {
			t.Fatalf("%s: %v", between, err)
		}
	}
	return answers
}
