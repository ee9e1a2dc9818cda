package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// broken binds the read of the rows of a part for which a check is false.
func (t *temporaries) broken(c *temporaryCheck, of TemporaryPart) (*Query, error) {
	rel := t.part(of)
	not := &pg_query.Node{Node: &pg_query.Node_BoolExpr{BoolExpr: &pg_query.BoolExpr{
		Boolop: pg_query.BoolExprType_NOT_EXPR, Args: []*pg_query.Node{c.node}, Location: -1,
	}}}
	read := t.readOf(rel)
	read.GetSelectStmt().WhereClause = not
	var refused error
	walk(c.node, func(n *pg_query.Node) {
		if n.GetSubLink() != nil {
			refused = t.fail(pgerr.FeatureNotSupported, n.GetSubLink().Location, "cannot use subquery in check constraint")
		}
	})
	if refused != nil {
		return nil, refused
	}
	q, err := t.bindRead(read, rel, t.catalog)
	if e, ok := asError(err); ok {
		e.Message = strings.NewReplacer("argument of NOT", "argument of CHECK", "not allowed in WHERE", "not allowed in check constraints").Replace(e.Message)
	}
	return q, err
}

// failing binds the read of the rows of a part that have NULL in a column.
func (t *temporaries) failing(column string, of TemporaryPart) (*Query, error) {
	rel := t.part(of)
	read := t.readOf(rel)
	read.GetSelectStmt().WhereClause = nullTest(column, pg_query.NullTestType_IS_NULL)
	return t.bindRead(read, rel, t.catalog)
}

// newKeys is how the check of a key names the new rows.
const newKeys = "_tg_new"

// same binds the read of the new keys that the table has more than once.
func (t *temporaries) same(k TemporaryKey) (*Query, error) { return t.duplicated(k, NewRows) }

// duplicated binds the read of the first key of some of the rows that the table has more than once.
func (t *temporaries) duplicated(k TemporaryKey, of TemporaryPart) (*Query, error) {
	fresh := t.part(of)
	fresh.Columns = nil
	var keys, known, same []string
	for i, column := range k.Columns {
		at := slices.IndexFunc(t.Table.Columns, func(c Column) bool { return c.Name == column })
		fresh.Columns = append(fresh.Columns, t.Table.Columns[at])
		quoted, key := quoteIdent(column), "_tg_k"+itoa(i)
		keys = append(keys, quoted+" AS "+key)
		if k.NullsEqual {
			same = append(same, quoted+" IS NOT DISTINCT FROM "+key)
			continue
		}
		known = append(known, quoted+" IS NOT NULL")
		same = append(same, quoted+" = "+key)
	}
	text := "SELECT 1 FROM " + tempSchema + "." + newKeys + " JOIN (SELECT " + strings.Join(keys, ", ") + " FROM " + tempSchema + "." + quoteIdent(t.Table.Name.Table)
	if len(known) > 0 {
		text += " WHERE " + strings.Join(known, " AND ")
	}
	text += " GROUP BY " + ordinals(len(keys)) + " HAVING count(*) > 1) AS _tg_same ON " + strings.Join(same, " AND ") + " LIMIT 1"
	parsed, err := Postgres.Parse(text)
	if err != nil {
		return nil, err
	}
	read := parsed[0].node
	read.GetSelectStmt().TargetList = t.readOf(fresh).GetSelectStmt().TargetList
	return t.bindRead(read, t.part(LiveRows), instead{t.catalog, TableName{tempSchema, newKeys}, fresh})
}

// ordinals is the list of the first n output columns.
func ordinals(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = itoa(i + 1)
	}
	return strings.Join(list, ", ")
}

func columnNamed(name string) *pg_query.Node {
	return pg_query.MakeColumnRefNode([]*pg_query.Node{pg_query.MakeStrNode(name)}, -1)
}

func nullTest(column string, is pg_query.NullTestType) *pg_query.Node {
	return &pg_query.Node{Node: &pg_query.Node_NullTest{NullTest: &pg_query.NullTest{Arg: columnNamed(column), Nulltesttype: is, Location: -1}}}
}

// outputText is a column as PostgreSQL sends it: a cast to text spells out boolean and drops the blanks of character.
func outputText(c Column) *pg_query.Node {
	text := &pg_query.Node{Node: &pg_query.Node_TypeCast{TypeCast: &pg_query.TypeCast{Arg: columnNamed(c.Name), TypeName: typeNamed("text"), Location: -1}}}
	switch {
	case c.Type.OID == pgtypes.Bool:
		return calling("left", text, 1)
	case c.Type.OID == pgtypes.BPChar && c.Type.Typmod > 4:
		return calling("rpad", text, int64(c.Type.Typmod)-4)
	}
	return text
}

func calling(function string, text *pg_query.Node, n int64) *pg_query.Node {
	return pg_query.MakeFuncCallNode([]*pg_query.Node{pg_query.MakeStrNode("pg_catalog"), pg_query.MakeStrNode(function)},
		[]*pg_query.Node{text, pg_query.MakeAConstIntNode(n, -1)}, -1)
}

// readOf is SELECT of every column, as text, FROM a relation.
func (t *temporaries) readOf(r *Relation) *pg_query.Node {
	var texts []*pg_query.Node
	for _, c := range r.Columns {
		texts = append(texts, outputText(c))
	}
	read := selectOf(texts...)
	read.GetSelectStmt().FromClause = []*pg_query.Node{{Node: &pg_query.Node_RangeVar{RangeVar: &pg_query.RangeVar{
		Schemaname: r.Name.Schema, Relname: r.Name.Table, Inh: true, Relpersistence: "p", Location: -1,
	}}}}
	return read
}

// bindRead binds a SELECT of ours over one part of the table. c is the statement's catalog, or has more names.
func (t *temporaries) bindRead(read *pg_query.Node, r *Relation, c Catalog) (*Query, error) {
	s := &Statement{Kind: KindSelect, Tag: "SELECT", grammar: t.stmt.grammar, node: read, source: t.stmt.source, dialect: t.stmt.dialect}
	env := t.env
	env.ParamTypes = nil
	return bind(s, instead{c, r.Name, r}, env, nil, []Arg{})
}

// binder is one for expressions of the statement.
func (t *temporaries) binder() *binder {
	b := newBinder(t.stmt, t.catalog, t.env, t.env.ParamTypes, false)
	b.args = t.args
	return b
}
