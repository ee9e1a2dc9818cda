package udf

import (
	bind "github.com/duckdb/duckdb-go-bindings"
)

// Aggregate is one aggregate function.
//
// DuckDB 1.5.6 gives an aggregate from outside one state for many rows, where it promises one for each, in two places: a
// call with an ORDER BY inside, and a window whose frame is the whole partition. Statements must have neither (package
// sql writes another frame, and no order).
type Aggregate struct {
	name   string
	args   []typed
	result typed
	nulls  bool // it sees NULLs
	// fresh makes the state of an empty group.
	fresh func() any
	// add adds row i of in to the state of row i, for n rows.
	add func(states func(i int) any, in []bind.Vector, n int) error
	// merge adds what from has to into; from stays as it is.
	merge func(into, from any) error
	// write writes the results of n states from row offset on.
	write func(states func(i int) any, out bind.Vector, offset, n int) error
}

// Accumulator says how an aggregate's state S is made of rows and becomes a result. S's zero value is the empty group.
type Accumulator[S, R any] struct {
	// Merge adds a part of the group's rows to another part. It keeps nothing of from, which may be merged again.
	Merge func(into, from *S) error
	// Result may be asked for more than once.
	Result func(*S) (Null[R], error)
}

// Aggregate1 makes an aggregate of one argument. Rows with NULL are left out, unless A is a Null. Strings and bytes
// that add is given live until it returns only.
func Aggregate1[A, S, R any](name string, add func(*S, A) error, acc Accumulator[S, R]) Aggregate {
	a := columnOf[A]()
	f := aggregate(name, acc, a.typed)
	f.add = func(states func(i int) any, in []bind.Vector, n int) error {
		x := a.reader(in[0], n)
		for i := range n {
			if !x.valid(i) {
				continue
			}
			if err := add(states(i).(*S), x.at(i)); err != nil { //nolint:forcetypeassert // fresh made it
				return err
			}
		}
		return nil
	}
	return f
}

// Aggregate2 is Aggregate1 for two arguments: rows with a NULL in either are left out.
func Aggregate2[A, B, S, R any](name string, add func(*S, A, B) error, acc Accumulator[S, R]) Aggregate {
	a, b := columnOf[A](), columnOf[B]()
	f := aggregate(name, acc, a.typed, b.typed)
	f.add = func(states func(i int) any, in []bind.Vector, n int) error {
		x, y := a.reader(in[0], n), b.reader(in[1], n)
		for i := range n {
			if !x.valid(i) || !y.valid(i) {
				continue
			}
			if err := add(states(i).(*S), x.at(i), y.at(i)); err != nil { //nolint:forcetypeassert // fresh made it
				return err
			}
		}
		return nil
	}
	return f
}

func aggregate[S, R any](name string, acc Accumulator[S, R], args ...typed) Aggregate {
	r := nullable(columnOf[R]())
	f := Aggregate{name: name, args: args, result: r.typed, fresh: func() any { return new(S) }}
	for _, a := range args {
		f.nulls = f.nulls || a.nullable
	}
	f.merge = func(into, from any) error {
		return acc.Merge(into.(*S), from.(*S)) //nolint:forcetypeassert // fresh made them
	}
	f.write = func(states func(i int) any, out bind.Vector, offset, n int) error {
		w := r.writer(out, offset+n)
		for i := range n {
			v, err := acc.Result(states(i).(*S)) //nolint:forcetypeassert // fresh made it
			if err != nil {
				return err
			}
			w.set(offset+i, v)
		}
		return w.finish()
	}
	return f
}
