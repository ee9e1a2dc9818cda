package pipeline

import (
	"cmp"
	"fmt"

	"tidegate/catalog"
)

// keys reads the keys that the table's owner declares.
func (l *loader) keys(d *draft) {
	d.Keys.PrimaryKey = d.yml.PrimaryKey
	l.unique(d, "primary_key", d.yml.PrimaryKey)
	d.KeysLine = cmp.Or(d.lines["primary_key"], d.lines["foreign_keys"])
	for i, k := range d.yml.ForeignKeys {
		path := fmt.Sprintf("foreign_keys[%d]", i)
		name, ok := tableName(k.References)
		switch {
		case !ok:
			l.at(d, path, "references %q is not schema.table in lower-case letters, digits and _", k.References)
		case len(k.Columns) == 0 || len(k.Columns) != len(k.Key):
			l.at(d, path, "it has %d columns and %d of %s; write { columns: [site_id], references: %s, key: [id] }", len(k.Columns), len(k.Key), name, name)
		}
		l.unique(d, path+".columns", k.Columns)
		d.Keys.ForeignKeys = append(d.Keys.ForeignKeys, catalog.ForeignKey{Columns: k.Columns, References: name, Key: k.Key})
	}
}

// keyNames checks that the table has the columns of its keys.
func (l *loader) keyNames(d *draft, columns []string) {
	l.members(d, "primary_key", d.Keys.PrimaryKey, columns)
	for i, k := range d.Keys.ForeignKeys {
		l.members(d, fmt.Sprintf("foreign_keys[%d].columns", i), k.Columns, columns)
	}
}
