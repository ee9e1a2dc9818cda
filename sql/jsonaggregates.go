package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgtypes"
)

// jsonAggregate gives how json_agg, json_object_agg and their like of jsonb are written, with their arguments as the
// engine gets them: nil for any other aggregate.
func (b *binder) jsonAggregate(fn string, args []*expr, n *pg_query.FuncCall) (*function, []*expr, error) {
	binary := ""
	switch fn {
	case "jsonb_agg", "jsonb_object_agg":
		binary = "tg_jsonb_in("
	case "json_agg", "json_object_agg":
	default:
		return nil, args, nil
	}
	f := &function{name: fn}
	var err error
	if len(args) == 2 {
		// An aggregate of ours could not have ORDER BY: DuckDB gives its states to such ones in another way.
		f.text = "list(list_value($1, $2))|tg_json_object_agg(flatten(%))"
		args, err = b.jsonPair(args, n)
	} else {
		separator := "', '"
		if args[0].fields != nil || isArray(args[0].typ.OID) {
			separator = quoteText(", \n ")
		}
		f.text, args, err = b.jsonList(args[0], separator, n)
	}
	if binary != "" {
		f.text += ")"
		f.text = wrapped(f.text, binary)
	}
	return f, args, err
}

// wrapped puts the opening of a call in front of what stands around an aggregate.
func wrapped(text, open string) string {
	for i := range text {
		if text[i] == '|' {
			return text[:i+1] + open + text[i+1:]
		}
	}
	return text
}

func (b *binder) jsonPair(args []*expr, n *pg_query.FuncCall) ([]*expr, error) {
	if n.AggDistinct {
		return nil, b.unsupported(n.Location, "DISTINCT of pairs")
	}
	key, err := b.jsonKeyText(args[0])
	if err != nil {
		return nil, err
	}
	values, err := b.jsonTexts(args[1:])
	if err != nil {
		return nil, err
	}
	return []*expr{key, values[0]}, nil
}

// jsonList is json_agg: what is distinct is found among the values, before they are json.
func (b *binder) jsonList(x *expr, separator string, n *pg_query.FuncCall) (string, []*expr, error) {
	if !n.AggDistinct {
		text, err := b.jsonText(x)
		return "list($1)|tg_json_array(%, " + separator + ")", []*expr{text}, err
	}
	if x.wide {
		return "", nil, b.unsupported(n.Location, "json_agg of distinct values of type %s", typeText(x.typ))
	}
	array, err := b.arrayTypeOf(x.typ.OID, n.Location)
	if err != nil {
		return "", nil, err
	}
	list, err := b.each(&expr{typ: pgtypes.Type{OID: array, Typmod: -1}, sql: "%", pos: n.Location, scale: x.scale}, b.jsonText)
	if err != nil {
		return "", nil, err
	}
	return "list($1)|tg_json_array(" + list.sql + ", " + separator + ")", []*expr{x}, nil
}
