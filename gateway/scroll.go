package gateway

import (
	"io"
	"math"
	"slices"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// maxScrollBytes bounds what a cursor that scrolls keeps of the rows that have gone by.
const maxScrollBytes = 64 << 20

// scroll is a cursor that can go back: its rows are kept as they are read, and given from there.
type scroll struct {
	source *result
	kept   []keptRows
	bytes  int64
	// row is the one that the cursor stands on, from 1: 0 is before the first, one more than there are behind the last.
	row int64
	// rows are read so far; ended says that there are no more.
	rows  int64
	ended bool
}

// keptRows are some of the rows; before is how many come before them.
type keptRows struct {
	before int64
	chunk  *engine.Chunk
}

// read makes sure of the first n rows, as far as there are so many, and reports how many of them there are.
func (c *scroll) read(n int64) (int64, error) {
	for c.rows < n && !c.ended {
		more, err := c.source.fill()
		if err != nil {
			return 0, err
		}
		if !more {
			c.ended = true
			break
		}
		r := c.source
		rows := make([]int, 0, r.chunk.Rows-r.row)
		for row := r.row; row < r.chunk.Rows; row++ {
			rows = append(rows, row)
		}
		chunk, size := r.chunk.Gather(rows)
		r.row = r.chunk.Rows
		if c.bytes += size; c.bytes > maxScrollBytes {
			return 0, pgerr.New(pgerr.ConfigurationLimit, "a cursor that scrolls keeps %d MB of rows at most", maxScrollBytes>>20).
				WithHint("Declare it with NO SCROLL, or limit its rows.")
		}
		c.kept = append(c.kept, keptRows{c.rows, chunk})
		c.rows += int64(chunk.Rows)
	}
	return min(n, c.rows), nil
}

// forward moves n rows on and gives those that it comes to.
func (c *scroll) forward(n int64) (span, error) {
	if n <= 0 || c.ended && c.row > c.rows {
		return span{}, nil
	}
	target := int64(math.MaxInt64)
	if n < math.MaxInt64-c.row {
		target = c.row + n
	}
	last, err := c.read(target)
	if err != nil {
		return span{}, err
	}
	s := span{from: c.row + 1, to: last}
	if c.row = target; last < target {
		c.row = c.rows + 1
	}
	return s, nil
}

// backward moves n rows back and gives those that it comes to, the nearest first.
func (c *scroll) backward(n int64) (span, error) {
	if n <= 0 || c.row == 0 {
		return span{}, nil
	}
	target := max(c.row-min(n, c.row), 0)
	s := span{from: c.row - 1, to: max(target, 1), back: true}
	c.row = target
	return s, nil
}

// moveTo goes to a row without giving any; beyond the last it stands behind it.
func (c *scroll) moveTo(row int64) error {
	c.row = 0
	_, err := c.forward(row)
	return err
}

// last goes behind the last row.
func (c *scroll) last() error {
	_, err := c.forward(math.MaxInt64)
	return err
}

// current gives the row that the cursor stands on, if it does.
func (c *scroll) current() (span, error) {
	if c.row == 0 || c.row > c.rows {
		return span{}, nil
	}
	return span{from: c.row, to: c.row}, nil
}

// span is a run of rows by their numbers from 1: up from from to to, or down. The zero span has none.
type span struct {
	from, to int64
	back     bool
}

func (s span) count() int64 {
	switch {
	case s.from == 0:
		return 0
	case s.back:
		return max(s.from-s.to+1, 0)
	}
	return max(s.to-s.from+1, 0)
}

// result gives the rows of a span.
func (c *scroll) result(s span) *result {
	left := s.count()
	r := &result{columns: c.source.columns, task: c.source.task}
	r.next = func() (*engine.Chunk, error) {
		if left == 0 {
			return nil, io.EOF
		}
		kept := c.at(s.from)
		first := int(s.from - kept.before - 1)
		var rows []int
		if s.back {
			for row := first; row >= 0 && int64(len(rows)) < left; row-- {
				rows = append(rows, row)
			}
			s.from -= int64(len(rows))
		} else {
			for row := first; row < kept.chunk.Rows && int64(len(rows)) < left; row++ {
				rows = append(rows, row)
			}
			s.from += int64(len(rows))
		}
		left -= int64(len(rows))
		chunk, _ := kept.chunk.Gather(rows)
		return chunk, nil
	}
	return r
}

// at finds the chunk that has a row.
func (c *scroll) at(row int64) keptRows {
	i, _ := slices.BinarySearchFunc(c.kept, row, func(k keptRows, row int64) int {
		if k.before+int64(k.chunk.Rows) < row {
			return -1
		}
		return 1
	})
	return c.kept[i]
}
