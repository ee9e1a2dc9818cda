package sql

import (
	"slices"
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtext"
)

// duplicateTable is the SQLSTATE of a relation's name that another one has.
const duplicateTable pgerr.Code = "42P07"

// tables gives the session's tables.
func (t *temporaries) tables() map[string]*Relation {
	if c, ok := t.catalog.(Temporaries); ok {
		return c.TemporaryTables()
	}
	return nil
}

// namedIndex is an index of one of the session's tables.
type namedIndex struct {
	table *Relation
	at    int  // among its Indexes, or its Keys
	key   bool // it is that of a constraint
}

// findIndex finds an index.
func (t *temporaries) findIndex(v *pg_query.RangeVar) (x namedIndex, ok bool) {
	own, _ := t.catalog.(Temporaries)
	if v.Schemaname != "" && v.Schemaname != tempSchema && (own == nil || v.Schemaname != own.TemporarySchema()) {
		return namedIndex{}, false
	}
	for _, r := range t.tables() {
		m := r.Temporary
		if at := slices.IndexFunc(m.Indexes, func(x TemporaryIndex) bool { return x.Name == v.Relname }); at >= 0 {
			return namedIndex{r, at, false}, true
		}
		if at := slices.IndexFunc(m.Keys, func(k TemporaryKey) bool { return k.Name == v.Relname }); at >= 0 {
			return namedIndex{r, at, true}, true
		}
	}
	return namedIndex{}, false
}

// taken reports whether a table or index of the session has a name, or the table that is being made gives it to one.
func (t *temporaries) taken(name string) bool {
	if _, ok := t.tables()[name]; ok {
		return true
	}
	if t.Made != nil && (t.Made.Name == name ||
		slices.ContainsFunc(t.Made.Keys, func(k TemporaryKey) bool { return k.Name == name }) ||
		slices.ContainsFunc(t.Made.Indexes, func(x TemporaryIndex) bool { return x.Name == name }) ||
		t.Made.hasSequence(name)) {
		return true
	}
	for _, r := range t.tables() {
		if r.Temporary.hasSequence(name) {
			return true
		}
	}
	x, ok := t.findIndex(&pg_query.RangeVar{Relname: name})
	return ok && (t.Made == nil || x.table.Name.Table != t.Made.Name)
}

func (m *TemporaryTable) hasSequence(name string) bool {
	return slices.ContainsFunc(m.Columns, func(c TemporaryColumn) bool { return c.Sequence != nil && c.Sequence.Name == name })
}

// freeName is the name that PostgreSQL gives what has none: the table's, that of the columns and a label, cut to what a
// name may have, with the first number that makes it another one than those that are taken.
func freeName(table, columns, label string, taken func(string) bool) string {
	for i := 0; ; i++ {
		numbered := label
		if i > 0 {
			numbered += itoa(i)
		}
		if name := joinedName(table, columns, numbered); !taken(name) {
			return name
		}
	}
}

// joinedName is makeObjectName of PostgreSQL.
func joinedName(table, columns, label string) string {
	const longest = 63
	room := longest - len(label) - 1
	if columns != "" {
		room--
	}
	n, m := len(table), len(columns)
	for n+m > room {
		if n > m {
			n--
		} else {
			m--
		}
	}
	parts := []string{clipped(table, n)}
	if columns != "" {
		parts = append(parts, clipped(columns, m))
	}
	return strings.Join(append(parts, label), "_")
}

