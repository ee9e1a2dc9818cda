package duck

import (
	"context"

	"tidegate/internal/engine"
)

var _ engine.Gatherer = (*DB)(nil)

// gathering is a temporary table of a session, which leaves with it. Its rows count as the memory of queries does, and
// are spilled as theirs.
type gathering struct {
	session *Session
	begun   bool
}

// Gather opens a session for rows of several statements.
func (db *DB) Gather(ctx context.Context, zone string) (engine.Gathering, error) {
	s, err := db.open(ctx, zoneOf(engine.Statement{TimeZone: zone}))
	if err != nil {
		return nil, err
	}
	return &gathering{session: s}, nil
}

// Add keeps the rows of a statement. As a subquery it can be nothing but one that reads.
func (g *gathering) Add(ctx context.Context, sql string) error {
	into := "INSERT INTO " + engine.GatheredTable + " SELECT * FROM (" + sql + "\n) AS part"
	if !g.begun {
		into = "CREATE TEMP TABLE gathered AS SELECT * FROM (" + sql + "\n) AS part"
	}
	if _, err := g.session.Exec(ctx, into); err != nil {
		return err
	}
	g.begun = true
	return nil
}

// Query starts a statement that reads, with the columns that the client must see.
func (g *gathering) Query(ctx context.Context, s engine.Statement) (engine.Rows, error) {
	if s.Into != nil {
		return g.session.fill(ctx, s)
	}
	return g.session.query(ctx, func() (*prepared, error) { return g.session.conn.prepareFor(s) })
}

// Close drops the table.
func (g *gathering) Close() error { return g.session.Close() }
