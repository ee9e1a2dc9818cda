package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// Query is a read bound to the catalog: which relations and columns it needs, what its predicates prove, its
// result's names and types, and its text for DuckDB. It is immutable.
type Query struct {
	Uses  []*Use
	Shape Shape
	// Names and Types are the result's columns as PostgreSQL names and types them.
	Names []string
	Types []pgtypes.Type
	// Origins are where the result's columns come from.
	Origins []Origin
	// Params is the type of every $n: the client's, else inferred, else text.
	Params []pgtypes.OID
	// System says that the Query runs on the catalog's DuckDB: it reads system relations, or no relation at all
	// but calls a function of the catalog.
	System bool

	text      string       // with a marker for every Use, see render.go
	planned   string       // see Planned
	parts     *selectParts // what it was composed of, by binder
	binder    *binder
	usesAt    []int32         // the place of every Use in the statement's text
	constants map[int32]*expr // what depends on the session, by its place in the text
	args      []Arg
	statement *Statement
	catalog   Catalog
	env       Env

	// divides says that a numeric is divided by another, for which every server has a scale rule of its own.
	divides bool
	// silent names what of the query Redshift's documentation does not tell all of, "" for nothing.
	silent string

	known []*pgtypes.Datum // see Known

	// Of a query from a template, see template.go: then text, statement and what belongs to them are the template's.
	template *Template
	literals []Arg
	source   string // the whole text
}

// Bind resolves a KindSelect statement against the catalog. What is not there is 42P01, 42703 or 42883 with its
// position, as PostgreSQL says it; what PostgreSQL has and Tidegate has not is 0A000.
func Bind(s *Statement, c Catalog, env Env) (*Query, error) {
	return bind(s, c, env, env.ParamTypes, nil)
}

// Catalog is what the query was bound against.
func (q *Query) Catalog() Catalog {
	c := q.catalog
	for {
		outer, ok := c.(instead)
		if !ok {
			return c
		}
		c = outer.Catalog
	}
}

// WithArgs gives the query with its parameters replaced by constants of their types, so that predicates see their
// values. A wrong number of them is 08P01; text that its type does not read is 22P02 and the like.
func (q *Query) WithArgs(args []Arg) (*Query, error) {
	if len(args) != len(q.Params) {
		return nil, pgerr.New(pgerr.ProtocolViolation, "bind message supplies %d parameters, but prepared statement requires %d", len(args), len(q.Params))
	}
	for i, a := range args {
		if strings.IndexByte(a.Text, 0) >= 0 {
			return nil, pgerr.New(pgerr.CharacterNotInRepertoire, "parameter $%d: invalid byte sequence for encoding \"UTF8\": 0x00", i+1)
		}
	}
	if args == nil {
		args = []Arg{}
	}
	if q.template != nil {
		if filled, err := q.filled(args); err == nil {
			return filled, nil
		}
		full := *q
		full.args = args
		return full.bound()
	}
	return bind(q.statement, q.catalog, q.env, q.Params, args)
}

// binder binds one statement.
type binder struct {
	stmt    *Statement
	dialect Dialect // of expressions: system relations are PostgreSQL's for everybody
	catalog Catalog
	env     Env
	system  bool

	params  []pgtypes.OID
	args    []Arg // nil: not known yet
	read    []lateValue
	uses    []*useState
	ranges  rangeTables // of the levels being bound
	future  []string    // the names in WITH that cannot be referred to yet
	slots   []*slot
	keys    []string        // texts of GROUP BY, by their marker
	folded  map[int32]*expr // the session's functions, by their place in the text
	aliases map[string]bool // taken in the DuckDB text, lower case
	foreign error           // of the first column needed whose type is not known
	depth   int

	collision error // of collations, the first of the statement

	aggregates []aggregateCall // by their marker

	// What Query.Planned is made of: SELECTs, the inner ones first, keys of GROUP BY and DISTINCT ON, conditions of joins.
	levels         []*selectParts
	keyed, joining []*expr
	negative       []string // errors of LIMIT and OFFSET
	conditional    bool     // WHERE or ON is bound, and no subquery in it

	// analyses says that nothing but the statement's first error is asked for, provisional that what PostgreSQL looks at when
	// all clauses are there, windows and keys of groups, is left out for now. outerAt is where columns of outer levels are
	// referred to first. See analysis.go.
	analyses, provisional bool
	outerAt               map[*visible]int32

	narrowings []narrowing
	lates      []func(b *binder) (*expr, error)
	// template is set if the values of parameters shall not be looked at: see template.go. open is how many of them,
	// from the first, have none even when the others have.
	template bool
	open     int
	// untold are parameters that stand where any type would do.
	untold  []*expr
	divides bool   // see Query.divides
	silent  string // see Query.silent
	// catalogs is set if something was refused that queries of system relations have.
	catalogs bool
	// momentary is set when a text was read that means another time at another time: 'today'.
	momentary bool
	// summarizes is set if a scalar subquery's value may be told by statistics: by answers. answered are the calls that
	// they have told. See told.go.
	summarizes bool
	answers    answers
	answered   map[*pg_query.FuncCall]*expr
}

