package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgtext"
)

// Truncated gives what PostgreSQL says of every name in the statement that is too long: the grammar cuts it.
func (s *Statement) Truncated() []string {
	if len(s.Text) <= pgtext.MaxName {
		return nil
	}
	var notices []string
	for _, t := range s.tokens {
		if t.Token != pg_query.Token_IDENT || t.End-t.Start <= pgtext.MaxName {
			continue
		}
		name := s.source[t.Start:t.End]
		if quoted, ok := strings.CutPrefix(name, `"`); ok {
			name = strings.ReplaceAll(strings.TrimSuffix(quoted, `"`), `""`, `"`)
		} else {
			name = strings.ToLower(name)
		}
		if clipped := pgtext.Name(name); clipped != name {
			notices = append(notices, `identifier "`+name+`" will be truncated to "`+clipped+`"`)
		}
	}
	return notices
}
