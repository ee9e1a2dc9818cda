package sql

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// RowFilter is a predicate over one relation's columns: rows for which it is not true are not there. It is immutable.
type RowFilter struct {
	where   *pg_query.Node
	grammar int32
}

// ParseRowFilter reads predicates that must all hold. They may call what a query may call, and the session's functions
// (current_user); subqueries and parameters are refused. Whether it fits a relation is known when one is read.
func ParseRowFilter(predicates ...string) (*RowFilter, error) {
	// A line comment at the end of a predicate must not hide the bracket.
	parsed, err := pg_query.Parse("SELECT WHERE (" + strings.Join(predicates, "\n) AND (") + "\n)")
	if err != nil {
		return nil, fmt.Errorf("is no predicate: %w", err)
	}
	s := parsed.Stmts[0].Stmt.GetSelectStmt()
	f := &RowFilter{where: s.GetWhereClause(), grammar: parsed.Version}
	bare := &pg_query.SelectStmt{WhereClause: s.GetWhereClause(), LimitOption: s.GetLimitOption(), Op: pg_query.SetOperation_SETOP_NONE}
	if len(parsed.Stmts) != 1 || f.where == nil || s.String() != bare.String() {
		return nil, errors.New("is no predicate but more of a statement")
	}
	var refused error
	walk(f.where, func(n *pg_query.Node) {
		if n.GetSubLink() != nil || n.GetParamRef() != nil {
			refused = errors.New("has a subquery or a parameter, which a row filter cannot have")
		}
	})
	return f, refused
}

// Check binds the filter to a relation with all its columns, as reading the relation does.
func (f *RowFilter) Check(r *Relation, env Env) error {
	_, err := f.over(r, nil, env)
	return err
}

// over binds the read of a relation's columns through the filter.
func (f *RowFilter) over(r *Relation, columns []string, env Env) (*Query, error) {
	whole := *r
	whole.Columns, whole.Hidden, whole.Filter = r.all(), nil, nil
	return bind(f.statement(r.Name, columns), oneRelation{&whole}, env, nil, []Arg{})
}

// statement is SELECT columns FROM relation WHERE filter.
func (f *RowFilter) statement(from TableName, columns []string) *Statement {
	var targets []*pg_query.Node
	for _, c := range columns {
		targets = append(targets, pg_query.MakeResTargetNodeWithVal(pg_query.MakeColumnRefNode([]*pg_query.Node{pg_query.MakeStrNode(c)}, -1), -1))
	}
	if len(targets) == 0 {
		targets = append(targets, pg_query.MakeResTargetNodeWithNameAndVal("one", pg_query.MakeAConstIntNode(1, -1), -1))
	}
	relation := &pg_query.RangeVar{Schemaname: from.Schema, Relname: from.Table, Inh: true, Relpersistence: "p"}
	return &Statement{Kind: KindSelect, Tag: "SELECT", grammar: f.grammar, node: &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: &pg_query.SelectStmt{
		TargetList: targets, WhereClause: f.where, LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE,
		FromClause: []*pg_query.Node{{Node: &pg_query.Node_RangeVar{RangeVar: relation}}},
	}}}}
}

// oneRelation is a catalog of nothing else.
type oneRelation struct{ r *Relation }

func (c oneRelation) Relation(schema, table string) (*Relation, bool) {
	return c.r, c.r.Name == TableName{Schema: schema, Table: table}
}

func (c oneRelation) HasSchema(schema string) bool { return schema == c.r.Name.Schema }

// all gives the columns with those that are not there for the asker.
func (r *Relation) all() []Column {
	return slices.Concat(r.Columns, r.Hidden)
}

// Restricted reports whether somebody else may see more of the relation: rows or columns.
func (r *Relation) Restricted() bool { return r.Filter != nil || len(r.Hidden) > 0 }

// filtered is the read of a relation through its filter.
type filtered struct {
	filter  *RowFilter
	query   *Query
	text    string   // in DuckDB's words, with a marker for the relation
	visible []string // columns, in the relation's order: what a * stands for
	barrier bool     // the statement can fail by a row's values: none but the filter's rows may come to it
}

