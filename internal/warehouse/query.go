package warehouse

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	wire "github.com/jeroenrinzema/psql-wire"

	"tidegate/internal/pgerr"
)

// top reports whether the keyword stands outside all parentheses.
func (s statement) top(keyword string) bool {
	depth := 0
	for _, t := range s.tokens {
		switch {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		case depth == 0 && t.kind == word && t.value == keyword:
			return true
		}
	}
	return false
}

func (s *session) planSelect(ctx context.Context, st statement, arguments []string) (*action, error) {
	for _, keyword := range []string{"into", "insert", "update", "delete"} {
		if st.top(keyword) {
			return nil, unsupported(strings.ToUpper(st.verb()) + " with " + strings.ToUpper(keyword))
		}
	}
	sql, err := s.rewrite(st, arguments)
	if err != nil {
		return nil, err
	}
	columns, err := s.duck.Describe(ctx, sql)
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, w wire.DataWriter) (string, error) {
		rows, err := s.query(ctx, sql)
		if err != nil {
			return "", err
		}
		_, err = s.send(ctx, w, rows)
		return "SELECT", err // Redshift's tag has no number
	}
	return &action{columns: columns, locks: s.reads(st), run: run}, nil
}

func (s *session) planExplain(ctx context.Context, st statement, arguments []string) (*action, error) {
	c := st.cursor()
	c.next()
	c.accept("verbose")
	if c.peek().is("analyze") {
		return nil, c.unexpected()
	}
	tail := c.tail()
	if len(tail.tokens) == 0 {
		return nil, c.unexpected()
	}
	sql, err := s.rewrite(tail, arguments)
	if err != nil {
		return nil, err
	}
	if _, err := s.duck.Describe(ctx, "EXPLAIN "+sql); err != nil {
		return nil, err
	}
	run := func(ctx context.Context, w wire.DataWriter) (string, error) {
		rows, err := s.read(ctx, "EXPLAIN "+sql)
		if err != nil {
			return "", err
		}
		var lines [][]string
		for _, row := range rows {
			for line := range strings.Lines(row[1].String()) {
				lines = append(lines, []string{strings.TrimRight(line, "\n")})
			}
		}
		return "EXPLAIN", sendTexts(w, lines)
	}
	return &action{columns: textColumns("QUERY PLAN"), run: run}, nil
}

// change makes the action of a statement that changes rows.
func (s *session) change(sql string, locks []wanted, tag string) *action {
	run := func(ctx context.Context, _ wire.DataWriter) (string, error) {
		n, err := s.exec(ctx, sql)
		return tag + strconv.FormatInt(n, 10), err
	}
	return &action{locks: locks, run: run}
}

// planInsert is INSERT INTO t [(columns)] {query | DEFAULT VALUES}. DuckDB's VARCHAR has no length, so the rows go
// through a projection that checks it.
func (s *session) planInsert(ctx context.Context, st statement, arguments []string) (*action, error) {
	c := st.cursor()
	c.next()
	if err := c.expect("into"); err != nil {
		return nil, err
	}
	target, err := c.table()
	if err != nil {
		return nil, err
	}
	r, err := s.relation(ctx, target)
	if err != nil {
		return nil, err
	}
	var names []string
	if c.peek().is("(") && !c.ahead(1).is("select") && !c.ahead(1).is("with") {
		if names, err = c.names(); err != nil {
			return nil, err
		}
	}
	locks := append(s.lock(target, shareRowExclusive), s.reads(st)...)
	if c.accept("default", "values") {
		return s.change("INSERT INTO "+r.duck()+" DEFAULT VALUES", locks, "INSERT 0 "), c.done()
	}
	source := c.tail()
	if len(source.tokens) == 0 || source.top("returning") || source.top("conflict") {
		return nil, pgerr.New(pgerr.SyntaxError, "INSERT has a query and nothing after it: Redshift has no RETURNING and no ON CONFLICT")
	}
	query, err := s.rewrite(source, arguments)
	if err != nil {
		return nil, err
	}
	columns, err := r.pick(names)
	if err != nil {
		return nil, err
	}
	sql, err := s.insertion(ctx, r, columns, names != nil, query)
	if err != nil {
		return nil, err
	}
	return s.change(sql, locks, "INSERT 0 "), nil
}

