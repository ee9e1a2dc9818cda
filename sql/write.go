package sql

import (
	"fmt"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"tidegate/internal/pgerr"
)

// Write is a statement that changes the warehouse: checked, and in the warehouse's own words.
type Write struct {
	Tag  string // of the statement
	Text string // deparsed from the checked tree, every relation with its schema; $1, $2, … stand in it
	// Params is the number of parameters.
	Params int
	// DDL says that the warehouse's relations may be others afterwards.
	DDL bool
	// Temporary says that a temporary relation is made.
	Temporary bool
	// Alone says that the statement cannot run in a transaction.
	Alone bool
	// Changes are the relations whose rows or columns it names to change them.
	Changes []TableName
}

// WriteCatalog is a Catalog that knows what may be made where.
type WriteCatalog interface {
	Catalog
	// MayCreate says why no relation of that name can be made in the schema, "" if one can.
	MayCreate(schema, name string) (why string)
	// MayChange says why the schema as a whole cannot be made, dropped or handed on, "" if it can.
	MayChange(schema string) (why string)
}

// BindWrite checks a KindWrite statement, or a COPY … FROM STDIN: every relation that it names is hot-only, or being made where the lake and
// Tidegate have nothing, and nothing is in it but what is on the lists of writetree.go. Whatever else is 0A000, with
// the reason and the way.
func BindWrite(s *Statement, c WriteCatalog, env Env) (*Write, error) {
	tree, ok := proto.Clone(s.node).(*pg_query.Node)
	if !ok {
		return nil, fmt.Errorf("bind %s: its tree is a %T", s.Tag, tree)
	}
	w := &writer{
		Write: &Write{Tag: s.Tag}, catalog: c,
		names: &binder{stmt: s, catalog: c, env: env, folded: map[int32]*expr{}},
	}
	if err := w.statement(tree); err != nil {
		return nil, err
	}
	text, err := pg_query.Deparse(&pg_query.ParseResult{Version: s.grammar, Stmts: []*pg_query.RawStmt{{Stmt: tree}}})
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", s.Tag, err)
	}
	w.Text = text
	return w.Write, nil
}

// writer binds one statement that changes something.
type writer struct {
	*Write
	catalog WriteCatalog
	names   *binder // finds relations and the session's values
	// dml says that the session's functions become their values; in a definition they stay functions.
	dml bool
}

func (w *writer) refuse(pos int32, format string, args ...any) error {
	return pgerr.New(pgerr.FeatureNotSupported, "%s: "+format, append([]any{w.Tag}, args...)...).At(w.names.stmt.position(pos))
}

// statement checks the outermost node.
func (w *writer) statement(n *pg_query.Node) error {
	switch x := n.Node.(type) {
	case *pg_query.Node_InsertStmt, *pg_query.Node_UpdateStmt, *pg_query.Node_DeleteStmt, *pg_query.Node_MergeStmt:
		w.dml = true
		return w.part(n, nil)
	case *pg_query.Node_SelectStmt: // SELECT INTO
		w.dml, w.DDL = true, true
		return w.part(n, nil)
	case *pg_query.Node_CreateTableAsStmt:
		w.DDL = true
		w.dml = x.CreateTableAsStmt.Objtype != pg_query.ObjectType_OBJECT_MATVIEW
		return w.part(n, nil)
	case *pg_query.Node_TruncateStmt:
		if x.TruncateStmt.Behavior == pg_query.DropBehavior_DROP_CASCADE {
			return w.refuse(-1, "CASCADE would empty relations that it does not name")
		}
		for _, r := range x.TruncateStmt.Relations {
			if err := w.changes(r.GetRangeVar()); err != nil {
				return err
			}
		}
		return w.part(n, nil)
	case *pg_query.Node_RefreshMatViewStmt:
		return w.part(n, nil)
	case *pg_query.Node_CopyStmt:
		return w.copyFrom(x.CopyStmt)
	}
	w.DDL = true
	return w.definition(n)
}

// copyFrom checks COPY … FROM STDIN. As in PostgreSQL a relation that is not there has no place in the text.
func (w *writer) copyFrom(n *pg_query.CopyStmt) error {
	n.Relation.Location = -1
	if err := w.changes(n.Relation); err != nil {
		return err
	}
	if r, ok := w.catalog.Relation(n.Relation.Schemaname, n.Relation.Relname); ok && r.View {
		return pgerr.New(pgerr.WrongObjectType, "cannot copy to view %q", r.Name.Table).
			WithHint("To enable copying to a view, provide an INSTEAD OF INSERT trigger.")
	}
	if err := w.names.stmt.checkCopyFrom(); err != nil {
		return err
	}
	if n.WhereClause == nil {
		return nil
	}
	w.dml = true
	return w.part(n.WhereClause, nil)
}

