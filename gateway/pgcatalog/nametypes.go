package pgcatalog

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtext"
)

// typeName is how a type is written: prefix, modifier, suffix, and brackets if it is an array.
type typeName struct {
	oid              uint32
	schema, name     string
	prefix, suffix   string
	modifier         string // what its modifier means
	bare             string // without a modifier, where the modifier is known to be none
	array            bool
	element          uint32
	subscript, plain bool
}

// The meanings of modifiers.
const (
	noModifier       = "none"
	numericModifier  = "numeric"
	lengthModifier   = "length"
	intervalModifier = "interval"
)

// spellings are the types that PostgreSQL writes by SQL's names.
func spellings() map[uint32]typeName {
	return map[uint32]typeName{
		16: {prefix: "boolean", modifier: noModifier}, 20: {prefix: "bigint", modifier: noModifier}, 21: {prefix: "smallint", modifier: noModifier},
		23: {prefix: "integer", modifier: noModifier}, 700: {prefix: "real", modifier: noModifier}, 701: {prefix: "double precision", modifier: noModifier},
		1042: {prefix: "character", modifier: lengthModifier, bare: "bpchar"}, 1043: {prefix: "character varying", modifier: lengthModifier},
		1083: {prefix: "time", suffix: " without time zone", modifier: "plain"}, 1114: {prefix: "timestamp", suffix: " without time zone", modifier: "plain"},
		1184: {prefix: "timestamp", suffix: " with time zone", modifier: "plain"}, 1186: {prefix: "interval", modifier: intervalModifier},
		1266: {prefix: "time", suffix: " with time zone", modifier: "plain"}, 1560: {prefix: "bit", modifier: "plain", bare: `"bit"`},
		1562: {prefix: "bit varying", modifier: "plain"}, 1700: {prefix: "numeric", modifier: numericModifier},
	}
}

// text is the type without a modifier.
func (t *typeName) text() string {
	if t.array {
		return t.prefix + t.suffix + "[]"
	}
	return t.prefix + t.suffix
}

func (t *nameTable) fillTypes(d *dataset, rows map[string][][]any, schema func(oid any) string, base *nameTable) {
	spelled := spellings()
	var added []*typeName
	rowsOf(d, rows, "pg_type", func(at func(string) any) {
		n := &typeName{
			oid: oidOf(at("oid")), schema: schema(at("typnamespace")), name: at("typname").(string), element: oidOf(at("typelem")),
			subscript: at("typsubscript").(int64) == arraySubscriptProc, plain: at("typstorage") == "p",
		}
		n.prefix = pgtext.QuoteIdent(n.name)
		if n.schema != "pg_catalog" {
			n.prefix = pgtext.QuoteIdent(n.schema) + "." + n.prefix
		}
		n.bare = n.prefix
		if s, ok := spelled[n.oid]; ok {
			n.prefix, n.suffix, n.modifier, n.bare = s.prefix, s.suffix, s.modifier, s.bare
			if n.bare == "" {
				n.bare = n.prefix + n.suffix
			}
		}
		t.types[n.oid], t.typesNamed[n.name] = n, append(slices.Clip(t.typesNamed[n.name]), n)
		added = append(added, n)
	})
	for _, n := range added {
		e := t.types[n.element]
		if e == nil && base != nil {
			e = base.types[n.element]
		}
		if e != nil && n.subscript && !n.plain {
			n.prefix, n.suffix, n.modifier, n.bare, n.array = e.prefix, e.suffix, e.modifier, e.bare, true
		}
		if other, ok := t.typesWritten[n.text()]; !ok || n.oid < other {
			t.typesWritten[n.text()] = n.oid
		}
	}
}

// FormatType is format_type; without a modifier it writes what the type's name says of none.
func (n *Names) FormatType(oid uint32, modifier int32, modified bool) string {
	if oid == 0 {
		return "-"
	}
	t := n.typ(oid)
	if t == nil {
		return "???"
	}
	brackets := ""
	if t.array {
		brackets = "[]"
	}
	switch {
	case !modified:
		return t.text()
	case modifier < 0, t.modifier == noModifier, t.modifier == lengthModifier && modifier < 4:
		return t.bare + brackets
	case t.modifier == numericModifier:
		precision, scale := (modifier-4)>>16, ((modifier-4)&2047^1024)-1024
		return t.prefix + "(" + itoa(precision) + "," + itoa(scale) + ")" + brackets
	case t.modifier == lengthModifier:
		return t.prefix + "(" + itoa(modifier-4) + ")" + brackets
	case t.modifier == intervalModifier:
		return t.prefix + intervalFields(modifier) + brackets
	}
	return t.prefix + "(" + itoa(modifier) + ")" + t.suffix + brackets
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }

