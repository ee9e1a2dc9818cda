// Package pgnames makes the functions by which statements over the system relations ask for objects' names, definitions and
// privileges. The macros of gateway/pgcatalog call them.
package pgnames

import (
	"slices"

	"tidegate/internal/engine/duck/udf"
)

// Names answers. A search path is a list of schemas; kinds of objects are class, type, proc, namespace and role; ok is false
// for NULL.
type Names interface {
	// ObjectOID reads a name or a number in decimal.
	ObjectOID(kind, text string, path []string) (uint32, error)
	// ObjectText writes the name of what ObjectOID reads.
	ObjectText(kind, text string, path []string) (string, error)
	ObjectName(kind, text string, path []string) (name string, ok bool, err error)
	RelationVisible(oid uint32, path []string) (visible, ok bool)
	TypeVisible(oid uint32, path []string) (visible, ok bool)
	FunctionVisible(oid uint32, path []string) (visible, ok bool)
	FormatType(oid uint32, modifier int32, modified bool) string
	UserName(oid uint32) (name string, ok bool)
	// Description is that of an object in the catalog class, "" in any.
	Description(oid uint32, class string, column int32) (text string, ok bool)
	RelationSize(oid uint32) (bytes int64, ok bool)
	ViewDefinition(oid uint32, pretty bool, path []string) (text string, ok bool)
	// ByPath writes a text of a view or a default, with all schemas, as the search path needs it.
	ByPath(text string, path []string) string
	Definition(oid uint32, pretty bool, path []string) (text string, ok bool)
	RuleDefinition(oid uint32, pretty bool, path []string) (text string, ok bool)
	IndexColumn(oid uint32, number int32) string
	SerialSequence(table uint32, column string) (text string, ok bool)
	TablePrivilege(oid uint32, list string) (has, ok bool, err error)
	AnyColumnPrivilege(oid uint32, list string) (has, ok bool, err error)
	ColumnPrivilege(oid uint32, column, list string) (has, ok bool, err error)
	ObjectPrivilege(kind, object, list string) (has, ok bool, err error)
	DefaultACL(kind string, owner uint32) ([]string, error)
	// ExplodeACL gives the privileges that an ACL holds, as columns of equal length.
	ExplodeACL(items []string) (grantors, grantees []uint32, privileges []string, grantable []bool)
}

// Functions gives what asks n.
func Functions(n Names) []udf.Function {
	return append(objects(n), slices.Concat(texts(n), privileges(n), acls(n))...)
}

// path is a search path as DuckDB gives it.
type path = []udf.Null[string]

func schemas(p path) []string {
	out := make([]string, 0, len(p))
	for _, s := range p {
		if s.Valid {
			out = append(out, s.V)
		}
	}
	return out
}

// known is a value, or NULL.
func known[T any](v T, ok bool) (udf.Null[T], error) { //nolint:unparam // what it is given to returns both
	return udf.Null[T]{V: v, Valid: ok}, nil
}

// maybe is known with an error.
func maybe(v, ok bool, err error) (udf.Null[bool], error) {
	return udf.Null[bool]{V: v, Valid: ok}, err
}

func objects(n Names) []udf.Function {
	return []udf.Function{
		udf.Of3("tg_object_oid", func(kind, text string, p path) (uint32, error) { return n.ObjectOID(kind, text, schemas(p)) }),
		udf.Of3("tg_object_text", func(kind, text string, p path) (string, error) { return n.ObjectText(kind, text, schemas(p)) }),
		udf.Of3("tg_object_name", func(kind, text string, p path) (udf.Null[string], error) {
			name, ok, err := n.ObjectName(kind, text, schemas(p))
			return udf.Null[string]{V: name, Valid: ok}, err
		}),
		udf.Of2("tg_relation_visible", func(oid uint32, p path) (udf.Null[bool], error) { return known(n.RelationVisible(oid, schemas(p))) }),
		udf.Of2("tg_type_visible", func(oid uint32, p path) (udf.Null[bool], error) { return known(n.TypeVisible(oid, schemas(p))) }),
		udf.Of2("tg_function_visible", func(oid uint32, p path) (udf.Null[bool], error) { return known(n.FunctionVisible(oid, schemas(p))) }),
	}
}

