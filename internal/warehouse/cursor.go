package warehouse

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"tidegate/internal/pgerr"
)

// cursor reads a statement's tokens one by one.
type cursor struct {
	statement
	at int
}

func (s statement) cursor() *cursor { return &cursor{statement: s} }

// peek is the next token; of kind end after the last.
func (c *cursor) peek() token { return c.ahead(0) }

func (c *cursor) ahead(n int) token {
	if c.at+n < len(c.tokens) {
		return c.tokens[c.at+n]
	}
	last := c.tokens[len(c.tokens)-1].stop
	return token{kind: end, start: last, stop: last}
}

func (c *cursor) next() token {
	t := c.peek()
	if t.kind != end {
		c.at++
	}
	return t
}

// back takes back a token that next gave.
func (c *cursor) back(t token) {
	if t.kind != end {
		c.at--
	}
}

// accept passes over the words, if they are all next.
func (c *cursor) accept(words ...string) bool {
	for i, w := range words {
		if !c.ahead(i).is(w) {
			return false
		}
	}
	c.at += len(words)
	return true
}

// expect passes over the words, or is a syntax error.
func (c *cursor) expect(words ...string) error {
	for _, w := range words {
		if !c.accept(w) {
			return c.unexpected()
		}
	}
	return nil
}

// done is a syntax error unless everything was read.
func (c *cursor) done() error {
	if c.peek().kind != end {
		return c.unexpected()
	}
	return nil
}

// unexpected is the syntax error at the next token.
func (c *cursor) unexpected() error {
	t := c.peek()
	e := pgerr.New(pgerr.SyntaxError, "syntax error at end of input")
	if t.kind != end {
		e = pgerr.New(pgerr.SyntaxError, "syntax error at or near %q", c.sql[t.start:t.stop])
	}
	return e.At(utf8.RuneCountInString(c.sql[:t.start]) + 1)
}

// identifier reads one name.
func (c *cursor) identifier() (string, error) {
	if !c.peek().name() {
		return "", c.unexpected()
	}
	return c.next().value, nil
}

// integer reads a number without a sign.
func (c *cursor) integer() (int, error) {
	t := c.peek()
	n, err := strconv.Atoi(t.value)
	if t.kind != number || err != nil {
		return 0, c.unexpected()
	}
	c.at++
	return n, nil
}

// table is a relation's name. schema is "" where the client wrote none.
type table struct{ schema, name string }

// key names the table for locks.
func (t table) key() string { return t.schema + "." + t.name }

// String gives the name as the client wrote it.
func (t table) String() string {
	if t.schema == "" {
		return t.name
	}
	return t.key()
}

// duck gives the name as DuckDB reads it.
func (t table) duck() string {
	switch t.schema {
	case "":
		return quoteName(t.name)
	case tempSchema:
		return "temp.main." + quoteName(t.name)
	}
	return quoteName(t.schema) + "." + quoteName(t.name)
}

// tempSchema is the schema of every session's temporary tables.
const tempSchema = "pg_temp"

// table reads name, schema.name or database.schema.name.
func (c *cursor) table() (table, error) {
	var parts []string
	for {
		name, err := c.identifier()
		if err != nil {
			return table{}, err
		}
		parts = append(parts, name)
		if len(parts) == 3 || !c.accept(".") {
			break
		}
	}
	t := table{name: parts[len(parts)-1]}
	if len(parts) > 1 {
		t.schema = parts[len(parts)-2]
	}
	return t, nil
}

// names reads a list of identifiers in parentheses.
func (c *cursor) names() ([]string, error) {
	if err := c.expect("("); err != nil {
		return nil, err
	}
	var out []string
	for {
		name, err := c.identifier()
		if err != nil {
			return nil, err
		}
		out = append(out, name)
		if c.accept(")") {
			return out, nil
		}
		if err := c.expect(","); err != nil {
			return nil, err
		}
	}
}

// tail is the rest of the statement as one of its own.
func (c *cursor) tail() statement {
	s := statement{sql: c.sql, tokens: c.tokens[c.at:]}
	c.at = len(c.tokens)
	return s
}

// quote gives s as a DuckDB string literal.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quoteName gives s as a DuckDB identifier.
func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// quoteNames gives a list of identifiers for DuckDB.
func quoteNames(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = quoteName(n)
	}
	return strings.Join(out, ", ")
}