// lateValue is the value of a parameter that was read for a late proof, at a place in the text.
type lateValue struct {
	param int
	pos   int32
	e     *expr
}

// useState is a Use while it is collected.
type useState struct {
	relation *Relation
	alias    string
	columns  map[string]*column
	needed   map[string]bool
	tableOID bool // see Use.tableOID
	from     *pg_query.RangeVar
}

// column is a column of one mention of a base relation.
type column struct {
	use  *useState
	name string
	typ  pgtypes.Type
}

func bind(s *Statement, c Catalog, env Env, params []pgtypes.OID, args []Arg) (*Query, error) {
	if s.Kind != KindSelect {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "%s is not a query", s.Tag)
	}
	class, relations, err := classOf(s, c, env)
	if err != nil {
		return nil, err
	}
	b := newBinder(s, c, env, params, class == ClassSystem)
	b.args = args
	if class == ClassSystem {
		b.dialect = Postgres
	}
	q, err := b.bindAll(params)
	if err == nil || pgerr.CodeOf(err) != pgerr.FeatureNotSupported || relations && (!b.catalogs || s.dialect == Redshift) {
		return q, err
	}
	// No relation says that the engine is the system relations' own: a function or a type of the catalog may.
	system := newBinder(s, c, env, params, true)
	system.args = args
	sq, systemErr := system.bindAll(params)
	if systemErr == nil || relations && pgerr.CodeOf(systemErr) != pgerr.FeatureNotSupported {
		return sq, systemErr
	}
	return nil, err
}

func newBinder(s *Statement, c Catalog, env Env, params []pgtypes.OID, system bool) *binder {
	b := &binder{stmt: s, dialect: s.dialect, catalog: c, env: env, system: system, aliases: map[string]bool{}, folded: map[int32]*expr{}, outerAt: map[*visible]int32{}}
	for _, p := range params {
		switch _, ok := pgtypes.Lookup(p); {
		case !ok, p == pgtypes.Unknown:
			p = knownParam(p, system)
		}
		b.params = append(b.params, p)
	}
	return b
}

// bindAll binds the statement, with what of it is wrong first in PostgreSQL's order.
func (b *binder) bindAll(params []pgtypes.OID) (*Query, error) {
	p, err := b.bindStatement()
	if err != nil {
		return nil, b.firstError(err, params)
	}
	return b.query(p)
}

// bindStatement binds all of the statement.
func (b *binder) bindStatement() (*selectParts, error) {
	p, err := b.selectStatement(b.stmt.node.GetSelectStmt(), nil, nil, usage{})
	if err == nil {
		err = b.settleTargets(p)
	}
	if b.foreign != nil {
		return nil, b.foreign // it was bound as text, so what else is wrong may follow from that
	}
	if err != nil {
		return nil, err
	}
	return p, b.checkTold()
}

// query is what was bound.
func (b *binder) query(p *selectParts) (*Query, error) {
	q := &Query{
		Params: b.params, System: b.system, constants: b.folded, args: b.args, statement: b.stmt, catalog: b.catalog, env: b.env,
		parts: p, binder: b, divides: b.divides, silent: b.silent,
	}
	for _, t := range p.targets {
		if t.e.table {
			return nil, b.unsupported(t.e.pos, "the whole row of a table as an output column")
		}
		t.e = b.systemOutput(t.e)
		q.Names = append(q.Names, t.name)
		q.Types = append(q.Types, b.outputType(t.e))
		q.Origins = append(q.Origins, t.e.origin)
	}
	var err error
	if q.text, err = b.fill(b.compose(p.replacingWhere(b.env.Where), nil)); err != nil {
		return nil, err
	}
	q.planned = b.planned()
	left, err := b.narrowAll(b)
	if err != nil {
		return nil, err
	}
	if q.Uses, err = b.finishUses(left); err != nil {
		return nil, err
	}
	for _, u := range b.uses {
		q.usesAt = append(q.usesAt, u.from.GetLocation())
	}
	q.Shape = b.shape(p, left)
	q.known, _ = p.known(constantNow)
	return q, nil
}

// knownParam gives the type of a parameter that is an array, 0 (to be inferred) for others that are not known.
func knownParam(p pgtypes.OID, system bool) pgtypes.OID {
	if _, array := pgtypes.ElementOf(p); array || system && isArray(p) {
		return p
	}
	return 0
}

// outputType is what the client is told: types without a codec are sent as the text they are.
func (b *binder) outputType(e *expr) pgtypes.Type {
	t := e.typ
	if _, array := pgtypes.ElementOf(t.OID); array || t.OID == pgtypes.Record {
		return t
	}
	if _, ok := pgtypes.Lookup(t.OID); !ok && !pgtypes.IsResult(t.OID) {
		return pgtypes.Of(pgtypes.Text)
	}
	return t
}

