package e2e

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// TestPreparedOverAltered executes statements whose temporary table has another type since they were described: a client
// that reads its rows as it was told gets none of the other type.
func TestPreparedOverAltered(t *testing.T) {
	t.Parallel()
	w := temporaryTwins(t)(t)
	w.script(`create temp table t (a int, b text)
		insert into t values (1, 'x')`)
	for name, text := range map[string]string{"read": "select * from t", "write": "insert into t values ($1, 'r') returning *"} {
		w.sameMessages(name, &pgproto3.Parse{Name: name, Query: text}, &pgproto3.Describe{ObjectType: 'S', Name: name}, &pgproto3.Sync{})
	}
	five := [][]byte{[]byte("5")}
	for _, alter := range []string{"add column c int", "drop column c", "alter a type float8 using 1.5", "alter a type date using '2020-01-01'", "alter a type int using 7"} {
		w.script("alter table t " + alter)
		w.sameMessages("text "+alter, &pgproto3.Bind{PreparedStatement: "read"}, &pgproto3.Execute{}, &pgproto3.Sync{})
		w.sameMessages("binary "+alter, &pgproto3.Bind{PreparedStatement: "read", ResultFormatCodes: []int16{1}}, &pgproto3.Execute{}, &pgproto3.Sync{})
		w.sameMessages("write "+alter, &pgproto3.Bind{PreparedStatement: "write", Parameters: five}, &pgproto3.Execute{}, &pgproto3.Sync{})
	}
	w.script("table t")
}
