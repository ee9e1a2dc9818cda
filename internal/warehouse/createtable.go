package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	wire "github.com/jeroenrinzema/psql-wire"

	"tidegate/internal/pgerr"
)

// definition is a CREATE TABLE while it is read.
type definition struct {
	table
	temporary   bool
	ifNotExists bool
	columns     []column
	distStyle   string
	sortKeys    []string
	query       *statement // of CREATE TABLE … AS
	names       []string   // of its columns
}

// planCreateTable reads CREATE [TEMP] TABLE [IF NOT EXISTS] name (…) attributes, (LIKE other), or AS query. Keys and
// encodings are remembered for the system views; primary keys, unique and foreign keys are accepted and enforced by
// nobody, as in Redshift.
func (s *session) planCreateTable(ctx context.Context, c *cursor, temporary bool) (*action, error) {
	d := definition{temporary: temporary, ifNotExists: c.accept("if", "not", "exists")}
	var err error
	if d.table, err = c.table(); err != nil {
		return nil, err
	}
	if strings.HasPrefix(d.name, "#") {
		d.temporary = true
	}
	if c.peek().is("(") {
		if err = s.columnList(ctx, c, &d); err != nil {
			return nil, err
		}
	}
	if err = c.tableAttributes(&d); err != nil {
		return nil, err
	}
	if c.accept("as") {
		query := c.tail()
		d.query = &query
		if err := s.queryColumns(ctx, &d); err != nil {
			return nil, err
		}
	}
	if err := c.done(); err != nil {
		return nil, err
	}
	return s.createTable(d)
}

func (d *definition) distribute(name string) error {
	if strings.HasPrefix(d.distStyle, "KEY(") { // DISTSTYLE KEY alone names none
		return pgerr.New("42P16", "multiple DISTKEYs specified for table %q", d.name)
	}
	d.distStyle = "KEY(" + name + ")"
	return nil
}

// tableAttributes reads DISTSTYLE, DISTKEY, SORTKEY, BACKUP and ENCODE AUTO.
func (c *cursor) tableAttributes(d *definition) error {
	for {
		switch {
		case c.accept("diststyle"):
			style, err := c.identifier()
			if err != nil {
				return err
			}
			if !strings.HasPrefix(d.distStyle, "KEY(") {
				d.distStyle = strings.ToUpper(style)
			}
		case c.accept("distkey"):
			names, err := c.names()
			if err != nil {
				return err
			}
			if len(names) != 1 {
				return pgerr.New(pgerr.SyntaxError, "DISTKEY is one column")
			}
			if err := d.distribute(names[0]); err != nil {
				return err
			}
		case c.accept("compound"), c.accept("interleaved"):
			if !c.peek().is("sortkey") {
				return c.unexpected()
			}
		case c.accept("sortkey", "auto"), c.accept("encode", "auto"), c.accept("backup", "yes"), c.accept("backup", "no"):
		case c.accept("sortkey"):
			names, err := c.names()
			if err != nil {
				return err
			}
			d.sortKeys = append(d.sortKeys, names...)
		default:
			return nil
		}
	}
}

// queryColumns gives a CREATE TABLE AS the columns of its query. Text has the longest length there is.
func (s *session) queryColumns(ctx context.Context, d *definition) error {
	sql, err := s.rewrite(*d.query, nil)
	if err != nil {
		return err
	}
	given, err := s.duck.Describe(ctx, sql)
	if err != nil {
		return err
	}
	if d.names != nil && len(d.names) != len(given) {
		return pgerr.New(pgerr.SyntaxError, "CREATE TABLE AS specifies %d column names for %d columns", len(d.names), len(given))
	}
	for i, g := range given {
		sent := wireColumns(given[i : i+1])[0]
		name := sent.Name
		if d.names != nil {
			name = d.names[i]
		}
		t, err := typeOf(g)
		if err != nil {
			return err
		}
		d.columns = append(d.columns, column{Name: name, Type: t, note: note{Type: t.SQL, Encode: "none"}})
	}
	return nil
}

// createTable makes the action of a definition that was read whole.
func (s *session) createTable(d definition) (*action, error) {
	if len(d.columns) == 0 {
		return nil, pgerr.New(pgerr.SyntaxError, "table %q has no columns", d.name)
	}
	if err := d.markKeys(); err != nil {
		return nil, err
	}
	switch {
	case d.temporary:
		d.schema = tempSchema
	case d.schema == "":
		d.schema = s.currentSchema()
	}
	statements, err := d.statements()
	if err != nil {
		return nil, err
	}
	tag := "CREATE TABLE"
	if d.query != nil {
		rows, err := s.rewrite(*d.query, nil)
		if err != nil {
			return nil, err
		}
		statements = append(statements, "INSERT INTO "+d.duck()+" "+rows)
		tag = "SELECT"
	}
	run := func(ctx context.Context, _ wire.DataWriter) (string, error) {
		if d.ifNotExists {
			if _, err := s.relation(ctx, d.table); err == nil {
				return tag, s.conn.notice("INFO", "00000", fmt.Sprintf("Relation %q already exists and will be skipped", d.name))
			}
		}
		for _, sql := range statements {
			if _, err := s.exec(ctx, sql); err != nil {
				return "", err
			}
		}
		if d.temporary {
			s.temporary[d.name] = true
			s.made = append(s.made, d.name)
		}
		return tag, nil
	}
	return &action{run: run}, nil
}

// markKeys writes the keys of the table into its columns.
func (d *definition) markKeys() error {
	if d.distStyle == "" {
		d.distStyle = "AUTO(ALL)"
	}
	if dist, ok := strings.CutPrefix(d.distStyle, "KEY("); ok {
		dist = strings.TrimSuffix(dist, ")")
		i := slices.IndexFunc(d.columns, func(c column) bool { return c.Name == dist })
		if i < 0 {
			return pgerr.New(pgerr.UndefinedColumn, "column %q named in DISTKEY does not exist", dist)
		}
		d.columns[i].note.DistKey = true
	}
	for n, key := range d.sortKeys {
		i := slices.IndexFunc(d.columns, func(c column) bool { return c.Name == key })
		if i < 0 {
			return pgerr.New(pgerr.UndefinedColumn, "column %q named in SORTKEY does not exist", key)
		}
		d.columns[i].note.SortKey = n + 1
	}
	return nil
}

// statements are DuckDB's for the table and its notes.
func (d *definition) statements() ([]string, error) {
	var columns []string
	for _, c := range d.columns {
		columns = append(columns, c.ddl())
	}
	create := "CREATE TABLE "
	if d.temporary {
		create = "CREATE TEMPORARY TABLE "
	}
	out := []string{create + d.duck() + " (" + strings.Join(columns, ", ") + ")"}
	sql, err := comment("TABLE "+d.duck(), tableNote{DistStyle: d.distStyle})
	if err != nil {
		return nil, err
	}
	out = append(out, sql)
	for _, c := range d.columns {
		if sql, err = comment("COLUMN "+d.duck()+"."+quoteName(c.Name), c.note); err != nil {
			return nil, err
		}
		out = append(out, sql)
	}
	return out, nil
}

// ddl is the column's definition for DuckDB.
func (c column) ddl() string {
	out := quoteName(c.Name) + " " + c.Type.Duck
	if c.Default != "" {
		out += " DEFAULT " + c.Default
	}
	if c.NotNull {
		out += " NOT NULL"
	}
	return out
}
