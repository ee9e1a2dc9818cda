package warehouse

import (
	"fmt"

	"tidegate/internal/pgerr"
)

// columnType is a type as Redshift has it.
type columnType struct {
	SQL  string // format_type: "character varying(256)"
	Duck string // DuckDB's type that holds it
	// Bytes bounds the text of a VARCHAR or CHAR, 0 has none. Redshift counts bytes, not characters.
	Bytes int
}

// maxVarchar and maxChar are Redshift's limits in bytes.
const (
	maxVarchar = 65535
	maxChar    = 4096
)

// typeName reads a type: "varchar(max)", "double precision", "timestamp with time zone". Types that Redshift lacks
// (json, uuid, bytea, serial …) and those that are not built (SUPER, VARBYTE, TIMETZ, GEOMETRY, HLLSKETCH) are 0A000.
//
// Sizes that are left out are Redshift's: TEXT is VARCHAR(256), CHAR is one byte, NUMERIC is (18,0).
func (c *cursor) typeName() (columnType, error) {
	t := c.next()
	if t.kind != word {
		c.back(t)
		return columnType{}, c.unexpected()
	}
	switch t.value {
	case "varchar", "nvarchar", "text":
		return c.textType("character varying", 256, maxVarchar, t.value != "text")
	case "character", "nchar", "char":
		if t.value == "character" && c.accept("varying") {
			return c.textType("character varying", 256, maxVarchar, true)
		}
		return c.textType("character", 1, maxChar, true)
	case "bpchar":
		return columnType{SQL: "character(256)", Duck: "VARCHAR", Bytes: 256}, nil
	case "numeric", "decimal", "dec":
		return c.numericType()
	case "timestamp", "time":
		return c.clockType(t.value)
	case "double":
		if err := c.expect("precision"); err != nil {
			return columnType{}, err
		}
		return columnType{SQL: "double precision", Duck: "DOUBLE"}, nil
	case "float":
		return c.floatType()
	}
	for _, s := range []struct{ name, sql, duck string }{
		{"smallint", "smallint", "SMALLINT"},
		{"int2", "smallint", "SMALLINT"},
		{"integer", "integer", "INTEGER"},
		{"int", "integer", "INTEGER"},
		{"int4", "integer", "INTEGER"},
		{"bigint", "bigint", "BIGINT"},
		{"int8", "bigint", "BIGINT"},
		{"real", "real", "FLOAT"},
		{"float4", "real", "FLOAT"},
		{"float8", "double precision", "DOUBLE"},
		{"boolean", "boolean", "BOOLEAN"},
		{"bool", "boolean", "BOOLEAN"},
		{"date", "date", "DATE"},
		{"timestamptz", "timestamp with time zone", "TIMESTAMPTZ"},
	} {
		if s.name == t.value {
			return columnType{SQL: s.sql, Duck: s.duck}, nil
		}
	}
	return columnType{}, pgerr.New(pgerr.FeatureNotSupported, "type %q is not supported", t.value)
}

func (c *cursor) textType(name string, size, limit int, sized bool) (columnType, error) {
	if sized && c.accept("(") {
		if c.accept("max") {
			size = limit
		} else {
			n, err := c.integer()
			if err != nil {
				return columnType{}, err
			}
			size = n
		}
		if err := c.expect(")"); err != nil {
			return columnType{}, err
		}
	}
	if size < 1 || size > limit {
		return columnType{}, pgerr.New(pgerr.InvalidParameterValue, "length for type %s must be between 1 and %d", name, limit)
	}
	return columnType{SQL: fmt.Sprintf("%s(%d)", name, size), Duck: "VARCHAR", Bytes: size}, nil
}

func (c *cursor) numericType() (columnType, error) {
	precision, scale := 18, 0
	if c.accept("(") {
		n, err := c.integer()
		if err != nil {
			return columnType{}, err
		}
		precision = n
		if c.accept(",") {
			if scale, err = c.integer(); err != nil {
				return columnType{}, err
			}
		}
		if err := c.expect(")"); err != nil {
			return columnType{}, err
		}
	}
	if precision < 1 || precision > 38 || scale > precision || scale > 37 {
		return columnType{}, pgerr.New(pgerr.InvalidParameterValue,
			"NUMERIC(%d,%d): precision must be between 1 and 38, scale at most the precision and 37", precision, scale)
	}
	return columnType{
		SQL:  fmt.Sprintf("numeric(%d,%d)", precision, scale),
		Duck: fmt.Sprintf("DECIMAL(%d,%d)", precision, scale),
	}, nil
}

func (c *cursor) clockType(name string) (columnType, error) {
	t := columnType{SQL: name + " without time zone", Duck: "TIMESTAMP"}
	if name == "time" {
		t.Duck = "TIME"
	}
	switch {
	case c.accept("with", "time", "zone"):
		if name == "time" {
			return columnType{}, pgerr.New(pgerr.FeatureNotSupported, "type timetz is not built in this stand-in")
		}
		return columnType{SQL: "timestamp with time zone", Duck: "TIMESTAMPTZ"}, nil
	case c.accept("without"):
		return t, c.expect("time", "zone")
	}
	return t, nil
}

func (c *cursor) floatType() (columnType, error) {
	if !c.accept("(") {
		return columnType{SQL: "double precision", Duck: "DOUBLE"}, nil
	}
	n, err := c.integer()
	if err != nil {
		return columnType{}, err
	}
	if n <= 24 {
		return columnType{SQL: "real", Duck: "FLOAT"}, c.expect(")")
	}
	return columnType{SQL: "double precision", Duck: "DOUBLE"}, c.expect(")")
}

// parseType reads a type that this package wrote itself.
func parseType(sql string) (columnType, error) {
	tokens, err := lex(sql)
	if err != nil {
		return columnType{}, err
	}
	if len(tokens) == 0 {
		return columnType{}, pgerr.New(pgerr.SyntaxError, "type name is empty")
	}
	return statement{sql: sql, tokens: tokens}.cursor().typeName()
}
