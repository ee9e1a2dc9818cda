package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// Temporaries is a Catalog that knows under which name the schema of the session's temporary tables is shown; "" if it has
// none.
type Temporaries interface {
	TemporarySchema() string
	// TemporaryTables gives the tables, by name.
	TemporaryTables() map[string]*Relation
}

// TemporaryTable is a temporary table that Tidegate keeps itself. It is immutable.
type TemporaryTable struct {
	Name     string
	Columns  []TemporaryColumn
	Keys     []TemporaryKey
	Indexes  []TemporaryIndex // beside those of the keys
	OnCommit OnCommit

	checks []temporaryCheck
}

// HasConstraint reports whether a key or a check has that name.
func (m *TemporaryTable) HasConstraint(name string) bool {
	return slices.ContainsFunc(m.Keys, func(k TemporaryKey) bool { return k.Name == name }) ||
		slices.ContainsFunc(m.checks, func(c temporaryCheck) bool { return c.name == name })
}

// Restarted is the table with sequences that begin anew.
func (m *TemporaryTable) Restarted() *TemporaryTable {
	c := m.redefined()
	for i := range c.Columns {
		if s := c.Columns[i].Sequence; s != nil {
			c.Columns[i].Sequence = s.fresh()
		}
	}
	return c
}

// TemporaryColumn is a column of a temporary table.
type TemporaryColumn struct {
	Column
	NotNull bool
	Default string // PostgreSQL's text of the expression; "" is none
	// Sequence gives the values that are not given; nil: there is none.
	Sequence *Sequence

	value *pg_query.Node // of Default
}

// TemporaryKey is a primary key, or columns that are unique: with a NULL in one of them rows are never the same, unless
// NULLs are equal.
type TemporaryKey struct {
	Name       string
	Primary    bool
	Columns    []string
	NullsEqual bool
}

// TemporaryIndex is an index that is no constraint. If it is unique, it is a key, else only its name and columns are of use.
type TemporaryIndex struct {
	TemporaryKey
	Unique   bool
	Method   string   // "btree"
	Options  []int64  // as pg_index has them, by column
	Included []string // columns beside the key
}

// Unique are all that keep rows apart.
func (m *TemporaryTable) Unique() []TemporaryKey {
	keys := slices.Clone(m.Keys)
	for i := range m.Indexes {
		if m.Indexes[i].Unique {
			keys = append(keys, m.Indexes[i].TemporaryKey)
		}
	}
	return keys
}

// redefined is a copy to be changed.
func (m *TemporaryTable) redefined() *TemporaryTable {
	c := *m
	c.Columns, c.Keys, c.Indexes, c.checks = slices.Clone(m.Columns), slices.Clone(m.Keys), slices.Clone(m.Indexes), slices.Clone(m.checks)
	return &c
}

// temporaryCheck is a condition that is not false for any row.
type temporaryCheck struct {
	name string
	node *pg_query.Node
	text string // of node, as the system relations show it
}

// OnCommit is what becomes of a temporary table at the end of a transaction.
type OnCommit uint8

// What COMMIT does with a temporary table.
const (
	KeepRows OnCommit = iota
	DeleteRows
	DropTable
)

// TemporaryPart says which rows of a temporary table a relation stands for.
type TemporaryPart uint8

// The parts.
const (
	LiveRows     TemporaryPart = iota
	NumberedRows               // live ones, with their number in a column NumberColumn
	NewRows                    // those that the statement has put there
	OldRows                    // those that the statement has taken away
	EarlierRows                // live ones that the statement has not put there, with their number
	ExcludedRows               // NewRows with their number
	StagedRows                 // texts that were brought for the statement
)

// NumberColumn is the column that NumberedRows have beside the relation's.
const NumberColumn = "_tg_row"

// TemporaryVerb is what a statement does with temporary tables.
type TemporaryVerb uint8

// The verbs.
const (
	TemporaryNothing TemporaryVerb = iota // IF EXISTS, IF NOT EXISTS
	TemporaryCreate
	TemporaryInsert
	TemporaryUpdate
	TemporaryDelete
	TemporaryTruncate
	TemporaryDrop
	TemporaryDefine
	TemporaryCount // rows, of all tables if none is named
)

