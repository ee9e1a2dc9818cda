package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
	"tidegate/internal/yamlfile"
	"tidegate/sql"
)

// sourceSchema is where source is for the binder. No text can name it, it is only in the search path.
const sourceSchema = "tidegate_etl"

// Output gives the table's columns: what the SELECT gives, with the types and descriptions of the yml's columns, then
// dt if partition_by names it and the SELECT does not give it (text). upstream has the tables that a second stage
// reads; a first stage needs none (nil). Errors are "FILE:LINE: message", joined.
func (p *Pipeline) Output(upstream sql.Catalog) ([]catalog.Column, error) {
	columns, _, err := p.output(upstream)
	return columns, err
}

// output also tells how many of the columns the SELECT gives: all, or all but dt.
func (p *Pipeline) output(upstream sql.Catalog) (columns []catalog.Column, selected int, err error) {
	if p.Statement == nil {
		return nil, 0, fmt.Errorf("%s: not parsed", p.SQLFile)
	}
	relations := upstream
	if p.Source != nil {
		relations = p.sourceCatalog()
	}
	query, err := sql.Bind(p.Statement, relations, environment())
	if err != nil {
		return nil, 0, p.undeclared(located(p, err))
	}
	if err := p.exactKeys(relations); err != nil {
		return nil, 0, err
	}
	if len(query.Params) > 0 {
		return nil, 0, &yamlfile.Error{File: p.SQLFile, Line: 1, Message: "a pipeline has no parameters"}
	}
	columns = make([]catalog.Column, len(query.Names))
	var errs []error
	for i, name := range query.Names {
		columns[i] = catalog.Column{Name: name, Type: query.Types[i], Partition: slices.Contains(p.PartitionBy, name)}
		if err := p.refine(&columns[i], query.Names[:i]); err != nil {
			errs = append(errs, p.atOutput(i, len(query.Names), err))
		}
	}
	if slices.Contains(p.PartitionBy, catalog.PartitionKey) && !slices.Contains(query.Names, catalog.PartitionKey) {
		columns = append(columns, catalog.Column{Name: catalog.PartitionKey, Type: pgtypes.Of(pgtypes.Text), Partition: true})
		p.describe(&columns[len(columns)-1])
	}
	if err := errors.Join(errs...); err != nil {
		return nil, 0, err
	}
	return columns, len(query.Names), nil
}

// environment is that of no session.
func environment() sql.Env {
	return sql.Env{
		SearchPath: []string{sourceSchema}, Database: "tidegate", User: "tidegate",
		Settings: func(string) (string, bool) { return "", false },
	}
}

// undeclared adds to an error about json which fields are json because they are not declared.
func (p *Pipeline) undeclared(e *yamlfile.Error) *yamlfile.Error {
	if p.Source == nil || p.Source.Tabular() || !strings.Contains(e.Message, "json") {
		return e
	}
	var names []string
	for _, f := range p.SourceFields()[len(p.Source.Fields):] {
		names = append(names, f.Name)
	}
	if len(names) > 0 {
		e.Message += "; fields that the yml does not declare are json: " + strings.Join(names, ", ")
	}
	return e
}

// atOutput puts an error at the line of an output column.
func (p *Pipeline) atOutput(i, n int, err error) error {
	line := 1
	if positions := p.Statement.OutputPositions(); len(positions) == n {
		line = lineAt(p.SQL, positions[i])
	}
	return &yamlfile.Error{File: p.SQLFile, Line: line, Message: err.Error()}
}

// describe applies the yml's columns to a column and gives the type that they want, nil for the SELECT's.
func (p *Pipeline) describe(c *catalog.Column) *pgtypes.Type {
	i := slices.IndexFunc(p.Columns, func(r Column) bool { return r.Name == c.Name })
	if i < 0 {
		return nil
	}
	c.Description, c.MaxBytes = p.Columns[i].Description, p.Columns[i].MaxBytes
	return p.Columns[i].Type
}

// refine checks an output column's name and type and gives it the yml's.
func (p *Pipeline) refine(c *catalog.Column, before []string) error {
	switch {
	case c.Name == "?column?":
		return errors.New("an output column has no name; write AS name")
	case c.Name != strings.ToLower(c.Name) || strings.ContainsAny(c.Name, "\"\x00"):
		return fmt.Errorf("column %q: names of columns are in lower case", c.Name)
	case strings.HasPrefix(c.Name, "_tg_"):
		return fmt.Errorf("column %s: names with _tg_ are Tidegate's own", c.Name)
	case slices.Contains(before, c.Name):
		return fmt.Errorf("the SELECT gives column %s twice; write AS another name", c.Name)
	}
	if want := p.describe(c); want != nil {
		if c.Type.OID != 0 && !refines(c.Type, *want) {
			return fmt.Errorf("column %s is %s, not %s; cast it in the SELECT: ::%s", c.Name, c.Type, *want, *want)
		}
		c.Type = *want
	}
	if c.Type.OID == 0 || c.Type.OID == pgtypes.Unknown {
		return fmt.Errorf("the type of column %s is not known; cast it: (…)::text AS %s", c.Name, c.Name)
	}
	if err := checkStorable(c.Type); err != nil {
		return fmt.Errorf("column %s: %w; cast it", c.Name, err)
	}
	if c.Partition {
		return partitionType(c)
	}
	return nil
}

// refines says whether the yml may give a column of type from the type to: one that can hold every value. A varchar
// cuts what is longer, as PostgreSQL's cast does.
func refines(from, to pgtypes.Type) bool {
	if from == to {
		return true
	}
	switch to.OID {
	case pgtypes.Text, pgtypes.Varchar:
		return from.OID == pgtypes.Text || from.OID == pgtypes.Varchar
	case pgtypes.Int4:
		return from.OID == pgtypes.Int2
	case pgtypes.Int8:
		return from.OID == pgtypes.Int2 || from.OID == pgtypes.Int4
	case pgtypes.Float8:
		return from.OID == pgtypes.Float4
	case pgtypes.Numeric:
		p1, s1, ok1 := from.PrecisionScale()
		p2, s2, ok2 := to.PrecisionScale()
		return ok1 && ok2 && s2 >= s1 && p2-s2 >= p1-s1
	}
	return false
}

// partitionType says whether values of the type can name a folder.
func partitionType(c *catalog.Column) error {
	switch c.Type.OID {
	case pgtypes.Text, pgtypes.Varchar, pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Date, pgtypes.Bool:
		return nil
	}
	return fmt.Errorf("partition column %s cannot be %s; it can be text, varchar, an integer, date or boolean", c.Name, c.Type)
}

// sourceCatalog has what a first stage reads: the relation source, and the lookups.
type sourceCatalog map[string][]Field

func (p *Pipeline) sourceCatalog() sourceCatalog {
	c := sourceCatalog{sql.SourceRelation: p.SourceFields()}
	for _, l := range p.Lookups {
		c[l.Name] = l.Source.Fields
	}
	return c
}

// Relation finds source or a lookup.
func (s sourceCatalog) Relation(schema, table string) (*sql.Relation, bool) {
	fields, ok := s[table]
	if schema != sourceSchema || !ok {
		return nil, false
	}
	r := &sql.Relation{Name: sql.TableName{Schema: schema, Table: table}}
	for _, f := range fields {
		r.Columns = append(r.Columns, sql.Column{Name: f.Name, Type: f.Type})
	}
	return r, true
}

// HasSchema knows source's.
func (s sourceCatalog) HasSchema(schema string) bool { return schema == sourceSchema }
