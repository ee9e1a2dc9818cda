package sql

import (
	"cmp"
	"errors"
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"

	"tidegate/internal/pgerr"
)

// maxText bounds a text before the parser sees it: its tree is many times larger.
const maxText = 8 << 20

// Parse splits text into statements. A syntax error is 42601 with its position in characters of the whole text,
// too deep nesting is 54001. Text without any statement gives one KindEmpty statement.
// Hints come from the token stream: the parser drops comments.
func Parse(text string) ([]*Statement, error) { return Postgres.Parse(text) }

// Parse is the function Parse for texts of a dialect. Places in the statements are those of the text as it is given.
func (d Dialect) Parse(text string) ([]*Statement, error) {
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		return nil, pgerr.New(pgerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8"`)
	}
	if len(text) > maxText {
		return nil, pgerr.New(pgerr.ProgramLimitExceeded, "statement text of %d bytes is longer than %d", len(text), maxText)
	}
	if d == Redshift {
		return parseRedshift(text)
	}
	if mayShow(text) {
		return parseShows(text)
	}
	tree, err := pg_query.Parse(text)
	if err != nil {
		return nil, parseError(text, err)
	}
	var tokens []*pg_query.ScanToken
	if len(tree.Stmts) > 0 {
		if tokens, err = scan(text); err != nil {
			return nil, err
		}
	}
	return statementsOf(text, tree, tokens, &respelling{text: text}, Postgres)
}

// parseRedshift reads a text that PostgreSQL's grammar has no words for, word by word.
func parseRedshift(text string) ([]*Statement, error) {
	tokens, err := scan(text)
	if err != nil {
		return nil, err
	}
	return parseSpelled(text, tokens, respell(text, tokens), Redshift)
}

// parseShows reads a text of PostgreSQL's in which Redshift's SHOW statements may stand.
func parseShows(text string) ([]*Statement, error) {
	tokens, err := scan(text)
	if err != nil {
		return nil, err
	}
	return parseSpelled(text, tokens, respellShows(text, tokens), Postgres)
}

func parseSpelled(text string, tokens []*pg_query.ScanToken, spelled respelling, d Dialect) ([]*Statement, error) {
	tree, err := pg_query.Parse(spelled.text)
	if err != nil {
		return nil, spelled.explain(text, parseError(spelled.text, err))
	}
	return statementsOf(text, tree, tokens, &spelled, d)
}

func scan(text string) ([]*pg_query.ScanToken, error) {
	tokens, err := pg_query.Scan(text)
	if err != nil {
		return nil, parseError(text, err)
	}
	for _, t := range tokens.Tokens {
		if word := junkNumber(t.Token, text[t.Start:t.End]); word != "" {
			return nil, pgerr.New(pgerr.SyntaxError, "trailing junk after numeric literal at or near \"%s\"", word).
				At(utf8.RuneCountInString(text[:t.Start]) + 1)
		}
	}
	return tokens.Tokens, nil
}

// junkNumber gives what PostgreSQL 15 stops at in a number that is written as 16 began to read it, 0x1F and 1_000: "" for any
// other token.
func junkNumber(t pg_query.Token, word string) string {
	junk := strings.IndexAny(word, "_xXoObB")
	if junk < 0 || t != pg_query.Token_ICONST && t != pg_query.Token_FCONST {
		return ""
	}
	rest, _, _ := strings.Cut(word[junk:], ".")
	return word[:junk] + rest
}

// statementsOf takes a tree apart. The tree is of the respelled text; tokens and statements are of text.
func statementsOf(text string, tree *pg_query.ParseResult, tokens []*pg_query.ScanToken, spelled *respelling, d Dialect) ([]*Statement, error) {
	if len(tree.Stmts) == 0 {
		s := &Statement{Kind: KindEmpty, Text: text, source: text, dialect: d}
		s.log = s.logged()
		return []*Statement{s}, nil
	}
	statements := make([]*Statement, 0, len(tree.Stmts))
	for _, raw := range tree.Stmts {
		first, last := int(raw.StmtLocation), int(raw.StmtLocation+raw.StmtLen)
		if raw.StmtLen == 0 {
			last = len(spelled.text)
		}
		from, to := spelled.origin(first), spelled.origin(last)
		s := &Statement{
			Offset: from, Text: text[from:to], node: raw.Stmt, grammar: tree.Version, dialect: d,
			source: text, tokens: within(tokens, from, to), whole: len(tree.Stmts) == 1,
		}
		if len(spelled.edits) > 0 {
			s.spelled = spelled.text[first:last]
		}
		s.log = s.logged()
		s.Hints = readHints(text, s.tokens)
		if err := spelled.settle(s.node); err != nil {
			return nil, err
		}
		if err := cmp.Or(s.misplaced(), s.named()); err != nil {
			return nil, err
		}
		if err := s.classify(); err != nil {
			return nil, err
		}
		statements = append(statements, s)
	}
	return statements, nil
}

func within(tokens []*pg_query.ScanToken, from, to int) []*pg_query.ScanToken {
	var in []*pg_query.ScanToken
	for _, t := range tokens {
		if int(t.Start) >= from && int(t.End) <= to {
			in = append(in, t)
		}
	}
	return in
}

// parseError makes what the parser said an error that the client can see.
func parseError(text string, err error) error {
	p, ok := errors.AsType[*parser.Error](err)
	if !ok || strings.Contains(err.Error(), "maximum recursion depth") {
		// The tree crosses from C to Go as protobuf, whose decoder has its own limit.
		return &pgerr.Error{Code: pgerr.StatementTooComplex, Message: "stack depth limit exceeded", Hint: "the statement is nested too deeply", Err: err}
	}
	if strings.Contains(p.Message, "memory exhausted") || strings.Contains(p.Message, "stack depth limit") {
		return &pgerr.Error{Code: pgerr.StatementTooComplex, Message: "stack depth limit exceeded", Hint: "the statement is nested too deeply", Err: err}
	}
	position := p.Cursorpos
	if position > utf8.RuneCountInString(text)+1 {
		position = 0
	}
	return pgerr.New(syntaxCode(p), "%s", p.Message).At(position)
}

// position makes a byte offset of the whole text a position in characters from 1; 0 for a negative offset.
func (s *Statement) position(location int32) int {
	if location < 0 || int(location) > len(s.source) {
		return 0
	}
	return utf8.RuneCountInString(s.source[:location]) + 1
}

// syntaxCode gives the SQLSTATE of what the grammar says: the parser tells its message alone.
func syntaxCode(p *parser.Error) pgerr.Code {
	for _, c := range []struct {
		beginning string
		code      pgerr.Code
	}{
		{"frame start", windowingError},
		{"frame end", windowingError},
		{"invalid byte sequence for encoding", pgerr.CharacterNotInRepertoire},
	} {
		if strings.HasPrefix(p.Message, c.beginning) {
			return c.code
		}
	}
	if p.Message == "invalid Unicode escape" && p.Filename == "scan.l" {
		return "22025" // of E'…', not of U&'…'
	}
	return pgerr.SyntaxError
}

// WithoutParameters gives 42P02 for the first $n of a statement that no parameters can come with, nil if it has none.
func (s *Statement) WithoutParameters() *pgerr.Error {
	for _, t := range s.tokens {
		if t.Token == pg_query.Token_PARAM {
			return pgerr.New(pgerr.UndefinedParameter, "there is no parameter %s", s.source[t.Start:t.End]).At(s.position(t.Start))
		}
	}
	return nil
}
