package pgcatalog

import (
	"slices"
	"strings"
	"sync/atomic"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtext"
)

// Names is what is known of objects by their number or their name: statements ask it through functions in Go. As
// subqueries of macros the same questions are joins, which cost planning for one row, and are asked row by row where
// DuckDB cannot make them one. It shows the newest catalog, as PostgreSQL's own functions do, and answers nothing before New.
type Names struct {
	fixed atomic.Pointer[nameTable] // of PostgreSQL's own objects
	own   atomic.Pointer[nameTable]
}

// relationName is a relation.
type relationName struct {
	oid            uint32
	schema, name   string
	kind           string
	attributes     []string // by number, from 1
	definition     string
	pretty         string
	bytes          int64
	part, writable bool
}

// tables gives our own objects and PostgreSQL's.
func (n *Names) tables() []*nameTable {
	all := make([]*nameTable, 0, 2)
	for _, p := range []*atomic.Pointer[nameTable]{&n.own, &n.fixed} {
		if t := p.Load(); t != nil {
			all = append(all, t)
		}
	}
	return all
}

// relation finds a relation by number, nil if there is none.
func (n *Names) relation(oid uint32) *relationName {
	return first(n.tables(), func(t *nameTable) (*relationName, bool) { r, ok := t.relations[oid]; return r, ok })
}

// first gives what the first table knows.
func first[T any](tables []*nameTable, find func(t *nameTable) (T, bool)) (found T) {
	for _, t := range tables {
		if v, ok := find(t); ok {
			return v
		}
	}
	return found
}

// inSchema finds a relation by its whole name.
func (n *Names) inSchema(schema, name string) *relationName {
	return first(n.tables(), func(t *nameTable) (*relationName, bool) {
		schema := t.schemaCalled(schema)
		i := slices.IndexFunc(t.relationsNamed[name], func(r *relationName) bool { return r.schema == schema })
		if i < 0 {
			return nil, false
		}
		return t.relationsNamed[name][i], true
	})
}

// onPath finds what a name without a schema means.
func (n *Names) onPath(name string, path []string) *relationName {
	for _, schema := range path {
		if r := n.inSchema(schema, name); r != nil {
			return r
		}
	}
	return nil
}

// written is the relation's name as the search path needs it.
func (n *Names) written(r *relationName, path []string) string {
	if n.onPath(r.name, path) == r {
		return pgtext.QuoteIdent(r.name)
	}
	return pgtext.QuoteIdent(r.schema) + "." + pgtext.QuoteIdent(r.name)
}

// RelationVisible reports whether a relation is what its name alone means; ok is false if there is none.
func (n *Names) RelationVisible(oid uint32, path []string) (visible, ok bool) {
	r := n.relation(oid)
	return r != nil && n.onPath(r.name, path) == r, r != nil
}

// RelationSize is the size of what a relation holds; ok is false if there is none.
func (n *Names) RelationSize(oid uint32) (bytes int64, ok bool) {
	if r := n.relation(oid); r != nil {
		return r.bytes, true
	}
	return 0, false
}

// ViewDefinition is what a view is computed by, with fewer parentheses if it is to be pretty.
func (n *Names) ViewDefinition(oid uint32, pretty bool, path []string) (text string, ok bool) {
	r := n.relation(oid)
	switch {
	case r == nil, r.kind != "v" && r.kind != "m":
		return "", false
	case pretty:
		text = r.pretty
	default:
		text = r.definition
	}
	return n.ByPath(text, path), text != ""
}

// RuleDefinition is the rule that makes a relation a view; ok is false if there is none.
func (n *Names) RuleDefinition(oid uint32, pretty bool, path []string) (text string, ok bool) {
	r := n.relation(first(n.tables(), func(t *nameTable) (uint32, bool) { view, ok := t.rules[oid]; return view, ok }))
	if r == nil || r.definition == "" {
		return "", false
	}
	name, definition := pgtext.QuoteIdent(r.schema)+"."+pgtext.QuoteIdent(r.name), r.definition
	if pretty {
		name, definition = n.written(r, path), r.pretty
	}
	return "CREATE RULE \"_RETURN\" AS\n    ON SELECT TO " + name + " DO INSTEAD " + n.ByPath(definition, path), true
}

