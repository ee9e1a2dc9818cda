package udf

import (
	"sync"
	"sync/atomic"
)

// Numbered are the Go values that statements name by a number: text cannot hold them.
type Numbered struct {
	values sync.Map // int64 → any
	last   atomic.Int64
}

// Add gives a value a number, until Remove.
func (n *Numbered) Add(v any) int64 {
	number := n.last.Add(1)
	n.values.Store(number, v)
	return number
}

// Remove is called when no statement names the number any more.
func (n *Numbered) Remove(number int64) { n.values.Delete(number) }

// find gives the value of a number if it is a T.
func find[T any](n *Numbered, number int64) (v T, ok bool) {
	found, _ := n.values.Load(number)
	v, ok = found.(T)
	return v, ok
}
