package router

import (
	"tidegate/catalog"
	"tidegate/sql"
)

// sharedOIDs are the numbers that more than one table of the lake has by its name: in the system relations they are
// one table's only, so nobody is told them of any.
type sharedOIDs struct {
	schemaGeneration int64
	tables           int
	oids             map[int64]bool
}

// oid gives the number of a table of the lake as the system relations have it; 0 if its name does not tell.
func (r *Router) oid(v *catalog.View, name catalog.Name) int64 {
	s := r.shared.Load()
	if s == nil || s.schemaGeneration != v.SchemaGeneration || s.tables != len(v.Tables) {
		s = &sharedOIDs{schemaGeneration: v.SchemaGeneration, tables: len(v.Tables), oids: sharedIn(v)}
		r.shared.Store(s)
	}
	oid := sql.TableOID(sql.TableName(name))
	if s.oids[oid] {
		return 0
	}
	return oid
}

func sharedIn(v *catalog.View) map[int64]bool {
	seen, shared := make(map[int64]bool, len(v.Tables)), map[int64]bool{}
	for name := range v.Tables {
		oid := sql.TableOID(sql.TableName(name))
		if seen[oid] {
			shared[oid] = true
		}
		seen[oid] = true
	}
	return shared
}
