package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// definition checks a statement that makes, changes or drops what holds rows. Every field that is not understood must
// be empty: who could be named by it, or what could be run, is not known.
func (w *writer) definition(n *pg_query.Node) error {
	switch x := n.Node.(type) {
	case *pg_query.Node_CreateStmt:
		return w.createTable(x.CreateStmt)
	case *pg_query.Node_ViewStmt:
		return w.createView(x.ViewStmt)
	case *pg_query.Node_IndexStmt:
		return w.createIndex(x.IndexStmt)
	case *pg_query.Node_CreateSchemaStmt:
		return w.createSchema(x.CreateSchemaStmt)
	case *pg_query.Node_DropStmt:
		return w.drop(x.DropStmt)
	case *pg_query.Node_AlterTableStmt:
		return w.alterTable(x.AlterTableStmt)
	case *pg_query.Node_RenameStmt:
		return w.rename(x.RenameStmt)
	case *pg_query.Node_GrantStmt:
		return w.grant(x.GrantStmt)
	case *pg_query.Node_CommentStmt:
		return w.comment(x.CommentStmt)
	case *pg_query.Node_VacuumStmt:
		return w.vacuum(x.VacuumStmt)
	}
	return pgerr.New(pgerr.FeatureNotSupported, "%s is not supported", w.Tag).
		WithHint("Functions, triggers, rules, extensions, roles and databases are made in the warehouse itself.")
}

func (w *writer) createTable(c *pg_query.CreateStmt) error {
	if len(c.Options) > 0 || c.OfTypename != nil || c.Tablespacename != "" || c.AccessMethod != "" || c.Partbound != nil || c.Partspec != nil {
		return w.refuse(-1, "storage parameters, partitions and typed tables are not supported")
	}
	if err := w.created(c.Relation); err != nil {
		return err
	}
	for _, n := range c.InhRelations { // the new table's rows will be theirs too
		if err := w.changes(n.GetRangeVar()); err != nil {
			return err
		}
	}
	for _, n := range c.TableElts {
		if err := w.tableElement(n); err != nil {
			return err
		}
	}
	if len(c.Constraints) > 0 {
		return w.refuse(-1, "this form of a constraint is not supported")
	}
	return nil
}

func (w *writer) tableElement(n *pg_query.Node) error {
	switch x := n.Node.(type) {
	case *pg_query.Node_ColumnDef:
		return w.columnDef(x.ColumnDef)
	case *pg_query.Node_Constraint:
		return w.constraint(x.Constraint)
	case *pg_query.Node_TableLikeClause:
		return w.existing(x.TableLikeClause.Relation, true)
	}
	return w.refuse(-1, "this part of a table is not supported")
}

func (w *writer) columnDef(c *pg_query.ColumnDef) error {
	if c.Compression != "" || c.Storage != "" || c.StorageName != "" || len(c.Fdwoptions) > 0 || c.IdentitySequence != nil || c.CookedDefault != nil {
		return w.refuse(c.Location, "storage parameters of a column are not supported")
	}
	if c.TypeName != nil {
		if err := w.typeName(c.TypeName); err != nil {
			return err
		}
	}
	if c.CollClause != nil {
		if err := w.part(c.CollClause, nil); err != nil {
			return err
		}
	}
	if c.RawDefault != nil { // of ALTER COLUMN TYPE … USING
		if err := w.part(c.RawDefault, nil); err != nil {
			return err
		}
	}
	for _, n := range c.Constraints {
		if err := w.constraint(n.GetConstraint()); err != nil {
			return err
		}
	}
	return nil
}

// sequenceOptions are those of an identity column that name nothing.
const sequenceOptions = " start increment minvalue maxvalue cache cycle "

func (w *writer) constraint(c *pg_query.Constraint) error {
	if c == nil || len(c.Exclusions) > 0 || c.Indexname != "" || c.Indexspace != "" || c.AccessMethod != "" || c.CookedExpr != "" ||
		len(c.OldConpfeqop) > 0 || c.WhereClause != nil {
		return w.refuse(c.GetLocation(), "this form of a constraint is not supported")
	}
	for _, n := range c.Options {
		d := n.GetDefElem()
		if c.Contype != pg_query.ConstrType_CONSTR_IDENTITY || d == nil || !strings.Contains(sequenceOptions, " "+d.Defname+" ") {
			return w.refuse(c.Location, "options of a constraint are not supported")
		}
	}
	if c.Pktable != nil {
		if err := w.existing(c.Pktable, true); err != nil {
			return err
		}
	}
	if c.RawExpr == nil {
		return nil
	}
	return w.part(c.RawExpr, nil)
}

