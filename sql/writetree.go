package sql

import (
	"slices"
	"strings"
	"sync"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// writeParts are the parts of a syntax tree that may stand in a statement for the warehouse beside those that part
// looks into. A part that is not here is refused by its name: locks, cursors, row security, XML, JSON constructors,
// VARIADIC, statements inside statements.
const writeParts = " A_Const Integer Float Boolean String BitString A_Star A_Expr BoolExpr NullTest BooleanTest CaseExpr CaseWhen CoalesceExpr " +
	"MinMaxExpr SubLink RowExpr SetToDefault MultiAssignRef GroupingSet GroupingFunc SortBy WindowDef List Alias ResTarget JoinExpr RangeSubselect " +
	"A_ArrayExpr A_Indices OnConflictClause InferClause IndexElem MergeWhenClause TruncateStmt RefreshMatViewStmt "

// cteNames are the common table expressions that a part of the tree can name.
type cteNames struct {
	names []string
	outer *cteNames
}

func (c *cteNames) has(name string) bool {
	for ; c != nil; c = c.outer {
		if slices.Contains(c.names, name) {
			return true
		}
	}
	return false
}

// part checks one part of the tree and everything below, and makes its names the warehouse's.
func (w *writer) part(m proto.Message, in *cteNames) error {
	switch x := m.(type) {
	case *pg_query.Node:
		if err := w.replace(x); err != nil {
			return err
		}
	case *pg_query.SelectStmt:
		return w.withScope(m, x.WithClause, in)
	case *pg_query.InsertStmt:
		return w.change(m, x.Relation, x.WithClause, in)
	case *pg_query.UpdateStmt:
		return w.change(m, x.Relation, x.WithClause, in)
	case *pg_query.DeleteStmt:
		return w.change(m, x.Relation, x.WithClause, in)
	case *pg_query.MergeStmt:
		return w.change(m, x.Relation, x.WithClause, in)
	case *pg_query.RangeVar:
		if x.Schemaname == "" && x.Catalogname == "" && in.has(x.Relname) {
			return nil
		}
		return w.existing(x, w.dml)
	case *pg_query.CreateTableAsStmt, *pg_query.IntoClause:
		return w.into(m, in)
	case *pg_query.ColumnRef:
		return w.column(x)
	case *pg_query.FuncCall:
		if err := w.function(x); err != nil {
			return err
		}
	case *pg_query.TypeName:
		return w.typeName(x)
	case *pg_query.TypeCast, *pg_query.SQLValueFunction:
	case *pg_query.A_Indirection:
		// (x).f may be a call of any function f.
		for _, step := range x.Indirection {
			if step.GetAIndices() == nil {
				return w.refuse(-1, "selecting a field of an expression is not supported")
			}
		}
	case *pg_query.CollateClause:
		if name := operatorName(x.Collname); len(x.Collname) != 1 || name != "C" && name != "POSIX" && name != "default" {
			return w.refuse(x.Location, "collation %q is not supported", name)
		}
	case *pg_query.ParamRef:
		if x.Number < 1 {
			return w.refuse(x.Location, "a parameter without a number is not supported")
		}
		w.Params = max(w.Params, int(x.Number))
		return nil
	default:
		if name := string(m.ProtoReflect().Descriptor().Name()); !strings.Contains(writeParts, " "+name+" ") {
			return w.refuse(-1, "%s is not supported in it", name)
		}
	}
	if err := w.operator(m); err != nil {
		return err
	}
	return w.below(m, in, nil)
}

// below checks the parts that m holds, but skip.
func (w *writer) below(m proto.Message, in *cteNames, skip proto.Message) error {
	for part := range parts(m.ProtoReflect()) {
		if part == skip {
			continue
		}
		if err := w.part(part, in); err != nil {
			return err
		}
	}
	return nil
}

// withScope checks a statement whose WITH clause, if it has one, is what the rest of it can name.
func (w *writer) withScope(m proto.Message, with *pg_query.WithClause, in *cteNames) error {
	if with == nil {
		return w.below(m, in, nil)
	}
	scope := &cteNames{outer: in}
	if with.Recursive {
		for _, n := range with.Ctes {
			scope.names = append(scope.names, n.GetCommonTableExpr().GetCtename())
		}
	}
	for _, n := range with.Ctes {
		c := n.GetCommonTableExpr()
		if c == nil || c.SearchClause != nil || c.CycleClause != nil {
			return w.refuse(with.Location, "SEARCH and CYCLE are not supported")
		}
		// A name that the server's own catalogs have would be found there wherever the expression is out of sight.
		if _, taken := w.catalog.Relation("pg_catalog", c.Ctename); taken {
			return w.refuse(c.Location, "a common table expression cannot be called %q", c.Ctename)
		}
		if err := w.part(c.Ctequery, scope); err != nil {
			return err
		}
		scope.names = append(scope.names, c.Ctename)
	}
	return w.below(m, scope, with)
}

// change checks a statement that changes rows. What it changes is a relation, never an expression of the WITH clause.
func (w *writer) change(m proto.Message, target *pg_query.RangeVar, with *pg_query.WithClause, in *cteNames) error {
	if target == nil {
		return w.refuse(-1, "it names no relation")
	}
	if err := w.changes(target); err != nil {
		return err
	}
	if r, ok := w.catalog.Relation(target.Schemaname, target.Relname); ok && r.View {
		return w.refuse(target.Location, "%s is a view: change the table behind it", r.Name)
	}
	return w.withScope(m, with, in)
}

// into checks CREATE TABLE AS and the INTO of a SELECT.
func (w *writer) into(m proto.Message, in *cteNames) error {
	if c, ok := m.(*pg_query.CreateTableAsStmt); ok {
		if c.Query.GetSelectStmt() == nil {
			return w.refuse(-1, "only a query can fill a table")
		}
		return w.below(m, in, nil)
	}
	c, ok := m.(*pg_query.IntoClause)
	if !ok || c.AccessMethod != "" || len(c.Options) > 0 || c.TableSpaceName != "" || c.ViewQuery != nil {
		return w.refuse(-1, "storage parameters are not supported")
	}
	return w.created(c.Rel)
}

// operator refuses an operator of another schema than pg_catalog: elsewhere it could be any function.
func (w *writer) operator(m proto.Message) error {
	var names []*pg_query.Node
	var pos int32 = -1
	switch x := m.(type) {
	case *pg_query.A_Expr:
		names, pos = x.Name, x.Location
	case *pg_query.SubLink:
		names, pos = x.OperName, x.Location
	case *pg_query.SortBy:
		names, pos = x.UseOp, x.Location
	case *pg_query.IndexElem:
		names = slices.Concat(x.Opclass, x.Opclassopts, x.Collation)
		if len(names) > 0 {
			return w.refuse(-1, "operator classes are not supported")
		}
	}
	if len(names) > 2 || len(names) == 2 && names[0].GetString_().GetSval() != "pg_catalog" {
		return w.refuse(pos, "operator %s is not known", operatorName(names))
	}
	return nil
}

// column checks the name of a column. Behind a relation's name the server takes the name of a function for a call of
// it with the row, but rows are of no use to any function that matters: see fromFunction for the rest.
func (w *writer) column(c *pg_query.ColumnRef) error {
	parts, _ := fields(c)
	if over := len(c.Fields) - 3; over > 0 {
		if err := w.database(parts[0], c.Location); err != nil || over > 1 {
			return w.refuse(c.Location, "column name %s has too many parts", strings.Join(parts, "."))
		}
		c.Fields, parts = c.Fields[1:], parts[1:]
	}
	if len(c.Fields) < 3 {
		return nil
	}
	// A server that reads what FROM does not name, as PostgreSQL once did, must not be told of others' relations.
	return w.existing(&pg_query.RangeVar{Schemaname: parts[0], Relname: parts[1], Location: c.Location}, w.dml)
}

// function lets a call through whose name is on the list, as PostgreSQL's own function.
func (w *writer) function(f *pg_query.FuncCall) error {
	schema, fn := functionName(f)
	if schema != "" {
		return w.names.fail(pgerr.UndefinedFunction, f.Location, "function %s.%s is not known", schema, fn)
	}
	if f.FuncVariadic || !writeFunctions()[fn] {
		return w.refuse(f.Location, "function %s is not supported", fn)
	}
	if len(f.Funcname) == 1 {
		f.Funcname = []*pg_query.Node{pg_query.MakeStrNode("pg_catalog"), pg_query.MakeStrNode(fn)}
	}
	return nil
}

// timeFunctions may stay functions in a definition: the server's clock is as good.
const timeFunctions = " now transaction_timestamp statement_timestamp clock_timestamp "

// writeFunctions are the names that reads may call too. Every function of PostgreSQL's own of these names is harmless.
var writeFunctions = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for key := range allowed() {
		name, _, _ := strings.Cut(key, "(")
		m[name] = true
	}
	for name := range windowFunctions {
		m[name] = true
	}
	for name := range strings.FieldsSeq(timeFunctions + "extract date_part date_trunc timezone to_char to_date to_timestamp round trunc concat " +
		"concat_ws json_extract_path json_extract_path_text regexp_replace generate_series") {
		m[name] = true
	}
	return m
})

