package sql

import (
	"maps"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// Queries of system relations run on the catalog's own DuckDB, which has a schema pgc with what PostgreSQL's
// catalog functions become there. The naming rule:
//
//   - a function f(a, b) becomes pgc.f(a, b), a macro or a function registered under that name, for every f in
//     systemFunctions; arguments have PostgreSQL's types (oid is UINTEGER; name, "char" and text are VARCHAR,
//     arrays are lists);
//   - x::regclass becomes pgc.regclass(x): the name as text, of a text or an oid; x::regclass::oid becomes
//     pgc.regclass_oid(x), of a text or an oid; the same for regtype, regproc, regnamespace and regrole;
//   - what depends on the search path has it as its last argument, a list of names, pg_catalog first if it is not
//     set otherwise: regclass, to_regclass and the functions of pathFunctions;
//   - a column of type regproc holds an oid and reads as pgc.regproc(x); the same for the others;
//   - an array in the result stays a list, as text it is pgc.array_out(x), {a,b}; int2vector and oidvector columns are
//     lists and become pgc.vector_out(x), "1 2";
//   - x = ANY(list) becomes list_contains and the like, ARRAY(SELECT …) becomes (SELECT list(…)),
//     list[n] is list[n] (int2vector counts from 0: the column's list is shifted by one here), COLLATE is dropped,
//     OPERATOR(pg_catalog.~) is ~, and a quoted number beside an oid is an oid.

// systemFunctions are the catalog functions that run as pgc.<name>. Types come from PostgreSQL's pg_proc.
var systemFunctions = map[string]bool{
	"format_type": true, "pg_get_expr": true, "pg_get_constraintdef": true, "pg_get_indexdef": true, "pg_get_viewdef": true,
	"pg_get_ruledef": true, "pg_get_triggerdef": true, "pg_get_statisticsobjdef_columns": true, "pg_get_userbyid": true,
	"pg_get_function_result": true, "pg_get_function_arguments": true, "pg_get_function_identity_arguments": true,
	"pg_get_partkeydef": true, "pg_get_serial_sequence": true,
	"pg_table_is_visible": true, "pg_type_is_visible": true, "pg_function_is_visible": true, "pg_operator_is_visible": true,
	"pg_collation_is_visible": true, "pg_opclass_is_visible": true, "pg_statistics_obj_is_visible": true,
	"pg_opfamily_is_visible": true, "pg_conversion_is_visible": true, "pg_ts_config_is_visible": true, "pg_ts_dict_is_visible": true,
	"pg_ts_parser_is_visible": true, "pg_ts_template_is_visible": true,
	"obj_description": true, "col_description": true, "shobj_description": true, "pg_encoding_to_char": true,
	"pg_relation_is_publishable": true, "pg_column_is_updatable": true, "pg_relation_size": true, "pg_total_relation_size": true,
	"pg_table_size": true, "pg_indexes_size": true, "pg_size_pretty": true, "pg_database_size": true,
	"has_schema_privilege": true, "has_table_privilege": true, "has_any_column_privilege": true, "has_column_privilege": true,
	"has_database_privilege": true, "has_function_privilege": true, "has_type_privilege": true, "pg_has_role": true,
	"array_to_string": true, "array_remove": true, "array_upper": true, "array_lower": true, "array_length": true,
	"string_to_array": true, "quote_ident": true, "quote_literal": true, "to_regclass": true, "to_regtype": true,
	"to_regproc": true, "to_regnamespace": true, "pg_postmaster_start_time": true, "pg_advisory_unlock_all": true,
	"pg_my_temp_schema": true, "pg_is_other_temp_schema": true, "pg_tablespace_location": true, "pg_tablespace_size": true, "pg_get_function_sqlbody": true,
	"pg_get_statisticsobjdef": true, "getdatabaseencoding": true, "pg_client_encoding": true, "pg_char_to_encoding": true,
	"quote_nullable": true, "cardinality": true, "pg_is_in_recovery": true, "pg_relation_filenode": true,
	"pg_relation_is_updatable": true, "has_tablespace_privilege": true,
}

// SystemFunctions gives the names of the functions that must be in schema pgc, in order.
func SystemFunctions() []string { return slices.Sorted(maps.Keys(systemFunctions)) }

// pathFunctions are those whose answer depends on the search path.
var pathFunctions = map[string]bool{
	"pg_table_is_visible": true, "pg_type_is_visible": true, "pg_function_is_visible": true, "to_regclass": true,
}

// pathList is the search path as DuckDB reads it.
func (b *binder) pathList() string {
	var items []string
	for _, s := range b.schemas(true) {
		items = append(items, quoteText(s))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// regCall writes pgc.regclass(x) and the like; suffix "_oid" gives the number.
func (b *binder) regCall(t pgtypes.OID, suffix, x string) string {
	if t == oidRegclass {
		x += ", " + b.pathList()
	}
	return "pgc." + postgresTables().types[t].name + suffix + "(" + x + ")"
}

// regNumber writes the object's number of an expression that reads as its name.
func (b *binder) regNumber(e *expr) string {
	if e.regArg != "" {
		return b.regCall(e.typ.OID, "_oid", e.regArg)
	}
	return b.regCall(e.typ.OID, "_oid", e.sql)
}

// regColumn makes a column that holds an object's number read as its name.
func (b *binder) regColumn(e *expr) *expr {
	if e.column != nil && isReg(e.typ.OID) {
		e.regArg, e.sql = e.sql, b.regCall(e.typ.OID, "", e.sql)
	}
	return e
}

// isReg reports whether t is an object's identity that reads and writes as its name.
func isReg(t pgtypes.OID) bool {
	return typeIs(t, oidRegclass, oidRegtype, oidRegproc, oidRegnamespace, oidRegrole)
}

// systemCall writes a catalog function.
func (b *binder) systemCall(sig *signature, args []*expr, pos int32) (*expr, error) {
	if !systemFunctions[sig.name] || sig.set {
		return nil, b.notAllowed(sig, pos)
	}
	texts := sqlOf(args)
	for i, a := range args {
		if isReg(a.typ.OID) { // by number: a name would be looked up in the function's own search path
			texts[i] = b.regNumber(a)
		}
	}
	if pathFunctions[sig.name] {
		texts = append(texts, b.pathList())
	}
	e := computed(sig.result, "pgc."+sig.name+"("+strings.Join(texts, ", ")+")", args...)
	if typeIs(sig.result, oidAnyArray, oidAnyCompArray) && len(args) > 0 {
		e.typ = args[0].typ
	}
	e.pos = pos
	return e, nil
}

// systemAggregate gives array_agg of a scalar, which only catalog queries have: nil for any other.
func systemAggregate(sig *signature, args []*expr) *function {
	if sig.name != "array_agg" || len(args) != 1 || postgresTables().types[args[0].typ.OID].array == 0 {
		return nil
	}
	return &function{name: sig.name, text: "list($1)", as: postgresTables().types[args[0].typ.OID].array}
}

// systemCast writes the casts that only catalog queries use.
func (b *binder) systemCast(e *expr, t pgtypes.Type) (string, error) {
	p := postgresTables()
	from, to := e.typ.OID, t.OID
	switch {
	case isReg(to) && (isText(from) || isInteger(from) || from == pgtypes.OIDType || isReg(from)):
		arg := e.sql
		if e.regArg != "" {
			arg = b.regCall(from, "_oid", e.regArg)
		}
		return b.regCall(to, "", arg), nil
	case isReg(from) && (to == pgtypes.OIDType || isInteger(to)):
		return "CAST(" + b.regNumber(e) + " AS " + t.DuckDB() + ")", nil
	case isReg(from) && isText(to):
		return e.sql, nil
	case isVector(from) && isText(to):
		return "pgc.vector_out(" + e.sql + ")", nil
	case p.category(from) == 'A' && isText(to):
		return "pgc.array_out(" + e.sql + ")", nil
	case p.category(from) == 'A' && p.category(to) == 'A':
		return "CAST(" + e.sql + " AS " + duckType(pgtypes.Of(p.types[to].element)) + "[])", nil
	}
	return "", b.unsupported(e.pos, "a cast from %s to %s", p.typeName(from), p.typeName(to))
}

func isVector(t pgtypes.OID) bool { return t == oidInt2Vector || t == oidOIDVector }

// systemLiteral types a literal as a type that only catalog queries use: regclass and the like, arrays.
func (b *binder) systemLiteral(text string, t pgtypes.Type) (*expr, error) {
	p := postgresTables()
	switch {
	case isReg(t.OID):
		e := &expr{typ: t, pos: -1, scale: -1, regArg: quoteText(text)}
		if strings.Trim(text, "0123456789") == "" && text != "" {
			e.regArg = "CAST(" + text + " AS UINTEGER)"
		}
		e.sql = b.regCall(t.OID, "", e.regArg)
		return e, nil
	case p.category(t.OID) == 'A':
		items, ok := arrayItems(text)
		if !ok {
			return nil, pgerr.New(pgerr.InvalidTextRepresentation, "malformed array literal: %q", text)
		}
		element := pgtypes.Of(p.types[t.OID].element)
		var texts []string
		for _, i := range items {
			e, err := b.readText(i, element)
			if err != nil {
				return nil, err
			}
			texts = append(texts, e.sql)
		}
		return constantOf(t.OID, "CAST(["+strings.Join(texts, ", ")+"] AS "+duckType(element)+"[])"), nil
	}
	return nil, pgerr.New(pgerr.FeatureNotSupported, "a literal of type %s is not supported yet", p.typeName(t.OID))
}

// arrayItems reads a one-dimensional array literal, {a,"b c"}.
func arrayItems(text string) ([]string, bool) {
	body, opened := strings.CutPrefix(strings.TrimSpace(text), "{")
	body, closed := strings.CutSuffix(body, "}")
	if !opened || !closed || strings.ContainsAny(body, "{}") {
		return nil, false
	}
	if strings.TrimSpace(body) == "" {
		return nil, true
	}
	var items []string
	var item strings.Builder
	quoted := false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '\\' && i+1 < len(body):
			i++
			item.WriteByte(body[i])
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			items = append(items, item.String())
			item.Reset()
		default:
			item.WriteByte(c)
		}
	}
	return append(items, item.String()), !quoted
}

// arrayExpr binds ARRAY[a, b].
func (b *binder) arrayExpr(n *pg_query.A_ArrayExpr, sc *scope) (*expr, error) {
	return b.arrayOf(n, sc, 0)
}

// arrayOf binds ARRAY[…] with elements of a known type, or of their common type.
func (b *binder) arrayOf(n *pg_query.A_ArrayExpr, sc *scope, element pgtypes.OID) (*expr, error) {
	if !b.system {
		return nil, b.unsupported(n.Location, "an array")
	}
	items, err := b.exprs(n.Elements, sc)
	if err != nil {
		return nil, err
	}
	if element == 0 {
		var t pgtypes.Type
		if items, t, err = b.unify(append(items, &expr{lit: &Arg{Null: true}, pos: -1}), "ARRAY", n.Location); err != nil {
			return nil, err
		}
		items, element = items[:len(items)-1], t.OID
	}
	for i := range items {
		if items[i], err = b.coerce(items[i], element); err != nil {
			return nil, err
		}
	}
	e := computed(postgresTables().types[element].array, "["+strings.Join(sqlOf(items), ", ")+"]", items...)
	e.pos = n.Location
	return e, nil
}

// arraySubquery binds ARRAY(SELECT x … ORDER BY …).
func (b *binder) arraySubquery(n *pg_query.SubLink, p *selectParts) (*expr, error) {
	if !b.system {
		return nil, b.unsupported(n.Location, "an array")
	}
	if err := b.settleTargets(p); err != nil {
		return nil, err
	}
	t := p.targets[0].e.typ.OID
	text := "(SELECT coalesce(list(x.v), []) FROM (" + b.compose(p, []string{"v"}) + ") AS x)"
	return &expr{typ: pgtypes.Of(postgresTables().types[t].array), sql: text, pos: n.Location, scale: -1, bare: p.outerRefs}, nil
}

// arrayOperator binds x op ANY (array) and x op ALL (array).
func (b *binder) arrayOperator(op string, n *pg_query.A_Expr, sc *scope) (*expr, error) {
	all := n.Kind == pg_query.A_Expr_Kind_AEXPR_OP_ALL
	if a := n.Rexpr.GetAArrayExpr(); a != nil && (op == "=" && !all || op == "<>" && all) {
		// x = ANY (ARRAY[a, b]) is x IN (a, b), on every engine.
		in := &pg_query.A_Expr{Lexpr: n.Lexpr, Location: n.Location, Rexpr: pg_query.MakeListNode(a.Elements)}
		return b.inList(all, in, sc)
	}
	if !b.system {
		return nil, b.unsupported(n.Location, "ANY and ALL of an array")
	}
	l, r, err := b.operands(n, sc)
	if err != nil {
		return nil, err
	}
	p := postgresTables()
	if r.untyped() {
		if r, err = b.coerce(r, p.types[orText(l.oid())].array); err != nil {
			return nil, err
		}
	}
	element := p.types[r.typ.OID].element
	if element == 0 || p.category(r.typ.OID) != 'A' {
		return nil, b.fail("42809", n.Location, "op ANY/ALL (array) requires array on right side")
	}
	if l, err = b.settleAs(l, element); err != nil {
		return nil, err
	}
	var text string
	switch {
	case op == "=" && !all:
		text = "list_contains(" + r.sql + ", " + l.sql + ")"
	case op == "<>" && all:
		text = "(NOT list_contains(" + r.sql + ", " + l.sql + "))"
	default:
		return nil, b.unsupported(n.Location, "%s ANY/ALL (array)", op)
	}
	return computed(pgtypes.Bool, text, l, r), nil
}

func (b *binder) settleAs(e *expr, t pgtypes.OID) (*expr, error) {
	if e.untyped() {
		return b.coerce(e, t)
	}
	return e, nil
}

// indirection binds array[n].
func (b *binder) indirection(n *pg_query.A_Indirection, sc *scope) (*expr, error) {
	if !b.system || len(n.Indirection) != 1 || n.Indirection[0].GetAIndices() == nil || n.Indirection[0].GetAIndices().IsSlice {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "a field or an element of a value is not supported yet")
	}
	a, err := b.expr(n.Arg, sc)
	if err != nil {
		return nil, err
	}
	i, err := b.expr(n.Indirection[0].GetAIndices().Uidx, sc)
	if err == nil {
		i, err = b.coerce(i, pgtypes.Int4)
	}
	if err != nil {
		return nil, err
	}
	element := postgresTables().types[a.typ.OID].element
	if element == 0 {
		return nil, b.fail(pgerr.DatatypeMismatch, a.pos, "cannot subscript type %s because it does not support subscripting", typeText(a.typ))
	}
	at := i.sql
	if isVector(a.typ.OID) {
		at += " + 1" // int2vector counts from 0
	}
	return computed(element, a.sql+"["+at+"]", a, i), nil
}

