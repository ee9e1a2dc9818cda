package pgcatalog

import (
	"cmp"
	"slices"
	"strings"

	"tidegate/internal/pgtext"
)

// definitionTable are the texts of pg_get_constraintdef and pg_get_indexdef, for Names: the object, what stands before the
// name of a relation, which is written as the search path needs it, that relation or nil, what stands after it, and the whole
// text with fewer parentheses or nil. No table of DuckDB has them.
const definitionTable = "_definition"

// accessMethods are the OIDs of PostgreSQL's own.
var accessMethods = map[string]int64{"": 403, "btree": 403, "hash": 405, "gist": 783, "gin": 2742, "spgist": 4000, "brin": 3580}

// indexed reports whether the table has an index.
func (t *Table) indexed() bool {
	return len(t.Indexes) > 0 || slices.ContainsFunc(t.Keys, Key.indexed)
}

// indexed reports whether the key has an index.
func (k Key) indexed() bool { return k.Kind == PrimaryKey || k.Kind == UniqueKey }

// checks counts the checks.
func (t *Table) checks() (n int64) {
	for i := range t.Keys {
		if t.Keys[i].Kind == Check {
			n++
		}
	}
	return n
}

// kind is the table's in pg_class.
func (t *Table) kind() string {
	switch {
	case t.View:
		return "v"
	case t.Materialized:
		return "m"
	}
	return "r"
}

// referring reports whether a foreign key begins or ends at the table. PostgreSQL keeps those by triggers, and psql asks
// for foreign keys only where there are any.
func (b *builder) referring(t *Table) bool {
	return b.referred[t.Schema+"."+t.Name] || slices.ContainsFunc(t.Keys, func(k Key) bool { return k.Kind == ForeignKey })
}

