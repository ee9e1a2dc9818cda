package adopt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// hotTable is the warehouse's table as the warehouse describes it.
type hotTable struct {
	ref     string // as it stands in a FROM
	columns map[string]pgtypes.Type
	names   []string          // in its order
	shown   map[string]string // what the warehouse calls the types
	// collation is what its text must be compared by to sort as the lake's does; "" is its own.
	collation string
}

func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// describeHot asks the warehouse for a table; nil if there is none.
func describeHot(ctx context.Context, e engine.Engine, d Dialect, name string) (*hotTable, error) {
	n, _ := catalog.ParseName(name) // checked with the pipeline
	rows, err := texts(ctx, e, engine.Statement{SQL: fmt.Sprintf(`SELECT a.attname, a.atttypid, a.atttypmod, `+
		`pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_class c `+
		`JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid `+
		`WHERE n.nspname = %s AND c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped `+
		`ORDER BY a.attnum`, quoteText(n.Schema), quoteText(n.Table))}, 4)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	t := &hotTable{ref: quoteName(n.Schema) + "." + quoteName(n.Table), columns: map[string]pgtypes.Type{}, shown: map[string]string{}}
	for _, r := range rows {
		oid, err1 := strconv.ParseUint(r[1], 10, 32)
		typmod, err2 := strconv.ParseInt(r[2], 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("read column %s of %s: %w", r[0], name, err)
		}
		t.names = append(t.names, r[0])
		t.columns[r[0]] = pgtypes.Type{OID: pgtypes.OID(oid), Typmod: int32(typmod)}
		t.shown[r[0]] = r[3]
	}
	if d == PostgreSQL {
		t.collation, err = collation(ctx, e, n)
	}
	return t, err
}

// collation finds what makes a table's text compare by its bytes, as the lake's; "" if it does so anyhow.
func collation(ctx context.Context, e engine.Engine, n catalog.Name) (string, error) {
	rows, err := texts(ctx, e, engine.Statement{SQL: fmt.Sprintf(`SELECT CASE WHEN o.collname = 'default' THEN d.datcollate ELSE o.collname END, `+
		`(SELECT min(u.collname) FROM pg_catalog.pg_collation u WHERE u.collname IN ('C.utf8', 'C.UTF-8') AND u.collnamespace = 'pg_catalog'::regnamespace) `+
		`FROM pg_catalog.pg_database d, pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid `+
		`JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_collation o ON o.oid = a.attcollation `+
		`WHERE d.datname = current_database() AND n.nspname = %s AND c.relname = %s AND a.attnum > 0`, quoteText(n.Schema), quoteText(n.Table))}, 2)
	if err != nil {
		return "", err
	}
	for _, r := range rows {
		switch {
		case slices.Contains([]string{"C", "POSIX", "C.UTF-8", "C.utf8"}, r[0]):
		case r[1] != "":
			return "pg_catalog." + quoteName(r[1]), nil
		default:
			return `pg_catalog."C"`, nil
		}
	}
	return "", nil
}

// shared gives the table's columns that the warehouse has under the same name and with values of the lake's type, and
// says what of the others might be a surprise.
func (t *hotTable) shared(name string, table *catalog.Table) (columns []catalog.Column, notes []string) {
	for _, c := range table.Columns {
		have, ok := t.columns[c.Name]
		switch {
		case !ok:
		case holds(c.Type, have):
			columns = append(columns, c)
		default:
			notes = append(notes, fmt.Sprintf("column %s is not hot: it is %s in %s, %s in the lake", c.Name, t.shown[c.Name], name, c.Type))
		}
	}
	var only []string
	for _, n := range t.names {
		if _, ok := table.Column(n); !ok {
			only = append(only, n)
		}
	}
	if len(only) > 0 {
		notes = append(notes, fmt.Sprintf("only %s has %s: the relation does not", name, strings.Join(only, ", ")))
	}
	return columns, notes
}

// holds reports whether the warehouse's values can be read as the lake's type. Values of numeric are cast to the
// lake's scale for the comparison and for every answer.
func holds(lake, warehouse pgtypes.Type) bool {
	if lake.OID == warehouse.OID {
		return true
	}
	return catalog.Widens(warehouse, lake)
}

// texts runs a statement whose n columns are read as text; NULL is "".
func texts(ctx context.Context, e engine.Engine, s engine.Statement, n int) (all [][]string, err error) {
	for range n {
		s.Columns = append(s.Columns, engine.Column{Type: pgtypes.Of(pgtypes.Text)})
	}
	rows, err := e.Query(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		chunk, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range chunk.Rows {
			row := make([]string, n)
			for j := range row {
				if row[j], err = textAt(&chunk.Vectors[j], i); err != nil {
					return nil, err
				}
			}
			all = append(all, row)
		}
	}
}

func textAt(v *engine.Vector, i int) (string, error) {
	switch {
	case !v.Valid(i):
		return "", nil
	case v.Physical == engine.PhysicalText:
		return v.Text[i], nil
	case v.Physical == engine.PhysicalString:
		return string(v.Str[i].Bytes()), nil
	}
	return "", fmt.Errorf("a column that should be text is of layout %d", v.Physical)
}
