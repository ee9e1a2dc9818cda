package adopt

import (
	"context"
	"fmt"
	"strings"

	"tidegate/catalog"
	"tidegate/etl/collation"
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
	query := postgresColumns
	if d == Redshift {
		query = redshiftColumns
	}
	rows, err := engine.Texts(ctx, e, engine.Statement{SQL: fmt.Sprintf(query, quoteText(n.Schema), quoteText(n.Table))}, 2)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	t := &hotTable{ref: quoteName(n.Schema) + "." + quoteName(n.Table), columns: map[string]pgtypes.Type{}, shown: map[string]string{}}
	for _, r := range rows {
		t.names = append(t.names, r[0])
		t.shown[r[0]] = r[1]
		typ, err := pgtypes.Parse(typmodless(r[1]))
		if err != nil {
			typ = pgtypes.Type{} // one that the lake cannot have either
		}
		t.columns[r[0]] = typ
	}
	if d == PostgreSQL {
		t.collation, err = collationOf(ctx, e, n)
	}
	return t, err
}

// Both give a column's name and its type as the server writes it. In Redshift's SVV_COLUMNS a length or precision stands
// beside the type.
const (
	postgresColumns = `SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_class c ` +
		`JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid ` +
		`WHERE n.nspname = %s AND c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped ` +
		`ORDER BY a.attnum`
	redshiftColumns = `SELECT column_name, data_type || CASE WHEN data_type = 'numeric' THEN '(' || numeric_precision || ',' || numeric_scale || ')' ` +
		`WHEN data_type = 'character varying' THEN '(' || character_maximum_length || ')' ELSE '' END ` +
		`FROM svv_columns WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position`
)

// typmodless leaves out the precision of a time: its values are those of the type without it.
func typmodless(typeName string) string {
	if strings.HasPrefix(typeName, "time") {
		before, after, _ := strings.Cut(typeName, "(")
		_, rest, _ := strings.Cut(after, ")")
		return before + rest
	}
	return typeName
}

// collationOf finds what makes a table's text compare by its bytes, as the lake's; "" if it does so anyhow.
func collationOf(ctx context.Context, e engine.Engine, n catalog.Name) (string, error) {
	rows, err := engine.Texts(ctx, e, engine.Statement{SQL: fmt.Sprintf("SELECT "+collation.OfColumn+", "+collation.Bytes+
		` FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid `+
		`JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0`,
		quoteText(n.Schema), quoteText(n.Table))}, 2)
	for _, r := range rows {
		if r[0] != "" {
			return r[1], nil
		}
	}
	return "", err
}

// shared gives the table's columns that the warehouse has under the same name and with values of the lake's type, and
// says what of the others might be a surprise.
func (t *hotTable) shared(name string, table *catalog.Table) (columns []catalog.Column, notes []string) {
	for _, c := range table.Columns {
		have, ok := t.columns[c.Name]
		_, comparable := DuckDB.canonical(c.Name, c.Type)
		switch {
		case !ok:
		case comparable && c.FileType == "" && holds(c.Type, have):
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
	return lake.OID == warehouse.OID || catalog.Widens(warehouse, lake)
}
