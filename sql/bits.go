package sql

import (
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

const oidBit pgtypes.OID = 1560

// maxBits is as many as an integer has.
const maxBits = 32

// bitType is bit(n), which queries of system relations have: tools take pg_relation_is_updatable apart by it. A value is the
// number of its bits.
func (b *binder) bitType(n typeName) (pgtypes.Type, error) {
	size := 1
	if len(n.mods) == 1 {
		size = n.mods[0]
	}
	switch {
	case size < 1:
		return pgtypes.Type{}, b.fail(pgerr.InvalidParameterValue, n.pos, "length for type bit must be at least 1")
	case size > maxBits:
		return pgtypes.Type{}, b.unsupported(n.pos, "type bit of more than %d bits", maxBits)
	}
	return pgtypes.Type{OID: oidBit, Typmod: int32(size)}, nil
}

// bits casts a number to bit(n): its last bits.
func (b *binder) bits(e *expr, t pgtypes.Type) (*expr, error) {
	if !typeIs(e.oid(), pgtypes.Int4, pgtypes.Int8) {
		return nil, b.unsupported(e.pos, "a cast from %s to bit", postgresTables().typeName(e.oid()))
	}
	mask := strconv.FormatUint(1<<t.Typmod-1, 10)
	return bitsOf("(CAST("+e.sql+" AS BIGINT) & "+mask+")", t.Typmod, e), nil
}

// bitLiteral is B'0101' or X'1F', as the parser gives it: b0101, x1F.
func (b *binder) bitLiteral(text string, pos int32) (*expr, error) {
	base, width := 2, 1
	if strings.HasPrefix(text, "x") {
		base, width = 16, 4
	}
	digits := text[1:]
	if len(digits) == 0 || len(digits)*width > maxBits {
		return nil, b.unsupported(pos, "a bit string of none or more than %d bits", maxBits)
	}
	v, err := strconv.ParseUint(digits, base, maxBits)
	if err != nil {
		i := strings.IndexFunc(digits, func(r rune) bool { _, err := strconv.ParseUint(string(r), base, 8); return err != nil })
		return nil, b.fail(pgerr.InvalidTextRepresentation, pos, "%q is not a valid %s digit", digits[i:i+1], map[int]string{2: "binary", 16: "hexadecimal"}[base])
	}
	e := bitsOf("CAST("+strconv.FormatUint(v, 10)+" AS BIGINT)", int32(len(digits)*width))
	e.pos = pos
	return e, nil
}

func bitsOf(text string, size int32, parts ...*expr) *expr {
	e := computed(oidBit, text, parts...)
	e.typ.Typmod = size
	return e
}

// bitOperator writes an operator of two bit strings.
func (b *binder) bitOperator(op string, x, y *expr, pos int32) (*expr, error) {
	size := x.typ.Typmod
	names := map[string]string{"&": "AND", "|": "OR", "#": "XOR"}
	switch {
	case size < 1 || y.typ.Typmod < 1:
	case names[op] != "" && size != y.typ.Typmod:
		return nil, pgerr.New(pgerr.StringDataLengthMismatch, "cannot %s bit strings of different sizes", names[op])
	case op == "#":
		return bitsOf("xor("+x.sql+", "+y.sql+")", size, x, y), nil
	case names[op] != "":
		return bitsOf("("+x.sql+" "+op+" "+y.sql+")", size, x, y), nil
	case (op == "=" || op == "<>") && size == y.typ.Typmod:
		return computed(pgtypes.Bool, "("+x.sql+" "+op+" "+y.sql+")", x, y), nil
	}
	return nil, b.unsupported(pos, "operator bit %s bit", op)
}
