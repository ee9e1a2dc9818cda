package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// create binds CREATE TEMPORARY TABLE.
func (t *temporaries) create(c *pg_query.CreateStmt) error {
	if len(c.Options) > 0 || c.OfTypename != nil || c.Tablespacename != "" || c.AccessMethod != "" || c.Partbound != nil ||
		c.Partspec != nil || len(c.InhRelations) > 0 || len(c.Constraints) > 0 {
		return t.refuse(-1, "a storage parameter, partition, parent or type")
	}
	there, err := t.begin(c.Relation, c.IfNotExists, c.Oncommit)
	if err != nil || there {
		return err
	}
	for _, n := range c.TableElts {
		if err := t.element(n); err != nil {
			return err
		}
	}
	return t.finish()
}

// begin starts a definition. there says that IF NOT EXISTS has ended the statement.
func (t *temporaries) begin(v *pg_query.RangeVar, ifNotExists bool, onCommit pg_query.OnCommitAction) (there bool, err error) {
	if v.Catalogname != "" && v.Catalogname != t.env.Database {
		return false, t.fail(pgerr.FeatureNotSupported, v.Location, "cross-database references are not implemented: %q",
			v.Catalogname+"."+v.Schemaname+"."+v.Relname)
	}
	if v.Schemaname != "" && v.Schemaname != tempSchema {
		return false, t.fail("42P16", v.Location, "cannot create temporary relation in non-temporary schema")
	}
	t.Verb, t.Made = TemporaryCreate, &TemporaryTable{Name: v.Relname}
	switch onCommit {
	case pg_query.OnCommitAction_ONCOMMIT_DELETE_ROWS:
		t.Made.OnCommit = DeleteRows
	case pg_query.OnCommitAction_ONCOMMIT_DROP:
		t.Made.OnCommit = DropTable
	default:
	}
	if _, ok := t.catalog.Relation(tempSchema, v.Relname); !ok {
		return false, nil
	}
	taken := pgerr.New("42P07", "relation %q already exists", v.Relname)
	if !ifNotExists {
		return false, taken
	}
	taken.Message += ", skipping"
	t.Verb, t.Made, t.Notices = TemporaryNothing, nil, []*pgerr.Error{taken}
	return true, nil
}

func (t *temporaries) element(n *pg_query.Node) error {
	switch x := n.Node.(type) {
	case *pg_query.Node_ColumnDef:
		return t.column(x.ColumnDef)
	case *pg_query.Node_Constraint:
		return t.constraint(x.Constraint, nil)
	case *pg_query.Node_TableLikeClause:
		return t.like(x.TableLikeClause)
	}
	return t.refuse(-1, "this part of a table")
}

func (t *temporaries) column(c *pg_query.ColumnDef) error {
	if c.Compression != "" || c.StorageName != "" || len(c.Fdwoptions) > 0 || c.IdentitySequence != nil || c.CookedDefault != nil {
		return t.refuse(c.Location, "a storage parameter")
	}
	if c.CollClause != nil {
		return t.refuse(c.CollClause.Location, "COLLATE")
	}
	b := t.binder()
	name, err := b.readTypeName(c.TypeName)
	if err != nil {
		return err
	}
	if strings.HasSuffix(name.name, "serial") || strings.HasPrefix(name.name, "serial") && len(name.name) == len("serial4") {
		return t.refuse(c.TypeName.Location, "type %s, which needs a sequence,", name.name)
	}
	typ, err := b.typeOf(name)
	if err != nil {
		return err
	}
	if err := t.add(TemporaryColumn{Column: Column{Name: c.Colname, Type: typ}}, c.Location); err != nil {
		return err
	}
	for _, n := range c.Constraints {
		if err := t.constraint(n.GetConstraint(), &t.Made.Columns[len(t.Made.Columns)-1]); err != nil {
			return err
		}
	}
	return nil
}

// systemColumns are names that no column of a user can have.
const systemColumns = " tableoid cmax xmax cmin xmin ctid "

