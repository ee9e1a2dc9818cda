// Package pgtypes is the one table of types: PostgreSQL's OID, name, length and array type, beside the names that
// DuckDB and Parquet give the same type, and the text and binary form of every value.
//
// It is a leaf: the language, the catalog, the engines, the gateway and the documentation use it.
package pgtypes

import (
	"fmt"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
)

// OID is a type's identity in PostgreSQL's pg_type.
type OID = uint32

// OIDs of the types that Tidegate knows, from PostgreSQL 15's pg_type.
const (
	Bool        OID = 16
	Bytea       OID = 17
	Char        OID = 18 // "char", one byte
	Name        OID = 19
	Int8        OID = 20
	Int2        OID = 21
	Int4        OID = 23
	Text        OID = 25
	OIDType     OID = 26
	JSON        OID = 114
	Float4      OID = 700
	Float8      OID = 701
	Unknown     OID = 705
	BPChar      OID = 1042
	Varchar     OID = 1043
	Date        OID = 1082
	Time        OID = 1083
	Timestamp   OID = 1114
	Timestamptz OID = 1184
	Interval    OID = 1186
	Timetz      OID = 1266
	Numeric     OID = 1700
	Record      OID = 2249
	UUID        OID = 2950
	JSONB       OID = 3802
)

// Type is a type as a column has it: OID and type modifier, -1 for none.
type Type struct {
	OID    OID
	Typmod int32
}

// Of gives the type without a modifier.
func Of(oid OID) Type { return Type{OID: oid, Typmod: -1} }

// NumericOf gives numeric(precision, scale).
func NumericOf(precision, scale int) Type {
	return Type{OID: Numeric, Typmod: int32(precision<<16|scale&0x7ff) + 4}
}

// VarcharOf gives varchar(n).
func VarcharOf(n int) Type { return Type{OID: Varchar, Typmod: int32(n) + 4} }

// PrecisionScale gives a numeric's precision and scale; ok is false without a modifier.
func (t Type) PrecisionScale() (precision, scale int, ok bool) {
	if t.OID != Numeric || t.Typmod < 4 {
		return 0, 0, false
	}
	m := int(t.Typmod) - 4
	return m >> 16, (m&0x7ff ^ 0x400) - 0x400, true
}

// Info is one row of the table.
type Info struct {
	OID    OID
	Name   string // pg_type.typname
	SQL    string // the name that format_type gives
	Array  OID    // pg_type.typarray
	Len    int16  // pg_type.typlen; -1 is variable
	DuckDB string // the DuckDB type that holds it; "" where only results of the catalog have it
}

var infos = []Info{
	{Bool, "bool", "boolean", 1000, 1, "BOOLEAN"},
	{Bytea, "bytea", "bytea", 1001, -1, "BLOB"},
	{Char, "char", `"char"`, 1002, 1, "VARCHAR"},
	{Name, "name", "name", 1003, 64, "VARCHAR"},
	{Int8, "int8", "bigint", 1016, 8, "BIGINT"},
	{Int2, "int2", "smallint", 1005, 2, "SMALLINT"},
	{Int4, "int4", "integer", 1007, 4, "INTEGER"},
	{Text, "text", "text", 1009, -1, "VARCHAR"},
	{OIDType, "oid", "oid", 1028, 4, "UINTEGER"},
	{JSON, "json", "json", 199, -1, "JSON"},
	{Float4, "float4", "real", 1021, 4, "FLOAT"},
	{Float8, "float8", "double precision", 1022, 8, "DOUBLE"},
	{Unknown, "unknown", "unknown", 0, -2, "VARCHAR"},
	{BPChar, "bpchar", "character", 1014, -1, "VARCHAR"},
	{Varchar, "varchar", "character varying", 1015, -1, "VARCHAR"},
	{Date, "date", "date", 1182, 4, "DATE"},
	{Time, "time", "time without time zone", 1183, 8, "TIME"},
	{Timestamp, "timestamp", "timestamp without time zone", 1115, 8, "TIMESTAMP"},
	{Timestamptz, "timestamptz", "timestamp with time zone", 1185, 8, "TIMESTAMPTZ"},
	{Interval, "interval", "interval", 1187, 16, "INTERVAL"},
	{Timetz, "timetz", "time with time zone", 1270, 12, "TIMETZ"},
	{Numeric, "numeric", "numeric", 1231, -1, "DECIMAL"},
	{UUID, "uuid", "uuid", 2951, 16, "UUID"},
	{JSONB, "jsonb", "jsonb", 3807, -1, "VARCHAR"},
}

// Lookup finds a type's row.
func Lookup(oid OID) (Info, bool) {
	for i := range infos {
		if infos[i].OID == oid {
			return infos[i], true
		}
	}
	return Info{}, false
}

// Infos gives the whole table, in OID order.
func Infos() []Info { return append([]Info(nil), infos...) }

