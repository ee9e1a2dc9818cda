package pgcatalog

import (
	"slices"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgtext"
	"tidegate/internal/pgtypes"
)

// definitionTable has the texts of pg_get_constraintdef and pg_get_indexdef: what stands before and after the name of a
// relation, which is written as the search path needs it.
const definitionTable = "_definition"

var definitionColumns = []engine.LoadColumn{
	{Name: "_x_oid", Type: pgtypes.OIDType},
	{Name: "_x_before", Type: pgtypes.Text},
	{Name: "_x_relation", Type: pgtypes.OIDType}, // NULL: the text is whole
	{Name: "_x_after", Type: pgtypes.Text},
}

const btreeAccessMethod = int64(403)

// indexed reports whether the table has an index.
func (t *Table) indexed() bool {
	return len(t.Indexes) > 0 || slices.ContainsFunc(t.Keys, func(k Key) bool { return k.Kind != ForeignKey })
}

// referring reports whether a foreign key begins or ends at the table. PostgreSQL keeps those by triggers, and psql asks
// for foreign keys only where there are any.
func (b *builder) referring(t *Table) bool {
	return b.referred[t.Schema+"."+t.Name] || slices.ContainsFunc(t.Keys, func(k Key) bool { return k.Kind == ForeignKey })
}

// keyObjects are what of the table's keys needs an OID.
func (t *Table) keyObjects() (out []object) {
	key := t.Schema + "." + t.Name
	for _, k := range t.Keys {
		out = append(out, object{"constraint", key + "." + k.Name})
		if k.Kind != ForeignKey {
			out = append(out, object{"index", t.Schema + "." + k.Name})
		}
	}
	for _, x := range t.Indexes {
		out = append(out, object{"index", t.Schema + "." + x.Name})
	}
	for i := range t.Columns {
		if t.Columns[i].Default != "" {
			out = append(out, object{"default", key + "." + t.Columns[i].Name})
		}
	}
	return out
}

// numbers gives the columns' numbers, 0 for an expression; ok is false if one is not there for whoever looks.
func (t *Table) numbers(columns []string) (out []int64, ok bool) {
	for _, name := range columns {
		i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
		if i < 0 && name != "" {
			return nil, false
		}
		out = append(out, int64(i+1))
	}
	return out, true
}

// keys adds the table's constraints and indexes.
func (b *builder) keys(t *Table) {
	for i := range t.Keys {
		k := &t.Keys[i]
		columns, ok := t.numbers(k.Columns)
		if !ok {
			continue
		}
		if k.Kind == ForeignKey {
			b.foreignKey(t, k, columns)
			continue
		}
		index := b.index(t, &Index{Name: k.Name, Unique: true, Columns: k.Columns}, k.Kind == PrimaryKey)
		word := map[string]string{PrimaryKey: "PRIMARY KEY", UniqueKey: "UNIQUE"}[k.Kind]
		b.constraint(t, k, values{"conindid": index, "conkey": columns}, []any{word + " (" + quoted(k.Columns) + ")", nil, ""})
	}
	for i := range t.Indexes {
		if _, ok := t.numbers(t.Indexes[i].Columns); ok {
			b.index(t, &t.Indexes[i], false)
		}
	}
}

func (b *builder) foreignKey(t *Table, k *Key, columns []int64) {
	ref := b.tables[k.RefSchema+"."+k.RefTable]
	if ref == nil {
		return
	}
	referenced, ok := ref.numbers(k.RefColumns)
	if !ok {
		return
	}
	oid := b.oid(ref.Schema, ref.Name)
	var index int64
	for _, other := range ref.Keys {
		if other.Kind != ForeignKey && slices.Equal(other.Columns, k.RefColumns) {
			index = b.oids[object{"index", ref.Schema + "." + other.Name}]
			break
		}
	}
	b.constraint(t, k, values{
		"conindid": index, "conkey": columns, "confrelid": oid, "confkey": referenced,
		"confupdtype": "a", "confdeltype": "a", "confmatchtype": "s",
	}, []any{"FOREIGN KEY (" + quoted(k.Columns) + ") REFERENCES ", oid, "(" + quoted(k.RefColumns) + ")"})
}

func (b *builder) constraint(t *Table, k *Key, v values, definition []any) {
	oid := b.oids[object{"constraint", t.Schema + "." + t.Name + "." + k.Name}]
	v["oid"], v["conname"], v["connamespace"], v["contype"] = oid, k.Name, b.namespace(t.Schema), k.Kind
	v["conrelid"], v["convalidated"], v["conislocal"], v["connoinherit"] = b.oid(t.Schema, t.Name), true, true, true
	if k.Kind != ForeignKey { // PostgreSQL writes a blank where there is nothing
		v["confupdtype"], v["confdeltype"], v["confmatchtype"] = " ", " ", " "
	}
	b.add("pg_constraint", v)
	b.define(oid, definition)
}

func (b *builder) define(oid int64, definition []any) {
	b.rows[definitionTable] = append(b.rows[definitionTable], append([]any{oid}, definition...))
}

// index adds an index and gives its OID.
func (b *builder) index(t *Table, x *Index, primary bool) int64 {
	oid, table := b.oids[object{"index", t.Schema + "." + x.Name}], b.oid(t.Schema, t.Name)
	n := int64(len(x.Columns))
	b.add("pg_class", values{
		"oid": oid, "relname": x.Name, "relnamespace": b.namespace(t.Schema), "relowner": bootstrapRole, "relam": btreeAccessMethod,
		"relfilenode": oid, "relkind": "i", "relpersistence": "p", "relreplident": "n", "relnatts": n, "relispopulated": true,
		"relpages": int64(1),
	})
	columns, _ := t.numbers(x.Columns)
	zeros := make([]int64, n) // ascending, and no operator class: no client has asked for one
	collations := make([]int64, n)
	for i, number := range columns {
		if number == 0 {
			continue
		}
		c := &t.Columns[number-1]
		collations[i] = b.data.types[int64(c.Type.OID)].collation
		b.attribute(values{
			"attrelid": oid, "attname": c.Name, "atttypid": int64(c.Type.OID), "attnum": int64(i + 1),
			"atttypmod": int64(c.Type.Typmod), "attcollation": collations[i],
		})
	}
	b.add("pg_index", values{
		"indexrelid": oid, "indrelid": table, "indnatts": n, "indnkeyatts": n, "indisunique": x.Unique, "indisprimary": primary,
		"indimmediate": true, "indisvalid": true, "indisready": true, "indislive": true,
		"indkey": columns, "indcollation": collations, "indclass": zeros, "indoption": zeros,
	})
	if x.Definition != "" {
		b.define(oid, []any{x.Definition, nil, ""})
		return oid
	}
	unique := ""
	if x.Unique {
		unique = "UNIQUE "
	}
	b.define(oid, []any{"CREATE " + unique + "INDEX " + pgtext.QuoteIdent(x.Name) + " ON ", table, " USING btree (" + quoted(x.Columns) + ")"})
	return oid
}

// quoted writes a list of names.
func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = pgtext.QuoteIdent(n)
	}
	return strings.Join(out, ", ")
}
