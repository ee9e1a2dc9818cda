package pgfunc

import (
	"math"
	"slices"
	"strings"

	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgjson"
	"tidegate/internal/pgtypes"
)

// json is the functions of json and jsonb. Both are texts here, jsonb in its normal form.
func json() []udf.Function {
	return slices.Concat(jsonPaths(), jsonParts(), jsonMaking(), jsonEdits(), jsonValues())
}

type optional = udf.Null[string]

// maybe is what a function gives that has nothing for some values.
func maybe(text string, ok bool, err error) (optional, error) {
	return optional{V: text, Valid: ok && err == nil}, err
}

// unquoted is the text of what a path led to.
func unquoted(value string, ok bool, err error) (optional, error) {
	if err != nil || !ok {
		return optional{}, err
	}
	return maybe(pgjson.Unquoted(value))
}

// along follows a path: NULL in it leads nowhere.
func along(text string, path []optional) (value string, ok bool, err error) {
	steps, whole := texts(path)
	if !whole {
		return "", false, nil
	}
	return pgjson.Path(text, steps)
}

// texts gives the values that are not NULL, and whether all are.
func texts(list []optional) (values []string, all bool) {
	for _, x := range list {
		if x.Valid {
			values = append(values, x.V)
		}
	}
	return values, len(values) == len(list)
}

func optionals(list []string) []optional {
	out := make([]optional, len(list))
	for i, x := range list {
		out[i] = udf.Some(x)
	}
	return out
}

func jsonPaths() []udf.Function {
	return []udf.Function{
		udf.Of2("tg_json_field", func(text, key string) (optional, error) { return maybe(pgjson.Field(text, key)) }),
		udf.Of2("tg_json_field_text", func(text, key string) (optional, error) { return unquoted(pgjson.Field(text, key)) }),
		udf.Of2("tg_json_element", func(text string, n int32) (optional, error) { return maybe(pgjson.Element(text, int(n))) }),
		udf.Of2("tg_json_element_text", func(text string, n int32) (optional, error) { return unquoted(pgjson.Element(text, int(n))) }),
		udf.Of2("tg_jsonb_element", func(text string, n int32) (optional, error) { return maybe(pgjson.ElementB(text, int(n))) }),
		udf.Of2("tg_jsonb_element_text", func(text string, n int32) (optional, error) { return unquoted(pgjson.ElementB(text, int(n))) }),
		udf.Of2("tg_json_path", func(text string, path []optional) (optional, error) { return maybe(along(text, path)) }),
		udf.Of2("tg_json_path_text", func(text string, path []optional) (optional, error) { return unquoted(along(text, path)) }),
	}
}

// jsonParts is what takes values apart. Their last argument is PostgreSQL's name of the function, for errors.
func jsonParts() []udf.Function {
	return []udf.Function{
		udf.Of1("tg_json_length", pgjson.Length),
		udf.Of1("tg_json_typeof", func(text string) (string, error) { return pgjson.Typeof(text).String(), nil }),
		udf.Of2("tg_json_elements", func(text, fn string) ([]optional, error) {
			items, err := pgjson.Elements(text, fn)
			return optionals(items), err
		}),
		udf.Of2("tg_json_elements_text", func(text, fn string) ([]optional, error) {
			items, err := pgjson.Elements(text, fn)
			if err != nil {
				return nil, err
			}
			return allUnquoted(items)
		}),
		udf.Of2("tg_json_objects", objects),
		udf.Of2("tg_json_keys", func(text, fn string) ([]optional, error) {
			keys, err := pgjson.Keys(text, fn)
			return optionals(keys), err
		}),
		udf.Of2("tg_json_each_keys", func(text, fn string) ([]optional, error) {
			keys, _, err := pgjson.Each(text, fn)
			return optionals(keys), err
		}),
		udf.Of2("tg_json_each_values", func(text, fn string) ([]optional, error) {
			_, values, err := pgjson.Each(text, fn)
			return optionals(values), err
		}),
		udf.Of2("tg_json_each_texts", func(text, fn string) ([]optional, error) {
			_, values, err := pgjson.Each(text, fn)
			if err != nil {
				return nil, err
			}
			return allUnquoted(values)
		}),
	}
}

