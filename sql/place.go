package sql

import (
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Place finds in the text that the client sent what a server means that was told another text of the statement: the
// same token, as often as it came before. told counts the characters of that text from 1, and so does the result. It is 0
// if it cannot be said: one of the texts has more of that token.
func (s *Statement) Place(text string, told int) int {
	if told < 1 || s.spelled != "" {
		return 0
	}
	scanned, err := pg_query.Scan(text)
	if err != nil {
		return 0 // the server has read it, and this scanner has not: the error is told without a place
	}
	there := 0
	for there < len(scanned.Tokens) && utf8.RuneCountInString(text[:scanned.Tokens[there].Start])+1 < told {
		there++
	}
	if there == len(scanned.Tokens) {
		return 0
	}
	if place := s.sameToken(scanned.Tokens, text, there); place > 0 || there+2 >= len(scanned.Tokens) ||
		scanned.Tokens[there+1].Token != pg_query.Token_ASCII_46 {
		return place
	}
	return s.sameToken(scanned.Tokens, text, there+2) // the name behind a schema that was added
}

// sameToken gives the place of the token of the statement that is token i of another text.
func (s *Statement) sameToken(tokens []*pg_query.ScanToken, text string, i int) int {
	word := spelling(text, tokens[i])
	before, all := 0, 0
	for j, t := range tokens {
		if spelling(text, t) == word {
			all++
			if j < i {
				before++
			}
		}
	}
	var own []*pg_query.ScanToken
	for _, t := range s.tokens {
		if spelling(s.source, t) == word {
			own = append(own, t)
		}
	}
	if len(own) != all {
		return 0
	}
	return s.position(own[before].Start)
}

// spelling is what a token is compared by: names with and without quotes are the same.
func spelling(text string, t *pg_query.ScanToken) string {
	return strings.ToLower(strings.Trim(text[t.Start:t.End], `"`))
}
