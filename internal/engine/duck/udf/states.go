package udf

/*
#include <stdint.h>
#include <stdlib.h>

// duckdb.h's own declarations: the bindings have none for aggregates.
typedef void *handle;
extern handle duckdb_create_aggregate_function(void);
extern void duckdb_destroy_aggregate_function(handle *function);
extern void duckdb_aggregate_function_set_name(handle function, const char *name);
extern void duckdb_aggregate_function_add_parameter(handle function, handle type);
extern void duckdb_aggregate_function_set_return_type(handle function, handle type);
extern void duckdb_aggregate_function_set_functions(handle function, uint64_t (*size)(handle),
	void (*init)(handle, handle), void (*update)(handle, handle, handle *),
	void (*combine)(handle, handle *, handle *, uint64_t), void (*finalize)(handle, handle *, handle, uint64_t, uint64_t));
extern void duckdb_aggregate_function_set_destructor(handle function, void (*destroy)(handle *, uint64_t));
extern void duckdb_aggregate_function_set_special_handling(handle function);
extern void duckdb_aggregate_function_set_extra_info(handle function, handle data, void (*forget)(handle));
extern handle duckdb_aggregate_function_get_extra_info(handle info);
extern void duckdb_aggregate_function_set_error(handle info, const char *error);
extern uint32_t duckdb_register_aggregate_function(handle connection, handle function);

extern uint64_t tidegateStateSize(handle info);
extern void tidegateStateInit(handle info, handle state);
extern void tidegateStateUpdate(handle info, handle input, handle *states);
extern void tidegateStateCombine(handle info, handle *source, handle *target, uint64_t count);
extern void tidegateStateFinalize(handle info, handle *source, handle result, uint64_t count, uint64_t offset);
extern void tidegateStateDestroy(handle *states, uint64_t count);
extern void tidegateForget(handle data);
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime/cgo"
	"unsafe"

	bind "github.com/duckdb/duckdb-go-bindings"
)

// RegisterAggregates makes the aggregates known to the connection's instance.
func RegisterAggregates(c bind.Connection, aggregates []Aggregate) error {
	for _, f := range aggregates {
		if err := registerAggregate(c, f); err != nil {
			return fmt.Errorf("register aggregate %s: %w", f.name, err)
		}
	}
	return nil
}

func registerAggregate(c bind.Connection, f Aggregate) error {
	a := C.duckdb_create_aggregate_function()
	defer C.duckdb_destroy_aggregate_function(&a) //nolint:gocritic // what cgo makes of it
	name := C.CString(f.name)
	defer C.free(unsafe.Pointer(name))
	C.duckdb_aggregate_function_set_name(a, name)
	for _, t := range f.args {
		t.use(func(t bind.LogicalType) { C.duckdb_aggregate_function_add_parameter(a, C.handle(t.Ptr)) })
	}
	f.result.use(func(t bind.LogicalType) { C.duckdb_aggregate_function_set_return_type(a, C.handle(t.Ptr)) })
	if f.nulls {
		C.duckdb_aggregate_function_set_special_handling(a)
	}
	C.duckdb_aggregate_function_set_functions(a, (*[0]byte)(C.tidegateStateSize), (*[0]byte)(C.tidegateStateInit),
		(*[0]byte)(C.tidegateStateUpdate), (*[0]byte)(C.tidegateStateCombine), (*[0]byte)(C.tidegateStateFinalize))
	if f.handles {
		C.duckdb_aggregate_function_set_destructor(a, (*[0]byte)(C.tidegateStateDestroy))
	}
	C.duckdb_aggregate_function_set_extra_info(a, C.handle(remember(f)), (*[0]byte)(C.tidegateForget))
	if C.duckdb_register_aggregate_function(C.handle(c.Ptr), a) != 0 {
		return errors.New("duckdb refused it")
	}
	return nil
}

func pointersAt(p *C.handle, n C.uint64_t) []unsafe.Pointer {
	return unsafe.Slice((*unsafe.Pointer)(unsafe.Pointer(p)), int(n))
}

func aggregateOf(info C.handle) Aggregate {
	data := C.duckdb_aggregate_function_get_extra_info(info)
	return (*cgo.Handle)(unsafe.Pointer(data)).Value().(Aggregate) //nolint:forcetypeassert // remember put it there
}

// guarded runs one step of an aggregate. A panic becomes an error: it must not unwind through DuckDB.
func guarded(info C.handle, step func(f Aggregate) error) {
	f := aggregateOf(info)
	err := func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("aggregate %s: %v", f.name, p)
			}
		}()
		return step(f)
	}()
	if err != nil {
		text := C.CString(message(err))
		defer C.free(unsafe.Pointer(text))
		C.duckdb_aggregate_function_set_error(info, text)
	}
}

//export tidegateStateSize
func tidegateStateSize(info C.handle) C.uint64_t { return C.uint64_t(aggregateOf(info).stateBytes) }

//export tidegateStateInit
func tidegateStateInit(info, state C.handle) {
	clear(unsafe.Slice((*byte)(unsafe.Pointer(state)), aggregateOf(info).stateBytes))
}

//export tidegateStateUpdate
func tidegateStateUpdate(info, input C.handle, states *C.handle) {
	guarded(info, func(f Aggregate) error {
		chunk := bind.DataChunk{Ptr: unsafe.Pointer(input)}
		n := bind.DataChunkGetSize(chunk)
		in := make([]bind.Vector, bind.DataChunkGetColumnCount(chunk))
		for i := range in {
			in[i] = bind.DataChunkGetVector(chunk, bind.IdxT(i))
		}
		return f.add(pointersAt(states, C.uint64_t(n)), in, int(n))
	})
}

//export tidegateStateCombine
func tidegateStateCombine(info C.handle, source, target *C.handle, count C.uint64_t) {
	guarded(info, func(f Aggregate) error {
		into := pointersAt(target, count)
		for i, from := range pointersAt(source, count) {
			if err := f.merge(into[i], from); err != nil {
				return err
			}
		}
		return nil
	})
}

//export tidegateStateFinalize
func tidegateStateFinalize(info C.handle, source *C.handle, result C.handle, count, offset C.uint64_t) {
	guarded(info, func(f Aggregate) error {
		return f.write(pointersAt(source, count), bind.Vector{Ptr: unsafe.Pointer(result)}, int(offset))
	})
}

//export tidegateStateDestroy
func tidegateStateDestroy(states *C.handle, count C.uint64_t) {
	for _, p := range pointersAt(states, count) {
		(*handle)(p).delete()
	}
}
