// Package temporary keeps the temporary tables of the gateway's sessions in the memory of the engine that scans the lake,
// so that a statement may join them with the lake's tables.
//
// A session's tables are in a schema of its own, tmp_<pid>. Every change is committed in the engine at once: readers that
// are open see what was there when they began, and several may be. Transactions are made here: each row knows which
// command put it there and which one took it away, so that a rollback, also to a savepoint, takes back all commands after
// one. Nothing outlives the process.
package temporary

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// DB is the engine that keeps the tables.
type DB interface {
	Session(ctx context.Context) (engine.Session, error)
	// Generation counts how often the engine was opened anew: what it kept in memory is gone then.
	Generation() int
}

// Store makes the tables of sessions. It is safe for concurrent use.
type Store struct {
	db       DB
	maxBytes int64
}

// New makes a Store whose tables, of all sessions, have at most maxBytes of memory and disk together.
func New(db DB, maxBytes int64) *Store { return &Store{db: db, maxBytes: maxBytes} }

// Open begins the tables of a session, of which there are none.
func (s *Store) Open(pid int32) *Tables {
	return &Tables{store: s, pid: pid, schema: fmt.Sprintf("tmp_%d", pid), tables: map[string]*table{}, kept: map[*heap]bool{}}
}

// Tables are the temporary tables of one session. It is not safe for concurrent use.
type Tables struct {
	store      *Store
	pid        int32
	schema     string
	made       bool // the schema is there
	generation int  // of the engine when it was made
	names      int64
	command    int64 // the newest one that changed a row
	version    int64 // of the definitions
	tables     map[string]*table
	kept       map[*heap]bool // all that the engine has
	staged     *stage         // of the statement that runs; nil: it has none
	marks      []mark         // of the open transaction and its savepoints
	broken     error          // why nobody can say what is in the tables any more
}

// table is what a name means: a definition, and the rows. A new definition of a table is another one with the same heap.
type table struct {
	relation *sql.Relation
	rows     int64 // as they were last counted, -1: never
	*heap
}

// heap is a table of the engine.
type heap struct {
	name    string // in the engine's words
	changed int64  // the newest command that changed a row
	dead    bool   // rows were taken away that a rollback may need
}

// mark is what a rollback goes back to.
type mark struct {
	command int64
	tables  map[string]*table
}

// The columns that every table has beside its own.
const (
	from = "_tg_from" // the command that put the row there
	to   = "_tg_to"   // the one that took it away; NULL: none
)

// Any reports whether there are tables.
func (t *Tables) Any() bool { return len(t.tables) > 0 }

// Shown is the schema's name as the catalogs tell it.
func (t *Tables) Shown() string { return fmt.Sprintf("pg_temp_%d", t.pid) }

// Version changes whenever a name means another table.
func (t *Tables) Version() int64 { return t.version }

// Relation finds a table.
func (t *Tables) Relation(name string) (*sql.Relation, bool) {
	x, ok := t.tables[name]
	if !ok {
		return nil, false
	}
	return x.relation, true
}

// HasConstraint reports whether a table has a constraint of that name.
func (t *Tables) HasConstraint(name string) bool {
	for _, x := range t.tables {
		if x.relation.Temporary.HasConstraint(name) {
			return true
		}
	}
	return false
}

// All gives the tables, by name.
func (t *Tables) All() map[string]*sql.Relation {
	all := make(map[string]*sql.Relation, len(t.tables))
	for name, x := range t.tables {
		all[name] = x.relation
	}
	return all
}

// Rows gives how many rows a table had when they were last counted, -1 if nobody has.
func (t *Tables) Rows(name string) int64 { return t.tables[name].rows }

// Source gives the FROM item of a table with the rows of its part.
func (t *Tables) Source(u *sql.Use) (string, error) {
	if err := t.usable(); err != nil {
		return "", err
	}
	if u.Relation.Part == sql.StagedRows {
		if t.staged == nil {
			return "", fmt.Errorf("nothing was brought for %s", u.Relation.Name)
		}
		return t.staged.source(u), nil
	}
	x, ok := t.tables[u.Relation.Name.Table]
	if !ok || x.relation.Temporary != u.Relation.Temporary {
		return "", pgerr.New(pgerr.FeatureNotSupported, "cached plan must not change result type")
	}
	var list []string
	for i, c := range x.relation.Columns {
		for _, name := range u.Columns {
			if name == c.Name {
				list = append(list, column(i)+" AS "+quote(name))
			}
		}
	}
	switch u.Relation.Part {
	case sql.NumberedRows, sql.EarlierRows, sql.ExcludedRows:
		list = append(list, "rowid AS "+sql.NumberColumn)
	default:
	}
	if len(list) == 0 {
		list = append(list, "1")
	}
	return "(SELECT " + strings.Join(list, ", ") + " FROM " + x.name + x.where(u.Relation.Part, t.command) + ")", nil
}

// where chooses the rows of a part; command is the statement's.
func (x *table) where(part sql.TemporaryPart, command int64) string {
	switch {
	case part == sql.EarlierRows:
		return fmt.Sprintf(" WHERE %s <> %d AND %s IS NULL", from, command, to)
	case part == sql.NewRows, part == sql.ExcludedRows:
		return fmt.Sprintf(" WHERE %s = %d", from, command)
	case part == sql.OldRows:
		return fmt.Sprintf(" WHERE %s = %d", to, command)
	case x.dead:
		return " WHERE " + to + " IS NULL"
	}
	return ""
}

func (t *Tables) usable() error {
	if t.broken == nil && t.made && t.generation != t.store.db.Generation() {
		t.broken = pgerr.New(pgerr.IOError, "the session's temporary tables were lost: the engine had to be opened anew").
			WithHint("DISCARD TEMP, or a new session, begins without any.")
	}
	return t.broken
}

// column is a column's name in the engine: users' names may differ by the case of letters, or be ours.
func column(i int) string { return fmt.Sprintf("c%d", i) }

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Enter is called before a change in a transaction that has so many savepoints.
func (t *Tables) Enter(savepoints int) {
	for len(t.marks) <= savepoints {
		t.marks = append(t.marks, mark{t.command, maps.Clone(t.tables)})
	}
}

// exec runs statements of ours.
func (t *Tables) exec(ctx context.Context, script ...string) (changed int64, err error) {
	s, err := t.store.db.Session(ctx)
	if err != nil {
		return 0, err
	}
	for _, text := range script {
		if changed, err = s.Exec(ctx, text); err != nil {
			break
		}
	}
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	return changed, err
}
