package pipeline

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"tidegate/internal/pgtypes"
	"tidegate/internal/yamlfile"
	"tidegate/sql"
)

// Lookup is one object whose rows a first-stage SELECT may join to source by their key.
type Lookup struct {
	Name string // in FROM
	// Source is what a source of this one object would be. Its Fields are all columns, and its Required are the key.
	Source *Source
}

// Object splits the location into that of a folder or prefix and the object's name in it.
func (l *Lookup) Object() (folder, name string) {
	folder, name = path.Split(l.Source.Location)
	return folder, name
}

// lookupTables gives what the language must know of the lookups.
func (p *Pipeline) lookupTables() []sql.Lookup {
	tables := make([]sql.Lookup, len(p.Lookups))
	for i, l := range p.Lookups {
		tables[i] = sql.Lookup{Name: l.Name, Key: l.Source.Required}
		for _, f := range l.Source.Fields {
			tables[i].Columns = append(tables[i].Columns, f.Name)
		}
	}
	return tables
}

// exactKeys makes sure that the joins compare the keys of lookups as they are: a bigint or numeric becomes a double when it is
// compared with one, and different keys beyond 2^53 become the same.
func (p *Pipeline) exactKeys(relations sql.Catalog) error {
	if len(p.Lookups) == 0 {
		return nil
	}
	with, all, err := p.Statement.ComparedWithKeys(p.lookupTables()...)
	if err != nil || len(all) == 0 {
		return err
	}
	query, err := sql.Bind(with, relations, environment())
	if err != nil {
		return located(p, err)
	}
	type column struct{ alias, name string }
	exact := map[column]bool{} // by one comparison of several
	for i, c := range all {
		key := p.lookupField(c.Lookup.Name, c.Column)
		exact[column{c.Alias, c.Column}] = exact[column{c.Alias, c.Column}] || !rounds(key, query.Types[i].OID)
	}
	for i, c := range all {
		if exact[column{c.Alias, c.Column}] {
			continue
		}
		key := p.lookupField(c.Lookup.Name, c.Column)
		return &yamlfile.Error{File: p.SQLFile, Line: lineAt(p.SQL, c.Position), Message: fmt.Sprintf(
			"lookup %s: its key %s is %s and is compared with %s, for which it is rounded, so that two rows of the lookup may match; "+
				"cast the other side: ON %s.%s = (…)::%[3]s, or declare the field that it is of as %[3]s",
			c.Lookup.Name, c.Column, key, query.Types[i], c.Alias, c.Column)}
	}
	return nil
}

// doubleDigits are those of decimals that are all different as doubles.
const doubleDigits = 15

// rounds says that different values of a key's type may be the same when they are compared with another type: as doubles.
func rounds(key pgtypes.Type, other pgtypes.OID) bool {
	if other != pgtypes.Float4 && other != pgtypes.Float8 {
		return false
	}
	precision, _, known := key.PrecisionScale()
	return key.OID == pgtypes.Int8 || key.OID == pgtypes.Numeric && (!known || precision > doubleDigits)
}

// lookupField gives the type of a lookup's column.
func (p *Pipeline) lookupField(lookup, column string) pgtypes.Type {
	for _, l := range p.Lookups {
		for _, f := range l.Source.Fields {
			if l.Name == lookup && f.Name == column {
				return f.Type
			}
		}
	}
	return pgtypes.Type{}
}

// lookups reads what a first stage may join.
func (l *loader) lookups(d *draft, ordered inOrder) {
	for _, name := range slices.Sorted(maps.Keys(d.yml.Lookups)) {
		y, at := d.yml.Lookups[name], "lookups."+name
		if !identifier.MatchString(name) || name == sql.SourceRelation {
			l.at(d, at, "lookup %q cannot have this name; names are lower-case letters, digits and _, and not %s", name, sql.SourceRelation)
		}
		s := &Source{Location: y.Location, Format: y.Format, Required: y.Key}
		if y.Location != "" && !strings.Contains(y.Location, ":") {
			s.Location = "file:" + y.Location
		}
		l.location(d, at+".location", s.Location, "location: file:./lookups/"+name+".csv")
		l.lookupFormat(d, at, s)
		s.Fields = l.fields(d, at+".fields", y.Fields, ordered.Lookups[name].Fields)
		if len(y.Fields) == 0 {
			l.missing(d, at+".fields", "fields: { id: int, name: text }, the columns that the SELECT may take")
		}
		l.lookupKey(d, at, s)
		l.csv(d, at, &ymlSource{Format: s.Format, Delimiter: y.Delimiter, NullAs: y.NullAs, Header: y.Header}, s)
		d.Lookups = append(d.Lookups, Lookup{Name: name, Source: s})
	}
}

// lookupFormat finds the format by the object's name if none is given: sites.csv, sites.json.gz.
func (l *loader) lookupFormat(d *draft, at string, s *Source) {
	if s.Format == "" {
		name := strings.TrimSuffix(strings.TrimSuffix(path.Base(s.Location), ".gz"), ".zst")
		s.Format = strings.TrimPrefix(path.Ext(name), ".")
		if s.Format == "ndjson" || s.Format == "jsonl" {
			s.Format = "json"
		}
		if !slices.Contains(formats(), s.Format) {
			s.Format = ""
			l.missing(d, at+".format", "format: csv")
		}
	}
	l.one(d, at+".format", s.Format, formats()...)
}

// lookupKey checks that rows can be found by the key.
func (l *loader) lookupKey(d *draft, at string, s *Source) {
	if len(s.Required) == 0 {
		l.missing(d, at+".key", "key: id, the field or list of fields by which a row is found")
	}
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = f.Name
	}
	l.unique(d, at+".key", s.Required)
	if len(names) == 0 {
		return
	}
	for _, key := range s.Required {
		l.member(d, at+".key", key, names, "field")
		i := slices.Index(names, key)
		if i >= 0 && s.Fields[i].Type.OID == pgtypes.JSON {
			l.at(d, at+".key", "field %s is json, which cannot be compared; give it another type in fields", key)
		}
	}
}