// add adds a column.
func (t *temporaries) add(c TemporaryColumn, pos int32) error {
	if strings.Contains(systemColumns, " "+c.Name+" ") {
		return t.fail(pgerr.DuplicateColumn, -1, "column name %q conflicts with a system column name", c.Name)
	}
	if strings.HasPrefix(c.Name, "_tg_") {
		return t.refuse(pos, "a column whose name begins with _tg_")
	}
	for _, have := range t.Made.Columns {
		switch {
		case have.Name == c.Name:
			return t.fail(pgerr.DuplicateColumn, -1, "column %q specified more than once", c.Name)
		case strings.EqualFold(have.Name, c.Name):
			return t.refuse(pos, "columns %q and %q, which differ by their letters' case alone,", have.Name, c.Name)
		}
	}
	if reason := unstorable(c.Type); reason != "" {
		return t.fail("42P16", -1, "column %q has pseudo-type %s", c.Name, reason)
	}
	t.Made.Columns = append(t.Made.Columns, c)
	return nil
}

// unstorable names a type of which there is no column.
func unstorable(t pgtypes.Type) string {
	if typeIs(t.OID, pgtypes.Record, pgtypes.Void) {
		return t.String()
	}
	return ""
}

// constraint reads a constraint: of a column, or with nil of the table.
func (t *temporaries) constraint(c *pg_query.Constraint, of *TemporaryColumn) error {
	if c.Deferrable || c.Initdeferred || len(c.Options) > 0 || len(c.Including) > 0 || c.NullsNotDistinct {
		return t.refuse(c.Location, "this form of a constraint")
	}
	switch c.Contype {
	case pg_query.ConstrType_CONSTR_NULL:
		return nil
	case pg_query.ConstrType_CONSTR_NOTNULL:
		of.NotNull = true
		return nil
	case pg_query.ConstrType_CONSTR_DEFAULT:
		return t.defaultOf(c, of)
	case pg_query.ConstrType_CONSTR_CHECK:
		name := c.Conname
		if name == "" {
			name = t.constraintName(columnsIn(c.RawExpr), "check")
		}
		t.Made.checks = append(t.Made.checks, temporaryCheck{name: name, node: c.RawExpr})
		return nil
	case pg_query.ConstrType_CONSTR_PRIMARY, pg_query.ConstrType_CONSTR_UNIQUE:
		return t.key(c, of)
	default:
		return t.refuse(c.Location, "this kind of a constraint")
	}
}

// constraintName is the name that PostgreSQL gives a constraint without one.
func (t *temporaries) constraintName(columns []string, suffix string) string {
	base := strings.Join(slices.Concat([]string{t.Made.Name}, columns, []string{suffix}), "_")
	taken := func(name string) bool {
		return slices.ContainsFunc(t.Made.checks, func(c temporaryCheck) bool { return c.name == name }) ||
			slices.ContainsFunc(t.Made.Keys, func(k TemporaryKey) bool { return k.Name == name })
	}
	name := base
	for i := 1; taken(name); i++ {
		name = base + itoa(i)
	}
	return name
}

// columnsIn gives the column that an expression reads, if it is one alone: a check is named after it.
func columnsIn(n *pg_query.Node) []string {
	var names []string
	walk(n, func(n *pg_query.Node) {
		c := n.GetColumnRef()
		if c == nil {
			return
		}
		if parts, _ := fields(c); len(parts) > 0 && !slices.Contains(names, parts[len(parts)-1]) {
			names = append(names, parts[len(parts)-1])
		}
	})
	if len(names) != 1 {
		return nil
	}
	return names
}

func (t *temporaries) key(c *pg_query.Constraint, of *TemporaryColumn) error {
	k := TemporaryKey{Name: c.Conname, Primary: c.Contype == pg_query.ConstrType_CONSTR_PRIMARY}
	if of != nil {
		k.Columns = []string{of.Name}
	}
	for _, n := range c.Keys {
		k.Columns = append(k.Columns, n.GetString_().GetSval())
	}
	if k.Primary && slices.ContainsFunc(t.Made.Keys, func(have TemporaryKey) bool { return have.Primary }) {
		return t.fail("42P16", c.Location, "multiple primary keys for table %q are not allowed", t.Made.Name)
	}
	if k.Name == "" && k.Primary {
		k.Name = t.constraintName(nil, "pkey")
	} else if k.Name == "" {
		k.Name = t.constraintName(k.Columns, "key")
	}
	t.Made.Keys = append(t.Made.Keys, k)
	t.keysAt[k.Name] = c.Location
	return nil
}

