package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// redshiftCall binds a call of what the dialect redshift has beside PostgreSQL. ok is false if fn is none of that.
func (b *binder) redshiftCall(n *pg_query.FuncCall, sc *scope) (e *expr, ok bool, err error) {
	if n.FuncVariadic {
		return nil, false, nil
	}
	fn := operatorName(n.Funcname)
	switch respelledAs(n) {
	case callApproximate:
		e, err = b.approximate(fn, n, sc)
		return e, true, err
	case callIgnoreNulls:
		e, err = b.windowCall(fn, n, sc)
		return e, true, err
	case callDistinct:
		e, err = b.listAgg(n, sc)
		return e, true, err
	case callExtract, callDatePart:
		e, err = b.redshiftPart(n, sc)
		return e, true, err
	case callDecode:
		e, err = b.decode(n, sc)
		return e, true, err
	}
	if len(n.Funcname) > 1 {
		return nil, false, nil
	}
	list := redshiftByName()[fn]
	if len(list) == 0 {
		return nil, false, nil
	}
	switch f := list[0]; {
	case f.semantics == Refused:
		return nil, true, b.fail(pgerr.FeatureNotSupported, n.Location, "function %s is not supported: %s", fn, f.note)
	case f.special:
		e, err = b.redshiftSpecial(fn, n, sc)
	default:
		e, err = b.redshiftPlain(list, n, sc)
	}
	if e != nil && e.pos < 0 {
		e.pos = n.Location
	}
	return e, true, err
}

// redshiftSpecial binds the functions of the list whose text depends on more than the types of the arguments.
func (b *binder) redshiftSpecial(fn string, n *pg_query.FuncCall, sc *scope) (*expr, error) {
	switch fn {
	case "getdate":
		return b.getDate(n, sc)
	case "dateadd", "date_add":
		return b.dateAdd(n, sc)
	case "datediff", "date_diff":
		return b.dateDiff(n, sc)
	case "date_trunc":
		return b.redshiftTrunc(n, sc)
	case "add_months":
		return b.addMonths(n, sc)
	case "last_day":
		return b.lastDay(n, sc)
	case "convert_timezone":
		return b.convertTimezone(n, sc)
	case "regexp_substr":
		return b.regexpSubstr(n, sc)
	case "regexp_count":
		return b.regexpCount(n, sc)
	case "regexp_instr":
		return b.regexpInstr(n, sc)
	case "regexp_replace":
		return b.regexpReplaceAll(n, sc)
	case "json_extract_path_text":
		return b.jsonExtractPath(n, sc)
	case "json_extract_array_element_text":
		return b.jsonElement(n, sc)
	case "json_array_length":
		return b.jsonLength(n, sc)
	case "trunc":
		return b.redshiftTruncate(n, sc)
	case "nvl":
		return b.nvl(n, sc)
	case "nvl2":
		return b.nvl2(n, sc)
	case "decode":
		return b.decode(n, sc)
	case "avg":
		return b.redshiftAvg(n, sc)
	case "sum":
		return b.redshiftSum(n, sc)
	case "stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop":
		return b.redshiftSpread(n, sc)
	case "listagg":
		return b.listAgg(n, sc)
	case "median":
		return b.median(n, sc)
	case "percentile_cont", "percentile_disc":
		return b.percentile(n, sc)
	case "ratio_to_report":
		return b.ratioToReport(n, sc)
	}
	return nil, b.unsupported(n.Location, "function %s", fn)
}

// redshiftArgs binds the arguments of a call that is no aggregate.
func (b *binder) redshiftArgs(n *pg_query.FuncCall, sc *scope) ([]*expr, error) {
	fn := operatorName(n.Funcname)
	if n.Over != nil {
		return nil, b.fail(pgerr.WrongObjectType, n.Location, "OVER specified, but %s is not a window function nor an aggregate function", fn)
	}
	if n.AggStar || n.AggDistinct || n.AggFilter != nil || len(n.AggOrder) > 0 || n.AggWithinGroup {
		return nil, b.fail(pgerr.WrongObjectType, n.Location, "%s is not an aggregate function", fn)
	}
	return b.exprs(n.Args, sc)
}

