package sql

import (
	"maps"
	"slices"
	"strconv"
	"strings"

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
	"acldefault": true, "format_type": true, "pg_get_expr": true, "pg_get_constraintdef": true, "pg_get_indexdef": true, "pg_get_viewdef": true,
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
	"quote_ident": true, "quote_literal": true, "to_regclass": true, "to_regtype": true,
	"to_regproc": true, "to_regnamespace": true, "pg_postmaster_start_time": true,
	"pg_my_temp_schema": true, "pg_is_other_temp_schema": true, "pg_tablespace_location": true, "pg_tablespace_size": true, "pg_get_function_sqlbody": true,
	"pg_get_statisticsobjdef": true, "getdatabaseencoding": true, "pg_client_encoding": true, "pg_char_to_encoding": true,
	"quote_nullable": true, "pg_is_in_recovery": true, "pg_relation_filenode": true,
	"pg_relation_is_updatable": true, "has_tablespace_privilege": true, "pg_index_column_has_property": true,

	"pg_stat_get_analyze_count": true, "pg_stat_get_autoanalyze_count": true, "pg_stat_get_autovacuum_count": true,
	"pg_stat_get_blocks_fetched": true, "pg_stat_get_blocks_hit": true, "pg_stat_get_dead_tuples": true, "pg_stat_get_ins_since_vacuum": true,
	"pg_stat_get_last_analyze_time": true, "pg_stat_get_last_autoanalyze_time": true, "pg_stat_get_last_autovacuum_time": true,
	"pg_stat_get_last_vacuum_time": true, "pg_stat_get_live_tuples": true, "pg_stat_get_mod_since_analyze": true,
	"pg_stat_get_numscans": true, "pg_stat_get_tuples_deleted": true, "pg_stat_get_tuples_fetched": true,
	"pg_stat_get_tuples_hot_updated": true, "pg_stat_get_tuples_inserted": true, "pg_stat_get_tuples_returned": true,
	"pg_stat_get_tuples_updated": true, "pg_stat_get_vacuum_count": true,
}

// typeOf is the function that the binder answers itself: the type of an expression.
const typeOf = "pg_typeof"

// SystemFunctions gives the names of the functions that must be in schema pgc, in order.
func SystemFunctions() []string { return slices.Sorted(maps.Keys(systemFunctions)) }

// pathFunctions are those whose answer depends on the search path.
var pathFunctions = map[string]bool{
	"pg_table_is_visible": true, "pg_type_is_visible": true, "pg_function_is_visible": true, "to_regclass": true,
	"pg_get_constraintdef": true, "pg_get_indexdef": true, "pg_get_ruledef": true, "pg_get_viewdef": true, "pg_get_expr": true,
}

// pathColumns are the columns of system views whose texts name relations as the search path needs it.
var pathColumns = map[string]string{
	"pg_catalog.pg_views": "definition", "pg_catalog.pg_matviews": "definition", "pg_catalog.pg_rules": "definition",
	"information_schema.views": "view_definition", "information_schema.columns": "column_default",
}

// relationNames are the functions one of whose arguments may name a relation, which the search path finds: counted from the
// last one.
var relationNames = map[string]int{
	"pg_get_serial_sequence": 2, "has_table_privilege": 2, "has_any_column_privilege": 2, "has_column_privilege": 3,
}

// catalogOnly refuses what only queries of system relations have.
func (b *binder) catalogOnly(pos int32, format string, args ...any) error {
	b.catalogs = true
	return b.unsupported(pos, format, args...)
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
	if e.column != nil && e.typ.OID == pgtypes.Xid {
		e.sql = b.frozen(e.sql)
	}
	if e.column != nil && isReg(e.typ.OID) {
		e.regArg, e.sql = e.sql, b.regCall(e.typ.OID, "", e.sql)
	}
	return e
}

// byPath has the texts among a system view's columns written by the search path.
func (b *binder) byPath(r *Relation, columns []*visible) {
	if r.Class != ClassSystem {
		return
	}
	column := pathColumns[r.Name.String()]
	for _, v := range columns {
		if v.name == column {
			v.sql, v.column = "pgc.by_path("+v.sql+", "+b.pathList()+")", nil
		}
	}
}

// isReg reports whether t is an object's identity that reads and writes as its name.
func isReg(t pgtypes.OID) bool {
	return typeIs(t, oidRegclass, oidRegtype, oidRegproc, oidRegnamespace, oidRegrole)
}