// defaultOf checks the default of a column as PostgreSQL does when the table is made.
func (t *temporaries) defaultOf(c *pg_query.Constraint, of *TemporaryColumn) error {
	if of.value != nil {
		return t.fail(pgerr.SyntaxError, c.Location, "multiple default values specified for column %q of table %q", of.Name, t.Made.Name)
	}
	var refused error
	walk(c.RawExpr, func(n *pg_query.Node) {
		switch {
		case refused != nil:
		case n.GetColumnRef() != nil:
			refused = t.fail(pgerr.FeatureNotSupported, n.GetColumnRef().Location, "cannot use column reference in DEFAULT expression")
		case n.GetSubLink() != nil:
			refused = t.fail(pgerr.FeatureNotSupported, n.GetSubLink().Location, "cannot use subquery in DEFAULT expression")
		case n.GetParamRef() != nil:
			refused = t.refuse(n.GetParamRef().Location, "a parameter in a definition")
		}
	})
	if refused != nil {
		return refused
	}
	text, err := pg_query.Deparse(&pg_query.ParseResult{Version: t.stmt.grammar, Stmts: []*pg_query.RawStmt{{Stmt: selectOf(c.RawExpr)}}})
	if err != nil {
		return err
	}
	of.value, of.Default = unplaced(c.RawExpr), strings.TrimPrefix(text, "SELECT ")
	if c.RawExpr.GetAConst().GetSval() != nil && !isNumber(of.Type.OID) && of.Type.OID != pgtypes.Bool {
		of.Default += "::" + pgtypes.Of(of.Type.OID).String()
	}
	_, err = t.binder().defaultValue(of, c.RawExpr, "default expression")
	if pgerr.CodeOf(err) == pgerr.DatatypeMismatch {
		return unplacedError(err)
	}
	return err
}

// selectOf is a SELECT of expressions.
func selectOf(expressions ...*pg_query.Node) *pg_query.Node {
	s := &pg_query.SelectStmt{LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE}
	for _, e := range expressions {
		s.TargetList = append(s.TargetList, pg_query.MakeResTargetNodeWithVal(e, -1))
	}
	return &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: s}}
}

// unplaced is a tree that stands in no text.
func unplaced(n *pg_query.Node) *pg_query.Node {
	c := proto.CloneOf(n)
	clearLocations(c.ProtoReflect())
	return c
}

// like takes over the columns of another relation.
func (t *temporaries) like(c *pg_query.TableLikeClause) error {
	const defaults = 1 << 3 // CREATE_TABLE_LIKE_DEFAULTS
	if c.Options&^defaults != 0 {
		return t.refuse(-1, "LIKE with these options")
	}
	r, err := t.binder().relation(c.Relation)
	if err != nil {
		return err
	}
	if r.Class == ClassSystem || r.Class == ClassHotOnly {
		return t.refuse(c.Relation.Location, "LIKE %s", r.Name)
	}
	for i, have := range r.Columns {
		column := TemporaryColumn{Column: have}
		if r.Temporary != nil {
			column = r.Temporary.Columns[i]
			if c.Options&defaults == 0 {
				column.value, column.Default = nil, ""
			}
		}
		if err := t.add(column, -1); err != nil {
			return err
		}
	}
	return nil
}

// finish checks what can be checked when all of the table is known.
func (t *temporaries) finish() error {
	made := t.Made
	if len(made.Columns) == 0 {
		return t.refuse(-1, "a table without columns")
	}
	for _, k := range made.Keys {
		for i, name := range k.Columns {
			at := slices.IndexFunc(made.Columns, func(c TemporaryColumn) bool { return c.Name == name })
			if at < 0 {
				return t.fail(pgerr.UndefinedColumn, t.keysAt[k.Name], "column %q named in key does not exist", name)
			}
			if slices.Contains(k.Columns[:i], name) {
				word := "unique constraint"
				if k.Primary {
					word = "primary key constraint"
				}
				return t.fail(pgerr.DuplicateColumn, t.keysAt[k.Name], "column %q appears twice in %s", name, word)
			}
			if err := t.comparable(made.Columns[at].Type); err != nil {
				return err
			}
			made.Columns[at].NotNull = made.Columns[at].NotNull || k.Primary
		}
	}
	t.Table = made.Relation()
	for i := range made.checks {
		if _, err := t.broken(&made.checks[i]); err != nil {
			return err
		}
		made.checks[i].node = unplaced(made.checks[i].node)
	}
	return nil
}

