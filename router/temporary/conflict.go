package temporary

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// The columns of the stages of a conflict, beside sql.NumberColumn, which is the row that was there before, or the first
// of a group.
const newRow = "_tg_new"

// conflicts takes the new rows that are in conflict out of the table again, and updates those that were there before.
// n is how many rows the statement has put there; it gives how many were inserted or updated.
func (c *change) conflicts(ctx context.Context, x *table, n int64) (int64, error) {
	if err := c.checkRows(ctx, x); err != nil {
		return 0, err
	}
	if c.w.Conflict.Update == nil {
		gone, err := c.nothing(ctx, x)
		return n - gone, err
	}
	return c.upsert(ctx, x, n)
}

// nothing is DO NOTHING. It gives how many rows are gone.
func (c *change) nothing(ctx context.Context, x *table) (int64, error) {
	var gone int64
	for _, k := range c.w.Conflict.Keys {
		err := c.withStage(ctx, k.Pairs, nil, func(stage string) error {
			n, err := c.exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE rowid IN (SELECT %s FROM %s)", x.name, newRow, stage))
			gone += n
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	later, err := c.later(ctx)
	if err != nil {
		return 0, err
	}
	for at := 0; at < len(later); at += manyRows {
		rows := strings.Trim(fmt.Sprint(later[at:min(at+manyRows, len(later))]), "[]")
		n, err := c.exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE rowid IN (%s)", x.name, strings.ReplaceAll(rows, " ", ", ")))
		if err != nil {
			return 0, err
		}
		gone += n
	}
	return gone, nil
}

// manyRows is how many numbers of rows stand in one statement.
const manyRows = 10000

// group is the rows that have one key.
type group struct {
	key   int
	first int64
}

// later gives the new rows before which another one with a key of theirs was put there. One that was not put there is in no
// row's way.
func (c *change) later(ctx context.Context) ([]int64, error) {
	groups := map[int64][]group{}
	var order []int64
	for i, k := range c.w.Conflict.Keys {
		err := c.read(ctx, k.Groups, nil, func(chunk *engine.Chunk) error {
			for row := range chunk.Rows {
				number := chunk.Vectors[0].I64[row]
				if groups[number] == nil {
					order = append(order, number)
				}
				groups[number] = append(groups[number], group{i, chunk.Vectors[1].I64[row]})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(order)
	taken := map[group]bool{}
	var later []int64
	for _, number := range order {
		if slices.ContainsFunc(groups[number], func(g group) bool { return taken[g] }) {
			later = append(later, number)
			continue
		}
		for _, g := range groups[number] {
			taken[g] = true
		}
	}
	return later, nil
}

// upsert is DO UPDATE.
func (c *change) upsert(ctx context.Context, x *table, n int64) (int64, error) {
	k := c.w.Conflict.Keys[0]
	var gone, updated int64
	err := c.withStage(ctx, c.w.Conflict.Update, x.relation.Columns, func(updates string) error {
		return c.withStage(ctx, k.Pairs, nil, func(pairs string) error {
			if err := c.refuseTwice(ctx, updates, pairs, k); err != nil {
				return err
			}
			var err error
			if gone, err = c.exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE rowid IN (SELECT %s FROM %s)", x.name, newRow, pairs)); err != nil {
				return err
			}
			updated, err = c.apply(ctx, x, updates, true, columns(x.relation))
			return err
		})
	})
	return n - gone + updated, err
}

// refuseTwice refuses to change a row again that the statement has inserted or updated.
func (c *change) refuseTwice(ctx context.Context, updates, pairs string, k sql.ConflictKey) error {
	n, err := c.count(ctx, fmt.Sprintf("SELECT count(*) FROM %s u JOIN %s p USING (%s) WHERE p.%s > u.%[4]s", updates, pairs, sql.NumberColumn, newRow))
	if err != nil {
		return err
	}
	if n == 0 {
		err = c.withStage(ctx, k.Groups, nil, func(groups string) error {
			n, err = c.count(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s <> %s AND %[3]s NOT IN (SELECT %[3]s FROM %[4]s)",
				groups, sql.NumberColumn, newRow, pairs))
			return err
		})
	}
	if err != nil || n == 0 {
		return err
	}
	return pgerr.New("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time").
		WithHint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.")
}

// withStage puts the rows of a query, two numbers and values of columns, into a table of its own for as long as use runs.
func (c *change) withStage(ctx context.Context, q *sql.Query, own []sql.Column, use func(stage string) error) (err error) {
	definitions := []string{sql.NumberColumn + " BIGINT", newRow + " BIGINT", from + " BIGINT"}
	into := []string{sql.NumberColumn, newRow}
	for i, r := range own {
		definitions = append(definitions, column(i)+" "+sql.StoredType(r.Type))
		into = append(into, column(i))
	}
	c.names++
	stage := fmt.Sprintf("%s.t%d", c.schema, c.names)
	if _, err := c.exec(ctx, "CREATE TABLE "+stage+" ("+strings.Join(definitions, ", ")+")"); err != nil {
		return err
	}
	defer func() {
		_, dropErr := c.exec(context.WithoutCancel(ctx), "DROP TABLE "+stage)
		err = errors.Join(err, dropErr)
	}()
	if _, err := c.fill(ctx, q, stage, into); err != nil {
		return err
	}
	return use(stage)
}