// clipped is at most the first n bytes, without a part of a letter.
func clipped(s string, n int) string {
	for n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// indexes reports whether CREATE INDEX is about a temporary table.
func (t *temporaries) indexes(n *pg_query.IndexStmt) bool {
	_, err := t.binder().relation(n.Relation)
	return err != nil || t.names(n.Relation)
}

// createIndex binds CREATE INDEX.
func (t *temporaries) createIndex(n *pg_query.IndexStmt) error {
	if n.Concurrent {
		t.Alone = "CREATE INDEX CONCURRENTLY"
	}
	if _, err := t.binder().relation(n.Relation); err != nil {
		return unplacedError(err)
	}
	if t.Table = t.find(n.Relation); t.Table == nil {
		return t.refuse(-1, "CREATE INDEX")
	}
	x, err := t.indexOf(n)
	if err != nil {
		return err
	}
	made := t.Table.Temporary.redefined()
	t.Made = made
	names := indexColumnNames(slices.Concat(x.Columns, x.Included))
	if x.Name == "" {
		x.Name = freeName(made.Name, strings.Join(names, "_"), "idx", t.taken)
	} else if t.taken(x.Name) {
		return t.alreadyThere(x.Name, n.IfNotExists)
	}
	made.Indexes = append(made.Indexes, *x)
	t.Verb, t.Redefined = TemporaryDefine, []Redefinition{{Name: made.Name, Made: made}}
	t.Table = made.Relation()
	if x.Unique {
		return t.refuseDuplicates(x.TemporaryKey)
	}
	return nil
}

// alreadyThere is the error about a relation's name, or with IF NOT EXISTS the notice.
func (t *temporaries) alreadyThere(name string, ifNotExists bool) error {
	e := pgerr.New(duplicateTable, "relation %q already exists", name)
	if !ifNotExists {
		return e
	}
	e.Message += ", skipping"
	t.Verb, t.Made, t.Notices = TemporaryNothing, nil, []*pgerr.Error{e}
	return nil
}

// indexColumnNames makes the names different, as those of an index's columns are.
func indexColumnNames(columns []string) []string {
	var names []string
	for _, c := range columns {
		name := c
		for i := 1; slices.Contains(names, name); i++ {
			name = clipped(c, min(len(c), 63-len(itoa(i)))) + itoa(i)
		}
		names = append(names, name)
	}
	return names
}

// methods are the access methods of indexes here. There is none in truth, but for the unique ones.
var methods = []string{"btree", "hash", "brin"}

// indexOf reads the definition of an index.
func (t *temporaries) indexOf(n *pg_query.IndexStmt) (*TemporaryIndex, error) {
	x := &TemporaryIndex{TemporaryKey: TemporaryKey{Name: n.Idxname, NullsEqual: n.NullsNotDistinct}, Unique: n.Unique, Method: n.AccessMethod}
	unordered := func(what string) error {
		return t.fail(pgerr.FeatureNotSupported, -1, "access method %q does not support %s", x.Method, what)
	}
	switch {
	case n.WhereClause != nil:
		return nil, t.refuse(-1, "an index of some rows only")
	case len(n.Options) > 0 || n.TableSpace != "":
		return nil, t.refuse(-1, "a storage parameter")
	case slices.Contains([]string{"gin", "gist", "spgist"}, x.Method):
		return nil, t.refuse(-1, "an index of access method %s", x.Method)
	case !slices.Contains(methods, x.Method):
		return nil, t.fail(pgerr.UndefinedObject, -1, "access method %q does not exist", x.Method)
	case x.Unique && x.Method != "btree":
		return nil, unordered("unique indexes")
	case len(n.IndexIncludingParams) > 0 && x.Method != "btree":
		return nil, unordered("included columns")
	case len(n.IndexParams) > 1 && x.Method == "hash":
		return nil, unordered("multicolumn indexes")
	}
	for _, p := range n.IndexParams {
		e := p.GetIndexElem()
		if err := t.indexColumn(e); err != nil {
			return nil, err
		}
		option := indexOption(e)
		if x.Method != "btree" && e.Ordering != pg_query.SortByDir_SORTBY_DEFAULT {
			return nil, unordered("ASC/DESC options")
		}
		if x.Method != "btree" && e.NullsOrdering != pg_query.SortByNulls_SORTBY_NULLS_DEFAULT {
			return nil, unordered("NULLS FIRST/LAST options")
		}
		x.Columns, x.Options = append(x.Columns, e.Name), append(x.Options, option)
	}
	for _, p := range n.IndexIncludingParams {
		if err := t.includedColumn(p.GetIndexElem()); err != nil {
			return nil, err
		}
		x.Included = append(x.Included, p.GetIndexElem().Name)
	}
	return x, nil
}

// indexOption is what pg_index.indoption says of a column: 1 is descending, 2 is NULLs first.
func indexOption(e *pg_query.IndexElem) (option int64) {
	descending := e.Ordering == pg_query.SortByDir_SORTBY_DESC
	if descending {
		option = 1
	}
	switch e.NullsOrdering {
	case pg_query.SortByNulls_SORTBY_NULLS_FIRST:
		option |= 2
	case pg_query.SortByNulls_SORTBY_NULLS_DEFAULT:
		if descending {
			option |= 2
		}
	default:
	}
	return option
}

// includedColumn checks a column of INCLUDE, which needs no order.
func (t *temporaries) includedColumn(e *pg_query.IndexElem) error {
	if e.Expr != nil {
		return t.fail(pgerr.FeatureNotSupported, -1, "expressions are not supported in included columns")
	}
	_, err := t.indexed(e)
	return err
}

// indexColumn checks a column that an index is over.
func (t *temporaries) indexColumn(e *pg_query.IndexElem) error {
	switch {
	case e.Expr != nil:
		return t.refuse(-1, "an index over an expression")
	case len(e.Collation) > 0:
		return t.refuse(-1, "COLLATE")
	case len(e.Opclass) > 0 || len(e.Opclassopts) > 0:
		return t.refuse(-1, "an operator class")
	}
	at, err := t.indexed(e)
	if err != nil {
		return err
	}
	return t.comparable(t.Table.Columns[at].Type)
}

func (t *temporaries) indexed(e *pg_query.IndexElem) (int, error) {
	if isSystemColumn(e.Name) {
		return 0, t.fail(pgerr.FeatureNotSupported, -1, "index creation on system columns is not supported")
	}
	at := slices.IndexFunc(t.Table.Columns, func(c Column) bool { return c.Name == e.Name })
	if at < 0 {
		return 0, t.fail(pgerr.UndefinedColumn, -1, "column %q does not exist", e.Name)
	}
	return at, nil
}

// refuseDuplicates makes a refusal of rows that are the same by a key.
func (t *temporaries) refuseDuplicates(k TemporaryKey) error {
	q, err := t.duplicated(k, LiveRows)
	if err != nil {
		return err
	}
	e := pgerr.New("23505", "could not create unique index %q", k.Name)
	e.Table, e.Constraint = t.Table.Name.Table, k.Name
	t.Refusals = append(t.Refusals, Refusal{q, e, strings.Join(k.Columns, ", ")})
	return nil
}

// dropIndex binds DROP INDEX. Nobody but the session has any here.
func (t *temporaries) dropIndex(n *pg_query.DropStmt) error {
	t.Verb = TemporaryDefine
	if n.Concurrent {
		t.Alone = "DROP INDEX CONCURRENTLY"
		if len(n.Objects) > 1 {
			return t.fail(pgerr.FeatureNotSupported, -1, "DROP INDEX CONCURRENTLY does not support dropping multiple objects")
		}
		if n.Behavior == pg_query.DropBehavior_DROP_CASCADE {
			return t.fail(pgerr.FeatureNotSupported, -1, "DROP INDEX CONCURRENTLY does not support CASCADE")
		}
	}
	made := map[string]*TemporaryTable{}
	for _, o := range n.Objects {
		v := listedName(o)
		x, ok := t.findIndex(v)
		switch {
		case !ok:
			if err := t.noIndex(v, n.MissingOk); err != nil {
				return err
			}
			continue
		case x.key:
			k := x.table.Temporary.Keys[x.at]
			return t.fail("2BP01", -1, "cannot drop index %s because constraint %s on table %s requires it", pgtext.QuoteIdent(k.Name),
				pgtext.QuoteIdent(k.Name), pgtext.QuoteIdent(x.table.Name.Table)).
				WithHint("You can drop constraint %s on table %s instead.", pgtext.QuoteIdent(k.Name), pgtext.QuoteIdent(x.table.Name.Table))
		}
		name := x.table.Name.Table
		if made[name] == nil {
			made[name] = x.table.Temporary.redefined()
			t.Redefined = append(t.Redefined, Redefinition{Name: name, Made: made[name]})
		}
		m := made[name]
		m.Indexes = slices.DeleteFunc(m.Indexes, func(i TemporaryIndex) bool { return i.Name == v.Relname })
	}
	return nil
}

// noIndex says that there is no index of a name.
func (t *temporaries) noIndex(v *pg_query.RangeVar, missingOK bool) error {
	if _, err := t.binder().relation(v); err == nil {
		return t.fail(pgerr.WrongObjectType, -1, "%q is not an index", v.Relname).WithHint("Use DROP TABLE to remove a table.")
	}
	if !missingOK {
		return t.fail(pgerr.UndefinedObject, -1, "index %q does not exist", v.Relname)
	}
	t.Notices = append(t.Notices, pgerr.New("00000", "index %q does not exist, skipping", v.Relname))
	return nil
}
