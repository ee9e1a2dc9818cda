package udf

/*
#include <stdlib.h>

extern void tidegateScalar(void *info, void *input, void *output);
extern void tidegateForget(void *data);
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime/cgo"
	"unsafe"

	bind "github.com/duckdb/duckdb-go-bindings"
)

// Register makes the functions known to the connection's instance. Functions of one name and other arguments are overloads.
func Register(c bind.Connection, functions []Function) error {
	for _, f := range functions {
		if err := register(c, f); err != nil {
			return fmt.Errorf("register function %s: %w", f.name, err)
		}
	}
	return nil
}

func register(c bind.Connection, f Function) error {
	s := bind.CreateScalarFunction()
	defer bind.DestroyScalarFunction(&s)
	bind.ScalarFunctionSetName(s, f.name)
	for _, a := range f.args {
		a.use(func(t bind.LogicalType) { bind.ScalarFunctionAddParameter(s, t) })
	}
	if f.rest != nil {
		f.rest.use(func(t bind.LogicalType) { bind.ScalarFunctionSetVarargs(s, t) })
	}
	f.result.use(func(t bind.LogicalType) { bind.ScalarFunctionSetReturnType(s, t) })
	if f.nulls {
		bind.ScalarFunctionSetSpecialHandling(s)
	}
	if f.volatile {
		bind.ScalarFunctionSetVolatile(s)
	}
	bind.ScalarFunctionSetExtraInfo(s, remember(f), C.tidegateForget)
	bind.ScalarFunctionSetFunction(s, C.tidegateScalar)
	if bind.RegisterScalarFunction(c, s) == bind.StateError {
		return errors.New("duckdb refused it")
	}
	return nil
}

// use calls f with the type while it exists.
func (t typed) use(f func(bind.LogicalType)) {
	lt := t.make()
	defer bind.DestroyLogicalType(&lt)
	f(lt)
}

// remember keeps f until tidegateForget is called with the address that it gives: memory of C, which may hold a
// handle and no pointer of Go.
func remember(f any) unsafe.Pointer {
	p := (*cgo.Handle)(C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0)))))
	*p = cgo.NewHandle(f)
	return unsafe.Pointer(p)
}

//export tidegateForget
func tidegateForget(data unsafe.Pointer) {
	(*cgo.Handle)(data).Delete()
	C.free(data)
}

// tidegateScalar is called by DuckDB for every chunk, whose vectors are flat: one value per row.
//
//export tidegateScalar
func tidegateScalar(infoPtr, input, output unsafe.Pointer) {
	info := bind.FunctionInfo{Ptr: infoPtr}
	f := (*cgo.Handle)(bind.ScalarFunctionGetExtraInfo(info)).Value().(Function) //nolint:forcetypeassert // remember put it there
	chunk := bind.DataChunk{Ptr: input}
	in := make([]bind.Vector, bind.DataChunkGetColumnCount(chunk))
	for i := range in {
		in[i] = bind.DataChunkGetVector(chunk, bind.IdxT(i))
	}
	if err := run(f, in, int(bind.DataChunkGetSize(chunk)), bind.Vector{Ptr: output}); err != nil {
		bind.ScalarFunctionSetError(info, message(err))
	}
}

// run turns a panic into an error: it must not unwind through DuckDB.
func run(f Function, in []bind.Vector, n int, out bind.Vector) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("function %s: %v", f.name, p)
		}
	}()
	return f.call(in, n, out)
}