// Definition is the text of a constraint or an index.
func (n *Names) Definition(oid uint32, pretty bool, path []string) (text string, ok bool) {
	d := first(n.tables(), func(t *nameTable) (*definitionText, bool) { d, ok := t.definitions[oid]; return d, ok })
	switch {
	case d == nil:
		return "", false
	case pretty && d.pretty != "":
		return d.pretty, true
	case d.relation == 0:
		return d.before + d.after, true
	}
	name := ""
	if r := n.relation(d.relation); r != nil {
		if own := n.relation(oid); !pretty && own != nil && own.kind == "i" {
			path = nil // an index is of a table with its schema, a constraint refers to one by the search path
		}
		name = n.written(r, path)
	}
	return d.before + name + d.after, true
}

// IndexColumn is an index's column by number, its name or what it is computed by; "" if it has none.
func (n *Names) IndexColumn(oid uint32, number int32) string {
	r := n.relation(oid)
	if r == nil || number < 1 || int(number) > len(r.attributes) {
		return ""
	}
	if name := r.attributes[number-1]; name != "" {
		return pgtext.QuoteIdent(name)
	}
	text, _ := n.Definition(oid, false, nil)
	items := (&Index{Definition: text}).items()
	if int(number) > len(items) {
		return ""
	}
	return items[number-1]
}

// SerialSequence is the sequence that a table's column owns.
func (n *Names) SerialSequence(table uint32, column string) (text string, ok bool) {
	oid := first(n.tables(), func(t *nameTable) (uint32, bool) {
		oid, ok := t.serials[serial{table, column}]
		return oid, ok
	})
	r := n.relation(oid)
	if oid == 0 || r == nil {
		return "", false
	}
	schema := r.schema
	if slices.ContainsFunc(n.tables(), func(t *nameTable) bool { return t.temporary == schema && schema != "" }) {
		schema = "pg_temp"
	}
	return pgtext.QuoteIdent(schema) + "." + pgtext.QuoteIdent(r.name), true
}

// UserName is a role's name.
func (n *Names) UserName(oid uint32) (name string, ok bool) {
	name = first(n.tables(), func(t *nameTable) (string, bool) { s, ok := t.roles[oid]; return s, ok })
	return name, name != ""
}

// Description is the comment on an object that is in the catalog class, or in any of them if that is "".
func (n *Names) Description(oid uint32, class string, column int32) (text string, ok bool) {
	for _, t := range n.tables() {
		for _, d := range t.descriptions[described{oid, column}] {
			if class == "" && (!ok || d.text < text) || d.class == class {
				text, ok = d.text, true
			}
		}
	}
	return text, ok
}

// identParts reads a name that may have a schema: each part quoted, or folded to lower case.
func identParts(text string) (parts []string) {
	for text != "" {
		switch text[0] {
		case '.':
			text = text[1:]
		case '"':
			end := 1
			for end < len(text) && (text[end] != '"' || end+1 < len(text) && text[end+1] == '"') {
				if text[end] == '"' {
					end++
				}
				end++
			}
			end = min(end, len(text))
			parts = append(parts, strings.ReplaceAll(text[1:end], `""`, `"`))
			text = text[min(end+1, len(text)):]
		default:
			end := strings.IndexAny(text, `."`)
			if end < 0 {
				end = len(text)
			}
			parts = append(parts, strings.ToLower(strings.Trim(text[:end], " ")))
			text = text[end:]
		}
	}
	return parts
}

// missing is the error of a name that nothing has.
func missing(code pgerr.Code, kind, text string) error {
	return pgerr.New(code, "%s \"%s\" does not exist", kind, strings.ReplaceAll(text, `"`, ""))
}
