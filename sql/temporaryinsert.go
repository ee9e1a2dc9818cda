package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// insert binds INSERT.
func (t *temporaries) insert(n *pg_query.InsertStmt) error {
	into, err := t.insertColumns(n)
	if err != nil {
		return err
	}
	s := proto.CloneOf(n.SelectStmt.GetSelectStmt())
	if s == nil {
		s = &pg_query.SelectStmt{ValuesLists: []*pg_query.Node{pg_query.MakeListNode(nil)}}
		into = nil
	}
	if n.WithClause != nil {
		if s.WithClause != nil {
			return t.refuse(-1, "WITH both before INSERT and in its query")
		}
		s.WithClause = n.WithClause
	}
	ignored, err := t.overriding(n, into, n.SelectStmt.GetSelectStmt())
	if err != nil {
		return err
	}
	t.Verb, t.Tag, t.Counts = TemporaryInsert, "INSERT 0", true
	if n.OnConflictClause != nil {
		if err := t.conflict(n); err != nil {
			return err
		}
	}
	var b *binder
	var given *selectParts
	if plainValues(s) {
		b = t.binder()
		given, err = t.values(b, s, into)
	} else {
		b, given, err = t.selected(s, into)
	}
	if err != nil {
		return err
	}
	if err := t.fill(b, given, into, ignored); err != nil {
		return err
	}
	return t.returning(n.ReturningList, n.Relation)
}

// plainValues reports whether a query is rows as INSERT writes them, of which DEFAULT may stand for a value.
func plainValues(s *pg_query.SelectStmt) bool {
	return len(s.ValuesLists) > 0 && len(s.SortClause) == 0 && s.LimitCount == nil && s.LimitOffset == nil && s.WithClause == nil
}

// insertColumns gives the positions of the columns that are named, in their order; without a list all.
func (t *temporaries) insertColumns(n *pg_query.InsertStmt) ([]int, error) {
	var list []int
	for _, c := range n.Cols {
		x := c.GetResTarget()
		if len(x.Indirection) > 0 {
			return nil, t.refuse(x.Location, "an element of a column")
		}
		at, err := t.columnAt(x.Name, x.Location)
		if err != nil {
			return nil, err
		}
		if slices.Contains(list, at) {
			return nil, t.fail(pgerr.DuplicateColumn, x.Location, "column %q specified more than once", x.Name)
		}
		list = append(list, at)
	}
	if len(n.Cols) == 0 {
		for i := range t.Table.Columns {
			list = append(list, i)
		}
	}
	return list, nil
}

func (t *temporaries) columnAt(name string, pos int32) (int, error) {
	at := slices.IndexFunc(t.Table.Columns, func(c Column) bool { return c.Name == name })
	if at < 0 {
		return 0, t.fail(pgerr.UndefinedColumn, pos, "column %q of relation %q does not exist", name, t.Table.Name.Table)
	}
	return at, nil
}

// counted compares the number of values with that of columns.
func (t *temporaries) counted(b *binder, list []*expr, into []int) error {
	named := t.stmt.node.GetInsertStmt().Cols
	switch {
	case len(list) > len(into):
		return b.fail(pgerr.SyntaxError, list[len(into)].pos, "INSERT has more expressions than target columns")
	case len(list) < len(named):
		return b.fail(pgerr.SyntaxError, named[len(list)].GetResTarget().Location, "INSERT has more target columns than expressions")
	}
	return nil
}

// values binds VALUES, each value for its column.
func (t *temporaries) values(b *binder, s *pg_query.SelectStmt, into []int) (*selectParts, error) {
	sc := level(scope{clause: "VALUES", noCalls: true})
	p := &selectParts{scope: sc, rows: [][]*expr{}}
	for _, l := range s.ValuesLists {
		var row []*expr
		items := l.GetList().GetItems()
		for i, v := range items {
			e, err := t.value(b, v, into, i, sc)
			if err != nil {
				return nil, err
			}
			row = append(row, e)
		}
		if len(p.rows) > 0 && len(row) != len(p.rows[0]) {
			return nil, b.fail(pgerr.SyntaxError, row[0].pos, "VALUES lists must all be the same length")
		}
		if err := t.counted(b, row, into); err != nil {
			return nil, err
		}
		p.rows = append(p.rows, row)
	}
	for i := range p.rows[0] {
		c := t.Table.Columns[into[i]]
		p.targets = append(p.targets, &target{name: "c" + itoa(i), e: &expr{typ: pgtypes.Of(pgtypes.Text), pos: -1, scale: -1}})
		for k, row := range p.rows {
			var err error
			if row[i], err = b.assign(row[i], c, "expression"); err != nil {
				return nil, err
			}
			p.rows[k][i] = b.stored(row[i], c.Type)
		}
	}
	return p, nil
}

