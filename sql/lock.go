package sql

import pg_query "github.com/pganalyze/pg_query_go/v6"

// Lock is a LOCK TABLE.
type Lock struct {
	Tables []TableName
	Mode   string // "ACCESS SHARE"
}

// lockModes are PostgreSQL's, by their numbers in lockdefs.h.
var lockModes = [...]string{
	1: "ACCESS SHARE", 2: "ROW SHARE", 3: "ROW EXCLUSIVE", 4: "SHARE UPDATE EXCLUSIVE", 5: "SHARE", 6: "SHARE ROW EXCLUSIVE",
	7: "EXCLUSIVE", 8: "ACCESS EXCLUSIVE",
}

func (s *Statement) readLock(n *pg_query.LockStmt) {
	s.Kind, s.Tag, s.Lock = KindLock, "LOCK TABLE", &Lock{Mode: lockModes[n.Mode]}
	for _, r := range n.Relations {
		s.Lock.Tables = append(s.Lock.Tables, TableName{Schema: r.GetRangeVar().Schemaname, Table: r.GetRangeVar().Relname})
	}
}

// LockedRead gives the read of one of a LOCK's tables. Places in it are not the user's.
func (s *Statement) LockedRead(t TableName) (*Statement, error) { return s.readOf(t, nil) }
