package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// set is a call of a function that returns rows. It is lists, one for each column, which are unnested side by side: the
// shorter ones end in NULLs. rows, if it is set, is a subquery that gives the same without holding a list.
type set struct {
	columns []setColumn
	rows    string
	row     bool // a row of it is a value of its own: PostgreSQL's function returns records
}

// setColumn is a column of a set: e has the type of its values, and the text of the list. name is "" for what is named
// after the function.
type setColumn struct {
	name string
	e    *expr
}

// isSet reports whether the functions of the name return sets.
func isSet(fn string) bool {
	known := postgresTables().functions[fn]
	return len(known) > 0 && known[0].set
}

// jsonSets are the functions that take json apart: the columns that they have and what makes the lists of them.
var jsonSets = map[string][]struct{ name, list string }{
	"json_array_elements":      {{"value", "tg_json_elements"}},
	"json_array_elements_text": {{"value", "tg_json_elements_text"}},
	"json_object_keys":         {{"", "tg_json_keys"}},
	"json_each":                {{"key", "tg_json_each_keys"}, {"value", "tg_json_each_values"}},
	"json_each_text":           {{"key", "tg_json_each_keys"}, {"value", "tg_json_each_texts"}},
}

// fieldsOf gives the names of the fields of a function that returns rows; nil if they are not known, or it has none.
func fieldsOf(fn string) (names []string) {
	if fn == expandArray {
		return []string{"x", "n"}
	}
	for _, f := range systemSets[fn] {
		names = append(names, f.name)
	}
	if of := jsonSets[strings.Replace(fn, "jsonb", "json", 1)]; len(of) > 1 {
		for _, f := range of {
			names = append(names, f.name)
		}
	}
	return names
}

// set binds a function that returns rows.
func (b *binder) set(fn string, args []*expr, pos int32) (*set, error) {
	plain := strings.Replace(fn, "jsonb", "json", 1)
	switch {
	case fn == "unnest":
		return b.unnest(args, pos)
	case fn == "generate_series":
		return b.series(args, pos)
	case fn == "generate_subscripts":
		return b.subscripts(args, pos)
	case fn == expandArray:
		return b.expandedArray(args, pos)
	case jsonSets[plain] != nil:
		return b.jsonSet(fn, plain, args, pos)
	case fn == "string_to_table":
		return b.stringToTable(args, pos)
	case fn == "pg_listening_channels" && b.system && len(args) == 0:
		return b.listening(), nil
	case fn == "pg_partition_ancestors" && b.system:
		// Nothing has any.
		return &set{columns: []setColumn{{"relid", computed(oidRegclass, "CAST(list_value() AS UINTEGER[])")}}}, nil
	case systemSets[fn] != nil:
		return b.systemSet(fn, args, pos)
	}
	sig, args, err := b.resolve(fn, args, pos)
	if err != nil {
		return nil, err
	}
	f := allowed()[sig.key()]
	if f == nil || !sig.set {
		return nil, b.notAllowed(sig, pos)
	}
	return &set{columns: []setColumn{{"", computed(sig.result, f.write(f.text, args), args...)}}}, nil
}

// listColumn makes a column of an array.
func listColumn(name string, list *expr) setColumn {
	e := computed(elementType(list.typ).OID, list.sql, list)
	e.typ, e.scale, e.wide = elementType(list.typ), list.scale, list.wide
	return setColumn{name, e}
}

// unnest binds unnest(array, …).
func (b *binder) unnest(args []*expr, pos int32) (*set, error) {
	if len(args) == 0 {
		return nil, b.noFunction("unnest", args, pos)
	}
	s := &set{row: len(args) > 1}
	for _, a := range args {
		sig, list, err := b.resolve("unnest", []*expr{a}, pos)
		if err != nil {
			return nil, err
		}
		if !isArray(list[0].typ.OID) {
			return nil, b.notAllowed(sig, pos)
		}
		column := listColumn("", list[0])
		if s.row {
			column.name = "unnest"
		}
		s.columns = append(s.columns, column)
	}
	return s, nil
}

// expandArray is the one function of information_schema that drivers call.
const expandArray = "_pg_expandarray"

// expandedArray binds information_schema._pg_expandarray, by which drivers read keys: elements and their numbers from 1.
func (b *binder) expandedArray(args []*expr, pos int32) (*set, error) {
	_, args, err := b.resolve(expandArray, args, pos)
	if err != nil {
		return nil, err
	}
	elements := listColumn("x", args[0])
	numbers := computed(pgtypes.Int4, "CAST(generate_series(1, len("+args[0].sql+")) AS INTEGER[])", args...)
	return &set{columns: []setColumn{elements, {"n", numbers}}, row: true}, nil
}

func (b *binder) subscripts(args []*expr, pos int32) (*set, error) {
	vector := len(args) > 0 && countsFromZero(args[0]) // which the function takes as an array like others
	sig, args, err := b.resolve("generate_subscripts", args, pos)
	if err != nil {
		return nil, err
	}
	first, last := "1", "CAST(len("+args[0].sql+") AS INTEGER)"
	if vector {
		first, last = "0", "("+last+" - 1)"
	}
	list := "CASE WHEN " + args[1].sql + " = 1 THEN CAST(generate_series(" + first + ", " + last + ") AS INTEGER[]) END"
	if len(args) == 3 {
		list = "CASE WHEN " + args[2].sql + " THEN list_reverse(" + list + ") WHEN NOT " + args[2].sql + " THEN " + list + " END"
	}
	return &set{columns: []setColumn{{"", computed(sig.result, list, args...)}}}, nil
}

