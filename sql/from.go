package sql

import (
	"maps"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// source is a bound FROM item.
type source struct {
	sql     string
	tables  []*rangeItem
	columns []*visible
	reach   map[*useState]bool // the base relations whose rows come through, and whether as NULLs too
	base    *useState          // the item is nothing but this base relation
	only    *selectParts       // the item is nothing but this subquery
}

// scope gives the level in which an ON clause, or a LATERAL item behind this one, is bound.
func (s *source) scope(outer *scope, ctes *cte) *scope {
	return level(scope{outer: outer, ctes: ctes, tables: s.tables, columns: s.columns, clause: "JOIN conditions", noCalls: true})
}

func (s *source) add(t *source) {
	s.tables = slices.Concat(s.tables, t.tables)
	s.columns = slices.Concat(s.columns, t.columns)
	maps.Copy(s.reach, t.reach)
	s.base, s.only = nil, nil
}

// barred gives the source as an item behind it sees it that may not refer to it.
func (s *source) barred() *source {
	bar := func(list []*visible) []*visible {
		var barred []*visible
		for _, v := range list {
			c := *v
			c.barred = true
			barred = append(barred, &c)
		}
		return barred
	}
	hidden := &source{columns: bar(s.columns), reach: s.reach}
	for _, t := range s.tables {
		c := *t
		c.columns = bar(t.columns)
		hidden.tables = append(hidden.tables, &c)
	}
	return hidden
}

// from binds a FROM list.
func (b *binder) from(list []*pg_query.Node, outer *scope, ctes *cte) (*source, error) {
	all := &source{reach: map[*useState]bool{}}
	var texts []string
	for i, n := range list {
		item, err := b.fromItem(n, all, outer, ctes)
		if err != nil {
			return nil, err
		}
		if err := b.distinctNames(all, item); err != nil {
			return nil, err
		}
		base, only := item.base, item.only
		all.add(item)
		if i == 0 {
			all.base, all.only = base, only
		}
		texts = append(texts, item.sql)
	}
	all.sql = strings.Join(texts, ", ")
	return all, nil
}

func (b *binder) distinctNames(l, r *source) error {
	for _, t := range r.tables {
		for _, o := range l.tables {
			if o.name == t.name && o.name != "" && (o.schema == t.schema || o.schema == "" || t.schema == "") {
				return pgerr.New(pgerr.DuplicateAlias, "table name %q specified more than once", t.name)
			}
		}
	}
	return nil
}

// fromItem binds one item; left is what LATERAL may see.
func (b *binder) fromItem(n *pg_query.Node, left *source, outer *scope, ctes *cte) (*source, error) {
	switch n := n.Node.(type) {
	case *pg_query.Node_RangeVar:
		return b.rangeVar(n.RangeVar, ctes)
	case *pg_query.Node_RangeSubselect:
		return b.rangeSubselect(n.RangeSubselect, left, outer, ctes)
	case *pg_query.Node_JoinExpr:
		return b.join(n.JoinExpr, left, outer, ctes)
	case *pg_query.Node_RangeFunction:
		return b.rangeFunction(n.RangeFunction, left, outer, ctes)
	case *pg_query.Node_RangeTableSample:
		return nil, b.unsupported(n.RangeTableSample.Location, "TABLESAMPLE")
	}
	return nil, pgerr.New(pgerr.FeatureNotSupported, "this FROM item is not supported yet")
}

func aliasNames(a *pg_query.Alias) (string, []string) {
	var names []string
	for _, c := range a.GetColnames() {
		names = append(names, c.GetString_().GetSval())
	}
	return a.GetAliasname(), names
}

// rename gives the columns the names of an alias's column list.
func (b *binder) rename(columns []*visible, table string, names []string) error {
	if len(names) > len(columns) {
		return pgerr.New(pgerr.InvalidColumnReference, "table %q has %d columns available but %d columns specified", table, len(columns), len(names))
	}
	for i, v := range columns {
		v.table = table
		if i < len(names) {
			v.name = names[i]
		}
	}
	return nil
}

func (b *binder) rangeVar(v *pg_query.RangeVar, ctes *cte) (*source, error) {
	alias, names := aliasNames(v.Alias)
	if c := ctes.find(v.Relname); c != nil && v.Schemaname == "" {
		return b.cteRef(c, alias, names)
	}
	r, err := b.relation(v)
	if err != nil {
		return nil, err
	}
	if r.Class == ClassSystem && !b.system {
		return nil, b.unsupported(v.Location, "a query over tables and system relations at once")
	}
	if b.system && r.Class != ClassSystem && r.Restricted() { // the statement that brings the rows has the filter
		whole := *r
		whole.Filter, whole.Hidden = nil, nil
		r = &whole
	}
	item := &rangeItem{name: alias, relation: r}
	if alias == "" {
		item.name, item.schema = r.Name.Table, r.Name.Schema
	}
	if r.Class == ClassHotOnly && !v.Inh {
		return nil, b.unsupported(v.Location, "ONLY")
	}
	u := b.use(r, item.name)
	u.from = v
	for i, c := range r.Columns {
		col := u.columns[c.Name]
		scale := -1
		if _, s, ok := c.Type.PrecisionScale(); ok {
			scale = s
		}
		item.columns = append(item.columns, &visible{
			name: c.Name, typ: columnType(c.Type), scale: scale, sql: name(u.alias) + "." + name(c.Name), column: col, origin: r.origin(int16(i + 1)),
			wide:    byKey(plainType(c.Type.OID)) || r.Class == ClassTemporary && storedAsText(c.Type),
			need:    func() { b.need(u, c, v.Location) },
			endless: isMoment(c.Type.OID) && (r.Endless || r.Class == ClassTemporary),
		})
	}
	b.byPath(r, item.columns)
	if err := b.rename(item.columns, item.name, names); err != nil {
		return nil, err
	}
	item.system = b.systemColumnsOf(r, u, item.name)
	b.ranges.add(item)
	return &source{
		sql:    mark + "u" + itoa(len(b.uses)-1) + mark + " AS " + name(u.alias),
		tables: []*rangeItem{item}, columns: item.columns, reach: map[*useState]bool{u: false}, base: u,
	}, nil
}

// need records that a column is read.
func (b *binder) need(u *useState, c Column, pos int32) {
	u.needed[c.Name] = true
	if c.Foreign != "" && b.foreign == nil {
		b.foreign = b.unsupported(pos, "column %s.%s, whose type is %s,", u.relation.Name, c.Name, c.Foreign)
	}
}

func columnType(t pgtypes.Type) pgtypes.Type {
	t.OID = plainType(t.OID)
	return t
}

func (b *binder) cteRef(c *cte, alias string, names []string) (*source, error) {
	if alias == "" {
		alias = c.name
	}
	text := b.alias(alias)
	item := b.ranges.add(&rangeItem{name: alias, cte: c})
	for _, v := range c.columns {
		item.columns = append(item.columns, v.under(text))
	}
	if err := b.rename(item.columns, alias, names); err != nil {
		return nil, err
	}
	return &source{
		sql: name(c.alias) + " AS " + name(text), tables: []*rangeItem{item}, columns: item.columns, reach: map[*useState]bool{},
	}, nil
}

func (b *binder) rangeSubselect(n *pg_query.RangeSubselect, left *source, outer *scope, ctes *cte) (*source, error) {
	within, lateral := outer, ""
	if n.Lateral {
		within, lateral = left.scope(outer, ctes), "LATERAL "
		within.noCalls = false
	}
	p, err := b.selectStatement(n.Subquery.GetSelectStmt(), within, ctes, usage{derived: true})
	if err != nil {
		return nil, err
	}
	alias, names := aliasNames(n.Alias)
	want := alias
	if want == "" {
		want = "unnamed_subquery"
	}
	text := b.alias(want)
	columns, sql, err := b.derive(p, true)
	if err != nil {
		return nil, err
	}
	for i, v := range columns {
		columns[i] = v.under(text)
	}
	if err := b.rename(columns, alias, names); err != nil {
		return nil, err
	}
	item := b.ranges.add(&rangeItem{name: alias, columns: columns})
	return &source{
		sql:    lateral + "(" + sql + ") AS " + name(text),
		tables: []*rangeItem{item}, columns: columns, reach: p.reach(), only: p,
	}, nil
}

// derive composes a subquery whose columns others refer to, under names of their own. The columns' sql is the
// bare name. With rows, the columns of a row that it gives can be referred to, too.
func (b *binder) derive(p *selectParts, rows bool) ([]*visible, string, error) {
	if err := b.settleTargets(p); err != nil {
		return nil, "", err
	}
	taken := map[string]bool{}
	var names []string
	var columns []*visible
	add := func(t *target) *visible {
		unique := t.name
		for i := 2; taken[strings.ToLower(unique)]; i++ {
			unique = t.name + "_" + itoa(i)
		}
		taken[strings.ToLower(unique)] = true
		names = append(names, unique)
		return &visible{
			name: t.name, typ: t.e.typ, scale: t.e.scale, sql: name(unique), need: t.need, wide: t.e.wide, ofTable: t.e.table,
			collation: t.e.collation.ofColumn(), origin: t.e.origin, endless: t.e.endless, fromZero: t.e.fromZero,
		}
	}
	for _, t := range p.targets {
		v := add(t)
		if p.transparent {
			v.column = t.e.column
		}
		columns = append(columns, v)
	}
	if rows && p.op == "" && p.rows == nil && p.distinct == "" {
		for i, t := range slices.Clone(p.targets) {
			for _, f := range t.e.fields {
				part := &target{name: f.name, e: f.e}
				p.targets = append(p.targets, part)
				columns[i].fields = append(columns[i].fields, add(part))
			}
		}
	}
	return columns, b.compose(p, names), nil
}

func (b *binder) join(j *pg_query.JoinExpr, left *source, outer *scope, ctes *cte) (*source, error) {
	l, err := b.fromItem(j.Larg, left, outer, ctes)
	if err != nil {
		return nil, err
	}
	sees := &source{reach: map[*useState]bool{}}
	sees.add(left)
	if j.Jointype == pg_query.JoinType_JOIN_INNER || j.Jointype == pg_query.JoinType_JOIN_LEFT {
		sees.add(l)
	} else {
		sees.add(l.barred())
	}
	r, err := b.fromItem(j.Rarg, sees, outer, ctes)
	if err != nil {
		return nil, err
	}
	if err := b.distinctNames(l, r); err != nil {
		return nil, err
	}
	all := &source{reach: map[*useState]bool{}}
	all.add(l)
	all.add(r)
	on, f, err := b.joinCondition(j, l, r, all, outer, ctes)
	if err != nil {
		return nil, err
	}
	b.joinFacts(j.Jointype, f, l, r, all)
	right := r.sql
	if j.Rarg.GetJoinExpr() != nil {
		right = "(" + right + ")"
	}
	word := map[pg_query.JoinType]string{
		pg_query.JoinType_JOIN_INNER: "INNER", pg_query.JoinType_JOIN_LEFT: "LEFT",
		pg_query.JoinType_JOIN_RIGHT: "RIGHT", pg_query.JoinType_JOIN_FULL: "FULL",
	}[j.Jointype]
	all.sql = l.sql + " " + word + " JOIN " + right + " ON " + on
	if on == "" {
		all.sql = l.sql + " CROSS JOIN " + right
	}
	if a, names := aliasNames(j.Alias); a != "" {
		// The alias hides the tables inside; in the DuckDB text their own aliases go on being used.
		item := b.ranges.add(&rangeItem{name: a, joined: true})
		for _, v := range all.columns {
			column := *v
			item.columns = append(item.columns, &column)
		}
		if err := b.rename(item.columns, a, names); err != nil {
			return nil, err
		}
		all.tables, all.columns = []*rangeItem{item}, item.columns
	}
	return all, nil
}

// joinFacts applies what ON proves, to the sides whose unmatched rows are dropped, and marks the sides that a join
// fills up with NULLs.
func (b *binder) joinFacts(t pg_query.JoinType, on *proof, l, r, all *source) {
	inner := t == pg_query.JoinType_JOIN_INNER
	for _, item := range l.tables {
		item.filled = item.filled || !inner && t != pg_query.JoinType_JOIN_LEFT
	}
	for _, item := range r.tables {
		item.filled = item.filled || !inner && t != pg_query.JoinType_JOIN_RIGHT
	}
	for u := range l.reach {
		all.reach[u] = l.reach[u] || !inner && t != pg_query.JoinType_JOIN_LEFT
	}
	for u := range r.reach {
		all.reach[u] = r.reach[u] || !inner && t != pg_query.JoinType_JOIN_RIGHT
	}
	var proven map[*useState]bool
	switch t {
	case pg_query.JoinType_JOIN_LEFT:
		proven = r.reach
	case pg_query.JoinType_JOIN_RIGHT:
		proven = l.reach
	case pg_query.JoinType_JOIN_INNER:
		proven = all.reach
	default: // a full join drops no row
	}
	b.narrow(on, func(f facts, n narrowed) {
		f.apply(proven, n)
		for u := range all.reach {
			n.of(u).exact = false
		}
	})
}

func (b *binder) joinCondition(j *pg_query.JoinExpr, l, r, all *source, outer *scope, ctes *cte) (string, *proof, error) {
	var shared []string
	switch {
	case j.IsNatural:
		for _, v := range l.columns {
			if slices.ContainsFunc(r.columns, func(w *visible) bool { return w.name == v.name }) {
				shared = append(shared, v.name)
			}
		}
	case len(j.UsingClause) > 0:
		for _, n := range j.UsingClause {
			shared = append(shared, n.GetString_().GetSval())
		}
	case j.Quals != nil:
		sc := all.scope(outer, ctes)
		e, err := b.condition(j.Quals, sc, "JOIN/ON")
		if err != nil {
			return "", nil, err
		}
		b.joining = append(b.joining, e)
		return e.sql, e.proof, nil
	}
	if len(shared) == 0 && (j.IsNatural || j.Jointype == pg_query.JoinType_JOIN_INNER) {
		if j.Jointype == pg_query.JoinType_JOIN_INNER {
			return "", certain(), nil
		}
		return "true", certain(), nil
	}
	on, err := b.using(shared, j.Jointype, l, r, all)
	if a := j.JoinUsingAlias; a != nil && err == nil {
		item := b.ranges.add(&rangeItem{name: a.Aliasname, joined: true})
		for _, v := range all.columns[:len(shared)] {
			column := *v
			column.table = a.Aliasname
			item.columns = append(item.columns, &column)
		}
		all.tables = append(slices.Clone(all.tables), item)
	}
	return on, nil, err
}

// using joins by columns of the same name, which become one column in front of the others.
func (b *binder) using(shared []string, t pg_query.JoinType, l, r, all *source) (string, error) {
	var on []string
	var merged []*visible
	for _, column := range shared {
		lv, err := oneColumn(l, column, "left")
		if err != nil {
			return "", err
		}
		rv, err := oneColumn(r, column, "right")
		if err != nil {
			return "", err
		}
		le, re := b.reference(lv, -1), b.reference(rv, -1)
		m, err := b.merged(t, lv, rv, le, re)
		if err != nil {
			return "", err
		}
		equal, err := b.operator("=", le, re, -1)
		if err != nil {
			return "", err
		}
		on = append(on, equal.sql)
		merged = append(merged, m)
	}
	rest := slices.DeleteFunc(slices.Clone(all.columns), func(v *visible) bool { return slices.Contains(shared, v.name) })
	all.columns = slices.Concat(merged, rest)
	return "(" + strings.Join(on, " AND ") + ")", nil
}

// merged is the one column that two become: it has the type that both have in common. lv and rv are le and re.
func (b *binder) merged(t pg_query.JoinType, lv, rv *visible, le, re *expr) (*visible, error) {
	common, ok := postgresTables().common([]pgtypes.OID{lv.typ.OID, rv.typ.OID})
	if !ok {
		return nil, pgerr.New(pgerr.DatatypeMismatch, "JOIN/USING types %s and %s cannot be matched",
			postgresTables().typeName(lv.typ.OID), postgresTables().typeName(rv.typ.OID))
	}
	typ := pgtypes.Of(common)
	if lv.typ == rv.typ {
		typ = lv.typ
	}
	v, e := lv, le
	if t == pg_query.JoinType_JOIN_RIGHT || t == pg_query.JoinType_JOIN_INNER && lv.typ != typ && rv.typ == typ {
		v, e = rv, re
	}
	m := *v
	var err error
	switch {
	case t == pg_query.JoinType_JOIN_FULL:
		e, err = b.coalesce([]*expr{le, re}, -1)
	case v.typ == typ:
		return &m, nil
	case v.typ.OID == common:
		m.typ, m.origin = typ, Origin{}
		return &m, nil
	default:
		e, err = b.coerce(e, common)
	}
	if err != nil {
		return nil, err
	}
	return &visible{name: lv.name, typ: typ, scale: e.scale, wide: e.wide, sql: e.sql, endless: e.endless}, nil
}

func oneColumn(s *source, column, side string) (*visible, error) {
	var found *visible
	for _, v := range s.columns {
		if v.name != column {
			continue
		}
		if found != nil {
			return nil, pgerr.New(pgerr.AmbiguousColumn, "common column name %q appears more than once in %s table", column, side)
		}
		found = v
	}
	if found == nil {
		return nil, pgerr.New(pgerr.UndefinedColumn, "column %q specified in USING clause does not exist in %s table", column, side)
	}
	return found, nil
}