// Temporary is a statement that makes, fills, changes or drops temporary tables.
type Temporary struct {
	Verb   TemporaryVerb
	Tag    string           // but for the number of rows
	Counts bool             // the number stands behind the tag
	Table  *Relation        // whose rows the statement changes
	Made   *TemporaryTable  // by CREATE
	Tables []string         // that DROP, TRUNCATE, VACUUM and ANALYZE name
	Alone  string           // what cannot run in a transaction block, "" is nothing
	Params []pgtypes.OID    // of $1, $2, …; never 0
	Checks []TemporaryCheck // that the new rows must pass, beside NotNull and Keys of the table
	// Rows are what is put into the table, in the form in which it keeps them; of UPDATE and DELETE the numbers of the rows
	// that are changed come first. Nil: nothing is.
	Rows *Query
	// Staged is the number of columns of texts that Rows reads; 0: it reads none. They are those of Brought, a query of another
	// engine, or of Copy.
	Staged  int
	Brought *Query
	Copy    *TemporaryCopy
	// Redefined are the new definitions of tables, Refusals what must not be in them then.
	Redefined []Redefinition
	Refusals  []Refusal
	// Conflict is ON CONFLICT; nil is none.
	Conflict *TemporaryConflict
	// Several says that Rows may have a row of the table more than once: only one of them counts.
	Several bool
	// Returning reads the rows that the client gets; nil is none.
	Returning *Query
	// Takes are the values of sequences that the statement takes, whatever becomes of it. Restart says that TRUNCATE begins them
	// anew.
	Takes   []SequenceUse
	Restart bool
	// Failing reads, as texts, the new rows that have NULL in a column, and Same the values of a key that several rows of the
	// table have.
	Failing func(column string) (*Query, error)
	Same    func(k TemporaryKey) (*Query, error)
	// Notices are what the client is told beside the tag.
	Notices []*pgerr.Error
}

// Redefinition is a new definition of a table.
type Redefinition struct {
	Name string // that it had
	Made *TemporaryTable
	Rows *Query // those of the table, as it is to have them; nil: those that it has
}

// Refusal is why rows that are there do not fit a new definition.
type Refusal struct {
	Broken *Query // such rows, as texts; of a key its values
	Error  *pgerr.Error
	Key    string // the columns of a key; "": it is none
}

// TemporaryCopy is a COPY … FROM STDIN.
type TemporaryCopy struct {
	Options                 CopyOptions
	Columns                 []string // whose values the client sends, in that order
	Types                   []pgtypes.OID
	ForceNotNull, ForceNull []bool // by column; nil is none
	// Value reads the values of one column from the staged texts.
	Value func(column int) (*Query, error)
}

// TemporaryCheck is a condition on new rows.
type TemporaryCheck struct {
	Name   string
	Broken *Query // reads the rows for which it is false
}

// temporaries binds one statement about temporary tables.
type temporaries struct {
	*Temporary
	stmt    *Statement
	catalog Catalog
	env     Env
	args    []Arg
	keysAt  map[string]int32 // the places of keys in the text
}

// BindTemporary resolves a KindWrite statement, or a COPY … FROM STDIN, that makes a temporary table or names one to change
// it; ok is false for all others. args are the values of its parameters, nil while they are not known.
func BindTemporary(s *Statement, c Catalog, env Env, args []Arg) (t *Temporary, ok bool, err error) {
	b := &temporaries{Temporary: &Temporary{Tag: s.Tag}, stmt: s, catalog: c, env: env, args: args, keysAt: map[string]int32{}}
	for _, bind := range []func() (bool, error){b.makesTable, b.changesRows, b.definesTable} {
		if ok, err := bind(); ok {
			return b.Temporary, true, err
		}
	}
	return nil, false, nil
}

// makesTable binds the statements that make a temporary table; ok is false of all others.
func (t *temporaries) makesTable() (ok bool, err error) {
	switch n := t.stmt.node.Node.(type) {
	case *pg_query.Node_CreateStmt:
		if t.makes(n.CreateStmt.Relation) {
			return true, t.create(n.CreateStmt)
		}
	case *pg_query.Node_CreateTableAsStmt:
		if t.makes(n.CreateTableAsStmt.Into.Rel) && n.CreateTableAsStmt.Objtype == pg_query.ObjectType_OBJECT_TABLE {
			return true, t.createAs(n.CreateTableAsStmt)
		}
	case *pg_query.Node_SelectStmt:
		if into := leftmost(n.SelectStmt).IntoClause; t.makes(into.Rel) {
			return true, t.selectInto(n.SelectStmt, into)
		}
	}
	return false, nil
}

// changesRows binds the statements that change rows of a temporary table, or look at all of them.
func (t *temporaries) changesRows() (ok bool, err error) {
	switch n := t.stmt.node.Node.(type) {
	case *pg_query.Node_InsertStmt:
		if t.names(n.InsertStmt.Relation) {
			return true, t.insert(n.InsertStmt)
		}
	case *pg_query.Node_UpdateStmt:
		if t.names(n.UpdateStmt.Relation) {
			return true, t.update(n.UpdateStmt)
		}
	case *pg_query.Node_DeleteStmt:
		if t.names(n.DeleteStmt.Relation) {
			return true, t.delete(n.DeleteStmt)
		}
	case *pg_query.Node_CopyStmt:
		if n.CopyStmt.IsFrom && t.names(n.CopyStmt.Relation) {
			return true, t.copyFrom(n.CopyStmt)
		}
		if _, err := t.binder().relation(n.CopyStmt.Relation); pgerr.CodeOf(err) == pgerr.UndefinedTable {
			return true, unplacedError(err)
		}
	case *pg_query.Node_TruncateStmt:
		if t.namesAny(n.TruncateStmt.Relations) {
			return true, t.truncate(n.TruncateStmt)
		}
	case *pg_query.Node_VacuumStmt:
		if t.upkeepNames(n.VacuumStmt) {
			return true, t.upkeep(n.VacuumStmt)
		}
	}
	return false, nil
}

