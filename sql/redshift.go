package sql

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// RenderRedshift is RenderPostgres in Redshift's words. What Redshift has not, or is not known to answer as PostgreSQL
// does, is 0A000 and names it: the lists below are of what its documentation describes alike.
func (q *Query) RenderRedshift(source func(*Use) (string, error)) (string, error) {
	if q.template != nil {
		full, source, err := q.rebound(source)
		if err != nil {
			return "", err
		}
		return full.RenderRedshift(source)
	}
	switch {
	case q.divides && q.statement.dialect == Postgres:
		return "", notRedshift("the quotient of numerics, which has another scale there,")
	case q.silent != "":
		return "", notRedshift(q.silent)
	}
	for _, u := range q.Uses {
		if f := u.filtered; f != nil && (f.query.divides || f.query.silent != "") {
			return "", notRedshift("the row filter of " + u.Relation.Name.String())
		}
	}
	for i, t := range q.Types {
		if t.OID == pgtypes.Interval || t.OID == pgtypes.Bytea {
			return "", notRedshift(fmt.Sprintf("column %s of type %s", q.Names[i], t))
		}
	}
	text, words, err := q.ownText(source)
	if err != nil {
		return "", err
	}
	parsed, err := pg_query.Parse(text)
	if err != nil {
		return "", fmt.Errorf("render query: read it again: %w", err)
	}
	r := redshiftText{dialect: q.statement.dialect, words: words}
	for _, s := range parsed.Stmts {
		walk(s.Stmt, r.node)
	}
	if r.err != nil {
		return "", r.err
	}
	if text, err = pg_query.Deparse(parsed); err != nil {
		return "", fmt.Errorf("render query: %w", err)
	}
	for i, interval := range r.intervals {
		text = strings.Replace(text, quoteText(intervalMarker(i)), "INTERVAL "+quoteText(interval), 1)
	}
	return words.spell(text), nil
}

func notRedshift(what string) error {
	return pgerr.New(pgerr.FeatureNotSupported, "%s is not asked of Redshift", what)
}

// redshiftText rewrites a tree, node by node. The first thing that cannot be said is kept.
type redshiftText struct {
	dialect   Dialect // of the user's words
	words     ownWords
	err       error
	intervals []string
}

func (r *redshiftText) refuse(what string) {
	if r.err == nil {
		r.err = notRedshift(what)
	}
}

func (r *redshiftText) node(n *pg_query.Node) {
	switch x := n.Node.(type) {
	case *pg_query.Node_ColumnRef, *pg_query.Node_String_, *pg_query.Node_List, *pg_query.Node_AStar, *pg_query.Node_ResTarget,
		*pg_query.Node_BoolExpr, *pg_query.Node_NullTest, *pg_query.Node_CaseExpr, *pg_query.Node_CaseWhen, *pg_query.Node_CoalesceExpr,
		*pg_query.Node_JoinExpr, *pg_query.Node_RangeVar, *pg_query.Node_SortBy, *pg_query.Node_CommonTableExpr, *pg_query.Node_Integer,
		*pg_query.Node_MinMaxExpr, nil:
	case *pg_query.Node_AConst:
		r.constant(x.AConst)
	case *pg_query.Node_TypeCast:
		r.cast(n, x.TypeCast)
	case *pg_query.Node_AExpr:
		r.operator(x.AExpr)
	case *pg_query.Node_FuncCall:
		r.call(x.FuncCall)
	case *pg_query.Node_SelectStmt:
		r.selectStatement(x.SelectStmt)
	case *pg_query.Node_SubLink:
		if t := x.SubLink.SubLinkType; t == pg_query.SubLinkType_ALL_SUBLINK || t == pg_query.SubLinkType_ARRAY_SUBLINK ||
			t == pg_query.SubLinkType_ANY_SUBLINK && len(x.SubLink.OperName) > 0 {
			r.refuse("a comparison with ANY, ALL or ARRAY of a query")
		}
	case *pg_query.Node_RangeSubselect:
		if x.RangeSubselect.Lateral {
			r.refuse("LATERAL")
		}
	default:
		r.refuse(nodeWords(n))
	}
}

// nodeWords names a kind of node: "A_ArrayExpr", "GroupingSet".
func nodeWords(n *pg_query.Node) string {
	_, kind, _ := strings.Cut(fmt.Sprintf("%T", n.Node), "Node_")
	return kind
}

