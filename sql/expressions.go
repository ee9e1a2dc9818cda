package sql

import (
	"math"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// maxExpression bounds the text of an expression: some rewrites repeat an operand, and nested ones would double it
// with every level.
const maxExpression = 16 << 20

// expr binds an expression. A kind of node that is not listed here is refused.
func (b *binder) expr(n *pg_query.Node, sc *scope) (*expr, error) {
	if b.depth++; b.depth > maxDepth {
		return nil, pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded")
	}
	defer func() { b.depth-- }()
	e, err := b.node(n, sc)
	if err == nil {
		e, err = b.collated(e, n)
	}
	if err != nil {
		return nil, err
	}
	if len(e.sql) > maxExpression {
		return nil, pgerr.New(pgerr.StatementTooComplex, "expression is too complex").At(b.stmt.position(e.pos))
	}
	if len(e.bare) > 0 && sc.grouping.has(e.sql) && (!sc.inCall || sc.grouping.wide[e.sql] == "") {
		// The whole expression is grouped by: its columns need not be.
		grouped := *e
		grouped.bare = nil
		for _, v := range e.bare {
			if v.level != sc.self {
				grouped.bare = append(grouped.bare, v)
			}
		}
		e = sc.grouping.key(&grouped)
	}
	return e, nil
}

func (b *binder) node(n *pg_query.Node, sc *scope) (*expr, error) {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_ColumnRef:
		return b.columnRef(n.ColumnRef, sc)
	case *pg_query.Node_AConst:
		return b.literalNode(n.AConst)
	case *pg_query.Node_ParamRef:
		return b.paramRef(n.ParamRef)
	case *pg_query.Node_TypeCast:
		return b.typeCast(n.TypeCast, sc)
	case *pg_query.Node_AExpr:
		return b.operatorExpr(n.AExpr, sc)
	case *pg_query.Node_BoolExpr:
		return b.boolExpr(n.BoolExpr, sc)
	case *pg_query.Node_FuncCall:
		return b.call(n.FuncCall, sc)
	case *pg_query.Node_SubLink:
		return b.subLink(n.SubLink, sc)
	case *pg_query.Node_CaseExpr:
		return b.withoutSets(sc, "CASE", func() (*expr, error) { return b.caseExpr(n.CaseExpr, sc) })
	case *pg_query.Node_CoalesceExpr:
		return b.withoutSets(sc, "COALESCE", func() (*expr, error) {
			args, err := b.exprs(n.CoalesceExpr.Args, sc)
			if err != nil {
				return nil, err
			}
			return b.coalesce(args, n.CoalesceExpr.Location)
		})
	case *pg_query.Node_MinMaxExpr:
		return b.minMax(n.MinMaxExpr, sc)
	case *pg_query.Node_NullTest:
		return b.nullTest(n.NullTest, sc)
	case *pg_query.Node_BooleanTest:
		return b.booleanTest(n.BooleanTest, sc)
	case *pg_query.Node_SqlvalueFunction:
		return b.valueFunction(n.SqlvalueFunction)
	case *pg_query.Node_GroupingFunc:
		return b.groupingFunc(n.GroupingFunc, sc)
	case *pg_query.Node_CollateClause:
		return b.collate(n.CollateClause, sc)
	case *pg_query.Node_AArrayExpr:
		return b.arrayExpr(n.AArrayExpr, sc)
	case *pg_query.Node_AIndirection:
		return b.indirection(n.AIndirection, sc)
	case *pg_query.Node_RowExpr:
		return b.rowExpr(n.RowExpr, sc)
	case *pg_query.Node_SetToDefault:
		return nil, b.fail(pgerr.SyntaxError, n.SetToDefault.Location, "DEFAULT is not allowed in this context")
	}
	return nil, pgerr.New(pgerr.FeatureNotSupported, "this kind of expression is not supported yet")
}

