package encode

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

// sample is a column of values: as a vector, and as parameters that PostgreSQL reads without our code.
type sample struct {
	name   string
	typ    pgtypes.Type
	style  pgtypes.Style
	vector engine.Vector
	params [][]byte // one per value
	format int16    // of the parameters
	sql    string   // the SQL type if it is not the type's own name
}

const sampleSize = 8000

// TestAgainstPostgres sends random values of every type through PostgreSQL 15, in every style that shows them otherwise,
// and compares its bytes with ours.
func TestAgainstPostgres(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	for _, s := range append(samples(), styled()...) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, cluster, s.style)
			for _, format := range []int16{TextFormat, BinaryFormat} {
				want := fromPostgres(t, conn, &s, format)
				got := fromEncoder(t, &s, format)
				if len(got) != len(want) {
					t.Fatalf("format %d: %d rows, want %d", format, len(got), len(want))
				}
				for row := range want {
					if got[row] != want[row] {
						t.Fatalf("format %d, parameter %q: got %q, want %q", format, s.params[row], got[row], want[row])
					}
				}
			}
		})
	}
}

func connect(t *testing.T, cluster *testkit.Cluster, style pgtypes.Style) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), cluster.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	if err := conn.Exec(t.Context(), settingsOf(style)).Close(); err != nil {
		t.Fatal(err)
	}
	return conn
}

func settingsOf(s pgtypes.Style) string {
	zone, bytea := "UTC", "hex"
	if s.Zone != nil {
		zone = s.Zone.String()
	}
	if s.EscapeBytea {
		bytea = "escape"
	}
	return fmt.Sprintf("set timezone = '%s'; set datestyle = '%s'; set intervalstyle = %s; set extra_float_digits = %d; set bytea_output = %s",
		zone, s.DateStyleText(), s.Intervals, 1-s.FewerDigits, bytea)
}

// fromPostgres gives PostgreSQL's values of one array of all parameters.
func fromPostgres(t *testing.T, conn *pgconn.PgConn, s *sample, format int16) []string {
	t.Helper()
	name := s.sql
	if name == "" {
		name = s.typ.String()
	}
	if _, array := pgtypes.ElementOf(s.typ.OID); array {
		return oneByOne(t, conn, s, name, format)
	}
	oid, statement := s.typ.OID, "select x from unnest($1::"+name+"[]) x"
	if s.format == TextFormat {
		oid, statement = pgtypes.Text, "select x::"+name+" from unnest($1::text[]) x"
	}
	b := arrayOf(oid, s.params)
	r := conn.ExecParams(t.Context(), statement, [][]byte{b}, nil, []int16{BinaryFormat}, []int16{format}).Read()
	if r.Err != nil {
		t.Fatalf("%s: %v", statement, r.Err)
	}
	out := make([]string, len(r.Rows))
	for i, row := range r.Rows {
		out[i] = cell(row[0])
	}
	return out
}

// arrayOf is the binary form of an array of these values.
func arrayOf(oid pgtypes.OID, values [][]byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, 1)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, oid)
	b = binary.BigEndian.AppendUint32(b, uint32(len(values)))
	b = binary.BigEndian.AppendUint32(b, 1)
	for _, v := range values {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
	}
	return b
}

// oneByOne is fromPostgres for what an array cannot hold.
func oneByOne(t *testing.T, conn *pgconn.PgConn, s *sample, name string, format int16) []string {
	t.Helper()
	var out []string
	for _, p := range s.params {
		r := conn.ExecParams(t.Context(), "select $1::"+name, [][]byte{p}, nil, []int16{s.format}, []int16{format}).Read()
		if r.Err != nil {
			t.Fatalf("%s with %q: %v", name, p, r.Err)
		}
		out = append(out, cell(r.Rows[0][0]))
	}
	return out
}

func cell(v []byte) string {
	if v == nil {
		return "<null>"
	}
	return string(v)
}

func fromEncoder(t *testing.T, s *sample, format int16) []string {
	t.Helper()
	e, err := New([]engine.Column{{Name: "c", Type: s.typ}}, []int16{format}, s.style)
	if err != nil {
		t.Fatal(err)
	}
	c := &engine.Chunk{Rows: len(s.params), Vectors: []engine.Vector{s.vector}}
	rows, err := allRows(e, c)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = cell(r[0])
	}
	return out
}

// allRows encodes a chunk in small pieces and takes the messages apart again.
func allRows(e *Encoder, c *engine.Chunk) ([][][]byte, error) {
	var all []byte
	for next := 0; next < c.Rows; {
		var err error
		var b []byte
		if b, next, err = e.Rows(nil, c, next, 1000, 4096); err != nil {
			return nil, err
		}
		all = append(all, b...)
	}
	var rows [][][]byte
	for len(all) > 0 {
		if all[0] != 'D' {
			return nil, fmt.Errorf("message %q is no DataRow", all[0])
		}
		size := int(binary.BigEndian.Uint32(all[1:]))
		var m pgproto3.DataRow
		if err := m.Decode(all[5 : 1+size]); err != nil {
			return nil, err
		}
		rows = append(rows, m.Values)
		all = all[1+size:]
	}
	return rows, nil
}