// existing makes the name of a relation that is there the warehouse's own. reads says that it is only read.
func (w *writer) existing(v *pg_query.RangeVar, reads bool) error {
	if v == nil {
		return w.refuse(-1, "it names no relation")
	}
	r, err := w.names.relation(v)
	if err != nil {
		return err
	}
	switch {
	case r.Restricted():
		// The warehouse would be told of the relation itself, with all its rows.
		return w.refuse(v.Location, "it names %s, of which the role does not see every row and column", r.Name)
	case r.Class == ClassHotOnly:
	case r.Class == ClassLake && reads:
		return w.lake(v.Location, "it reads %s, which is a table of the lake", r.Name)
	case r.Class == ClassLake:
		return w.lake(v.Location, "%s is a table of the lake, and read-only", r.Name)
	default:
		return w.refuse(v.Location, "it names the system relation %s", r.Name)
	}
	v.Catalogname, v.Schemaname = "", r.Name.Schema
	return nil
}

// changes is existing for a relation whose rows or columns will be others.
func (w *writer) changes(v *pg_query.RangeVar) error {
	if err := w.existing(v, false); err != nil {
		return err
	}
	w.Changes = append(w.Changes, TableName{Schema: v.Schemaname, Table: v.Relname})
	return nil
}

// lake refuses what would change a table of the lake, or copy from one.
func (w *writer) lake(pos int32, format string, args ...any) error {
	e := pgerr.New(pgerr.FeatureNotSupported, "%s: "+format, append([]any{w.Tag}, args...)...).At(w.names.stmt.position(pos))
	return e.WithHint("Data comes into the lake through pipelines: tidegate etl run. Statements that change something may name hot-only relations alone.")
}

// created gives the name of a relation to be made its schema: the one that is written, else the first of the search
// path that there is.
func (w *writer) created(v *pg_query.RangeVar) error {
	if err := w.database(v.Catalogname, v.Location); err != nil {
		return err
	}
	v.Catalogname = ""
	if v.Relpersistence == "t" || v.Schemaname == tempSchema {
		if v.Schemaname != "" && v.Schemaname != tempSchema {
			return pgerr.New("42P16", "cannot create temporary relation in non-temporary schema").At(w.names.stmt.position(v.Location))
		}
		v.Relpersistence, v.Schemaname, w.Temporary = "t", "", true
		return nil
	}
	schema, err := w.target(v.Schemaname, v.Relname, v.Location)
	v.Schemaname = schema
	return err
}

// tempSchema is what a session calls the schema of its temporary relations.
const tempSchema = "pg_temp"

// target gives the schema in which a relation may be made.
func (w *writer) target(schema, name string, pos int32) (string, error) {
	if schema == "" {
		schemas := w.names.schemas(false)
		if len(schemas) == 0 {
			return "", pgerr.New(pgerr.InvalidSchemaName, "no schema has been selected to create in").At(w.names.stmt.position(pos))
		}
		schema = schemas[0]
	}
	if why := w.catalog.MayCreate(schema, name); why != "" {
		return "", w.lake(pos, "%s cannot be made: %s", TableName{schema, name}, why)
	}
	return schema, nil
}

func (w *writer) database(name string, pos int32) error {
	if name != "" && name != w.names.env.Database {
		return w.names.fail(pgerr.FeatureNotSupported, pos, "cross-database references are not implemented: %q", name)
	}
	return nil
}

// listed makes a name that stands as a list of strings a qualified one.
func (w *writer) listed(n *pg_query.Node, missingOK bool) (*pg_query.Node, error) {
	var parts []string
	for _, p := range n.GetList().GetItems() {
		parts = append(parts, p.GetString_().GetSval())
	}
	v := &pg_query.RangeVar{Location: -1}
	switch len(parts) {
	case 3:
		v.Catalogname, v.Schemaname, v.Relname = parts[0], parts[1], parts[2]
	case 2:
		v.Schemaname, v.Relname = parts[0], parts[1]
	case 1:
		v.Relname = parts[0]
	default:
		return nil, pgerr.New(pgerr.SyntaxError, "improper relation name (too many dotted names): %s", strings.Join(parts, "."))
	}
	err := w.changes(v)
	if pgerr.CodeOf(err) == pgerr.UndefinedTable && missingOK {
		v.Catalogname = ""
		v.Schemaname, err = w.target(v.Schemaname, v.Relname, -1)
	}
	return stringList(v.Schemaname, v.Relname), err
}

func stringList(parts ...string) *pg_query.Node {
	items := make([]*pg_query.Node, len(parts))
	for i, p := range parts {
		items[i] = pg_query.MakeStrNode(p)
	}
	return pg_query.MakeListNode(items)
}