// typeNamed is what pg_typeof says of args.
func (b *binder) typeNamed(t pgtypes.OID, args []*expr, pos int32) *expr {
	return b.typeCalled("CAST("+strconv.FormatUint(uint64(t), 10)+" AS UINTEGER)", args, pos)
}

func (b *binder) typeCalled(name string, args []*expr, pos int32) *expr {
	e := computed(oidRegtype, "", args...)
	e.regArg, e.pos = name, pos
	e.sql = b.regCall(oidRegtype, "", e.regArg)
	return e
}

// systemCall writes a catalog function.
func (b *binder) systemCall(sig *signature, args []*expr, pos int32) (*expr, error) {
	if write := sessionCalls[sig.name]; write != nil {
		return b.sessionCall(sig, write, args, pos), nil
	}
	if sig.name == typeOf && args[0].domain != "" {
		return b.typeCalled(quoteText(args[0].domain), args, pos), nil
	}
	if sig.name == typeOf {
		return b.typeNamed(args[0].oid(), args, pos), nil
	}
	if !systemFunctions[sig.name] || sig.set {
		return nil, b.notAllowed(sig, pos)
	}
	texts := sqlOf(args)
	for i, a := range args {
		if isReg(a.typ.OID) { // by number: a name would be looked up in the function's own search path
			texts[i] = b.regNumber(a)
		}
	}
	if back := relationNames[sig.name]; back > 0 && isText(args[len(args)-back].typ.OID) {
		at := len(args) - back
		if texts[at] = args[at].named; texts[at] == "" { // else it is not looked up by the name that was looked up for it
			texts[at] = b.regCall(oidRegclass, "_oid", args[at].sql)
		}
	}
	if pathFunctions[sig.name] {
		texts = append(texts, b.pathList())
	}
	e := computed(sig.result, "pgc."+sig.name+"("+strings.Join(texts, ", ")+")", args...)
	e.pos = pos
	return e, nil
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
	case isReg(from) && isText(to), from == oidACLItem && isText(to):
		return e.sql, nil
	case from == oidBit && (to == pgtypes.Int8 || to == pgtypes.Int4 && e.typ.Typmod < maxBits):
		return "CAST(" + e.sql + " AS " + t.DuckDB() + ")", nil
	case isVector(from) && isText(to):
		return "pgc.vector_out(" + e.sql + ")", nil
	}
	return "", b.unsupported(e.pos, "a cast from %s to %s", p.typeName(from), p.typeName(to))
}

func isVector(t pgtypes.OID) bool { return t == oidInt2Vector || t == oidOIDVector }

// systemLiteral types a literal as a type that only catalog queries use: regclass and the like.
func (b *binder) systemLiteral(text string, t pgtypes.Type) (*expr, error) {
	if isTransaction(t.OID) {
		return transactionLiteral(text, t)
	}
	if isReg(t.OID) {
		e := &expr{typ: t, pos: -1, scale: -1, regArg: quoteText(text)}
		if strings.Trim(text, "0123456789") == "" && text != "" {
			e.regArg = "CAST(" + text + " AS UINTEGER)"
		}
		e.sql = b.regCall(t.OID, "", e.regArg)
		return e, nil
	}
	return nil, pgerr.New(pgerr.FeatureNotSupported, "a literal of type %s is not supported yet", postgresTables().typeName(t.OID))
}

// systemOutput makes an object's number and name one text, an int2vector or oidvector its text, and so an array whose
// elements have no codec.
func (b *binder) systemOutput(e *expr) *expr {
	if !b.system || e.untyped() {
		return e
	}
	out := *e
	switch _, known := pgtypes.ElementOf(e.typ.OID); {
	case e.fromZero && !isVector(e.typ.OID):
		out.sql = "(" + boundsText(e.sql) + "pgc.array_out(" + e.sql + "))"
	case isReg(e.typ.OID):
		out.sql = "(" + b.regNumber(e) + " || ' ' || " + e.sql + ")"
	case isVector(e.typ.OID):
		out.sql = "pgc.vector_out(" + e.sql + ")"
	case isTransaction(e.typ.OID):
		out.sql = "CAST(" + e.sql + " AS VARCHAR)"
	case e.typ.OID == pgtypes.ACLItemArray:
		out.sql = "pgc.array_out(" + e.sql + ")"
	case postgresTables().category(e.typ.OID) == 'A' && !known:
		out.sql, out.typ = "pgc.array_out("+e.sql+")", pgtypes.Of(pgtypes.Text)
	}
	return &out
}
