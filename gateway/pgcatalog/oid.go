package pgcatalog

import (
	"cmp"
	"slices"

	"tidegate/sql"
)

// OIDs that PostgreSQL fixes.
const (
	bootstrapRole       = int64(10) // owns what has no other owner
	catalogNamespace    = int64(11)
	toastNamespace      = int64(99)
	publicNamespace     = int64(2200)
	defaultTablespace   = int64(1663)
	classRelation       = int64(1259) // pg_class, as classoid of pg_description
	constraintRelation  = int64(2606)
	namespaceRelation   = int64(2615)
	ruleRelation        = int64(2618)
	typeRelation        = int64(1247)
	defaultRelation     = int64(2604)
	heapAccessMethod    = int64(2)
	defaultCollation    = int64(100)
	firstObject         = int64(16384) // PostgreSQL's FirstNormalObjectId
	templateDatabase    = int64(1)
	arraySubscriptProc  = int64(6179)
	encodingUTF8        = int64(6)
	firstTransactionID  = int64(3)
	unlimitedConnection = int64(-1)
)

// object is something of ours that needs an OID; kind keeps the names of different kinds apart.
type object struct{ kind, name string }

// assignOIDs gives every object a number of 31 bits, at least 16384, that depends on its kind and name: the same
// after a restart and on every gateway. Of two objects with one hash the second by kind and name takes the next
// free number; tables come first, for their numbers are told without these rows (sql.TableOID).
func assignOIDs(objects []object) map[object]int64 {
	sorted := slices.Clone(objects)
	slices.SortFunc(sorted, func(a, b object) int {
		if a, b := a.kind == "table", b.kind == "table"; a != b {
			return map[bool]int{true: -1, false: 1}[a]
		}
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
	})
	oids := make(map[object]int64, len(sorted))
	taken := make(map[int64]bool, len(sorted))
	for _, o := range sorted {
		if _, ok := oids[o]; ok {
			continue
		}
		oid := sql.HashOID(o.kind, o.name)
		for taken[oid] {
			if oid++; oid > 1<<31-1 {
				oid = firstObject
			}
		}
		oids[o], taken[oid] = oid, true
	}
	return oids
}
