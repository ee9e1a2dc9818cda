package sql

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// Copy is a COPY. What its options mean is told by CopyOptions: PostgreSQL looks at them when the statement runs.
type Copy struct {
	From    bool       // COPY FROM
	Program bool       // TO or FROM PROGRAM
	File    string     // on the server; "" is the client
	Table   TableName  // "" with Query
	Columns []string   // of the table, in the order asked for; nil is all
	Query   *Statement // COPY (query)
}

func (s *Statement) readCopy(n *pg_query.CopyStmt) error {
	s.Kind, s.Tag = KindCopy, "COPY"
	c := &Copy{From: n.IsFrom, Program: n.IsProgram, File: n.Filename}
	s.Copy = c
	for _, a := range n.Attlist {
		c.Columns = append(c.Columns, a.GetString_().GetSval())
	}
	if n.Relation != nil {
		c.Table = TableName{Schema: n.Relation.Schemaname, Table: n.Relation.Relname}
		return nil
	}
	from, to := s.parentheses(s.after(pg_query.Token_COPY))
	q, err := s.inner(n.Query, from)
	if err == nil && from < to && to < len(s.tokens) {
		q.tokens = s.tokens[from:to]
		q.Text = s.source[q.Offset:s.tokens[to].Start]
		q.log = q.logged()
	}
	c.Query = q
	return err
}

// parentheses gives the tokens between the first parenthesis from a token on and the one that closes it.
func (s *Statement) parentheses(i int) (from, to int) {
	depth := 0
	for ; i < len(s.tokens); i++ {
		switch s.tokens[i].Token {
		case pg_query.Token_ASCII_40:
			if depth++; depth == 1 {
				from = i + 1
			}
		case pg_query.Token_ASCII_41:
			if depth--; depth == 0 {
				return from, i
			}
		default:
		}
	}
	return from, len(s.tokens)
}

// CopyTable gives the read of a COPY's table: all of its columns, or those. Places in it are not the user's.
func (s *Statement) CopyTable(columns []string) (*Statement, error) {
	return s.readOf(s.Copy.Table, columns)
}

// readOf gives the read of a table: all of its columns, or those. Places in it are not the user's.
func (s *Statement) readOf(t TableName, columns []string) (*Statement, error) {
	list := "*"
	if columns != nil {
		quoted := make([]string, len(columns))
		for i, c := range columns {
			quoted[i] = quoteIdent(c)
		}
		list = strings.Join(quoted, ", ")
	}
	name := quoteIdent(t.Table)
	if t.Schema != "" {
		name = quoteIdent(t.Schema) + "." + name
	}
	read, err := Postgres.Parse("SELECT " + list + " FROM " + name)
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", t, err)
	}
	read[0].dialect, read[0].Hints = s.dialect, s.Hints
	return read[0], nil
}

// CopyColumns checks a COPY's list of columns against those of its table; without a list they are all.
func (s *Statement) CopyColumns(all []string) ([]string, error) {
	if s.Copy.Columns == nil {
		return all, nil
	}
	return s.copyNames(s.Copy.Columns, all)
}

// copyNames checks names of columns against those that there are.
func (s *Statement) copyNames(names, all []string) ([]string, error) {
	seen := map[string]bool{}
	for _, name := range names {
		switch {
		case !slices.Contains(all, name) && s.Copy.Query == nil:
			return nil, pgerr.New(pgerr.UndefinedColumn, "column %q of relation %q does not exist", name, s.Copy.Table.Table)
		case !slices.Contains(all, name):
			return nil, pgerr.New(pgerr.UndefinedColumn, "column %q does not exist", name)
		case seen[name]:
			return nil, pgerr.New(pgerr.DuplicateColumn, "column %q specified more than once", name)
		}
		seen[name] = true
	}
	return names, nil
}
