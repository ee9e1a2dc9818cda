package temporary

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// SQLSTATEs of rows that a table does not take.
const (
	notNullViolation pgerr.Code = "23502"
	uniqueViolation  pgerr.Code = "23505"
	checkViolation   pgerr.Code = "23514"
)

// check refuses the new rows if the table does not take them.
func (c *change) check(ctx context.Context, x *table) error {
	if c.w.Verb == sql.TemporaryDelete {
		return nil
	}
	if err := c.checkRows(ctx, x); err != nil {
		return err
	}
	return c.checkKeys(ctx, x)
}

// checkRows looks at each new row by itself.
func (c *change) checkRows(ctx context.Context, x *table) error {
	if err := c.checkNull(ctx, x); err != nil {
		return err
	}
	name := c.w.Table.Name.Table
	for _, k := range c.w.Checks {
		row, err := c.first(ctx, k.Broken)
		if err != nil {
			return err
		}
		if row != nil {
			return c.about(pgerr.New(checkViolation, "new row for relation %q violates check constraint %q", name, k.Name).
				WithDetail("Failing row contains (%s).", failing(row)), k.Name, "")
		}
	}
	return nil
}

// checkKeys looks for new rows whose key others have.
func (c *change) checkKeys(ctx context.Context, x *table) error {
	for _, k := range x.relation.Temporary.Unique() {
		q, err := c.w.Same(k)
		if err != nil {
			return err
		}
		row, err := c.first(ctx, q)
		if err != nil {
			return err
		}
		if row != nil {
			return c.about(pgerr.New(uniqueViolation, "duplicate key value violates unique constraint %q", k.Name).
				WithDetail("Key (%s)=(%s) already exists.", strings.Join(k.Columns, ", "), failing(row)), k.Name, "")
		}
	}
	return nil
}

// about names what an error is about, as drivers read it.
func (c *change) about(e *pgerr.Error, constraint, column string) error {
	e.Schema, e.Table, e.Constraint, e.Column = c.Shown(), c.w.Table.Name.Table, constraint, column
	return e
}

// checkNull looks for NULLs where none may be.
func (c *change) checkNull(ctx context.Context, x *table) error {
	for i, r := range x.relation.Temporary.Columns {
		if !r.NotNull {
			continue
		}
		n, err := c.count(ctx, fmt.Sprintf("SELECT count(*) FROM %s%s AND %s IS NULL", x.name, x.where(sql.NewRows, c.command), column(i)))
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		q, err := c.w.Failing(r.Name)
		if err != nil {
			return err
		}
		row, err := c.first(ctx, q)
		if err != nil {
			return err
		}
		return c.about(pgerr.New(notNullViolation, "null value in column %q of relation %q violates not-null constraint", r.Name, c.w.Table.Name.Table).
			WithDetail("Failing row contains (%s).", failing(row)), "", r.Name)
	}
	return nil
}

// failing writes a row as PostgreSQL's errors do.
func failing(row []*string) string {
	const longest = 64
	texts := make([]string, len(row))
	for i, v := range row {
		switch {
		case v == nil:
			texts[i] = "null"
		case len(*v) > longest:
			texts[i] = strings.ToValidUTF8((*v)[:longest], "") + "..."
		default:
			texts[i] = *v
		}
	}
	return strings.Join(texts, ", ")
}

// first gives the first row of a query of texts, nil if it has none.
func (c *change) first(ctx context.Context, q *sql.Query) (row []*string, err error) {
	err = c.read(ctx, q, nil, func(chunk *engine.Chunk) error {
		if row != nil || chunk.Rows == 0 {
			return nil
		}
		for i := range chunk.Vectors {
			v := &chunk.Vectors[i]
			if !v.Valid(0) {
				row = append(row, nil)
				continue
			}
			text := strings.Clone(v.Str[0].View())
			row = append(row, &text)
		}
		return nil
	})
	return row, err
}

// text asks the engine for one text; nil is NULL.
func (s *Store) text(ctx context.Context, query string) (text []byte, err error) {
	err = s.ask(ctx, query, func(chunk *engine.Chunk) {
		if v := &chunk.Vectors[0]; v.Valid(0) {
			text = append([]byte{}, v.Str[0].Bytes()...)
		}
	})
	return text, err
}

// count asks the engine for a number.
func (t *Tables) count(ctx context.Context, text string) (n int64, err error) {
	return t.store.count(ctx, text)
}

func (s *Store) count(ctx context.Context, text string) (n int64, err error) {
	err = s.ask(ctx, text, func(chunk *engine.Chunk) { n = chunk.Vectors[0].I64[0] })
	return n, err
}

func (s *Store) ask(ctx context.Context, text string, take func(*engine.Chunk)) (err error) {
	session, err := s.db.Session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	rows, err := session.Query(ctx, text)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for chunk, err := range engine.Chunks(ctx, rows) {
		if err != nil {
			return err
		}
		take(chunk)
	}
	return nil
}