// redshiftPlain binds a function that is a text, by PostgreSQL's choice among the candidates.
func (b *binder) redshiftPlain(list []redshiftFunction, n *pg_query.FuncCall, sc *scope) (*expr, error) {
	args, err := b.redshiftArgs(n, sc)
	if err != nil {
		return nil, err
	}
	for i := range list {
		sig, typed, err := b.redshiftChoose(list[i].signatures(), args, n)
		if err != nil {
			return nil, err
		}
		if sig == nil {
			continue
		}
		line := function{name: list[i].name}
		e := computed(sig.result, line.write(list[i].text, typed), typed...)
		e.pos = n.Location
		return e, nil
	}
	return nil, b.noFunction(operatorName(n.Funcname), args, n.Location)
}

// redshiftChoose picks a signature, nil for none, and gives the arguments its types. A timestamptz becomes a timestamp,
// as in "Implicit type conversion", where PostgreSQL wants a cast.
func (b *binder) redshiftChoose(candidates []signature, args []*expr, n *pg_query.FuncCall) (*signature, []*expr, error) {
	p := postgresTables()
	types := make([]pgtypes.OID, len(args))
	for i, a := range args {
		if types[i] = a.oid(); types[i] == pgtypes.Timestamptz {
			types[i] = pgtypes.Timestamp
		}
	}
	sig, res := p.choose(candidates, types)
	switch res {
	case noCandidate:
		return nil, nil, nil
	case ambiguous:
		return nil, nil, b.fail(pgerr.AmbiguousFunction, n.Location, "function %s(%s) is not unique", operatorName(n.Funcname), typeList(args))
	case resolved:
	}
	out := make([]*expr, len(args))
	for i, a := range args {
		e, err := b.coerce(a, sig.args[i])
		if err != nil {
			return nil, nil, err
		}
		out[i] = e
	}
	return sig, out, nil
}

// redshiftTyped binds the arguments of a call and gives them types; those at the end may be left out.
func (b *binder) redshiftTyped(n *pg_query.FuncCall, sc *scope, types ...pgtypes.OID) ([]*expr, error) {
	args, err := b.redshiftArgs(n, sc)
	if err != nil {
		return nil, err
	}
	return b.redshiftAs(n, args, types...)
}

func (b *binder) redshiftAs(n *pg_query.FuncCall, args []*expr, types ...pgtypes.OID) ([]*expr, error) {
	if len(args) > len(types) {
		return nil, b.noFunction(operatorName(n.Funcname), args, n.Location)
	}
	sig, typed, err := b.redshiftChoose([]signature{{args: types[:len(args)], kind: 'f'}}, args, n)
	if err == nil && sig == nil {
		err = b.noFunction(operatorName(n.Funcname), args, n.Location)
	}
	return typed, err
}

// nvl binds NVL, which is COALESCE.
func (b *binder) nvl(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	args, err := b.redshiftArgs(n, sc)
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		return nil, b.noFunction("nvl", args, n.Location)
	}
	return b.coalesce(args, n.Location)
}

// nvl2 binds NVL2(x, if not NULL, if NULL).
func (b *binder) nvl2(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	if len(n.Args) != 3 {
		args, err := b.redshiftArgs(n, sc)
		if err != nil {
			return nil, err
		}
		return nil, b.noFunction("nvl2", args, n.Location)
	}
	test := &pg_query.Node{Node: &pg_query.Node_NullTest{NullTest: &pg_query.NullTest{
		Arg: n.Args[0], Nulltesttype: pg_query.NullTestType_IS_NOT_NULL, Location: n.Location,
	}}}
	return b.caseExpr(&pg_query.CaseExpr{Args: []*pg_query.Node{whenNode(test, n.Args[1])}, Defresult: n.Args[2], Location: n.Location}, sc)
}

