package hotload

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

// wanted gives the hot columns in the server's types.
func (s *Server) wanted(t *catalog.Table) ([]wantedColumn, error) {
	columns, err := hotColumns(t)
	if err != nil {
		return nil, err
	}
	wanted := make([]wantedColumn, len(columns))
	for i, c := range columns {
		name, err := s.Dialect.columnType(c)
		if err != nil {
			return nil, err
		}
		parsed, err := pgtypes.Parse(name)
		if err != nil {
			return nil, err
		}
		wanted[i] = wantedColumn{name: c.Name, typeName: name, typ: parsed}
	}
	return wanted, nil
}

// Check compares the hot table with the definition.
func (s *Server) Check(ctx context.Context, t *catalog.Table, loaded []string) error {
	wanted, err := s.wanted(t)
	if err != nil {
		return err
	}
	return s.connected(ctx, "look at hot table of "+t.Name.String(), func(c *pgconn.PgConn) error {
		have, err := s.Dialect.held(ctx, c, s, tableName(t.Name))
		if err != nil {
			return err
		}
		if t.Hot.FromTable {
			return s.checkLive(t, have)
		}
		_, err = compare(s.TableRef(t.Name), wanted, have, loaded)
		return err
	})
}

// Ensure makes or widens the table, and makes schema and ledger.
func (s *Server) Ensure(ctx context.Context, t *catalog.Table, loaded []string) error {
	wanted, err := s.wanted(t)
	if err != nil {
		return err
	}
	return s.connected(ctx, "make hot table of "+t.Name.String(), func(c *pgconn.PgConn) error {
		have, err := s.Dialect.held(ctx, c, s, tableName(t.Name))
		if err != nil {
			return err
		}
		if t.Hot.FromTable {
			return s.ensureLive(ctx, c, t, have)
		}
		change, err := compare(s.TableRef(t.Name), wanted, have, loaded)
		if err != nil {
			return err
		}
		if len(have) == 0 {
			table, err := s.Dialect.create(ctx, c, s, t, wanted)
			if err != nil {
				return err
			}
			first := []string{"CREATE SCHEMA IF NOT EXISTS " + quoteName(s.Schema), s.createLedger()}
			return execGroups(ctx, c, [][]string{append(first, table...)})
		}
		if err := s.makeLedger(ctx, c); err != nil || change.empty() {
			return err
		}
		groups, err := s.Dialect.alter(ctx, c, s, t, change)
		if err != nil {
			return err
		}
		return execGroups(ctx, c, groups)
	})
}

// execGroups runs every group: one statement outside of a transaction, several within one.
func execGroups(ctx context.Context, c *pgconn.PgConn, groups [][]string) error {
	for _, statements := range groups {
		if len(statements) == 1 {
			if err := exec(ctx, c, statements[0]); err != nil {
				return err
			}
			continue
		}
		if _, err := transaction(ctx, c, func() error { return exec(ctx, c, strings.Join(statements, "; ")) }); err != nil {
			return err
		}
	}
	return nil
}
