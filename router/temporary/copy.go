package temporary

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"

	"tidegate/internal/engine"
	"tidegate/internal/pgcopy"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgnumeric"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// PostgreSQL's COPY puts so many rows, or so many bytes of them, into the table and its indexes together: an error about a
// key comes only then, after what is wrong with any of them.
const (
	rowsTogether  = 1000
	bytesTogether = 65535
)

// CopyIn puts the rows of a COPY … FROM STDIN into their table, all of them or none, and gives their number. Of several
// errors of rows it is the one that PostgreSQL meets first, with its place. Errors of the client are given as they are.
func (t *Tables) CopyIn(ctx context.Context, w *sql.Temporary, rows *pgcopy.Reader, plan Plan) (n int64, err error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	c := &copying{change: &change{t, w, plan}, table: t.tables[w.Table.Name.Table]}
	drop, err := c.newStage(ctx, w.Staged)
	if err != nil {
		return 0, err
	}
	before := c.command
	n, err = c.run(ctx, rows)
	c.take(n)
	if err != nil {
		n = 0
		c.takeBack(ctx, before)
	}
	return n, errors.Join(err, drop())
}

// copying is one COPY … FROM STDIN.
type copying struct {
	*change
	table    *table
	rows     int64   // staged
	partial  int     // the columns that the row after them has, which are staged too
	together []int64 // how many rows there were each time PostgreSQL would have put them into the table
}

// run stages the rows and puts them into the table.
func (c *copying) run(ctx context.Context, rows *pgcopy.Reader) (int64, error) {
	sent, failed := c.receive(ctx, rows)
	if failed != nil {
		return 0, failed
	}
	n, err := c.put(ctx, c.rows, c.checkRows)
	switch {
	case ofRow(err):
		bad, err := c.firstBad(ctx, c.rows, c.checkRows)
		if err == nil {
			err = c.keysBefore(ctx, bad)
		}
		if err == nil {
			err = c.placed(ctx, bad)
		}
		return 0, err
	case err != nil:
		return 0, err
	case sent != nil:
		if err := c.keysBefore(ctx, c.rows); err != nil {
			return 0, err
		}
		if err := c.placedValue(ctx, c.rows, c.partial); err != nil {
			return 0, err
		}
		return 0, sent
	}
	if err := c.checkKeys(ctx, c.table); err != nil {
		if ofRow(err) {
			err = c.sameKey(ctx, c.rows)
		}
		return 0, err
	}
	return n, nil
}

// receive stages what the client sends. sent is what is wrong with the row after those that are staged.
func (c *copying) receive(ctx context.Context, rows *pgcopy.Reader) (sent, failed error) {
	ctx, stop := c.store.watch(ctx)
	defer stop()
	s, err := c.stager(ctx)
	if err != nil {
		return nil, err
	}
	sent, failed = c.read(ctx, rows, s)
	if c.rows = s.count; c.partial > 0 {
		c.rows--
	}
	return sent, errors.Join(failed, s.close(ctx))
}

func (c *copying) read(ctx context.Context, rows *pgcopy.Reader, s *stager) (sent, failed error) {
	bytes := 0
	for {
		fields, err := rows.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case rows.Broken():
			return nil, err
		case err == nil && c.w.Copy.Options.Binary:
			err = c.textsOf(fields, rows.Line())
		}
		if err != nil {
			if c.partial = len(fields); c.partial > 0 && !c.w.Copy.Options.Binary {
				failed = s.add(ctx, append(fields, make([][]byte, c.w.Staged-len(fields))...), rows.Line(), []byte(rows.Text()))
			}
			return err, failed
		}
		if err := s.add(ctx, fields, rows.Line(), []byte(rows.Text())); err != nil {
			return nil, err
		}
		bytes += rows.Bytes()
		last := int64(0)
		if len(c.together) > 0 {
			last = c.together[len(c.together)-1]
		}
		if s.count-last >= rowsTogether || bytes >= bytesTogether {
			c.together, bytes = append(c.together, s.count), 0
		}
	}
}