// restrict puts the relation's filter in front of a use. The use tells all that is read now, the filter's columns too,
// and Where is narrower by what the filter proves.
func (b *binder) restrict(u *Use) error {
	f := u.Relation.Filter
	if f == nil {
		return nil
	}
	env := b.env
	env.ParamTypes = nil
	q, err := f.over(u.Relation, u.Columns, env)
	if err != nil {
		return unfit(u.Relation.Name, err)
	}
	// The columns as they are stored: a query's result may have them in another form.
	texts := []string{"1"}
	for i, c := range u.Columns {
		texts = append(texts[:i], name(q.Uses[0].Alias)+"."+name(c))
	}
	u.filtered = &filtered{filter: f, query: q, barrier: !leakproof(b.stmt.node)}
	if u.filtered.text, err = q.binder.fill("SELECT " + strings.Join(texts, ", ") + q.parts.fromWhere()); err != nil {
		return unfit(u.Relation.Name, err)
	}
	for _, c := range u.Relation.Columns {
		u.filtered.visible = append(u.filtered.visible, c.Name)
	}
	u.Relation, u.Columns = q.Uses[0].Relation, q.Uses[0].Columns
	u.filtered.narrow(u)
	return nil
}

// unfit says that a relation cannot be read without saying what its filter is.
func unfit(relation TableName, err error) error {
	return &pgerr.Error{
		Code: pgerr.ObjectNotInState, Message: fmt.Sprintf("relation %q cannot be read: the role's row filter does not fit it", relation),
		Hint: "tidegate serve logs the reason when it starts.", Err: err,
	}
}

// narrow adds what the filter proves.
func (f *filtered) narrow(u *Use) {
	where := maps.Clone(u.Where)
	if where == nil {
		where = map[string]Domain{}
	}
	for c, d := range f.query.Uses[0].Where {
		if have, ok := where[c]; ok {
			d = have.intersect(d)
		}
		where[c] = d
	}
	u.Where, u.Exact = where, false
}

// Filtered reports whether a role's filter decides which rows of the relation are there. What depends on the other rows,
// by statistics or sizes, is not for the asker.
func (u *Use) Filtered() bool { return u.filtered != nil }

// FilterWhere gives what the filter alone proves of the rows.
func (u *Use) FilterWhere() map[string]Domain { return maps.Clone(u.filtered.query.Uses[0].Where) }

// Barrier reports whether the statement could tell rows that the filter drops by failing on them, were they tried first.
func (u *Use) Barrier() bool { return u.filtered != nil && u.filtered.barrier }

// barrier keeps a predicate of the statement from being tried on rows that the filter drops: neither DuckDB nor
// PostgreSQL moves it below an OFFSET.
const barrier = " OFFSET 0"

// item gives the FROM item of a use in DuckDB's words: its source, through the filter if there is one.
func (u *Use) item(source func(*Use) (string, error)) (string, error) {
	if u.filtered == nil {
		return source(u)
	}
	text, err := replace(u.filtered.text, "u", func(int) (string, error) { return source(u) })
	return u.filtered.bracket(text), err
}

// postgresItem is item in PostgreSQL's words, with all columns that the asker sees.
func (u *Use) postgresItem(source func(*Use) (string, error)) (string, error) {
	if u.filtered == nil {
		return source(u)
	}
	q := *u.filtered.query
	q.statement = u.filtered.filter.statement(u.Relation.Name, u.filtered.visible)
	text, err := q.RenderPostgres(func(*Use) (string, error) { return source(u) })
	return u.filtered.bracket(text), err
}

func (f *filtered) bracket(text string) string {
	if f.barrier {
		text += barrier
	}
	return "(" + text + ")"
}

// momentary reports whether the filter depends on the session or the time, so that no template can hold it.
func (f *filtered) momentary() bool {
	return f != nil && (len(f.query.constants) > 0 || f.query.binder.momentary)
}