func (b *binder) exprs(list []*pg_query.Node, sc *scope) ([]*expr, error) {
	var out []*expr
	for _, n := range list {
		e, err := b.expr(n, sc)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (b *binder) columnRef(c *pg_query.ColumnRef, sc *scope) (*expr, error) {
	parts, star := fields(c)
	if star && len(parts) == 0 {
		return nil, b.unsupported(c.Location, "a whole row as a value")
	}
	if star {
		e, err := b.wholeRow(parts, c.Location, sc)
		if e == nil && err == nil {
			err = b.fail(pgerr.UndefinedTable, c.Location, "missing FROM-clause entry for table %q", parts[len(parts)-1])
		}
		return e, err
	}
	v, err := b.lookup(parts, c.Location, sc)
	if err != nil && b.redshift() && pgerr.CodeOf(err) == pgerr.UndefinedColumn {
		if e, aliasErr := b.redshiftName(parts, c.Location, sc); e != nil || aliasErr != nil {
			return e, aliasErr
		}
	}
	if err != nil && pgerr.CodeOf(err) == pgerr.UndefinedColumn && isSystemColumn(parts[len(parts)-1]) {
		if refused := b.noSystemColumn(parts, c.Location, sc); refused != nil {
			return nil, refused
		}
	}
	if err != nil {
		if len(parts) == 1 && pgerr.CodeOf(err) == pgerr.UndefinedColumn {
			if e, rowErr := b.wholeRow(parts, c.Location, sc); e != nil || rowErr != nil {
				return e, rowErr
			}
		}
		return nil, err
	}
	return b.reference(v, c.Location), nil
}

func (b *binder) literalNode(c *pg_query.A_Const) (*expr, error) {
	var e *expr
	var err error
	switch v := c.Val.(type) {
	case *pg_query.A_Const_Ival:
		e = intConstant(pgtypes.Int4, int64(v.Ival.Ival))
	case *pg_query.A_Const_Fval:
		e, err = b.numberLiteral(v.Fval.Fval)
	case *pg_query.A_Const_Boolval:
		e = boolConstant(v.Boolval.Boolval)
	case *pg_query.A_Const_Sval:
		return &expr{lit: &Arg{Text: v.Sval.Sval}, pos: c.Location, scale: -1}, nil
	case *pg_query.A_Const_Bsval:
		if b.system {
			return b.bitLiteral(v.Bsval.Bsval, c.Location)
		}
		return nil, b.catalogOnly(c.Location, "a bit string")
	default:
		return &expr{lit: &Arg{Null: true}, pos: c.Location, scale: -1}, nil
	}
	if err != nil {
		return nil, err
	}
	e.pos = c.Location
	return e, nil
}

// numberLiteral types a number that is no int4: int8 if it fits, else numeric, also with an exponent.
func (b *binder) numberLiteral(text string) (*expr, error) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		if i <= math.MaxInt32 && i >= math.MinInt32 {
			return intConstant(pgtypes.Int4, i), nil
		}
		return intConstant(pgtypes.Int8, i), nil
	}
	return numericConstant(text, pgtypes.Of(pgtypes.Numeric))
}

// maxParameter bounds n of $n, for which there is a type to remember each. More than 65,535 cannot be bound, but as in
// PostgreSQL it is Bind that says so.
const maxParameter = 1 << 17

func (b *binder) paramRef(p *pg_query.ParamRef) (*expr, error) {
	n := int(p.Number)
	if n < 1 || n > maxParameter || b.args != nil && n > len(b.args) {
		return nil, b.fail(pgerr.UndefinedParameter, p.Location, "there is no parameter $%d", n)
	}
	for len(b.params) < n {
		b.params = append(b.params, 0)
	}
	if t := b.params[n-1]; t != 0 {
		return b.paramAs(n, pgtypes.Of(t), p.Location)
	}
	return &expr{param: n, pos: p.Location, scale: -1}, nil
}

func (b *binder) typeCast(c *pg_query.TypeCast, sc *scope) (*expr, error) {
	n, err := b.readTypeName(c.TypeName)
	if err != nil {
		return nil, err
	}
	if d, ok := informationDomainOf(n); ok {
		e, err := b.expr(c.Arg, sc)
		if err != nil {
			return nil, err
		}
		return b.domainCast(e, n, d)
	}
	t, err := b.typeOf(n)
	if err != nil {
		return nil, err
	}
	if a := c.Arg.GetAArrayExpr(); a != nil && isArray(t.OID) {
		return b.arrayCast(a, t, sc)
	}
	e, err := b.expr(c.Arg, sc)
	if err != nil {
		return nil, err
	}
	r, err := b.cast(e, t)
	if err != nil {
		if p, ok := asError(err); ok && p.Code == "42846" {
			p.Position = b.stmt.position(c.Location)
		}
		return nil, err
	}
	if r.typ.OID == t.OID && r.typ.Typmod != t.Typmod && (typeIs(t.OID, pgtypes.Numeric, pgtypes.Varchar, pgtypes.BPChar) || isArray(t.OID)) {
		c := *r
		c.typ, c.origin = t, Origin{}
		return &c, nil
	}
	return r, nil
}

