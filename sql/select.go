package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// target is an output column.
type target struct {
	name string
	e    *expr
	need func() // records that somebody refers to it
	// unused, if not nil, points to true until somebody does.
	unused *bool
}

func (t *target) needed() {
	if t.need != nil {
		t.need()
	}
}

// untilNeeded makes a target that is unused until somebody refers to it.
func (t *target) untilNeeded() {
	unused, need := true, t.need
	t.unused = &unused
	t.need = func() {
		unused = false
		if need != nil {
			need()
		}
	}
}

// selectParts is a bound SELECT, VALUES or set operation before its text is put together: until then, what stands
// around it may still give its untyped columns their types.
type selectParts struct {
	targets []*target

	with     string
	distinct string
	source   *source
	scope    *scope
	where    *expr
	group    []string
	having   *expr
	qualify  *expr // of Redshift: a condition on the rows that the windows give
	order    []sortKey
	limit    *expr
	offset   *expr

	op          string // of a set operation, with left and right
	left, right *selectParts
	rows        [][]*expr // of VALUES

	aggregated  bool
	windowed    bool // an output column depends on other rows, or makes several of one
	transparent bool // rows and bare columns of the source come through one by one
	outerRefs   []*visible
}

// usage tells what a SELECT is for.
type usage struct {
	derived bool // others refer to its columns by name, or to none: unused ones need not be read
	exists  bool // only whether there are rows is asked
	// changing is the clause of a statement that changes rows whose values the output columns are: one for each row, of
	// that row alone.
	changing string
}

func (p *selectParts) reach() map[*useState]bool {
	if p.transparent && p.source != nil {
		return p.source.reach
	}
	return map[*useState]bool{}
}

// maxDepth bounds the nesting of what is bound. The parser's own limits come first for most texts.
const maxDepth = 500

func (b *binder) selectStatement(n *pg_query.SelectStmt, outer *scope, ctes *cte, use usage) (*selectParts, error) {
	if b.depth++; b.depth > maxDepth {
		return nil, pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded")
	}
	conditional, later := b.conditional, b.provisional
	b.conditional, b.provisional = false, false
	defer func() { b.depth--; b.conditional, b.provisional = conditional, later }()
	defer b.ranges.enter()()
	if len(n.GetLockingClause()) > 0 {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "FOR UPDATE and FOR SHARE are not supported: tables are read-only here")
	}
	with, ctes, err := b.with(n.GetWithClause(), outer, ctes)
	if err != nil {
		return nil, err
	}
	var p *selectParts
	switch {
	case n == nil:
		return nil, pgerr.New(pgerr.FeatureNotSupported, "this statement cannot stand inside a query")
	case n.Op != pg_query.SetOperation_SETOP_NONE:
		p, err = b.setOperation(n, outer, ctes)
	case len(n.ValuesLists) > 0:
		p, err = b.values(n, outer, ctes)
		if err == nil && use.exists && len(p.rows) == 1 { // PostgreSQL does not compute what it selects
			for i, e := range p.rows[0] {
				p.rows[0][i] = null(e.typ)
			}
		}
	default:
		p, err = b.simpleSelect(n, outer, ctes, use)
	}
	if err != nil {
		return nil, err
	}
	p.with = with
	if err := b.tail(n, p, outer, ctes); err != nil {
		return nil, err
	}
	b.levels = append(b.levels, p)
	if p.scope != nil {
		p.outerRefs = p.scope.outerRefs
		if err := b.checkGrouped(p); err != nil {
			return nil, err
		}
	}
	if b.collision != nil {
		return nil, b.collision
	}
	return p, nil
}

func (b *binder) simpleSelect(n *pg_query.SelectStmt, outer *scope, ctes *cte, use usage) (*selectParts, error) {
	if n.IntoClause != nil {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "SELECT INTO is not supported: tables are read-only here")
	}
	src, err := b.from(n.FromClause, outer, ctes)
	if err != nil {
		return nil, err
	}
	sc := levelOver(src, outer, ctes)
	if b.analyses && b.depth <= analysedDepth {
		if err := b.analyse(n, src, sc, outer, ctes); err != nil {
			return nil, err
		}
	}
	p := &selectParts{source: src, scope: sc}
	if n.WhereClause != nil {
		if p.where, err = b.condition(n.WhereClause, sc, "WHERE"); err != nil {
			return nil, err
		}
	}
	b.prove(p)
	if err := b.windowClause(n.WindowClause, sc); err != nil {
		return nil, err
	}
	list := n.TargetList
	if len(list) == 0 && use.exists {
		list = []*pg_query.Node{pg_query.MakeResTargetNodeWithVal(pg_query.MakeAConstIntNode(1, -1), -1)}
	}
	plan, err := b.planTargets(list, sc)
	if err != nil {
		return nil, err
	}
	if b.redshift() {
		sc.plan = plan
	}
	if err := b.groupBy(n, p, plan); err != nil {
		return nil, err
	}
	sc.clause, sc.noCalls = use.changing, use.changing != ""
	if err := b.targets(p, plan, use.derived && len(n.DistinctClause) == 0 && len(n.GroupClause) == 0); err != nil {
		return nil, err
	}
	sc.clause, sc.noCalls = "", false
	if n.HavingClause != nil {
		if err := b.having(n.HavingClause, p); err != nil {
			return nil, err
		}
	}
	inWindow, err := b.checkWindows(n.WindowClause, sc)
	if err != nil {
		return nil, err
	}
	p.note(inWindow || len(n.GroupClause) > 0)
	if err := b.distinct(n, p); err != nil {
		return nil, err
	}
	p.transparent = !p.aggregated && !p.windowed && p.distinct == "" && n.LimitCount == nil && n.LimitOffset == nil
	return p, nil
}

