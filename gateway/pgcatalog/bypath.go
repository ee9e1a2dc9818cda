package pgcatalog

import (
	"strings"

	"tidegate/internal/pgtext"
)

// ByPath writes a text in which relations have their schemas as PostgreSQL does under a search path: without the schema where
// the name alone means the relation. The text is PostgreSQL's own, of a view or a default.
// Types and functions of the warehouse keep their schema.
func (n *Names) ByPath(text string, path []string) string {
	if !strings.Contains(text, ".") {
		return text
	}
	s := shortening{names: n, path: path, text: text}
	s.findNames()
	s.write()
	return s.out.String()
}

// shortening goes through a text, token by token.
type shortening struct {
	names *Names
	path  []string
	text  string
	// alone are the names that stand without a dot: one of them may be an alias, of which a column is meant.
	alone map[string]bool
	out   strings.Builder
}

func (s *shortening) findNames() {
	s.alone = map[string]bool{}
	s.scan(func(token string, at int) int {
		end := at + len(token)
		if isName(token) && (at == 0 || s.text[at-1] != '.') && !strings.HasPrefix(s.text[end:], ".") {
			s.alone[nameOf(token)] = true
		}
		return end
	})
}

func (s *shortening) write() {
	s.scan(func(token string, at int) int {
		end := at + len(token)
		switch {
		case strings.HasPrefix(token, "'") && strings.HasPrefix(s.text[end:], "::regclass"):
			s.out.WriteString(s.relationText(token))
			return end
		case !isName(token) || at > 0 && s.text[at-1] == '.' || !strings.HasPrefix(s.text[end:], "."):
			s.out.WriteString(token)
			return end
		}
		second := tokenAt(s.text[end+1:])
		after := s.text[end+1+len(second):]
		schema, name := nameOf(token), nameOf(second)
		if !isName(second) || strings.HasPrefix(after, ".") || strings.HasPrefix(after, "(") || at > 1 && s.text[at-1] == ':' ||
			s.alone[schema] || s.isCTE(second) || !s.visible(schema, name) {
			s.out.WriteString(token)
			return end
		}
		s.out.WriteString(second)
		return end + 1 + len(second)
	})
}

// isCTE reports whether a WITH entry has the name, which then hides the relation.
func (s *shortening) isCTE(name string) bool {
	return strings.Contains(s.text, " "+name+" AS (") || strings.Contains(s.text, " "+name+" AS MATERIALIZED (")
}

func (s *shortening) visible(schema, name string) bool {
	r := s.names.inSchema(schema, name)
	return r != nil && s.names.onPath(name, s.path) == r
}

// relationText writes the literal of a regclass.
func (s *shortening) relationText(literal string) string {
	parts, ok := qualifiedName(strings.ReplaceAll(strings.Trim(literal, "'"), "''", "'"))
	if !ok || len(parts) != 2 || !s.visible(parts[0], parts[1]) {
		return literal
	}
	return "'" + strings.ReplaceAll(pgtext.QuoteIdent(parts[1]), "'", "''") + "'"
}

// scan gives each token and its place to f, which says where to go on.
func (s *shortening) scan(f func(token string, at int) int) {
	for at := 0; at < len(s.text); {
		at = f(tokenAt(s.text[at:]), at)
	}
}

// tokenAt cuts a name, a literal, or one other byte off.
func tokenAt(text string) string {
	if text == "" {
		return ""
	}
	if quote := text[0]; quote == '\'' || quote == '"' {
		for i := 1; i < len(text); i++ {
			if text[i] != quote {
				continue
			}
			if i+1 < len(text) && text[i+1] == quote {
				i++
				continue
			}
			return text[:i+1]
		}
		return text
	}
	end := 0
	for end < len(text) && inName(text[end]) {
		end++
	}
	return text[:max(end, 1)]
}

func inName(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isName(token string) bool {
	return token != "" && (token[0] == '"' || inName(token[0]) && (token[0] < '0' || token[0] > '9'))
}

func nameOf(token string) string {
	if strings.HasPrefix(token, `"`) {
		return strings.ReplaceAll(strings.Trim(token, `"`), `""`, `"`)
	}
	return token
}
