package pgcatalog

import (
	"slices"
	"strings"
)

// depend adds that an object of a catalog depends on another, or on one of its columns.
func (b *builder) depend(class, object, onClass, on, column int64, kind string) {
	b.add("pg_depend", values{"classid": class, "objid": object, "refclassid": onClass, "refobjid": on, "refobjsubid": column, "deptype": kind})
}

// parts adds what of a relation depends on it: its types and defaults, and it on its schema.
func (b *builder) parts(t *Table, relation, rowType, arrayType int64) {
	b.depend(classRelation, relation, namespaceRelation, b.namespace(t.Schema), 0, "n")
	b.depend(typeRelation, rowType, classRelation, relation, 0, "i")
	b.depend(typeRelation, arrayType, typeRelation, rowType, 0, "i")
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Default != "" {
			kind := "a"
			if c.Generated != "" {
				kind = "i"
			}
			number := b.oids[object{"default", t.Schema + "." + t.Name + "." + c.Name}]
			b.depend(defaultRelation, number, classRelation, relation, int64(i+1), kind)
			if sequence := b.counts(c.Default); sequence != 0 {
				b.depend(defaultRelation, number, classRelation, sequence, 0, "n")
			}
		}
	}
}

// counts gives the number of the sequence that a default takes its values from, as the warehouse writes that; 0: none.
func (b *builder) counts(expression string) int64 {
	rest, ok := strings.CutPrefix(expression, "nextval('")
	name, end, _ := strings.Cut(rest, "'::regclass")
	if !ok || end != ")" {
		return 0
	}
	if parts := identParts(strings.ReplaceAll(name, "''", "'")); len(parts) == 2 {
		return b.oids[object{"table", parts[0] + "." + parts[1]}]
	}
	return 0
}

// rule adds the rule that makes a relation a view, and what it reads.
func (b *builder) rule(t *Table, relation int64) {
	rule := b.oids[object{"rule", t.Schema + "." + t.Name}]
	b.add("pg_rewrite", values{
		"oid": rule, "rulename": "_RETURN", "ev_class": relation, "ev_type": "1", "ev_enabled": "O", "is_instead": true, "ev_qual": "<>",
	})
	b.depend(ruleRelation, rule, classRelation, relation, 0, "i")
	b.depend(ruleRelation, rule, classRelation, relation, 0, "n")
	for _, u := range t.Uses {
		read := b.tables[u.Schema+"."+u.Table]
		if read == nil {
			continue
		}
		if i := slices.IndexFunc(read.Columns, func(c Column) bool { return c.Name == u.Column }); i >= 0 {
			b.depend(ruleRelation, rule, classRelation, b.oid(u.Schema, u.Table), int64(i+1), "n")
		}
	}
}
