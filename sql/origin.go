package sql

import (
	"hash/fnv"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Origin is the column of a relation that an output column is, unchanged: what a client is told beside its name. The
// zero Origin is none, as of an expression.
type Origin struct {
	Relation  int64 // OID
	Attribute int16 // attnum
}

// firstObject is the first OID that PostgreSQL gives to an object of its users.
const firstObject = 16384

// HashOID gives the number of an object that PostgreSQL would number in the order in which they are made: it depends on
// kind and name alone, so it is the same after a restart and on every gateway. Two names may have one number.
func HashOID(kind, name string) int64 {
	h := fnv.New32a()
	h.Write([]byte(kind))
	h.Write([]byte{0})
	h.Write([]byte(name))
	return firstObject + int64(h.Sum32())%(1<<31-firstObject)
}

// TableOID is HashOID of a relation, in the schema in which the system relations show it.
func TableOID(n TableName) int64 { return HashOID("table", n.Schema+"."+n.Table) }

// origin gives what a column of a relation is, by its attnum.
func (r *Relation) origin(attribute int16) Origin {
	if r.OID == 0 {
		return Origin{}
	}
	return Origin{Relation: r.OID, Attribute: attribute}
}

// keepsOrigin reports whether the column that n is bound to may be a relation's own. Others are expressions to
// PostgreSQL even where they are bound to nothing but a column, as coalesce of one.
func keepsOrigin(n *pg_query.Node) bool {
	switch x := n.GetNode().(type) {
	case *pg_query.Node_ColumnRef, *pg_query.Node_FuncCall:
		return true
	case *pg_query.Node_TypeCast:
		return keepsOrigin(x.TypeCast.Arg)
	case *pg_query.Node_AIndirection:
		return keepsOrigin(x.AIndirection.Arg)
	}
	return false
}

// withoutOrigin is an expression of a target's tree that PostgreSQL does not take for a column.
func withoutOrigin(e *expr) *expr {
	if e.origin == (Origin{}) {
		return e
	}
	c := *e
	c.origin = Origin{}
	return &c
}
