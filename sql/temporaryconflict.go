package sql

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// TemporaryConflict is ON CONFLICT of an INSERT, whose rows are in the table already when it is looked at.
type TemporaryConflict struct {
	Keys []ConflictKey
	// Update reads, for each row that was there before and that another one is in conflict with, its number, that of the new
	// row, and the values of all columns; nil is DO NOTHING.
	Update *Query
}

// ConflictKey is a key by which new rows may be in conflict.
type ConflictKey struct {
	// Pairs reads the numbers of rows that were there before, each with that of a new row of the same key.
	Pairs *Query
	// Groups reads the numbers of new rows that have a key more than once, each with the first of them.
	Groups *Query
}

// excluded is what PostgreSQL calls the rows that are in conflict.
const excluded = "excluded"

// excludedTable is the name under which they are found.
const excludedTable = "_tg_excluded"

// conflict binds ON CONFLICT.
func (t *temporaries) conflict(n *pg_query.InsertStmt) error {
	c := n.OnConflictClause
	keys, err := t.arbiters(c)
	if err != nil {
		return err
	}
	t.Conflict = &TemporaryConflict{}
	for _, k := range keys {
		bound, err := t.conflictKey(k)
		if err != nil {
			return err
		}
		t.Conflict.Keys = append(t.Conflict.Keys, bound)
	}
	if c.Action != pg_query.OnConflictAction_ONCONFLICT_UPDATE {
		return nil
	}
	return t.conflictUpdate(n, keys[0])
}

// arbiters are the keys that a conflict may be about.
func (t *temporaries) arbiters(c *pg_query.OnConflictClause) ([]TemporaryKey, error) {
	m, update := t.Table.Temporary, c.Action == pg_query.OnConflictAction_ONCONFLICT_UPDATE
	switch {
	case c.Infer == nil && update:
		return nil, t.fail(pgerr.SyntaxError, c.Location, "ON CONFLICT DO UPDATE requires inference specification or constraint name").
			WithHint("For example, ON CONFLICT (column_name).")
	case c.Infer == nil:
		return m.Unique(), nil
	case c.Infer.WhereClause != nil:
		return nil, t.refuse(c.Infer.Location, "ON CONFLICT with WHERE before DO")
	case c.Infer.Conname != "":
		at := slices.IndexFunc(m.Keys, func(k TemporaryKey) bool { return k.Name == c.Infer.Conname })
		if at < 0 {
			return nil, t.fail(pgerr.UndefinedObject, -1, "constraint %q for table %q does not exist", c.Infer.Conname, m.Name)
		}
		return m.Keys[at : at+1], nil
	}
	var columns []string
	for _, n := range c.Infer.IndexElems {
		e := n.GetIndexElem()
		if e.Expr != nil || len(e.Collation) > 0 || len(e.Opclass) > 0 {
			return nil, t.refuse(c.Infer.Location, "ON CONFLICT of an expression")
		}
		if !slices.ContainsFunc(m.Columns, func(c TemporaryColumn) bool { return c.Name == e.Name }) {
			return nil, t.fail(pgerr.UndefinedColumn, c.Infer.Location, "column %q does not exist", e.Name)
		}
		if !slices.Contains(columns, e.Name) {
			columns = append(columns, e.Name)
		}
	}
	var keys []TemporaryKey
	for _, k := range m.Unique() {
		if sameNames(k.Columns, columns) {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, t.fail("42P10", -1, "there is no unique or exclusion constraint matching the ON CONFLICT specification")
	}
	return keys[:1], nil
}

// sameNames compares two sets.
func sameNames(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) }) &&
		!slices.ContainsFunc(b, func(s string) bool { return !slices.Contains(a, s) })
}

// sameKey is the condition that two relations have the same key.
func (k *TemporaryKey) sameKey(left, right string, column func(i int) string) string {
	var all []string
	for i, c := range k.Columns {
		is := " = "
		if k.NullsEqual {
			is = " IS NOT DISTINCT FROM "
		}
		all = append(all, left+"."+quoteIdent(c)+is+right+"."+column(i))
	}
	return strings.Join(all, " AND ")
}

// numberedPart is a part of the table with the rows' numbers as a column.
func (t *temporaries) numberedPart(p TemporaryPart) *Relation {
	r := t.part(p)
	r.Columns = append(slices.Clone(r.Columns), Column{Name: NumberColumn, Type: pgtypes.Of(pgtypes.Int8)})
	return r
}

func (t *temporaries) conflictKey(k TemporaryKey) (c ConflictKey, err error) {
	own := func(i int) string { return quoteIdent(k.Columns[i]) }
	from := tempSchema + "." + excludedTable
	c.Pairs, err = t.bindNumbers(fmt.Sprintf("SELECT x.%[1]s, e.%[1]s FROM %[2]s.%[3]s x JOIN %[4]s e ON %[5]s", NumberColumn, tempSchema,
		quoteIdent(t.Table.Name.Table), from, k.sameKey("x", "e", own)))
	if err != nil {
		return c, err
	}
	var keys, known []string
	for i, column := range k.Columns {
		keys = append(keys, quoteIdent(column)+" AS "+groupKey(i))
		if !k.NullsEqual {
			known = append(known, quoteIdent(column)+" IS NOT NULL")
		}
	}
	where := ""
	if len(known) > 0 {
		where = " WHERE " + strings.Join(known, " AND ")
	}
	c.Groups, err = t.bindNumbers(fmt.Sprintf("SELECT e.%[1]s, g._tg_first FROM %[2]s e JOIN (SELECT %[3]s, min(%[1]s) AS _tg_first FROM %[2]s%[4]s "+
		"GROUP BY %[5]s HAVING count(*) > 1) g ON %[6]s ORDER BY 1", NumberColumn, from, strings.Join(keys, ", "), where, ordinals(len(keys)),
		k.sameKey("e", "g", groupKey)))
	return c, err
}