// TestConversions covers columns whose client type is not the layout's own.
func TestConversions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		typ    pgtypes.Type
		vector engine.Vector
		want   string // "" with err
		code   string
	}{
		{name: "int8 from I32", typ: pgtypes.Of(pgtypes.Int8), vector: engine.Vector{Physical: engine.PhysicalI32, I32: []int32{-7}}, want: "-7"},
		{name: "int8 from I128", typ: pgtypes.Of(pgtypes.Int8), vector: engine.Vector{Physical: engine.PhysicalI128, I128: []engine.Int128{{Lo: 1<<64 - 5, Hi: -1}}}, want: "-5"},
		{name: "int8 from I128 too large", typ: pgtypes.Of(pgtypes.Int8), vector: engine.Vector{Physical: engine.PhysicalI128, I128: []engine.Int128{{Hi: 1}}}, code: "22003: bigint out of range"},
		{name: "int4 from I64 too large", typ: pgtypes.Of(pgtypes.Int4), vector: engine.Vector{Physical: engine.PhysicalI64, I64: []int64{1 << 31}}, code: "22003: integer out of range"},
		{name: "int4 from F64", typ: pgtypes.Of(pgtypes.Int4), vector: engine.Vector{Physical: engine.PhysicalF64, F64: []float64{2.5}}, want: "2"},
		{name: "int4 from decimal", typ: pgtypes.Of(pgtypes.Int4), vector: engine.Vector{Physical: engine.PhysicalI64, Scale: 1, I64: []int64{-25}}, want: "-3"},
		{name: "numeric from I64", typ: pgtypes.Of(pgtypes.Numeric), vector: engine.Vector{Physical: engine.PhysicalI64, I64: []int64{12}}, want: "12"},
		{name: "numeric from U64", typ: pgtypes.Of(pgtypes.Numeric), vector: engine.Vector{Physical: engine.PhysicalU64, U64: []uint64{math.MaxUint64}}, want: "18446744073709551615"},
		{name: "numeric(10,2) from I64", typ: pgtypes.NumericOf(10, 2), vector: engine.Vector{Physical: engine.PhysicalI64, I64: []int64{12}}, want: "12.00"},
		{name: "numeric(10,1) from scale 2", typ: pgtypes.NumericOf(10, 1), vector: engine.Vector{Physical: engine.PhysicalI64, Scale: 2, I64: []int64{-4}}, want: "0.0"},
		{name: "numeric from F64", typ: pgtypes.Of(pgtypes.Numeric), vector: engine.Vector{Physical: engine.PhysicalF64, F64: []float64{0.1}}, want: "0.1"},
		{name: "float8 from decimal", typ: pgtypes.Of(pgtypes.Float8), vector: engine.Vector{Physical: engine.PhysicalI32, Scale: 2, I32: []int32{150}}, want: "1.5"},
		{name: "float8 from F32", typ: pgtypes.Of(pgtypes.Float8), vector: engine.Vector{Physical: engine.PhysicalF32, F32: []float32{0.5}}, want: "0.5"},
		{name: "text from I8", typ: pgtypes.Of(pgtypes.Text), vector: engine.Vector{Physical: engine.PhysicalI8, I8: []int8{-3}}, want: "-3"},
		{name: "text from F64", typ: pgtypes.Of(pgtypes.Text), vector: engine.Vector{Physical: engine.PhysicalF64, F64: []float64{5}}, want: "5"},
		{name: "text from bool", typ: pgtypes.Of(pgtypes.Text), vector: engine.Vector{Physical: engine.PhysicalBool, Bool: []bool{true}}, want: "true"},
		{name: "oid from U32", typ: pgtypes.Of(pgtypes.OIDType), vector: engine.Vector{Physical: engine.PhysicalU32, U32: []uint32{math.MaxUint32}}, want: "4294967295"},
		{name: "date from F64", typ: pgtypes.Of(pgtypes.Date), vector: engine.Vector{Physical: engine.PhysicalF64, F64: []float64{1}}, code: `XX000: column "c" of type date cannot be made of layout 11`},
		{name: "null", typ: pgtypes.Of(pgtypes.Date), vector: engine.Vector{Physical: engine.PhysicalNull}, want: "<null>"},
		{name: "not valid", typ: pgtypes.Of(pgtypes.Int4), vector: engine.Vector{Physical: engine.PhysicalI32, I32: []int32{1}, Validity: []uint64{0}}, want: "<null>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := New([]engine.Column{{Name: "c", Type: c.typ}}, nil, pgtypes.Style{})
			if err != nil {
				t.Fatal(err)
			}
			rows, err := allRows(e, &engine.Chunk{Rows: 1, Vectors: []engine.Vector{c.vector}})
			var got string
			if err != nil {
				got = err.Error()
			} else {
				got = cell(rows[0][0])
			}
			if diff := cmp.Diff(c.want+c.code, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
