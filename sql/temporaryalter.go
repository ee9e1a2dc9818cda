package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtext"
	"tidegate/internal/pgtypes"
)

// temporaryAlter is one ALTER TABLE of a temporary table.
type temporaryAlter struct {
	*temporaries
	was *Relation
	// from are the values of the columns of Made, as expressions over the columns that the table has; nil is the next value of
	// a sequence.
	from    []*pg_query.Node
	written bool     // the rows have to be written anew
	nulls   []string // columns in which there must be no NULL any more
	checks  []string // those that the rows have not met yet
}

// alters reports whether ALTER is about a temporary table.
func (t *temporaries) alters(v *pg_query.RangeVar) bool {
	_, err := t.binder().relation(v)
	return err != nil || t.find(v) != nil
}

// alter binds ALTER TABLE.
func (t *temporaries) alter(n *pg_query.AlterTableStmt) error {
	if n.Objtype != pg_query.ObjectType_OBJECT_TABLE {
		return t.refuse(-1, "%s", t.stmt.Tag)
	}
	there, err := t.altered(n.Relation, n.MissingOk)
	if err != nil || !there {
		return err
	}
	a := &temporaryAlter{temporaries: t, was: t.Table}
	for _, c := range t.Table.Columns {
		a.from = append(a.from, columnNamed(c.Name))
	}
	commands := slices.Clone(n.Cmds)
	slices.SortStableFunc(commands, func(x, y *pg_query.Node) int {
		return alterPass(x.GetAlterTableCmd()) - alterPass(y.GetAlterTableCmd())
	})
	for _, c := range commands {
		if err := a.command(c.GetAlterTableCmd()); err != nil {
			return err
		}
	}
	return a.end()
}

// altered begins a new definition of a table; there is false if there is none and IF EXISTS has ended the statement.
func (t *temporaries) altered(v *pg_query.RangeVar, missingOK bool) (there bool, err error) {
	t.Verb = TemporaryDefine
	if _, err := t.binder().relation(v); err != nil {
		if missingOK && pgerr.CodeOf(err) == pgerr.UndefinedTable {
			t.Verb = TemporaryNothing
			t.Notices = append(t.Notices, pgerr.New("00000", "relation %q does not exist, skipping", v.Relname))
			return false, nil
		}
		return false, unplacedError(err)
	}
	if t.Table = t.find(v); t.Table == nil {
		return false, t.refuse(-1, "%s", t.stmt.Tag)
	}
	t.Made = t.Table.Temporary.redefined()
	t.Redefined = []Redefinition{{Name: t.Table.Name.Table, Made: t.Made}}
	return true, nil
}

// alterPass orders the commands as PostgreSQL does: what is taken away comes first, what depends on columns last.
func alterPass(c *pg_query.AlterTableCmd) int {
	switch c.Subtype {
	case pg_query.AlterTableType_AT_DropColumn, pg_query.AlterTableType_AT_DropConstraint, pg_query.AlterTableType_AT_DropNotNull:
		return 0
	case pg_query.AlterTableType_AT_AlterColumnType:
		return 1
	case pg_query.AlterTableType_AT_AddColumn:
		return 2
	case pg_query.AlterTableType_AT_SetNotNull:
		return 3
	case pg_query.AlterTableType_AT_AddConstraint:
		if c.Def.GetConstraint().GetContype() != pg_query.ConstrType_CONSTR_CHECK {
			return 4
		}
	case pg_query.AlterTableType_AT_ColumnDefault:
		if c.Def == nil {
			return 0
		}
	default:
	}
	return 5
}

func (a *temporaryAlter) command(c *pg_query.AlterTableCmd) error {
	switch c.Subtype {
	case pg_query.AlterTableType_AT_AddColumn:
		return a.addColumn(c.Def.GetColumnDef(), c.MissingOk)
	case pg_query.AlterTableType_AT_DropColumn:
		return a.dropColumn(c)
	case pg_query.AlterTableType_AT_AlterColumnType:
		return a.retype(c)
	case pg_query.AlterTableType_AT_ColumnDefault:
		return a.setDefault(c)
	case pg_query.AlterTableType_AT_SetNotNull:
		at, err := a.at(c.Name)
		if err != nil {
			return err
		}
		a.Made.Columns[at].NotNull = true
		a.nulls = append(a.nulls, c.Name)
	case pg_query.AlterTableType_AT_DropNotNull:
		return a.dropNotNull(c)
	case pg_query.AlterTableType_AT_AddConstraint:
		return a.addConstraint(c.Def.GetConstraint())
	case pg_query.AlterTableType_AT_DropConstraint:
		return a.dropConstraint(c)
	default:
		return a.refuse(-1, "this form of ALTER TABLE")
	}
	return nil
}