// insertion is the INSERT of a query's columns, checked for length. Without a list the query may give fewer.
func (s *session) insertion(ctx context.Context, r relation, columns []column, listed bool, query string) (string, error) {
	given, err := s.duck.Describe(ctx, query)
	if err != nil {
		return "", err
	}
	if len(given) > len(columns) {
		return "", pgerr.New(pgerr.SyntaxError, "INSERT has more expressions than target columns")
	}
	if listed && len(given) < len(columns) {
		return "", pgerr.New(pgerr.SyntaxError, "INSERT has more target columns than expressions")
	}
	var names, fitted []string
	for _, c := range columns[:len(given)] {
		names = append(names, c.Name)
		fitted = append(fitted, fit(c))
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM (%s) AS v(%s)",
		r.duck(), quoteNames(names), strings.Join(fitted, ", "), query, quoteNames(names)), nil
}

// tooLong marks the error of a value that does not fit; DuckDB's error carries it to the client.
const tooLong = "value too long for type "

// fit gives the column's value, or the error that it is too long.
func fit(c column) string {
	name := quoteName(c.Name)
	if c.Type.Bytes == 0 {
		return name
	}
	return fmt.Sprintf("CASE WHEN strlen(CAST(%s AS VARCHAR)) > %d THEN error(%s) ELSE %s END",
		name, c.Type.Bytes, quote(tooLong+c.Type.SQL), name)
}

// planDelete is DELETE [FROM] t [USING …] [WHERE …].
func (s *session) planDelete(ctx context.Context, st statement, arguments []string) (*action, error) {
	c := st.cursor()
	c.next()
	c.accept("from")
	at := c.at
	target, err := c.table()
	if err != nil {
		return nil, err
	}
	if _, err := s.relation(ctx, target); err != nil {
		return nil, err
	}
	if st.top("returning") {
		return nil, pgerr.New(pgerr.SyntaxError, `syntax error at or near "returning"`)
	}
	rest, err := s.rewrite(statement{sql: st.sql, tokens: st.tokens[at:]}, arguments)
	if err != nil {
		return nil, err
	}
	sql := "DELETE FROM " + rest
	if _, err := s.duck.Describe(ctx, sql); err != nil {
		return nil, err
	}
	return s.change(sql, append(s.lock(target, shareRowExclusive), s.reads(st)...), "DELETE "), nil
}

// planUpdate is UPDATE t SET …; lengths are checked when it is done, in the same transaction.
func (s *session) planUpdate(ctx context.Context, st statement, arguments []string) (*action, error) {
	c := st.cursor()
	c.next()
	target, err := c.table()
	if err != nil {
		return nil, err
	}
	r, err := s.relation(ctx, target)
	if err != nil {
		return nil, err
	}
	if st.top("returning") {
		return nil, pgerr.New(pgerr.SyntaxError, `syntax error at or near "returning"`)
	}
	sql, err := s.rewrite(st, arguments)
	if err != nil {
		return nil, err
	}
	if _, err := s.duck.Describe(ctx, sql); err != nil {
		return nil, err
	}
	a := s.change(sql, append(s.lock(target, shareRowExclusive), s.reads(st)...), "UPDATE ")
	update := a.run
	a.run = func(ctx context.Context, w wire.DataWriter) (string, error) {
		tag, err := update(ctx, w)
		if err != nil {
			return "", err
		}
		return tag, s.checkLengths(ctx, r)
	}
	return a, nil
}

func (s *session) checkLengths(ctx context.Context, r relation) error {
	for _, c := range r.columns {
		if c.Type.Bytes == 0 {
			continue
		}
		long, err := s.read(ctx, fmt.Sprintf("SELECT 1 FROM %s WHERE strlen(%s) > %d LIMIT 1", r.duck(), quoteName(c.Name), c.Type.Bytes))
		if err != nil {
			return err
		}
		if len(long) > 0 {
			return pgerr.New(pgerr.StringTooLong, "%s", tooLong+c.Type.SQL)
		}
	}
	return nil
}

// planTruncate empties a table and commits, even inside a block: a loader that relies on its transaction here is
// not atomic on Redshift either.
func (s *session) planTruncate(ctx context.Context, st statement) (*action, error) {
	c := st.cursor()
	c.next()
	c.accept("table")
	target, err := c.table()
	if err != nil {
		return nil, err
	}
	r, err := s.relation(ctx, target)
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, _ wire.DataWriter) (string, error) {
		if _, err := s.exec(ctx, "DELETE FROM "+r.duck()); err != nil {
			return "", err
		}
		return "TRUNCATE TABLE", s.commit(ctx)
	}
	return &action{locks: s.lock(target, accessExclusive), run: run}, c.done()
}
