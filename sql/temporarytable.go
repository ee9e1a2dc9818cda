package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtext"
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
	taken := t.taken(v.Relname)
	t.Verb, t.Made = TemporaryCreate, &TemporaryTable{Name: v.Relname}
	switch onCommit {
	case pg_query.OnCommitAction_ONCOMMIT_DELETE_ROWS:
		t.Made.OnCommit = DeleteRows
	case pg_query.OnCommitAction_ONCOMMIT_DROP:
		t.Made.OnCommit = DropTable
	default:
	}
	if !taken {
		return false, nil
	}
	return true, t.alreadyThere(v.Relname, ifNotExists)
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
	typ, serial, err := t.columnType(c.TypeName)
	if err != nil {
		return err
	}
	if err := t.add(TemporaryColumn{Column: Column{Name: c.Colname, Type: typ}}, c.Location); err != nil {
		return err
	}
	made := &t.Made.Columns[len(t.Made.Columns)-1]
	if serial {
		t.newSequence(made)
		made.Default = "nextval('" + pgtext.QuoteIdent(made.Sequence.Name) + "'::regclass)"
	}
	for _, n := range c.Constraints {
		if err := t.constraint(n.GetConstraint(), made); err != nil {
			return err
		}
	}
	return nil
}

// columnType reads the type of a column; serial says that its values come from a sequence.
func (t *temporaries) columnType(n *pg_query.TypeName) (typ pgtypes.Type, serial bool, err error) {
	b := t.binder()
	name, err := b.readTypeName(n)
	if err != nil {
		return pgtypes.Type{}, false, err
	}
	if oid, ok := serials[name.name]; ok {
		if len(n.ArrayBounds) > 0 {
			return pgtypes.Type{}, false, t.fail(pgerr.FeatureNotSupported, n.Location, "array of serial is not implemented")
		}
		return pgtypes.Of(oid), true, nil
	}
	typ, err = b.typeOf(name)
	return typ, false, err
}

// add adds a column.
func (t *temporaries) add(c TemporaryColumn, pos int32) error {
	if isSystemColumn(c.Name) {
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

// defaultOf checks the default of a column as PostgreSQL does when the table is made.
func (t *temporaries) defaultOf(c *pg_query.Constraint, of *TemporaryColumn) error {
	if of.Sequence != nil && of.Sequence.Identity != "" {
		return t.fail(pgerr.SyntaxError, c.Location, "both default and identity specified for column %q of table %q", of.Name, t.Made.Name)
	}
	if of.Sequence != nil {
		return t.fail(pgerr.SyntaxError, -1, "multiple default values specified for column %q of table %q", of.Name, t.Made.Name)
	}
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
	text, err := t.deparsed(c.RawExpr)
	if err != nil {
		return err
	}
	of.value, of.Default = unplaced(c.RawExpr), text
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

// unqualified is a check of a table in no text, which stays the same when the table gets another name.
func unqualified(check *pg_query.Node) *pg_query.Node {
	c := unplaced(check)
	walk(c, func(n *pg_query.Node) {
		if r := n.GetColumnRef(); r != nil && len(r.Fields) > 1 {
			r.Fields = r.Fields[len(r.Fields)-1:]
		}
	})
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
			if column.Sequence != nil && column.Sequence.Identity == "" && c.Options&defaults != 0 {
				return t.refuse(-1, "LIKE of a serial column with its default")
			}
			column.Sequence = nil
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
		if _, err := t.broken(&made.checks[i], NewRows); err != nil {
			return err
		}
		if err := t.keep(&made.checks[i], made.checks[i].node); err != nil {
			return err
		}
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
