package e2e

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/demo"
)

// checkProcedures calls verify and refresh as clients do. ledger says that the hot store keeps one.
func checkProcedures(t *testing.T, s *server, truth demo.Truth, ledger bool) {
	t.Helper()
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			c := s.connect(t)
			if all := verified(t, c, ledger, mode, "web.events", ""); all != truth.Rows {
				t.Errorf("verify counted %d rows, want %d", all, truth.Rows)
			}
			if some := verified(t, c, ledger, mode, "web.events", "2018-02-03"); some == 0 || some >= truth.Rows {
				t.Errorf("verify of a day counted %d rows", some)
			}
			var table string
			var rows, batches int64
			err := c.QueryRow(t.Context(), "call tidegate.refresh($1)", mode, "web.events").Scan(&table, &rows, &batches)
			if err != nil || table != "web.events" || rows != 0 || batches != 0 {
				t.Errorf("refresh: %s %d %d, %v", table, rows, batches, err)
			}
		})
	}
	c := s.connect(t)
	for query, want := range map[string]string{
		"select sum(rows) = sum(hot_rows), bool_and(hot) from tidegate.partitions where table_name = 'web.events'":                                 "t|t",
		"select sum(rows) from tidegate.loads where table_name = 'web.events' and not withdrawn":                                                   strconv.FormatInt(truth.Rows, 10),
		"select hot_generation = newest_generation, behind_seconds, max_staleness_seconds from tidegate.freshness where table_name = 'web.events'": "t|0|900",
	} {
		if got := one(t, c, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for text, code := range map[string]string{
		"call tidegate.verify('web.events')":                   "42883",
		"call tidegate.repair('web.events')":                   "42883",
		"call tidegate.verify('web.nowhere', '')":              "42P01",
		"call tidegate.verify('a' || 'b', '')":                 "0A000",
		"begin read only; call tidegate.refresh('web.events')": "25006",
	} {
		_, err := c.Exec(t.Context(), text, pgx.QueryExecModeSimpleProtocol)
		if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != code {
			t.Errorf("%s: %v, want %s", text, err, code)
		}
		if _, err := c.Exec(t.Context(), "rollback"); err != nil {
			t.Error(err)
		}
	}
	psql, err := exec.LookPath("psql")
	if err != nil {
		return // checkPsql says so
	}
	out, err := exec.Command(psql, "-X", "-At", s.URL, "-c", "begin read only", "-c", "call tidegate.verify('web.events', '2018-02-03')").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "web.events|dt=2018-02-03|") || !strings.Contains(string(out), "|t|") {
		t.Errorf("psql: %v\n%s", err, out)
	}
}

// verified calls verify, checks that all is well, and gives the sum of the catalog's rows.
func verified(t *testing.T, c *pgx.Conn, ledger bool, mode pgx.QueryExecMode, table, prefix string) (sum int64) {
	t.Helper()
	rows, err := c.Query(t.Context(), "call tidegate.verify($1, $2)", mode, table, prefix)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, partition string
		var catalog int64
		var cold, hot, booked *int64
		var ok bool
		var difference *string
		if err := rows.Scan(&name, &partition, &catalog, &cold, &hot, &booked, &ok, &difference); err != nil {
			t.Fatal(err)
		}
		same := func(n *int64) bool { return n != nil && *n == catalog }
		if !ok || difference != nil || !same(cold) || !same(hot) || ledger != (booked != nil) || ledger && !same(booked) {
			t.Errorf("%s %s: %d in the catalog, %s cold, %s hot, %s in the ledger, %t", name, partition, catalog,
				shownCount(cold), shownCount(hot), shownCount(booked), ok)
		}
		sum += catalog
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return sum
}

func shownCount(n *int64) string {
	if n == nil {
		return "none"
	}
	return strconv.FormatInt(*n, 10)
}