// at finds a column.
func (a *temporaryAlter) at(name string) (int, error) {
	at := slices.IndexFunc(a.Made.Columns, func(c TemporaryColumn) bool { return c.Name == name })
	if at < 0 {
		return 0, a.fail(pgerr.UndefinedColumn, -1, "column %q of relation %q does not exist", name, a.Made.Name)
	}
	return at, nil
}

func (a *temporaryAlter) addColumn(c *pg_query.ColumnDef, missingOK bool) error {
	if _, err := a.at(c.Colname); err == nil {
		e := a.fail(pgerr.DuplicateColumn, -1, "column %q of relation %q already exists", c.Colname, a.Made.Name)
		if !missingOK {
			return e
		}
		e.Message += ", skipping"
		a.Notices = append(a.Notices, e)
		return nil
	}
	checks, constraints := len(a.Made.checks), c.Constraints
	c = proto.CloneOf(c)
	c.Constraints = nil
	if err := a.column(c); err != nil {
		return err
	}
	for _, n := range constraints {
		if err := a.constraint(n.GetConstraint(), &a.Made.Columns[len(a.Made.Columns)-1]); err != nil {
			return unplacedError(err)
		}
	}
	for _, k := range a.Made.checks[checks:] {
		a.checks = append(a.checks, k.name)
	}
	added := &a.Made.Columns[len(a.Made.Columns)-1]
	value := added.value
	if value == nil && added.Sequence == nil {
		value = nullConstant()
	}
	if added.NotNull {
		a.nulls = append(a.nulls, added.Name)
	}
	a.from, a.written = append(a.from, value), true
	return nil
}

func nullConstant() *pg_query.Node {
	return &pg_query.Node{Node: &pg_query.Node_AConst{AConst: &pg_query.A_Const{Isnull: true, Location: -1}}}
}

// dropColumn takes a column away, with the indexes and constraints that it is in.
func (a *temporaryAlter) dropColumn(c *pg_query.AlterTableCmd) error {
	at, err := a.at(c.Name)
	if err != nil && c.MissingOk {
		a.Notices = append(a.Notices, pgerr.New("00000", "column %q of relation %q does not exist, skipping", c.Name, a.Made.Name))
		return nil
	}
	if err != nil {
		return err
	}
	m := a.Made
	m.Columns, a.from, a.written = slices.Delete(m.Columns, at, at+1), slices.Delete(a.from, at, at+1), true
	m.Keys = slices.DeleteFunc(m.Keys, func(k TemporaryKey) bool { return slices.Contains(k.Columns, c.Name) })
	m.Indexes = slices.DeleteFunc(m.Indexes, func(x TemporaryIndex) bool {
		return slices.Contains(x.Columns, c.Name) || slices.Contains(x.Included, c.Name)
	})
	m.checks = slices.DeleteFunc(m.checks, func(k temporaryCheck) bool { return slices.Contains(columnsOf(k.node), c.Name) })
	return nil
}

// retype gives a column another type.
func (a *temporaryAlter) retype(c *pg_query.AlterTableCmd) error {
	at, err := a.at(c.Name)
	if err != nil {
		return err
	}
	def := c.Def.GetColumnDef()
	if def.CollClause != nil {
		return a.refuse(def.CollClause.Location, "COLLATE")
	}
	typ, serial, err := a.columnType(def.TypeName)
	column := &a.Made.Columns[at]
	switch {
	case err != nil:
		return err
	case serial:
		return a.refuse(def.TypeName.Location, "ALTER COLUMN to a serial type")
	case column.Sequence != nil:
		return a.refuse(-1, "another type for a column with a sequence")
	}
	if def.RawDefault != nil {
		a.from[at] = def.RawDefault
	}
	if err := a.convertible(def.RawDefault, column.Column, typ); err != nil {
		return err
	}
	column.Type, a.written = typ, true
	if column.value != nil {
		if _, err := a.binder().defaultValue(column, nil, "default expression"); err != nil {
			return a.fail(pgerr.DatatypeMismatch, -1, "default for column %q cannot be cast automatically to type %s", c.Name, typeText(typ))
		}
	}
	for _, k := range a.Made.checks {
		if slices.Contains(columnsOf(k.node), c.Name) {
			a.checks = append(a.checks, k.name)
		}
	}
	return nil
}

