package pgfunc

import (
	"slices"
	"strings"

	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgtypes"
)

// nested is the functions of arrays and JSON.
func nested() []udf.Function { return slices.Concat(arrays(), json(), series()) }

func arrays() []udf.Function {
	return []udf.Function{
		udf.Of1("tg_any", func(answers []udf.Null[bool]) (udf.Null[bool], error) { return decided(answers, true), nil }),
		udf.Of1("tg_all", func(answers []udf.Null[bool]) (udf.Null[bool], error) { return decided(answers, false), nil }),
		udf.Of1("tg_array_out", func(items []udf.Null[string]) (string, error) {
			return string(pgtypes.AppendArray(nil, pointers(items))), nil
		}),
		udf.Of1("tg_row_out", func(items []udf.Null[string]) (string, error) {
			return string(pgtypes.AppendRow(nil, pointers(items))), nil
		}),
		udf.Of1("tg_array_in", func(text string) ([]udf.Null[string], error) {
			items, err := pgtypes.ParseArray(text)
			out := make([]udf.Null[string], len(items))
			for i, x := range items {
				if x != nil {
					out[i] = udf.Some(*x)
				}
			}
			return out, err
		}),
		udf.Of3("tg_array_to_string", arrayToString),
		udf.Of3("tg_string_to_array", stringToArray),
	}
}

// decided is the answer of a comparison with every element: what decides if one of them does, else NULL if one of
// them is NULL.
func decided(answers []udf.Null[bool], decisive bool) udf.Null[bool] {
	result := udf.Some(!decisive)
	for _, a := range answers {
		if !a.Valid {
			result.Valid = false
		} else if a.V == decisive {
			return a
		}
	}
	return result
}

func pointers(items []udf.Null[string]) []*string {
	out := make([]*string, len(items))
	for i := range items {
		if items[i].Valid {
			out[i] = &items[i].V
		}
	}
	return out
}

// arrayToString leaves NULLs out if there is no text for them.
func arrayToString(items []udf.Null[string], delimiter string, null udf.Null[string]) (string, error) {
	var parts []string
	for _, x := range items {
		if !x.Valid {
			x = null
		}
		if x.Valid {
			parts = append(parts, x.V)
		}
	}
	return strings.Join(parts, delimiter), nil
}

// stringToArray cuts a text: between all characters if the delimiter is NULL, nowhere if it is empty. Parts equal to null
// become NULL.
func stringToArray(text string, delimiter, null udf.Null[string]) ([]udf.Null[string], error) {
	var parts []string
	switch {
	case text == "":
	case !delimiter.Valid:
		parts = strings.Split(text, "")
	case delimiter.V == "":
		parts = []string{text}
	default:
		parts = strings.Split(text, delimiter.V)
	}
	out := make([]udf.Null[string], len(parts))
	for i, p := range parts {
		out[i] = udf.Null[string]{V: p, Valid: !null.Valid || p != null.V}
	}
	return out, nil
}

// nestedAggregates is the aggregates of arrays and JSON.
func nestedAggregates() []udf.Aggregate { return nil }