// objects gives the values back, which must be objects. fn is PostgreSQL's name of the function that takes them apart.
func objects(values []optional, fn string) ([]optional, error) {
	for _, v := range values {
		if !v.Valid {
			continue
		}
		switch kind := pgjson.Typeof(v.V).String(); {
		case kind == "object":
		case strings.HasSuffix(fn, "recordset"):
			return nil, pgerr.New(pgerr.InvalidParameterValue, "argument of %s must be an array of objects", fn)
		case kind == "array":
			return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot call populate_composite on an array")
		default:
			return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot call populate_composite on a scalar")
		}
	}
	return values, nil
}

func allUnquoted(items []string) ([]optional, error) {
	out := make([]optional, len(items))
	for i, x := range items {
		var err error
		if out[i], err = unquoted(x, true, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// jsonMaking is what makes json of other values.
func jsonMaking() []udf.Function {
	return []udf.Function{
		udf.Of1("tg_json_in", func(text string) (string, error) { return text, pgjson.Check(text) }),
		udf.Of1("tg_jsonb_in", pgjson.Normal),
		udf.Of1("tg_json_quote", func(text string) (string, error) { return pgjson.Quote(text), nil }),
		udf.Of1("tg_json_float8", func(f float64) (string, error) { return jsonFloat(f, string(pgtypes.AppendFloat8(nil, f))), nil }),
		udf.Of1("tg_json_float4", func(f float32) (string, error) {
			return jsonFloat(float64(f), string(pgtypes.AppendFloat4(nil, f))), nil
		}),
		udf.Of1("tg_json_numeric", func(text string) (string, error) {
			if strings.ContainsAny(text, "NI") {
				return pgjson.Quote(text), nil
			}
			return text, nil
		}),
		udf.Of1("tg_json_time", func(text string) (string, error) { return pgjson.Quote(isoTime(text)), nil }),
		udf.Of2("tg_json_array", func(items []optional, separator string) (string, error) {
			return pgjson.JoinArray(orNull(items), separator), nil
		}),
		udf.Of3("tg_json_row", func(keys, values []optional, separator string) (string, error) {
			names, _ := texts(keys)
			return pgjson.JoinObject(names, orNull(values), "{", ":", separator, "}"), nil
		}),
		udf.Of3("tg_json_object", jsonObject),
		udf.Of1("tg_json_object_agg", jsonObjectAgg),
		udf.Of1("tg_json_key", func(text string) (string, error) {
			key, _, err := pgjson.Unquoted(text)
			return key, err
		}),
		udf.Of1("tg_json_pairs", func(list []optional) (string, error) { return pgjson.FromPairs(pointers(list)) }),
		udf.Of2("tg_json_keys_values", func(keys, values []optional) (string, error) {
			return pgjson.FromKeys(pointers(keys), pointers(values))
		}),
		udf.Of1("tg_json_strip_nulls", pgjson.StripNulls),
	}
}

func jsonFloat(f float64, text string) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return pgjson.Quote(text)
	}
	return text
}

// isoTime makes of a timestamp's text the form that JSON has: T before the time, and minutes in the offset.
func isoTime(text string) string {
	date, rest, ok := strings.Cut(text, " ")
	if !ok || rest == "BC" {
		return text
	}
	rest, bc := strings.CutSuffix(rest, " BC")
	if i := strings.LastIndexAny(rest, "+-"); i >= 0 && len(rest)-i == len("+00") {
		rest += ":00"
	}
	if bc {
		rest += " BC"
	}
	return date + "T" + rest
}

// orNull gives the texts, null for NULL.
func orNull(items []optional) []string {
	out := make([]string, len(items))
	for i, x := range items {
		out[i] = "null"
		if x.Valid {
			out[i] = x.V
		}
	}
	return out
}

// jsonObject is json_build_object, or jsonb_build_object (fn).
func jsonObject(keys, values []optional, fn string) (string, error) {
	for i, k := range keys {
		switch {
		case k.Valid:
		case fn == "jsonb_build_object":
			return "", pgerr.New(pgerr.InvalidParameterValue, "argument %d: key must not be null", 2*i+1)
		default:
			return "", pgerr.New(pgerr.InvalidParameterValue, "argument %d cannot be null", 2*i+1)
		}
	}
	names, _ := texts(keys)
	return pgjson.JoinObject(names, orNull(values), "{", " : ", ", ", "}"), nil
}

// jsonEdits is the functions of jsonb alone.
func jsonEdits() []udf.Function {
	return []udf.Function{
		udf.Of1("tg_jsonb_pretty", pgjson.Pretty),
		udf.Of1("tg_jsonb_strip_nulls", pgjson.StripNullsB),
		udf.Of1("tg_jsonb_key", pgjson.Key),
		udf.Of2("tg_jsonb_contains", pgjson.Contains),
		udf.Of2("tg_jsonb_exists", pgjson.Exists),
		udf.Of2("tg_jsonb_exists_any", func(text string, keys []optional) (bool, error) {
			list, _ := texts(keys)
			return pgjson.ExistsAny(text, list)
		}),
		udf.Of2("tg_jsonb_exists_all", func(text string, keys []optional) (bool, error) {
			list, _ := texts(keys)
			return pgjson.ExistsAll(text, list)
		}),
		udf.Of2("tg_jsonb_concat", pgjson.Concat),
		udf.Of2("tg_jsonb_delete", func(text, key string) (string, error) { return pgjson.DeleteKeys(text, []string{key}) }),
		udf.Of2("tg_jsonb_delete_keys", func(text string, keys []optional) (string, error) {
			list, _ := texts(keys)
			return pgjson.DeleteKeys(text, list)
		}),
		udf.Of2("tg_jsonb_delete_element", func(text string, n int32) (string, error) { return pgjson.DeleteElement(text, int(n)) }),
		udf.Of2("tg_jsonb_delete_path", func(text string, path []optional) (string, error) {
			return edit(text, path, pgjson.Remove, "")
		}),
		udf.Of4("tg_jsonb_set", func(text string, path []optional, with string, create bool) (string, error) {
			if create {
				return edit(text, path, pgjson.Set|pgjson.Create, with)
			}
			return edit(text, path, pgjson.Set, with)
		}),
		udf.Of4("tg_jsonb_insert", func(text string, path []optional, with string, after bool) (string, error) {
			if after {
				return edit(text, path, pgjson.InsertAfter, with)
			}
			return edit(text, path, pgjson.InsertBefore, with)
		}),
	}
}

func edit(text string, path []optional, what pgjson.Change, with string) (string, error) {
	steps := make([]*string, len(path))
	for i := range path {
		if path[i].Valid {
			steps[i] = &path[i].V
		}
	}
	return pgjson.Edit(text, steps, what, with)
}

// jsonValues is the casts of jsonb to booleans and numbers.
func jsonValues() []udf.Function {
	return []udf.Function{
		udf.Of1("tg_jsonb_bool", pgjson.ToBool),
		udf.Of2("tg_jsonb_number", pgjson.ToNumber),
	}
}

// jsonObjectAgg is json_object_agg of keys and values in turn.
func jsonObjectAgg(list []optional) (string, error) {
	var keys []string
	var values []optional
	for i := 0; i+1 < len(list); i += 2 {
		if !list[i].Valid {
			return "", pgerr.New(pgerr.InvalidParameterValue, "field name must not be null")
		}
		keys, values = append(keys, list[i].V), append(values, list[i+1])
	}
	return pgjson.JoinObject(keys, orNull(values), "{ ", " : ", ", ", " }"), nil
}
