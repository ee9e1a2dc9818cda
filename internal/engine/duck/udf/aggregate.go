package udf

import (
	"unsafe"

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
	// A state is in DuckDB's memory, zero for an empty group, see state.go.
	stateBytes uintptr
	handles    bool // it is a handle, which must be deleted
	// add adds row i of in to state i, for n rows.
	add func(states []unsafe.Pointer, in []bind.Vector, n int) error
	// merge adds what from has to into; from stays as it is.
	merge func(into, from unsafe.Pointer) error
	// write writes the results of states from row offset on.
	write func(states []unsafe.Pointer, out bind.Vector, offset int) error
}

// Accumulator says how an aggregate's state S is made of rows and becomes a result. S's zero value is the empty group.
type Accumulator[S, R any] struct {
	// Merge adds a part of the group's rows to another part; either may have no rows. It keeps nothing of from, which may be
	// merged again.
	Merge func(into, from *S) error
	// Result may be asked for more than once.
	Result func(*S) (Null[R], error)
}

// Aggregate1 makes an aggregate of one argument. Rows with NULL are left out, unless A is a Null. Strings and bytes
// that add is given live until it returns only.
func Aggregate1[A, S, R any](name string, add func(*S, A) error, acc Accumulator[S, R]) Aggregate {
	a, at := columnOf[A](), stateOf[S]().at
	f := aggregate(name, acc, a.typed)
	f.add = func(states []unsafe.Pointer, in []bind.Vector, n int) error {
		x := a.reader(in[0], n)
		for i := range n {
			if !x.valid(i) {
				continue
			}
			if err := add(at(states[i]), x.at(i)); err != nil {
				return err
			}
		}
		return nil
	}
	return f
}

// Aggregate2 is Aggregate1 for two arguments: rows with a NULL in either are left out.
func Aggregate2[A, B, S, R any](name string, add func(*S, A, B) error, acc Accumulator[S, R]) Aggregate {
	a, b, at := columnOf[A](), columnOf[B](), stateOf[S]().at
	f := aggregate(name, acc, a.typed, b.typed)
	f.add = func(states []unsafe.Pointer, in []bind.Vector, n int) error {
		x, y := a.reader(in[0], n), b.reader(in[1], n)
		for i := range n {
			if !x.valid(i) || !y.valid(i) {
				continue
			}
			if err := add(at(states[i]), x.at(i), y.at(i)); err != nil {
				return err
			}
		}
		return nil
	}
	return f
}

func aggregate[S, R any](name string, acc Accumulator[S, R], args ...typed) Aggregate {
	r, s := nullable(columnOf[R]()), stateOf[S]()
	f := Aggregate{name: name, args: args, result: r.typed, stateBytes: s.bytes, handles: s.handles}
	for _, a := range args {
		f.nulls = f.nulls || a.nullable
	}
	f.merge = func(into, from unsafe.Pointer) error {
		if s.empty(from) {
			return nil
		}
		return acc.Merge(s.at(into), s.at(from))
	}
	f.write = func(states []unsafe.Pointer, out bind.Vector, offset int) error {
		w := r.writer(out, offset+len(states))
		for i, p := range states {
			group := new(S)
			if !s.empty(p) {
				group = s.at(p)
			}
			v, err := acc.Result(group)
			if err != nil {
				return err
			}
			w.set(offset+i, v)
		}
		return w.finish()
	}
	return f
}
