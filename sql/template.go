package sql

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"sync/atomic"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"tidegate/internal/pgtypes"
)

// Template is a bound statement in which the values of parameters, and of those literals that are free, are left open.
// It is immutable, but for what it remembers.
//
// A literal is free where it is compared with something, as a parameter is: there its value changes neither types nor
// names nor the shape of the result, and what it proves is worked out for every value (late.go). It is bound as a
// parameter of its type, so that the binder cannot look at its value.
type Template struct {
	statement *Statement
	binder    *binder
	parts     *selectParts
	query     *Query // with nothing filled in
	told      []pgtypes.OID
	params    int // the client's; free literals follow
	hot       *hotText
	last      atomic.Pointer[rebinding]
}

// Free says which literals of its normal form the statement's plan need not know. ok is false if it has a parameter
// whose value the binder must see, or is no whole text.
func (s *Statement) Free(n Normal) (free []bool, ok bool) {
	if s.Kind != KindSelect || !s.whole {
		return nil, false
	}
	free = make([]bool, len(n.Literals))
	params, compared := 0, 0
	walk(s.node, func(node *pg_query.Node) {
		if node.GetParamRef() != nil {
			params++
		}
		compared += len(opaque(node))
		for _, o := range operands(node) {
			if o.GetParamRef() != nil {
				compared++
			}
			if i := literalAt(n.Literals, o.GetAConst()); i >= 0 {
				free[i] = true
			}
		}
	})
	return free, params == compared+s.shownParams()
}

// shownParams counts the parameters that are output columns: they prove nothing, and a cast gives them their type.
func (s *Statement) shownParams() (n int) {
	for _, t := range s.node.GetSelectStmt().GetTargetList() {
		v := t.GetResTarget().GetVal()
		for c := v.GetTypeCast(); c != nil && plainCast(c.TypeName); c = v.GetTypeCast() {
			v = c.Arg
		}
		if v.GetParamRef() != nil {
			n++
		}
	}
	return n
}

// Whole gives the text that the statement is all of; ok is false if it is but a part of one.
func (s *Statement) Whole() (text string, ok bool) { return s.source, s.whole }

// operands gives the constants and parameters that a comparison compares, also those that are cast.
func operands(n *pg_query.Node) []*pg_query.Node {
	x := n.GetAExpr()
	if x == nil {
		return nil
	}
	sides := []*pg_query.Node{x.Lexpr}
	switch x.Kind {
	case pg_query.A_Expr_Kind_AEXPR_OP:
		if op := operatorName(x.Name); op != "!=" && flip[op] == "" || x.Lexpr == nil {
			return nil
		}
		sides = append(sides, x.Rexpr)
	case pg_query.A_Expr_Kind_AEXPR_IN, pg_query.A_Expr_Kind_AEXPR_BETWEEN, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN:
		sides = append(sides, x.Rexpr.GetList().GetItems()...)
	default:
		return nil
	}
	var found []*pg_query.Node
	for _, o := range sides {
		for c := o.GetTypeCast(); c != nil && plainCast(c.TypeName); c = o.GetTypeCast() {
			o = c.Arg
		}
		if o.GetAConst() != nil || o.GetParamRef() != nil {
			found = append(found, o)
		}
	}
	return found
}

// opaque gives the parameters beside those of comparisons that the binder need not look at: patterns, of which it proves
// nothing, arrays of = ANY and <> ALL, and numbers of rows, which are late.
func opaque(n *pg_query.Node) (params []*pg_query.Node) {
	add := func(o *pg_query.Node, plain func(*pg_query.TypeName) bool) {
		for c := o.GetTypeCast(); c != nil && plain(c.TypeName); c = o.GetTypeCast() {
			o = c.Arg
		}
		if o.GetParamRef() != nil {
			params = append(params, o)
		}
	}
	if x := n.GetAExpr(); x != nil {
		switch x.Kind {
		case pg_query.A_Expr_Kind_AEXPR_LIKE, pg_query.A_Expr_Kind_AEXPR_ILIKE:
			add(x.Rexpr, plainCast)
		case pg_query.A_Expr_Kind_AEXPR_OP_ANY, pg_query.A_Expr_Kind_AEXPR_OP_ALL:
			if op := operatorName(x.Name); (op == "=") == (x.Kind == pg_query.A_Expr_Kind_AEXPR_OP_ANY) && (op == "=" || op == "<>") {
				add(x.Rexpr, arrayCast)
			}
		default: // operands
		}
	}
	if q := n.GetSelectStmt(); q != nil {
		add(q.LimitCount, plainCast)
		add(q.LimitOffset, plainCast)
	}
	return params
}

