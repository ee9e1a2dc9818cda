package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// named checks that subqueries in FROM have a name: PostgreSQL 15's grammar wants one, that of 16, which reads the text, does
// not. Redshift's statements go without.
func (s *Statement) named() error {
	if s.dialect == Redshift {
		return nil
	}
	words := s.words()
	if !mayDerive(words) {
		return nil
	}
	var unnamed *pg_query.RangeSubselect
	walk(s.node, func(n *pg_query.Node) {
		if sub := n.GetRangeSubselect(); unnamed == nil && sub != nil && sub.Alias == nil {
			unnamed = sub
		}
	})
	if unnamed == nil {
		return nil
	}
	what, example := "subquery", "SELECT"
	if len(unnamed.Subquery.GetSelectStmt().GetValuesLists()) > 0 {
		what, example = "VALUES", "VALUES"
	}
	e := pgerr.New(pgerr.SyntaxError, "%s in FROM must have an alias", what).WithHint("For example, FROM (%s ...) [AS] foo.", example)
	return e.At(s.position(parenthesisOf(unnamed.Subquery, words)))
}

// mayDerive reports whether there is a parenthesis with a query where a table can stand: few statements have one, and a walk
// through a tree is not for nothing.
func mayDerive(words []*pg_query.ScanToken) bool {
	for i := 1; i < len(words)-1; i++ {
		if words[i].Token != pg_query.Token_ASCII_40 || !beginsQuery(words[i+1].Token) {
			continue
		}
		switch words[i-1].Token {
		case pg_query.Token_FROM, pg_query.Token_JOIN, pg_query.Token_LATERAL_P, pg_query.Token_USING,
			pg_query.Token_ASCII_40, pg_query.Token_ASCII_44:
			return true
		default:
		}
	}
	return false
}

// parenthesisOf gives the place of the outermost parenthesis that has q and nothing else in it, -1 for none. A tree has no
// places of parentheses.
func parenthesisOf(q *pg_query.Node, words []*pg_query.ScanToken) int32 {
	first, last := places(q)
	if first < 0 {
		return -1
	}
	place, inner := int32(-1), [2]int{}
	for _, pair := range parentheses(words) { // inner before outer
		from, to := words[pair[0]], words[pair[1]]
		switch {
		case from.Start >= first || to.Start < last:
		case place < 0 && beginsQuery(words[pair[0]+1].Token), place >= 0 && pair[0] == inner[0]-1 && pair[1] == inner[1]+1:
			place, inner = from.Start, pair
		case place >= 0:
			return place
		}
	}
	return place
}

// words gives the statement's tokens without its comments.
func (s *Statement) words() []*pg_query.ScanToken {
	words := make([]*pg_query.ScanToken, 0, len(s.tokens))
	for _, t := range s.tokens {
		if t.Token != pg_query.Token_C_COMMENT && t.Token != pg_query.Token_SQL_COMMENT {
			words = append(words, t)
		}
	}
	return words
}

// parentheses gives the pairs by the numbers of their words, in the order in which they close.
func parentheses(words []*pg_query.ScanToken) [][2]int {
	var pairs [][2]int
	var open []int
	for i, t := range words {
		switch t.Token {
		case pg_query.Token_ASCII_40:
			open = append(open, i)
		case pg_query.Token_ASCII_41:
			pairs = append(pairs, [2]int{open[len(open)-1], i})
			open = open[:len(open)-1]
		default:
		}
	}
	return pairs
}

// places gives the first and the last place that the tree of n knows, -1 for none.
func places(n *pg_query.Node) (first, last int32) {
	first, last = -1, -1
	walk(n, func(n *pg_query.Node) {
		m := n.ProtoReflect()
		inner := m.WhichOneof(m.Descriptor().Oneofs().Get(0))
		if inner == nil {
			return
		}
		field := inner.Message().Fields().ByName("location")
		if field == nil {
			return
		}
		at := int32(m.Get(inner).Message().Get(field).Int())
		if at > 0 && (first < 0 || at < first) {
			first = at
		}
		last = max(last, at)
	})
	return first, last
}
