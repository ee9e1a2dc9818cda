package pgcatalog

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"tidegate/sql"
)

// nameTable is what Names knows of a part of the objects. It does not change once it is shown.
type nameTable struct {
	relations      map[uint32]*relationName
	relationsNamed map[string][]*relationName
	schemas        map[uint32]string
	schemasNamed   map[string]uint32
	roles          map[uint32]string
	rolesNamed     map[string]uint32
	databases      map[string]bool // by name and by number
	types          map[uint32]*typeName
	typesNamed     map[string][]*typeName
	typesWritten   map[string]uint32
	functions      map[uint32]*functionName
	functionsNamed map[string][]*functionName
	descriptions   map[described][]description
	definitions    map[uint32]*definitionText
	serials        map[serial]uint32
	rules          map[uint32]uint32 // the view of each
	temporary      string            // the schema that pg_temp stands for; "" is none
}

type (
	described struct {
		object uint32
		column int32
	}
	description    struct{ class, text string }
	definitionText struct {
		before, after, pretty string
		relation              uint32 // 0: the text is whole
	}
	serial struct {
		table  uint32
		column string
	}
	functionName struct {
		oid          uint32
		schema, name string
		arguments    string
	}
)

func newNameTable() *nameTable {
	return &nameTable{
		relations: map[uint32]*relationName{}, relationsNamed: map[string][]*relationName{}, schemas: map[uint32]string{},
		schemasNamed: map[string]uint32{}, roles: map[uint32]string{}, rolesNamed: map[string]uint32{}, databases: map[string]bool{},
		types: map[uint32]*typeName{}, typesNamed: map[string][]*typeName{}, typesWritten: map[string]uint32{},
		functions: map[uint32]*functionName{}, functionsNamed: map[string][]*functionName{},
		descriptions: map[described][]description{}, definitions: map[uint32]*definitionText{}, serials: map[serial]uint32{},
		rules: map[uint32]uint32{},
	}
}

// schemaCalled is the schema that a name in a statement means, "" for none.
func (t *nameTable) schemaCalled(name string) string {
	if name == "pg_temp" {
		return t.temporary
	}
	return name
}

// rowsOf gives the rows of one of pg_catalog's relations with a reader of their columns.
func rowsOf(d *dataset, rows map[string][][]any, table string, f func(at func(column string) any)) {
	index := d.relation("pg_catalog", table).index
	for _, row := range rows[table] {
		f(func(column string) any { return row[index[column]] })
	}
}

func oidOf(v any) uint32 { return uint32(v.(int64)) }

// textOf reads a text that may be NULL.
func textOf(v any) string {
	s, _ := v.(string)
	return s
}

// number reads an OID in decimal.
func number(text string) (oid uint32, ok bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), err == nil
}

// fill reads rows of the catalogs. Schemas and types of others are asked of base, which may be nil.
func (t *nameTable) fill(d *dataset, rows map[string][][]any, base *nameTable) {
	rowsOf(d, rows, "pg_namespace", func(at func(string) any) {
		t.schemas[oidOf(at("oid"))], t.schemasNamed[at("nspname").(string)] = at("nspname").(string), oidOf(at("oid"))
	})
	rowsOf(d, rows, "pg_authid", func(at func(string) any) {
		t.roles[oidOf(at("oid"))], t.rolesNamed[at("rolname").(string)] = at("rolname").(string), oidOf(at("oid"))
	})
	rowsOf(d, rows, "pg_database", func(at func(string) any) {
		t.databases[at("datname").(string)], t.databases[strconv.FormatInt(at("oid").(int64), 10)] = true, true
	})
	schema := func(oid any) string {
		if s, ok := t.schemas[oidOf(oid)]; ok || base == nil {
			return s
		}
		return base.schemas[oidOf(oid)]
	}
	t.fillRelations(d, rows, schema)
	t.fillTypes(d, rows, schema, base)
	rowsOf(d, rows, "pg_description", func(at func(string) any) {
		class := t.relations[oidOf(at("classoid"))]
		if class == nil && base != nil {
			class = base.relations[oidOf(at("classoid"))]
		}
		if class != nil {
			key := described{oidOf(at("objoid")), int32(at("objsubid").(int64))}
			t.descriptions[key] = append(slices.Clip(t.descriptions[key]), description{class.name, at("description").(string)})
		}
	})
	for _, row := range rows[definitionTable] {
		relation, _ := row[2].(int64)
		t.definitions[oidOf(row[0])] = &definitionText{before: textOf(row[1]), relation: uint32(relation), after: textOf(row[3]), pretty: textOf(row[4])}
	}
	t.fillSerials(d, rows)
	rowsOf(d, rows, "pg_rewrite", func(at func(string) any) { t.rules[oidOf(at("oid"))] = oidOf(at("ev_class")) })
}

