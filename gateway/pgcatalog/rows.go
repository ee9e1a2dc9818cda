package pgcatalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// bootstrapName is the role that owns everything.
const bootstrapName = "tidegate"

// extraTable has what our functions tell of a relation and no PostgreSQL catalog holds.
const extraTable = "_extra"

var extraColumns = []engine.LoadColumn{
	{Name: "_x_oid", Type: pgtypes.OIDType},
	{Name: "_x_definition", Type: pgtypes.Text},
	{Name: "_x_pretty", Type: pgtypes.Text},
	{Name: "_x_bytes", Type: pgtypes.Int8},
	{Name: "_x_part", Type: pgtypes.Bool},
	{Name: "_x_writable", Type: pgtypes.Bool},
	{Name: "_x_cold", Type: pgtypes.Bool},
	{Name: "_x_partition", Type: pgtypes.Text, List: true}, // columns
}

// builder makes the rows of the relations that change, for our own objects and for the system relations themselves.
type builder struct {
	data     *dataset
	contents *Contents
	oids     map[object]int64
	tables   map[string]*Table // by "schema.table"
	units    map[string]*unit
	referred map[string]bool // tables at which a foreign key ends
	rows     map[string][][]any
}

func newBuilder(data *dataset, contents *Contents) *builder {
	b := &builder{data: data, contents: contents, units: contents.units(), tables: map[string]*Table{}, referred: map[string]bool{}, rows: map[string][][]any{}}
	var objects []object
	for i := range contents.Tables {
		t := &contents.Tables[i]
		key := t.Schema + "." + t.Name
		b.tables[key] = t
		for _, k := range t.Keys {
			if k.Kind == ForeignKey {
				b.referred[k.RefSchema+"."+k.RefTable] = true
			}
		}
		objects = append(objects, object{"schema", t.Schema})
		objects = append(objects, t.objects()...)
	}
	for i := range contents.Sequences {
		objects = append(objects, object{"schema", contents.Sequences[i].Schema}, object{"table", contents.Sequences[i].key()})
	}
	for _, r := range contents.Roles {
		objects = append(objects, object{"role", r.Name})
	}
	objects = append(objects, object{"database", contents.Database})
	b.oids = assignOIDs(objects)
	return b
}

// oid gives the number of a relation of ours, 0 if there is none.
func (b *builder) oid(schema, table string) int64 {
	return b.oids[object{"table", schema + "." + table}]
}

// persistence tells temporary tables from the others.
func (b *builder) persistence(t *Table) string { return b.persistenceIn(t.Schema) }

func (b *builder) persistenceIn(schema string) string {
	if schema == b.contents.TemporarySchema && schema != "" {
		return "t"
	}
	return "p"
}

// system gives the rows that do not depend on the contents, per table: PostgreSQL's own and those about the system
// relations. pg_settings has none: it shows only settings that we have.
func (b *builder) system() map[string][][]any {
	for _, table := range changing() {
		if table != "pg_settings" {
			b.rows[table] = slices.Clone(b.data.rows[table])
		}
	}
	for _, r := range b.data.relations {
		b.systemRelation(r)
	}
	return b.rows
}

// own gives the rows of the contents, per relation: of those units that are among the fresh ones, and of all that is no unit.
func (b *builder) own(fresh map[string]*unit) map[string][][]any {
	b.namespaces()
	for _, key := range slices.Sorted(maps.Keys(fresh)) {
		fresh[key].build(b)
	}
	b.database()
	b.roles()
	b.settings()
	return b.rows
}

func (b *builder) add(table string, v values) {
	b.rows[table] = append(b.rows[table], b.data.relation("pg_catalog", table).row(v))
}

func (b *builder) describe(relation, column int64, text any) {
	if text != nil && text != "" {
		b.add("pg_description", values{"objoid": relation, "classoid": classRelation, "objsubid": column, "description": text})
	}
}

// namespace gives a schema's OID.
func (b *builder) namespace(schema string) int64 {
	switch schema {
	case "public":
		return publicNamespace
	case "pg_catalog":
		return catalogNamespace
	}
	return b.oids[object{"schema", schema}]
}

// schemas are those that the contents need beside public, in order.
func (c *Contents) schemas() []string {
	names := map[string]bool{}
	for i := range c.Tables {
		names[c.Tables[i].Schema] = true
	}
	for i := range c.Sequences {
		names[c.Sequences[i].Schema] = true
	}
	delete(names, "public")
	return slices.Sorted(maps.Keys(names))
}

