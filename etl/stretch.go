package etl

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"tidegate/internal/pgtypes"
)

// stretch is some of the rows of b.rows that fulfil a condition and follow each other: row ids from one up to another.
type stretch struct{ from, to, rows int64 }

// stretchGrain is at most how many rows more a stretch has than it should: DuckDB reads so many at a time, or none of them.
const stretchGrain = 122_880

// stretches divides the rows that fulfil a condition, evenly, into stretches of about most at most.
func (b *batch) stretches(ctx context.Context, condition string, rows, most int64) ([]stretch, error) {
	if rows <= most {
		return []stretch{{0, math.MaxInt64, rows}}, nil
	}
	n := (rows + most - 1) / most
	grain := max(1, min(stretchGrain, most/8))
	var all []stretch
	var s stretch
	seen := int64(0)
	query := fmt.Sprintf("SELECT rowid // %d AS grain, count(*)::BIGINT FROM %s WHERE %s GROUP BY grain ORDER BY grain", grain, b.rows, condition)
	err := each(ctx, b.session, query, func(row []cell) error {
		s.to, s.rows, seen = (row[0].i+1)*grain, s.rows+row[1].i, seen+row[1].i
		if due := rows * int64(len(all)+1) / n; seen >= due {
			all = append(all, s)
			s = stretch{from: s.to}
		}
		return nil
	})
	if err == nil && seen != rows {
		err = fmt.Errorf("%d rows lie in stretches, of %d", seen, rows)
	}
	return all, err
}

// condition is that a row is of the stretch.
func (s stretch) condition() string {
	if s.to == math.MaxInt64 {
		return "true"
	}
	return fmt.Sprintf("rowid >= %d AND rowid < %d", s.from, s.to)
}

// measureRows finds how many of the rows can be sorted in memory: by the size of some of them.
func (b *batch) measureRows(ctx context.Context) error {
	var texts []string
	for _, c := range b.table.Columns {
		if pgtypes.ClassOf(c.Type.OID) == pgtypes.ClassText || c.Type.OID == pgtypes.JSON {
			texts = append(texts, fmt.Sprintf("coalesce(strlen(CAST(%s AS VARCHAR)), 0)", ident(c.Name)))
		}
	}
	width := strings.Join(append(texts, strconv.Itoa(len(b.table.Columns)*sortedValueBytes)), " + ")
	ids, err := number(ctx, b.session, "SELECT coalesce(max(rowid) + 1, 0)::BIGINT FROM "+b.rows)
	if err != nil {
		return err
	}
	const samples, sampleRows = 8, 2048
	from := make([]string, samples)
	for i := range from {
		at := ids / samples * int64(i)
		from[i] = fmt.Sprintf("SELECT (%s) AS width FROM %s WHERE rowid >= %d AND rowid < %d", width, b.rows, at, at+sampleRows)
	}
	size, err := number(ctx, b.session, fmt.Sprintf("SELECT coalesce(avg(width), 0)::BIGINT FROM (%s)", strings.Join(from, " UNION ALL ")))
	if err == nil && size == 0 { // all of these are gone
		size, err = number(ctx, b.session, fmt.Sprintf("SELECT coalesce(avg(%s), 0)::BIGINT FROM %s", width, b.rows))
	}
	b.sortable = max(1, b.room.sort/max(1, size))
	return err
}

// sortedValueBytes is what a sort needs for a value beside the bytes of a text.
const sortedValueBytes = 24