// jsonSet binds json_each and its like, plain being the name without the b of jsonb.
func (b *binder) jsonSet(fn, plain string, args []*expr, pos int32) (*set, error) {
	_, args, err := b.resolve(fn, args, pos)
	if err != nil {
		return nil, err
	}
	s := &set{row: len(jsonSets[plain]) > 1}
	for _, c := range jsonSets[plain] {
		t := pgtypes.Text
		if c.name == "value" && !strings.HasSuffix(plain, "_text") {
			t = args[0].typ.OID
		}
		s.columns = append(s.columns, setColumn{c.name, computed(t, c.list+"("+args[0].sql+", "+quoteText(fn)+")", args...)})
	}
	return s, nil
}

func (b *binder) stringToTable(args []*expr, pos int32) (*set, error) {
	_, args, err := b.resolve("string_to_table", args, pos)
	if err != nil {
		return nil, err
	}
	nulls := "NULL"
	if len(args) == 3 {
		nulls = args[2].sql
	}
	return &set{columns: []setColumn{{"", computed(pgtypes.Text, "tg_string_to_array("+args[0].sql+", "+args[1].sql+", "+nulls+")", args...)}}}, nil
}

// definedSet binds json_to_recordset and json_to_record, whose columns the statement defines.
func (b *binder) definedSet(fn string, args []*expr, definitions []*pg_query.Node, pos int32) (*set, error) {
	_, args, err := b.resolve(fn, args, pos)
	if err != nil {
		return nil, err
	}
	var rows *expr
	switch strings.Replace(fn, "jsonb", "json", 1) {
	case "json_to_recordset":
		rows = computed(oidTextArray, "tg_json_objects(tg_json_elements("+args[0].sql+", "+quoteText(fn)+"), "+quoteText(fn)+")", args...)
	case "json_to_record":
		rows = computed(oidTextArray, "tg_json_objects("+listOf([]string{args[0].sql})+", "+quoteText(fn)+")", args...)
	default:
		return nil, b.unsupported(pos, "a column definition list of %s", fn)
	}
	s := &set{}
	for _, d := range definitions {
		c := d.GetColumnDef()
		t, err := b.definedType(c)
		if err != nil {
			return nil, err
		}
		list, err := b.each(rows, func(row *expr) (*expr, error) { return b.member(row, c.Colname, t, args[0].typ.OID) })
		if err != nil {
			return nil, err
		}
		s.columns = append(s.columns, listColumn(c.Colname, list))
	}
	return s, nil
}

// definedType is the type of a column of a column definition list.
func (b *binder) definedType(c *pg_query.ColumnDef) (pgtypes.Type, error) {
	n, err := b.readTypeName(c.TypeName)
	if err != nil {
		return pgtypes.Type{}, err
	}
	return b.typeOf(n)
}

// member gives an object's member as a value of type t.
func (b *binder) member(row *expr, key string, t pgtypes.Type, json pgtypes.OID) (*expr, error) {
	fn := "tg_json_field_text("
	if isJSON(t.OID) {
		fn = "tg_json_field("
	}
	text := computed(pgtypes.Text, fn+row.sql+", "+quoteText(key)+")", row)
	switch {
	case isArray(t.OID):
		return nil, b.unsupported(row.pos, "a column of type %s of json", typeText(t))
	case isJSON(t.OID) && (t.OID == json || t.OID == pgtypes.JSON):
		return computed(t.OID, text.sql, text), nil
	}
	return b.cast(text, t)
}

// setAllowed checks that a function that returns sets may stand where it does.
func (b *binder) setAllowed(n *pg_query.FuncCall, sc *scope) error {
	switch {
	case sc.sets:
		return nil
	case sc.inCall:
		return b.fail(pgerr.FeatureNotSupported, n.Location, "aggregate function calls cannot contain set-returning function calls").
			WithHint("You might be able to move the set-returning function into a LATERAL FROM item.")
	case sc.inWindow:
		return b.fail(pgerr.FeatureNotSupported, n.Location, "window function calls cannot contain set-returning function calls").
			WithHint("You might be able to move the set-returning function into a LATERAL FROM item.")
	case sc.clause != "":
		return b.fail(pgerr.FeatureNotSupported, n.Location, "set-returning functions are not allowed in %s", sc.clause)
	}
	return b.unsupported(n.Location, "a set-returning function in this place")
}

// withoutSets binds what may hold no function that returns sets.
func (b *binder) withoutSets(sc *scope, clause string, bind func() (*expr, error)) (*expr, error) {
	oldSets, oldClause := sc.sets, sc.clause
	sc.sets, sc.clause = false, clause
	defer func() { sc.sets, sc.clause = oldSets, oldClause }()
	return bind()
}

// selectSet binds a set-returning function in a list of output columns: every row becomes as many as the function
// gives.
func (b *binder) selectSet(fn string, n *pg_query.FuncCall, sc *scope) (*expr, error) {
	if err := b.setAllowed(n, sc); err != nil {
		return nil, err
	}
	args, err := b.exprs(n.Args, sc)
	if err != nil {
		return nil, err
	}
	for _, a := range args {
		if a.scopes.set {
			return nil, b.unsupported(n.Location, "a set-returning function of another one")
		}
	}
	s, err := b.set(fn, args, n.Location)
	if err != nil {
		return nil, err
	}
	var fields []field
	for i, c := range s.columns {
		e := *c.e
		e.sql, e.pos = "unnest("+c.e.sql+")", n.Location
		e.scopes.set = true
		if c.name == "" {
			c.name = "f" + itoa(i+1)
		}
		fields = append(fields, field{c.name, &e})
	}
	if !s.row {
		return fields[0].e, nil
	}
	return b.row(fields, n.Location)
}
