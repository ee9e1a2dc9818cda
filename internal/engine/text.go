package engine

import (
	"context"
	"errors"
	"fmt"

	"tidegate/internal/pgtypes"
)

// Querier is whatever runs queries: an Engine, or one connection of it that sees its own transaction.
type Querier interface {
	Query(ctx context.Context, s Statement) (Rows, error)
}

// Texts runs a query of n columns and gives all of its rows as text; NULL is "".
func Texts(ctx context.Context, q Querier, s Statement, n int) (all [][]string, err error) {
	s.Columns = nil
	for range n {
		s.Columns = append(s.Columns, Column{Type: pgtypes.Of(pgtypes.Text)})
	}
	rows, err := q.Query(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for chunk, err := range Chunks(ctx, rows) {
		if err != nil {
			return nil, err
		}
		for i := range chunk.Rows {
			row := make([]string, n)
			for j := range row {
				if row[j], err = chunk.Vectors[j].TextAt(i); err != nil {
					return nil, err
				}
			}
			all = append(all, row)
		}
	}
	return all, nil
}

// TextAt gives the value of row i of a column of text; NULL is "".
func (v *Vector) TextAt(i int) (string, error) {
	switch {
	case !v.Valid(i):
		return "", nil
	case v.Physical == PhysicalText:
		return v.Text[i], nil
	case v.Physical == PhysicalString:
		return string(v.Str[i].Bytes()), nil
	}
	return "", fmt.Errorf("a column that should be text is of layout %d", v.Physical)
}
