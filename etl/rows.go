package etl

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tidegate/internal/engine"
)

// cell is one value of a result whose columns are BIGINT or VARCHAR, which is all that the runner asks for.
type cell struct {
	null bool
	i    int64
	s    string
}

// each runs a query and hands every row to fn. The cells are fn's to keep.
func each(ctx context.Context, s engine.Session, query string, fn func([]cell) error) (err error) {
	rows, err := s.Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for chunk, err := range engine.Chunks(ctx, rows) {
		if err != nil {
			return err
		}
		for row := range chunk.Rows {
			cells := make([]cell, len(chunk.Vectors))
			for i := range chunk.Vectors {
				if cells[i], err = cellAt(&chunk.Vectors[i], row); err != nil {
					return fmt.Errorf("column %d of %q: %w", i+1, query, err)
				}
			}
			if err := fn(cells); err != nil {
				return err
			}
		}
	}
	return nil
}

func cellAt(v *engine.Vector, row int) (cell, error) {
	if !v.Valid(row) {
		return cell{null: true}, nil
	}
	switch v.Physical {
	case engine.PhysicalI64:
		return cell{i: v.I64[row]}, nil
	case engine.PhysicalString:
		return cell{s: string(v.Str[row].Bytes())}, nil
	case engine.PhysicalText:
		return cell{s: strings.Clone(v.Text[row])}, nil
	default:
		return cell{}, errors.New("neither BIGINT nor VARCHAR")
	}
}

// number runs a query of one BIGINT that is not NULL.
func number(ctx context.Context, s engine.Session, query string) (int64, error) {
	var n int64
	found := 0
	err := each(ctx, s, query, func(row []cell) error {
		if len(row) != 1 || row[0].null {
			return fmt.Errorf("%q gave no number", query)
		}
		n = row[0].i
		found++
		return nil
	})
	if err == nil && found != 1 {
		err = fmt.Errorf("%q gave %d rows, not 1", query, found)
	}
	return n, err
}

// ident quotes a name for DuckDB.
func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// idents quotes names and joins them with commas.
func idents(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = ident(n)
	}
	return strings.Join(quoted, ", ")
}

// literal quotes a text constant for DuckDB.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// pathList quotes paths of files as a DuckDB list. A character that DuckDB would take for a pattern's becomes a
// class of one.
func pathList(paths []string) string {
	pattern := strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]")
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = literal(pattern.Replace(p))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