// replace puts something else in a node's place: the session's values, and a query for a function in FROM.
func (w *writer) replace(n *pg_query.Node) error {
	switch x := n.Node.(type) {
	case *pg_query.Node_FuncCall:
		f := x.FuncCall
		_, fn := functionName(f)
		if !w.dml && strings.Contains(timeFunctions, " "+fn+" ") {
			return nil
		}
		e, ok, err := w.names.sessionFunction(fn, f, nil)
		if err != nil || !ok {
			return err
		}
		return w.value(n, e, f.Location)
	case *pg_query.Node_SqlvalueFunction:
		f := x.SqlvalueFunction
		if !w.dml && f.Op <= pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N {
			return nil
		}
		e, err := w.names.valueFunction(f)
		if err != nil {
			return err
		}
		return w.value(n, e, f.Location)
	case *pg_query.Node_RangeFunction:
		return w.fromFunction(n, x.RangeFunction)
	case *pg_query.Node_ResTarget:
		if t := x.ResTarget; t.Name == "" && t.Val != nil && t.Val.GetColumnRef() == nil && w.dml {
			t.Name = figureName(t.Val) // its expression may get another name
		}
	}
	return nil
}

func (w *writer) value(n *pg_query.Node, e *expr, pos int32) error {
	if !w.dml {
		return w.refuse(pos, "functions of the session are not supported in a definition")
	}
	var text *string
	if !e.isNull() {
		t, ok := constantText(e)
		if !ok {
			return w.refuse(pos, "this function of the session is not supported")
		}
		text = &t
	}
	c, err := typedNode(text, e.typ.OID)
	if err == nil {
		n.Node = c
	}
	return err
}