func groupKey(i int) string { return "_tg_k" + itoa(i) }

// bindNumbers binds a SELECT of ours over the numbers of rows.
func (t *temporaries) bindNumbers(text string) (*Query, error) {
	parsed, err := Postgres.Parse(text)
	if err != nil {
		return nil, err
	}
	return t.bindRead(parsed[0].node, t.numberedPart(EarlierRows), t.withExcluded(t.numberedPart(ExcludedRows)))
}

// withExcluded is the statement's catalog with the rows that may be in conflict.
func (t *temporaries) withExcluded(r *Relation) Catalog {
	return instead{t.catalog, TableName{tempSchema, excludedTable}, r}
}

// conflictUpdate binds DO UPDATE.
func (t *temporaries) conflictUpdate(n *pg_query.InsertStmt, k TemporaryKey) error {
	c := n.OnConflictClause
	set, err := t.setColumns(c.TargetList)
	if err != nil {
		return err
	}
	if err := t.settable(set, c.TargetList); err != nil {
		return err
	}
	v, target := own(n.Relation), n.Relation.Relname
	if v.Alias != nil {
		target = v.Alias.Aliasname
	}
	if target == excluded {
		return t.refuse(-1, "ON CONFLICT of a table that is called %s", excluded)
	}
	other := &pg_query.RangeVar{Schemaname: tempSchema, Relname: excludedTable, Inh: true, Relpersistence: "p", Location: -1, Alias: &pg_query.Alias{Aliasname: excluded}}
	s := t.changed(v, []*pg_query.Node{{Node: &pg_query.Node_RangeVar{RangeVar: other}}}, nil, nil)
	if s.WhereClause, err = conflictCondition(c, k.sameKey(quoteIdent(target), excluded, func(i int) string { return quoteIdent(k.Columns[i]) })); err != nil {
		return err
	}
	for _, x := range c.TargetList {
		value, err := t.setValue(x.GetResTarget())
		if err != nil {
			return err
		}
		s.TargetList = append(s.TargetList, pg_query.MakeResTargetNodeWithVal(value, x.GetResTarget().Location))
	}
	b := t.binder()
	b.catalog = instead{t.withExcluded(t.part(ExcludedRows)), t.Table.Name, t.part(EarlierRows)}
	p, err := b.selectStatement(s, nil, nil, usage{changing: "UPDATE"})
	if err != nil {
		return err
	}
	if err := t.conflictValues(b, p, set, v, other); err != nil {
		return err
	}
	b.levels = append(b.levels, p)
	if t.Conflict.Update, err = b.query(p); err == nil {
		t.env.ParamTypes = b.params
	}
	return err
}

// conflictCondition is the condition under which a row is updated.
func conflictCondition(c *pg_query.OnConflictClause, same string) (*pg_query.Node, error) {
	parsed, err := Postgres.Parse("SELECT 1 WHERE " + same)
	if err != nil {
		return nil, err
	}
	where := unplaced(parsed[0].node.GetSelectStmt().WhereClause)
	if c.WhereClause == nil {
		return where, nil
	}
	return &pg_query.Node{Node: &pg_query.Node_BoolExpr{BoolExpr: &pg_query.BoolExpr{
		Boolop: pg_query.BoolExprType_AND_EXPR, Args: []*pg_query.Node{where, c.WhereClause}, Location: -1,
	}}}, nil
}

// conflictValues makes the output of DO UPDATE of the values of SET. was and proposed name the rows in conflict: subqueries
// may read the same relation.
func (t *temporaries) conflictValues(b *binder, p *selectParts, set []int, was, proposed *pg_query.RangeVar) error {
	targets := make([]*target, 2, 2+len(t.Table.Columns))
	for _, u := range b.uses {
		number := &target{name: "n" + itoa(len(targets)), e: computed(pgtypes.Int8, name(u.alias)+"."+NumberColumn)}
		switch u.from {
		case was:
			targets[0] = number
		case proposed:
			targets[1] = number
		}
	}
	if targets[0] == nil || targets[1] == nil {
		return fmt.Errorf("bind %s: the rows in conflict are not read", t.stmt.Tag)
	}
	for i, c := range t.Table.Temporary.Columns {
		e := b.reference(p.scope.tables[0].columns[i], -1)
		if at := slices.Index(set, i); at >= 0 {
			var err error
			if e, err = b.assign(p.targets[at].e, c.Column, "expression"); err != nil {
				return err
			}
		}
		targets = append(targets, &target{name: "c" + itoa(i), e: b.stored(e, c.Type)})
	}
	p.targets = targets
	return nil
}