// arrayCast reports whether a cast to the type reads an array of what plainCast takes.
func arrayCast(t *pg_query.TypeName) bool {
	if len(t.GetArrayBounds()) != 1 || len(t.GetNames()) == 0 {
		return false
	}
	return plainCast(&pg_query.TypeName{Names: t.Names, Typmods: t.Typmods})
}

// plainCast reports whether a cast to the type does nothing but read a value or widen it.
func plainCast(t *pg_query.TypeName) bool {
	if len(t.GetTypmods()) > 0 || len(t.GetArrayBounds()) > 0 || len(t.GetNames()) == 0 {
		return false
	}
	switch t.Names[len(t.Names)-1].GetString_().GetSval() {
	case "int2", "int4", "int8", "float8", "numeric", "text", "bool", "date", "timestamp", "timestamptz", "uuid":
		return true
	}
	return false
}

// literalAt finds the literal that a constant of the tree was written as, -1 if there is none: the sign of a number and
// a string in two pieces belong to the constant and not to the literal.
func literalAt(literals []Literal, c *pg_query.A_Const) int {
	if c == nil {
		return -1
	}
	i := slices.IndexFunc(literals, func(l Literal) bool { return l.At == int(c.Location) })
	if i < 0 {
		return -1
	}
	l := literals[i]
	same := false
	switch v := c.Val.(type) {
	case *pg_query.A_Const_Ival:
		n, err := strconv.ParseInt(l.Text, 10, 32)
		same = l.Type == pgtypes.Int4 && err == nil && int32(n) == v.Ival.GetIval()
	case *pg_query.A_Const_Fval:
		same = (l.Type == pgtypes.Int8 || l.Type == pgtypes.Numeric) && l.Text == v.Fval.GetFval()
	case *pg_query.A_Const_Sval:
		same = l.Type == 0 && l.Text == v.Sval.GetSval()
	}
	if !same {
		return -1
	}
	return i
}

// NewTemplate makes the template of a statement that was bound as q, for the client's types of parameters in
// env.ParamTypes. n is the statement's normal form, and free what Free says of it. ok is false if the statement has none:
// it depends on the session, or is not the same with its literals left open.
func NewTemplate(q *Query, n Normal, free []bool) (t *Template, ok bool) {
	if len(q.constants) > 0 || q.System ||
		slices.ContainsFunc(q.Uses, func(u *Use) bool { return u.Relation.Class != ClassLake || u.filtered.momentary() }) {
		return nil, false
	}
	st, types, params := q.statement.open(n, free, q.env.ParamTypes)
	b := newBinder(st, q.catalog, q.env, types, false)
	b.template = true
	parts, err := b.bindStatement()
	if err != nil || b.momentary || len(b.folded) > 0 {
		return nil, false
	}
	open, err := b.query(parts)
	if err != nil {
		return nil, false
	}
	if _, later := parts.known(laterOrNow); len(open.Uses) == 0 && !later {
		return nil, false
	}
	t = &Template{statement: q.statement, binder: b, parts: parts, query: open, told: slices.Clone(q.env.ParamTypes), params: params}
	if t.hot, ok = open.hotText(); !ok {
		return nil, false
	}
	// What the literals of this text give must be what was bound without the template.
	again, err := t.Query(q.env, q.catalog, q.statement.source, n.free(free))
	if err != nil || !again.same(q) {
		return nil, false
	}
	open.forget()
	return t, true
}

// open gives a copy of the statement whose free literals are parameters behind the params that it has, and the types of
// all of them; 0 is for the context to say.
func (s *Statement) open(n Normal, free []bool, told []pgtypes.OID) (open *Statement, types []pgtypes.OID, params int) {
	tree, _ := proto.Clone(s.node).(*pg_query.Node) // it is of its own type
	params = len(told)
	walk(tree, func(node *pg_query.Node) { params = max(params, int(node.GetParamRef().GetNumber())) })
	types = append(slices.Clone(told), make([]pgtypes.OID, params-len(told))...)
	numbers := make([]int32, len(free))
	for i, l := range n.Literals {
		if free[i] {
			types = append(types, l.Type)
			numbers[i] = int32(len(types))
		}
	}
	walk(tree, func(node *pg_query.Node) {
		for _, o := range operands(node) {
			if i := literalAt(n.Literals, o.GetAConst()); i >= 0 {
				o.Node = &pg_query.Node_ParamRef{ParamRef: &pg_query.ParamRef{Number: numbers[i], Location: int32(n.Literals[i].At)}}
			}
		}
	})
	copied := *s
	copied.node = tree
	return &copied, types, params
}