func (w *writer) createView(v *pg_query.ViewStmt) error {
	if len(v.Options) > 0 || v.Query.GetSelectStmt() == nil {
		return w.refuse(-1, "options of a view are not supported")
	}
	if err := w.created(v.View); err != nil {
		return err
	}
	return w.part(v.Query, nil)
}

func (w *writer) createIndex(x *pg_query.IndexStmt) error {
	if len(x.Options) > 0 || x.TableSpace != "" || len(x.ExcludeOpNames) > 0 || x.Idxcomment != "" {
		return w.refuse(-1, "storage parameters of an index are not supported")
	}
	w.Alone = x.Concurrent
	if err := w.existing(x.Relation, false); err != nil {
		return err
	}
	for _, n := range append(append([]*pg_query.Node{}, x.IndexParams...), x.IndexIncludingParams...) {
		if err := w.part(n, nil); err != nil {
			return err
		}
	}
	if x.WhereClause == nil {
		return nil
	}
	return w.part(x.WhereClause, nil)
}

func (w *writer) createSchema(c *pg_query.CreateSchemaStmt) error {
	if c.Authrole != nil || len(c.SchemaElts) > 0 || c.Schemaname == "" {
		return w.refuse(-1, "only CREATE SCHEMA [IF NOT EXISTS] NAME is supported")
	}
	return w.schema(c.Schemaname)
}

func (w *writer) schema(name string) error {
	if why := w.catalog.MayChange(name); why != "" {
		return w.lake(-1, "schema %q cannot be changed: %s", name, why)
	}
	return nil
}

