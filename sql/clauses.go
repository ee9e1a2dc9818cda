package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// grouping is what GROUP BY groups by: the marker of each text, and of each marker.
type grouping struct {
	markers map[string]string
	keys    []int             // numbers of the keys, each once
	wide    map[string]string // of the texts and markers of keys that are wide: what rows are grouped by
	// sets says that there are grouping sets, or keys that are constants: then the keys do not say what a row is of.
	sets bool
}

func (g *grouping) has(sql string) bool { return g != nil && g.markers[sql] != "" }

// key puts the marker of a key into the place of its text.
func (g *grouping) key(e *expr) *expr {
	if m := g.markers[e.sql]; m != "" {
		if e.sql = m; e.regArg != "" {
			e.regArg = "any_value(" + e.regArg + ")"
		}
	}
	return e
}

// add makes a marker for a key. Rows are grouped by orderText of it; the value of a wide key is that of any row.
func (g *grouping) add(b *binder, e *expr) {
	if g.has(e.sql) {
		return
	}
	m := mark + "k" + itoa(len(b.keys)) + mark
	g.keys = append(g.keys, len(b.keys))
	g.markers[e.sql], g.markers[m] = m, m
	text := e.sql
	if e.wide {
		key := orderText(e)
		g.wide[e.sql], g.wide[m] = key, key
		text = "CASE WHEN grouping(" + key + ") = 0 THEN any_value(" + e.sql + ") END"
	} else if !g.sets && strings.Contains(e.sql, "pgc.") { // a macro with a subquery is not known again as the key that it is
		if text = "any_value(" + e.sql + ")"; e.regArg != "" {
			text = b.regCall(e.typ.OID, "", "any_value("+e.regArg+")")
		}
	}
	b.keys = append(b.keys, text)
}

// groupBy binds GROUP BY. A name is a column of FROM first, then an output column; a number is an output column.
func (b *binder) groupBy(n *pg_query.SelectStmt, p *selectParts, plan []planned) error {
	if len(n.GroupClause) == 0 {
		return nil
	}
	if n.GroupDistinct {
		return pgerr.New(pgerr.FeatureNotSupported, "GROUP BY DISTINCT is not supported yet")
	}
	sc := p.scope
	sc.clause, sc.noCalls = "GROUP BY", true
	g := &grouping{markers: map[string]string{}, wide: map[string]string{}}
	for _, item := range n.GroupClause {
		text, err := b.groupItem(item, sc, plan, g)
		if err != nil {
			return err
		}
		p.group = append(p.group, text)
	}
	sc.clause, sc.noCalls = "", false
	sc.grouping = g
	return nil
}

func (b *binder) groupItem(n *pg_query.Node, sc *scope, plan []planned, g *grouping) (string, error) {
	list := func(items []*pg_query.Node) (string, error) {
		var texts []string
		for _, i := range items {
			t, err := b.groupItem(i, sc, plan, g)
			if err != nil {
				return "", err
			}
			texts = append(texts, t)
		}
		return strings.Join(texts, ", "), nil
	}
	if r := n.GetRowExpr(); r != nil {
		t, err := list(r.Args)
		return "(" + t + ")", err
	}
	s := n.GetGroupingSet()
	if s == nil {
		return b.groupExpr(n, sc, plan, g)
	}
	g.sets = true
	t, err := list(s.Content)
	if err != nil {
		return "", err
	}
	switch s.Kind {
	case pg_query.GroupingSetKind_GROUPING_SET_EMPTY:
		return "()", nil
	case pg_query.GroupingSetKind_GROUPING_SET_ROLLUP:
		return "ROLLUP (" + t + ")", nil
	case pg_query.GroupingSetKind_GROUPING_SET_CUBE:
		return "CUBE (" + t + ")", nil
	case pg_query.GroupingSetKind_GROUPING_SET_SETS:
		return "GROUPING SETS (" + t + ")", nil
	default:
		return "(" + t + ")", nil
	}
}