// concatenateArrays writes || of two arrays or of an array and an element. A NULL array counts as an empty one.
func (b *binder) concatenateArrays(sig *signature, x, y *expr) *expr {
	p := postgresTables()
	l, r, array := x.sql, y.sql, x.typ
	switch {
	case !isArrayParam(sig.args[0]):
		l, array = "["+l+"]", y.typ
	case !isArrayParam(sig.args[1]):
		r = "[" + r + "]"
	case p.category(x.typ.OID) != 'A':
		array = y.typ
	}
	return computed(array.OID, "pgc.array_cat("+l+", "+r+")", x, y)
}

func isArrayParam(t pgtypes.OID) bool { return typeIs(t, oidAnyArray, oidAnyCompArray) }

// arrayOutput makes an int2vector or oidvector in the result its text, and so an array that no client knows.
func (b *binder) arrayOutput(e *expr) *expr {
	if !b.system || e.untyped() {
		return e
	}
	out := *e
	switch _, known := pgtypes.ElementOf(e.typ.OID); {
	case isVector(e.typ.OID):
		out.sql, out.typ = "pgc.vector_out("+e.sql+")", pgtypes.Of(pgtypes.Text)
	case postgresTables().category(e.typ.OID) == 'A' && !known:
		out.sql, out.typ = "pgc.array_out("+e.sql+")", pgtypes.Of(pgtypes.Text)
	}
	return &out
}
