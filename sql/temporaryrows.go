package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// createAs binds CREATE TEMPORARY TABLE … AS.
func (t *temporaries) createAs(c *pg_query.CreateTableAsStmt) error {
	s := c.Query.GetSelectStmt()
	if s == nil {
		return t.refuse(-1, "AS EXECUTE")
	}
	there, err := t.begin(c.Into.Rel, c.IfNotExists, c.Into.OnCommit)
	if err != nil || there {
		return err
	}
	return t.as(s, c.Into)
}

// selectInto binds SELECT INTO.
func (t *temporaries) selectInto(s *pg_query.SelectStmt, into *pg_query.IntoClause) error {
	if _, err := t.begin(into.Rel, false, into.OnCommit); err != nil {
		return err
	}
	read := proto.CloneOf(s)
	leftmost(read).IntoClause = nil
	return t.as(read, into)
}

// as makes the table of a query and fills it.
func (t *temporaries) as(s *pg_query.SelectStmt, into *pg_query.IntoClause) error {
	if len(into.Options) > 0 || into.TableSpaceName != "" || into.AccessMethod != "" {
		return t.refuse(-1, "a storage parameter")
	}
	system, err := t.readsSystem(s)
	if err != nil {
		return err
	}
	if system {
		return t.asSystem(s, into)
	}
	q, parts, err := t.query(s)
	if err != nil {
		return err
	}
	if len(into.ColNames) > len(parts.targets) {
		return t.fail(pgerr.SyntaxError, -1, "too many column names were specified")
	}
	outer, columns, err := q.around(parts)
	if err != nil {
		return err
	}
	for i, v := range columns {
		typ := q.outputType(parts.targets[i].e)
		if err := t.addNamed(v.name, typ, i, into); err != nil {
			return err
		}
		outer.targets = append(outer.targets, &target{name: "c" + itoa(i), e: q.stored(q.reference(v, -1), typ)})
	}
	return t.filled(q, outer, into)
}

// addNamed adds column i of a query, under the name that is written for it.
func (t *temporaries) addNamed(name string, typ pgtypes.Type, i int, into *pg_query.IntoClause) error {
	if i < len(into.ColNames) {
		name = into.ColNames[i].GetString_().GetSval()
	}
	return t.add(TemporaryColumn{Column: Column{Name: name, Type: typ}}, -1)
}

// filled ends the definition of a table by its query.
func (t *temporaries) filled(b *binder, rows *selectParts, into *pg_query.IntoClause) error {
	if err := t.finish(); err != nil {
		return err
	}
	if into.SkipData {
		t.Brought, t.Staged = nil, 0
		return nil
	}
	t.Tag, t.Counts = "SELECT", true
	return t.rows(b, rows)
}

// asSystem makes the table of a query of system relations.
func (t *temporaries) asSystem(s *pg_query.SelectStmt, into *pg_query.IntoClause) error {
	names, types, err := t.bring(s)
	if err != nil {
		return err
	}
	if len(into.ColNames) > len(names) {
		return t.fail(pgerr.SyntaxError, -1, "too many column names were specified")
	}
	for i := range names {
		if err := t.addNamed(names[i], types[i], i, into); err != nil {
			return err
		}
	}
	b, rows, err := t.fromStage(types, func(b *binder, i int, e *expr) (*expr, error) { return b.stored(e, types[i]), nil })
	if err != nil {
		return err
	}
	return t.filled(b, rows, into)
}

// query binds the SELECT of a statement, as PostgreSQL binds any.
func (t *temporaries) query(s *pg_query.SelectStmt) (*binder, *selectParts, error) {
	b := t.binder()
	p, err := b.selectStatement(s, nil, nil, usage{})
	if err == nil {
		err = b.settleTargets(p)
	}
	if b.foreign != nil {
		err = b.foreign
	}
	return b, p, err
}

// readsSystem reports whether a SELECT reads relations that live in another engine.
func (t *temporaries) readsSystem(s *pg_query.SelectStmt) (bool, error) {
	read := *t.stmt
	read.node = &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: s}}
	class, _, err := classOf(&read, t.catalog, t.env)
	return class == ClassSystem, err
}

// around puts a bound query into FROM, so that what is made of its columns changes nothing in it.
func (b *binder) around(p *selectParts) (outer *selectParts, columns []*visible, err error) {
	columns, text, err := b.derive(p, false)
	if err != nil {
		return nil, nil, err
	}
	alias := b.alias("filling")
	for i, v := range columns {
		columns[i] = v.under(alias)
	}
	src := &source{sql: "(" + text + ") AS " + name(alias), columns: columns, reach: p.reach()}
	return &selectParts{source: src, scope: levelOver(src, nil, nil)}, columns, nil
}

