package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// Lookup is a relation that a first-stage SELECT may join to source. No two of its rows have the same key.
type Lookup struct {
	Name    string
	Key     []string
	Columns []string
}

// scansSource makes sure that FROM is source, and lookups that are joined to it one after the other.
func (s *Statement) scansSource(sel *pg_query.SelectStmt, lookups []Lookup) error {
	if len(sel.FromClause) == 1 {
		from := sel.FromClause[0]
		for join := from.GetJoinExpr(); join != nil && isLookup(join.Rarg, lookups); join = from.GetJoinExpr() {
			if err := s.joinsByKey(join, lookups); err != nil {
				return err
			}
			from = join.Larg
		}
		if r := from.GetRangeVar(); r != nil && r.Catalogname == "" && r.Schemaname == "" && r.Relname == SourceRelation {
			return s.starIsSources(sel)
		}
	}
	err := pgerr.New(pgerr.FeatureNotSupported, "the FROM of a first-stage SELECT must be source alone, or source with lookups of the pipeline").
		WithHint("other joins and tables are for second stages, which read no source")
	walkAll(sel.FromClause, func(n *pg_query.Node) {
		if r := n.GetRangeVar(); r != nil && (r.Relname != SourceRelation || r.Schemaname != "") && !isLookup(n, lookups) && err.Position == 0 {
			err.Position = s.position(r.Location)
		}
	})
	return err
}

func isLookup(n *pg_query.Node, lookups []Lookup) bool {
	_, ok := lookupOf(n, lookups)
	return ok
}

func lookupOf(n *pg_query.Node, lookups []Lookup) (Lookup, bool) {
	r := n.GetRangeVar()
	i := slices.IndexFunc(lookups, func(l Lookup) bool { return r != nil && r.Schemaname == "" && r.Relname == l.Name })
	if i < 0 {
		return Lookup{}, false
	}
	return lookups[i], true
}

// joinsByKey makes sure that a join gives one row for each of its left side.
func (s *Statement) joinsByKey(join *pg_query.JoinExpr, lookups []Lookup) error {
	l, _ := lookupOf(join.Rarg, lookups)
	r := join.Rarg.GetRangeVar()
	refuse := func(format string, args ...any) *pgerr.Error {
		return pgerr.New(pgerr.FeatureNotSupported, format, args...).At(s.position(r.Location))
	}
	switch {
	case join.Jointype != pg_query.JoinType_JOIN_LEFT || join.IsNatural:
		return refuse("lookup %s must be joined by LEFT JOIN with ON or USING", l.Name).
			WithHint("to drop records that it does not have, add WHERE %s IS NOT NULL", nameOf(r)+"."+l.Key[0])
	case join.Alias != nil || join.JoinUsingAlias != nil || len(r.GetAlias().GetColnames()) > 0:
		return refuse("aliases of a join or of a lookup's columns are not supported in a SELECT from source")
	}
	compared := map[string]bool{}
	for _, n := range join.UsingClause {
		compared[n.GetString_().GetSval()] = true
	}
	for _, term := range conjuncts(join.Quals) {
		if column, _ := keyCompared(term, nameOf(r), l); column != "" {
			compared[column] = true
		}
	}
	for _, column := range l.Key {
		if !compared[column] {
			return refuse("the join of lookup %[1]s does not compare its key %[2]s; write ON %[3]s.%[2]s = source.%[2]s", l.Name, column, nameOf(r))
		}
	}
	return nil
}

// conjuncts are the terms of an AND.
func conjuncts(n *pg_query.Node) []*pg_query.Node {
	and := n.GetBoolExpr()
	if n == nil || and == nil || and.Boolop != pg_query.BoolExprType_AND_EXPR {
		return []*pg_query.Node{n}
	}
	var all []*pg_query.Node
	for _, arg := range and.Args {
		all = append(all, conjuncts(arg)...)
	}
	return all
}

// keyCompared gives the column of the lookup that a term compares for equality with what does not depend on the lookup, and
// that; "" if it is no such term.
func keyCompared(term *pg_query.Node, alias string, l Lookup) (column string, with *pg_query.Node) {
	e := term.GetAExpr()
	if e == nil || e.Kind != pg_query.A_Expr_Kind_AEXPR_OP || len(e.Name) != 1 || e.Name[0].GetString_().GetSval() != "=" {
		return "", nil
	}
	for _, sides := range [][2]*pg_query.Node{{e.Lexpr, e.Rexpr}, {e.Rexpr, e.Lexpr}} {
		qualifier, column := columnOf(sides[0])
		depends := false
		walk(sides[1], func(n *pg_query.Node) {
			q, c := columnOf(n)
			depends = depends || q == alias || q == "" && slices.Contains(l.Columns, c)
		})
		if column != "" && !depends && (qualifier == alias || qualifier == "" && slices.Contains(l.Columns, column)) {
			return column, sides[1]
		}
	}
	return "", nil
}

