package adopt

import (
	"errors"
	"strings"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tidegate/internal/pgtypes"
)

var errOldList = errors.New("a list in the form of old writers is not supported")

// nestedColumn makes a list of plain values an array, and any other list, map or struct json.
func nestedColumn(node schema.Node, annotated []bool) fileColumn {
	c := fileColumn{nested: true}
	element, list := listElement(node)
	inner := annotated[min(2, len(annotated)):] // behind the list and its repeated group
	if _, nested := element.(*schema.GroupNode); list && !nested {
		item := columnOf(element, inner)
		info, _ := pgtypes.Lookup(item.typ.OID)
		if item.why == nil && info.Array != 0 && item.typ.OID != pgtypes.JSON {
			c.typ = pgtypes.Type{OID: info.Array, Typmod: item.typ.Typmod}
			return c
		}
	}
	c.typ = pgtypes.Of(pgtypes.JSON)
	c.fileType, c.why = duckType(node, annotated)
	return c
}

// listElement gives what a group annotated as a list holds, in the three levels of the format's document.
func listElement(node schema.Node) (element schema.Node, ok bool) {
	if _, list := node.LogicalType().(schema.ListLogicalType); !list {
		return nil, false
	}
	repeated, ok := onlyChild(node)
	if !ok {
		return nil, false
	}
	return onlyChild(repeated)
}

// onlyChild gives the field of a group that has one.
func onlyChild(node schema.Node) (schema.Node, bool) {
	group, ok := node.(*schema.GroupNode)
	if !ok || group.NumFields() != 1 {
		return nil, false
	}
	return group.Field(0), true
}

// duckType gives the type as which DuckDB reads a node. annotated is columnOf's, for the node and all below it, in the
// order of the file's schema.
func duckType(node schema.Node, annotated []bool) (string, error) {
	group, ok := node.(*schema.GroupNode)
	if !ok {
		c := columnOf(node, annotated)
		return c.typ.DuckDB(), c.why
	}
	switch node.LogicalType().(type) {
	case schema.ListLogicalType:
		element, ok := listElement(node)
		if !ok {
			return "", errOldList
		}
		item, err := duckType(element, annotated[2:])
		return item + "[]", err
	case schema.MapLogicalType:
		entry, ok := onlyChild(node)
		pair, isGroup := entry.(*schema.GroupNode)
		if !ok || !isGroup || pair.NumFields() != 2 {
			return "", errors.New("a map in the form of old writers is not supported")
		}
		fields, err := duckFields(pair, annotated[2:], func(_, t string) string { return t })
		return "MAP(" + strings.Join(fields, ", ") + ")", err
	}
	fields, err := duckFields(group, annotated[1:], func(name, t string) string { return quoteName(name) + " " + t })
	return "STRUCT(" + strings.Join(fields, ", ") + ")", err
}

func duckFields(group *schema.GroupNode, annotated []bool, write func(name, t string) string) ([]string, error) {
	fields := make([]string, group.NumFields())
	for i := range fields {
		node := group.Field(i)
		if node.RepetitionType() == parquet.Repetitions.Repeated {
			return nil, errOldList
		}
		t, err := duckType(node, annotated)
		if err != nil {
			return nil, err
		}
		fields[i] = write(node.Name(), t)
		annotated = annotated[elements(node):]
	}
	return fields, nil
}