// value binds one value of VALUES, which may be DEFAULT.
func (t *temporaries) value(b *binder, v *pg_query.Node, into []int, i int, sc *scope) (*expr, error) {
	if v.GetSetToDefault() == nil || i >= len(into) {
		return b.expr(v, sc)
	}
	c := &t.Table.Temporary.Columns[into[i]]
	if c.Sequence != nil {
		return t.nextNumber(c)
	}
	return b.defaultValue(c, nil, "expression")
}

// defaultValue binds the default of a column, as it is when node is nil.
func (b *binder) defaultValue(c *TemporaryColumn, node *pg_query.Node, what string) (*expr, error) {
	if node == nil {
		node = c.value
	}
	if node == nil {
		return null(c.Type), nil
	}
	sc := level(scope{clause: "DEFAULT expressions", noCalls: true})
	e, err := b.expr(node, sc)
	if err != nil {
		return nil, err
	}
	return b.assign(e, c.Column, what)
}

// selected binds the query of INSERT. Untyped values get their types from the columns.
func (t *temporaries) selected(s *pg_query.SelectStmt, into []int) (*binder, *selectParts, error) {
	system, err := t.readsSystem(s)
	if err != nil {
		return nil, nil, err
	}
	if system {
		return t.selectedSystem(s, into)
	}
	b := t.binder()
	p, err := b.selectStatement(s, nil, nil, usage{})
	if err != nil {
		return nil, nil, err
	}
	list := make([]*expr, len(p.targets))
	for i := range list {
		list[i] = p.written(i)
	}
	if err := t.counted(b, list, into); err != nil {
		return nil, nil, err
	}
	if p.op == "" && p.rows == nil && p.distinct == "" {
		for i, x := range p.targets {
			sorted := slices.ContainsFunc(p.order, func(k sortKey) bool { return k.output == i+1 })
			if x.e.untyped() && !sorted {
				if err := b.retarget(p, i, pgtypes.Of(t.Table.Columns[into[i]].Type.OID)); err != nil {
					return nil, nil, err
				}
			}
		}
	}
	if b.foreign != nil {
		return nil, nil, b.foreign
	}
	outer, columns, err := b.around(p)
	if err != nil {
		return nil, nil, err
	}
	for i, v := range columns {
		c := t.Table.Columns[into[i]]
		e, err := b.assign(b.reference(v, list[i].pos), c, "expression")
		if err != nil {
			return nil, nil, err
		}
		outer.targets = append(outer.targets, &target{name: "c" + itoa(i), e: b.stored(e, c.Type)})
	}
	return b, outer, nil
}

// selectedSystem is selected of a query of system relations.
func (t *temporaries) selectedSystem(s *pg_query.SelectStmt, into []int) (*binder, *selectParts, error) {
	_, types, err := t.bring(s)
	if err != nil {
		return nil, nil, err
	}
	list, places := make([]*expr, len(types)), placesOf(s, len(types))
	for i := range list {
		list[i] = &expr{typ: types[i], pos: places[i]}
	}
	if err := t.counted(t.binder(), list, into); err != nil {
		return nil, nil, err
	}
	return t.fromStage(types, t.assigned(into, places))
}

// written gives output column i where the text has it first.
func (p *selectParts) written(i int) *expr {
	for p.op != "" {
		p = p.left
	}
	return p.targets[i].e
}

// fill adds the defaults of the columns that are not given or whose values are ignored, and puts all in the table's order.
func (t *temporaries) fill(b *binder, given *selectParts, into, ignored []int) error {
	texts := make([]*expr, len(t.Table.Columns))
	outer, columns := &selectParts{source: &source{reach: map[*useState]bool{}}, scope: level(scope{})}, []*visible(nil)
	if len(given.targets) > 0 {
		var err error
		if outer, columns, err = b.around(given); err != nil {
			return err
		}
	}
	for i, v := range columns {
		if !slices.Contains(ignored, i) {
			texts[into[i]] = b.reference(v, -1)
		}
	}
	for i := range texts {
		c := &t.Table.Temporary.Columns[i]
		if texts[i] == nil && c.Sequence != nil {
			texts[i] = b.stored(t.numbered(c), c.Type)
		}
		if texts[i] == nil {
			e, err := b.defaultValue(c, nil, "expression")
			if err != nil {
				return err
			}
			texts[i] = b.stored(e, c.Type)
		}
		outer.targets = append(outer.targets, &target{name: "c" + itoa(i), e: texts[i]})
	}
	return t.rows(b, outer)
}
