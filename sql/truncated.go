package sql

import (
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// maxIdentifier is the length of a name in bytes: PostgreSQL's NAMEDATALEN less its last zero byte.
const maxIdentifier = 63

// Truncated gives what PostgreSQL says of every name in the statement that is too long: the grammar cuts it.
func (s *Statement) Truncated() []string {
	if len(s.Text) <= maxIdentifier {
		return nil
	}
	var notices []string
	for _, t := range s.tokens {
		if t.Token != pg_query.Token_IDENT || t.End-t.Start <= maxIdentifier {
			continue
		}
		name := s.source[t.Start:t.End]
		if quoted, ok := strings.CutPrefix(name, `"`); ok {
			name = strings.ReplaceAll(strings.TrimSuffix(quoted, `"`), `""`, `"`)
		} else {
			name = strings.ToLower(name)
		}
		if len(name) > maxIdentifier {
			end := maxIdentifier
			for !utf8.RuneStart(name[end]) {
				end--
			}
			notices = append(notices, `identifier "`+name+`" will be truncated to "`+name[:end]+`"`)
		}
	}
	return notices
}
