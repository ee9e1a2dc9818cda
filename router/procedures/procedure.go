package procedures

import (
	"context"
	"io"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// procedure is one CALL as the engine that answers it.
type procedure struct {
	columns []engine.Column
	writes  bool
	// work is done on the table that the first argument names.
	work func(ctx context.Context, t *catalog.TableView, args []sql.CallArg) ([][]any, error)

	view   *catalog.View
	args   []sql.CallArg
	caller Caller
}

var _ engine.Engine = (*procedure)(nil)

// Describe gives the columns; nothing is done.
func (p *procedure) Describe(context.Context, engine.Statement) ([]engine.Column, error) {
	return p.columns, nil
}

// Query does the work.
func (p *procedure) Query(ctx context.Context, _ engine.Statement) (engine.Rows, error) {
	t, err := p.caller.table(p.view, p.args[0])
	if err != nil {
		return nil, err
	}
	lines, err := p.work(ctx, t, p.args)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err
	}
	return &rows{columns: p.columns, chunk: chunk(p.columns, lines)}, nil
}

// rows are all rows in one chunk.
type rows struct {
	columns []engine.Column
	chunk   *engine.Chunk // nil when it was given
}

// Columns gives the procedure's columns.
func (r *rows) Columns() []engine.Column { return r.columns }

// Next gives the chunk once.
func (r *rows) Next(context.Context) (*engine.Chunk, error) {
	if r.chunk == nil || r.chunk.Rows == 0 {
		return nil, io.EOF
	}
	c := r.chunk
	r.chunk = nil
	return c, nil
}

// Close has nothing to end.
func (r *rows) Close() error { return nil }

// chunk makes columns of lines, whose values are nil, string, int64 or bool as the columns' types say.
func chunk(columns []engine.Column, lines [][]any) *engine.Chunk {
	c := &engine.Chunk{Rows: len(lines), Vectors: make([]engine.Vector, len(columns))}
	for i, column := range columns {
		v := &c.Vectors[i]
		v.Validity = make([]uint64, (len(lines)+63)/64)
		for row, line := range lines {
			if line[i] != nil {
				v.Validity[row>>6] |= 1 << (uint(row) & 63)
			}
		}
		switch column.Type.OID {
		case pgtypes.Int8:
			v.Physical, v.I64 = engine.PhysicalI64, values[int64](lines, i)
		case pgtypes.Bool:
			v.Physical, v.Bool = engine.PhysicalBool, values[bool](lines, i)
		default:
			v.Physical, v.Text = engine.PhysicalText, values[string](lines, i)
		}
	}
	return c
}

func values[T any](lines [][]any, i int) []T {
	out := make([]T, len(lines))
	for row, line := range lines {
		if line[i] != nil {
			out[row] = line[i].(T)
		}
	}
	return out
}

func columns(pairs ...any) []engine.Column {
	var out []engine.Column
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, engine.Column{Name: pairs[i].(string), Type: pgtypes.Of(pairs[i+1].(pgtypes.OID))})
	}
	return out
}
