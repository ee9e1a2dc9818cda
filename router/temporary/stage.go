package temporary

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"tidegate/internal/engine"
	"tidegate/sql"
)

// stage is a table of texts that a statement's rows are made from. Its rows are numbered from 0 on.
type stage struct {
	name     string // in the engine's words
	from, to int64  // the rows that are read, both included
}

// The columns that a stage has beside the texts.
const (
	stagedRow  = "_tg_n"    // the number
	stagedLine = "_tg_line" // where the client wrote it
	stagedText = "_tg_text" // what the client wrote there
)

// source gives the FROM item of the staged rows.
func (s *stage) source(u *sql.Use) string {
	list := append([]string{}, u.Columns...)
	if len(list) == 0 {
		list = append(list, "1")
	}
	return fmt.Sprintf("(SELECT %s FROM %s WHERE %s BETWEEN %d AND %d)", strings.Join(list, ", "), s.name, stagedRow, s.from, s.to)
}

// newStage makes an empty one for rows of n texts. drop takes it away again.
func (c *change) newStage(ctx context.Context, n int) (drop func() error, err error) {
	c.names++
	s := &stage{name: fmt.Sprintf("%s.t%d", c.schema, c.names), to: math.MaxInt64}
	definitions := []string{stagedRow + " BIGINT", stagedLine + " BIGINT", stagedText + " VARCHAR"}
	for i := range n {
		definitions = append(definitions, column(i)+" VARCHAR")
	}
	if _, err := c.exec(ctx, "CREATE TABLE "+s.name+" ("+strings.Join(definitions, ", ")+")"); err != nil {
		return nil, err
	}
	c.staged = s
	return func() error {
		c.staged = nil
		_, err := c.exec(context.WithoutCancel(ctx), "DROP TABLE "+s.name)
		return err
	}, nil
}

// stager adds rows to a stage.
type stager struct {
	rows    engine.Appending
	session engine.Session
	builder *engine.Builder
	count   int64
}

func (c *change) stager(ctx context.Context) (*stager, error) {
	session, err := c.store.db.Session(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := session.Append(ctx, c.staged.name)
	if err != nil {
		return nil, errors.Join(err, session.Close())
	}
	columns := []engine.Physical{engine.PhysicalI64, engine.PhysicalI64, engine.PhysicalString}
	for range c.w.Staged {
		columns = append(columns, engine.PhysicalString)
	}
	return &stager{rows: rows, session: session, builder: engine.NewBuilder(columns)}, nil
}

// add adds a row; nil is NULL.
func (s *stager) add(ctx context.Context, fields [][]byte, line int64, text []byte) error {
	b := s.builder
	b.Vector(0).I64[b.Rows()], b.Vector(1).I64[b.Rows()] = s.count, line
	b.SetText(2, text)
	for i, v := range fields {
		if v == nil {
			b.SetNull(3 + i)
		} else {
			b.SetText(3+i, v)
		}
	}
	b.Keep()
	s.count++
	if !b.Full() {
		return nil
	}
	return s.flush(ctx)
}

func (s *stager) flush(ctx context.Context) error {
	if s.builder.Rows() == 0 {
		return nil
	}
	err := s.rows.Add(ctx, s.builder.Chunk())
	s.builder.Reset()
	return err
}

// close makes all rows readable.
func (s *stager) close(ctx context.Context) error {
	err := s.flush(ctx)
	ctx = context.WithoutCancel(ctx)
	return errors.Join(err, s.rows.Close(ctx), s.session.Close())
}

// bring stages the rows of the statement's query of another engine.
func (c *change) bring(ctx context.Context) (err error) {
	s, err := c.stager(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	fields := make([][]byte, c.w.Staged)
	return c.read(ctx, c.w.Brought, nil, func(chunk *engine.Chunk) error {
		for row := range chunk.Rows {
			if err := textsAt(chunk, row, fields); err != nil {
				return err
			}
			if err := s.add(ctx, fields, 0, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// textsAt gives the texts of a row, nil for NULL.
func textsAt(chunk *engine.Chunk, row int, fields [][]byte) error {
	for i := range fields {
		fields[i] = nil
		v := &chunk.Vectors[i]
		if !v.Valid(row) {
			continue
		}
		text, err := v.TextAt(row)
		if err != nil {
			return err
		}
		fields[i] = append([]byte{}, text...)
	}
	return nil
}
