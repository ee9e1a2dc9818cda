package engine

import (
	"context"
	"errors"
	"io"
	"iter"
)

// Chunks gives the chunks of a result to its end. An error is the last that it gives. Closing the rows is the caller's.
func Chunks(ctx context.Context, rows Rows) iter.Seq2[*Chunk, error] {
	return func(yield func(*Chunk, error) bool) {
		for {
			chunk, err := rows.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(chunk, err) || err != nil {
				return
			}
		}
	}
}