// convertible refuses a type to which the values of a column, or of USING, have no cast.
func (a *temporaryAlter) convertible(using *pg_query.Node, c Column, to pgtypes.Type) error {
	from := c.Type
	if using != nil {
		p, err := a.over([]*pg_query.Node{using})
		if err != nil {
			return err
		}
		e := p.targets[0].e
		if e.untyped() {
			return nil
		}
		from = e.typ
	}
	if assignable(from.OID, to.OID) {
		return nil
	}
	if using != nil {
		return a.fail(pgerr.DatatypeMismatch, -1, "result of USING clause for column %q cannot be cast automatically to type %s", c.Name, typeText(pgtypes.Of(to.OID))).
			WithHint("You might need to add an explicit cast.")
	}
	return a.fail(pgerr.DatatypeMismatch, -1, "column %q cannot be cast automatically to type %s", c.Name, typeText(pgtypes.Of(to.OID))).
		WithHint("You might need to specify \"USING %s::%s\".", pgtext.QuoteIdent(c.Name), typeText(to))
}

// over binds expressions over the columns that the table has.
func (a *temporaryAlter) over(values []*pg_query.Node) (*selectParts, error) {
	_, p, err := a.reading(values)
	return p, err
}

func (a *temporaryAlter) reading(values []*pg_query.Node) (*binder, *selectParts, error) {
	s := selectOf(values...).GetSelectStmt()
	s.FromClause = []*pg_query.Node{{Node: &pg_query.Node_RangeVar{RangeVar: own(&pg_query.RangeVar{Relname: a.was.Name.Table, Inh: true, Location: -1})}}}
	b := a.binder()
	p, err := b.selectStatement(s, nil, nil, usage{changing: "ALTER"})
	return b, p, err
}

func (a *temporaryAlter) setDefault(c *pg_query.AlterTableCmd) error {
	at, err := a.at(c.Name)
	if err != nil {
		return err
	}
	column := &a.Made.Columns[at]
	if column.Sequence != nil && column.Sequence.Identity != "" {
		return a.refuse(-1, "a default of an identity column")
	}
	column.value, column.Default, column.Sequence = nil, "", nil
	if c.Def == nil {
		return nil
	}
	return unplacedError(a.defaultOf(&pg_query.Constraint{RawExpr: c.Def, Location: -1}, column))
}

func (a *temporaryAlter) dropNotNull(c *pg_query.AlterTableCmd) error {
	at, err := a.at(c.Name)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(a.Made.Keys, func(k TemporaryKey) bool { return k.Primary && slices.Contains(k.Columns, c.Name) }) {
		return a.fail("42P16", -1, "column %q is in a primary key", c.Name)
	}
	if s := a.Made.Columns[at].Sequence; s != nil && s.Identity != "" {
		return a.fail(pgerr.SyntaxError, -1, "column %q of relation %q is an identity column", c.Name, a.Made.Name)
	}
	a.Made.Columns[at].NotNull = false
	return nil
}

func (a *temporaryAlter) addConstraint(c *pg_query.Constraint) error {
	if c.SkipValidation || c.Indexname != "" {
		return a.refuse(c.Location, "this form of a constraint")
	}
	if c.Conname != "" && a.Made.HasConstraint(c.Conname) {
		if c.Contype == pg_query.ConstrType_CONSTR_CHECK {
			return a.fail("42710", -1, "constraint %q for relation %q already exists", c.Conname, a.Made.Name)
		}
		return a.alreadyThere(c.Conname, false)
	}
	c = proto.CloneOf(c)
	c.Location = -1
	if c.Contype == pg_query.ConstrType_CONSTR_PRIMARY {
		if err := a.mayBePrimary(c); err != nil {
			return err
		}
	}
	keys, checks := len(a.Made.Keys), len(a.Made.checks)
	if err := a.constraint(c, nil); err != nil {
		return err
	}
	for _, k := range a.Made.Keys[keys:] {
		if k.Primary {
			a.nulls = append(a.nulls, k.Columns...)
		}
	}
	for _, k := range a.Made.checks[checks:] {
		a.checks = append(a.checks, k.name)
	}
	return nil
}

