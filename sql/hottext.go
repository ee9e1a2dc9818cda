package sql

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// hotText is a query in PostgreSQL's words with places for its relations and parameters.
type hotText struct{ pieces []hotPiece }

// hotPiece is text and what follows it.
type hotPiece struct {
	text  string
	use   int // index of a Use; -1 is none
	param int // from 1; 0 is none
}

// hotText renders a template once for all. ok is false for what only Tidegate can run.
func (q *Query) hotText() (*hotText, bool) {
	r, tree, err := q.postgresTree(true)
	if err != nil {
		return nil, false
	}
	text, try, err := r.deparse(tree)
	if err != nil {
		return nil, false
	}
	h := &hotText{}
	parts := strings.Split(text, markerName(try))
	h.add(parts[0])
	for _, p := range parts[1:] {
		digits, rest, _ := strings.Cut(p, "x")
		i, err := strconv.Atoi(digits)
		if err != nil || i >= len(r.of) {
			return nil, false
		}
		h.pieces[len(h.pieces)-1].use = r.of[i]
		h.add(rest)
	}
	// A parameter that stands nowhere would have no type for the server.
	seen := map[int]bool{}
	for _, p := range h.pieces {
		seen[p.param] = true
	}
	for n := range q.Params {
		if !seen[n+1] {
			return nil, false
		}
	}
	return h, true
}

// add appends text that has parameters, and ends with a piece that nothing follows yet.
func (h *hotText) add(text string) {
	for text != "" {
		at, end := findParam(text)
		if at < 0 {
			break
		}
		n, _ := strconv.Atoi(text[at+1 : end]) // digits
		h.pieces = append(h.pieces, hotPiece{text: text[:at], use: -1, param: n})
		text = text[end:]
	}
	h.pieces = append(h.pieces, hotPiece{text: text, use: -1})
}

// findParam finds the first $n outside of strings and quoted names in what the deparser wrote; -1 is none.
func findParam(text string) (at, end int) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			i = stringEnd(text, i)
		case c == '"':
			i += 1 + strings.IndexByte(text[i+1:], '"')
		case isLetter(c):
			for i+1 < len(text) && (isLetter(text[i+1]) || isDigit(text[i+1]) || text[i+1] == '$') {
				i++
			}
		case c == '$' && i+1 < len(text) && isDigit(text[i+1]):
			end := i + 1
			for end < len(text) && isDigit(text[end]) {
				end++
			}
			return i, end
		}
	}
	return -1, -1
}

// stringEnd gives the closing quote of a string; before E'…' stands its E, and then a backslash takes the next byte.
func stringEnd(text string, open int) int {
	escapes := open > 0 && (text[open-1] == 'E' || text[open-1] == 'e')
	for i := open + 1; i < len(text); i++ {
		switch {
		case escapes && text[i] == '\\':
			i++
		case text[i] == '\'':
			return i // a doubled one opens the next string
		}
	}
	return len(text)
}

// Parameterized is RenderPostgres with the values apart: the text has $1, $2, … in their places, each cast to its type,
// and stays the same for other values. ok is false if the query is not from a template.
func (q *Query) Parameterized(source func(*Use) (string, error)) (text string, args []Arg, ok bool, err error) {
	if q.template == nil {
		return "", nil, false, nil
	}
	text, err = q.hot(source)
	args = append(make([]Arg, 0, len(q.args)+len(q.literals)), q.args...)
	for i := len(q.args); i < q.template.params; i++ {
		args = append(args, Arg{Null: true}) // not known yet
	}
	return text, append(args, q.literals...), true, err
}

func (q *Query) hot(source func(*Use) (string, error)) (string, error) {
	var b strings.Builder
	for _, p := range q.template.hot.pieces {
		b.WriteString(p.text)
		if p.param > 0 {
			b.WriteByte('$')
			b.WriteString(itoa(p.param))
		}
		if p.use < 0 {
			continue
		}
		item, err := q.Uses[p.use].postgresItem(source)
		if err != nil {
			return "", err
		}
		b.WriteString(item)
	}
	return b.String(), nil
}

// openParameter is a parameter cast to its type.
func (r *postgresText) openParameter(p *pg_query.ParamRef) (*pg_query.Node_TypeCast, error) {
	i := int(p.Number) - 1
	if i < 0 || i >= len(r.q.Params) {
		return nil, pgerr.New(pgerr.UndefinedParameter, "there is no parameter $%d", p.Number)
	}
	c, err := typedNode(nil, r.q.Params[i])
	if err != nil {
		return nil, err
	}
	c.TypeCast.Arg = &pg_query.Node{Node: &pg_query.Node_ParamRef{ParamRef: &pg_query.ParamRef{Number: p.Number}}}
	return c, nil
}