// objects are what of the table needs an OID.
func (t *Table) objects() []object {
	key := t.Schema + "." + t.Name
	out := []object{{"table", key}, {"type", key}, {"array", key}}
	if t.View || t.Materialized {
		out = append(out, object{"rule", key})
	}
	for _, k := range t.Keys {
		out = append(out, object{"constraint", key + "." + k.Name})
		if k.indexed() {
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
		switch k.Kind {
		case ForeignKey:
			b.foreignKey(t, k, columns)
		case Check:
			b.constraint(t, k, values{"conkey": columns, "conbin": checkExpression(k.Definition)}, []any{k.Definition, nil, "", known(k.Pretty)})
			b.dependencies(t, k, b.oid(t.Schema, t.Name), columns, "n") // of its expression
		default:
			index := b.index(t, &Index{Name: k.Name, Unique: true, NullsEqual: k.NullsEqual, Columns: k.Columns, Detail: k.Index}, k.Kind == PrimaryKey)
			b.depend(classRelation, index, constraintRelation, b.oids[object{"constraint", t.Schema + "." + t.Name + "." + k.Name}], 0, "i")
			word := map[string]string{PrimaryKey: "PRIMARY KEY", UniqueKey: "UNIQUE"}[k.Kind]
			text := cmp.Or(k.Definition, word+nullsEqual(k)+" ("+quoted(k.Columns)+")")
			b.constraint(t, k, values{"conindid": index, "conkey": columns}, []any{text, nil, "", nil})
		}
	}
	for i := range t.Indexes {
		if columns, ok := t.numbers(t.Indexes[i].Columns); ok {
			index := b.index(t, &t.Indexes[i], false)
			for _, column := range columns {
				if column != 0 {
					b.depend(classRelation, index, classRelation, b.oid(t.Schema, t.Name), column, "a")
				}
			}
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
		if other.indexed() && slices.Equal(other.Columns, k.RefColumns) {
			index = b.oids[object{"index", ref.Schema + "." + other.Name}]
			break
		}
	}
	b.constraint(t, k, values{
		"conindid": index, "conkey": columns, "confrelid": oid, "confkey": referenced,
		"confupdtype": cmp.Or(k.OnUpdate, "a"), "confdeltype": cmp.Or(k.OnDelete, "a"), "confmatchtype": cmp.Or(k.Match, "s"),
	}, []any{"FOREIGN KEY (" + quoted(k.Columns) + ") REFERENCES ", oid, "(" + quoted(k.RefColumns) + ")" + k.Definition, nil})
	b.dependencies(t, k, oid, referenced, "n")
	if index != 0 {
		b.dependencies(t, k, index, []int64{0}, "n")
	}
}

// dependencies adds what a constraint depends on: columns of a relation, or 0, which is all of it. Drivers find the index
// of a foreign key here.
func (b *builder) dependencies(t *Table, k *Key, relation int64, columns []int64, kind string) {
	for _, column := range columns {
		b.depend(constraintRelation, b.oids[object{"constraint", t.Schema + "." + t.Name + "." + k.Name}], classRelation, relation, column, kind)
	}
}

func (b *builder) constraint(t *Table, k *Key, v values, definition []any) {
	oid := b.oids[object{"constraint", t.Schema + "." + t.Name + "." + k.Name}]
	v["oid"], v["conname"], v["connamespace"], v["contype"] = oid, k.Name, b.namespace(t.Schema), k.Kind
	v["conrelid"], v["convalidated"], v["conislocal"] = b.oid(t.Schema, t.Name), !k.NotValid, true
	v["connoinherit"] = k.NoInherit || k.Kind != Check
	v["condeferrable"], v["condeferred"] = k.Deferrable, k.Deferred
	if k.Kind != ForeignKey { // PostgreSQL writes a blank where there is nothing
		v["confupdtype"], v["confdeltype"], v["confmatchtype"] = " ", " ", " "
	}
	b.add("pg_constraint", v)
	b.dependencies(t, k, v["conrelid"].(int64), v["conkey"].([]int64), "a")
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
		"oid": oid, "relname": x.Name, "relnamespace": b.namespace(t.Schema), "relowner": bootstrapRole, "relam": accessMethods[x.Detail.Method],
		"relfilenode": oid, "relkind": "i", "relpersistence": b.persistence(t), "relreplident": "n", "relnatts": n, "relispopulated": true,
		"relpages": int64(1),
	})
	columns, _ := t.numbers(x.Columns)
	options, classes, keys := x.Detail.Options, x.Detail.Classes, n
	if x.Detail.KeyColumns > 0 {
		keys = int64(x.Detail.KeyColumns)
	}
	if options == nil { // ascending
		options = make([]int64, keys)
	}
	if classes == nil { // nobody has said one
		classes = make([]int64, keys)
	}
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
		"indexrelid": oid, "indrelid": table, "indnatts": n, "indnkeyatts": keys, "indisunique": x.Unique, "indisprimary": primary,
		"indnullsnotdistinct": x.NullsEqual,
		"indimmediate":        true, "indisvalid": true, "indisready": true, "indislive": true,
		"indkey": columns, "indcollation": collations[:keys], "indclass": classes, "indoption": options,
		"indpred": x.predicate(), "indexprs": x.expressions(),
	})
	if x.Definition != "" {
		b.define(oid, []any{x.Definition, nil, "", nil})
		return oid
	}
	before, after := x.written()
	b.define(oid, []any{before, table, after, nil})
	return oid
}

// written is CREATE INDEX of an index over columns: what stands before the table's name and after it.
func (x *Index) written() (before, after string) {
	before = "CREATE INDEX "
	if x.Unique {
		before = "CREATE UNIQUE INDEX "
	}
	n := len(x.Columns)
	if x.Detail.KeyColumns > 0 {
		n = x.Detail.KeyColumns
	}
	keys := make([]string, n)
	for i := range keys {
		keys[i] = pgtext.QuoteIdent(x.Columns[i])
		if x.Detail.Options != nil {
			keys[i] += [...]string{"", " DESC NULLS LAST", " NULLS FIRST", " DESC"}[x.Detail.Options[i]&3]
		}
	}
	after = " USING " + cmp.Or(x.Detail.Method, "btree") + " (" + strings.Join(keys, ", ") + ")"
	if n < len(x.Columns) {
		after += " INCLUDE (" + quoted(x.Columns[n:]) + ")"
	}
	if x.NullsEqual {
		after += " NULLS NOT DISTINCT"
	}
	return before + pgtext.QuoteIdent(x.Name) + " ON ", after
}

// nullsEqual is what a key says behind its word.
func nullsEqual(k *Key) string {
	if k.NullsEqual {
		return " NULLS NOT DISTINCT"
	}
	return ""
}

// quoted writes a list of names.
func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = pgtext.QuoteIdent(n)
	}
	return strings.Join(out, ", ")
}
