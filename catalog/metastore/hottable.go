package metastore

import (
	"context"
	"encoding/json"
	"fmt"

	"tidegate/catalog"
)

// NoteHotTable makes what the live hot table has a part of the table's definition.
func (s *Store) NoteHotTable(ctx context.Context, table catalog.Name, columns []string, limits []catalog.HotLimit) (int64, error) {
	var generation int64
	err := s.write(ctx, "note the hot table of "+table.String(), func(w *writer) error {
		id, err := w.table(table)
		if err != nil {
			return err
		}
		t, stored, err := w.definition(id, 0)
		if err != nil {
			return err
		}
		if t == nil || t.Hot == nil || !t.Hot.FromTable {
			return fmt.Errorf("%w: the hot columns of %s are not those of its hot table", catalog.ErrConflict, table)
		}
		for _, c := range columns {
			if _, ok := t.Column(c); !ok {
				return fmt.Errorf("%w: %s has no column %s", catalog.ErrConflict, table, c)
			}
		}
		t.Hot.Columns, t.Hot.Limits = columns, limits
		next, err := json.Marshal(t)
		if err != nil {
			return err
		}
		if string(next) == stored {
			generation, err = w.newest()
			return err
		}
		if generation, err = w.generation("hot table", id); err != nil {
			return err
		}
		return w.redefine(id, generation, t.SchemaVersion, next)
	})
	if err != nil {
		return 0, err
	}
	return generation, nil
}

// withLiveHot gives a record's definition with what is known of the live hot table: the record's batch may have begun
// before that was noted.
func withLiveHot(t catalog.Table, old *catalog.Table) catalog.Table {
	if old == nil || old.Hot == nil || t.Hot == nil || !old.Hot.FromTable || !t.Hot.FromTable {
		return t
	}
	hot := *t.Hot
	hot.Columns, hot.Limits = old.Hot.Columns, old.Hot.Limits
	t.Hot = &hot
	return t
}
