package pgcatalog

import (
	"fmt"
	"time"

	"tidegate/internal/pgtypes"
)

// Prepared is a row of pg_prepared_statements.
type Prepared struct {
	Name, Statement string
	At              time.Time
	Params          []pgtypes.OID
	SQL             bool
	Plans           int64
}

const preparedText = `(SELECT p.name, p.statement, make_timestamptz(p.at) AS prepare_time,
	coalesce((SELECT list(pgc.regtype(u.t) ORDER BY u.i) FROM (SELECT unnest(p.params) AS t, generate_subscripts(p.params, 1) AS i) u), []) AS parameter_types,
	p.from_sql, 0::BIGINT AS generic_plans, p.plans AS custom_plans
	FROM (SELECT unnest(from_json(%s, '[{"name": "VARCHAR", "statement": "VARCHAR", "at": "BIGINT", "params": ["UINTEGER"], "from_sql": "BOOLEAN", "plans": "BIGINT"}]'),
	max_depth := 2)) p)`

func preparedSource(list []Prepared) (string, error) {
	rows := make([]map[string]any, len(list))
	for i, p := range list {
		rows[i] = map[string]any{
			"name": p.Name, "statement": p.Statement, "at": micros(p.At), "params": append([]pgtypes.OID{}, p.Params...), "from_sql": p.SQL, "plans": p.Plans,
		}
	}
	return rowsIn(preparedText, rows)
}

// Cursor is a row of pg_cursors.
type Cursor struct {
	Name, Statement          string
	At                       time.Time
	Holds, Binary, Scrolling bool
}

const cursorsText = `(SELECT c.name, c.statement, c.is_holdable, c.is_binary, c.is_scrollable, make_timestamptz(c.at) AS creation_time
	FROM (SELECT unnest(from_json(%s, '[{"name": "VARCHAR", "statement": "VARCHAR", "at": "BIGINT", "is_holdable": "BOOLEAN", "is_binary": "BOOLEAN",
	"is_scrollable": "BOOLEAN"}]'), recursive := true)) c)`

func cursorsSource(list []Cursor) (string, error) {
	rows := make([]map[string]any, len(list))
	for i, c := range list {
		rows[i] = map[string]any{
			"name": c.Name, "statement": c.Statement, "at": micros(c.At), "is_holdable": c.Holds, "is_binary": c.Binary, "is_scrollable": c.Scrolling,
		}
	}
	return rowsIn(cursorsText, rows)
}

// Lock is an advisory lock of pg_locks.
type Lock struct {
	Class, Object uint32
	Sub           int16
	PID           int32
	Transaction   int64 // the session's, 0 outside of one
	Mode          string
	Granted       bool
	Waits         time.Time
}

const locksText = `(SELECT 'advisory' AS locktype, (SELECT min(oid) FROM pgc.pg_database WHERE datname NOT LIKE 'template%%') AS database,
	NULL::UINTEGER AS relation, NULL::INTEGER AS page, NULL::SMALLINT AS tuple, NULL::VARCHAR AS virtualxid, NULL::UINTEGER AS transactionid,
	l.classid, l.objid, l.objsubid, l.virtualtransaction, l.pid, l.mode, l.granted, false AS fastpath,
	make_timestamptz(l.waitstart) AS waitstart
	FROM (SELECT unnest(from_json(%s, '[{"classid": "UINTEGER", "objid": "UINTEGER", "objsubid": "SMALLINT", "virtualtransaction": "VARCHAR", "pid": "INTEGER",
	"mode": "VARCHAR", "granted": "BOOLEAN", "waitstart": "BIGINT"}]'), recursive := true)) l)`

func locksSource(list []Lock) (string, error) {
	rows := make([]map[string]any, len(list))
	for i, l := range list {
		rows[i] = map[string]any{
			"classid": l.Class, "objid": l.Object, "objsubid": l.Sub,
			"virtualtransaction": fmt.Sprintf("%d/%d", l.PID, l.Transaction), "pid": l.PID, "mode": l.Mode, "granted": l.Granted, "waitstart": micros(l.Waits),
		}
	}
	return rowsIn(locksText, rows)
}
