package sql

import (
	"math"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// operatorExpr binds what the grammar calls an operator expression.
func (b *binder) operatorExpr(n *pg_query.A_Expr, sc *scope) (*expr, error) {
	if schema := n.Name[0].GetString_().GetSval(); len(n.Name) > 1 && schema != "pg_catalog" {
		return nil, b.foreignOperator(schema, n, sc)
	}
	op := operatorName(n.Name)
	switch n.Kind {
	case pg_query.A_Expr_Kind_AEXPR_OP:
		return b.plainOperator(op, n, sc)
	case pg_query.A_Expr_Kind_AEXPR_DISTINCT, pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		return b.distinctFrom(n, sc)
	case pg_query.A_Expr_Kind_AEXPR_NULLIF:
		return b.nullIf(n, sc)
	case pg_query.A_Expr_Kind_AEXPR_IN:
		return b.inList(op == "<>", n, sc)
	case pg_query.A_Expr_Kind_AEXPR_LIKE, pg_query.A_Expr_Kind_AEXPR_ILIKE:
		return b.plainOperator(op, n, sc)
	case pg_query.A_Expr_Kind_AEXPR_BETWEEN, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN,
		pg_query.A_Expr_Kind_AEXPR_BETWEEN_SYM, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		return b.between(n, sc)
	case pg_query.A_Expr_Kind_AEXPR_OP_ANY, pg_query.A_Expr_Kind_AEXPR_OP_ALL:
		return b.arrayOperator(op, n, sc)
	case pg_query.A_Expr_Kind_AEXPR_SIMILAR:
		return b.plainOperator(op, n, sc)
	default:
		return nil, b.unsupported(n.Location, "this operator")
	}
}

// foreignOperator says that a schema is not there, or has no operators.
func (b *binder) foreignOperator(schema string, n *pg_query.A_Expr, sc *scope) error {
	if !b.catalog.HasSchema(schema) {
		return b.fail(pgerr.InvalidSchemaName, n.Location, "schema %q does not exist", schema)
	}
	var types [2]string
	for i, side := range []*pg_query.Node{n.Lexpr, n.Rexpr} {
		if side == nil {
			continue
		}
		e, err := b.expr(side, sc)
		if err != nil {
			return err
		}
		types[i] = postgresTables().typeName(e.oid())
	}
	text := strings.TrimSpace(types[0] + " " + schema + "." + operatorName(n.Name) + " " + types[1])
	return b.fail(pgerr.UndefinedFunction, n.Location, "operator does not exist: %s", text).
		WithHint("No operator matches the given name and argument types. You might need to add explicit type casts.")
}

func (b *binder) plainOperator(op string, n *pg_query.A_Expr, sc *scope) (*expr, error) {
	if s, row := n.Rexpr.GetSubLink(), n.Lexpr.GetRowExpr(); row != nil && s.GetSubLinkType() == pg_query.SubLinkType_EXPR_SUBLINK {
		return b.rowEqualsSubquery(op, row, s, n.Location, sc)
	}
	if l, r := n.Lexpr.GetRowExpr(), n.Rexpr.GetRowExpr(); l != nil || r != nil {
		return b.rowCompare(op, l, r, n.Location, sc)
	}
	if n.Lexpr == nil {
		r, err := b.expr(n.Rexpr, sc)
		if err != nil {
			return nil, err
		}
		e, err := b.prefixOperator(op, r, n.Location)
		if err == nil && e != r {
			e.isNothingIf(r.isNothing() || nullLiteral(r))
		}
		return e, err
	}
	l, err := b.expr(n.Lexpr, sc)
	if err != nil {
		return nil, err
	}
	r, err := b.expr(n.Rexpr, sc)
	if err != nil {
		return nil, err
	}
	return b.operator(op, l, r, n.Location)
}

// rowCompare spells (a, b) = (c, d) out: DuckDB compares rows with NULLs otherwise.
func (b *binder) rowCompare(op string, l, r *pg_query.RowExpr, pos int32, sc *scope) (*expr, error) {
	switch {
	case l == nil || r == nil || flip[op] == "":
		return nil, b.unsupported(pos, "this comparison of rows")
	case len(l.Args) != len(r.Args):
		return nil, b.fail(pgerr.SyntaxError, pos, "unequal number of entries in row expressions")
	case len(l.Args) == 0:
		return nil, b.fail(pgerr.FeatureNotSupported, pos, "cannot compare rows of zero length")
	case op != "=" && op != "<>":
		x, err := b.exprs(l.Args, sc)
		if err != nil {
			return nil, err
		}
		y, err := b.exprs(r.Args, sc)
		if err != nil {
			return nil, err
		}
		return b.rowOrder(op, x, y, pos)
	}
	var left, right []*expr
	for i := range l.Args {
		x, err := b.expr(l.Args[i], sc)
		if err != nil {
			return nil, err
		}
		y, err := b.expr(r.Args[i], sc)
		if err != nil {
			return nil, err
		}
		left, right = append(left, x), append(right, y)
	}
	return b.rowPairs(op, left, right, pos)
}

func (b *binder) prefixOperator(op string, r *expr, pos int32) (*expr, error) {
	if r.untyped() {
		sig, res := postgresTables().choose(prefix(op), []pgtypes.OID{0, 0})
		if res == ambiguous {
			return nil, b.fail(pgerr.AmbiguousFunction, pos, "operator is not unique: %s unknown", op).
				WithHint("Could not choose a best candidate operator. You might need to add explicit type casts.")
		}
		if res == resolved {
			var err error
			if r, err = b.coerce(r, sig.args[1]); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case op == "-" && r.value != nil && (r.value.Class == pgtypes.ClassInt || r.value.Class == pgtypes.ClassNumeric || r.value.Class == pgtypes.ClassFloat):
		return b.negate(r, pos)
	case op == "-" && r.span != nil:
		return spanConstant(r.span.negative()), nil
	case op == "-" && (isNumber(r.typ.OID) || r.typ.OID == pgtypes.Interval), op == "+" && isNumber(r.typ.OID):
		e := computed(r.typ.OID, "("+op+r.sql+")", r)
		if strings.HasPrefix(r.sql, "-") {
			e.sql = "(" + op + " " + r.sql + ")"
		}
		e.scale = r.scale
		switch {
		case op == "-" && isInteger(r.typ.OID): // DuckDB's error of a negation does not tell the type
			e.sql = "(CAST(0 AS " + pgtypes.Of(r.typ.OID).DuckDB() + ") - " + r.sql + ")"
		case r.typ.OID == pgtypes.Interval:
			e.sql = "tg_interval_neg(" + r.sql + ")"
		case r.wide:
			e = wideCall("tg_num_neg", r)
			if op == "+" {
				e = r
			}
		}
		return e, nil
	case op == "@" && isNumber(r.typ.OID):
		return b.plainCall("abs", []*expr{r}, pos)
	case (op == "|/" || op == "||/") && isNumber(r.typ.OID):
		x, err := b.coerce(r, pgtypes.Float8)
		if err != nil {
			return nil, err
		}
		return b.plainCall(map[string]string{"|/": "sqrt", "||/": "cbrt"}[op], []*expr{x}, pos)
	case op == "~" && isInteger(r.typ.OID):
		return computed(r.typ.OID, "(~"+r.sql+")", r), nil
	}
	if _, res := postgresTables().choose(prefix(op), []pgtypes.OID{0, r.oid()}); res == resolved {
		return nil, b.unsupported(pos, "operator %s %s", op, typeText(r.typ))
	}
	return nil, b.fail(pgerr.UndefinedFunction, pos, "operator does not exist: %s %s", op, postgresTables().typeName(r.oid())).
		WithHint("No operator matches the given name and argument type. You might need to add an explicit type cast.")
}

func (b *binder) negate(r *expr, pos int32) (*expr, error) {
	var text string
	switch r.value.Class {
	case pgtypes.ClassInt:
		if r.value.I == leastInteger(r.typ.OID) {
			return b.failing(r, pgtypes.Of(r.typ.OID), pgerr.New(pgerr.NumericOutOfRange, "%s out of range", typeText(r.typ)))
		}
		text = strconv.FormatInt(-r.value.I, 10)
	case pgtypes.ClassNumeric:
		text = "-" + r.value.S
		if strings.HasPrefix(r.value.S, "-") {
			text = r.value.S[1:]
		}
	default:
		return floatConstant(r.typ.OID, -r.value.F), nil
	}
	e, err := b.typed(text, pgtypes.Of(r.typ.OID), pos)
	return e, err
}

// leastInteger is the number of an integer type that has no other sign.
func leastInteger(t pgtypes.OID) int64 {
	switch t {
	case pgtypes.Int2:
		return math.MinInt16
	case pgtypes.Int4:
		return math.MinInt32
	}
	return math.MinInt64
}

// operator binds "l op r" by PostgreSQL's choice among its operators.
func (b *binder) operator(op string, l, r *expr, pos int32) (*expr, error) {
	if op == "!=" {
		op = "<>"
	}
	p := postgresTables()
	args := []pgtypes.OID{l.oid(), r.oid()}
	sig, res := chooseOperator(op, args)
	hint := "No operator matches the given name and argument types. You might need to add explicit type casts."
	switch res {
	case resolved:
	case noCandidate:
		return nil, b.fail(pgerr.UndefinedFunction, pos, "operator does not exist: %s %s %s", p.typeName(args[0]), op, p.typeName(args[1])).WithHint("%s", hint)
	case ambiguous:
		return nil, b.fail(pgerr.AmbiguousFunction, pos, "operator is not unique: %s %s %s", p.typeName(args[0]), op, p.typeName(args[1])).
			WithHint("Could not choose a best candidate operator. You might need to add explicit type casts.")
	}
	called := *sig
	called.args, called.result, _ = p.concrete(sig, args)
	e, err := b.applyOperator(op, &called, l, r, pos)
	if err != nil {
		return nil, err
	}
	if e.pos < 0 {
		e.pos = pos
	}
	e.isNothingIf((l.isNothing() || r.isNothing() || nullLiteral(l) || nullLiteral(r)) && !isArray(e.typ.OID))
	if stableOperator(op, sig) {
		e.when, e.outcome = min(e.when, perStatement), nil
		b.unfolded(e)
	}
	return e, nil
}

func chooseOperator(op string, args []pgtypes.OID) (*signature, resolution) {
	p := postgresTables()
	candidates := p.operators[op]
	if sig, res := exactOther(candidates, args); res == resolved {
		return sig, res
	}
	return p.choose(binary(candidates), args)
}

// prefix gives the operators of that name that stand before their argument.
func prefix(op string) []signature {
	var out []signature
	for _, s := range postgresTables().operators[op] {
		if s.args[0] == 0 {
			out = append(out, s)
		}
	}
	return out
}

func binary(list []signature) []signature {
	var out []signature
	for _, s := range list {
		if s.args[0] != 0 {
			out = append(out, s)
		}
	}
	return out
}

// exactOther is PostgreSQL's first try: an unknown side is taken to have the other side's type.
func exactOther(candidates []signature, args []pgtypes.OID) (*signature, resolution) {
	l, r := args[0], args[1]
	switch {
	case l == 0 && r == 0:
		l, r = 0, 0
	case l == 0:
		l = r
	case r == 0:
		r = l
	}
	for i := range candidates {
		if c := &candidates[i]; c.args[0] == l && c.args[1] == r && l != 0 {
			return c, resolved
		}
	}
	return nil, noCandidate
}

// applyOperator writes the chosen operator. What is not written here is refused.
func (b *binder) applyOperator(op string, sig *signature, l, r *expr, pos int32) (*expr, error) {
	lt, rt := sig.args[0], sig.args[1]
	if b.redshift() && lt == pgtypes.Numeric && rt == pgtypes.Numeric && !l.untyped() && !r.untyped() {
		if e := b.decimals(op, l, r); e != nil {
			return e, nil
		}
	}
	x, err := b.operand(l, lt)
	if err != nil {
		return nil, err
	}
	y, err := b.operand(r, rt)
	if err != nil {
		return nil, err
	}
	switch {
	case isJSON(lt):
		return b.jsonOperator(op, sig, x, y, pos)
	case lt == oidBit && rt == oidBit:
		return b.bitOperator(op, x, y, pos)
	case isArray(lt) || isArray(rt):
		return b.arrayPair(op, sig, l, r, x, y, pos)
	case lt == pgtypes.Xid && rt == pgtypes.Int4: // read as a number without sign
		return b.compare(op, l, r, x, computed(pgtypes.Int8, "(CAST("+y.sql+" AS BIGINT) & 4294967295)", y)), nil
	case flip[op] != "" && comparable(lt, b.system) && comparable(rt, b.system):
		return b.compare(op, l, r, x, y), nil
	case len(op) == 1 && strings.ContainsAny(op, "+-*/%^"):
		e, err := b.arithmetic(op, sig, x, y)
		if e != nil || err != nil {
			return e, err
		}
	case (op == "<<" || op == ">>") && isInteger(lt) && rt == pgtypes.Int4:
		return computed(sig.result, map[string]string{"<<": "tg_int_left", ">>": "tg_int_right"}[op]+"("+x.sql+", "+y.sql+")", x, y), nil
	case len(op) == 1 && strings.ContainsAny(op, "&|#") && isInteger(lt) && lt == rt:
		if op == "#" {
			return computed(sig.result, "xor("+x.sql+", "+y.sql+")", x, y), nil
		}
		return computed(sig.result, "("+x.sql+" "+op+" "+y.sql+")", x, y), nil
	case strings.Contains(op, "~~"):
		e := b.like(op, x, y)
		e.outcome = matching(op, x, y)
		return e, nil
	case op == "^@":
		return computed(pgtypes.Bool, "starts_with("+x.sql+", "+y.sql+")", x, y), nil
	case bytewise[op] != "" && (isText(lt) || lt == pgtypes.BPChar):
		return b.compare(bytewise[op], l, r, x, y), nil
	case op == "||" && typeIs(sig.result, pgtypes.Text, pgtypes.Bytea):
		return b.concatenate(sig, x, y)
	case (op == "~" || op == "~*" || op == "!~" || op == "!~*") && (isText(lt) || lt == pgtypes.BPChar):
		e, err := b.regex(op, x, y, pos)
		if err == nil {
			e.outcome = matching(op, x, y)
		}
		return e, err
	}
	p := postgresTables()
	return nil, b.unsupported(pos, "operator %s %s %s", p.typeName(lt), op, p.typeName(rt))
}

// bytewise are the operators that compare by bytes in every collation: as all comparisons do here.
var bytewise = map[string]string{"~<~": "<", "~<=~": "<=", "~>=~": ">=", "~>~": ">"}

// operand gives e the operator's type where DuckDB would not do the same by itself: untyped sides, constants,
// and everything that is not a number.
func (b *binder) operand(e *expr, t pgtypes.OID) (*expr, error) {
	if isNumber(e.typ.OID) && isNumber(t) && !e.untyped() && e.value == nil {
		if e.typ.OID == t {
			return e, nil
		}
		return b.coerce(e, t)
	}
	return b.coerce(e, t)
}

// comparable lists the types whose order and equality DuckDB and PostgreSQL share.
func comparable(t pgtypes.OID, system bool) bool {
	switch t {
	case pgtypes.Bool, pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Numeric, pgtypes.Float4, pgtypes.Float8, pgtypes.Text,
		pgtypes.Varchar, pgtypes.BPChar, pgtypes.Name, pgtypes.Date, pgtypes.Time, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.Interval, pgtypes.Timetz, pgtypes.UUID, pgtypes.Bytea:
		return true
	}
	return t == pgtypes.JSONB || comparableArray(t, system) || system && (typeIs(t, pgtypes.OIDType, pgtypes.Char) || isReg(t) || isTransaction(t) || t == oidAnyArray)
}

// compare writes a comparison. l and r are the sides as they were written, x and y with the operator's types.
func (b *binder) compare(op string, l, r, x, y *expr) *expr {
	if isMoment(x.typ.OID) && isMoment(y.typ.OID) && (!b.template || !anyLate(x, y)) {
		x, y = b.likeColumn(l, x, y), b.likeColumn(r, y, x)
	}
	if b.blind(x, y) {
		return b.compareBlind(op, l, r, x, y)
	}
	lt, rt := b.momentPair(x, y)
	e := computed(pgtypes.Bool, "("+lt+" "+op+" "+rt+")", x, y)
	pl, pr := x, y
	if l.column != nil || l.steps != nil {
		pl = l
	}
	if r.column != nil || r.steps != nil {
		pr = r
	}
	e.proof = b.compareProof(op, pl, pr)
	if anyLate(x, y) {
		e.proof = &proof{late: func(b *binder) (*proof, error) {
			sides, err := b.valued([]*expr{x, y})
			if err != nil {
				return nil, err
			}
			return b.compare(op, l, r, sides[0], sides[1]).proof, nil
		}}
	}
	e.constant = false
	e.outcome = comparison(op, x, y)
	return e
}

// likeColumn gives a constant of time the type of the timestamptz it is compared with, so that the engine compares
// with the very moment that the proof speaks of.
func (b *binder) likeColumn(_, e, other *expr) *expr {
	if e.value == nil || other.typ.OID != pgtypes.Timestamptz || e.typ.OID == pgtypes.Timestamptz {
		return e
	}
	if folded := b.foldMoment(e, pgtypes.Timestamptz); folded != nil {
		return folded
	}
	return e
}

// operands binds both sides of an operator.
func (b *binder) operands(n *pg_query.A_Expr, sc *scope) (l, r *expr, err error) {
	if l, err = b.expr(n.Lexpr, sc); err != nil {
		return nil, nil, err
	}
	r, err = b.expr(n.Rexpr, sc)
	return l, r, err
}

func (b *binder) distinctFrom(n *pg_query.A_Expr, sc *scope) (*expr, error) {
	l, r, err := b.operands(n, sc)
	if err != nil {
		return nil, err
	}
	equal, err := b.operator("=", l, r, n.Location)
	if err != nil {
		return nil, err
	}
	list, _, err := b.unify([]*expr{l, r}, "IS DISTINCT FROM", n.Location)
	if err != nil {
		return nil, err
	}
	word := " IS DISTINCT FROM "
	if n.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT {
		word = " IS NOT DISTINCT FROM "
	}
	if b.blind(list[0], list[1]) {
		list = []*expr{b.trimmed(list[0]), b.trimmed(list[1])}
	}
	lt, rt := comparisonTexts(list[0], list[1])
	e := computed(pgtypes.Bool, "("+lt+word+rt+")", list...)
	if e.outcome = distinction(list[0], list[1]); e.outcome != nil && n.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT {
		e.outcome = boolConstant(e.outcome.value.I == 0)
	}
	if n.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT && list[1].value != nil {
		e.proof = equal.proof.then(func(x proof) *proof { return &proof{yes: x.yes} })
	}
	return e, nil
}

func (b *binder) nullIf(n *pg_query.A_Expr, sc *scope) (*expr, error) {
	l, r, err := b.operands(n, sc)
	if err != nil {
		return nil, err
	}
	equal, err := b.operator("=", l, r, n.Location)
	if err != nil {
		return nil, err
	}
	// The result has the type that the operator compares the left side in.
	if sig, res := chooseOperator("=", []pgtypes.OID{l.oid(), r.oid()}); res == resolved && (isNumber(sig.args[0]) || isText(sig.args[0]) || l.untyped()) {
		if l, err = b.coerce(l, sig.args[0]); err != nil {
			return nil, err
		}
	}
	if l, err = b.settle(l); err != nil {
		return nil, err
	}
	none := null(l.typ)
	if l.wide {
		none = widened(none)
	}
	e := computed(l.typ.OID, "CASE WHEN "+equal.sql+" THEN "+none.sql+" ELSE "+l.sql+" END", equal, l)
	e.typ, e.scale, e.wide, e.pos = l.typ, l.scale, l.wide, n.Location
	same := l.value != nil && r.value != nil && *l.value == *r.value
	e.isNothingIf(l.isNothing() || same)
	return e, nil
}
