package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// walk calls f for every node of a syntax tree, a Node or a statement of one: outer before inner, in the order of the
// grammar's clauses. f may change the node that it is given.
func walk(tree proto.Message, f func(*pg_query.Node)) {
	message := tree.ProtoReflect()
	if !message.IsValid() {
		return
	}
	if n, ok := tree.(*pg_query.Node); ok {
		f(n)
		// One of hundreds of fields is there: the loop below would ask for each.
		if d := message.WhichOneof(message.Descriptor().Oneofs().Get(0)); d != nil {
			walk(message.Get(d).Message().Interface(), f)
		}
		return
	}
	// Range gives the fields in no order that it promises.
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		d := fields.Get(i)
		if d.Kind() != protoreflect.MessageKind || !message.Has(d) {
			continue
		}
		if !d.IsList() {
			walk(message.Get(d).Message().Interface(), f)
			continue
		}
		for list, k := message.Get(d).List(), 0; k < list.Len(); k++ {
			walk(list.Get(k).Message().Interface(), f)
		}
	}
}

// walkAll is walk for each of nodes.
func walkAll(nodes []*pg_query.Node, f func(*pg_query.Node)) {
	for _, n := range nodes {
		walk(n, f)
	}
}