// definesTable binds the statements that change what a temporary table is. What is on neither list and names one is refused.
func (t *temporaries) definesTable() (ok bool, err error) {
	switch n := t.stmt.node.Node.(type) {
	case *pg_query.Node_AlterTableStmt:
		if t.alters(n.AlterTableStmt.Relation) {
			return true, t.alter(n.AlterTableStmt)
		}
	case *pg_query.Node_RenameStmt:
		if t.renames(n.RenameStmt) {
			return true, t.rename(n.RenameStmt)
		}
	case *pg_query.Node_IndexStmt:
		if t.indexes(n.IndexStmt) {
			return true, t.createIndex(n.IndexStmt)
		}
	case *pg_query.Node_ReindexStmt:
		if t.reindexes(n.ReindexStmt) {
			return true, nil
		}
	case *pg_query.Node_DropStmt:
		if n.DropStmt.RemoveType == pg_query.ObjectType_OBJECT_INDEX {
			return true, t.dropIndex(n.DropStmt)
		}
		if t.drops(n.DropStmt) {
			return true, t.drop(n.DropStmt)
		}
	case *pg_query.Node_CreateStmt, *pg_query.Node_CreateTableAsStmt, *pg_query.Node_SelectStmt, *pg_query.Node_InsertStmt,
		*pg_query.Node_UpdateStmt, *pg_query.Node_DeleteStmt, *pg_query.Node_CopyStmt, *pg_query.Node_TruncateStmt, *pg_query.Node_VacuumStmt:
	default:
		if t.mentions() {
			return true, t.refuse(-1, "%s", t.stmt.Tag)
		}
	}
	return false, nil
}

// mentions reports whether the statement names a temporary table anywhere.
func (t *temporaries) mentions() bool {
	found := false
	walk(t.stmt.node, func(n *pg_query.Node) {
		if v := n.GetRangeVar(); v != nil {
			found = found || t.find(v) != nil
		}
	})
	return found
}

// unplacedError is an error that PostgreSQL tells without a place in the text.
func unplacedError(err error) error {
	if e, ok := asError(err); ok {
		e.Position = 0
	}
	return err
}

// makes reports whether a relation of that name would be a temporary one.
func (t *temporaries) makes(v *pg_query.RangeVar) bool {
	if v.Schemaname == "" && len(t.env.SearchPath) > 0 && t.env.SearchPath[0] == tempSchema {
		return true
	}
	return v.Relpersistence == "t" || v.Schemaname == tempSchema
}

// find gives the temporary table that a name means, nil if it means another relation or none.
func (t *temporaries) find(v *pg_query.RangeVar) *Relation {
	if v == nil {
		return nil
	}
	r, err := (&binder{stmt: t.stmt, catalog: t.catalog, env: t.env}).relation(v)
	if err != nil || r.Class != ClassTemporary {
		return nil
	}
	return r
}

func (t *temporaries) names(v *pg_query.RangeVar) bool {
	t.Table = t.find(v)
	return t.Table != nil
}

func (t *temporaries) namesAny(list []*pg_query.Node) bool {
	for _, n := range list {
		if t.find(n.GetRangeVar()) != nil {
			return true
		}
	}
	return false
}

func (t *temporaries) refuse(pos int32, format string, args ...any) error {
	return pgerr.New(pgerr.FeatureNotSupported, format+" is not supported for a temporary table", args...).At(t.stmt.position(pos))
}

func (t *temporaries) fail(code pgerr.Code, pos int32, format string, args ...any) *pgerr.Error {
	return pgerr.New(code, format, args...).At(t.stmt.position(pos))
}

// parts gives the table as a catalog in which it has other rows.
func (t *temporaries) part(p TemporaryPart) *Relation {
	r := *t.Table
	r.Part = p
	return &r
}

// instead is a catalog in which a name means another relation.
type instead struct {
	Catalog
	name TableName
	r    *Relation
}

func (c instead) Relation(schema, table string) (*Relation, bool) {
	if (c.name == TableName{Schema: schema, Table: table}) {
		return c.r, true
	}
	return c.Catalog.Relation(schema, table)
}
