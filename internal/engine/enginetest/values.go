package enginetest

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// Int gives the integer at row i of a vector of any integer layout of up to 64 bits.
func Int(v *engine.Vector, i int) int64 {
	switch v.Physical {
	case engine.PhysicalI8:
		return int64(v.I8[i])
	case engine.PhysicalI16:
		return int64(v.I16[i])
	case engine.PhysicalI32:
		return int64(v.I32[i])
	case engine.PhysicalI64:
		return v.I64[i]
	case engine.PhysicalU8:
		return int64(v.U8[i])
	case engine.PhysicalU16:
		return int64(v.U16[i])
	case engine.PhysicalU32:
		return int64(v.U32[i])
	default:
		panic("no integers in a vector of layout " + strconv.Itoa(int(v.Physical)))
	}
}

// Text shows one value, plainly: it is the test's own reading of the contract, independent of the gateway's encoder.
// Dates and timestamps are ISO in UTC, bytea is hex, NULL is "NULL".
func Text(v *engine.Vector, t pgtypes.Type, i int) string {
	if !v.Valid(i) {
		return "NULL"
	}
	switch v.Physical {
	case engine.PhysicalBool:
		return strconv.FormatBool(v.Bool[i])
	case engine.PhysicalF32:
		return strconv.FormatFloat(float64(v.F32[i]), 'g', -1, 32)
	case engine.PhysicalF64:
		return strconv.FormatFloat(v.F64[i], 'g', -1, 64)
	case engine.PhysicalString:
		if t.OID == pgtypes.Bytea {
			return hex.EncodeToString(v.Str[i].Bytes())
		}
		return string(v.Str[i].Bytes())
	case engine.PhysicalText:
		return v.Text[i]
	case engine.PhysicalU64:
		if t.OID == pgtypes.Timetz {
			return string(pgtypes.UnpackZonedTime(v.U64[i]).Append(nil))
		}
		return decimal(new(big.Int).SetUint64(v.U64[i]), v.Scale)
	case engine.PhysicalInterval:
		x := v.Interval[i]
		return string(pgtypes.AppendInterval(nil, x.Months, x.Days, x.Micros))
	case engine.PhysicalList:
		return list(v, t, i)
	case engine.PhysicalI128:
		if t.OID == pgtypes.UUID {
			u := hex.EncodeToString(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(v.I128[i].Hi)^1<<63), v.I128[i].Lo))
			return strings.Join([]string{u[:8], u[8:12], u[12:16], u[16:20], u[20:]}, "-")
		}
		n := new(big.Int).Lsh(big.NewInt(v.I128[i].Hi), 64)
		return decimal(n.Add(n, new(big.Int).SetUint64(v.I128[i].Lo)), v.Scale)
	default:
		return integerText(v, t, i)
	}
}

// list shows an array as PostgreSQL writes its text.
func list(v *engine.Vector, t pgtypes.Type, i int) string {
	element, _ := pgtypes.ElementOf(t.OID)
	var items []*string
	for k := range v.List[i].Length {
		at := int(v.List[i].Offset + k)
		if !v.Child.Valid(at) {
			items = append(items, nil)
			continue
		}
		item := Text(v.Child, pgtypes.Of(element), at)
		items = append(items, &item)
	}
	return string(pgtypes.AppendArray(nil, items))
}

func integerText(v *engine.Vector, t pgtypes.Type, i int) string {
	n := Int(v, i)
	switch t.OID {
	case pgtypes.Date:
		return time.Unix(n*86400, 0).UTC().Format("2006-01-02")
	case pgtypes.Time:
		return time.UnixMicro(n).UTC().Format("15:04:05.999999")
	case pgtypes.Timestamp, pgtypes.Timestamptz:
		return time.UnixMicro(n).UTC().Format("2006-01-02 15:04:05.999999")
	default:
		return decimal(big.NewInt(n), v.Scale)
	}
}

func decimal(n *big.Int, scale int) string {
	if scale == 0 {
		return n.String()
	}
	s := new(big.Int).Abs(n).String()
	if len(s) <= scale {
		s = strings.Repeat("0", scale-len(s)+1) + s
	}
	s = s[:len(s)-scale] + "." + s[len(s)-scale:]
	if n.Sign() < 0 {
		s = "-" + s
	}
	return s
}

