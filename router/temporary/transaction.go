package temporary

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"tidegate/sql"
)

// patience bounds the end of a transaction, which no client cancels.
const patience = time.Minute

// Commit ends a transaction: what it took away is taken out of the tables for good.
func (t *Tables) Commit(ctx context.Context) error {
	if len(t.marks) == 0 && !t.endsAnything() {
		return nil
	}
	changed := len(t.marks) > 0
	t.marks = nil
	if err := t.usable(); err != nil {
		if changed {
			return err
		}
		return nil // its reads say so
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer stop()
	for name, x := range t.tables {
		switch x.relation.Temporary.OnCommit {
		case sql.DropTable:
			t.forget(name)
		case sql.DeleteRows:
			if x.changed > 0 {
				if err := t.replace(ctx, name, x.relation); err != nil {
					return err
				}
			}
		default:
			if x.dead {
				if _, err := t.exec(ctx, "DELETE FROM "+x.name+" WHERE "+to+" IS NOT NULL"); err != nil {
					return err
				}
				x.dead = false
			}
		}
	}
	return t.sweep(ctx)
}

// endsAnything reports whether a COMMIT changes a table, whatever its transaction did.
func (t *Tables) endsAnything() bool {
	for _, x := range t.tables {
		if x.relation.Temporary.OnCommit == sql.DropTable {
			return true
		}
	}
	return false
}

// Rollback takes back what the transaction did. If it cannot, the tables are lost.
func (t *Tables) Rollback(ctx context.Context) { t.back(ctx, 0) }

// RollbackTo takes back what was done since a savepoint, counted from 0, which stays.
func (t *Tables) RollbackTo(ctx context.Context, savepoint int) { t.back(ctx, savepoint+1) }

// Release gives what was done since a savepoint to the one around it.
func (t *Tables) Release(savepoint int) {
	if len(t.marks) > savepoint+1 {
		t.marks = t.marks[:savepoint+1]
	}
}

// back restores a mark, if anything was done since it was set.
func (t *Tables) back(ctx context.Context, at int) {
	if len(t.marks) <= at {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer stop()
	m := t.marks[at]
	t.tables = maps.Clone(m.tables)
	t.version++
	err := t.undo(ctx, m.command)
	if at == 0 {
		t.marks = nil
	} else {
		t.marks = t.marks[:at+1]
	}
	if err = errors.Join(err, t.sweep(ctx)); err != nil && t.broken == nil {
		t.broken = fmt.Errorf("roll back temporary tables: %w", err)
	}
}

// undo takes back all commands after one.
func (t *Tables) undo(ctx context.Context, command int64) error {
	for _, x := range t.tables {
		if x.changed <= command {
			continue
		}
		_, err := t.exec(ctx, "BEGIN",
			fmt.Sprintf("DELETE FROM %s WHERE %s > %d", x.name, from, command),
			fmt.Sprintf("UPDATE %s SET %s = NULL WHERE %s > %d", x.name, to, to, command), "COMMIT")
		if err != nil {
			return err
		}
		x.changed = command
	}
	return nil
}

// sweep drops what no name and no mark means any more.
func (t *Tables) sweep(ctx context.Context) error {
	needed := map[*heap]bool{}
	for _, x := range t.tables {
		needed[x.heap] = true
	}
	for _, m := range t.marks {
		for _, x := range m.tables {
			needed[x.heap] = true
		}
	}
	for x := range t.kept {
		if needed[x] {
			continue
		}
		if _, err := t.exec(ctx, "DROP TABLE IF EXISTS "+x.name); err != nil {
			return err
		}
		delete(t.kept, x)
	}
	return nil
}

// forget takes a name away. The table stays until the transaction ends.
func (t *Tables) forget(name string) {
	delete(t.tables, name)
	t.version++
}

// Discard takes all names away, as a statement of a transaction; of tables that are lost for good.
func (t *Tables) Discard() {
	if t.usable() != nil {
		clear(t.tables)
		clear(t.kept)
		t.made, t.broken, t.marks = false, nil, nil
		t.version++
	}
	for name := range t.tables {
		t.forget(name)
	}
}

// Drop drops all tables and the schema, as the end of a session does. A transaction cannot be open.
func (t *Tables) Drop(ctx context.Context) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer stop()
	var err error
	if t.made && t.generation == t.store.db.Generation() {
		_, err = t.exec(ctx, "DROP SCHEMA IF EXISTS "+t.schema+" CASCADE")
	}
	clear(t.tables)
	clear(t.kept)
	t.made, t.broken, t.marks = false, nil, nil
	t.version++
	return err
}
