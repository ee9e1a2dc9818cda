package router

import (
	"context"
	"fmt"
	"io"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// planKnown answers with constants, whatever the generation: nothing is pinned. v is the one that they were bound at, nil if
// that was forgotten.
func (r *Router) planKnown(ctx context.Context, req Request, v *catalog.View, values known) (*engine.Plan, error) {
	if v == nil {
		var err error
		if v, err = r.viewAt(ctx, req.Generation); err != nil {
			return nil, err
		}
	}
	text, err := req.Query.Render(noSource)
	if err != nil {
		return nil, err
	}
	p := &engine.Plan{
		Route: engine.RouteLocal, Reason: "names no table", Engine: values,
		Statement:  engine.Statement{SQL: text, Columns: columnsOf(req.Query)},
		Generation: v.Generation, AsOf: v.CommittedAt, Latency: latencyOf(req, r.Role(req.Asker.User)),
		Release: func() {},
	}
	p.Explain = func() []engine.ExplainLine { return explain(p, nil) }
	return p, nil
}

func noSource(u *sql.Use) (string, error) {
	return "", fmt.Errorf("a SELECT of constants reads %s", u.Relation.Name)
}

// known is an engine that answers every statement with one row, whose values the plan has already; nil is NULL.
type known []*pgtypes.Datum

// fit reports whether the values are laid out as vectors of their types: all but floats, which have two sizes, and
// numerics, which have digits behind the point.
func (k known) fit(types []pgtypes.Type) bool {
	for i, value := range k {
		if value != nil && (value.Class != pgtypes.ClassOf(types[i].OID) || value.Class == pgtypes.ClassFloat || value.Class == pgtypes.ClassNumeric) {
			return false
		}
	}
	return true
}

// Describe gives the columns that the plan says.
func (known) Describe(_ context.Context, s engine.Statement) ([]engine.Column, error) {
	return s.Columns, nil
}

// Query gives the row.
func (k known) Query(_ context.Context, s engine.Statement) (engine.Rows, error) {
	c := &engine.Chunk{Rows: 1, Vectors: make([]engine.Vector, len(k))}
	for i, value := range k {
		c.Vectors[i] = vectorOf(s.Columns[i].Type.OID, value)
	}
	return &knownRow{columns: s.Columns, chunk: c}, nil
}

// vectorOf lays a value out as the encoder reads the type.
func vectorOf(t pgtypes.OID, value *pgtypes.Datum) engine.Vector {
	switch {
	case value == nil:
		return engine.Vector{Physical: engine.PhysicalNull}
	case value.Class == pgtypes.ClassBool:
		return engine.Vector{Physical: engine.PhysicalBool, Bool: []bool{value.I != 0}}
	case value.Class == pgtypes.ClassText:
		return engine.Vector{Physical: engine.PhysicalText, Text: []string{value.S}}
	case t == pgtypes.Int2:
		return engine.Vector{Physical: engine.PhysicalI16, I16: []int16{int16(value.I)}}
	case t == pgtypes.Int4, t == pgtypes.Date:
		return engine.Vector{Physical: engine.PhysicalI32, I32: []int32{int32(value.I)}}
	default:
		return engine.Vector{Physical: engine.PhysicalI64, I64: []int64{value.I}}
	}
}

// knownRow is the row of known, until it was read.
type knownRow struct {
	columns []engine.Column
	chunk   *engine.Chunk
}

func (r *knownRow) Columns() []engine.Column { return r.columns }

func (r *knownRow) Next(context.Context) (*engine.Chunk, error) {
	c := r.chunk
	r.chunk = nil
	if c == nil {
		return nil, io.EOF
	}
	return c, nil
}

func (r *knownRow) Close() error {
	r.chunk = nil
	return nil
}
