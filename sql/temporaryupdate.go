package sql

import (
	"fmt"
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// update binds UPDATE: for each row that is changed its number and the new values of all columns.
func (t *temporaries) update(n *pg_query.UpdateStmt) error {
	if len(n.ReturningList) > 0 && len(n.FromClause) > 0 {
		return t.refuse(-1, "UPDATE … FROM … RETURNING")
	}
	set, err := t.setColumns(n.TargetList)
	if err != nil {
		return err
	}
	if err := t.settable(set, n.TargetList); err != nil {
		return err
	}
	t.Verb, t.Counts, t.Several = TemporaryUpdate, true, len(n.FromClause) > 0
	v := own(n.Relation)
	s := t.changed(v, n.FromClause, n.WhereClause, n.WithClause)
	for _, x := range n.TargetList {
		value, err := t.setValue(x.GetResTarget())
		if err != nil {
			return err
		}
		s.TargetList = append(s.TargetList, pg_query.MakeResTargetNodeWithVal(value, x.GetResTarget().Location))
	}
	b, p, number, err := t.changing(s, v)
	if err != nil {
		return err
	}
	targets := []*target{number}
	for i, c := range t.Table.Temporary.Columns {
		var e *expr
		if at := slices.Index(set, i); at >= 0 {
			if e, err = b.assign(p.targets[at].e, c.Column, "expression"); err != nil {
				return err
			}
		} else {
			e = b.reference(p.scope.tables[0].columns[i], -1)
		}
		targets = append(targets, &target{name: "c" + itoa(i), e: b.stored(e, c.Type)})
	}
	p.targets = targets
	if err := t.rows(b, p); err != nil {
		return err
	}
	return t.returning(n.ReturningList, n.Relation)
}

// own is the name of the session's own table, also where a WITH has a query of that name.
func own(v *pg_query.RangeVar) *pg_query.RangeVar {
	v = proto.CloneOf(v)
	v.Catalogname, v.Schemaname = "", tempSchema
	return v
}

// setColumns gives the columns of SET. DEFAULT in its values is replaced.
func (t *temporaries) setColumns(list []*pg_query.Node) ([]int, error) {
	var set []int
	for _, n := range list {
		x := n.GetResTarget()
		if len(x.Indirection) > 0 {
			return nil, t.refuse(x.Location, "an element of a column")
		}
		at, err := t.columnAt(x.Name, x.Location)
		if err != nil {
			return nil, err
		}
		if slices.Contains(set, at) {
			return nil, t.fail(pgerr.SyntaxError, -1, "multiple assignments to same column %q", x.Name)
		}
		set = append(set, at)
	}
	return set, nil
}

// changed is the SELECT of the rows that a statement changes.
func (t *temporaries) changed(v *pg_query.RangeVar, from []*pg_query.Node, where *pg_query.Node, with *pg_query.WithClause) *pg_query.SelectStmt {
	s := selectOf().GetSelectStmt()
	s.FromClause = append([]*pg_query.Node{{Node: &pg_query.Node_RangeVar{RangeVar: v}}}, from...)
	s.WhereClause, s.WithClause = where, with
	return s
}

// changing binds it. number is the output column that tells the rows of the table apart.
func (t *temporaries) changing(s *pg_query.SelectStmt, v *pg_query.RangeVar) (b *binder, p *selectParts, number *target, err error) {
	if len(s.TargetList) == 0 { // of DELETE
		s.TargetList = append(s.TargetList, pg_query.MakeResTargetNodeWithVal(pg_query.MakeAConstIntNode(1, -1), -1))
	}
	system, err := t.readsSystem(s)
	if err == nil && system {
		err = t.refuse(-1, "a read of system relations")
	}
	if err != nil {
		return nil, nil, nil, err
	}
	b = t.binder()
	b.catalog = instead{b.catalog, t.Table.Name, t.part(NumberedRows)}
	if p, err = b.selectStatement(s, nil, nil, usage{changing: "UPDATE"}); err != nil {
		return nil, nil, nil, err
	}
	if b.foreign != nil {
		return nil, nil, nil, b.foreign
	}
	for _, u := range b.uses {
		if u.from == v {
			row := computed(pgtypes.Int8, name(u.alias)+"."+NumberColumn)
			return b, p, &target{name: NumberColumn, e: row}, nil
		}
	}
	return nil, nil, nil, fmt.Errorf("bind %s: the relation that it changes is not read", t.stmt.Tag)
}

// setValue is a value of SET as an expression.
func (t *temporaries) setValue(set *pg_query.ResTarget) (*pg_query.Node, error) {
	v := set.Val
	if m := v.GetMultiAssignRef(); m != nil {
		row := m.Source.GetRowExpr()
		if row == nil {
			return nil, t.refuse(-1, "SET of several columns from a subquery")
		}
		if len(row.Args) != int(m.Ncolumns) {
			return nil, t.fail(pgerr.SyntaxError, -1, "number of columns does not match number of values")
		}
		v = row.Args[m.Colno-1]
	}
	if v.GetSetToDefault() == nil {
		return v, nil
	}
	at, err := t.columnAt(set.Name, set.Location)
	if err != nil {
		return nil, err
	}
	if value := t.Table.Temporary.Columns[at].value; value != nil {
		return value, nil
	}
	return nullConstant(), nil
}

// delete binds DELETE: the numbers of the rows.
func (t *temporaries) delete(n *pg_query.DeleteStmt) error {
	if len(n.ReturningList) > 0 && len(n.UsingClause) > 0 {
		return t.refuse(-1, "DELETE … USING … RETURNING")
	}
	t.Verb, t.Counts, t.Several = TemporaryDelete, true, len(n.UsingClause) > 0
	v := own(n.Relation)
	b, p, number, err := t.changing(t.changed(v, n.UsingClause, n.WhereClause, n.WithClause), v)
	if err != nil {
		return err
	}
	p.targets = []*target{number}
	if err := t.rows(b, p); err != nil {
		return err
	}
	t.Checks = nil
	return t.returning(n.ReturningList, n.Relation)
}
