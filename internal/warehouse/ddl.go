package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	wire "github.com/jeroenrinzema/psql-wire"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// typeOf gives Redshift's type for a column of a result.
func typeOf(c engine.Column) (columnType, error) {
	switch c.Type.OID {
	case pgtypes.Text, pgtypes.Varchar, pgtypes.BPChar, pgtypes.Unknown, pgtypes.JSON, pgtypes.Name, pgtypes.Char:
		return columnType{SQL: fmt.Sprintf("character varying(%d)", maxVarchar), Duck: "VARCHAR", Bytes: maxVarchar}, nil
	case pgtypes.Numeric:
		if _, _, ok := c.Type.PrecisionScale(); !ok {
			return columnType{SQL: "numeric(38,0)", Duck: "DECIMAL(38,0)"}, nil
		}
	}
	t, err := parseType(c.Type.String())
	if err != nil {
		return columnType{}, fmt.Errorf("column %q: %w", c.Name, err)
	}
	return t, nil
}

func (s *session) planCreate(ctx context.Context, st statement) (*action, error) {
	c := st.cursor()
	c.next()
	replace := c.accept("or", "replace")
	if !replace {
		c.accept("local")
		temporary := c.accept("temp") || c.accept("temporary")
		switch {
		case c.accept("table"):
			return s.planCreateTable(ctx, c, temporary)
		case c.accept("schema"):
			return s.planCreateSchema(c)
		}
	}
	if c.accept("view") {
		return s.planCreateView(ctx, c, replace)
	}
	return nil, unsupported("CREATE " + strings.ToUpper(c.peek().value))
}

func (s *session) planCreateSchema(c *cursor) (*action, error) {
	option := ""
	if c.accept("if", "not", "exists") {
		option = "IF NOT EXISTS "
	}
	name, err := c.identifier()
	if err != nil {
		return nil, err
	}
	if c.accept("authorization") {
		if _, err := c.identifier(); err != nil {
			return nil, err
		}
	}
	if strings.HasPrefix(name, "pg_") || name == systemSchema {
		return nil, pgerr.New("42939", "unacceptable schema name %q", name)
	}
	return s.schemaChange("CREATE SCHEMA "+option+quoteName(name), "CREATE SCHEMA"), c.done()
}

// schemaChange runs DDL of schemas. The search path is resolved anew at the next SET: DuckDB refuses names that do
// not exist, so a path that names a schema before it is made takes effect now.
func (s *session) schemaChange(sql, tag string) *action {
	return &action{run: func(ctx context.Context, _ wire.DataWriter) (string, error) {
		if _, err := s.exec(ctx, sql); err != nil {
			return "", err
		}
		return tag, s.setSearchPath(ctx, s.settings.values["search_path"])
	}}
}

// planCreateView is CREATE [OR REPLACE] VIEW v AS query [WITH NO SCHEMA BINDING]; every view binds late here.
func (s *session) planCreateView(ctx context.Context, c *cursor, replace bool) (*action, error) {
	name, err := c.table()
	if err != nil {
		return nil, err
	}
	columns := ""
	if c.peek().is("(") {
		names, err := c.names()
		if err != nil {
			return nil, err
		}
		columns = " (" + quoteNames(names) + ")"
	}
	if err := c.expect("as"); err != nil {
		return nil, err
	}
	query := c.tail()
	if n := len(query.tokens); n > 4 && query.tokens[n-4].is("with") && query.tokens[n-1].is("binding") {
		query.tokens = query.tokens[:n-4]
	}
	if len(query.tokens) == 0 {
		return nil, c.unexpected()
	}
	sql, err := s.rewrite(query, nil)
	if err != nil {
		return nil, err
	}
	if _, err := s.duck.Describe(ctx, sql); err != nil {
		return nil, err
	}
	if name.schema == "" {
		name.schema = s.currentSchema()
	}
	create := "CREATE VIEW "
	if replace {
		create = "CREATE OR REPLACE VIEW "
	}
	run := func(ctx context.Context, _ wire.DataWriter) (string, error) {
		_, err := s.exec(ctx, create+name.duck()+columns+" AS "+sql)
		return "CREATE VIEW", err
	}
	return &action{locks: s.reads(query), run: run}, nil
}

// planDrop is DROP {TABLE | VIEW | SCHEMA} [IF EXISTS] name [, …] [CASCADE | RESTRICT].
func (s *session) planDrop(ctx context.Context, st statement) (*action, error) {
	c := st.cursor()
	c.next()
	object := c.next().value
	if !slices.Contains([]string{"table", "view", "schema"}, object) {
		return nil, unsupported("DROP " + strings.ToUpper(object))
	}
	ifExists := ""
	if c.accept("if", "exists") {
		ifExists = "IF EXISTS "
	}
	var names []table
	for {
		t, err := c.table()
		if err != nil {
			return nil, err
		}
		names = append(names, t)
		if !c.accept(",") {
			break
		}
	}
	behaviour := ""
	if c.accept("cascade") && object == "schema" {
		behaviour = " CASCADE"
	}
	c.accept("restrict")
	if err := c.done(); err != nil {
		return nil, err
	}
	tag, drop := "DROP "+strings.ToUpper(object), "DROP "+strings.ToUpper(object)+" "+ifExists
	if object == "schema" {
		return s.schemaChange(drop+quoteName(names[0].name)+behaviour, tag), nil
	}
	return s.dropTables(ctx, names, drop, tag, ifExists != "" || object == "view")
}

func (s *session) dropTables(ctx context.Context, names []table, drop, tag string, mayLack bool) (*action, error) {
	var locks []wanted
	for i, t := range names {
		r, err := s.relation(ctx, t)
		switch {
		case err == nil:
			names[i] = r.table
		case !mayLack || pgerr.CodeOf(err) != pgerr.UndefinedTable:
			return nil, err
		}
		locks = append(locks, s.lock(t, accessExclusive)...)
	}
	run := func(ctx context.Context, _ wire.DataWriter) (string, error) {
		for _, t := range names {
			if _, err := s.exec(ctx, drop+t.duck()); err != nil {
				return "", err
			}
			if t.schema == tempSchema {
				delete(s.temporary, t.name)
			}
		}
		return tag, nil
	}
	return &action{locks: locks, run: run}, nil
}