func (w *writer) drop(d *pg_query.DropStmt) error {
	w.Alone = d.Concurrent
	for i, n := range d.Objects {
		var err error
		switch d.RemoveType {
		case pg_query.ObjectType_OBJECT_TABLE, pg_query.ObjectType_OBJECT_VIEW, pg_query.ObjectType_OBJECT_MATVIEW:
			d.Objects[i], err = w.listed(n, d.MissingOk)
			if e, ok := asError(err); ok && e.Code == pgerr.UndefinedTable {
				e.Message = strings.Replace(e.Message, "relation", strings.ToLower(objectName(d.RemoveType)), 1)
			}
		case pg_query.ObjectType_OBJECT_INDEX:
			d.Objects[i], err = w.index(n)
		case pg_query.ObjectType_OBJECT_SCHEMA:
			err = w.schema(n.GetString_().GetSval())
		default:
			err = w.refuse(-1, "it is not supported")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// index qualifies the name of an index, of which no list is kept: all of its schema must be hot-only.
func (w *writer) index(n *pg_query.Node) (*pg_query.Node, error) {
	items := n.GetList().GetItems()
	var schema string
	if len(items) > 2 || len(items) == 0 {
		return nil, w.refuse(-1, "the name of an index has one part or two")
	}
	if len(items) == 2 {
		schema = items[0].GetString_().GetSval()
	}
	name := operatorName(items)
	schema, err := w.target(schema, name, -1)
	if err == nil {
		err = w.schema(schema)
	}
	return stringList(schema, name), err
}

// alterations are the commands of ALTER TABLE that concern nothing but the table.
func alteration(t pg_query.AlterTableType) bool {
	switch t {
	case pg_query.AlterTableType_AT_AddColumn, pg_query.AlterTableType_AT_DropColumn, pg_query.AlterTableType_AT_ColumnDefault,
		pg_query.AlterTableType_AT_DropNotNull, pg_query.AlterTableType_AT_SetNotNull, pg_query.AlterTableType_AT_AlterColumnType,
		pg_query.AlterTableType_AT_AddConstraint, pg_query.AlterTableType_AT_ValidateConstraint, pg_query.AlterTableType_AT_DropConstraint:
		return true
	default:
		return false
	}
}

func (w *writer) alterTable(a *pg_query.AlterTableStmt) error {
	if a.Objtype != pg_query.ObjectType_OBJECT_TABLE && a.Objtype != pg_query.ObjectType_OBJECT_VIEW {
		return w.refuse(-1, "it is not supported")
	}
	if err := w.orMissing(a.Relation, a.MissingOk); err != nil {
		return err
	}
	for _, n := range a.Cmds {
		c := n.GetAlterTableCmd()
		if c == nil || !alteration(c.Subtype) || c.Newowner != nil {
			return w.refuse(-1, "this command is not supported")
		}
		var err error
		switch def := c.Def.GetNode().(type) {
		case nil:
		case *pg_query.Node_ColumnDef:
			err = w.columnDef(def.ColumnDef)
		case *pg_query.Node_Constraint:
			err = w.constraint(def.Constraint)
		default:
			err = w.part(c.Def, nil) // an expression, of SET DEFAULT
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// orMissing is existing for IF EXISTS.
func (w *writer) orMissing(v *pg_query.RangeVar, missingOK bool) error {
	err := w.changes(v)
	if pgerr.CodeOf(err) == pgerr.UndefinedTable && missingOK {
		v.Schemaname, err = w.target(v.Schemaname, v.Relname, v.Location)
	}
	return err
}

func (w *writer) rename(r *pg_query.RenameStmt) error {
	switch r.RenameType {
	case pg_query.ObjectType_OBJECT_TABLE, pg_query.ObjectType_OBJECT_VIEW, pg_query.ObjectType_OBJECT_MATVIEW,
		pg_query.ObjectType_OBJECT_COLUMN, pg_query.ObjectType_OBJECT_TABCONSTRAINT:
	default:
		return w.refuse(-1, "it is not supported")
	}
	if r.Relation == nil {
		return w.refuse(-1, "it names no relation")
	}
	if err := w.orMissing(r.Relation, r.MissingOk); err != nil {
		return err
	}
	if r.RenameType == pg_query.ObjectType_OBJECT_COLUMN || r.RenameType == pg_query.ObjectType_OBJECT_TABCONSTRAINT || r.Relation.Schemaname == tempSchema {
		return nil
	}
	_, err := w.target(r.Relation.Schemaname, r.Newname, -1)
	return err
}

func (w *writer) grant(g *pg_query.GrantStmt) error {
	if g.Targtype != pg_query.GrantTargetType_ACL_TARGET_OBJECT || g.Grantor != nil {
		return w.refuse(-1, "only privileges on named tables and schemas are supported")
	}
	for _, n := range g.Objects {
		var err error
		switch g.Objtype {
		case pg_query.ObjectType_OBJECT_TABLE:
			err = w.existing(n.GetRangeVar(), false)
		case pg_query.ObjectType_OBJECT_SCHEMA:
			err = w.schema(n.GetString_().GetSval())
		default:
			err = w.refuse(-1, "only privileges on named tables and schemas are supported")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) comment(c *pg_query.CommentStmt) (err error) {
	switch c.Objtype {
	case pg_query.ObjectType_OBJECT_TABLE, pg_query.ObjectType_OBJECT_VIEW, pg_query.ObjectType_OBJECT_MATVIEW:
		c.Object, err = w.listed(c.Object, false)
	case pg_query.ObjectType_OBJECT_COLUMN:
		items := c.Object.GetList().GetItems()
		if len(items) < 2 {
			return w.refuse(-1, "a column is named with its relation")
		}
		var relation *pg_query.Node
		relation, err = w.listed(pg_query.MakeListNode(items[:len(items)-1]), false)
		if err == nil {
			c.Object = pg_query.MakeListNode(append(relation.GetList().Items, items[len(items)-1]))
		}
	default:
		err = w.refuse(-1, "only tables, views and columns can be commented on")
	}
	return err
}

// vacuumOptions are those that concern nothing but the tables named.
const vacuumOptions = " analyze verbose full freeze skip_locked truncate disable_page_skipping index_cleanup "

func (w *writer) vacuum(v *pg_query.VacuumStmt) error {
	w.DDL, w.Alone = false, v.IsVacuumcmd
	if len(v.Rels) == 0 {
		return w.refuse(-1, "name the relations: without any it would concern all of the warehouse")
	}
	for _, n := range v.Options {
		if d := n.GetDefElem(); d == nil || !strings.Contains(vacuumOptions, " "+d.Defname+" ") {
			return w.refuse(-1, "option %s is not supported", d.GetDefname())
		}
	}
	for _, n := range v.Rels {
		r := n.GetVacuumRelation()
		if r == nil || r.Relation == nil {
			return w.refuse(-1, "it names no relation")
		}
		if err := w.existing(r.Relation, false); err != nil {
			return err
		}
	}
	return nil
}