func whenNode(condition, result *pg_query.Node) *pg_query.Node {
	return &pg_query.Node{Node: &pg_query.Node_CaseWhen{CaseWhen: &pg_query.CaseWhen{Expr: condition, Result: result}}}
}

// decode binds DECODE(x, search, result, … [, default]): a CASE in which NULL equals NULL.
func (b *binder) decode(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	if len(n.Args) < 3 {
		args, err := b.redshiftArgs(n, sc)
		if err != nil {
			return nil, err
		}
		return nil, b.noFunction("decode", args, n.Location)
	}
	c := &pg_query.CaseExpr{Location: n.Location}
	rest := n.Args[1:]
	for ; len(rest) >= 2; rest = rest[2:] {
		c.Args = append(c.Args, whenNode(decodes(n.Args[0], rest[0], n.Location), rest[1]))
	}
	if len(rest) == 1 {
		c.Defresult = rest[0]
	}
	return b.caseExpr(c, sc)
}

// decodes is x = search, or both are NULL.
func decodes(x, search *pg_query.Node, pos int32) *pg_query.Node {
	if search.GetAConst().GetIsnull() {
		return isNull(x, pos)
	}
	equal := &pg_query.Node{Node: &pg_query.Node_AExpr{AExpr: &pg_query.A_Expr{
		Kind: pg_query.A_Expr_Kind_AEXPR_OP, Name: names("="), Lexpr: x, Rexpr: search, Location: pos,
	}}}
	if search.GetAConst() != nil {
		return equal
	}
	both := &pg_query.Node{Node: &pg_query.Node_BoolExpr{BoolExpr: &pg_query.BoolExpr{
		Boolop: pg_query.BoolExprType_AND_EXPR, Args: []*pg_query.Node{isNull(x, pos), isNull(search, pos)}, Location: pos,
	}}}
	return &pg_query.Node{Node: &pg_query.Node_BoolExpr{BoolExpr: &pg_query.BoolExpr{
		Boolop: pg_query.BoolExprType_OR_EXPR, Args: []*pg_query.Node{equal, both}, Location: pos,
	}}}
}

func isNull(x *pg_query.Node, pos int32) *pg_query.Node {
	return &pg_query.Node{Node: &pg_query.Node_NullTest{NullTest: &pg_query.NullTest{Arg: x, Nulltesttype: pg_query.NullTestType_IS_NULL, Location: pos}}}
}

// optional gives an argument that may be left out.
func optional(args []*expr, i int, otherwise string) string {
	if i < len(args) {
		return args[i].sql
	}
	return otherwise
}

func (b *binder) regexpSubstr(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	a, err := b.redshiftTyped(n, sc, pgtypes.Text, pgtypes.Text, pgtypes.Int4, pgtypes.Int4, pgtypes.Text)
	if err != nil || len(a) < 2 {
		return nil, b.missing(n, a, err)
	}
	return computed(pgtypes.Varchar, "tg_rs_regexp_substr("+a[0].sql+", "+a[1].sql+", ["+optional(a, 2, "1")+", "+optional(a, 3, "1")+"], "+
		optional(a, 4, "''")+")", a...), nil
}

func (b *binder) regexpCount(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	a, err := b.redshiftTyped(n, sc, pgtypes.Text, pgtypes.Text, pgtypes.Int4, pgtypes.Text)
	if err != nil || len(a) < 2 {
		return nil, b.missing(n, a, err)
	}
	return computed(pgtypes.Int4, "tg_rs_regexp_count("+a[0].sql+", "+a[1].sql+", "+optional(a, 2, "1")+", "+optional(a, 3, "''")+")", a...), nil
}

func (b *binder) regexpInstr(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	a, err := b.redshiftTyped(n, sc, pgtypes.Text, pgtypes.Text, pgtypes.Int4, pgtypes.Int4, pgtypes.Int4, pgtypes.Text)
	if err != nil || len(a) < 2 {
		return nil, b.missing(n, a, err)
	}
	return computed(pgtypes.Int4, "tg_rs_regexp_instr("+a[0].sql+", "+a[1].sql+", ["+optional(a, 2, "1")+", "+optional(a, 3, "1")+", "+optional(a, 4, "0")+"], "+
		optional(a, 5, "''")+")", a...), nil
}