// constant refuses a backslash: it escapes there, and how patterns and literals then read each other was not tried.
func (r *redshiftText) constant(c *pg_query.A_Const) {
	switch v := c.Val.(type) {
	case *pg_query.A_Const_Sval:
		if strings.Contains(v.Sval.Sval, `\`) {
			r.refuse("a text with a backslash")
		}
	case *pg_query.A_Const_Bsval:
		r.refuse("a bit string")
	}
}

// cast respells types: TEXT is VARCHAR(256) there, NUMERIC is (18,0), and a length counts bytes.
func (r *redshiftText) cast(n *pg_query.Node, c *pg_query.TypeCast) {
	names := c.TypeName.Names
	name := names[len(names)-1].GetString_().GetSval()
	c.TypeName.Names = names[len(names)-1:]
	null := c.Arg.GetAConst().GetIsnull()
	sized := len(c.TypeName.Typmods) > 0
	switch {
	case len(c.TypeName.ArrayBounds) > 0 || c.TypeName.Setof:
		r.refuse("an array")
	case null && name == "numeric" && !sized:
		c.TypeName = typeNamed("float8")
	case null && name != "numeric" && !slices.Contains(redshiftTypes, name):
		c.TypeName = longText()
	case r.dialect == Redshift && slices.Contains(redshiftOwnTypes, name):
		if name != "text" && name != "nvarchar" && name != "nchar" {
			c.TypeName.Names = append([]*pg_query.Node{pg_query.MakeStrNode("pg_catalog")}, c.TypeName.Names...)
		}
	case name == "text" || name == "varchar" && !sized:
		c.TypeName = longText()
	case name == "interval":
		r.interval(n, c)
	case name == "numeric" && !sized, name == "varchar", name == "bpchar":
		r.refuse("a cast to " + name)
	case name == "numeric" || slices.Contains(redshiftTypes, name):
		if len(c.TypeName.Names) == 1 && name != "bool" {
			c.TypeName.Names = append([]*pg_query.Node{pg_query.MakeStrNode("pg_catalog")}, c.TypeName.Names...)
		}
		if name == "date" {
			c.TypeName.Names = c.TypeName.Names[1:] // the grammar has no word of its own for it
		}
	default:
		r.refuse("a cast to " + name)
	}
}

// redshiftTypes are the types with the same values and texts on both sides.
var redshiftTypes = []string{"bool", "int2", "int4", "int8", "float4", "float8", "date", "timestamp", "timestamptz"}

// redshiftOwnTypes are types that the dialect redshift means as Redshift does: they are cast to as they are written.
var redshiftOwnTypes = []string{"text", "varchar", "nvarchar", "numeric"}

func typeNamed(name string) *pg_query.TypeName {
	return &pg_query.TypeName{Names: []*pg_query.Node{pg_query.MakeStrNode("pg_catalog"), pg_query.MakeStrNode(name)}, Typemod: -1}
}

// longText is VARCHAR of the longest length.
func longText() *pg_query.TypeName {
	t := typeNamed("varchar")
	t.Typmods = []*pg_query.Node{{Node: &pg_query.Node_AConst{AConst: &pg_query.A_Const{
		Val: &pg_query.A_Const_Ival{Ival: &pg_query.Integer{Ival: longestVarchar}},
	}}}}
	return t
}

const longestVarchar = 65535

var plainInterval = regexp.MustCompile(`^[0-9]{1,9} (second|minute|hour|day|week|month|year)s?$`)

func intervalMarker(i int) string { return fmt.Sprintf("tidegate_interval%dx", i) }

// interval makes of a cast a literal, which the deparser would write as a cast again: a marker takes its place.
func (r *redshiftText) interval(n *pg_query.Node, c *pg_query.TypeCast) {
	text := strings.ToLower(c.Arg.GetAConst().GetSval().GetSval())
	if !plainInterval.MatchString(text) || len(c.TypeName.Typmods) > 0 {
		r.refuse("this interval")
		return
	}
	n.Node = c.Arg.Node
	n.GetAConst().GetSval().Sval = intervalMarker(len(r.intervals))
	r.intervals = append(r.intervals, text)
}

// redshiftOperators compare and compute alike. Regular expressions, powers and bits do not, or are not there.
var redshiftOperators = []string{"=", "<>", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "||"}

func (r *redshiftText) operator(x *pg_query.A_Expr) {
	op := operatorName(x.Name)
	switch x.Kind {
	case pg_query.A_Expr_Kind_AEXPR_OP:
		if !slices.Contains(redshiftOperators, op) {
			r.refuse("operator " + op)
		}
	case pg_query.A_Expr_Kind_AEXPR_IN, pg_query.A_Expr_Kind_AEXPR_LIKE, pg_query.A_Expr_Kind_AEXPR_ILIKE,
		pg_query.A_Expr_Kind_AEXPR_BETWEEN, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN, pg_query.A_Expr_Kind_AEXPR_NULLIF:
	case pg_query.A_Expr_Kind_AEXPR_DISTINCT, pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		r.refuse("IS DISTINCT FROM")
	default:
		r.refuse("operator " + op + " in this form")
	}
}

// redshiftFunctions are the functions that are there under the same name and answer the same.
var redshiftFunctions = []string{
	"count", "sum", "min", "max", "avg", "bool_and", "bool_or",
	"row_number", "rank", "dense_rank", "lag", "lead", "ntile",
	"abs", "ceil", "ceiling", "floor", "mod", "sign",
	"lower", "upper", "length", "char_length", "btrim", "ltrim", "rtrim", "replace", "strpos",
	"date_trunc",
}

// datePartFields are those of extract that are whole numbers on both sides.
var datePartFields = []string{"year", "quarter", "month", "week", "day", "dow", "doy", "hour", "minute"}

func (r *redshiftText) call(f *pg_query.FuncCall) {
	fn := operatorName(f.Funcname)
	if kind, name := r.words.call(fn); kind != "" || r.dialect == Redshift && redshiftByName()[name] != nil {
		r.ownCall(kind, name, f)
		return
	}
	if fn == "position" {
		fn = "strpos" // the grammar has its arguments in this order already
	}
	f.Funcname, f.Funcformat = []*pg_query.Node{pg_query.MakeStrNode(fn)}, pg_query.CoercionForm_COERCE_EXPLICIT_CALL
	switch {
	case f.AggFilter != nil:
		r.refuse("FILTER")
	case len(f.AggOrder) > 0 || f.AggWithinGroup:
		r.refuse(fn + " with an order")
	case f.FuncVariadic:
		r.refuse("VARIADIC")
	case f.Over != nil:
		r.window(fn, f.Over)
	}
	switch {
	case fn == "extract" || fn == "date_part":
		field := strings.ToLower(f.Args[0].GetAConst().GetSval().GetSval())
		if !slices.Contains(datePartFields, field) {
			r.refuse(fn + " of " + field)
		}
		f.Funcname = []*pg_query.Node{pg_query.MakeStrNode("date_part")}
	case !slices.Contains(redshiftFunctions, fn):
		r.refuse("function " + fn)
	case fn == "avg":
		// Of whole numbers it is a whole number there, of decimals it has another scale.
		if names := f.Args[0].GetTypeCast().GetTypeName().GetNames(); len(names) == 0 || names[len(names)-1].GetString_().GetSval() != "float8" {
			r.refuse("the average of what is not double precision")
		}
	}
}

// window wants a frame of rows for an aggregate with an order, as Redshift does. A window of another place of the
// statement is not followed there.
func (r *redshiftText) window(fn string, w *pg_query.WindowDef) {
	const (
		written = 0x00001 // FRAMEOPTION_NONDEFAULT of nodes/parsenodes.h
		ofRows  = 0x00004 // FRAMEOPTION_ROWS
	)
	aggregate := slices.Contains([]string{"count", "sum", "min", "max", "avg", "bool_and", "bool_or"}, fn)
	switch {
	case w.Name != "" || w.Refname != "":
		r.refuse("a named window")
	case aggregate && len(w.OrderClause) > 0 && w.FrameOptions&written == 0:
		r.refuse("an aggregate over an ordered window without a frame")
	case w.FrameOptions&written != 0 && w.FrameOptions&ofRows == 0:
		r.refuse("a frame that is not of rows")
	}
}

func (r *redshiftText) selectStatement(s *pg_query.SelectStmt) {
	distinctOn := slices.ContainsFunc(s.DistinctClause, func(n *pg_query.Node) bool { return n.GetNode() != nil })
	switch {
	case len(s.ValuesLists) > 0:
		r.refuse("VALUES")
	case distinctOn:
		r.refuse("DISTINCT ON")
	case s.All && (s.Op == pg_query.SetOperation_SETOP_INTERSECT || s.Op == pg_query.SetOperation_SETOP_EXCEPT):
		r.refuse("INTERSECT ALL or EXCEPT ALL")
	case s.WithClause.GetRecursive():
		r.refuse("WITH RECURSIVE")
	case len(s.WindowClause) > 0:
		r.refuse("a named window")
	case s.LimitOption == pg_query.LimitOption_LIMIT_OPTION_WITH_TIES:
		r.refuse("WITH TIES")
	}
}

// ownCall lets through what only Redshift's words have. The binder means by it what its documentation says.
func (r *redshiftText) ownCall(kind, fn string, f *pg_query.FuncCall) {
	switch {
	case f.AggFilter != nil:
		r.refuse("FILTER")
	case f.FuncVariadic:
		r.refuse("VARIADIC")
	case f.Over != nil:
		r.window(fn, f.Over)
	}
	if list := redshiftByName()[fn]; kind == "" && list[0].semantics == Refused {
		r.refuse("function " + fn)
	}
	if kind == "" {
		f.Funcname = names(fn)
	}
	if strings.HasPrefix(fn, "regexp_") {
		r.refuse("function " + fn + ", whose patterns its documentation does not tell all of,")
	}
}
