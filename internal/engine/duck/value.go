package duck

import (
	"fmt"
	"math"
	"math/big"
	"time"
	"unicode/utf8"
	"unsafe"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// loadScale is the scale of a loaded numeric: pgtypes gives DECIMAL(38,9) where nobody says one.
const loadScale = 9

// put writes a value of a fixed size.
func put[T any](v bind.Vector, row int, value T) {
	*(*T)(unsafe.Add(bind.VectorGetData(v), uintptr(row)*unsafe.Sizeof(value))) = value
}

func setNull(v bind.Vector, row int) {
	bind.VectorEnsureValidityWritable(v)
	bind.ValiditySetRowInvalid(bind.VectorGetValidity(v), bind.IdxT(row))
}

// setValue writes one value of a loaded row; engine.Loader says which Go types there are.
func setValue(v bind.Vector, row int, c engine.LoadColumn, value any) error {
	if value == nil {
		setNull(v, row)
		return nil
	}
	if c.List {
		return setList(v, row, c, value)
	}
	switch value := value.(type) {
	case bool:
		if c.Type == pgtypes.Bool {
			put(v, row, value)
			return nil
		}
	case int64:
		return setInt(v, row, c.Type, value)
	case float64:
		switch c.Type {
		case pgtypes.Float4:
			put(v, row, float32(value))
			return nil
		case pgtypes.Float8:
			put(v, row, value)
			return nil
		}
	case string:
		if c.Type == pgtypes.Numeric {
			return setNumeric(v, row, value)
		}
		return setText(v, row, c.Type, value)
	case []byte:
		if c.Type == pgtypes.Bytea {
			bind.VectorAssignStringElementLen(v, bind.IdxT(row), value)
			return nil
		}
	case time.Time:
		return setTime(v, row, c.Type, value)
	}
	return mismatch(c.Type, value)
}

func mismatch(oid pgtypes.OID, value any) error {
	return pgerr.New(pgerr.DatatypeMismatch, "a value of Go type %T cannot be loaded as %s", value, pgtypes.Of(oid))
}

func setInt(v bind.Vector, row int, oid pgtypes.OID, value int64) error {
	ok := true
	switch oid {
	case pgtypes.Int8:
		put(v, row, value)
	case pgtypes.Int4:
		put(v, row, int32(value))
		ok = value >= math.MinInt32 && value <= math.MaxInt32
	case pgtypes.Int2:
		put(v, row, int16(value))
		ok = value >= math.MinInt16 && value <= math.MaxInt16
	case pgtypes.OIDType:
		put(v, row, uint32(value))
		ok = value >= 0 && value <= math.MaxUint32
	case pgtypes.Float8:
		put(v, row, float64(value))
	case pgtypes.Float4:
		put(v, row, float32(value))
	case pgtypes.Numeric:
		return setUnscaled(v, row, new(big.Int).Mul(big.NewInt(value), scaleFactor()))
	default:
		return mismatch(oid, value)
	}
	if !ok {
		return pgerr.New(pgerr.NumericOutOfRange, "%d is out of range for type %s", value, pgtypes.Of(oid))
	}
	return nil
}

func setText(v bind.Vector, row int, oid pgtypes.OID, value string) error {
	switch oid {
	case pgtypes.Text, pgtypes.Varchar, pgtypes.BPChar, pgtypes.Name, pgtypes.Char, pgtypes.JSON, pgtypes.Unknown:
	default:
		return mismatch(oid, value)
	}
	// DuckDB takes what it is given and fails, or not, when somebody looks at it.
	if !utf8.ValidString(value) {
		return pgerr.New(pgerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\"")
	}
	bind.VectorAssignStringElementLen(v, bind.IdxT(row), []byte(value))
	return nil
}

func setTime(v bind.Vector, row int, oid pgtypes.OID, value time.Time) error {
	switch oid {
	case pgtypes.Date:
		// The date as its own zone shows it.
		y, m, d := value.Date()
		put(v, row, int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400))
	case pgtypes.Timestamp:
		// The wall clock of its own zone, without the zone.
		_, offset := value.Zone()
		put(v, row, value.UnixMicro()+int64(offset)*1e6)
	case pgtypes.Timestamptz:
		put(v, row, value.UnixMicro())
	default:
		return mismatch(oid, value)
	}
	return nil
}

func scaleFactor() *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(loadScale), nil) }

func setNumeric(v bind.Vector, row int, value string) error {
	r, ok := new(big.Rat).SetString(value)
	if !ok {
		return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type numeric: %q", value)
	}
	r.Mul(r, new(big.Rat).SetInt(scaleFactor()))
	if !r.IsInt() {
		return pgerr.New(pgerr.NumericOutOfRange, "numeric %s has more than %d digits after the point", value, loadScale)
	}
	return setUnscaled(v, row, r.Num())
}

// setUnscaled writes a DECIMAL(38,9) by its unscaled integer.
func setUnscaled(v bind.Vector, row int, n *big.Int) error {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(pgtypes.MaxPrecision), nil)
	if n.CmpAbs(limit) >= 0 {
		return pgerr.New(pgerr.NumericOutOfRange, "numeric field overflow")
	}
	// Two's complement: the low 128 bits of n + 2^128.
	u := new(big.Int).And(n, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1)))
	low := new(big.Int).And(u, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	put(v, row, engine.Int128{Lo: low, Hi: int64(new(big.Int).Rsh(u, 64).Uint64())})
	return nil
}

// setList appends the elements to the vector's child.
func setList(v bind.Vector, row int, c engine.LoadColumn, value any) error {
	var n int
	switch list := value.(type) {
	case []string:
		n = len(list)
	case []int64:
		n = len(list)
	default:
		return fmt.Errorf("list of Go type %T cannot be loaded", value)
	}
	first := int(bind.ListVectorGetSize(v))
	// The child's memory moves when it grows, so it is looked up afterwards.
	if bind.ListVectorReserve(v, bind.IdxT(first+n)) == bind.StateError ||
		bind.ListVectorSetSize(v, bind.IdxT(first+n)) == bind.StateError {
		return fmt.Errorf("grow list to %d elements", first+n)
	}
	put(v, row, engine.Span{Offset: uint64(first), Length: uint64(n)})
	child := bind.ListVectorGetChild(v)
	element := engine.LoadColumn{Name: c.Name, Type: c.Type}
	for i := range n {
		var e any
		switch list := value.(type) {
		case []string:
			e = list[i]
		case []int64:
			e = list[i]
		}
		if err := setValue(child, first+i, element, e); err != nil {
			return err
		}
	}
	return nil
}