func (b *binder) groupExpr(n *pg_query.Node, sc *scope, plan []planned, g *grouping) (string, error) {
	at := -1
	if c := n.GetAConst(); c != nil {
		i, err := b.ordinal(c, "GROUP BY", len(plan))
		if err != nil {
			return "", err
		}
		at = i - 1
	} else if ref := n.GetColumnRef(); ref != nil {
		if parts, _ := fields(ref); len(parts) == 1 && !hasColumn(sc, parts[0]) {
			var err error
			if at, err = b.plannedAs(parts[0], plan, ref.Location); err != nil {
				return "", err
			}
		}
	}
	var e *expr
	var err error
	switch {
	case at >= 0 && plan[at].star != nil:
		e = b.reference(plan[at].star, -1)
	case at >= 0:
		if e = sc.memo[plan[at].node]; e == nil {
			e, err = b.expr(plan[at].node, sc)
		}
	default:
		e, err = b.expr(n, sc)
	}
	if err == nil {
		e, err = b.settle(e)
	}
	if err == nil {
		err = b.grouped(e, placeOf(n, e))
	}
	if err == nil && e.scopes.set {
		err = b.unsupported(e.pos, "GROUP BY a set-returning function")
	}
	if err != nil {
		return "", err
	}
	b.keyed = append(b.keyed, e)
	text := orderText(e)
	g.add(b, e)
	g.sets = g.sets || e.constant
	if at >= 0 && plan[at].node != nil {
		grouped := *e
		grouped.bare = slices.DeleteFunc(slices.Clone(e.bare), func(v *visible) bool { return v.level == sc })
		sc.memo[plan[at].node] = &grouped
		if e.constant {
			return itoa(at + 1), nil // a constant in GROUP BY would be taken for an ordinal
		}
		g.key(&grouped)
	}
	return noOrdinal(e, text), nil
}

// plannedAs finds the output column that GROUP BY names, -1 if there is none.
func (b *binder) plannedAs(name string, plan []planned, pos int32) (int, error) {
	found := -1
	for i, t := range plan {
		if t.name != name {
			continue
		}
		if found >= 0 && (t.star != plan[found].star || t.star == nil && !sameTree(t.node, plan[found].node)) {
			return 0, b.fail(pgerr.AmbiguousColumn, pos, "GROUP BY %q is ambiguous", name)
		}
		if found < 0 {
			found = i
		}
	}
	return found, nil
}

func hasColumn(sc *scope, column string) bool {
	return slices.ContainsFunc(sc.columns, func(v *visible) bool { return v.name == column })
}

// ordinal reads the number of an output column.
func (b *binder) ordinal(c *pg_query.A_Const, clause string, n int) (int, error) {
	i, ok := c.Val.(*pg_query.A_Const_Ival)
	if !ok {
		return 0, b.fail(pgerr.SyntaxError, c.Location, "non-integer constant in %s", clause)
	}
	k := int(i.Ival.GetIval())
	if k < 1 || k > n {
		return 0, b.fail(pgerr.InvalidColumnReference, c.Location, "%s position %d is not in select list", clause, k)
	}
	return k, nil
}

// outputRef finds the output column that an item of ORDER BY or DISTINCT ON names, 0 if it is an expression.
func (b *binder) outputRef(n *pg_query.Node, p *selectParts, clause string) (int, error) {
	if c := n.GetAConst(); c != nil {
		return b.ordinal(c, clause, len(p.targets))
	}
	ref := n.GetColumnRef()
	if ref == nil {
		return 0, nil
	}
	parts, star := fields(ref)
	if len(parts) != 1 || star {
		return 0, nil
	}
	found := 0
	for i, t := range p.targets {
		if t.name != parts[0] {
			continue
		}
		if found > 0 && p.targets[found-1].e.sql != t.e.sql {
			return 0, b.fail(pgerr.AmbiguousColumn, ref.Location, "%s %q is ambiguous", clause, parts[0])
		}
		if found == 0 {
			found = i + 1
		}
	}
	return found, nil
}

// distinct binds DISTINCT and DISTINCT ON.
func (b *binder) distinct(n *pg_query.SelectStmt, p *selectParts) error {
	if len(n.DistinctClause) == 0 {
		return nil
	}
	for _, s := range n.SortClause { // PostgreSQL looks at ORDER BY first
		if c := s.GetSortBy().Node.GetAConst(); c != nil {
			if _, err := b.ordinal(c, "ORDER BY", len(p.targets)); err != nil {
				return err
			}
		}
	}
	var on, keys []string
	for _, d := range n.DistinctClause {
		if d.GetNode() == nil {
			p.distinct = "DISTINCT "
			for _, t := range p.targets {
				if err := b.grouped(t.e, t.e.pos); err != nil {
					return err
				}
			}
			return nil
		}
		i, err := b.outputRef(d, p, "DISTINCT ON")
		if err != nil {
			return err
		}
		var e *expr
		if i > 0 {
			e = p.targets[i-1].e
		} else if e, err = b.expr(d, p.scope); err != nil {
			return err
		}
		if e, err = b.settle(e); err == nil {
			err = b.grouped(e, placeOf(d, e))
		}
		if err != nil {
			return err
		}
		b.keyed = append(b.keyed, e)
		on, keys = append(on, e.sql), append(keys, distinctKey(e))
	}
	p.distinct = "DISTINCT ON (" + strings.Join(keys, ", ") + ") "
	return b.distinctOrder(n, p, on)
}

