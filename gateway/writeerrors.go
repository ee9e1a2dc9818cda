package gateway

import (
	"context"
	"errors"
	"slices"
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// writeError makes the server's error of a statement that was told it as text the client's: its place is in the client's
// text, and it names nothing that the user does not see. st is nil for the end of a transaction.
func (s *session) writeError(ctx context.Context, st *sql.Statement, text string, err error) error {
	e, ok := errors.AsType[*pgerr.Error](err)
	if !ok {
		return err
	}
	if st != nil && e.Told > 0 {
		e.Position, e.Told = st.Place(text, e.Told), 0
	}
	if e.Table == "" {
		return err
	}
	if !s.server.options.Warehouse.Sees(ctx, &s.state, e.Schema, e.Table) {
		e.Message = strings.ReplaceAll(e.Message, `table "`+e.Table+`"`, "another table")
		e.Detail, e.Schema, e.Table, e.Column, e.DataType, e.Constraint = "", "", "", "", "", ""
		return err
	}
	// A key's other table is told in the text alone.
	if _, other, found := strings.Cut(e.Detail, `table "`); found {
		other, _, _ = strings.Cut(other, `"`)
		if other != e.Table && !s.seesIn(ctx, other, append([]string{e.Schema}, s.state.SearchPath...)) {
			e.Detail = ""
		}
	}
	return err
}

// seesIn reports whether the session sees a table of that name in one of the schemas.
func (s *session) seesIn(ctx context.Context, table string, schemas []string) bool {
	return slices.ContainsFunc(schemas, func(schema string) bool {
		return s.server.options.Warehouse.Sees(ctx, &s.state, schema, table)
	})
}