// Len gives pg_type.typlen; -1 for a type that is not in the table.
func (t Type) Len() int16 {
	if i, ok := Lookup(t.OID); ok {
		return i.Len
	}
	if IsObject(t.OID) || t.OID == Void {
		return 4
	}
	return -1
}

// String gives what PostgreSQL's format_type gives: "numeric(12,2)", "timestamp with time zone".
func (t Type) String() string {
	i, ok := Lookup(t.OID)
	if element, array := ElementOf(t.OID); array {
		return Type{OID: element, Typmod: t.Typmod}.String() + "[]"
	}
	if name, result := resultNames[t.OID]; result {
		return name
	}
	if !ok {
		return "???"
	}
	if p, s, ok := t.PrecisionScale(); ok {
		return fmt.Sprintf("numeric(%d,%d)", p, s)
	}
	if (t.OID == Varchar || t.OID == BPChar) && t.Typmod >= 4 {
		return fmt.Sprintf("%s(%d)", i.SQL, t.Typmod-4)
	}
	return i.SQL
}

// MaxPrecision is the largest numeric precision that DuckDB's DECIMAL holds.
const MaxPrecision = 38

// DuckDB gives the type's name in DuckDB's DDL. A numeric without modifier is DECIMAL(38,9): use it only where
// the scale is not known. One that no DECIMAL holds is VARCHAR: its text.
func (t Type) DuckDB() string {
	if t.OID == Numeric {
		switch p, s, ok := t.PrecisionScale(); {
		case ok && (p > MaxPrecision || s < 0 || s > p):
			return "VARCHAR"
		case ok:
			return fmt.Sprintf("DECIMAL(%d,%d)", p, s)
		}
		return "DECIMAL(38,9)"
	}
	i, ok := Lookup(t.OID)
	if element, array := ElementOf(t.OID); array {
		return Type{OID: element, Typmod: t.Typmod}.DuckDB() + "[]"
	}
	if !ok {
		return "VARCHAR"
	}
	return i.DuckDB
}

// aliases are the spellings beside typname and format_type's.
var aliases = map[string]OID{
	"int": Int4, "decimal": Numeric, "float": Float8, "double": Float8, "string": Text,
	"timestamp with time zone": Timestamptz, "timestamp without time zone": Timestamp, "char": BPChar,
}

// Parse reads a type as a pipeline file or a cast writes it: "int", "numeric(12,2)", "varchar(40)", "timestamptz".
// An unknown name is 42704; a numeric beyond 38 digits is 22023.
func Parse(s string) (Type, error) {
	if element, array := strings.CutSuffix(strings.TrimSpace(s), "[]"); array {
		t, err := Parse(element)
		i, ok := Lookup(t.OID)
		if err == nil && (!ok || i.Array == 0) {
			err = pgerr.New(pgerr.UndefinedObject, "type %q does not exist", s)
		}
		return Type{OID: i.Array, Typmod: t.Typmod}, err
	}
	name, args, _ := strings.Cut(strings.ToLower(strings.TrimSpace(s)), "(")
	name = strings.Join(strings.Fields(name), " ")
	oid, ok := aliases[name]
	for i := 0; !ok && i < len(infos); i++ {
		if infos[i].Name == name || infos[i].SQL == name {
			oid, ok = infos[i].OID, infos[i].OID != Unknown
		}
	}
	if !ok {
		return Type{}, pgerr.New(pgerr.UndefinedObject, "type %q does not exist", s)
	}
	if args == "" {
		return Of(oid), nil
	}
	return parseModifier(s, oid, args)
}

func parseModifier(s string, oid OID, args string) (Type, error) {
	args, closed := strings.CutSuffix(strings.TrimSpace(args), ")")
	var n []int
	for a := range strings.SplitSeq(args, ",") {
		v, err := strconv.Atoi(strings.TrimSpace(a))
		if err != nil || !closed {
			return Type{}, pgerr.New(pgerr.SyntaxError, "type modifier of %q is not a list of numbers", s)
		}
		n = append(n, v)
	}
	switch {
	case oid == Numeric && len(n) <= 2:
		p, sc := n[0], 0
		if len(n) == 2 {
			sc = n[1]
		}
		if p < 1 || p > MaxPrecision || sc < 0 || sc > p {
			return Type{}, pgerr.New(pgerr.InvalidParameterValue, "numeric(%d,%d) is outside 1 to %d digits", p, sc, MaxPrecision)
		}
		return NumericOf(p, sc), nil
	case (oid == Varchar || oid == BPChar) && len(n) == 1 && n[0] >= 1:
		return Type{OID: oid, Typmod: int32(n[0]) + 4}, nil
	}
	return Type{}, pgerr.New(pgerr.SyntaxError, "type modifier is not allowed for %q", s)
}