func (b *binder) boolExpr(n *pg_query.BoolExpr, sc *scope) (*expr, error) {
	word := map[pg_query.BoolExprType]string{pg_query.BoolExprType_AND_EXPR: "AND", pg_query.BoolExprType_OR_EXPR: "OR", pg_query.BoolExprType_NOT_EXPR: "NOT"}[n.Boolop]
	var args []*expr
	for _, a := range n.Args {
		e, err := b.expr(a, sc)
		if err != nil {
			return nil, err
		}
		if e, err = b.boolean(e, word); err != nil {
			return nil, err
		}
		args = append(args, e)
	}
	switch word {
	case "NOT":
		return negated(args[0]), nil
	case "AND":
		return conjunction(args...), nil
	}
	return disjunction(args...), nil
}

func negated(x *expr) *expr {
	e := computed(pgtypes.Bool, "(NOT "+x.sql+")", x)
	e.proof = notProof(x.proof)
	switch d := x.decision(); {
	case d.value != nil:
		e.outcome = boolConstant(d.value.I == 0)
	case d.isNothing():
		e.outcome = nullCondition()
	}
	return e
}

func conjunction(args ...*expr) *expr { return connected(args, " AND ", "NOT ", andProof) }

func disjunction(args ...*expr) *expr { return connected(args, " OR ", "", orProof) }

// connected is AND or OR: ends, before an argument, says that it decides.
func connected(args []*expr, word, ends string, prove func(p, q *proof) *proof) *expr {
	e := computed(pgtypes.Bool, "("+strings.Join(sqlOf(args), word)+")", args...)
	for i, a := range args {
		if i == 0 {
			e.proof = a.proof
		} else {
			e.proof = prove(e.proof, a.proof)
		}
		e.branches = append(e.branches, branch{test: a, ends: ends + a.sql})
	}
	e.outcome = outcomeOf(args, ends != "")
	return e
}

// ofAnyType is settle where any type would do. It tells nothing of a parameter: another place must, and before this one.
func (b *binder) ofAnyType(e *expr) (*expr, error) {
	if e.param == 0 {
		return b.settle(e)
	}
	b.untold = append(b.untold, e)
	x := null(pgtypes.Of(pgtypes.Text))
	x.constant, x.when, x.pos = false, forRows, e.pos
	return x, nil
}

// checkTold refuses parameters whose type nothing has told where they stand.
func (b *binder) checkTold() error {
	for _, e := range b.untold {
		if b.params[e.param-1] != 0 {
			return b.fail(pgerr.AmbiguousParameter, e.pos, "could not determine data type of parameter $%d", e.param)
		}
	}
	for i := range b.params {
		if b.params[i] == 0 {
			return pgerr.New(pgerr.IndeterminateDatatype, "could not determine data type of parameter $%d", i+1)
		}
	}
	return nil
}

// noPolymorphic is PostgreSQL's refusal of a literal or parameter whose type decides that of the call.
func noPolymorphic() error {
	return pgerr.New(pgerr.DatatypeMismatch, "could not determine polymorphic type because input has type unknown")
}

func (b *binder) nullTest(n *pg_query.NullTest, sc *scope) (*expr, error) {
	a, err := b.expr(n.Arg, sc)
	if err == nil {
		a, err = b.ofAnyType(a)
	}
	if err != nil {
		return nil, err
	}
	is := n.Nulltesttype == pg_query.NullTestType_IS_NULL
	if a.fields != nil {
		return b.rowNull(a, is), nil
	}
	if a.constant {
		e := boolConstant(a.isNull() == is)
		e.pos = a.pos
		return e, nil
	}
	text := " IS NOT NULL)"
	if is {
		text = " IS NULL)"
	}
	e := computed(pgtypes.Bool, "("+a.sql+text, a)
	if a.nothing {
		e.outcome = boolConstant(is)
	}
	if a.column != nil {
		e.proof = leaf(a.column, Domain{Null: true}, anything())
		if !is {
			e.proof = notProof(e.proof)
		}
	}
	return e, nil
}

