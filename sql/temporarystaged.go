package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// stagedTable is the relation of the texts that a statement has had brought.
const stagedTable = "_tg_staged"

// staged is the relation of rows of n texts, c0, c1, ….
func staged(n int) *Relation {
	made := &TemporaryTable{Name: stagedTable}
	for i := range n {
		made.Columns = append(made.Columns, TemporaryColumn{Column: Column{Name: "c" + itoa(i), Type: pgtypes.Of(pgtypes.Text)}})
	}
	r := made.Relation()
	r.Part = StagedRows
	return r
}

// fromStage binds a read of the staged texts, as values of these types, each of which convert makes another one.
func (t *temporaries) fromStage(types []pgtypes.Type, convert func(b *binder, i int, e *expr) (*expr, error)) (*binder, *selectParts, error) {
	r := staged(len(types))
	b := t.binder()
	b.params = nil // those of the statement are in what was brought
	b.catalog = instead{b.catalog, r.Name, r}
	read := t.readOf(r).GetSelectStmt()
	read.TargetList = nil
	for _, c := range r.Columns {
		read.TargetList = append(read.TargetList, pg_query.MakeResTargetNodeWithVal(columnNamed(c.Name), -1))
	}
	p, err := b.selectStatement(read, nil, nil, usage{})
	if err != nil {
		return nil, nil, err
	}
	outer, columns, err := b.around(p)
	if err != nil {
		return nil, nil, err
	}
	for i, v := range columns {
		e, err := b.valueOf(b.reference(v, -1), types[i])
		if err == nil {
			e, err = convert(b, i, e)
		}
		if err != nil {
			return nil, nil, err
		}
		outer.targets = append(outer.targets, &target{name: "c" + itoa(i), e: e})
	}
	return b, outer, nil
}

// valueOf reads a text as a value of a type.
func (b *binder) valueOf(text *expr, t pgtypes.Type) (*expr, error) {
	switch t.OID {
	case pgtypes.OIDType:
		number, err := b.cast(text, pgtypes.Of(pgtypes.Int8))
		if err != nil {
			return nil, err
		}
		return b.cast(number, t)
	case pgtypes.Char:
		return computed(pgtypes.Char, "left("+text.sql+", 1)", text), nil
	}
	return b.cast(text, t)
}

// placesOf gives where the n columns of a query stand in the text; -1 is nowhere.
func placesOf(s *pg_query.SelectStmt, n int) []int32 {
	places := slices.Repeat([]int32{-1}, n)
	if list := leftmost(s).TargetList; len(list) == n {
		for i, x := range list {
			places[i] = x.GetResTarget().GetLocation()
		}
	}
	return places
}

// assigned makes staged values those of columns of the table, in the form in which it keeps them.
func (t *temporaries) assigned(into []int, places []int32) func(b *binder, i int, e *expr) (*expr, error) {
	return func(b *binder, i int, e *expr) (*expr, error) {
		c := t.Table.Columns[into[i]]
		if e.pos = -1; places != nil {
			e.pos = places[i]
		}
		e, err := b.assign(e, c, "expression")
		if err != nil {
			return nil, err
		}
		return b.stored(e, c.Type), nil
	}
}

// bring binds a query of system relations, which live in another engine: it is read as texts first.
func (t *temporaries) bring(s *pg_query.SelectStmt) (names []string, types []pgtypes.Type, err error) {
	q, err := t.bindQuery(&pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: s}})
	if err != nil {
		return nil, nil, err
	}
	alias := &pg_query.Alias{Aliasname: stagedTable}
	texts := selectOf().GetSelectStmt()
	for i, typ := range q.Types {
		column := "c" + itoa(i)
		alias.Colnames = append(alias.Colnames, pg_query.MakeStrNode(column))
		texts.TargetList = append(texts.TargetList, pg_query.MakeResTargetNodeWithVal(outputText(Column{Name: column, Type: typ}), -1))
	}
	texts.FromClause = []*pg_query.Node{{Node: &pg_query.Node_RangeSubselect{RangeSubselect: &pg_query.RangeSubselect{
		Subquery: &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: s}}, Alias: alias,
	}}}}
	t.Brought, err = t.bindQuery(&pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: texts}})
	t.Staged = len(q.Types)
	return q.Names, q.Types, err
}

// bindQuery binds a SELECT of the statement's, with its parameters, by itself.
func (t *temporaries) bindQuery(node *pg_query.Node) (*Query, error) {
	s := &Statement{Kind: KindSelect, Tag: "SELECT", grammar: t.stmt.grammar, node: node, source: t.stmt.source, tokens: t.stmt.tokens, dialect: t.stmt.dialect}
	return bind(s, t.catalog, t.env, t.env.ParamTypes, t.args)
}

// copyFrom binds COPY … FROM STDIN: the client's values come as texts.
func (t *temporaries) copyFrom(n *pg_query.CopyStmt) error {
	all := make([]string, len(t.Table.Columns))
	for i, c := range t.Table.Columns {
		all[i] = c.Name
	}
	names, err := t.stmt.CopyColumns(all)
	if err != nil {
		return err
	}
	options, err := t.stmt.CopyOptions()
	switch {
	case err != nil:
		return err
	case options.Freeze:
		return t.refuse(-1, "COPY FREEZE")
	case n.WhereClause != nil:
		return t.refuse(-1, "COPY FROM with WHERE")
	}
	c := &TemporaryCopy{Options: options, Columns: names}
	if c.ForceNotNull, err = t.stmt.copyForcedTo("FORCE_NOT_NULL", options.ForceNotNull, names, all); err != nil {
		return err
	}
	if c.ForceNull, err = t.stmt.copyForcedTo("FORCE_NULL", options.ForceNull, names, all); err != nil {
		return err
	}
	into := make([]int, len(names))
	types := make([]pgtypes.Type, len(names))
	for i, name := range names {
		into[i] = slices.Index(all, name)
		c.Types = append(c.Types, t.Table.Columns[into[i]].Type.OID)
		types[i] = pgtypes.Of(c.Types[i])
	}
	t.Verb, t.Tag, t.Counts, t.Copy, t.Staged = TemporaryInsert, "COPY", true, c, len(names)
	b, given, err := t.fromStage(types, t.assigned(into, nil))
	if err != nil {
		return err
	}
	c.Value = func(i int) (*Query, error) { return t.stagedValue(types, into, i) }
	return t.fill(b, given, into, nil)
}

// stagedValue binds the read of one column alone.
func (t *temporaries) stagedValue(types []pgtypes.Type, into []int, i int) (*Query, error) {
	b, p, err := t.fromStage(types, func(b *binder, at int, e *expr) (*expr, error) {
		if at != i {
			return null(pgtypes.Of(pgtypes.Text)), nil
		}
		return b.assign(e, t.Table.Columns[into[at]], "expression")
	})
	if err != nil {
		return nil, err
	}
	p.targets = p.targets[i : i+1]
	b.levels = append(b.levels, p)
	return b.query(p)
}

// copyForcedTo says which of the columns that a COPY reads an option names.
func (s *Statement) copyForcedTo(option string, names, read, all []string) ([]bool, error) {
	if len(names) == 0 {
		return nil, nil
	}
	if _, err := s.copyNames(names, all); err != nil {
		return nil, err
	}
	forced := make([]bool, len(read))
	for _, name := range names {
		at := slices.Index(read, name)
		if at < 0 {
			return nil, pgerr.New(pgerr.InvalidColumnReference, "%s column %q not referenced by COPY", option, name)
		}
		forced[at] = true
	}
	return forced, nil
}
