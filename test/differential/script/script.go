// Package script reads the scripts of differential tests: statements, and what directives say of them. The language is
// described in package differential.
package script

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Statement is one entry of a script.
type Statement struct {
	At     string // file:line
	Text   string
	Set    bool   // a setting for both sides; nothing is compared
	Reason string // why it is refused here; "" is not refused

	Ordered    bool      // the order of rows is compared
	Tolerance  bool      // the last digits of real and double precision are not compared
	Count      bool      // of rows, only their number is compared
	Postgres   string    // what PostgreSQL is asked instead; "" is Text
	Parameters []*string // texts of $1, …, nil is NULL; nil: the statement is not prepared
}

// reader reads the statements of a file.
type reader struct {
	file       string
	line       int
	table      string
	pending    *Statement // what directives said of the next statement
	unordered  bool
	verbatim   bool
	directed   bool // pending says something
	statements []*Statement
}

// New makes a statement of a text: rows are compared in order if it has an ORDER BY outside of parentheses.
func New(at, text string) *Statement {
	return &Statement{At: at, Text: text, Ordered: hasOuterOrder(text)}
}

// Read reads the statements of a file, in order.
func Read(path string) ([]*Statement, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parse(path, string(data))
}

func parse(path, text string) ([]*Statement, error) {
	s := &reader{file: path, table: "v", pending: new(Statement)}
	var whole string
	var first int
	flush := func() {
		if whole != "" {
			s.statement(first, whole)
			whole = ""
		}
	}
	for line := range strings.Lines(text) {
		s.line++
		line = strings.TrimRight(line, " \t\r\n")
		if whole != "" && line != "" && (line[0] == ' ' || line[0] == '\t') {
			whole += "\n" + line
			continue
		}
		flush()
		switch {
		case line == "" || strings.HasPrefix(line, "--"):
		case line[0] == '#':
			if err := s.directive(strings.TrimSpace(line[1:])); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, s.line, err)
			}
		default:
			whole, first = line, s.line
		}
	}
	flush()
	if s.directed {
		return nil, fmt.Errorf("%s: a directive has no statement after it", path)
	}
	return s.statements, nil
}

func (s *reader) directive(text string) error {
	word, rest, _ := strings.Cut(text, " ")
	switch word {
	case "zone":
		s.setting(fmt.Sprintf("set timezone = '%s'", rest))
		return nil
	case "set":
		s.setting("set " + rest)
		return nil
	case "over":
		s.table = rest
		return nil
	case "postgres":
		s.pending.Postgres = rest
	case "refused:":
		s.pending.Reason = rest
	case "unordered":
		s.unordered = true
	case "tolerance":
		s.pending.Tolerance = true
	case "count":
		s.pending.Count = true
	case "verbatim":
		s.verbatim = true
	case "parameters":
		s.pending.Parameters = []*string{}
		for p := range strings.SplitSeq(rest, " | ") {
			value := &p
			if p == `\N` {
				value = nil
			}
			s.pending.Parameters = append(s.pending.Parameters, value)
		}
	default:
		return fmt.Errorf("%q is no directive; comments begin with --", word)
	}
	if word == "refused:" && rest == "" {
		return errors.New("refused without a reason")
	}
	s.directed = true
	return nil
}

func (s *reader) setting(text string) {
	s.statements = append(s.statements, &Statement{At: fmt.Sprintf("%s:%d", s.file, s.line), Text: text, Set: true})
}

func (s *reader) statement(line int, text string) {
	q := s.pending
	q.At, q.Text = fmt.Sprintf("%s:%d", s.file, line), text
	if !s.verbatim && !isStatement(text) {
		q.Text = "select " + text + " from " + s.table + " order by id"
	}
	q.Ordered = !s.unordered && hasOuterOrder(q.Text)
	s.statements = append(s.statements, q)
	s.pending, s.unordered, s.verbatim, s.directed = new(Statement), false, false, false
}

// isStatement tells a statement from a list of expressions.
func isStatement(text string) bool {
	word := strings.TrimLeft(strings.ToLower(text), "( ")
	for _, k := range []string{"select", "with", "values", "table", "explain", "show"} {
		rest, ok := strings.CutPrefix(word, k)
		if ok && (rest == "" || strings.ContainsAny(rest[:1], " \t\n(*;/")) {
			// "(select 1), 2" is a list of expressions, and "values" may be a column; neither is written in scripts.
			return true
		}
	}
	return false
}

// hasOuterOrder finds an ORDER BY outside of parentheses, strings and quoted names.
func hasOuterOrder(text string) bool {
	depth := 0
	low := strings.ToLower(text)
	for i := 0; i < len(low); i++ {
		switch low[i] {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case '\'', '"':
			end := strings.IndexByte(low[i+1:], low[i])
			if end < 0 {
				return false
			}
			i += end + 1
		case 'o':
			if depth == 0 && i > 0 && strings.ContainsRune(" \t\n)", rune(low[i-1])) {
				if rest, ok := strings.CutPrefix(low[i:], "order"); ok && strings.HasPrefix(strings.TrimLeft(rest, " \t\n"), "by") && rest[0] != 'b' {
					return true
				}
			}
		}
	}
	return false
}
