package warehouse

import (
	"context"
	"strings"

	wire "github.com/jeroenrinzema/psql-wire"

	"tidegate/internal/pgerr"
)

// planAlter is ALTER TABLE: one change per statement, as in Redshift.
func (s *session) planAlter(ctx context.Context, st statement) (*action, error) {
	c := st.cursor()
	c.next()
	if !c.accept("table") {
		return nil, unsupported("ALTER " + strings.ToUpper(c.peek().value))
	}
	name, err := c.table()
	if err != nil {
		return nil, err
	}
	r, err := s.relation(ctx, name)
	if err != nil {
		return nil, err
	}
	var statements []string
	switch {
	case c.accept("add"):
		statements, err = s.addColumn(c, r)
	case c.accept("drop"):
		statements, err = c.dropColumn(r)
	case c.accept("rename"):
		statements, err = c.rename(r)
	case c.accept("alter"):
		statements, err = s.alterColumn(c, r)
	case c.accept("owner", "to"):
		_, err = c.identifier()
	case c.accept("append"):
		if s.tx == txBlock {
			return nil, pgerr.New(pgerr.ActiveTransaction, "ALTER TABLE APPEND cannot run inside a transaction block")
		}
		return nil, unsupported("ALTER TABLE APPEND")
	default:
		return nil, c.unexpected()
	}
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, _ wire.DataWriter) (string, error) {
		for _, sql := range statements {
			if _, err := s.exec(ctx, sql); err != nil {
				return "", err
			}
		}
		return "ALTER TABLE", nil
	}
	return &action{locks: s.lock(name, accessExclusive), run: run}, c.done()
}

func (s *session) addColumn(c *cursor, r relation) ([]string, error) {
	c.accept("column")
	if c.constraint() {
		return nil, nil
	}
	d := definition{table: r.table}
	if err := c.columnDefinition(s, &d); err != nil {
		return nil, err
	}
	col := d.columns[0]
	if _, exists := r.column(col.Name); exists {
		return nil, pgerr.New("42701", "column %q of relation %q already exists", col.Name, r.name)
	}
	if col.NotNull && col.Default == "" {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression")
	}
	notNull := col.NotNull
	col.NotNull = false // DuckDB adds it without, and is then told
	sql, err := comment("COLUMN "+r.duck()+"."+quoteName(col.Name), col.note)
	if err != nil {
		return nil, err
	}
	out := []string{"ALTER TABLE " + r.duck() + " ADD COLUMN " + col.ddl(), sql}
	if notNull {
		out = append(out, "ALTER TABLE "+r.duck()+" ALTER COLUMN "+quoteName(col.Name)+" SET NOT NULL")
	}
	return out, nil
}

func (c *cursor) dropColumn(r relation) ([]string, error) {
	if c.accept("constraint") {
		_, err := c.identifier()
		return nil, err
	}
	c.accept("column")
	name, err := c.identifier()
	if err != nil {
		return nil, err
	}
	col, ok := r.column(name)
	switch {
	case !ok:
		return nil, pgerr.New(pgerr.UndefinedColumn, "column %q of relation %q does not exist", name, r.name)
	case col.note.DistKey:
		return nil, pgerr.New(pgerr.FeatureNotSupported, "cannot drop distkey column %q", name)
	case col.note.SortKey > 0:
		return nil, pgerr.New(pgerr.FeatureNotSupported, "cannot drop sortkey column %q", name)
	}
	if !c.accept("cascade") {
		c.accept("restrict")
	}
	return []string{"ALTER TABLE " + r.duck() + " DROP COLUMN " + quoteName(name)}, nil
}

func (c *cursor) rename(r relation) ([]string, error) {
	if c.accept("to") {
		name, err := c.identifier()
		return []string{"ALTER TABLE " + r.duck() + " RENAME TO " + quoteName(name)}, err
	}
	c.accept("column")
	from, err := c.identifier()
	if err != nil {
		return nil, err
	}
	if err := c.expect("to"); err != nil {
		return nil, err
	}
	to, err := c.identifier()
	return []string{"ALTER TABLE " + r.duck() + " RENAME COLUMN " + quoteName(from) + " TO " + quoteName(to)}, err
}

// alterColumn is ALTER COLUMN c TYPE varchar(n), the one change of a type that Redshift knows, and the keys.
func (s *session) alterColumn(c *cursor, r relation) ([]string, error) {
	if d := (&definition{table: r.table}); c.peek().is("diststyle") || c.peek().is("distkey") ||
		c.peek().is("sortkey") || c.peek().is("compound") {
		return nil, unsupported("ALTER TABLE ALTER of the keys of " + d.name)
	}
	c.accept("column")
	name, err := c.identifier()
	if err != nil {
		return nil, err
	}
	col, ok := r.column(name)
	if !ok {
		return nil, pgerr.New(pgerr.UndefinedColumn, "column %q of relation %q does not exist", name, r.name)
	}
	n := col.note
	switch {
	case c.accept("encode"):
		n.Encode, err = c.identifier()
	case c.accept("type"):
		if s.tx == txBlock {
			return nil, pgerr.New(pgerr.ActiveTransaction, "ALTER TABLE ALTER COLUMN cannot run inside a transaction block")
		}
		var t columnType
		if t, err = c.typeName(); err != nil {
			return nil, err
		}
		if !strings.HasPrefix(t.SQL, "character varying") || !strings.HasPrefix(col.Type.SQL, "character varying") {
			return nil, pgerr.New(pgerr.FeatureNotSupported, "only the length of a VARCHAR column can be altered").
				WithHint("add a new column, copy the values and drop the old one")
		}
		if t.Bytes < col.Type.Bytes {
			return nil, unsupported("making a VARCHAR shorter")
		}
		n.Type = t.SQL
	default:
		return nil, c.unexpected()
	}
	if err != nil {
		return nil, err
	}
	sql, err := comment("COLUMN "+r.duck()+"."+quoteName(name), n)
	return []string{sql}, err
}
