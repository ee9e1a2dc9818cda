package adopt

import (
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tidegate/internal/pgtypes"
)

// fileColumn is one top-level column of a file.
type fileColumn struct {
	name string // lower case
	// why says why Tidegate cannot read the column; nil if it can. The fields below are set then.
	why      error
	typ      pgtypes.Type
	leaf     int // the first of the file's schema
	leaves   int
	nested   bool
	physical parquet.Type
	unsigned bool
	// unit is how many of the stored values make a microsecond of a timestamp: positive. Negative: microseconds that one
	// stored value makes.
	unit int64
	// fileType is the type of DuckDB in which the file has values that are shown as json; "" if they are text there.
	fileType string
}

// columnOf reads a node as DuckDB does, because DuckDB is who scans the file. annotated says for the node and all below
// it whether the file gives the logical type itself: older writers' timestamps and times have none, and are on the wall
// for DuckDB although the format's document calls them UTC.
func columnOf(node schema.Node, annotated []bool) fileColumn {
	c := fileColumn{}
	if node.RepetitionType() == parquet.Repetitions.Repeated {
		c.why = errOldList
		return c
	}
	primitive, ok := node.(*schema.PrimitiveNode)
	if !ok {
		return nestedColumn(node, annotated)
	}
	c.physical = primitive.PhysicalType()
	switch t := node.LogicalType().(type) {
	case schema.StringLogicalType, schema.EnumLogicalType:
		c.typ = pgtypes.Of(pgtypes.Text)
	case schema.JSONLogicalType:
		c.typ = pgtypes.Of(pgtypes.JSON)
	case schema.UUIDLogicalType:
		c.typ = pgtypes.Of(pgtypes.UUID)
	case schema.Float16LogicalType:
		c.typ = pgtypes.Of(pgtypes.Float4)
	case schema.DateLogicalType:
		c.typ = pgtypes.Of(pgtypes.Date)
	case schema.IntLogicalType:
		c.typ, c.unsigned = integer(int(t.BitWidth()), t.IsSigned()), !t.IsSigned()
	case schema.DecimalLogicalType:
		if t.Precision() > pgtypes.MaxPrecision {
			c.why = fmt.Errorf("a decimal of %d digits has more than %d", t.Precision(), pgtypes.MaxPrecision)
			return c
		}
		c.typ = pgtypes.NumericOf(int(t.Precision()), int(t.Scale()))
	case schema.TimestampLogicalType:
		c.typ = pgtypes.Of(pgtypes.Timestamp)
		if annotated[0] && t.IsAdjustedToUTC() {
			c.typ = pgtypes.Of(pgtypes.Timestamptz)
		}
		c.unit = map[schema.TimeUnitType]int64{schema.TimeUnitMillis: -1000, schema.TimeUnitMicros: 1, schema.TimeUnitNanos: 1000}[t.TimeUnit()]
	case schema.TimeLogicalType:
		c.typ = pgtypes.Of(pgtypes.Time)
		if annotated[0] && t.IsAdjustedToUTC() {
			c.typ = pgtypes.Of(pgtypes.Timetz)
		}
	case schema.IntervalLogicalType:
		c.typ = pgtypes.Of(pgtypes.Interval)
	case schema.NoLogicalType:
		c.typ = plain(c.physical)
	default:
		c.why = fmt.Errorf("%s is not supported", t)
	}
	return c
}

func integer(bits int, signed bool) pgtypes.Type {
	if !signed {
		bits *= 2 // what holds every value
	}
	switch {
	case bits <= 16:
		return pgtypes.Of(pgtypes.Int2)
	case bits <= 32:
		return pgtypes.Of(pgtypes.Int4)
	case bits <= 64:
		return pgtypes.Of(pgtypes.Int8)
	}
	return pgtypes.NumericOf(20, 0) // 18446744073709551615
}

// plain gives the type of a column that has only a physical one.
func plain(t parquet.Type) pgtypes.Type {
	switch t {
	case parquet.Types.Boolean:
		return pgtypes.Of(pgtypes.Bool)
	case parquet.Types.Int32:
		return pgtypes.Of(pgtypes.Int4)
	case parquet.Types.Int64:
		return pgtypes.Of(pgtypes.Int8)
	case parquet.Types.Int96:
		return pgtypes.Of(pgtypes.Timestamp)
	case parquet.Types.Float:
		return pgtypes.Of(pgtypes.Float4)
	case parquet.Types.Double:
		return pgtypes.Of(pgtypes.Float8)
	default: // byte arrays
		return pgtypes.Of(pgtypes.Bytea)
	}
}