func (b *builder) namespaces() {
	for _, name := range b.contents.schemas() {
		oid := b.namespace(name)
		b.add("pg_namespace", values{"oid": oid, "nspname": name, "nspowner": bootstrapRole})
	}
}

// class adds a row to pg_class: of a table r, a view v, or a view that holds rows m.
func (b *builder) class(v values, kind string) {
	v["relowner"], v["reltuples"] = bootstrapRole, cmp.Or(v["reltuples"], any(float64(-1)))
	v["relpersistence"], v["relispopulated"] = cmp.Or(v["relpersistence"], any("p")), true
	v["relreplident"] = "n"
	v["relkind"], v["relhasrules"] = kind, kind != "r"
	if kind != "v" {
		v["relam"], v["relfilenode"] = heapAccessMethod, v["oid"]
		v["relfrozenxid"], v["relminmxid"] = firstTransactionID, int64(1)
		if v["oid"].(int64) >= firstObject {
			v["relreplident"] = "d"
		}
	}
	b.add("pg_class", v)
}

func (b *builder) systemRelation(r *relation) {
	schema := catalogNamespace
	if r.name.Schema != "pg_catalog" {
		schema = b.informationSchema()
	}
	b.class(values{
		"oid": r.oid, "relname": r.name.Table, "relnamespace": schema, "reltype": r.rowType,
		"relnatts": int64(len(r.columns)), "relisshared": r.shared,
	}, r.kind)
	b.describe(r.oid, 0, r.description)
	for i := range r.columns {
		c := &r.columns[i]
		b.attribute(values{
			"attrelid": r.oid, "attname": c.name, "atttypid": c.declared, "attnum": int64(i + 1), "atttypmod": c.typmod,
			"attnotnull": c.notNull, "attcollation": c.collation,
		})
	}
	if r.kind == "v" {
		b.rows[extraTable] = append(b.rows[extraTable], []any{r.oid, r.definition, r.definition, int64(0), false, false, false, []string{}})
	}
}

// informationSchema gives the OID that information_schema has among PostgreSQL's own rows.
func (b *builder) informationSchema() int64 {
	r := b.data.relation("pg_catalog", "pg_namespace")
	for _, row := range b.data.rows["pg_namespace"] {
		if row[r.index["nspname"]] == "information_schema" {
			return row[r.index["oid"]].(int64)
		}
	}
	return 0
}

// attribute adds a column to pg_attribute, with what it takes from its type.
func (b *builder) attribute(v values) {
	t := b.data.types[v["atttypid"].(int64)]
	maps.Copy(v, values{
		"attlen": t.length, "attbyval": t.byValue, "attalign": t.align, "attstorage": t.storage,
		"attcacheoff": int64(-1), "attstattarget": int64(-1), "attislocal": true, "attndims": dimensions(t.name),
	})
	b.add("pg_attribute", v)
}

// dimensions is 1 for an array type, by PostgreSQL's naming.
func dimensions(typeName string) int64 {
	if strings.HasPrefix(typeName, "_") {
		return 1
	}
	return 0
}

const pageBytes = 8192

func (b *builder) table(t *Table) {
	key := t.Schema + "." + t.Name
	oid := b.oids[object{"table", key}]
	rowType, arrayType := b.oids[object{"type", key}], b.oids[object{"array", key}]
	b.class(values{
		"oid": oid, "relname": t.Name, "relnamespace": b.namespace(t.Schema), "reltype": rowType, "relpersistence": b.persistence(t),
		"relnatts": int64(len(t.Columns)), "reltuples": float64(t.Rows), "relpages": (t.Bytes + pageBytes - 1) / pageBytes,
		"relacl": b.tableACL(t), "relhasindex": t.indexed(), "relhastriggers": b.referring(t), "relchecks": t.checks(),
	}, t.kind())
	b.describe(oid, 0, t.Description)
	for i := range t.Columns {
		c := &t.Columns[i]
		b.attribute(values{
			"attrelid": oid, "attname": c.Name, "atttypid": int64(c.Type.OID), "attnum": int64(i + 1),
			"atttypmod": int64(c.Type.Typmod), "attnotnull": c.NotNull, "atthasdef": c.Default != "",
			"attacl": b.columnACL(t), "attidentity": c.Identity, "attgenerated": c.Generated,
			"attcollation": b.data.types[int64(c.Type.OID)].collation,
		})
		b.describe(oid, int64(i+1), c.Description)
		if c.Default != "" {
			b.add("pg_attrdef", values{"oid": b.oids[object{"default", key + "." + c.Name}], "adrelid": oid, "adnum": int64(i + 1), "adbin": c.Default})
		}
	}
	var definition, pretty any
	if t.View || t.Materialized {
		definition, pretty = t.Definition, cmp.Or(t.Pretty, t.Definition)
	}
	b.rows[extraTable] = append(b.rows[extraTable], []any{oid, definition, pretty, t.Bytes, t.Part, t.Writable, t.Cold, append([]string{}, t.PartitionBy...)})
	b.rowTypes(t, oid, rowType, arrayType)
	b.parts(t, oid, rowType, arrayType)
	if t.View || t.Materialized {
		b.rule(t, oid)
	}
}