// KeyComparison is a term of a join's condition that compares a column of a lookup's key.
type KeyComparison struct {
	Lookup   Lookup
	Alias    string // under which the lookup is joined
	Column   string
	Position int // in characters from 1
}

// ComparedWithKeys gives the comparisons of a row-preserving SELECT, and a SELECT of what they compare the keys with, in the
// same order: to be bound, for its types.
func (s *Statement) ComparedWithKeys(lookups ...Lookup) (with *Statement, all []KeyComparison, err error) {
	tree, sel, _, err := s.singleSelect()
	if err != nil {
		return nil, nil, err
	}
	var targets []*pg_query.Node
	ours := s.node.GetSelectStmt().GetFromClause()[0].GetJoinExpr() // as it is in the text
	for join := sel.FromClause[0].GetJoinExpr(); join != nil; join, ours = join.Larg.GetJoinExpr(), ours.Larg.GetJoinExpr() {
		l, _ := lookupOf(join.Rarg, lookups)
		r := ours.Rarg.GetRangeVar()
		add := func(column string, with *pg_query.Node) {
			if slices.Contains(l.Key, column) {
				all = append(all, KeyComparison{Lookup: l, Alias: nameOf(r), Column: column, Position: s.position(r.GetLocation())})
				targets = append(targets, pg_query.MakeResTargetNodeWithVal(with, -1))
			}
		}
		for _, n := range join.UsingClause {
			add(n.GetString_().GetSval(), pg_query.MakeColumnRefNode([]*pg_query.Node{n}, -1))
		}
		for _, term := range conjuncts(join.Quals) {
			if column, other := keyCompared(term, nameOf(r), l); column != "" {
				add(column, other)
			}
		}
	}
	if len(all) == 0 {
		return nil, nil, nil
	}
	sel.TargetList, sel.WhereClause, sel.SortClause = targets, nil, nil
	with, err = deparsed(tree)
	return with, all, err
}

// columnOf gives the names of a reference: "s", "a" of s.a, "" and "a" of a; nothing of other nodes. A `*` is no column.
func columnOf(n *pg_query.Node) (qualifier, column string) {
	fields := n.GetColumnRef().GetFields()
	if len(fields) == 0 {
		return "", ""
	}
	if len(fields) > 1 {
		qualifier = fields[len(fields)-2].GetString_().GetSval()
	}
	return qualifier, fields[len(fields)-1].GetString_().GetSval()
}

// nameOf is under which name a relation of FROM is known.
func nameOf(r *pg_query.RangeVar) string {
	if r.Alias != nil {
		return r.Alias.Aliasname
	}
	return r.Relname
}

// starIsSources refuses a `*` that would be source's fields and all lookups' columns.
func (s *Statement) starIsSources(sel *pg_query.SelectStmt) error {
	if sel.FromClause[0].GetJoinExpr() == nil {
		return nil
	}
	for _, t := range sel.TargetList {
		if ref := t.GetResTarget().GetVal().GetColumnRef(); len(ref.GetFields()) == 1 && isStar(t.GetResTarget().GetVal()) {
			return pgerr.New(pgerr.FeatureNotSupported, "* is not supported in a SELECT from source with lookups; write source.* and the lookups' columns").
				At(s.position(ref.Location))
		}
	}
	return nil
}

// SourceColumns gives the names of all columns that the statement refers to and that are not, or may not be, those of
// a lookup, each once, in the order of first mention.
func (s *Statement) SourceColumns(lookups ...Lookup) []string {
	joined := map[string]bool{}
	var unqualified []string // columns of lookups
	walk(s.node, func(n *pg_query.Node) {
		if l, ok := lookupOf(n, lookups); ok {
			joined[nameOf(n.GetRangeVar())] = true
			unqualified = append(unqualified, l.Columns...)
		}
	})
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	walk(s.node, func(n *pg_query.Node) {
		for _, using := range n.GetJoinExpr().GetUsingClause() {
			add(using.GetString_().GetSval())
		}
		qualifier, column := columnOf(n)
		if joined[qualifier] || qualifier == "" && slices.Contains(unqualified, column) {
			return
		}
		add(column)
	})
	return names
}