// mayBePrimary checks a primary key that is added, in PostgreSQL's order.
func (a *temporaryAlter) mayBePrimary(c *pg_query.Constraint) error {
	for _, n := range c.Keys {
		if _, err := a.at(n.GetString_().GetSval()); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(a.Made.Keys, func(k TemporaryKey) bool { return k.Primary }) {
		return a.fail("42P16", -1, "multiple primary keys for table %q are not allowed", a.Made.Name)
	}
	return nil
}

func (a *temporaryAlter) dropConstraint(c *pg_query.AlterTableCmd) error {
	m := a.Made
	if m.HasConstraint(c.Name) {
		m.Keys = slices.DeleteFunc(m.Keys, func(k TemporaryKey) bool { return k.Name == c.Name })
		m.checks = slices.DeleteFunc(m.checks, func(k temporaryCheck) bool { return k.name == c.Name })
		return nil
	}
	e := a.fail(pgerr.UndefinedObject, -1, "constraint %q of relation %q does not exist", c.Name, m.Name)
	if !c.MissingOk {
		return e
	}
	e.Code = "00000"
	e.Message += ", skipping"
	a.Notices = append(a.Notices, e)
	return nil
}

// end checks the new definition, and says what the rows are and what they must meet.
func (a *temporaryAlter) end() error {
	if err := a.finish(); err != nil {
		return unplacedError(err)
	}
	if a.written {
		q, err := a.rewrite()
		if err != nil {
			return err
		}
		a.Redefined[0].Rows = q
	}
	for _, k := range a.Made.Unique() {
		if a.written || !slices.ContainsFunc(a.was.Temporary.Unique(), func(had TemporaryKey) bool { return had.Name == k.Name }) {
			if err := a.refuseDuplicates(k); err != nil {
				return err
			}
		}
	}
	return a.refuseRows()
}

// refuseRows makes the refusals of rows by themselves.
func (a *temporaryAlter) refuseRows() error {
	for _, c := range a.nulls {
		q, err := a.failing(c, LiveRows)
		if err != nil {
			return err
		}
		e := pgerr.New("23502", "column %q of relation %q contains null values", c, a.Made.Name)
		e.Table, e.Column = a.Made.Name, c
		a.Refusals = append(a.Refusals, Refusal{Broken: q, Error: e})
	}
	for i := range a.Made.checks {
		k := &a.Made.checks[i]
		if !slices.Contains(a.checks, k.name) {
			continue
		}
		q, err := a.broken(k, LiveRows)
		if err != nil {
			return err
		}
		e := pgerr.New("23514", "check constraint %q of relation %q is violated by some row", k.name, a.Made.Name)
		e.Table, e.Constraint = a.Made.Name, k.name
		a.Refusals = append(a.Refusals, Refusal{Broken: q, Error: e})
	}
	return nil
}

// rewrite binds the read of the rows as the new definition has them.
func (a *temporaryAlter) rewrite() (*Query, error) {
	values := make([]*pg_query.Node, len(a.from))
	for i, n := range a.from {
		if values[i] = nullConstant(); n != nil {
			values[i] = proto.CloneOf(n)
		}
	}
	b, p, err := a.reading(values)
	if err != nil {
		return nil, err
	}
	for i, c := range a.Made.Columns {
		if c.Sequence != nil && a.from[i] == nil {
			p.targets[i] = &target{name: "c" + itoa(i), e: b.stored(a.numbered(&a.Made.Columns[i]), c.Type)}
			continue
		}
		e, err := b.assign(p.targets[i].e, c.Column, "expression")
		if err != nil {
			return nil, err
		}
		p.targets[i] = &target{name: "c" + itoa(i), e: b.stored(e, c.Type)}
	}
	b.levels = append(b.levels, p)
	return b.query(p)
}
