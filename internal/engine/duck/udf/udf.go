// Package udf lets DuckDB call scalar functions and aggregates that are written in Go, and read tables whose rows Go makes.
//
// A Function is made of an ordinary Go function by Of1, Of2 … or Variadic; its parameter types say which DuckDB types
// it takes (column.go has the table). NULL comes out where NULL goes in, unless a parameter is a Null. Register makes
// the functions known to an instance. A function is called from many threads at once. Aggregate1 and Aggregate2 make
// aggregates of a state that is any Go value. A Table and a Tally are named by their number among those that are Numbered.
package udf

import (
	"errors"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/pgerr"
)

// Function is one scalar function.
type Function struct {
	name     string
	args     []typed
	rest     *typed // of a variadic function: what every argument is
	result   typed
	nulls    bool // it sees NULLs
	volatile bool
	// call computes the rows 0 to n of out.
	call func(in []bind.Vector, n int, out bind.Vector) error
}

// Volatile makes a function be called for every row, though its arguments are constants.
func (f Function) Volatile() Function {
	f.volatile = true
	return f
}

// Name is how statements call it.
func (f Function) Name() string { return f.name }

// row computes one row. ok is false for NULL.
type row[R any] func(i int) (r R, ok bool, err error)

func fill[R any](out bind.Vector, n int, result column[R], f row[R]) error {
	w := result.writer(out, n)
	for i := range n {
		switch r, ok, err := f(i); {
		case err != nil:
			return err
		case !ok:
			w.null(i)
		default:
			w.set(i, r)
		}
	}
	return w.finish()
}

// Of0 makes a function without arguments.
func Of0[R any](name string, f func() (R, error)) Function {
	r := columnOf[R]()
	return Function{name: name, result: r.typed, call: func(_ []bind.Vector, n int, out bind.Vector) error {
		return fill(out, n, r, func(int) (R, bool, error) {
			v, err := f()
			return v, true, err
		})
	}}
}

// Of1 makes a function of one argument. Strings and bytes that it is given live until it returns only.
func Of1[A, R any](name string, f func(A) (R, error)) Function {
	a, r := columnOf[A](), columnOf[R]()
	return Function{
		name: name, args: []typed{a.typed}, result: r.typed, nulls: a.nullable,
		call: func(in []bind.Vector, n int, out bind.Vector) error {
			x := a.reader(in[0], n)
			return fill(out, n, r, func(i int) (R, bool, error) {
				if !x.valid(i) {
					return *new(R), false, nil
				}
				v, err := f(x.at(i))
				return v, true, err
			})
		},
	}
}

// Of2 is Of1 for two arguments.
func Of2[A, B, R any](name string, f func(A, B) (R, error)) Function {
	a, b, r := columnOf[A](), columnOf[B](), columnOf[R]()
	return Function{
		name: name, args: []typed{a.typed, b.typed}, result: r.typed, nulls: a.nullable || b.nullable,
		call: func(in []bind.Vector, n int, out bind.Vector) error {
			x, y := a.reader(in[0], n), b.reader(in[1], n)
			return fill(out, n, r, func(i int) (R, bool, error) {
				if !x.valid(i) || !y.valid(i) {
					return *new(R), false, nil
				}
				v, err := f(x.at(i), y.at(i))
				return v, true, err
			})
		},
	}
}

// Of3 is Of1 for three arguments.
func Of3[A, B, C, R any](name string, f func(A, B, C) (R, error)) Function {
	a, b, c, r := columnOf[A](), columnOf[B](), columnOf[C](), columnOf[R]()
	return Function{
		name: name, args: []typed{a.typed, b.typed, c.typed}, result: r.typed, nulls: a.nullable || b.nullable || c.nullable,
		call: func(in []bind.Vector, n int, out bind.Vector) error {
			x, y, z := a.reader(in[0], n), b.reader(in[1], n), c.reader(in[2], n)
			return fill(out, n, r, func(i int) (R, bool, error) {
				if !x.valid(i) || !y.valid(i) || !z.valid(i) {
					return *new(R), false, nil
				}
				v, err := f(x.at(i), y.at(i), z.at(i))
				return v, true, err
			})
		},
	}
}

// Of4 is Of1 for four arguments.
func Of4[A, B, C, D, R any](name string, f func(A, B, C, D) (R, error)) Function {
	a, b, c, d, r := columnOf[A](), columnOf[B](), columnOf[C](), columnOf[D](), columnOf[R]()
	return Function{
		name: name, args: []typed{a.typed, b.typed, c.typed, d.typed}, result: r.typed,
		nulls: a.nullable || b.nullable || c.nullable || d.nullable,
		call: func(in []bind.Vector, n int, out bind.Vector) error {
			w, x, y, z := a.reader(in[0], n), b.reader(in[1], n), c.reader(in[2], n), d.reader(in[3], n)
			return fill(out, n, r, func(i int) (R, bool, error) {
				if !w.valid(i) || !x.valid(i) || !y.valid(i) || !z.valid(i) {
					return *new(R), false, nil
				}
				v, err := f(w.at(i), x.at(i), y.at(i), z.at(i))
				return v, true, err
			})
		},
	}
}

// Variadic makes a function of any number of arguments of one type; it sees NULLs. The slice is its own until it
// returns.
func Variadic[A, R any](name string, f func([]Null[A]) (R, error)) Function {
	a, r := nullable(columnOf[A]()), columnOf[R]()
	rest := a.typed
	return Function{name: name, rest: &rest, result: r.typed, nulls: true, call: func(in []bind.Vector, n int, out bind.Vector) error {
		args := make([]Null[A], len(in))
		readers := make([]reader[Null[A]], len(in))
		for k, v := range in {
			readers[k] = a.reader(v, n)
		}
		return fill(out, n, r, func(i int) (R, bool, error) {
			for k := range readers {
				args[k] = readers[k].at(i)
			}
			v, err := f(args)
			return v, true, err
		})
	}}
}

// message is how an error goes through DuckDB, which gives it back.
func message(err error) string {
	if e, ok := errors.AsType[*pgerr.Error](err); ok {
		return e.Carried()
	}
	return err.Error()
}
