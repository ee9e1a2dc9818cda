package colcache

import (
	"cmp"
	"slices"
)

const (
	// maxGap is the largest hole between two chunks that one request reads over: a request costs about as long as
	// these bytes take.
	maxGap = 64 << 10
	// gapShare bounds what is read over: one byte in this many that are needed.
	gapShare = 25
	// maxPiece is the largest request; larger ranges are read in several at a time.
	maxPiece = 8 << 20
	// block is what file systems allocate.
	block = 4096
)

// piece is one request: a range of the object and the chunks that lie in it, wholly or in part.
type piece struct {
	offset, length int64
	chunks         []chunk
}

func (p piece) end() int64 { return p.offset + p.length }

// pieces gives the requests that read the chunks, which are sorted by offset.
func pieces(chunks []chunk) []piece {
	var all []piece
	joined := joins(chunks)
	for first := 0; first < len(chunks); {
		last := first
		for last+1 < len(chunks) && joined[last] {
			last++
		}
		all = append(all, split(chunks[first:last+1])...)
		first = last + 1
	}
	return all
}

// joins tells for each chunk whether the request that reads it goes on to the next one: the smallest gaps first, as
// long as all gaps together stay a small part of what is needed.
func joins(chunks []chunk) []bool {
	joined := make([]bool, len(chunks))
	var budget int64
	order := make([]int, 0, len(chunks))
	for i, c := range chunks {
		budget += c.length / gapShare
		if i+1 < len(chunks) {
			order = append(order, i)
		}
	}
	gap := func(i int) int64 { return chunks[i+1].offset - chunks[i].end() }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(gap(a), gap(b)) })
	for _, i := range order {
		if gap(i) > maxGap || gap(i) > budget {
			break
		}
		budget -= gap(i)
		joined[i] = true
	}
	return joined
}

// split cuts the range of chunks into equal pieces of at most maxPiece.
func split(chunks []chunk) []piece {
	from, to := chunks[0].offset, chunks[len(chunks)-1].end()
	n := (to - from + maxPiece - 1) / maxPiece
	size := (to - from + n - 1) / n
	var all []piece
	for at := from; at < to; at += size {
		p := piece{offset: at, length: min(size, to-at)}
		for _, c := range chunks {
			if c.offset < p.end() && c.end() > p.offset {
				p.chunks = append(p.chunks, c)
			}
		}
		all = append(all, p)
	}
	return all
}

// space is what the chunks may take on the disk: whole blocks.
func space(chunks []chunk) int64 {
	var n, counted int64 // counted: where the last block that was counted ends
	for _, c := range chunks {
		from := max(c.offset/block*block, counted)
		counted = max((c.end()+block-1)/block*block, counted)
		n += max(counted-from, 0)
	}
	return n
}
