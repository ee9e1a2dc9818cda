package sql

import (
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// json and jsonb are texts of DuckDB; jsonb has its normal form. DuckDB's own functions of JSON are not used: they read
// numbers as doubles, take more than JSON, and put another meaning on paths.

func isJSON(t pgtypes.OID) bool { return t == pgtypes.JSON || t == pgtypes.JSONB }

// jsonOperators are the operators by what stands on the right side.
var jsonOperators = map[string]string{
	"-> text": "tg_json_field", "->> text": "tg_json_field_text", "-> int4": "tg_json_element", "->> int4": "tg_json_element_text",
	"#> _text": "tg_json_path", "#>> _text": "tg_json_path_text",
	"@> jsonb": "tg_jsonb_contains", "? text": "tg_jsonb_exists", "?| _text": "tg_jsonb_exists_any", "?& _text": "tg_jsonb_exists_all",
	"|| jsonb": "tg_jsonb_concat", "- text": "tg_jsonb_delete", "- _text": "tg_jsonb_delete_keys", "- int4": "tg_jsonb_delete_element",
	"#- _text": "tg_jsonb_delete_path",
}

// jsonOperator writes an operator whose left side is json or jsonb.
func (b *binder) jsonOperator(op string, sig *signature, x, y *expr, pos int32) (*expr, error) {
	right := postgresTables().types[sig.args[1]].name
	switch {
	case flip[op] != "" && right == "jsonb":
		return computed(pgtypes.Bool, "(tg_jsonb_key("+x.sql+") "+op+" tg_jsonb_key("+y.sql+"))", x, y), nil
	case op == "<@":
		return computed(pgtypes.Bool, "tg_jsonb_contains("+y.sql+", "+x.sql+")", x, y), nil
	}
	fn := jsonOperators[op+" "+right]
	if right == "int4" && x.typ.OID == pgtypes.JSONB {
		fn = strings.Replace(fn, "json_element", "jsonb_element", 1)
	}
	if fn == "" {
		return nil, b.unsupported(pos, "operator %s %s %s", typeText(x.typ), op, postgresTables().typeName(sig.args[1]))
	}
	return computed(sig.result, fn+"("+x.sql+", "+y.sql+")", x, y), nil
}

// jsonCast writes the casts from and to json and jsonb.
func (b *binder) jsonCast(e *expr, t pgtypes.Type) (string, error) {
	from, to := e.typ.OID, t.OID
	switch {
	case isText(from) && to == pgtypes.JSON:
		return "tg_json_in(" + e.sql + ")", nil
	case (isText(from) || from == pgtypes.JSON) && to == pgtypes.JSONB:
		return "tg_jsonb_in(" + e.sql + ")", nil
	case from == pgtypes.JSONB && to == pgtypes.JSON:
		return e.sql, nil
	case isJSON(from) && isText(to):
		return textCast(e, t), nil
	case from == pgtypes.JSONB && to == pgtypes.Bool:
		return "tg_jsonb_bool(" + e.sql + ")", nil
	case from == pgtypes.JSONB && (isInteger(to) || isFloat(to)):
		fn := "tg_num_" + postgresTables().types[to].name
		return fn + "(tg_jsonb_number(" + e.sql + ", " + quoteText(typeText(t)) + "))", nil
	case castExists(from, to):
		return "", b.unsupported(e.pos, "a cast from %s to %s", typeText(e.typ), typeText(t))
	}
	return "", b.fail("42846", e.pos, "cannot cast type %s to %s", typeText(e.typ), typeText(t))
}

// jsonCall binds the functions of json whose text depends on the types or the number of their arguments. ok is false if
// fn is none.
func (b *binder) jsonCall(fn string, args []*expr, pos int32) (e *expr, ok bool, err error) {
	switch strings.Replace(fn, "jsonb", "json", 1) {
	case "json_extract_path", "json_extract_path_text":
		e, err = b.jsonPath(fn, args, pos)
	case "to_json":
		e, err = b.toJSON(fn, args, pos)
	case "array_to_json", "row_to_json":
		e, err = b.partsToJSON(fn, args, pos)
	case "json_build_array":
		e, err = b.jsonBuildArray(args)
	case "json_build_object":
		e, err = b.jsonBuildObject(fn, args)
	case "json_set", "json_insert":
		e, err = b.jsonEdit(fn, args, pos)
	default:
		return nil, false, nil
	}
	if err != nil {
		return nil, true, err
	}
	if strings.Contains(fn, "jsonb_build") || fn == "to_jsonb" {
		e.sql, e.typ, e.wide = "tg_jsonb_in("+e.sql+")", pgtypes.Of(pgtypes.JSONB), true
	}
	e.pos = pos
	return e, true, nil
}

// jsonPath binds json_extract_path(value, key, …).
func (b *binder) jsonPath(fn string, args []*expr, pos int32) (*expr, error) {
	if len(args) < 2 {
		return nil, b.noFunction(fn, args, pos)
	}
	t, result := pgtypes.JSON, pgtypes.JSON
	if strings.HasPrefix(fn, "jsonb") {
		t, result = pgtypes.JSONB, pgtypes.JSONB
	}
	text := "tg_json_path("
	if strings.HasSuffix(fn, "_text") {
		text, result = "tg_json_path_text(", pgtypes.Text
	}
	if !postgresTables().coercible(args[0].oid(), t) {
		return nil, b.noFunction(fn, args, pos)
	}
	list := make([]*expr, len(args))
	for i, a := range args {
		want := pgtypes.Text
		if i == 0 {
			want = t
		} else if !postgresTables().coercible(a.oid(), want) {
			return nil, b.noFunction(fn, args, pos)
		}
		var err error
		if list[i], err = b.coerce(a, want); err != nil {
			return nil, err
		}
	}
	return computed(result, text+list[0].sql+", "+listOf(sqlOf(list[1:]))+")", list...), nil
}

// jsonEdit binds jsonb_set and jsonb_insert, whose last argument may be left out.
func (b *binder) jsonEdit(fn string, args []*expr, pos int32) (*expr, error) {
	sig, args, err := b.resolve(fn, args, pos)
	if err != nil {
		return nil, err
	}
	if len(args) == 3 {
		args = append(args, boolConstant(fn == "jsonb_set"))
	}
	return computed(sig.result, "tg_"+fn+"("+strings.Join(sqlOf(args), ", ")+")", args...), nil
}

// jsonText gives the text that a value has inside json: NULL stays NULL.
func (b *binder) jsonText(e *expr) (*expr, error) {
	t := e.typ.OID
	switch {
	case e.fields != nil:
		return b.jsonRow(e, "','")
	case t == pgtypes.Record:
		return nil, b.unsupported(e.pos, "json of a row whose columns are not known")
	case isJSON(t):
		return b.cast(e, pgtypes.Of(pgtypes.Text))
	case t == pgtypes.Bool:
		return b.cast(e, pgtypes.Of(pgtypes.Text))
	case isFloat(t) && b.env.Style.FewerDigits > 0:
		return computed(pgtypes.Text, "tg_json_numeric("+b.floatText(e.sql)+")", e), nil
	case isFloat(t):
		return computed(pgtypes.Text, "tg_json_"+postgresTables().types[t].name+"("+e.sql+")", e), nil
	case isMoment(t):
		return computed(pgtypes.Text, "tg_json_time("+b.isoText(e).sql+")", e), nil
	case isArray(t):
		items, err := b.each(e, b.jsonText)
		if err != nil {
			return nil, err
		}
		return computed(pgtypes.Text, "tg_json_array("+items.sql+", ',')", e), nil
	}
	text, err := b.outText(e)
	switch {
	case err != nil:
		return nil, err
	case isInteger(t):
		return text, nil
	case t == pgtypes.Numeric:
		return computed(pgtypes.Text, "tg_json_numeric("+text.sql+")", e), nil
	}
	return computed(pgtypes.Text, "tg_json_quote("+text.sql+")", e), nil
}

// jsonTexts is jsonText of every argument, whatever their types.
func (b *binder) jsonTexts(args []*expr) ([]*expr, error) {
	out := make([]*expr, len(args))
	for i, a := range args {
		e, err := b.ofAnyType(a)
		if err == nil {
			out[i], err = b.jsonText(e)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// jsonKeyText gives the text of an object's key: what the value is inside json, without quotes.
func (b *binder) jsonKeyText(a *expr) (*expr, error) {
	e, err := b.ofAnyType(a)
	if err != nil {
		return nil, err
	}
	if e.fields != nil || isArray(e.typ.OID) || isJSON(e.typ.OID) {
		return nil, b.fail(pgerr.InvalidParameterValue, -1, "key value must be scalar, not array, composite, or json")
	}
	if isText(e.typ.OID) {
		return e, nil
	}
	text, err := b.jsonText(e)
	if err != nil || isInteger(e.typ.OID) || e.typ.OID == pgtypes.Bool {
		return text, err
	}
	return computed(pgtypes.Text, "tg_json_key("+text.sql+")", e), nil
}

func (b *binder) toJSON(fn string, args []*expr, pos int32) (*expr, error) {
	if len(args) != 1 {
		return nil, b.noFunction(fn, args, pos)
	}
	if args[0].untyped() {
		return nil, noPolymorphic()
	}
	e, err := b.jsonText(args[0])
	if err != nil {
		return nil, err
	}
	return computed(pgtypes.JSON, e.sql, e), nil
}

// partsToJSON binds array_to_json and row_to_json, with lines for the parts if the second argument says so.
func (b *binder) partsToJSON(fn string, args []*expr, pos int32) (*expr, error) {
	if _, _, err := b.resolve(fn, args, pos); err != nil {
		return nil, err
	}
	separator := "','"
	if len(args) == 2 {
		pretty, err := b.coerce(args[1], pgtypes.Bool)
		if err != nil {
			return nil, err
		}
		separator = "CASE WHEN " + pretty.sql + " THEN " + quoteText(",\n ") + " WHEN NOT " + pretty.sql + " THEN ',' END"
	}
	if fn == "row_to_json" {
		if args[0].fields == nil {
			return nil, b.unsupported(pos, "row_to_json of a row whose columns are not known")
		}
		return b.jsonRow(args[0], separator)
	}
	items, err := b.each(args[0], b.jsonText)
	if err != nil {
		return nil, err
	}
	return computed(pgtypes.JSON, "tg_json_array("+items.sql+", "+separator+")", args...), nil
}

// jsonRow writes a row as an object.
func (b *binder) jsonRow(e *expr, separator string) (*expr, error) {
	var names []string
	var values []*expr
	for _, f := range e.fields {
		names, values = append(names, quoteText(f.name)), append(values, f.e)
	}
	texts, err := b.jsonTexts(values)
	if err != nil {
		return nil, err
	}
	text := "tg_json_row(" + listOf(names) + ", " + listOf(sqlOf(texts)) + ", " + separator + ")"
	return computed(pgtypes.JSON, text, texts...), nil
}

func (b *binder) jsonBuildArray(args []*expr) (*expr, error) {
	if len(args) == 0 {
		return computed(pgtypes.JSON, "'[]'"), nil
	}
	texts, err := b.jsonTexts(args)
	if err != nil {
		return nil, err
	}
	return computed(pgtypes.JSON, "tg_json_array("+listOf(sqlOf(texts))+", ', ')", texts...), nil
}

func (b *binder) jsonBuildObject(fn string, args []*expr) (*expr, error) {
	switch {
	case len(args) == 0:
		return computed(pgtypes.JSON, "'{}'"), nil
	case len(args)%2 != 0:
		return nil, b.fail(pgerr.InvalidParameterValue, -1, "argument list must have even number of elements").
			WithHint("The arguments of %s() must consist of alternating keys and values.", fn)
	}
	var keys, values []*expr
	for i := 0; i < len(args); i += 2 {
		key, err := b.jsonKeyText(args[i])
		if err != nil {
			return nil, err
		}
		keys, values = append(keys, key), append(values, args[i+1])
	}
	texts, err := b.jsonTexts(values)
	if err != nil {
		return nil, err
	}
	text := "tg_json_object(" + listOf(sqlOf(keys)) + ", " + listOf(sqlOf(texts)) + ", " + quoteText(fn) + ")"
	return computed(pgtypes.JSON, text, append(keys, texts...)...), nil
}