// distinctOrder checks that DISTINCT ON's expressions are the first ones of ORDER BY.
func (b *binder) distinctOrder(n *pg_query.SelectStmt, p *selectParts, on []string) error {
	for i, s := range n.SortClause {
		if i >= len(on) {
			break
		}
		k, err := b.sortKey(s.GetSortBy(), p)
		if err != nil {
			return err
		}
		var text string
		if k.output > 0 {
			text = p.targets[k.output-1].e.sql
		} else {
			text = k.e.sql
		}
		if !slices.Contains(on, text) {
			return b.fail(pgerr.InvalidColumnReference, firstPlace(n.DistinctClause[0], -1), "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
		}
	}
	return nil
}

// tail binds ORDER BY, LIMIT and OFFSET.
func (b *binder) tail(n *pg_query.SelectStmt, p *selectParts, outer *scope, ctes *cte) error {
	for _, s := range n.SortClause {
		k, err := b.sortKey(s.GetSortBy(), p)
		if err != nil {
			return err
		}
		if k.e != nil {
			p.aggregated = p.aggregated || k.e.scopes.aggregate
			if p.aggregated || k.e.scopes.window {
				p.transparent = false
			}
			if k.e.constant {
				continue // no order, and an integer would be taken for an ordinal
			}
		}
		p.order = append(p.order, k)
	}
	if n.LimitOption == pg_query.LimitOption_LIMIT_OPTION_WITH_TIES {
		return pgerr.New(pgerr.FeatureNotSupported, "FETCH FIRST … WITH TIES is not supported yet")
	}
	var err error
	if p.offset, err = b.limit(n.LimitOffset, "OFFSET", p, outer, ctes); err != nil {
		return err
	}
	p.limit, err = b.limit(n.LimitCount, "LIMIT", p, outer, ctes)
	return err
}

// limit binds LIMIT or OFFSET, which may name the level's columns no more than its aggregates.
func (b *binder) limit(n *pg_query.Node, clause string, p *selectParts, outer *scope, ctes *cte) (*expr, error) {
	if n == nil || n.GetAConst().GetIsnull() {
		return nil, nil
	}
	sc := level(scope{outer: outer, ctes: ctes})
	if p.scope != nil {
		copied := *p.scope
		sc = &copied
	}
	sc.clause, sc.noCalls = clause, true
	e, err := b.expr(n, sc)
	if err != nil {
		return nil, err
	}
	if t := e.oid(); t != 0 && !isInteger(t) && t != pgtypes.Numeric && !isFloat(t) {
		return nil, b.fail(pgerr.DatatypeMismatch, e.pos, "argument of %s must be type bigint, not type %s", clause, typeText(e.typ))
	}
	if e, err = b.coerce(e, pgtypes.Int8); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(e.bare, func(v *visible) bool { return v.level == sc.self }) {
		return nil, b.fail(pgerr.InvalidColumnReference, e.pos, "argument of %s must not contain variables", clause)
	}
	if e.late != nil {
		b.later(func(b *binder) (*expr, error) {
			v, err := e.at(b)
			if err == nil {
				_, err = rowCount(v, clause)
			}
			return v, err
		})
	}
	counted, err := rowCount(e, clause)
	if p, negative := asError(err); negative && !b.redshift() && !b.system { // PostgreSQL tells it when it has planned
		b.negative = append(b.negative, errorText(p))
		return &expr{typ: e.typ, sql: "0", pos: e.pos, scale: -1, settled: true}, nil
	}
	return counted, err
}

// rowCount checks a number of rows; NULL is none.
func rowCount(e *expr, clause string) (*expr, error) {
	if e.value != nil && e.value.I < 0 {
		code := pgerr.Code("2201W")
		if clause == "OFFSET" {
			code = "2201X"
		}
		return nil, pgerr.New(code, "%s must not be negative", clause)
	}
	if e.isNull() {
		return nil, nil
	}
	if e.value != nil {
		e.sql = itoa(int(e.value.I))
	}
	return e, nil
}