// intervalFields writes the modifier of an interval: which fields it has, and the digits of its seconds.
func intervalFields(modifier int32) string {
	fields := map[int32]string{
		4: " year", 2: " month", 8: " day", 1024: " hour", 2048: " minute", 4096: " second", 6: " year to month", 1032: " day to hour",
		3080: " day to minute", 7176: " day to second", 3072: " hour to minute", 7168: " hour to second", 6144: " minute to second",
	}[modifier>>16&32767]
	if digits := modifier & 65535; digits != 65535 {
		fields += "(" + itoa(digits) + ")"
	}
	return fields
}

func (n *Names) typ(oid uint32) *typeName {
	return first(n.tables(), func(t *nameTable) (*typeName, bool) { x, ok := t.types[oid]; return x, ok })
}

// TypeVisible reports whether a type is what its name alone means; ok is false if there is none.
func (n *Names) TypeVisible(oid uint32, path []string) (visible, ok bool) {
	t := n.typ(oid)
	if t == nil {
		return false, false
	}
	return firstSchema(path, func(schema string) bool { return n.typeNamed(schema, t.name) != nil }) == t.schema, true
}

func (n *Names) typeNamed(schema, name string) *typeName {
	return first(n.tables(), func(t *nameTable) (*typeName, bool) {
		i := slices.IndexFunc(t.typesNamed[name], func(x *typeName) bool { return schema == "" || x.schema == schema })
		if i < 0 {
			return nil, false
		}
		return t.typesNamed[name][i], true
	})
}

// firstSchema gives the first schema of the path that has something, "" if none has.
func firstSchema(path []string, has func(schema string) bool) string {
	if i := slices.IndexFunc(path, has); i >= 0 {
		return path[i]
	}
	return ""
}

// typeModifier is what varchar(5) has behind the name; the type is the same without.
var typeModifier = regexp.MustCompile(`\s*\([0-9, -]+\)`)

// typeOf finds the type that a text names as PostgreSQL reads it, 0 if there is none.
func (n *Names) typeOf(text string) uint32 {
	if oid, ok := number(text); ok {
		return oid
	}
	text = typeModifier.ReplaceAllString(text, "")
	written := strings.ToLower(strings.Trim(text, " "))
	aliases := map[string]uint32{"int": 23, "decimal": 1700, "char": 1042, "timestamp": 1114, "time": 1083, "float": 701}
	if oid, ok := aliases[written]; ok {
		return oid
	}
	if oid := first(n.tables(), func(t *nameTable) (uint32, bool) { oid, ok := t.typesWritten[written]; return oid, ok }); oid != 0 {
		return oid
	}
	parts := identParts(strings.TrimRight(text, "[]"))
	if len(parts) == 0 {
		return 0
	}
	name, schema := parts[len(parts)-1], ""
	if len(parts) > 1 {
		schema = parts[len(parts)-2]
	}
	if strings.HasSuffix(text, "[]") {
		name = "_" + name
	}
	if t := n.typeNamed(schema, name); t != nil {
		return t.oid
	}
	return 0
}

// functionOf finds a function by its name, or number; of several the first by number.
func (n *Names) functionOf(text string) (oid uint32) {
	if oid, ok := number(text); ok {
		return oid
	}
	parts := identParts(text)
	if len(parts) == 0 {
		return 0
	}
	f := first(n.tables(), func(t *nameTable) (*functionName, bool) {
		all := t.functionsNamed[parts[len(parts)-1]]
		i := slices.IndexFunc(all, func(f *functionName) bool { return len(parts) == 1 || f.schema == parts[len(parts)-2] })
		if i < 0 {
			return nil, false
		}
		return all[i], true
	})
	if f == nil {
		return 0
	}
	return f.oid
}

