package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// misplaced finds a $n where PostgreSQL's grammar has none. The parser here takes more, for texts whose constants were taken
// out: in SET, behind a type's name as in DATE $1, and as the field of EXTRACT.
func (s *Statement) misplaced() error {
	if !slices.ContainsFunc(s.tokens, func(t *pg_query.ScanToken) bool { return t.Token == pg_query.Token_PARAM }) {
		return nil
	}
	words := s.words()
	for i, w := range words {
		before := words[:i]
		if w.Token != pg_query.Token_PARAM {
			continue
		}
		if s.node.GetVariableSetStmt() != nil || s.dialect == Postgres && (behindType(before) || isField(before)) { // Redshift has TOP $1
			return pgerr.New(pgerr.SyntaxError, "syntax error at or near %q", s.source[w.Start:w.End]).At(s.position(w.Start))
		}
	}
	return nil
}

// isField reports whether EXTRACT ( stands at the end.
func isField(words []*pg_query.ScanToken) bool {
	n := len(words)
	return n >= 2 && words[n-1].Token == pg_query.Token_ASCII_40 && words[n-2].Token == pg_query.Token_EXTRACT
}

// behindType reports whether the words end in what can only be a type's name: no value follows a name otherwise, nor a
// parenthesis unless it is that of OPERATOR(…).
func behindType(words []*pg_query.ScanToken) bool {
	n := len(words)
	if n == 0 {
		return false
	}
	switch words[n-1].Token {
	case pg_query.Token_IDENT, pg_query.Token_INTERVAL, pg_query.Token_TIMESTAMP, pg_query.Token_TIME, pg_query.Token_BOOLEAN_P,
		pg_query.Token_INT_P, pg_query.Token_INTEGER, pg_query.Token_SMALLINT, pg_query.Token_BIGINT, pg_query.Token_REAL,
		pg_query.Token_FLOAT_P, pg_query.Token_PRECISION, pg_query.Token_DECIMAL_P, pg_query.Token_DEC, pg_query.Token_NUMERIC,
		pg_query.Token_BIT, pg_query.Token_CHARACTER, pg_query.Token_CHAR_P, pg_query.Token_VARCHAR, pg_query.Token_VARYING,
		pg_query.Token_NCHAR, pg_query.Token_JSON:
		return true
	case pg_query.Token_ZONE:
		return n < 3 || words[n-3].Token != pg_query.Token_AT
	case pg_query.Token_ASCII_41:
		for _, pair := range parentheses(words) {
			if pair[1] == n-1 {
				return pair[0] == 0 || words[pair[0]-1].Token != pg_query.Token_OPERATOR
			}
		}
	default:
	}
	return false
}
