package pgcatalog

import "tidegate/internal/pgtypes"

// key names the sequence among relations.
func (s *Sequence) key() string { return s.Schema + "." + s.Name }

// sequenceColumns are what PostgreSQL's sequences have as relations.
var sequenceColumns = []Column{
	{Name: "last_value", Type: pgtypes.Of(pgtypes.Int8)},
	{Name: "log_cnt", Type: pgtypes.Of(pgtypes.Int8)},
	{Name: "is_called", Type: pgtypes.Of(pgtypes.Bool)},
}

// sequence adds a sequence, with the column that owns it.
func (b *builder) sequence(s *Sequence) {
	oid := b.oids[object{"table", s.key()}]
	b.add("pg_class", values{
		"oid": oid, "relname": s.Name, "relnamespace": b.namespace(s.Schema), "relowner": bootstrapRole, "relfilenode": oid, "relkind": "S",
		"relpersistence": b.persistenceIn(s.Schema), "relreplident": "n", "relnatts": int64(len(sequenceColumns)), "relispopulated": true, "relpages": int64(1),
		"reltuples": float64(1),
	})
	b.describe(oid, 0, s.Description)
	for i, c := range sequenceColumns {
		b.attribute(values{
			"attrelid": oid, "attname": c.Name, "atttypid": int64(c.Type.OID), "attnum": int64(i + 1), "atttypmod": int64(-1), "attnotnull": true,
		})
	}
	b.add("pg_sequence", values{
		"seqrelid": oid, "seqtypid": int64(s.Type), "seqstart": s.Start, "seqincrement": s.Increment, "seqmax": s.Max, "seqmin": s.Min,
		"seqcache": s.Cache, "seqcycle": s.Cycle,
	})
	owner := b.tables[s.OwnerSchema+"."+s.OwnerTable]
	if owner == nil {
		return
	}
	column, ok := owner.numbers([]string{s.OwnerColumn})
	if !ok {
		return
	}
	kind := "a"
	if s.Identity {
		kind = "i"
	}
	b.add("pg_depend", values{
		"classid": classRelation, "objid": oid, "refclassid": classRelation, "refobjid": b.oid(owner.Schema, owner.Name),
		"refobjsubid": column[0], "deptype": kind,
	})
}