// free gives the values of the free literals.
func (n Normal) free(free []bool) []Arg {
	var values []Arg
	for i, l := range n.Literals {
		if free[i] {
			values = append(values, Arg{Text: l.Text})
		}
	}
	return values
}

// Fixed appends to key the literals that are not free, so that texts with other ones have other keys.
func (n Normal) Fixed(key []byte, free []bool) []byte {
	for i, l := range n.Literals {
		if !free[i] {
			key = strconv.AppendInt(append(key, 0), int64(len(l.Text)), 10)
			key = append(append(key, ':'), l.Text...)
		}
	}
	return key
}

// Statement is the statement that the template was made of: of those with its normal form, the first.
func (t *Template) Statement() *Statement { return t.statement }

// Fill gives the query for a text of the template's normal form. c is the catalog now, which has the same relations as
// the template's. An error says no more than that the text must be bound: that gives the client's error.
func (t *Template) Fill(env Env, c Catalog, text string, n Normal, free []bool) (*Query, error) {
	return t.Query(env, c, text, n.free(free))
}

// Query is Fill for the values of the free literals.
func (t *Template) Query(env Env, c Catalog, text string, literals []Arg) (*Query, error) {
	env.ParamTypes = t.told
	copied := *t.query
	q := &copied
	q.Params = q.Params[:t.params:t.params]
	q.template, q.literals, q.source, q.catalog, q.env = t, literals, text, c, env
	if q.known != nil {
		return q, nil
	}
	if !t.current(q) {
		return nil, errStale
	}
	var args []Arg
	if t.params == 0 {
		args = []Arg{}
	}
	return q.filled(args)
}

// errStale says that a name of the template's text is another relation's now.
var errStale = errors.New("a relation is not the template's")

// current looks every relation up again: one that came meanwhile may stand before another in the search path.
func (t *Template) current(q *Query) bool {
	b := binder{stmt: t.binder.stmt, catalog: q.catalog, env: q.env}
	for _, u := range t.binder.uses {
		r, err := b.relation(u.from)
		if err != nil || r.Name != u.relation.Name || r.Class != u.relation.Class || r.Filter != u.relation.Filter ||
			!slices.Equal(r.Columns, u.relation.Columns) || !slices.Equal(r.Hidden, u.relation.Hidden) {
			return false
		}
	}
	return true
}

// filled gives a copy of a template's query with the client's parameters; nil leaves them open.
func (q *Query) filled(args []Arg) (*Query, error) {
	t, filled := q.template, *q
	filled.args = args
	values := filled.values()
	left, err := t.binder.narrowAll(values)
	if err != nil {
		return nil, err
	}
	uses := make([]Use, len(t.binder.uses))
	filled.Uses = make([]*Use, len(uses))
	for i, u := range t.binder.uses {
		l := left.of(u)
		uses[i] = *t.query.Uses[i]
		uses[i].Where, uses[i].Exact = l.where, l.exact
		if f := uses[i].filtered; f != nil {
			f.narrow(&uses[i])
		}
		filled.Uses[i] = &uses[i]
	}
	parts, err := t.parts.limited(values)
	if err != nil {
		return nil, err
	}
	filled.Shape = t.binder.shape(parts, left)
	if len(uses) == 0 && args != nil {
		filled.known, _ = parts.known(func(e *expr) (*expr, bool) {
			v, err := e.at(values)
			return v, err == nil
		})
	}
	return &filled, nil
}

// same reports whether two queries mean the same to the router and the client.
func (q *Query) same(o *Query) bool {
	return q.divides == o.divides && q.silent == o.silent && slices.Equal(q.Names, o.Names) && slices.Equal(q.Types, o.Types) && slices.Equal(q.Origins, o.Origins) && slices.Equal(q.Params, o.Params) &&
		reflect.DeepEqual(q.known, o.known) && reflect.DeepEqual(q.Shape, o.Shape) && slices.EqualFunc(q.Uses, o.Uses, func(a, b *Use) bool {
		return a.Relation.Name == b.Relation.Name && a.Alias == b.Alias && a.Exact == b.Exact &&
			slices.Equal(a.Columns, b.Columns) && maps.EqualFunc(a.Where, b.Where, func(d, e Domain) bool { return reflect.DeepEqual(d, e) })
	})
}
