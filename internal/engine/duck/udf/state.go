package udf

import (
	"reflect"
	"runtime/cgo"
	"unsafe"
)

// state says how a group's S is kept in DuckDB's memory, which DuckDB copies and moves, and which is zero at first: as it
// is if it has no pointers, otherwise as a handle.
type state[S any] struct {
	bytes   uintptr
	handles bool
	// empty reports that no row came yet; it may say false without one.
	empty func(p unsafe.Pointer) bool
	// at gives the value, made if there is none yet.
	at func(p unsafe.Pointer) *S
}

func stateOf[S any]() state[S] {
	if t := reflect.TypeFor[S](); !pointed(t) {
		return state[S]{
			bytes: t.Size(),
			empty: func(unsafe.Pointer) bool { return false },
			at:    func(p unsafe.Pointer) *S { return (*S)(p) },
		}
	}
	return state[S]{
		bytes: unsafe.Sizeof(handle(0)), handles: true,
		empty: func(p unsafe.Pointer) bool { return *(*handle)(p) == 0 },
		at: func(p unsafe.Pointer) *S {
			h := (*handle)(p)
			if *h == 0 {
				*h = handle(cgo.NewHandle(new(S)))
			}
			return cgo.Handle(*h).Value().(*S) //nolint:forcetypeassert // the line above made it
		},
	}
}

// handle stands for a Go value, 0 for none.
type handle cgo.Handle

func (h *handle) delete() {
	if *h != 0 {
		cgo.Handle(*h).Delete()
		*h = 0
	}
}

// pointed reports whether values of a type have pointers, which must not be in DuckDB's memory.
func pointed(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for f := range t.Fields() {
			if pointed(f.Type) {
				return true
			}
		}
		return false
	case reflect.Array:
		return pointed(t.Elem())
	default:
		return t.Kind() > reflect.Complex128 // Bool to Complex128 are the plain ones
	}
}
