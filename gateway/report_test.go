package gateway

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/testkit"
)

// TestReportsOfSET compares with PostgreSQL 15 which settings are told again, and when.
func TestReportsOfSET(t *testing.T) {
	t.Parallel()
	cluster := testkit.PostgresTCP(t)
	d := serve(t, nil)
	for _, script := range []string{
		"set application_name = 'a'",
		"set timezone = 'Asia/Tokyo'; set timezone = 'Asia/Tokyo'",
		"set datestyle = dmy; reset datestyle",
		"set client_encoding = 'UNICODE'; set client_encoding to 'sql_ascii'; reset client_encoding",
		"set names 'utf-8'",
		"begin; set local application_name = 'b'; select 1; commit",
		"begin; set application_name = 'b'; rollback",
		"set default_transaction_read_only = on; set work_mem = '8MB'",
		"set application_name = 'c'; discard all",
		"set application_name = 'd'; reset all",
		"set time zone 'UTC'; set time zone local",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			run := func(addr, user, database string) []string {
				x := &dialogue{t: t, reports: true}
				return x.run("tcp", addr, func(d *dialogue) {
					d.send(packet(v30, startupBody("user", user, "database", database)))
					d.listen()
					d.said = nil
					for statement := range strings.SplitSeq(script, "; ") {
						d.send(typed('Q', statement+"\x00"))
						d.listen()
					}
				})
			}
			if diff := cmp.Diff(run("127.0.0.1:"+cluster.Port, "postgres", "postgres"), run(d.addr, "ann", "tidegate")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