// fromFunction makes generate_series in FROM a subquery. The row of a function there is a plain value, and to the
// server x.f means f(x): that would be a call of any function whatever.
func (w *writer) fromFunction(n *pg_query.Node, f *pg_query.RangeFunction) error {
	items := []*pg_query.Node{}
	if len(f.Functions) == 1 {
		items = f.Functions[0].GetList().GetItems()
	}
	if len(items) == 0 || items[0].GetFuncCall() == nil || f.IsRowsfrom || f.Ordinality || len(f.Coldeflist) > 0 {
		return w.refuse(-1, "this form of a function in FROM is not supported")
	}
	call := items[0].GetFuncCall()
	if fn := operatorName(call.Funcname); fn != "generate_series" {
		return w.refuse(call.Location, "function %s in FROM is not supported", fn)
	}
	alias := f.Alias
	if alias == nil {
		alias = &pg_query.Alias{Aliasname: "generate_series"}
	}
	if len(alias.Colnames) == 0 {
		alias.Colnames = []*pg_query.Node{pg_query.MakeStrNode(alias.Aliasname)}
	}
	query := &pg_query.SelectStmt{
		TargetList:  []*pg_query.Node{pg_query.MakeResTargetNodeWithVal(items[0], -1)},
		LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE,
	}
	n.Node = &pg_query.Node_RangeSubselect{RangeSubselect: &pg_query.RangeSubselect{
		Lateral: true, Alias: alias, Subquery: &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: query}},
	}}
	return nil
}

// serialTypes are no types but stand for a column with a sequence of its own.
const serialTypes = " serial bigserial smallserial serial4 serial8 serial2 "

// typeName lets the types through that Tidegate knows, and arrays of them, as PostgreSQL's own.
func (w *writer) typeName(t *pg_query.TypeName) error {
	n, err := w.names.readTypeName(t)
	if err != nil {
		return err
	}
	if n.schema == "" && strings.Contains(serialTypes, " "+n.name+" ") && !w.dml {
		return nil
	}
	known := slices.ContainsFunc(pgtypes.Infos(), func(i pgtypes.Info) bool { return i.Name == n.name && i.OID != pgtypes.Unknown })
	if !known || n.schema != "" && n.schema != "pg_catalog" {
		return w.names.fail(pgerr.FeatureNotSupported, t.Location, "type %s is not supported", n.full())
	}
	t.Names = []*pg_query.Node{pg_query.MakeStrNode("pg_catalog"), pg_query.MakeStrNode(n.name)}
	return nil
}