// note says whether the level has aggregates and windows: by its targets, or because something else of it says so.
func (p *selectParts) note(aggregated bool) {
	p.aggregated = p.aggregated || aggregated
	for _, t := range p.targets {
		p.aggregated = p.aggregated || t.e.scopes.aggregate
		p.windowed = p.windowed || t.e.scopes.window || t.e.scopes.set
	}
}

// levelOver makes the level of a SELECT over what its FROM has.
func levelOver(src *source, outer *scope, ctes *cte) *scope {
	sc := level(scope{outer: outer, ctes: ctes, tables: src.tables, columns: src.columns, windows: map[string]*pg_query.WindowDef{}, memo: map[*pg_query.Node]*expr{}})
	for _, v := range sc.columns {
		v.level = sc
	}
	for _, t := range sc.tables {
		for _, v := range t.columns {
			v.level = sc
		}
		for _, v := range t.system {
			v.level = sc
		}
	}
	return sc
}

// targets binds the target list. Of a prunable one only what is read from outside is computed.
func (b *binder) targets(p *selectParts, plan []planned, prunable bool) error {
	for _, t := range plan {
		p.scope.sets = !p.scope.noCalls
		bound, err := b.target(t, p.scope, prunable)
		p.scope.sets = false
		if err != nil {
			return err
		}
		if prunable {
			bound.untilNeeded()
		}
		p.targets = append(p.targets, bound)
		if b.redshift() {
			p.scope.outputs = p.targets
		}
	}
	return nil
}

// prove applies what WHERE proves to the relations of FROM.
func (b *binder) prove(p *selectParts) {
	where := certain()
	if p.where != nil {
		where = p.where.proof
	}
	src, filtered := p.source, p.where != nil
	b.narrow(where, func(f facts, n narrowed) {
		f.apply(src.reach, n)
		switch {
		case src.base != nil:
			exact := f.exact
			for c := range f.columns {
				exact = exact && c.use == src.base
			}
			n.of(src.base).exact = exact
		case src.only != nil && !filtered:
		default:
			for u := range src.reach {
				n.of(u).exact = false
			}
		}
	})
}

// condition binds a clause that must be boolean and may hold no aggregate.
func (b *binder) condition(n *pg_query.Node, sc *scope, clause string) (*expr, error) {
	oldClause, oldCalls, oldConditional := sc.clause, sc.noCalls, b.conditional
	sc.clause, sc.noCalls, b.conditional = clause, true, true
	if clause == "JOIN/ON" {
		sc.clause = "JOIN conditions"
	}
	defer func() { sc.clause, sc.noCalls, b.conditional = oldClause, oldCalls, oldConditional }()
	e, err := b.expr(n, sc)
	if err != nil {
		return nil, err
	}
	return b.boolean(e, clause)
}

// boolean checks that e is boolean, giving an untyped literal that type.
func (b *binder) boolean(e *expr, clause string) (*expr, error) {
	if e.untyped() {
		return b.coerce(e, pgtypes.Bool)
	}
	if e.typ.OID != pgtypes.Bool {
		return nil, b.fail(pgerr.DatatypeMismatch, e.pos, "argument of %s must be type boolean, not type %s", clause, typeText(e.typ))
	}
	return e, nil
}

// planned is a target before its expression is bound: a node, or a column that a star stands for.
type planned struct {
	name string
	node *pg_query.Node
	star *visible
	as   bool // the text gave the name
	at   int32

	binding bool // its expression is being bound for another one
}

func (b *binder) planTargets(list []*pg_query.Node, sc *scope) ([]planned, error) {
	if len(list) == 0 {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "a SELECT without columns is not supported yet")
	}
	var plan []planned
	for _, n := range list {
		t := n.GetResTarget()
		c := t.GetVal().GetColumnRef()
		if c != nil {
			if parts, star := fields(c); star {
				columns, err := b.star(parts, c.Location, sc)
				if err != nil {
					return nil, err
				}
				for _, v := range columns {
					plan = append(plan, planned{name: v.name, star: v, at: t.Location})
				}
				continue
			}
		}
		if row, ok := wholeRow(t.GetVal()); ok {
			names, err := b.rowNames(row, sc)
			if err != nil {
				return nil, err
			}
			for _, name := range names {
				plan = append(plan, planned{name: name, node: fieldOf(row, name), at: t.Location})
			}
			continue
		}
		p := planned{name: t.Name, node: t.Val, as: t.Name != "", at: t.Location}
		if !p.as {
			p.name = figureName(t.Val)
		}
		plan = append(plan, p)
	}
	return plan, nil
}

