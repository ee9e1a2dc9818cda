package pgcatalog

import "time"

// Backend is a row of pg_stat_activity. What is "" or zero is NULL.
type Backend struct {
	PID                   int32
	User, Database        string
	Application           string
	Address               string // "" of a socket in the file system
	Port                  int32
	Began                 time.Time
	Transaction           time.Time
	Query                 time.Time
	Changed               time.Time
	WaitType, Wait, State string
	Text                  string
}

// Hidden gives what of a row is for those who may not see what the session does, as PostgreSQL has it.
func (b Backend) Hidden() Backend {
	return Backend{PID: b.PID, User: b.User, Database: b.Database, Application: b.Application, Text: "<insufficient privilege>"}
}

const activityText = `(SELECT (SELECT oid FROM pgc.pg_database d WHERE d.datname = a.datname) AS datid, a.datname, a.pid,
	NULL::INTEGER AS leader_pid, (SELECT oid FROM pgc.pg_authid r WHERE r.rolname = a.usename) AS usesysid, a.usename,
	a.application_name, a.client_addr, NULL::VARCHAR AS client_hostname, a.client_port, make_timestamptz(a.backend_start) AS backend_start,
	make_timestamptz(a.xact_start) AS xact_start, make_timestamptz(a.query_start) AS query_start,
	make_timestamptz(a.state_change) AS state_change, a.wait_event_type, a.wait_event, a.state,
	NULL::UINTEGER AS backend_xid, NULL::UINTEGER AS backend_xmin, NULL::BIGINT AS query_id, a.query, CASE WHEN a.backend_start IS NOT NULL THEN 'client backend' END AS backend_type
	FROM (SELECT unnest(from_json(%s, '[{"datname": "VARCHAR", "pid": "INTEGER", "usename": "VARCHAR", "application_name": "VARCHAR",
	"client_addr": "VARCHAR", "client_port": "INTEGER", "backend_start": "BIGINT", "xact_start": "BIGINT", "query_start": "BIGINT",
	"state_change": "BIGINT", "wait_event_type": "VARCHAR", "wait_event": "VARCHAR", "state": "VARCHAR", "query": "VARCHAR"}]'),
	recursive := true)) a)`

// activitySource gives the rows as they are now.
func activitySource(backends []Backend) (string, error) {
	rows := make([]map[string]any, len(backends))
	for i, b := range backends {
		rows[i] = map[string]any{
			"pid": b.PID, "datname": b.Database, "usename": b.User, "application_name": b.Application,
			"client_addr": known(b.Address), "client_port": nil,
			"backend_start": micros(b.Began), "xact_start": micros(b.Transaction), "query_start": micros(b.Query), "state_change": micros(b.Changed),
			"wait_event_type": known(b.WaitType), "wait_event": known(b.Wait), "state": known(b.State), "query": b.Text,
		}
		if b.Port != 0 {
			rows[i]["client_port"] = b.Port
		}
	}
	return rowsIn(activityText, rows)
}

func known(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}
