package sql

import (
	"iter"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// walk calls f for every node of a syntax tree, a Node or a statement of one: outer before inner, in the order of the
// grammar's clauses. f may change the node that it is given.
func walk(tree proto.Message, f func(*pg_query.Node)) {
	if n, ok := tree.(*pg_query.Node); ok && n != nil {
		f(n)
	}
	for part := range parts(tree.ProtoReflect()) {
		walk(part, f)
	}
}

// parts gives the messages that m holds, in the order of the grammar's clauses.
func parts(m protoreflect.Message) iter.Seq[proto.Message] {
	return func(yield func(proto.Message) bool) {
		if !m.IsValid() {
			return
		}
		if _, ok := m.Interface().(*pg_query.Node); ok {
			// One of hundreds of fields is there: the loop below would ask for each.
			if d := m.WhichOneof(m.Descriptor().Oneofs().Get(0)); d != nil {
				yield(m.Get(d).Message().Interface())
			}
			return
		}
		// Range gives the fields in no order that it promises.
		fields := m.Descriptor().Fields()
		for i := range fields.Len() {
			if d := fields.Get(i); d.Kind() == protoreflect.MessageKind && m.Has(d) && !partsOf(m.Get(d), d.IsList(), yield) {
				return
			}
		}
	}
}

// partsOf gives the message or the messages of a field's value, and whether to go on.
func partsOf(v protoreflect.Value, isList bool, yield func(proto.Message) bool) bool {
	if !isList {
		return yield(v.Message().Interface())
	}
	for list, k := v.List(), 0; k < list.Len(); k++ {
		if !yield(list.Get(k).Message().Interface()) {
			return false
		}
	}
	return true
}

// walkAll is walk for each of nodes.
func walkAll(nodes []*pg_query.Node, f func(*pg_query.Node)) {
	for _, n := range nodes {
		walk(n, f)
	}
}