// textsOf makes binary values texts.
func (c *copying) textsOf(fields [][]byte, line int64) error {
	for i, v := range fields {
		if v == nil {
			continue
		}
		text, err := pgtypes.BinaryToText(c.w.Copy.Types[i], v)
		if e, ok := errors.AsType[*pgerr.Error](err); ok {
			if e.Code == pgerr.InvalidBinary {
				e.Message, e.Detail = "incorrect binary data format", ""
			}
			e.Where = pgcopy.BinaryPlace(c.w.Table.Name.Table, line, c.w.Copy.Columns[i])
		}
		if err != nil {
			return err
		}
		fields[i] = []byte(text)
	}
	return nil
}

// put puts the first rows of the stage into the table, and checks them.
func (c *copying) put(ctx context.Context, rows int64, check func(context.Context, *table) error) (int64, error) {
	return c.putBetween(ctx, 0, rows-1, check)
}

func (c *copying) putBetween(ctx context.Context, from, to int64, check func(context.Context, *table) error) (int64, error) {
	c.command++
	c.table.changed = c.command
	c.staged.from, c.staged.to = from, to
	if from > to {
		return 0, nil
	}
	n, err := c.fill(ctx, c.w.Rows, c.table.name, columns(c.table.relation))
	if err == nil {
		err = check(ctx, c.table)
	}
	return n, err
}

// fails reports whether rows cannot be put into the table, which has none of them afterwards.
func (c *copying) fails(ctx context.Context, from, to int64, check func(context.Context, *table) error) (rowErr, err error) {
	before := c.command
	_, rowErr = c.putBetween(ctx, from, to, check)
	if err := c.undo(context.WithoutCancel(ctx), before); err != nil {
		return nil, err
	}
	if rowErr != nil && !ofRow(rowErr) {
		return nil, rowErr
	}
	return rowErr, nil
}

// firstBad gives the first of some rows that the table does not take after those before it; one of them is there.
func (c *copying) firstBad(ctx context.Context, rows int64, check func(context.Context, *table) error) (int64, error) {
	if err := c.undo(context.WithoutCancel(ctx), c.command-1); err != nil {
		return 0, err
	}
	var failed error
	at := sort.Search(int(rows-1), func(i int) bool {
		if failed != nil {
			return true
		}
		var rowErr error
		rowErr, failed = c.fails(ctx, 0, int64(i), check)
		return rowErr != nil
	})
	return int64(at), failed
}

// keysBefore is what is wrong with the keys of the rows that PostgreSQL has in the table when it meets a row.
func (c *copying) keysBefore(ctx context.Context, row int64) error {
	at := sort.Search(len(c.together), func(i int) bool { return c.together[i] > row })
	if at == 0 {
		return nil
	}
	rows := c.together[at-1]
	if err := c.undo(context.WithoutCancel(ctx), c.command-1); err != nil {
		return err
	}
	rowErr, err := c.fails(ctx, 0, rows-1, c.checkKeys)
	if err != nil || rowErr == nil {
		return err
	}
	return c.sameKey(ctx, rows)
}

// sameKey is the error of the first of some rows whose key is there already.
func (c *copying) sameKey(ctx context.Context, rows int64) error {
	at, err := c.firstBad(ctx, rows, c.checkKeys)
	if err != nil {
		return err
	}
	rowErr, err := c.fails(ctx, 0, at, c.checkKeys)
	if err != nil {
		return err
	}
	line, _, err := c.lineOf(ctx, at)
	if err != nil {
		return err
	}
	return c.at(rowErr, pgcopy.LinePlace(c.w.Table.Name.Table, line))
}

// at gives an error its place.
func (c *copying) at(err error, place string) error {
	if e, ok := errors.AsType[*pgerr.Error](err); ok && e.Where == "" {
		e.Where = place
	}
	return err
}