// comparable refuses a key of a type whose values have no order.
func (t *temporaries) comparable(of pgtypes.Type) error {
	switch {
	case of.OID == pgtypes.JSON:
		return t.fail(pgerr.UndefinedObject, -1, "data type %s has no default operator class for access method %q", of, "btree").
			WithHint("You must specify an operator class for the index or define a default operator class for the data type.")
	case isArray(of.OID) && elementType(of).OID == pgtypes.JSON:
		return t.refuse(-1, "a key of type %s", of)
	}
	return nil
}

// Relation is the table as the binder finds it.
func (m *TemporaryTable) Relation() *Relation {
	r := &Relation{Name: TableName{tempSchema, m.Name}, Class: ClassTemporary, Temporary: m, Columns: make([]Column, len(m.Columns))}
	for i, c := range m.Columns {
		r.Columns[i] = c.Column
	}
	return r
}

// broken binds the read of new rows for which a check is false.
func (t *temporaries) broken(c *temporaryCheck) (*Query, error) {
	rel := t.part(NewRows)
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

// failing binds the read of new rows that have NULL in a column.
func (t *temporaries) failing(column string) (*Query, error) {
	rel := t.part(NewRows)
	read := t.readOf(rel)
	read.GetSelectStmt().WhereClause = nullTest(column, pg_query.NullTestType_IS_NULL)
	return t.bindRead(read, rel, t.catalog)
}

// newKeys is how the check of a key names the new rows.
const newKeys = "_tg_new"

// same binds the read of the new keys that the table has more than once.
func (t *temporaries) same(k TemporaryKey) (*Query, error) {
	fresh, live := t.keysOf(k, t.part(NewRows)), t.keysOf(k, t.part(LiveRows))
	fresh.FromClause[0].GetRangeVar().Relname = newKeys
	live.TargetList = nil
	keys := &pg_query.RowExpr{RowFormat: pg_query.CoercionForm_COERCE_IMPLICIT_CAST, Location: -1}
	for _, name := range k.Columns {
		live.TargetList = append(live.TargetList, pg_query.MakeResTargetNodeWithVal(columnNamed(name), -1))
		live.GroupClause = append(live.GroupClause, columnNamed(name))
		keys.Args = append(keys.Args, columnNamed(name))
	}
	count := pg_query.MakeFuncCallNode([]*pg_query.Node{pg_query.MakeStrNode("count")}, nil, -1)
	count.GetFuncCall().AggStar = true
	live.HavingClause = pg_query.MakeAExprNode(pg_query.A_Expr_Kind_AEXPR_OP, []*pg_query.Node{pg_query.MakeStrNode(">")}, count,
		pg_query.MakeAConstIntNode(1, -1), -1)
	test := &pg_query.Node{Node: &pg_query.Node_RowExpr{RowExpr: keys}}
	if len(keys.Args) == 1 {
		test = keys.Args[0]
	}
	fresh.WhereClause = &pg_query.Node{Node: &pg_query.Node_SubLink{SubLink: &pg_query.SubLink{
		SubLinkType: pg_query.SubLinkType_ANY_SUBLINK, Testexpr: test, Location: -1,
		Subselect: &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: live}},
	}}}
	fresh.LimitCount, fresh.LimitOption = pg_query.MakeAConstIntNode(1, -1), pg_query.LimitOption_LIMIT_OPTION_COUNT
	return t.bindRead(&pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: fresh}}, t.part(LiveRows),
		instead{t.catalog, TableName{tempSchema, newKeys}, t.part(NewRows)})
}

// keysOf is the read of a key's columns as texts, where none is NULL.
func (t *temporaries) keysOf(k TemporaryKey, r *Relation) *pg_query.SelectStmt {
	r.Columns = nil
	var known []*pg_query.Node
	for _, name := range k.Columns {
		at := slices.IndexFunc(t.Table.Columns, func(c Column) bool { return c.Name == name })
		r.Columns = append(r.Columns, t.Table.Columns[at])
		known = append(known, nullTest(name, pg_query.NullTestType_IS_NOT_NULL))
	}
	s := t.readOf(r).GetSelectStmt()
	s.WhereClause = &pg_query.Node{Node: &pg_query.Node_BoolExpr{BoolExpr: &pg_query.BoolExpr{
		Boolop: pg_query.BoolExprType_AND_EXPR, Args: known, Location: -1,
	}}}
	return s
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
