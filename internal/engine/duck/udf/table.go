package udf

/*
#include <stddef.h>

extern void tidegateTableBind(void *info);
extern void tidegateTableBegin(void *info);
extern void tidegateTableReader(void *info);
extern void tidegateTableNext(void *info, void *output);
extern void tidegateForget(void *data);
extern void tidegateForgetReader(void *data);
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime/cgo"
	"unsafe"

	bind "github.com/duckdb/duckdb-go-bindings"
)

// TableFunction is the name of the table function that reads a Table, by its number.
const TableFunction = "tg_table"

// Table gives rows to a statement, each once, to whichever of its threads asks.
type Table interface {
	// Columns are the names and types.
	Columns() ([]string, []bind.LogicalType)
	// Rows is an estimate of how many there will be.
	Rows() int64
	// Threads is how many of DuckDB's threads may be in Next at a time.
	Threads() int
	// Next fills a chunk, of no row at the end. It may wait. Texts stay where they are until release, which may be nil, is
	// called: when the same reader asks again, or when the statement is over.
	Next(into bind.DataChunk) (release func(), err error)
}

// RegisterTables makes TableFunction known to the connection's instance.
func RegisterTables(c bind.Connection, tables *Numbered) error {
	f := bind.CreateTableFunction()
	defer bind.DestroyTableFunction(&f)
	bind.TableFunctionSetName(f, TableFunction)
	columnOf[int64]().use(func(t bind.LogicalType) { bind.TableFunctionAddParameter(f, t) })
	bind.TableFunctionSetExtraInfo(f, remember(tables), C.tidegateForget)
	bind.TableFunctionSetBind(f, C.tidegateTableBind)
	bind.TableFunctionSetInit(f, C.tidegateTableBegin)
	bind.TableFunctionSetLocalInit(f, C.tidegateTableReader)
	bind.TableFunctionSetFunction(f, C.tidegateTableNext)
	if bind.RegisterTableFunction(c, f) == bind.StateError {
		return errors.New("register function " + TableFunction + ": duckdb refused it")
	}
	return nil
}

//export tidegateTableBind
func tidegateTableBind(infoPtr unsafe.Pointer) {
	info := bind.BindInfo{Ptr: infoPtr}
	value := bind.BindGetParameter(info, 0)
	n := bind.GetInt64(value)
	bind.DestroyValue(&value)
	tables := (*cgo.Handle)(bind.BindGetExtraInfo(info)).Value().(*Numbered) //nolint:forcetypeassert // RegisterTables put it there
	t, ok := find[Table](tables, n)
	if !ok {
		bind.BindSetError(info, fmt.Sprintf("there is no table %d", n))
		return
	}
	names, types := t.Columns()
	for i := range names {
		bind.BindAddResultColumn(info, names[i], types[i])
	}
	bind.BindSetCardinality(info, bind.IdxT(t.Rows()), false) // nothing known, it would be joined as a table of one row
	bind.BindSetBindData(info, remember(t), C.tidegateForget)
}

//export tidegateTableBegin
func tidegateTableBegin(infoPtr unsafe.Pointer) {
	info := bind.InitInfo{Ptr: infoPtr}
	t := (*cgo.Handle)(bind.InitGetBindData(info)).Value().(Table) //nolint:forcetypeassert // tidegateTableBind put it there
	bind.InitSetMaxThreads(info, bind.IdxT(t.Threads()))
}

// tableReader is one of those who read a table: one of them is in one thread at a time.
type tableReader struct{ release func() }

// next turns a panic into an error: it must not unwind through DuckDB.
func (r *tableReader) next(t Table, into bind.DataChunk) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("function %s: %v", TableFunction, p)
		}
	}()
	r.done()
	r.release, err = t.Next(into)
	return err
}

func (r *tableReader) done() {
	if release := r.release; release != nil {
		r.release = nil
		release()
	}
}

//export tidegateTableReader
func tidegateTableReader(info unsafe.Pointer) {
	bind.InitSetInitData(bind.InitInfo{Ptr: info}, remember(&tableReader{}), C.tidegateForgetReader)
}

//export tidegateForgetReader
func tidegateForgetReader(data unsafe.Pointer) {
	(*cgo.Handle)(data).Value().(*tableReader).done() //nolint:forcetypeassert // tidegateTableReader put it there
	tidegateForget(data)
}

//export tidegateTableNext
func tidegateTableNext(infoPtr, output unsafe.Pointer) {
	info := bind.FunctionInfo{Ptr: infoPtr}
	t := (*cgo.Handle)(bind.FunctionGetBindData(info)).Value().(Table)             //nolint:forcetypeassert // tidegateTableBind put it there
	r := (*cgo.Handle)(bind.FunctionGetLocalInitData(info)).Value().(*tableReader) //nolint:forcetypeassert // tidegateTableReader put it there
	if err := r.next(t, bind.DataChunk{Ptr: output}); err != nil {
		bind.FunctionSetError(info, message(err))
	}
}
