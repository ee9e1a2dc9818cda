package sql

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// values binds VALUES.
func (b *binder) values(n *pg_query.SelectStmt, outer *scope, ctes *cte) (*selectParts, error) {
	sc := level(scope{outer: outer, ctes: ctes, clause: "VALUES", noCalls: true})
	p := &selectParts{scope: sc}
	var err error
	for _, l := range n.ValuesLists {
		var row []*expr
		for _, v := range l.GetList().GetItems() {
			var e *expr
			if e, err = b.expr(v, sc); err != nil {
				return nil, err
			}
			row = append(row, e)
		}
		if len(p.rows) > 0 && len(row) != len(p.rows[0]) {
			return nil, b.fail(pgerr.SyntaxError, row[0].pos, "VALUES lists must all be the same length")
		}
		p.rows = append(p.rows, row)
	}
	for i := range p.rows[0] {
		column := make([]*expr, len(p.rows))
		for k, r := range p.rows {
			column[k] = r[i]
		}
		types := oidsOf(column)
		t, ok := postgresTables().common(types)
		if !ok {
			return nil, b.mismatch(types, column, "VALUES", p.rows[0][i].pos)
		}
		for k, r := range p.rows {
			if column[k], err = b.coerce(r[i], t); err != nil {
				return nil, err
			}
		}
		written := make([]*expr, len(p.rows))
		for k, r := range p.rows {
			written[k] = r[i]
		}
		column = b.alike(written, column)
		for k, r := range p.rows {
			r[i] = column[k]
		}
		e := computed(t, "")
		e.typ = commonType(t, types, column)
		e.likeAll(column)
		e.endless = slices.ContainsFunc(column, func(x *expr) bool { return x.endless })
		e.fromZero = slices.ContainsFunc(column, func(x *expr) bool { return x.fromZero })
		if b.redshift() && t == pgtypes.Numeric && !e.wide {
			e.typ = column[0].typ
		}
		p.targets = append(p.targets, &target{name: "column" + itoa(i+1), e: e})
	}
	return p, nil
}

// commonType is t with the modifier that all have, if they were of type t and have one in common.
func commonType(t pgtypes.OID, types []pgtypes.OID, list []*expr) pgtypes.Type {
	for i, e := range list {
		if types[i] != t || e.typ.Typmod != list[0].typ.Typmod {
			return pgtypes.Of(t)
		}
	}
	return list[0].typ
}

// setOperation binds UNION, INTERSECT and EXCEPT.
func (b *binder) setOperation(n *pg_query.SelectStmt, outer *scope, ctes *cte) (*selectParts, error) {
	l, err := b.selectStatement(n.Larg, outer, ctes, usage{})
	if err != nil {
		return nil, err
	}
	r, err := b.selectStatement(n.Rarg, outer, ctes, usage{})
	if err != nil {
		return nil, err
	}
	for _, leaf := range slices.Concat(l.leaves(), r.leaves()) {
		// PostgreSQL's hints know the parts by these names.
		item := &rangeItem{name: fmt.Sprintf("*SELECT* %d", len(b.ranges[len(b.ranges)-1])+1)}
		for _, t := range leaf.targets {
			item.columns = append(item.columns, &visible{name: t.name})
		}
		b.ranges.add(item)
	}
	op := strings.TrimPrefix(n.Op.String(), "SETOP_")
	return b.combine(op, n.All, l, r)
}

// leaves gives the parts of a set operation that are none themselves.
func (p *selectParts) leaves() []*selectParts {
	if p.op == "" {
		return []*selectParts{p}
	}
	return slices.Concat(p.left.leaves(), p.right.leaves())
}

// combine makes a set operation of two bound sides, whose columns get common types.
func (b *binder) combine(op string, all bool, l, r *selectParts) (*selectParts, error) {
	if len(l.targets) != len(r.targets) {
		return nil, b.fail(pgerr.SyntaxError, r.targets[0].e.pos, "each %s query must have the same number of columns", op)
	}
	p := &selectParts{left: l, right: r, op: op, outerRefs: slices.Concat(l.outerRefs, r.outerRefs)}
	if all {
		p.op += " ALL"
	}
	for i, t := range l.targets {
		le, re := t.e, r.targets[i].e
		common, ok := postgresTables().common([]pgtypes.OID{le.oid(), re.oid()})
		if !ok {
			return nil, b.fail(pgerr.DatatypeMismatch, re.pos, "%s types %s and %s cannot be matched", op, typeText(le.typ), typeText(re.typ))
		}
		typ := b.unionType(common, le, re)
		if err := b.retarget(l, i, typ); err != nil {
			return nil, err
		}
		if err := b.retarget(r, i, typ); err != nil {
			return nil, err
		}
		sides := []*expr{l.targets[i].e, r.targets[i].e}
		met := collationOf(sides[0]).meets(collationOf(sides[1]))
		b.collide(met)
		if !all || op != "UNION" {
			if err := b.grouped(sides[0], le.pos); err != nil {
				return nil, err
			}
			if err := b.oneCollation(met); err != nil {
				return nil, err
			}
		}
		if sides[0].fromZero != sides[1].fromZero && isArray(common) {
			return nil, b.unsupported(re.pos, "%s of arrays that do not count from the same number", op)
		}
		if same := alike(sides); same[0] != sides[0] || same[1] != sides[1] {
			l.widen(i)
			r.widen(i)
			sides = []*expr{l.targets[i].e, r.targets[i].e}
		}
		e := computed(common, "")
		e.collation, e.endless = met.ofColumn(), sides[0].endless || sides[1].endless
		e.fromZero = sides[0].fromZero || sides[1].fromZero
		e.typ = commonType(common, []pgtypes.OID{le.oid(), re.oid()}, sides)
		e.likeAll(sides)
		if typ.Typmod >= 0 {
			e.typ = typ
		}
		p.targets = append(p.targets, &target{name: t.name, e: e})
	}
	return p, nil
}

// widen makes output column i, a numeric, wide.
func (p *selectParts) widen(i int) {
	if p.targets[i].e.wide {
		return
	}
	p.targets[i].e = widened(p.targets[i].e)
	for _, row := range p.rows {
		row[i] = widened(row[i])
	}
	if p.op != "" {
		p.left.widen(i)
		p.right.widen(i)
	}
}

// keyed reports whether the text of an output column does not say which rows are the same.
func (p *selectParts) keyed() bool {
	return slices.ContainsFunc(p.targets, func(t *target) bool { return keyed(t.e) })
}

// wide reports whether an output column is a wide numeric.
func (p *selectParts) wide() bool {
	return slices.ContainsFunc(p.targets, func(t *target) bool { return t.e.wide })
}
