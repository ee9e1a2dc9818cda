package warehouse

import (
	"context"
	"slices"

	"tidegate/internal/pgerr"
)

// columnList reads what stands in the parentheses: columns, constraints of the table, LIKE, or the names of CREATE
// TABLE AS.
func (s *session) columnList(ctx context.Context, c *cursor, d *definition) error {
	if c.ahead(1).name() && (c.ahead(2).is(",") || c.ahead(2).is(")")) {
		names, err := c.names()
		d.names = names
		return err
	}
	if err := c.expect("("); err != nil {
		return err
	}
	for {
		var err error
		switch {
		case c.accept("like"):
			err = s.like(ctx, c, d)
		case c.constraint():
		default:
			err = c.columnDefinition(s, d)
		}
		if err != nil {
			return err
		}
		if c.accept(")") {
			return nil
		}
		if err := c.expect(","); err != nil {
			return err
		}
	}
}

// like copies another table's columns: names, types, NOT NULL, encodings and keys; defaults only if they are included.
func (s *session) like(ctx context.Context, c *cursor, d *definition) error {
	name, err := c.table()
	if err != nil {
		return err
	}
	other, err := s.relation(ctx, name)
	if err != nil {
		return err
	}
	defaults := c.accept("including", "defaults")
	c.accept("excluding", "defaults")
	d.distStyle = other.note.DistStyle
	for _, column := range other.columns {
		if !defaults {
			column.Default = ""
		}
		d.columns = append(d.columns, column)
	}
	return nil
}

// constraint passes over a constraint of the table.
func (c *cursor) constraint() bool {
	if c.peek().is("constraint") {
		c.at += 2
	}
	switch {
	case c.accept("primary", "key"), c.accept("unique"):
		c.parentheses()
		return true
	case c.accept("foreign", "key"):
		c.parentheses()
		c.references()
		return true
	}
	return false
}

// references passes over REFERENCES table (columns).
func (c *cursor) references() {
	if !c.accept("references") {
		return
	}
	if _, err := c.table(); err != nil {
		return // what follows is then unexpected
	}
	c.parentheses()
}

// parentheses passes over (…).
func (c *cursor) parentheses() {
	if !c.peek().is("(") {
		return
	}
	for depth := 0; c.peek().kind != end; {
		t := c.next()
		switch {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		}
		if depth == 0 {
			return
		}
	}
}

// columnDefinition reads one column with its attributes.
func (c *cursor) columnDefinition(s *session, d *definition) error {
	name, err := c.identifier()
	if err != nil {
		return err
	}
	t, err := c.typeName()
	if err != nil {
		return err
	}
	col := column{Name: name, Type: t, note: note{Type: t.SQL, Encode: "none"}}
	if slices.ContainsFunc(d.columns, func(x column) bool { return x.Name == name }) {
		return pgerr.New("42701", "column %q specified more than once", name)
	}
	for {
		switch {
		case c.accept("not", "null"):
			col.NotNull = true
		case c.accept("null"), c.accept("unique"):
		case c.accept("primary", "key"):
			col.NotNull = true
		case c.accept("encode"):
			col.note.Encode, err = c.identifier()
		case c.accept("distkey"):
			err = d.distribute(name)
		case c.accept("sortkey"):
			d.sortKeys = append(d.sortKeys, name)
		case c.accept("default"):
			col.Default, err = c.defaultValue(s)
		case c.accept("collate"):
			_, err = c.identifier()
		case c.peek().is("references"):
			c.references()
		case c.peek().is("identity"), c.peek().is("generated"):
			return unsupported("IDENTITY")
		default:
			d.columns = append(d.columns, col)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// defaultValue reads an expression up to the comma, the end, or the next attribute.
func (c *cursor) defaultValue(s *session) (string, error) {
	start, depth := c.at, 0
	for c.peek().kind != end {
		t := c.peek()
		if depth == 0 && c.at > start && (t.is(",") || t.is(")") || t.kind == word &&
			slices.Contains([]string{"not", "encode", "distkey", "sortkey", "unique", "primary", "references"}, t.value)) {
			break
		}
		switch {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		}
		c.at++
	}
	if c.at == start {
		return "", c.unexpected()
	}
	return s.rewrite(statement{sql: c.sql, tokens: c.tokens[start:c.at]}, nil)
}