// rows makes the query of what is put into the table, and knows the parameters.
func (t *temporaries) rows(b *binder, p *selectParts) error {
	for i := range b.params {
		if b.params[i] == 0 {
			return pgerr.New(pgerr.IndeterminateDatatype, "could not determine data type of parameter $%d", i+1)
		}
	}
	b.levels = append(b.levels, p)
	q, err := b.query(p)
	if err != nil {
		return err
	}
	t.Rows, t.Params = q, b.params
	if t.Brought != nil {
		t.Params = t.Brought.Params
	}
	return t.checks()
}

// checks binds the table's conditions for the new rows.
func (t *temporaries) checks() error {
	t.Failing, t.Same = func(column string) (*Query, error) { return t.failing(column, NewRows) }, t.same
	checks := t.Table.Temporary.checks
	for i := range checks {
		q, err := t.broken(&checks[i], NewRows)
		if err != nil {
			return err
		}
		t.Checks = append(t.Checks, TemporaryCheck{checks[i].name, q})
	}
	return nil
}

// returning binds RETURNING over the rows that the statement has made, or taken away.
func (t *temporaries) returning(list []*pg_query.Node, v *pg_query.RangeVar) error {
	if len(list) == 0 {
		return nil
	}
	rel := t.part(NewRows)
	if t.Verb == TemporaryDelete {
		rel = t.part(OldRows)
	}
	var refused error
	for _, n := range list {
		walk(n, func(n *pg_query.Node) {
			switch {
			case n.GetSubLink() != nil:
				refused = t.refuse(n.GetSubLink().Location, "a subquery in RETURNING")
			case n.GetParamRef() != nil:
				refused = t.refuse(n.GetParamRef().Location, "a parameter in RETURNING")
			}
		})
	}
	if refused != nil {
		return refused
	}
	read := selectOf()
	read.GetSelectStmt().TargetList = list
	read.GetSelectStmt().FromClause = []*pg_query.Node{{Node: &pg_query.Node_RangeVar{RangeVar: own(v)}}}
	b := t.binder()
	b.catalog = instead{t.catalog, rel.Name, rel}
	_, err := b.selectStatement(read.GetSelectStmt(), nil, nil, usage{changing: "RETURNING"})
	if err == nil {
		t.Returning, err = t.bindRead(read, rel, t.catalog)
	}
	return err
}

// truncate binds TRUNCATE.
func (t *temporaries) truncate(n *pg_query.TruncateStmt) error {
	t.Verb, t.Restart = TemporaryTruncate, n.RestartSeqs
	for _, x := range n.Relations {
		r := t.find(x.GetRangeVar())
		if r == nil {
			if _, err := t.binder().relation(x.GetRangeVar()); err != nil {
				return err
			}
			return t.refuse(x.GetRangeVar().Location, "TRUNCATE of another table together with one")
		}
		t.Tables = append(t.Tables, r.Name.Table)
	}
	return nil
}

// drops reports whether DROP is about temporary tables.
func (t *temporaries) drops(n *pg_query.DropStmt) bool {
	if n.RemoveType != pg_query.ObjectType_OBJECT_TABLE {
		return false
	}
	return slices.ContainsFunc(n.Objects, func(o *pg_query.Node) bool {
		v := listedName(o)
		_, err := t.binder().relation(v)
		return t.find(v) != nil || v.Schemaname == tempSchema || err != nil
	})
}

// listedName is a name that stands as a list of strings.
func listedName(n *pg_query.Node) *pg_query.RangeVar {
	v := &pg_query.RangeVar{Location: -1, Inh: true}
	parts := n.GetList().GetItems()
	for i, to := range []*string{&v.Relname, &v.Schemaname, &v.Catalogname} {
		if i < len(parts) {
			*to = parts[len(parts)-1-i].GetString_().GetSval()
		}
	}
	return v
}

// drop binds DROP TABLE.
func (t *temporaries) drop(n *pg_query.DropStmt) error {
	t.Verb = TemporaryDrop
	for _, o := range n.Objects {
		v := listedName(o)
		if r := t.find(v); r != nil {
			t.Tables = append(t.Tables, r.Name.Table)
			continue
		}
		if _, ok := t.findIndex(v); ok {
			return t.fail(pgerr.WrongObjectType, -1, "%q is not a table", v.Relname).WithHint("Use DROP INDEX to remove an index.")
		}
		if r, err := t.binder().relation(v); err == nil {
			return t.refuse(-1, "DROP TABLE of %s together with one", r.Name)
		}
		if !n.MissingOk {
			return pgerr.New(pgerr.UndefinedTable, "table %q does not exist", v.Relname)
		}
		t.Notices = append(t.Notices, pgerr.New("00000", "table %q does not exist, skipping", v.Relname))
	}
	return nil
}
