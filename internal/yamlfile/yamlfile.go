// Package yamlfile reads a YAML file into a struct, strictly, and says everything that is wrong with it at once:
// one line per error, "file:line: message", with the valid choices.
package yamlfile

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Error is one error of a file.
type Error struct {
	File    string
	Line    int // from 1
	Message string
}

// Error gives "file:line: message".
func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message) }

// Lines tells where values stand: path ("hot.columns[1]", "" is the whole file) → line from 1.
type Lines map[string]int

// Decode reads data into the struct that out points to. Fields are matched by their yaml tag. Strings, bools,
// integers, floats, structs, slices, maps with string keys, pointers to these and encoding.TextUnmarshalers are
// understood; a slice that is a TextUnmarshaler can be a list or a single value. Keys that are not in the file leave their field as it is. The error joins an *Error per mistake,
// in the order of lines.
func Decode(file string, data []byte, out any) (Lines, error) {
	d := &decoder{file: file, lines: Lines{"": 1}}
	parsed, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, d.syntaxError(err)
	}
	for _, doc := range parsed.Docs {
		if doc.Body != nil {
			d.value("", doc.Body, reflect.ValueOf(out).Elem())
		}
	}
	slices.SortStableFunc(d.errs, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	joined := make([]error, len(d.errs))
	for i, e := range d.errs {
		joined[i] = e
	}
	return d.lines, errors.Join(joined...)
}

type decoder struct {
	file  string
	lines Lines
	errs  []*Error
}

func (d *decoder) syntaxError(err error) error {
	if y, ok := errors.AsType[yaml.Error](err); ok && y.GetToken() != nil {
		return &Error{d.file, y.GetToken().Position.Line, y.GetMessage()}
	}
	return &Error{d.file, 1, err.Error()}
}

func (d *decoder) fail(n ast.Node, format string, args ...any) {
	d.errs = append(d.errs, &Error{d.file, lineOf(n), fmt.Sprintf(format, args...)})
}

func lineOf(n ast.Node) int { return n.GetToken().Position.Line }

func (d *decoder) value(path string, n ast.Node, out reflect.Value) {
	if n = plain(n); n == nil || n.Type() == ast.NullType {
		return
	}
	if _, ok := d.lines[path]; !ok {
		d.lines[path] = lineOf(n)
	}
	if out.Kind() == reflect.Pointer {
		fresh := reflect.New(out.Type().Elem())
		d.value(path, n, fresh.Elem())
		out.Set(fresh)
		return
	}
	_, list := n.(*ast.SequenceNode)
	if t, ok := reflect.TypeAssert[encoding.TextUnmarshaler](out.Addr()); ok && (!list || out.Kind() != reflect.Slice) {
		d.text(path, n, t)
		return
	}
	switch out.Kind() {
	case reflect.Struct:
		d.mapping(path, n, func(key string, keyNode, v ast.Node) { d.field(path, key, keyNode, v, out) })
	case reflect.Map:
		out.Set(reflect.MakeMap(out.Type()))
		d.mapping(path, n, func(key string, _, v ast.Node) {
			e := reflect.New(out.Type().Elem()).Elem()
			d.value(join(path, key), v, e)
			out.SetMapIndex(reflect.ValueOf(key).Convert(out.Type().Key()), e)
		})
	case reflect.Slice:
		d.sequence(path, n, out)
	default:
		d.scalar(path, n, out)
	}
}

// plain takes anchors and tags off.
func plain(n ast.Node) ast.Node {
	switch t := n.(type) {
	case *ast.AnchorNode:
		return plain(t.Value)
	case *ast.TagNode:
		return plain(t.Value)
	}
	return n
}

func (d *decoder) text(path string, n ast.Node, out encoding.TextUnmarshaler) {
	s, ok := n.(ast.ScalarNode)
	if !ok {
		d.fail(n, "%s must be a single value", name(path))
		return
	}
	if err := out.UnmarshalText(fmt.Append(nil, s.GetValue())); err != nil {
		d.fail(n, "%s: %v", name(path), err)
	}
}

func (d *decoder) mapping(path string, n ast.Node, entry func(key string, keyNode, v ast.Node)) {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		d.fail(n, "%s must be a mapping (key: value)", name(path))
		return
	}
	seen := map[string]bool{}
	for _, v := range values {
		key := strings.Trim(v.Key.GetToken().Value, `"'`)
		if seen[key] {
			d.fail(v.Key, "%s is there twice", name(join(path, key)))
			continue
		}
		seen[key] = true
		entry(key, v.Key, v.Value)
	}
}

func (d *decoder) field(path, key string, keyNode, v ast.Node, out reflect.Value) {
	t := out.Type()
	var keys []string
	for i := range t.NumField() {
		tag, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if tag == key {
			d.lines[join(path, key)] = lineOf(keyNode)
			d.value(join(path, key), v, out.Field(i))
			return
		}
		if tag != "" && tag != "-" {
			keys = append(keys, tag)
		}
	}
	d.fail(keyNode, "unknown key %s%s; the keys here are %s", key, DidYouMean(key, keys), strings.Join(keys, ", "))
}

func (d *decoder) sequence(path string, n ast.Node, out reflect.Value) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fail(n, "%s must be a list ([a, b])", name(path))
		return
	}
	out.Set(reflect.MakeSlice(out.Type(), len(s.Values), len(s.Values)))
	for i, v := range s.Values {
		d.value(fmt.Sprintf("%s[%d]", path, i), v, out.Index(i))
	}
}

func (d *decoder) scalar(path string, n ast.Node, out reflect.Value) {
	if out.Kind() == reflect.String {
		if s, ok := n.(ast.ScalarNode); ok {
			out.SetString(strings.TrimSuffix(fmt.Sprint(s.GetValue()), "\n"))
			return
		}
		d.fail(n, "%s must be a text", name(path))
		return
	}
	if err := yaml.NodeToValue(n, out.Addr().Interface()); err != nil {
		d.fail(n, "%s must be %s, not %s", name(path), kindName(out.Kind()), n.GetToken().Value)
	}
}

func kindName(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	default:
		return k.String()
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func name(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}