// Table reads all rows as Text.
func Table(t *testing.T, rows engine.Rows) [][]string {
	t.Helper()
	var all [][]string
	for {
		chunk, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range chunk.Rows {
			row := make([]string, len(chunk.Vectors))
			for c := range chunk.Vectors {
				row[c] = Text(&chunk.Vectors[c], rows.Columns()[c].Type, i)
			}
			all = append(all, row)
		}
	}
}

func table(t *testing.T, rows engine.Rows) [][]string {
	t.Helper()
	return Table(t, rows)
}

// value is an expression with the type and the text that it must have.
type value struct {
	sql  string
	oid  pgtypes.OID
	want string
}

// values are those that the other end has.
func (c Config) values() []value {
	return slices.DeleteFunc([]value{
		{"true", pgtypes.Bool, "true"},
		{"cast(-7 as smallint)", pgtypes.Int2, "-7"},
		{"cast(-70000 as integer)", pgtypes.Int4, "-70000"},
		{"cast(-9223372036854775807 as bigint)", pgtypes.Int8, "-9223372036854775807"},
		{"cast(1.5 as real)", pgtypes.Float4, "1.5"},
		{"cast(-0.1 as double precision)", pgtypes.Float8, "-0.1"},
		{"cast('NaN' as double precision)", pgtypes.Float8, "NaN"},
		{"cast(-1.25 as numeric(4,2))", pgtypes.Numeric, "-1.25"},
		{"cast(-0.05 as numeric(9,2))", pgtypes.Numeric, "-0.05"},
		{"cast(123456789012.345 as numeric(18,3))", pgtypes.Numeric, "123456789012.345"},
		{
			"cast(-12345678901234567890123456789012345.678 as numeric(38,3))", pgtypes.Numeric,
			"-12345678901234567890123456789012345.678",
		},
		{"cast('twelve bytes' as text)", c.text(), "twelve bytes"},
		{"cast('thirteen byte' as text)", c.text(), "thirteen byte"},
		{"cast('' as text)", c.text(), ""},
		{"cast('日本語のとても長いテキスト' as text)", c.text(), "日本語のとても長いテキスト"},
		{"date '2018-02-15'", pgtypes.Date, "2018-02-15"},
		{"date '0001-01-01'", pgtypes.Date, "0001-01-01"},
		{"time '10:00:00.5'", pgtypes.Time, "10:00:00.5"},
		{"timestamp '1969-12-31 23:59:59.999999'", pgtypes.Timestamp, "1969-12-31 23:59:59.999999"},
		{"timestamptz '2018-02-15 09:00:00+09'", pgtypes.Timestamptz, "2018-02-15 00:00:00"},
		{"cast('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' as uuid)", pgtypes.UUID, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{"interval '14 months -3 days 04:05:06.7'", pgtypes.Interval, "1 year 2 mons -3 days +04:05:06.7"},
	}, func(v value) bool { return c.lacks(v.sql) })
}

func testValues(t *testing.T, c Config) {
	t.Helper()
	e := c.Engine
	for _, v := range c.values() {
		rows := query(t, e, engine.Statement{SQL: "select " + v.sql + " as v"})
		if got := rows.Columns()[0].Type.OID; got != v.oid {
			t.Errorf("%s: type %d, want %d", v.sql, got, v.oid)
		}
		if got := table(t, rows); !cmp.Equal(got, [][]string{{v.want}}) {
			t.Errorf("%s: got %q, want %q", v.sql, got, v.want)
		}
	}
}

// testNulls has every third row NULL, over more than one chunk and with a last word of validity that is not full.
func testNulls(t *testing.T, c Config) {
	t.Helper()
	e := c.Engine
	for _, v := range c.values() {
		rows := query(t, e, engine.Statement{
			SQL: "select case when i % 3 <> 0 then " + v.sql + " end from generate_series(0, 4999) as t(i)",
		})
		got := table(t, rows)
		if len(got) != 5000 {
			t.Fatalf("%s: %d rows", v.sql, len(got))
		}
		for i, row := range got {
			want := v.want
			if i%3 == 0 {
				want = "NULL"
			}
			if row[0] != want {
				t.Fatalf("%s, row %d: got %q, want %q", v.sql, i, row[0], want)
			}
		}
	}
}