func texts(n Names) []udf.Function {
	return []udf.Function{
		udf.Of2("tg_format_type", func(oid uint32, modifier udf.Null[int32]) (string, error) {
			return n.FormatType(oid, modifier.V, modifier.Valid), nil
		}),
		udf.Of1("tg_user_name", func(oid uint32) (udf.Null[string], error) { return known(n.UserName(oid)) }),
		udf.Of3("tg_description", func(oid uint32, class string, column int32) (udf.Null[string], error) {
			return known(n.Description(oid, class, column))
		}),
		udf.Of1("tg_relation_size", func(oid uint32) (udf.Null[int64], error) { return known(n.RelationSize(oid)) }),
		udf.Of3("tg_view_definition", func(oid uint32, pretty bool, p path) (udf.Null[string], error) {
			return known(n.ViewDefinition(oid, pretty, schemas(p)))
		}),
		udf.Of2("tg_by_path", func(text string, p path) (string, error) { return n.ByPath(text, schemas(p)), nil }),
		udf.Of3("tg_definition", func(oid uint32, pretty bool, p path) (udf.Null[string], error) {
			return known(n.Definition(oid, pretty, schemas(p)))
		}),
		udf.Of3("tg_rule_definition", func(oid uint32, pretty bool, p path) (udf.Null[string], error) {
			return known(n.RuleDefinition(oid, pretty, schemas(p)))
		}),
		udf.Of2("tg_index_column", func(oid uint32, number int32) (string, error) { return n.IndexColumn(oid, number), nil }),
		udf.Of2("tg_serial_sequence", func(oid uint32, column string) (udf.Null[string], error) { return known(n.SerialSequence(oid, column)) }),
	}
}

func privileges(n Names) []udf.Function {
	return []udf.Function{
		udf.Of2("tg_table_privilege", func(oid uint32, list string) (udf.Null[bool], error) { return maybe(n.TablePrivilege(oid, list)) }),
		udf.Of2("tg_any_column_privilege", func(oid uint32, list string) (udf.Null[bool], error) { return maybe(n.AnyColumnPrivilege(oid, list)) }),
		udf.Of3("tg_column_privilege", func(oid uint32, column, list string) (udf.Null[bool], error) {
			return maybe(n.ColumnPrivilege(oid, column, list))
		}),
		udf.Of3("tg_object_privilege", func(kind, object, list string) (udf.Null[bool], error) {
			return maybe(n.ObjectPrivilege(kind, object, list))
		}),
	}
}

func acls(n Names) []udf.Function {
	return []udf.Function{
		udf.Of2("tg_acl_default", func(kind string, owner uint32) (path, error) {
			items, err := n.DefaultACL(kind, owner)
			return valid(items), err
		}),
		udf.Of1("tg_acl_grantors", func(items path) ([]udf.Null[uint32], error) {
			grantors, _, _, _ := n.ExplodeACL(schemas(items))
			return valid(grantors), nil
		}),
		udf.Of1("tg_acl_grantees", func(items path) ([]udf.Null[uint32], error) {
			_, grantees, _, _ := n.ExplodeACL(schemas(items))
			return valid(grantees), nil
		}),
		udf.Of1("tg_acl_privileges", func(items path) (path, error) {
			_, _, privileges, _ := n.ExplodeACL(schemas(items))
			return valid(privileges), nil
		}),
		udf.Of1("tg_acl_grantable", func(items path) ([]udf.Null[bool], error) {
			_, _, _, grantable := n.ExplodeACL(schemas(items))
			return valid(grantable), nil
		}),
	}
}

// valid makes a list of values that are none of them NULL.
func valid[T any](values []T) []udf.Null[T] {
	out := make([]udf.Null[T], len(values))
	for i, v := range values {
		out[i] = udf.Some(v)
	}
	return out
}
