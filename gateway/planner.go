package gateway

import (
	"context"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// Planner is what a session needs from the router. It is safe for concurrent use; what a call gets of a session
// is in its State. Errors that the client can understand are *pgerr.Error.
type Planner interface {
	// Bind resolves a read (KindSelect) for this session. params are the types that the client told for $1, $2, …;
	// 0 or a missing one is not told. The result's Params name every parameter's type, never 0.
	Bind(ctx context.Context, st *sql.Statement, params []pgtypes.OID, s *State) (*sql.Query, error)
	// Recall gives the statement of a text that is known from before, but perhaps for the values of literals, as Parse
	// and Bind would give it; ok is false if they have to. The statement's text may have the literals of another one.
	Recall(ctx context.Context, text string, params []pgtypes.OID, s *State) (st *sql.Statement, q *sql.Query, ok bool)
	// Describe gives the columns that q will answer, its parameters not replaced. It reads no data and holds
	// nothing afterwards.
	Describe(ctx context.Context, q *sql.Query, st *sql.Statement, s *State) ([]engine.Column, error)
	// Plan decides how q, its parameters replaced by values, is answered. The session calls Release once.
	// With an error the plan may still be given: what was known when the query was refused, for the query log.
	Plan(ctx context.Context, q *sql.Query, st *sql.Statement, s *State) (*engine.Plan, error)
	// Call plans CALL tidegate.…; other procedures are 42883. Nothing happens before the plan's statement is
	// queried. A plan whose rows have no columns answers with the tag alone.
	Call(ctx context.Context, st *sql.Statement, s *State) (*engine.Plan, error)
}

// State is a session as the planner sees it. It is valid during the call, and the planner does not change it,
// except through Pin.
type State struct {
	User     string
	Database string
	PID      int32

	ApplicationName string
	QueryGroup      string
	SearchPath      []string // as set: "$user", "public"
	TimeZone        string   // see pgtypes.FindZone; never ""
	Zone            *time.Location
	Style           pgtypes.Style // of Zone too
	Version         string        // what version() answers

	Latency      string        // tidegate.latency: interactive, standard, archive; "" not set
	MaxScan      int64         // tidegate.max_scan in bytes; 0 not set
	Generation   int64         // tidegate.generation; 0 is the newest
	MaxStaleness time.Duration // tidegate.max_staleness; negative not set

	Now       time.Time // start of the transaction: now()
	Statement time.Time // start of the statement: statement_timestamp()
	// Repeatable is set in a transaction of isolation REPEATABLE READ or SERIALIZABLE: every statement of it
	// must see the generation of the first.
	Repeatable bool
	// Pinned is the generation given to Pin in this transaction; 0 is none yet.
	Pinned int64
	// Own is the session's own connection to the warehouse; nil while it has none.
	Own Connection
	// Temporary are the session's temporary tables that Tidegate keeps; nil: it never had one.
	Temporary TemporaryTables

	settings settingReader
}

type settingReader interface {
	show(name string) (string, bool)
}

// Pin keeps generation for the rest of a repeatable transaction; in any other it does nothing.
func (s *State) Pin(generation int64) {
	if s.Repeatable && s.Pinned == 0 {
		s.Pinned = generation
	}
}

// Setting gives a setting's value as SHOW prints it; name in lower case. It has the form of sql.Env.Settings.
func (s *State) Setting(name string) (string, bool) {
	if s.settings == nil {
		return "", false
	}
	return s.settings.show(name)
}

// Recorder takes what became of a statement: exactly once per statement that was planned or refused, after its
// last row. It must not block.
type Recorder interface {
	Record(e Entry)
}

// Entry is one line of the query log.
type Entry struct {
	ID              string
	Started         time.Time
	Elapsed         time.Duration
	User            string
	ApplicationName string

	Route      engine.Route // "" if it was refused before a route was chosen
	Reason     string
	Latency    string
	Generation int64
	AsOf       time.Time

	Rows         int64 // sent to the client
	BytesScanned int64 // that the plan expected to read
	BytesFetched int64 // of these, not yet on this machine

	Code        pgerr.Code // "" if it ended well
	Fingerprint string
	Query       string // literals as $n
}
