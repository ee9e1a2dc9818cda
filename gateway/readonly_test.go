package gateway

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/testkit"
)

// TestReadOnlySettings compares the access of transactions with PostgreSQL 15.
func TestReadOnlySettings(t *testing.T) {
	t.Parallel()
	cluster := testkit.PostgresTCP(t)
	d := serve(t, nil)
	for _, script := range []string{
		"begin; show transaction_read_only; set transaction read only; show transaction_read_only; commit; show transaction_read_only",
		"begin read only; show transaction_read_only; select 1; set transaction read write; rollback",
		"begin read only; set transaction read write; show transaction_read_only; commit",
		"begin read only; select 1; set transaction_read_only = off; rollback",
		"begin read only; select 1; set transaction_read_only = on; show transaction_read_only; rollback",
		"begin read only; savepoint a; set transaction_read_only = off; rollback",
		"begin; select 1; set transaction read only; show transaction_read_only; commit",
		"begin; savepoint a; set transaction read only; show transaction_read_only; rollback to a; show transaction_read_only; commit",
		"set default_transaction_read_only = on; show transaction_read_only; begin; show transaction_read_only; commit; begin read write; show transaction_read_only; commit",
		"begin; set default_transaction_read_only = on; show transaction_read_only; commit; show transaction_read_only",
		"set default_transaction_read_only = on; begin; set default_transaction_read_only = off; show transaction_read_only; commit; show transaction_read_only",
		"set transaction_read_only = on; show transaction_read_only",
		"set session characteristics as transaction read only; show transaction_read_only; show default_transaction_read_only",
		"set session characteristics as transaction isolation level serializable, read only; show transaction_isolation; show default_transaction_read_only",
		"set transaction read only; show transaction_read_only",
		"set default_transaction_read_only = on; create temp table t (a int); drop table t",
		"begin; reset transaction_read_only; commit",
		"set default_transaction_read_only = on; reset default_transaction_read_only; show default_transaction_read_only",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			run := func(addr, user, database string) []string {
				return (&dialogue{t: t}).run("tcp", addr, func(d *dialogue) {
					d.send(packet(v30, startupBody("user", user, "database", database)))
					d.listen()
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
