package udf

import (
	"fmt"
	"sync/atomic"

	bind "github.com/duckdb/duckdb-go-bindings"
)

// TallyFunction is the name of the function that counts for a Tally, by its number.
const TallyFunction = "tg_tally"

// Tally is how often a condition was not true.
type Tally struct{ others atomic.Int64 }

// Others gives the number.
func (t *Tally) Others() int64 { return t.others.Load() }

// Counting is the function of a Tally's number and a condition, which it gives back: true where it is true.
func Counting(tallies *Numbered) Function {
	number, condition := columnOf[int64](), columnOf[Null[bool]]()
	return Function{
		name: TallyFunction, args: []typed{number.typed, condition.typed}, result: condition.typed, nulls: true, volatile: true,
		call: func(in []bind.Vector, n int, out bind.Vector) error {
			if n == 0 {
				return nil
			}
			id := number.reader(in[0], n).at(0)
			tally, ok := find[*Tally](tallies, id)
			if !ok {
				return fmt.Errorf("there is no tally %d", id)
			}
			x, w := condition.reader(in[1], n), condition.writer(out, n)
			others := int64(0)
			for i := range n {
				kept := x.at(i)
				if !kept.Valid || !kept.V {
					others++
				}
				w.set(i, kept)
			}
			tally.others.Add(others)
			return w.finish()
		},
	}
}
