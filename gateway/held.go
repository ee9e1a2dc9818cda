package gateway

import (
	"time"

	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// origin is where a portal or a prepared statement comes from: the text that the client sent, and when.
type origin struct {
	text string
	at   time.Time
}

// HeldStatement is a line of pg_prepared_statements.
type HeldStatement struct {
	Name, Text string
	At         time.Time
	Params     []pgtypes.OID
	SQL        bool  // of PREPARE
	Plans      int64 // each run makes one for its values
}

// HeldCursor is a line of pg_cursors.
type HeldCursor struct {
	Name, Text               string
	At                       time.Time
	Holds, Binary, Scrolling bool
}

// Prepared gives the statements that the session pid has prepared under a name, in no order. It is called while one of its
// statements is planned: nobody else may look.
func (s *Server) Prepared(pid int32) []HeldStatement {
	x := s.session(pid)
	if x == nil {
		return nil
	}
	var all []HeldStatement
	for name, p := range x.statements {
		if name != "" {
			all = append(all, HeldStatement{
				Name: name, Text: p.origin.text, At: p.origin.at, Params: p.params, SQL: p.bySQL, Plans: p.runs,
			})
		}
	}
	return all
}

// Cursors gives the portals of the session pid, in no order. It is called as Prepared is.
func (s *Server) Cursors(pid int32) []HeldCursor {
	x := s.session(pid)
	if x == nil {
		return nil
	}
	var all []HeldCursor
	for name, p := range x.portals {
		// A portal of Bind for what gives no rows is one too, until its transaction ends.
		all = append(all, HeldCursor{
			Name: name, Text: p.origin.text, At: p.origin.at, Holds: p.hold, Binary: p.binary, Scrolling: p.scroll != nil,
		})
	}
	return all
}

// origin is that of what the session's statement makes.
func (s *session) origin(st *sql.Statement) origin {
	text := s.said
	if text == "" {
		text = st.Text
	}
	return origin{text: text, at: s.state.Statement}
}