// placed is the error of a row that the table does not take: of a value, or of the row.
func (c *copying) placed(ctx context.Context, row int64) error {
	rowErr, err := c.fails(ctx, row, row, c.checkRows)
	if err != nil {
		return err
	}
	if rowErr == nil {
		return fmt.Errorf("COPY: row %d is taken by itself", row)
	}
	if code := pgerr.CodeOf(rowErr); code != notNullViolation && code != checkViolation {
		if err := c.placedValue(ctx, row, len(c.w.Copy.Columns)); err != nil {
			return err
		}
	}
	line, text, err := c.lineOf(ctx, row)
	if err != nil {
		return err
	}
	if c.w.Copy.Options.Binary {
		return c.at(rowErr, pgcopy.LinePlace(c.w.Table.Name.Table, line))
	}
	return c.at(rowErr, pgcopy.LineTextPlace(c.w.Table.Name.Table, line, text))
}

// placedValue is the error of the first of a row's values that its column does not take.
func (c *copying) placedValue(ctx context.Context, row int64, columns int) error {
	for i, column := range c.w.Copy.Columns[:columns] {
		value, valueErr, err := c.valueOf(ctx, row, i)
		if err != nil {
			return err
		}
		if valueErr == nil {
			continue
		}
		line, _, err := c.lineOf(ctx, row)
		if err != nil {
			return err
		}
		if c.w.Copy.Options.Binary {
			return c.at(valueErr, pgcopy.BinaryPlace(c.w.Table.Name.Table, line, column))
		}
		return c.at(valueErr, pgcopy.ColumnPlace(c.w.Table.Name.Table, line, column, value))
	}
	return nil
}

// lineOf gives the line of a row, and its text as errors show it.
func (c *copying) lineOf(ctx context.Context, row int64) (line int64, text string, err error) {
	where := fmt.Sprintf(" FROM %s WHERE %s = %d", c.staged.name, stagedRow, row)
	if line, err = c.count(ctx, "SELECT "+stagedLine+where); err != nil {
		return 0, "", err
	}
	shown, err := c.store.text(ctx, "SELECT "+stagedText+where)
	return line, string(shown), err
}

// valueOf gives the text of a value, and the error of reading it.
func (c *copying) valueOf(ctx context.Context, row int64, column int) (value []byte, valueErr, err error) {
	q, err := c.w.Copy.Value(column)
	if err != nil {
		return nil, nil, err
	}
	c.staged.from, c.staged.to = row, row
	valueErr = c.change.read(ctx, q, nil, func(*engine.Chunk) error { return nil })
	if valueErr != nil && !ofRow(valueErr) {
		return nil, nil, valueErr
	}
	value, err = c.store.text(ctx, fmt.Sprintf("SELECT c%d FROM %s WHERE %s = %d", column, c.staged.name, stagedRow, row))
	if err == nil && valueErr != nil && value != nil {
		valueErr = c.inputError(value, column, valueErr)
	}
	return value, valueErr, err
}

// inputError is the error of a value as PostgreSQL's input function tells it, where the engine knows less: it is told the
// text alone, not which type and modifier it is for.
func (c *copying) inputError(value []byte, column int, told error) error {
	typ := c.w.Copy.Types[column]
	switch typ {
	case pgtypes.Bool, pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Float4, pgtypes.Float8, pgtypes.Numeric, pgtypes.UUID:
		if _, err := pgtypes.TextParam(typ, value, pgtypes.Style{}); err != nil {
			return err
		}
	default:
	}
	name := c.w.Copy.Columns[column]
	for _, have := range c.w.Table.Columns {
		precision, scale, limited := have.Type.PrecisionScale()
		if e, ok := errors.AsType[*pgerr.Error](told); ok && have.Name == name && limited && e.Code == pgerr.NumericOutOfRange && e.Detail == "" {
			e.Detail = pgnumeric.Overflow(precision, scale).Detail
		}
	}
	return told
}

// ofRow reports whether it is an error of a row's values: data exceptions and violated constraints.
func ofRow(err error) bool {
	code := pgerr.CodeOf(err)
	return err != nil && len(code) == 5 && (code[:2] == "22" || code[:2] == "23")
}
