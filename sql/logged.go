package sql

import (
	"strings"
	"sync"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// logged is what logs and estimates know a statement by. Each takes a parse of the text, so it is worked out when it is
// asked for, once for all copies of the statement.
type logged struct {
	fingerprint, normalized func() string
}

// logged begins to know the statement by its text.
func (s *Statement) logged() *logged {
	text := s.Text
	if s.spelled != "" {
		text = s.spelled
	}
	return &logged{
		fingerprint: sync.OnceValue(func() string {
			f, err := pg_query.Fingerprint(text)
			if err != nil {
				return ""
			}
			return f
		}),
		normalized: sync.OnceValue(func() string {
			n, err := pg_query.Normalize(text)
			if err != nil {
				return ""
			}
			return strings.TrimSpace(n)
		}),
	}
}

// Fingerprint identifies the statement without its literals.
func (s *Statement) Fingerprint() string { return s.log.fingerprint() }

// Normalized is the text with literals as $n, "" for text that cannot be normalised: literals are customers' data
// and are not for logs.
func (s *Statement) Normalized() string { return s.log.normalized() }