// FunctionVisible reports whether a function is what its name and arguments mean; ok is false if there is none.
func (n *Names) FunctionVisible(oid uint32, path []string) (visible, ok bool) {
	f := n.function(oid)
	if f == nil {
		return false, false
	}
	found := firstSchema(path, func(schema string) bool {
		return first(n.tables(), func(t *nameTable) (bool, bool) {
			has := slices.ContainsFunc(t.functionsNamed[f.name], func(o *functionName) bool { return o.schema == schema && o.arguments == f.arguments })
			return has, has
		})
	})
	return found == f.schema, true
}

func (n *Names) function(oid uint32) *functionName {
	return first(n.tables(), func(t *nameTable) (*functionName, bool) { f, ok := t.functions[oid]; return f, ok })
}

// Kinds of objects that are written by name: regclass and its like.
const (
	regclass     = "class"
	regtype      = "type"
	regproc      = "proc"
	regnamespace = "namespace"
	regrole      = "role"
)

// ObjectOID reads an object's name, or its number, as the number. "-" is 0.
func (n *Names) ObjectOID(kind, text string, path []string) (uint32, error) {
	if text == "-" {
		return 0, nil
	}
	if oid, ok := number(text); ok {
		return oid, nil
	}
	switch kind {
	case regclass:
		r, err := n.relationCalled(text, path)
		if err != nil {
			return 0, err
		}
		return r.oid, nil
	case regtype:
		if oid := n.typeOf(text); oid != 0 {
			return oid, nil
		}
		if err := n.schemaOf(text); pgerr.CodeOf(err) == pgerr.InvalidSchemaName {
			return 0, err
		}
		return 0, missing(pgerr.UndefinedObject, "type", text)
	case regproc:
		if err := n.schemaOf(text); err != nil {
			return 0, err
		}
		if oid := n.functionOf(text); oid != 0 {
			return oid, nil
		}
		return 0, missing(pgerr.UndefinedFunction, "function", text)
	}
	parts, ok := qualifiedName(text)
	if !ok || len(parts) > 1 {
		return 0, pgerr.New(pgerr.InvalidName, "invalid name syntax")
	}
	name := parts[0]
	if kind == regnamespace {
		if oid := first(n.tables(), func(t *nameTable) (uint32, bool) { oid, ok := t.schemasNamed[name]; return oid, ok }); oid != 0 {
			return oid, nil
		}
		return 0, missing(pgerr.InvalidSchemaName, "schema", text)
	}
	if oid := n.roleOID(name); oid != 0 {
		return oid, nil
	}
	return 0, missing(pgerr.UndefinedObject, "role", text)
}

// ObjectName is the name of an object that there is, by its name or number.
func (n *Names) ObjectName(kind, text string, path []string) (name string, ok bool, err error) {
	oid, err := n.ObjectOID(kind, text, path)
	switch pgerr.CodeOf(err) {
	case "":
	case pgerr.UndefinedTable, pgerr.UndefinedObject, pgerr.UndefinedFunction, pgerr.InvalidSchemaName:
		return "", false, nil
	default:
		return "", false, err // it is no name
	}
	switch kind {
	case regclass:
		if r := n.relation(oid); r != nil {
			return n.written(r, path), true, nil
		}
	case regtype:
		if t := n.typ(oid); t != nil {
			return t.text(), true, nil
		}
	case regproc:
		if f := n.function(oid); f != nil {
			return pgtext.QuoteIdent(f.name), true, nil
		}
	case regnamespace:
		name = first(n.tables(), func(t *nameTable) (string, bool) { s, ok := t.schemas[oid]; return s, ok })
		return pgtext.QuoteIdent(name), name != "", nil
	case regrole:
		name, ok = n.UserName(oid)
		return pgtext.QuoteIdent(name), ok, nil
	}
	return "", false, nil
}

// ObjectText is what a value of type regclass or its like is written as: a number that nothing has is written as it is.
func (n *Names) ObjectText(kind, text string, path []string) (string, error) {
	if text == "-" || text == "0" {
		return "-", nil
	}
	if name, ok, err := n.ObjectName(kind, text, path); ok || err != nil {
		return name, err
	}
	if _, ok := number(text); ok {
		return text, nil
	}
	_, err := n.ObjectOID(kind, text, path)
	return "", err
}
