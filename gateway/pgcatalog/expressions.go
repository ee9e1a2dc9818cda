package pgcatalog

import (
	"slices"
	"strings"
)

// checkExpression is what stands between the parentheses of CHECK (…), which words may follow.
func checkExpression(definition string) any {
	rest, ok := strings.CutPrefix(definition, "CHECK (")
	end := closing(rest)
	if !ok || end < 0 {
		return nil
	}
	return rest[:end]
}

// closing is the place of the parenthesis that closes what was opened before text, -1 if there is none.
func closing(text string) int {
	depth, quote := 0, byte(0)
	for i := range len(text) {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '(':
			depth++
		case c == ')' && depth == 0:
			return i
		case c == ')':
			depth--
		}
	}
	return -1
}

// predicate is the condition of a partial index, nil of others.
func (x *Index) predicate() any {
	if _, rest, ok := strings.Cut(x.Definition, " USING "); ok {
		if _, list, ok := strings.Cut(rest, "("); ok {
			if end := closing(list); end >= 0 {
				if _, condition, ok := strings.Cut(list[end+1:], " WHERE "); ok {
					return condition
				}
			}
		}
	}
	return nil
}

// expressions are what a part of the index's columns are computed by, nil if none is.
func (x *Index) expressions() any {
	if !slices.Contains(x.Columns, "") {
		return nil
	}
	var all []string
	for i, item := range x.items() {
		if i < len(x.Columns) && x.Columns[i] == "" {
			if strings.HasPrefix(item, "(") {
				item = item[1 : len(item)-1]
			}
			all = append(all, item)
		}
	}
	return strings.Join(all, ", ")
}

// items are the key columns of the index's definition as expressions, without order and operator class.
func (x *Index) items() (items []string) {
	_, rest, _ := strings.Cut(x.Definition, " USING ")
	_, list, ok := strings.Cut(rest, "(")
	for ok && list != "" {
		start := strings.IndexByte(list, '(')
		comma := strings.IndexAny(list, ",)")
		if start >= 0 && start < comma { // a call, or an expression in parentheses of its own
			end := closing(list[start+1:])
			if end < 0 {
				return items
			}
			items, list = append(items, list[:start+1+end+1]), list[start+1+end+1:]
			comma = strings.IndexAny(list, ",)")
		} else if comma >= 0 {
			items = append(items, list[:comma])
		}
		if comma < 0 || list[comma] == ')' {
			return items
		}
		list = strings.TrimPrefix(list[comma+1:], " ")
	}
	return items
}
