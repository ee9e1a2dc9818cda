package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Notify is LISTEN, UNLISTEN or NOTIFY, as the tag says.
type Notify struct {
	Channel string // "" with UNLISTEN: all
	Payload string
}

// Constraints is SET CONSTRAINTS.
type Constraints struct {
	Names    []TableName // nil: all
	Deferred bool
}

// Text is the statement in PostgreSQL's words.
func (c *Constraints) Text() string {
	list := "ALL"
	if c.Names != nil {
		names := make([]string, len(c.Names))
		for i, n := range c.Names {
			if names[i] = quoteIdent(n.Table); n.Schema != "" {
				names[i] = quoteIdent(n.Schema) + "." + names[i]
			}
		}
		list = strings.Join(names, ", ")
	}
	if c.Deferred {
		return "SET CONSTRAINTS " + list + " DEFERRED"
	}
	return "SET CONSTRAINTS " + list + " IMMEDIATE"
}

// readNotify reads what sessions tell each other.
func (s *Statement) readNotify() {
	s.Kind = KindNotify
	switch n := s.node.Node.(type) {
	case *pg_query.Node_ListenStmt:
		s.Tag, s.Notify = "LISTEN", &Notify{Channel: n.ListenStmt.Conditionname}
	case *pg_query.Node_UnlistenStmt:
		s.Tag, s.Notify = "UNLISTEN", &Notify{Channel: n.UnlistenStmt.Conditionname}
	case *pg_query.Node_NotifyStmt:
		s.Tag, s.Notify = "NOTIFY", &Notify{Channel: n.NotifyStmt.Conditionname, Payload: n.NotifyStmt.Payload}
	}
}

func (s *Statement) readConstraints(n *pg_query.ConstraintsSetStmt) {
	s.Kind, s.Tag = KindConstraints, "SET CONSTRAINTS"
	s.Constraints = &Constraints{Deferred: n.Deferred}
	for _, c := range n.Constraints {
		s.Constraints.Names = append(s.Constraints.Names, TableName{Schema: c.GetRangeVar().GetSchemaname(), Table: c.GetRangeVar().GetRelname()})
	}
}
