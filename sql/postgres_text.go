package sql

import (
	"fmt"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// RenderPostgres gives the query in PostgreSQL's own words: the user's text with its base relations, parameters and
// what depends on the session replaced. source is as for Render, and its item must have all of the relation's columns
// in the relation's order, those that are not in Use.Columns as NULLs of their types: a * stands as it was written.
//
// What cannot be said to another server is 0A000: a session's function in FROM, for one.
func (q *Query) RenderPostgres(source func(*Use) (string, error)) (string, error) {
	if q.template != nil {
		full, source, err := q.rebound(source)
		if err != nil {
			return "", err
		}
		return full.RenderPostgres(source)
	}
	text, words, err := q.ownText(source)
	return words.spell(text), err
}

// ownText gives the user's text with what RenderPostgres replaces; words are those that it still has to be spelled in.
func (q *Query) ownText(source func(*Use) (string, error)) (text string, words ownWords, err error) {
	r, tree, err := q.postgresTree(false)
	if err != nil {
		return "", ownWords{}, err
	}
	text, try, err := r.deparse(tree)
	if err != nil {
		return "", ownWords{}, err
	}
	text, err = r.fill(text, try, source)
	return text, r.words, err
}

// postgresTree gives the user's tree rewritten, but for the relations' names. open keeps parameters as they are.
func (q *Query) postgresTree(open bool) (*postgresText, *pg_query.Node, error) {
	r := &postgresText{q: q, open: open, uses: map[int32]int{}}
	if q.statement.dialect == Redshift {
		r.words = newOwnWords(q.statement.source)
	}
	for i, at := range q.usesAt {
		if _, twice := r.uses[at]; twice {
			return nil, nil, pgerr.New(pgerr.FeatureNotSupported, "relation %s is read in a way that only Tidegate can run", q.Uses[i].Relation.Name)
		}
		r.uses[at] = i
	}
	tree, ok := proto.Clone(q.statement.node).(*pg_query.Node)
	if !ok {
		return nil, nil, fmt.Errorf("render query: its tree is a %T", tree)
	}
	return r, tree, r.rewrite(tree)
}

// deparse gives the text with markers in the relations' places, and which ones.
func (r *postgresText) deparse(tree *pg_query.Node) (text string, try int, err error) {
	for try := range markerTries {
		r.name(try)
		text, err := pg_query.Deparse(&pg_query.ParseResult{Version: r.q.statement.grammar, Stmts: []*pg_query.RawStmt{{Stmt: tree}}})
		if err != nil {
			return "", 0, fmt.Errorf("render query: %w", err)
		}
		// The user's own text may hold the marker: then another one is taken.
		if strings.Count(text, markerName(try)) == len(r.relations) {
			return text, try, nil
		}
	}
	return "", 0, pgerr.New(pgerr.FeatureNotSupported, "the statement's text holds every marker")
}

// markerTries bounds the search for a marker that the user's text does not hold.
const markerTries = 20

// postgresText is one rendering. Nodes are known again by their place in the text: a clone keeps that alone.
type postgresText struct {
	q         *Query
	open      bool // parameters stay
	params    []*pg_query.Node
	uses      map[int32]int // place of a relation → index of its Use
	relations []*pg_query.RangeVar
	of        []int // index of the Use of each of relations
	words     ownWords
}

func markerName(try int) string { return "tidegate_relation" + itoa(try) + "x" }

// name puts the markers of this try in the relations' places.
func (r *postgresText) name(try int) {
	for i, v := range r.relations {
		v.Relname = markerName(try) + itoa(i) + "x"
	}
}

// fill replaces the markers by the relations' sources.
func (r *postgresText) fill(text string, try int, source func(*Use) (string, error)) (string, error) {
	parts := strings.Split(text, markerName(try))
	var out strings.Builder
	out.WriteString(parts[0])
	for _, p := range parts[1:] {
		digits, rest, _ := strings.Cut(p, "x")
		i, err := strconv.Atoi(digits)
		if err != nil || i >= len(r.of) {
			return "", fmt.Errorf("render query: broken marker %q", digits)
		}
		item, err := r.q.Uses[r.of[i]].postgresItem(source)
		if err != nil {
			return "", err
		}
		out.WriteString(item + rest)
	}
	return out.String(), nil
}

// rewrite changes the tree in place.
func (r *postgresText) rewrite(tree *pg_query.Node) error {
	var failed error
	walk(tree, func(n *pg_query.Node) {
		if err := r.node(n); err != nil && failed == nil {
			failed = err
		}
	})
	for _, n := range r.params { // now: a walk would find them again in what is put in
		c, err := r.openParameter(n.GetParamRef())
		if err != nil {
			return err
		}
		n.Node = c
	}
	return failed
}

func (r *postgresText) node(n *pg_query.Node) error {
	switch x := n.Node.(type) {
	case *pg_query.Node_RangeVar:
		r.relation(x.RangeVar)
	case *pg_query.Node_ColumnRef:
		// The relation has a plain alias now: neither schema nor database can stand in front of it.
		if extra := len(x.ColumnRef.Fields) - 2; extra > 0 {
			x.ColumnRef.Fields = x.ColumnRef.Fields[extra:]
		}
		if e := r.q.constants[x.ColumnRef.Location]; e != nil && r.q.statement.dialect == Redshift {
			return r.constant(n, e) // SYSDATE
		}
	case *pg_query.Node_ParamRef:
		if r.open {
			r.params = append(r.params, n)
			return nil
		}
		c, err := r.parameter(x.ParamRef)
		if err != nil {
			return err
		}
		n.Node = c
	case *pg_query.Node_FuncCall:
		if respelledAs(x.FuncCall) != "" {
			r.words.mark(x.FuncCall)
			return nil
		}
		if e := r.q.constants[x.FuncCall.Location]; e != nil {
			return r.constant(n, e)
		}
	case *pg_query.Node_SqlvalueFunction:
		if e := r.q.constants[x.SqlvalueFunction.Location]; e != nil {
			return r.constant(n, e)
		}
	case *pg_query.Node_ResTarget:
		r.keepName(x.ResTarget)
	case *pg_query.Node_RangeFunction:
		return r.rangeFunction(x.RangeFunction)
	case *pg_query.Node_SelectStmt:
		x.SelectStmt.LockingClause = nil // there is nothing to lock in a lake, and nobody writes
	}
	return nil
}

// keepName writes out the name of an output column whose expression may be replaced by one that has another name.
func (r *postgresText) keepName(t *pg_query.ResTarget) {
	if c := t.Val.GetColumnRef(); t.Name == "" && (c == nil || r.q.constants[c.Location] != nil) && len(r.q.constants)+len(r.q.Params) > 0 {
		t.Name = figureName(t.Val)
	}
}

func (r *postgresText) relation(v *pg_query.RangeVar) {
	i, ok := r.uses[v.Location]
	if !ok {
		return // a common table expression
	}
	if v.Alias == nil {
		v.Alias = &pg_query.Alias{Aliasname: v.Relname}
	}
	v.Catalogname, v.Schemaname, v.Inh = "", "", true
	r.relations, r.of = append(r.relations, v), append(r.of, i)
}

// rangeFunction refuses a function of the session in FROM: a constant cannot stand there.
func (r *postgresText) rangeFunction(f *pg_query.RangeFunction) error {
	for _, n := range f.Functions {
		for _, item := range n.GetList().GetItems() {
			if c := item.GetFuncCall(); c != nil && r.q.constants[c.Location] != nil {
				return pgerr.New(pgerr.FeatureNotSupported, "function %s in FROM is answered by Tidegate alone", operatorName(c.Funcname))
			}
		}
	}
	return nil
}

// parameter is a parameter's value as a constant of its type; NULL while there is none.
func (r *postgresText) parameter(p *pg_query.ParamRef) (*pg_query.Node_TypeCast, error) {
	i := int(p.Number) - 1
	if i < 0 || i >= len(r.q.Params) {
		return nil, fmt.Errorf("render query: there is no parameter $%d", p.Number)
	}
	if r.q.args == nil || r.q.args[i].Null {
		return r.typed(nil, r.q.Params[i])
	}
	return r.typed(&r.q.args[i].Text, r.q.Params[i])
}

// typed is typedNode in the statement's dialect: of Redshift's, a text without a length would be cut, and a numeric
// without a scale be rounded.
func (r *postgresText) typed(text *string, oid pgtypes.OID) (*pg_query.Node_TypeCast, error) {
	c, err := typedNode(text, oid)
	if err != nil || r.q.statement.dialect != Redshift {
		return c, err
	}
	switch {
	case isText(oid):
		c.TypeCast.TypeName = longText()
	case oid == pgtypes.Numeric && text != nil:
		precision, scale, ok := decimalText(*text)
		if !ok {
			return nil, notRedshift("the number " + *text)
		}
		c.TypeCast.TypeName = typeNamed("numeric")
		c.TypeCast.TypeName.Typmods = []*pg_query.Node{pg_query.MakeAConstIntNode(int64(precision), -1), pg_query.MakeAConstIntNode(int64(scale), -1)}
	}
	return c, nil
}

// constant puts the value of a session's function in its place.
func (r *postgresText) constant(n *pg_query.Node, e *expr) error {
	var text *string
	if !e.isNull() {
		t, ok := constantText(e)
		if !ok {
			return pgerr.New(pgerr.FeatureNotSupported, "a function of the session is answered by Tidegate alone")
		}
		text = &t
	}
	c, err := r.typed(text, e.typ.OID)
	if err != nil {
		return err
	}
	n.Node = c
	return nil
}

// constantText is PostgreSQL's text of a constant.
func constantText(e *expr) (string, bool) {
	switch {
	case e.isText:
		return e.literal, true
	case e.value == nil:
		return "", false
	}
	switch v := e.value; v.Class {
	case pgtypes.ClassBool:
		return strconv.FormatBool(v.I == 1), true
	case pgtypes.ClassInt:
		return strconv.FormatInt(v.I, 10), true
	case pgtypes.ClassDate:
		return string(pgtypes.AppendDate(nil, int32(v.I))), true
	case pgtypes.ClassTimestamp:
		return string(pgtypes.AppendTimestamp(nil, v.I)), true
	case pgtypes.ClassTimestamptz:
		return string(pgtypes.AppendTimestamptz(nil, v.I, pgtypes.NewZone(nil))), true
	default:
		return "", false // no function of the session gives these
	}
}

// typedNode is CAST('text' AS type); nil is NULL.
func typedNode(text *string, oid pgtypes.OID) (*pg_query.Node_TypeCast, error) {
	t, ok := postgresTables().types[oid]
	if !ok {
		return nil, fmt.Errorf("render query: type %d has no name", oid)
	}
	value := &pg_query.A_Const{Isnull: true}
	if text != nil {
		value = &pg_query.A_Const{Val: &pg_query.A_Const_Sval{Sval: &pg_query.String{Sval: *text}}}
	}
	names := []*pg_query.Node{pg_query.MakeStrNode("pg_catalog"), pg_query.MakeStrNode(t.name)}
	return &pg_query.Node_TypeCast{TypeCast: &pg_query.TypeCast{
		Arg:      &pg_query.Node{Node: &pg_query.Node_AConst{AConst: value}},
		TypeName: &pg_query.TypeName{Names: names, Typemod: -1},
	}}, nil
}