func (b *binder) regexpReplaceAll(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	a, err := b.redshiftTyped(n, sc, pgtypes.Text, pgtypes.Text, pgtypes.Text, pgtypes.Int4, pgtypes.Text)
	if err != nil || len(a) < 2 {
		return nil, b.missing(n, a, err)
	}
	return computed(pgtypes.Varchar, "tg_rs_regexp_replace("+a[0].sql+", ["+a[1].sql+", "+optional(a, 2, "''")+"], "+optional(a, 3, "1")+", "+
		optional(a, 4, "''")+")", a...), nil
}

// missing is the error of a call with too few arguments, if it has no other.
func (b *binder) missing(n *pg_query.FuncCall, args []*expr, err error) error {
	if err != nil {
		return err
	}
	return b.noFunction(operatorName(n.Funcname), args, n.Location)
}

// nullIfInvalid takes the last argument of a JSON function off, if it is a boolean: then what is no JSON gives NULL.
func nullIfInvalid(args []*expr) (rest []*expr, invalid *expr) {
	if last := len(args) - 1; last > 0 && args[last].typ.OID == pgtypes.Bool && !args[last].untyped() {
		return args[:last], args[last]
	}
	return args, nil
}

// orNull makes a JSON function give NULL for what is no JSON, where invalid is true.
func orNull(e, text, invalid *expr) *expr {
	if invalid == nil {
		return e
	}
	r := computed(e.typ.OID, "CASE WHEN "+invalid.sql+" AND NOT tg_rs_is_json("+text.sql+") THEN NULL ELSE "+e.sql+" END", e, invalid)
	return r
}

func (b *binder) jsonExtractPath(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	args, err := b.redshiftArgs(n, sc)
	if err != nil {
		return nil, err
	}
	args, invalid := nullIfInvalid(args)
	if len(args) < 2 {
		return nil, b.noFunction(operatorName(n.Funcname), args, n.Location)
	}
	texts := make([]pgtypes.OID, len(args))
	for i := range texts {
		texts[i] = pgtypes.Text
	}
	a, err := b.redshiftAs(n, args, texts...)
	if err != nil {
		return nil, err
	}
	e := computed(pgtypes.Varchar, "tg_rs_json_path("+a[0].sql+", ["+strings.Join(sqlOf(a[1:]), ", ")+"])", a...)
	return orNull(e, a[0], invalid), nil
}

func (b *binder) jsonElement(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	args, err := b.redshiftArgs(n, sc)
	if err != nil {
		return nil, err
	}
	args, invalid := nullIfInvalid(args)
	a, err := b.redshiftAs(n, args, pgtypes.Text, pgtypes.Int4)
	if err != nil || len(a) < 2 {
		return nil, b.missing(n, a, err)
	}
	return orNull(computed(pgtypes.Varchar, "tg_rs_json_element("+a[0].sql+", "+a[1].sql+")", a...), a[0], invalid), nil
}

func (b *binder) jsonLength(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	args, err := b.redshiftArgs(n, sc)
	if err != nil {
		return nil, err
	}
	args, invalid := nullIfInvalid(args)
	a, err := b.redshiftAs(n, args, pgtypes.Text)
	if err != nil || len(a) < 1 {
		return nil, b.missing(n, a, err)
	}
	e := computed(pgtypes.Int4, "tg_rs_json_length("+a[0].sql+")", a...)
	if invalid != nil {
		// What is JSON and no array is invalid here.
		return computed(pgtypes.Int4, "CASE WHEN "+invalid.sql+" AND NOT tg_rs_is_json_array("+a[0].sql+") THEN NULL ELSE "+e.sql+" END", e, invalid), nil
	}
	return e, nil
}