func (b *binder) booleanTest(n *pg_query.BooleanTest, sc *scope) (*expr, error) {
	a, err := b.expr(n.Arg, sc)
	if err == nil {
		a, err = b.boolean(a, strings.ReplaceAll(n.Booltesttype.String(), "_", " "))
	}
	if err != nil {
		return nil, err
	}
	var text string
	prove := func(proof) *proof { return nil }
	switch n.Booltesttype {
	case pg_query.BoolTestType_IS_TRUE:
		text, prove = "(%s IS NOT DISTINCT FROM true)", func(x proof) *proof { return &proof{yes: x.yes} }
	case pg_query.BoolTestType_IS_NOT_TRUE:
		text, prove = "(%s IS DISTINCT FROM true)", func(x proof) *proof { return &proof{no: x.yes} }
	case pg_query.BoolTestType_IS_FALSE:
		text, prove = "(%s IS NOT DISTINCT FROM false)", func(x proof) *proof { return &proof{yes: x.no} }
	case pg_query.BoolTestType_IS_NOT_FALSE:
		text, prove = "(%s IS DISTINCT FROM false)", func(x proof) *proof { return &proof{no: x.no} }
	case pg_query.BoolTestType_IS_UNKNOWN:
		text = "(%s IS NULL)"
	default:
		text = "(%s IS NOT NULL)"
	}
	e := computed(pgtypes.Bool, strings.Replace(text, "%s", a.sql, 1), a)
	e.proof = a.proof.then(prove)
	e.outcome = testOutcome(n.Booltesttype, a)
	return e, nil
}

// unify gives a list of expressions one type, as CASE, COALESCE and GREATEST do.
func (b *binder) unify(list []*expr, what string, pos int32) ([]*expr, pgtypes.Type, error) {
	types := oidsOf(list)
	t, ok := postgresTables().common(types)
	if !ok {
		return nil, pgtypes.Type{}, b.mismatch(types, list, what, pos)
	}
	out, err := b.coerceAll(list, t)
	if err != nil {
		return nil, pgtypes.Type{}, err
	}
	out = b.alike(list, out)
	typ := out[0].typ
	for _, e := range out {
		if e.typ.Typmod != typ.Typmod {
			typ = pgtypes.Of(t)
		}
	}
	return out, typ, nil
}

// mismatch says which of the types is the first that does not fit those before it.
func (b *binder) mismatch(types []pgtypes.OID, list []*expr, what string, pos int32) error {
	p := postgresTables()
	for i := range types {
		if _, ok := p.common(types[:i+1]); !ok {
			before, _ := p.common(types[:i])
			return b.fail(pgerr.DatatypeMismatch, list[i].pos, "%s types %s and %s cannot be matched", what, p.typeName(before), p.typeName(types[i]))
		}
	}
	return b.fail(pgerr.DatatypeMismatch, pos, "%s types cannot be matched", what)
}

func maxScale(list []*expr) int {
	s := -1
	for _, e := range list {
		s = max(s, e.scale)
	}
	return s
}

func sqlOf(list []*expr) []string {
	var texts []string
	for _, e := range list {
		texts = append(texts, e.sql)
	}
	return texts
}

func (b *binder) groupingFunc(n *pg_query.GroupingFunc, sc *scope) (*expr, error) {
	if sc.noCalls && sc.clause != "" {
		return nil, b.fail(pgerr.GroupingError, n.Location, "grouping operations are not allowed in %s", sc.clause)
	}
	if sc.inCall {
		return nil, b.fail(pgerr.GroupingError, n.Location, "aggregate function calls cannot be nested")
	}
	args, err := b.exprs(n.Args, sc)
	if err != nil {
		return nil, err
	}
	keys := sqlOf(args)
	for i, a := range args {
		if b.provisional {
			break // PostgreSQL looks at keys when all clauses are there
		}
		if !sc.grouping.has(a.sql) {
			return nil, b.fail(pgerr.GroupingError, placeOf(n.Args[i], a), "arguments to GROUPING must be grouping expressions of the associated query level")
		}
		if key := sc.grouping.wide[a.sql]; key != "" {
			keys[i] = key
		}
	}
	e := computed(pgtypes.Int4, "CAST(grouping("+strings.Join(keys, ", ")+") AS INTEGER)", args...)
	e.bare, e.pos, e.when = nil, n.Location, forRows
	return e, nil
}
