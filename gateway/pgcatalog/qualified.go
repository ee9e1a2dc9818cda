package pgcatalog

import (
	"strings"

	"tidegate/internal/pgerr"
)

// relationCalled finds the relation that a text names, as regclass reads it.
func (n *Names) relationCalled(text string, path []string) (*relationName, error) {
	parts, ok := qualifiedName(text)
	switch {
	case !ok:
		return nil, pgerr.New(pgerr.InvalidName, "invalid name syntax")
	case len(parts) > 3:
		return nil, pgerr.New(pgerr.SyntaxError, "improper relation name (too many dotted names): %s", strings.Join(parts, "."))
	case len(parts) == 3 && !n.ofDatabase(parts[0]):
		return nil, pgerr.New(pgerr.FeatureNotSupported, "cross-database references are not implemented: \"%s\"", strings.Join(parts, "."))
	}
	name := parts[len(parts)-1]
	var r *relationName
	if len(parts) == 1 {
		r = n.onPath(name, path)
	} else {
		schema := parts[len(parts)-2]
		if err := n.schemaThere(schema); err != nil {
			return nil, err
		}
		r = n.inSchema(schema, name)
	}
	if r == nil {
		return nil, pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", strings.Join(parts, "."))
	}
	return r, nil
}

// schemaOf checks the schema that is in front of the name of a function or a type.
func (n *Names) schemaOf(text string) error {
	parts, ok := qualifiedName(text)
	switch {
	case !ok:
		return pgerr.New(pgerr.InvalidName, "invalid name syntax")
	case len(parts) > 3:
		return pgerr.New(pgerr.SyntaxError, "improper qualified name (too many dotted names): %s", strings.Join(parts, "."))
	case len(parts) == 3 && !n.ofDatabase(parts[0]):
		return pgerr.New(pgerr.FeatureNotSupported, "cross-database references are not implemented: %s", strings.Join(parts, "."))
	case len(parts) > 1:
		return n.schemaThere(parts[len(parts)-2])
	}
	return nil
}

func (n *Names) schemaThere(schema string) error {
	if !first(n.tables(), func(t *nameTable) (bool, bool) { _, ok := t.schemasNamed[t.schemaCalled(schema)]; return ok, ok }) {
		return pgerr.New(pgerr.InvalidSchemaName, "schema \"%s\" does not exist", schema)
	}
	return nil
}

// ofDatabase reports whether name is a database in front of a schema: any other than the session's has none to see.
func (n *Names) ofDatabase(name string) bool {
	return first(n.tables(), func(t *nameTable) (bool, bool) { return t.databases[name], t.databases[name] })
}

// qualifiedName reads names with dots between them, each in quotes or folded to lower case, with white space around. ok is false if it is
// none: PostgreSQL's SplitIdentifierString.
func qualifiedName(text string) (parts []string, ok bool) {
	for {
		part, rest, ok := identifier(strings.TrimLeft(text, whiteSpace))
		if !ok {
			return nil, false
		}
		parts = append(parts, part)
		rest = strings.TrimLeft(rest, whiteSpace)
		if rest == "" {
			return parts, true
		}
		if text, ok = strings.CutPrefix(rest, "."); !ok {
			return nil, false
		}
	}
}

const whiteSpace = " \t\n\r\f\v"

// identifier cuts one name off.
func identifier(text string) (name, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, "."+whiteSpace)
		if end < 0 {
			end = len(text)
		}
		return strings.ToLower(text[:end]), text[end:], end > 0
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '"':
		case i+1 < len(text) && text[i+1] == '"':
			i++
		default:
			return strings.ReplaceAll(text[1:i], `""`, `"`), text[i+1:], i > 1
		}
	}
	return "", "", false
}