func (b *binder) finishUses(n narrowed) ([]*Use, error) {
	uses := make([]*Use, len(b.uses))
	for i, u := range b.uses {
		l := n.of(u)
		uses[i] = &Use{Relation: u.relation, Alias: u.alias, Columns: u.neededColumns(), Where: l.where, Exact: l.exact, tableOID: u.tableOID}
		if err := b.restrict(uses[i]); err != nil {
			return nil, err
		}
	}
	return uses, nil
}

// neededColumns gives what the query needs of the relation, in the relation's order.
func (u *useState) neededColumns() []string {
	var list []string
	for _, c := range u.relation.Columns {
		if u.needed[c.Name] {
			list = append(list, c.Name)
		}
	}
	return list
}

// classOf says what class of relation the statement reads: ClassSystem if there is one of them, to which tables of the lake
// and the warehouse are brought. any is set if it reads any.
func classOf(s *Statement, c Catalog, env Env) (class Class, any bool, err error) {
	b := &binder{stmt: s, catalog: c, env: env}
	seen := map[Class]bool{}
	ctes := map[string]bool{}
	walk(s.node, func(n *pg_query.Node) {
		if cte := n.GetCommonTableExpr(); cte != nil {
			ctes[cte.Ctename] = true
		}
	})
	walk(s.node, func(n *pg_query.Node) {
		v := n.GetRangeVar()
		if v == nil || v.Schemaname == "" && ctes[v.Relname] {
			return
		}
		if r, findErr := b.relation(v); findErr == nil {
			seen[r.Class] = true
		}
	})
	tables := seen[ClassLake] || seen[ClassHotOnly] || seen[ClassTemporary]
	if tables && seen[ClassSystem] && s.dialect == Redshift {
		return 0, true, pgerr.New(pgerr.FeatureNotSupported, "a query over tables and system relations at once is not supported in dialect redshift")
	}
	if seen[ClassSystem] {
		return ClassSystem, true, nil
	}
	return ClassLake, tables, nil
}

// relation finds the relation that a FROM item names.
func (b *binder) relation(v *pg_query.RangeVar) (*Relation, error) {
	if v.Catalogname != "" && v.Catalogname != b.env.Database {
		return nil, b.fail(pgerr.FeatureNotSupported, v.Location, "cross-database references are not implemented: %q",
			v.Catalogname+"."+v.Schemaname+"."+v.Relname)
	}
	if v.Schemaname != "" {
		if r, ok := b.catalog.Relation(v.Schemaname, v.Relname); ok {
			return r, nil
		}
		return nil, b.missingRelation(v)
	}
	path := b.env.SearchPath
	if !slices.Contains(path, "pg_catalog") {
		path = slices.Concat([]string{"pg_catalog"}, path)
	}
	if !slices.Contains(path, tempSchema) {
		path = slices.Concat([]string{tempSchema}, path)
	}
	for _, schema := range path {
		if r, ok := b.catalog.Relation(schema, v.Relname); ok {
			return r, nil
		}
	}
	return nil, b.missingRelation(v)
}

// use records one mention of a base relation.
func (b *binder) use(r *Relation, alias string) *useState {
	u := &useState{
		relation: r, alias: b.alias(alias),
		columns: map[string]*column{}, needed: map[string]bool{},
	}
	for _, c := range r.Columns {
		u.columns[c.Name] = &column{use: u, name: c.Name, typ: c.Type}
	}
	b.uses = append(b.uses, u)
	return u
}

// alias gives a name that no other FROM item of the DuckDB text has, near the wanted one: all references are
// written with it, so that neither case-insensitive names nor shadowing can lead them astray.
func (b *binder) alias(want string) string {
	if strings.HasPrefix(want, "?") {
		want = "_" + want // eachName is ours
	}
	name := want
	for i := 2; b.aliases[strings.ToLower(name)]; i++ {
		name = want + "_" + itoa(i)
	}
	b.aliases[strings.ToLower(name)] = true
	return name
}

// apply narrows the uses by what a predicate proves. reach tells which uses' rows the predicate sees, and whether
// an outer join below it may put NULLs in their place: then only domains without NULL may be used, because a row
// that is left out comes back as NULLs.
func (f facts) apply(reach map[*useState]bool, n narrowed) {
	for c, d := range f.columns {
		nullable, ok := reach[c.use]
		if !ok || nullable && d.Null {
			continue
		}
		where := n.of(c.use).where
		if have, ok := where[c.name]; ok {
			d = have.intersect(d)
		}
		where[c.name] = d
	}
	if !f.never {
		return
	}
	for u := range reach {
		if len(u.relation.Columns) > 0 {
			n.of(u).where[u.relation.Columns[0].Name] = Domain{}
		}
	}
}
