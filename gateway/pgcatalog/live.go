package pgcatalog

import (
	"encoding/json"
	"fmt"
	"strings"

	"tidegate/internal/engine"
	"tidegate/sql"
)

// Live is what changes while the contents stay. A nil function gives nothing.
type Live struct {
	// Backends are the sessions as an asker may see them.
	Backends func(asker engine.Asker) []Backend
	// Settings are the settings of the asker's own session with their values.
	Settings func(asker engine.Asker) []Setting
	// Prepared and Cursors are what the asker's own session holds.
	Prepared func(asker engine.Asker) []Prepared
	Cursors  func(asker engine.Asker) []Cursor
	// Locks are the advisory locks of everybody.
	Locks func() []Lock
}

// source gives the FROM item of a relation whose rows are as they are now; ok is false if it is none of those.
func (l *Live) source(name sql.TableName, asker engine.Asker) (text string, ok bool, err error) {
	if name.Schema != "pg_catalog" {
		return "", false, nil
	}
	switch {
	case name.Table == "pg_stat_activity" && l.Backends != nil:
		text, err = activitySource(l.Backends(asker))
	case name.Table == "pg_stat_database" && l.Backends != nil:
		text = databasesSource(l.Backends(asker))
	case name.Table == "pg_settings" && l.Settings != nil:
		text, err = settingsSource(l.Settings(asker))
	case name.Table == "pg_prepared_statements" && l.Prepared != nil:
		text, err = preparedSource(l.Prepared(asker))
	case name.Table == "pg_cursors" && l.Cursors != nil:
		text, err = cursorsSource(l.Cursors(asker))
	case name.Table == "pg_locks" && l.Locks != nil:
		text, err = locksSource(l.Locks())
	default:
		return "", false, nil
	}
	return text, true, err
}

// rowsIn puts rows into the text of a FROM item as one literal: as a list of values they would take DuckDB's binder longer
// than all else.
func rowsIn(text string, rows any) (string, error) {
	data, err := json.Marshal(rows)
	if err != nil {
		return "", fmt.Errorf("write rows of the catalog: %w", err)
	}
	return fmt.Sprintf(text, "'"+strings.ReplaceAll(string(data), "'", "''")+"'"), nil
}
