package temporary

import (
	"context"
	"errors"
	"maps"

	"tidegate/sql"
)

// define gives tables other definitions, all or none.
func (c *change) define(ctx context.Context) error {
	before := maps.Clone(c.tables)
	err := c.redefine(ctx)
	if err == nil {
		c.version++
		return nil
	}
	c.tables = before
	return errors.Join(err, c.sweep(context.WithoutCancel(ctx)))
}

func (c *change) redefine(ctx context.Context) error {
	for i := range c.w.Redefined {
		d := &c.w.Redefined[i]
		x, r := c.tables[d.Name], d.Made.Relation()
		next := &table{relation: c.numbered(r), rows: x.rows, heap: x.heap}
		if d.Rows != nil {
			var err error
			if next, err = c.rewritten(ctx, r, d.Rows); err != nil {
				return err
			}
		}
		delete(c.tables, d.Name)
		c.tables[d.Made.Name] = next
	}
	for i := range c.w.Refusals {
		r := &c.w.Refusals[i]
		row, err := c.first(ctx, r.Broken)
		if err != nil {
			return err
		}
		if row == nil {
			continue
		}
		e := *r.Error
		if r.Key != "" {
			e.Detail = "Key (" + r.Key + ")=(" + failing(row) + ") is duplicated."
		}
		e.Schema = c.Shown()
		return &e
	}
	return nil
}

// rewritten makes a table of the rows of another.
func (c *change) rewritten(ctx context.Context, r *sql.Relation, rows *sql.Query) (*table, error) {
	x, err := c.make(ctx, r)
	if err != nil {
		return nil, err
	}
	c.command++
	x.changed = c.command
	n, err := c.fill(ctx, rows, x.name, columns(r))
	c.take(n)
	return x, err
}