func (b *binder) star(parts []string, pos int32, sc *scope) ([]*visible, error) {
	if len(parts) == 0 {
		if len(sc.tables) == 0 {
			return nil, b.fail(pgerr.SyntaxError, pos, "SELECT * with no tables specified is not valid")
		}
		return sc.columns, nil
	}
	schema := ""
	if len(parts) > 1 {
		schema = parts[len(parts)-2]
	}
	for s := sc; s != nil; s = s.outer {
		if t, n := s.table(schema, parts[len(parts)-1]); n == 1 {
			return t.columns, nil
		}
	}
	return nil, b.missingTable(parts, pos, sc)
}

// target binds one target. A bare column of a prunable subquery goes into a slot.
func (b *binder) target(t planned, sc *scope, prunable bool) (*target, error) {
	v, pos := t.star, t.at
	if e := sc.memo[t.node]; t.node != nil && e != nil {
		return outputOf(t, e), nil
	}
	if c := t.node.GetColumnRef(); c != nil && prunable {
		parts, _ := fields(c)
		var err error
		if v, err = b.lookup(parts, c.Location, sc); err != nil {
			// A name that is no column may be a function without parentheses; expr knows.
			e, exprErr := b.expr(t.node, sc)
			return outputOf(t, e), exprErr
		}
		pos = c.Location
	}
	switch {
	case v != nil && prunable:
		e := b.regColumn(v.expr(pos))
		s, text := b.pending(e)
		e.sql = text
		return &target{name: t.name, e: e, need: func() {
			s.used = true
			if v.need != nil {
				v.need()
			}
		}}, nil
	case v != nil:
		e := b.reference(v, pos)
		if sc.grouping.has(e.sql) {
			e.bare, e = nil, sc.grouping.key(e)
		}
		return &target{name: t.name, e: e}, nil
	}
	e, err := b.expr(t.node, sc)
	if err != nil {
		return nil, err
	}
	return outputOf(t, e), nil
}

// outputOf is a target that was bound.
func outputOf(t planned, e *expr) *target {
	if e != nil && !keepsOrigin(t.node) {
		e = withoutOrigin(e)
	}
	return &target{name: t.name, e: e}
}

// settleTargets gives untyped output columns the type text.
func (b *binder) settleTargets(p *selectParts) error {
	for _, t := range p.targets {
		e, err := b.settle(t.e)
		if err != nil {
			return err
		}
		if e.typ.OID == oidBit { // the encoder has none
			return b.unsupported(e.pos, "type bit in a result")
		}
		t.e = e
	}
	return nil
}

// retarget casts output column i to a type that a set operation asks for.
func (b *binder) retarget(p *selectParts, i int, t pgtypes.Type) error {
	e, err := b.cast(p.targets[i].e, t)
	if err != nil {
		return err
	}
	p.targets[i].e = e
	for _, row := range p.rows {
		if row[i], err = b.cast(row[i], t); err != nil {
			return err
		}
	}
	if p.op == "" {
		return nil
	}
	if err := b.retarget(p.left, i, t); err != nil {
		return err
	}
	return b.retarget(p.right, i, t)
}

// checkGrouped refuses columns that stand neither in GROUP BY nor in an aggregate.
func (b *binder) checkGrouped(p *selectParts) error {
	if !p.aggregated {
		return nil
	}
	for _, t := range p.targets {
		if err := b.bareIn(p, t.e); err != nil {
			return err
		}
	}
	for _, k := range p.order {
		if err := b.bareIn(p, k.e); err != nil {
			return err
		}
	}
	if err := b.bareIn(p, p.having); err != nil {
		return err
	}
	return b.bareIn(p, p.qualify)
}

func (b *binder) bareIn(p *selectParts, e *expr) error {
	if e == nil {
		return nil
	}
	for _, v := range e.bare {
		if v.level != p.scope || p.scope.grouping.has(v.sql) {
			continue
		}
		full := v.name
		if v.table != "" {
			full = v.table + "." + v.name
		}
		at := e.mentions(v)
		if pos, deeper := b.outerAt[v]; deeper && at.sql != v.sql && at.column == nil {
			return b.fail(pgerr.GroupingError, pos, "subquery uses ungrouped column %q from outer query", full)
		}
		return b.fail(pgerr.GroupingError, at.pos, "column %q must appear in the GROUP BY clause or be used in an aggregate function", full)
	}
	return nil
}

// mentions gives the part of e that is a column, or the subquery in which it stands.
func (e *expr) mentions(v *visible) *expr {
	for _, p := range e.parts {
		if slices.Contains(p.bare, v) {
			return p.mentions(v)
		}
	}
	return e
}
