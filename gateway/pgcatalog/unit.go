package pgcatalog

import (
	"reflect"
	"slices"
)

// unit is what is shown or taken away as one: a table, a sequence, or the comment on a schema. It knows the objects whose
// rows are its own.
type unit struct {
	table    *Table
	sequence *Sequence
	schema   string // of the comment
	comment  string
}

// units are the contents' by a key that is the same in the next contents.
func (c *Contents) units() map[string]*unit {
	all := make(map[string]*unit, len(c.Tables)+len(c.Sequences))
	for i := range c.Tables {
		t := &c.Tables[i]
		all["table "+t.Schema+"."+t.Name] = &unit{table: t}
	}
	for i := range c.Sequences {
		all["sequence "+c.Sequences[i].key()] = &unit{sequence: &c.Sequences[i]}
	}
	for _, schema := range c.schemas() {
		if text := c.Comments[schema]; text != "" {
			all["schema "+schema] = &unit{schema: schema, comment: text}
		}
	}
	return all
}

// objects are those that the unit's rows are about.
func (u *unit) objects() []object {
	switch {
	case u.table != nil:
		return u.table.objects()
	case u.sequence != nil:
		return []object{{"table", u.sequence.key()}}
	}
	return []object{{"schema", u.schema}}
}

// refers gives the tables whose rows the unit's rows are made of too.
func (u *unit) refers() (names []string) {
	switch {
	case u.table != nil:
		for _, k := range u.table.Keys {
			if k.Kind == ForeignKey {
				names = append(names, k.RefSchema+"."+k.RefTable)
			}
		}
		for _, use := range u.table.Uses {
			names = append(names, use.Schema+"."+use.Table)
		}
	case u.sequence != nil:
		names = append(names, u.sequence.OwnerSchema+"."+u.sequence.OwnerTable)
	}
	return names
}

// build adds the unit's rows.
func (u *unit) build(b *builder) {
	switch {
	case u.table != nil:
		b.table(u.table)
		b.keys(u.table)
	case u.sequence != nil:
		b.sequence(u.sequence)
	default:
		b.add("pg_description", values{"objoid": b.namespace(u.schema), "classoid": namespaceRelation, "objsubid": int64(0), "description": u.comment})
	}
}

// alike reports whether the unit is the same as the other, apart from what it refers to.
func (u *unit) alike(o *unit) bool {
	switch {
	case u.table != nil && o.table != nil:
		return u.table.alike(o.table)
	case u.sequence != nil && o.sequence != nil:
		return *u.sequence == *o.sequence
	}
	return u.table == o.table && u.sequence == o.sequence && u.comment == o.comment
}

func (t *Table) alike(o *Table) bool {
	a, b := *t, *o
	if !slices.Equal(a.Columns, b.Columns) {
		return false
	}
	a.Columns, b.Columns = nil, nil // compared by reflection they would take most of the time
	return reflect.DeepEqual(&a, &b)
}

// numbersOf gives the numbers that the builder has given the unit's objects.
func (b *builder) numbersOf(u *unit) []int64 {
	objects := u.objects()
	out := make([]int64, len(objects))
	for i, o := range objects {
		out[i] = b.oids[o]
	}
	return out
}

// difference tells what is to be taken away of what b has shown, by number, and which of the next units are to be shown.
func (b *builder) difference(next *builder) (gone []int64, fresh map[string]*unit) {
	before, after := b.units, next.units
	fresh = map[string]*unit{}
	changed := map[string]bool{} // tables
	for key, u := range after {
		o := before[key]
		if o != nil && u.alike(o) && slices.Equal(b.numbersOf(o), next.numbersOf(u)) && b.surroundings(o) == next.surroundings(u) {
			continue
		}
		fresh[key] = u
		if u.table != nil {
			changed[u.table.Schema+"."+u.table.Name] = true
		}
	}
	for key, o := range before {
		if after[key] == nil && o.table != nil {
			changed[o.table.Schema+"."+o.table.Name] = true
		}
	}
	for key, u := range after {
		if fresh[key] == nil && slices.ContainsFunc(u.refers(), func(name string) bool { return changed[name] }) {
			fresh[key] = u
		}
	}
	for key, o := range before {
		if after[key] == nil || fresh[key] != nil {
			gone = append(gone, b.numbersOf(o)...)
		}
	}
	return gone, fresh
}

// surroundings is what a unit's rows have of the rest of the contents and refers does not tell.
func (b *builder) surroundings(u *unit) (s struct {
	schema    int64
	temporary string
	referred  bool
	granted   bool
	grantee   string
},
) {
	switch {
	case u.table != nil:
		s.schema, s.temporary = b.namespace(u.table.Schema), b.persistence(u.table)
		s.granted, s.grantee = b.contents.Granted, b.contents.Grantee
		s.referred = b.referred[u.table.Schema+"."+u.table.Name]
	case u.sequence != nil:
		s.schema = b.namespace(u.sequence.Schema)
	}
	return s
}
