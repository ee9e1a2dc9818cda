package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// parquet loads one Parquet file: by position, with as many columns as the list has, of exactly its types. Names in
// the file mean nothing.
func (l *load) parquet(ctx context.Context, o object, path string) error {
	scan := "read_parquet(" + quote(path) + ", hive_partitioning = false)"
	given, err := l.s.duck.Describe(ctx, "SELECT * FROM "+scan)
	if err != nil {
		return errors.Join(scanError(15007, "File '%s' is not a valid Parquet file", o.url), err)
	}
	columns := l.columns
	if len(given) < len(columns) && l.has("FILLRECORD") {
		columns = columns[:len(given)]
	}
	if len(given) != len(columns) {
		return scanError(15000, "Unmatched number of columns between table and file. Table columns: %d, Data columns: %d, File name: %s",
			len(columns), len(given), o.url)
	}
	names, values := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
		v, ok := fromParquet(c.Type, given[i].Type)
		if !ok {
			return scanError(15007, "File '%s' has an incompatible Parquet schema for column '%s'. Column type: %s, Parquet schema: %s %s",
				o.url, c.Name, strings.ToUpper(c.Type.SQL), given[i].Type, given[i].Name)
		}
		values[i] = strings.ReplaceAll(v, "$", quoteName(c.Name))
	}
	source := fmt.Sprintf("FROM %s AS v(%s)", scan, quoteNames(names))
	if err := l.parquetLengths(ctx, o, columns, given, source); err != nil {
		return err
	}
	return l.insert(ctx, names, "SELECT "+strings.Join(values, ", ")+" "+source)
}

// fromParquet tells how a column of a file becomes a column of a table, with $ for the value; ok is false where
// Redshift refuses. Integers and floats must have the same width, decimals the same scale.
func fromParquet(want columnType, have pgtypes.Type) (value string, ok bool) {
	switch have.OID {
	case pgtypes.Text:
		return "$", want.Bytes > 0
	case pgtypes.Bytea:
		return "decode($)", want.Bytes > 0
	case pgtypes.Timestamp, pgtypes.Timestamptz:
		if !strings.HasPrefix(want.Duck, "TIMESTAMP") {
			return "", false
		}
		if (have.OID == pgtypes.Timestamptz) != (want.Duck == "TIMESTAMPTZ") {
			return "$ AT TIME ZONE 'UTC'", true
		}
		return "$", true
	case pgtypes.Numeric:
		precision, scale, sized := have.PrecisionScale()
		var p, s int
		_, err := fmt.Sscanf(want.SQL, "numeric(%d,%d)", &p, &s)
		return "$", err == nil && sized && scale == s && precision <= p
	}
	return "$", want.SQL == have.String()
}

// parquetLengths is a hard error for a text that is longer than its column.
func (l *load) parquetLengths(ctx context.Context, o object, columns []column, given []engine.Column, source string) error {
	var longest []string
	var bounded []column
	for i, c := range columns {
		if c.Type.Bytes == 0 {
			continue
		}
		length := "strlen"
		if given[i].Type.OID == pgtypes.Bytea {
			length = "octet_length"
		}
		longest = append(longest, "coalesce(max("+length+"("+quoteName(c.Name)+")), 0)")
		bounded = append(bounded, c)
	}
	if len(longest) == 0 {
		return nil
	}
	row, err := l.s.read(ctx, "SELECT "+strings.Join(longest, ", ")+" "+source)
	if err != nil {
		return errors.Join(scanError(15007, "File '%s' cannot be read", o.url), err)
	}
	for i, c := range bounded {
		var n int
		if _, err := fmt.Sscan(row[0][i].String(), &n); err != nil {
			return pgerr.New(pgerr.InternalError, "length of column %s: %s", c.Name, err)
		}
		if n > c.Type.Bytes {
			return scanError(15001, "The length of the data column %s is longer than the length defined in the table. Table: %d, Data: %d, File name: %s",
				c.Name, c.Type.Bytes, n, o.url)
		}
	}
	return nil
}
