package udf

import (
	"errors"

	bind "github.com/duckdb/duckdb-go-bindings"
)

// listEntry is duckdb_list_entry: where a row's elements are in the child vector.
type listEntry struct{ offset, length uint64 }

// list is the column of lists of c's values and NULL.
func list[T any](c column[T]) column[[]Null[T]] {
	element := nullable(c)
	l := column[[]Null[T]]{typed: typed{make: func() bind.LogicalType {
		child := c.make()
		defer bind.DestroyLogicalType(&child)
		return bind.CreateListType(child)
	}}}
	l.reader = func(v bind.Vector, n int) reader[[]Null[T]] {
		entries := view[listEntry](v, n)
		r := element.reader(bind.ListVectorGetChild(v), int(bind.ListVectorGetSize(v)))
		return reader[[]Null[T]]{valid: validity(v, n), at: func(i int) []Null[T] {
			out := make([]Null[T], entries[i].length)
			for k := range out {
				out[k] = r.at(int(entries[i].offset) + k)
			}
			return out
		}}
	}
	l.writer = func(v bind.Vector, n int) writer[[]Null[T]] {
		entries := view[listEntry](v, n)
		var all []Null[T] // the child's memory may move as it grows, so it is written at the end
		null := nulls(v, n)
		return writer[[]Null[T]]{
			set: func(i int, x []Null[T]) {
				entries[i] = listEntry{offset: uint64(len(all)), length: uint64(len(x))}
				all = append(all, x...)
			},
			null: func(i int) {
				entries[i] = listEntry{offset: uint64(len(all))}
				null(i)
			},
			finish: func() error { return writeAll(v, element, all) },
		}
	}
	return l
}

func writeAll[T any](v bind.Vector, element column[Null[T]], all []Null[T]) error {
	size := bind.IdxT(len(all))
	if bind.ListVectorReserve(v, size) == bind.StateError || bind.ListVectorSetSize(v, size) == bind.StateError {
		return errors.New("reserve memory for a list")
	}
	w := element.writer(bind.ListVectorGetChild(v), len(all))
	for i, x := range all {
		w.set(i, x)
	}
	return w.finish()
}
