package warehouse

import (
	"context"
	"encoding/json"
	"fmt"

	"tidegate/internal/pgerr"
)

// note is what Redshift knows of a column and DuckDB does not. It is the column's COMMENT, in JSON, so that it lives
// and dies, is renamed and rolled back with the column.
type note struct {
	Type    string `json:"type"`
	Encode  string `json:"encode"`
	DistKey bool   `json:"distkey,omitempty"`
	SortKey int    `json:"sortkey,omitempty"` // position in the sort key, from 1
}

// tableNote is the COMMENT of a table.
type tableNote struct {
	DistStyle string `json:"diststyle"` // "AUTO(ALL)", "EVEN", "KEY(site_id)"
}

// column is one column of a table.
type column struct {
	Name    string
	Type    columnType
	NotNull bool
	Default string // DuckDB's text; "" for none
	note    note
}

// relation is a table with its columns.
type relation struct {
	table
	columns []column
	note    tableNote
}

// column finds a column by its name.
func (r relation) column(name string) (column, bool) {
	for _, c := range r.columns {
		if c.Name == name {
			return c, true
		}
	}
	return column{}, false
}

// pick gives the named columns in the order of the names; all for no names.
func (r relation) pick(names []string) ([]column, error) {
	if names == nil {
		return r.columns, nil
	}
	var out []column
	seen := map[string]bool{}
	for _, name := range names {
		c, ok := r.column(name)
		switch {
		case !ok:
			return nil, pgerr.New(pgerr.UndefinedColumn, "column %q of relation %q does not exist", name, r.name)
		case seen[name]:
			return nil, pgerr.New(pgerr.DuplicateAlias, "column %q specified more than once", name)
		}
		seen[name] = true
		out = append(out, c)
	}
	return out, nil
}

// relation finds a table as the search path does: temporary tables first. 42P01 if there is none.
//
// It reads the catalog outside a transaction that has not begun yet: PG_* catalogs are not part of a snapshot.
func (s *session) relation(ctx context.Context, t table) (relation, error) {
	where := "database_name = 'temp'"
	permanent := "database_name = current_database() AND schema_name = "
	switch {
	case t.schema == "":
		where = "(" + where + " OR " + permanent + quote(s.currentSchema()) + ")"
	case t.schema != tempSchema:
		where = permanent + quote(t.schema)
	}
	rows, err := s.catalog(ctx, "SELECT database_name, schema_name, table_oid, coalesce(comment, '{}') FROM duckdb_tables() WHERE "+where+
		" AND table_name = "+quote(t.name)+" ORDER BY database_name = 'temp' DESC LIMIT 1")
	if err != nil {
		return relation{}, err
	}
	if len(rows) == 0 {
		return relation{}, pgerr.New(pgerr.UndefinedTable, "relation %q does not exist", t)
	}
	r := relation{table: table{schema: rows[0][1].String(), name: t.name}}
	database := rows[0][0].String()
	if database == "temp" {
		r.schema = tempSchema
	}
	if err := json.Unmarshal(rows[0][3], &r.note); err != nil {
		return relation{}, fmt.Errorf("read note of table %s: %w", t, err)
	}
	r.columns, err = s.columns(ctx, database, rows[0][2].String())
	return r, err
}

func (s *session) columns(ctx context.Context, database, tableOID string) ([]column, error) {
	rows, err := s.catalog(ctx, "SELECT column_name, is_nullable, coalesce(column_default, ''), comment FROM duckdb_columns()"+
		" WHERE database_name = "+quote(database)+" AND table_oid = "+tableOID+" ORDER BY column_index")
	if err != nil {
		return nil, err
	}
	out := make([]column, len(rows))
	for i, row := range rows {
		c := column{Name: row[0].String(), NotNull: row[1].String() == "f", Default: row[2].String()}
		if err := json.Unmarshal(row[3], &c.note); err != nil {
			return nil, fmt.Errorf("read note of column %s: %w", c.Name, err)
		}
		if c.Type, err = parseType(c.note.Type); err != nil {
			return nil, fmt.Errorf("read type of column %s: %w", c.Name, err)
		}
		out[i] = c
	}
	return out, nil
}

// catalog reads DuckDB's catalog, in the transaction only if that has begun.
func (s *session) catalog(ctx context.Context, sql string) ([][]value, error) {
	rows, err := s.duck.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	var out [][]value
	err = s.each(ctx, rows, func(batch [][]value) error {
		out = append(out, batch...)
		return nil
	})
	return out, err
}

// comment gives the statement that writes a note.
func comment(object string, note any) (string, error) {
	b, err := json.Marshal(note)
	if err != nil {
		return "", fmt.Errorf("write note of %s: %w", object, err)
	}
	return "COMMENT ON " + object + " IS " + quote(string(b)), nil
}
