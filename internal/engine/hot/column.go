package hot

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"

	"tidegate/internal/engine"
	"tidegate/internal/pgfloat"
	"tidegate/internal/pgtypes"
)

// column gathers the values of one column of a chunk, in the type that the client was told.
type column struct {
	typ    pgtypes.Type
	come   pgtypes.OID
	binary bool

	rows     int
	nulls    bool
	validity []uint64
	bools    []bool
	ints     []int64
	floats   []float64
	texts    []string
}

func (c *column) reset() {
	c.rows, c.nulls = 0, false
	c.validity, c.bools, c.ints, c.floats, c.texts = c.validity[:0], c.bools[:0], c.ints[:0], c.floats[:0], c.texts[:0]
}

// physical says which of the slices holds the values.
func (c *column) physical() engine.Physical {
	switch c.typ.OID {
	case pgtypes.Bool:
		return engine.PhysicalBool
	case pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Timestamptz:
		return engine.PhysicalI64
	case pgtypes.Float4, pgtypes.Float8:
		return engine.PhysicalF64
	}
	return engine.PhysicalText
}

func (c *column) vector() engine.Vector {
	v := engine.Vector{Physical: c.physical()}
	if c.nulls {
		v.Validity = c.validity
	}
	switch v.Physical {
	case engine.PhysicalBool:
		v.Bool = c.bools
	case engine.PhysicalI64:
		v.I64 = c.ints
	case engine.PhysicalF64:
		v.F64 = c.floats
	default:
		v.Text = c.texts
	}
	return v
}

// add takes a value as it came; nil is NULL.
func (c *column) add(data []byte) error {
	if c.rows%64 == 0 {
		c.validity = append(c.validity, 0)
	}
	if data != nil {
		c.validity[c.rows/64] |= 1 << (c.rows % 64)
	}
	c.rows++
	if data == nil {
		c.nulls = true
		c.bools, c.ints = extend(c.bools, c.physical() == engine.PhysicalBool), extend(c.ints, c.physical() == engine.PhysicalI64)
		c.floats, c.texts = extend(c.floats, c.physical() == engine.PhysicalF64), extend(c.texts, c.physical() == engine.PhysicalText)
		return nil
	}
	text := string(data)
	if c.binary {
		var err error
		if text, err = pgtypes.BinaryToText(c.come, data); err != nil {
			return err
		}
	}
	if err := c.addText(text); err != nil {
		return fmt.Errorf("read %q as %s: %w", text, c.typ, err)
	}
	return nil
}

func extend[T any](list []T, on bool) []T {
	if !on {
		return list
	}
	var zero T
	return append(list, zero)
}

func (c *column) addText(text string) error {
	switch c.physical() {
	case engine.PhysicalBool:
		v, err := pgtypes.ParseBool(text)
		c.bools = append(c.bools, v)
		return err
	case engine.PhysicalI64:
		var v int64
		var err error
		if c.typ.OID == pgtypes.Timestamptz {
			v, err = pgtypes.ParseTimestamptz(text, nil)
		} else {
			v, err = strconv.ParseInt(text, 10, 64)
		}
		c.ints = append(c.ints, v)
		return err
	case engine.PhysicalF64:
		bits := 64
		if c.come == pgtypes.Float4 {
			bits = 32
		}
		v, err := strconv.ParseFloat(text, bits)
		c.floats = append(c.floats, pgfloat.OrNaN(v))
		return err
	default: // text
	}
	if _, scale, ok := c.typ.PrecisionScale(); ok && c.come != c.typ.OID {
		// Of the same type it has the right scale already.
		v, ok := new(big.Rat).SetString(text)
		if !ok {
			return errors.New("it is no number")
		}
		text = v.FloatString(scale)
	}
	c.texts = append(c.texts, text)
	return nil
}