func (t *nameTable) fillRelations(d *dataset, rows map[string][][]any, schema func(oid any) string) {
	rowsOf(d, rows, "pg_class", func(at func(string) any) {
		r := &relationName{oid: oidOf(at("oid")), schema: schema(at("relnamespace")), name: at("relname").(string), kind: at("relkind").(string)}
		r.attributes = make([]string, at("relnatts").(int64))
		t.relations[r.oid], t.relationsNamed[r.name] = r, append(slices.Clip(t.relationsNamed[r.name]), r)
	})
	rowsOf(d, rows, "pg_attribute", func(at func(string) any) {
		r, n := t.relations[oidOf(at("attrelid"))], at("attnum").(int64)
		if r != nil && n >= 1 && n <= int64(len(r.attributes)) {
			r.attributes[n-1] = at("attname").(string)
		}
	})
	for _, row := range rows[extraTable] {
		if r := t.relations[oidOf(row[0])]; r != nil {
			r.definition, r.pretty, r.bytes = textOf(row[1]), textOf(row[2]), row[3].(int64)
			r.part, r.writable = row[4].(bool), row[5].(bool)
		}
	}
}

// fillUnlisted names what Redshift has in pg_catalog and pg_class does not list, but for the answers of SHOW statements.
func (t *nameTable) fillUnlisted(d *dataset) {
	for name, r := range d.byName {
		if r.oid != 0 || strings.HasPrefix(name.Table, "show_") {
			continue
		}
		n := &relationName{oid: uint32(sql.TableOID(name)), schema: name.Schema, name: name.Table, kind: r.kind}
		for i := range r.columns {
			n.attributes = append(n.attributes, r.columns[i].name)
		}
		t.relations[n.oid], t.relationsNamed[n.name] = n, append(t.relationsNamed[n.name], n)
	}
}

// fillSerials finds the columns that own a sequence.
func (t *nameTable) fillSerials(d *dataset, rows map[string][][]any) {
	rowsOf(d, rows, "pg_depend", func(at func(string) any) {
		s, table := t.relations[oidOf(at("objid"))], t.relations[oidOf(at("refobjid"))]
		if n := at("refobjsubid").(int64); s != nil && s.kind == "S" && table != nil && n >= 1 && n <= int64(len(table.attributes)) {
			t.serials[serial{table.oid, table.attributes[n-1]}] = s.oid
		}
	})
}

// fillFunctions reads pg_proc, which has none of ours.
func (t *nameTable) fillFunctions(d *dataset) {
	rowsOf(d, d.rows, "pg_proc", func(at func(string) any) {
		f := &functionName{oid: oidOf(at("oid")), schema: t.schemas[oidOf(at("pronamespace"))], name: at("proname").(string)}
		for _, a := range at("proargtypes").([]int64) {
			f.arguments += strconv.FormatInt(a, 10) + " "
		}
		t.functions[f.oid], t.functionsNamed[f.name] = f, append(t.functionsNamed[f.name], f)
	})
	for _, all := range t.functionsNamed {
		slices.SortFunc(all, func(a, b *functionName) int { return int(a.oid) - int(b.oid) })
	}
}

// remove forgets objects by number, and all schemas, roles and databases: fill is given them anew.
func (t *nameTable) remove(oids []int64) {
	clear(t.schemas)
	clear(t.schemasNamed)
	clear(t.roles)
	clear(t.rolesNamed)
	clear(t.databases)
	for _, n := range oids {
		oid := uint32(n)
		delete(t.definitions, oid)
		delete(t.rules, oid)
		delete(t.descriptions, described{oid, 0})
		if r := t.relations[oid]; r != nil {
			for i := range r.attributes {
				delete(t.descriptions, described{oid, int32(i + 1)})
			}
			t.relationsNamed[r.name] = without(t.relationsNamed[r.name], r)
			delete(t.relations, oid)
		}
		if n := t.types[oid]; n != nil {
			t.typesNamed[n.name] = without(t.typesNamed[n.name], n)
			delete(t.typesWritten, n.text())
			delete(t.types, oid)
		}
	}
	maps.DeleteFunc(t.serials, func(s serial, sequence uint32) bool {
		return t.relations[s.table] == nil || t.relations[sequence] == nil
	})
}

func without[T comparable](list []T, one T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(x T) bool { return x == one })
}

// clone is a table to change. What its maps hold is shared.
func (t *nameTable) clone() *nameTable {
	c := *t
	c.relations, c.relationsNamed = maps.Clone(t.relations), maps.Clone(t.relationsNamed)
	c.schemas, c.schemasNamed, c.roles, c.rolesNamed = maps.Clone(t.schemas), maps.Clone(t.schemasNamed), maps.Clone(t.roles), maps.Clone(t.rolesNamed)
	c.databases, c.types, c.typesNamed = maps.Clone(t.databases), maps.Clone(t.types), maps.Clone(t.typesNamed)
	c.typesWritten, c.descriptions, c.definitions = maps.Clone(t.typesWritten), maps.Clone(t.descriptions), maps.Clone(t.definitions)
	c.serials, c.rules = maps.Clone(t.serials), maps.Clone(t.rules)
	return &c
}
