package hot

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

const (
	keptStatements = 64 // that a server keeps for a connection
	// customPlans is how often PostgreSQL plans a prepared statement for the values it is given, before it may choose a
	// plan for any values.
	customPlans = 5
)

// preparedStatement is a statement that the connection's server knows by name. Its text has its values apart.
type preparedStatement struct {
	textKey

	name    string
	columns []engine.Column
	used    int
	last    time.Time
}

// textKey is a text and the zone and style in which the server read the times that are written in it, when it prepared it.
type textKey struct{ zone, text string }

// preparedStatements of one connection.
type preparedStatements map[textKey]*preparedStatement

// statementName is the same for the same text and zone in every connection: should a pooler mix them up, a name never
// means another statement.
func statementName(k textKey) string {
	sum := sha256.Sum256([]byte(k.zone + "\x00" + k.text))
	return "tidegate_" + hex.EncodeToString(sum[:12])
}

// messages gives what runs a statement, and p, which is what the server knows of it or is to know: then kept gets it
// when the server has said so. p is nil for a statement with all its values in the text.
func (kept preparedStatements) messages(text string, s engine.Statement) (list []pgproto3.FrontendMessage, p *preparedStatement) {
	if s.Args == nil {
		return []pgproto3.FrontendMessage{
			&pgproto3.Parse{Query: text}, &pgproto3.Bind{ResultFormatCodes: s.Formats}, &pgproto3.Describe{ObjectType: 'P'},
			&pgproto3.Execute{}, &pgproto3.Sync{},
		}, nil
	}
	key := textKey{zoneOf(s) + s.Style.String(), text}
	p = kept[key]
	// Literals get the plan for their values, as they would if they stood in the text: the server must not begin to
	// choose one for any values.
	again := p != nil && (!s.Literals || p.used < customPlans)
	if !again {
		delete(kept, key)
		p = &preparedStatement{textKey: key, name: statementName(key)}
		list = append(kept.forget(),
			&pgproto3.Close{ObjectType: 'S', Name: p.name}, // no error if there is none
			&pgproto3.Parse{Name: p.name, Query: text}, &pgproto3.Describe{ObjectType: 'S', Name: p.name})
	}
	p.used++
	p.last = time.Now()
	bind := &pgproto3.Bind{PreparedStatement: p.name, ResultFormatCodes: s.Formats, Parameters: make([][]byte, len(s.Args))}
	for i, a := range s.Args {
		if !a.Null {
			bind.Parameters[i] = []byte(a.Text)
		}
	}
	return append(list, bind, &pgproto3.Execute{}, &pgproto3.Sync{}), p
}

// forget makes room for one more statement.
func (kept preparedStatements) forget() []pgproto3.FrontendMessage {
	if len(kept) < keptStatements {
		return nil
	}
	var oldest *preparedStatement
	for _, p := range kept {
		if oldest == nil || p.last.Before(oldest.last) {
			oldest = p
		}
	}
	delete(kept, oldest.textKey)
	return []pgproto3.FrontendMessage{&pgproto3.Close{ObjectType: 'S', Name: oldest.name}}
}

// isStale knows the errors of a prepared statement that would not be those of its text: the server has lost it, or the
// table has got other types since.
func isStale(p *preparedStatement, code pgerr.Code) bool {
	return p != nil && p.used > 1 && (code == pgerr.InvalidStatementName || code == pgerr.FeatureNotSupported)
}