// rowTypes adds the composite type that PostgreSQL makes for every relation, and its array.
func (b *builder) rowTypes(t *Table, relation, rowType, arrayType int64) {
	r := b.data.relation("pg_catalog", "pg_type")
	add := func(like []any, v values) {
		row := slices.Clone(like)
		for name, value := range v {
			row[r.index[name]] = value
		}
		b.rows["pg_type"] = append(b.rows["pg_type"], row)
	}
	schema := b.namespace(t.Schema)
	add(b.data.compositeType, values{"oid": rowType, "typname": t.Name, "typnamespace": schema, "typrelid": relation, "typarray": arrayType})
	add(b.data.compositeArray, values{"oid": arrayType, "typname": "_" + t.Name, "typnamespace": schema, "typelem": rowType})
}

func (b *builder) database() {
	if b.contents.Database == "" {
		return
	}
	b.add("pg_database", values{
		"oid": b.oids[object{"database", b.contents.Database}], "datname": b.contents.Database, "datdba": bootstrapRole,
		"encoding": encodingUTF8, "datlocprovider": "c", "datallowconn": true, "datconnlimit": unlimitedConnection,
		"datfrozenxid": firstTransactionID, "datminmxid": int64(1), "dattablespace": defaultTablespace,
		"datcollate": "C.UTF-8", "datctype": "C.UTF-8",
	})
}

func (b *builder) roles() {
	owner := values{
		"oid": bootstrapRole, "rolname": bootstrapName, "rolsuper": true, "rolinherit": true, "rolcreaterole": true,
		"rolcreatedb": true, "rolcanlogin": false, "rolreplication": true, "rolbypassrls": true, "rolconnlimit": unlimitedConnection,
	}
	for _, role := range b.contents.Roles {
		v := values{
			"oid": b.oids[object{"role", role.Name}], "rolname": role.Name, "rolsuper": role.Superuser, "rolinherit": true,
			"rolcanlogin": role.Login, "rolconnlimit": cmp.Or(role.ConnectionLimit, unlimitedConnection),
		}
		if role.Name == bootstrapName {
			owner["rolcanlogin"], owner["rolconnlimit"] = v["rolcanlogin"], v["rolconnlimit"]
			continue
		}
		b.add("pg_authid", v)
	}
	b.add("pg_authid", owner)
	for _, role := range b.contents.Roles {
		for _, group := range role.MemberOf {
			b.add("pg_auth_members", values{
				"roleid": b.oids[object{"role", group}], "member": b.oids[object{"role", role.Name}], "grantor": bootstrapRole, "admin_option": false,
			})
		}
	}
}

// settings adds the settings that we have, and PostgreSQL's presets.
func (b *builder) settings() {
	r := b.data.relation("pg_catalog", "pg_settings")
	known := map[string][]any{}
	for _, row := range b.data.rows["pg_settings"] {
		known[strings.ToLower(row[r.index["name"]].(string))] = row
	}
	for _, s := range b.contents.Settings {
		row := r.row(values{"category": "Customized Options", "context": "user", "vartype": "string", "source": "default"})
		if k, ok := known[strings.ToLower(s.Name)]; ok {
			row = slices.Clone(k)
			delete(known, strings.ToLower(s.Name))
		} else {
			row[r.index["name"]], row[r.index["short_desc"]] = s.Name, s.Description
		}
		for _, column := range []string{"setting", "reset_val", "boot_val"} {
			row[r.index[column]] = s.Value
		}
		b.rows["pg_settings"] = append(b.rows["pg_settings"], row)
	}
	for _, row := range b.data.rows["pg_settings"] {
		name := strings.ToLower(row[r.index["name"]].(string))
		if _, left := known[name]; left && row[r.index["category"]] == "Preset Options" {
			b.rows["pg_settings"] = append(b.rows["pg_settings"], row)
		}
	}
}
