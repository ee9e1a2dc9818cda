package sql

import (
	"iter"
	"slices"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// What a name that is nowhere may have meant. The rules are those of PostgreSQL's parse_relation.c, which looks through
// every FROM item of the statement so far, whether or not names may refer to it. They are the statement's own relations,
// which the user may read.

// maxFuzzy is the greatest distance between two names that are taken to mean the same.
const maxFuzzy = 3

// rangeTables are the FROM items of each level of SELECT that is being bound, the outermost first.
type rangeTables [][]*rangeItem

// enter begins a level; the function that it gives ends it.
func (r *rangeTables) enter() (leave func()) {
	*r = append(*r, nil)
	n := len(*r)
	return func() { *r = (*r)[:n-1] }
}

// add adds a FROM item to the innermost level.
func (r rangeTables) add(t *rangeItem) *rangeItem {
	r[len(r)-1] = append(r[len(r)-1], t)
	return t
}

// each calls f for every item, the innermost level's first, until it gives false.
func (r rangeTables) each(f func(t *rangeItem) bool) {
	for _, level := range slices.Backward(r) {
		for _, t := range level {
			if !f(t) {
				return
			}
		}
	}
}

// Lister is what a Catalog may be as well: then an error can name the relation that was meant.
type Lister interface {
	// RelationNames gives the relations that have users' data, in no order. What Relation does not find of them is not
	// named.
	RelationNames() iter.Seq[TableName]
}

// missingRelation says that no relation has that name.
func (b *binder) missingRelation(v *pg_query.RangeVar) error {
	name := TableName{Schema: v.Schemaname, Table: v.Relname}
	err := b.fail(pgerr.UndefinedTable, v.Location, "relation \"%s\" does not exist", name.String())
	if name.Schema == "" && slices.Contains(b.future, name.Table) {
		return err.WithDetail("There is a WITH item named \"%s\", but it cannot be referenced from this part of the query.", name.Table).
			WithHint("Use WITH RECURSIVE, or re-order the WITH items to remove forward references.")
	}
	if near := b.nearestRelation(name); near != nil {
		return err.WithHint("Perhaps you meant to reference the table \"%s\".", near)
	}
	return err
}

// nearestRelation finds the relation whose name is the nearest to one that is none, nil if none is near.
func (b *binder) nearestRelation(name TableName) *TableName {
	list, ok := b.catalog.(Lister)
	if !ok {
		return nil
	}
	var best *TableName
	least := maxFuzzy + 1
	for r := range list.RelationNames() {
		d := distance(name.Table, r.Table)
		if d > len(name.Table)/2 {
			continue
		}
		if name.Schema != "" {
			d += distance(name.Schema, r.Schema)
		}
		if d > least || d == least && (best == nil || best.String() < r.String()) {
			continue
		}
		if _, ok := b.catalog.Relation(r.Schema, r.Table); ok {
			best, least = &r, d
		}
	}
	return best
}

func (b *binder) noColumn(parts []string, pos int32, sc *scope) error {
	column := parts[len(parts)-1]
	if len(parts) > 1 {
		return b.missingTable(parts[:len(parts)-1], pos, sc)
	}
	return b.missingColumn("", column, pos)
}

// missingTable says that nothing in FROM has the name that qualifies a column. parts is the name, perhaps with a schema.
func (b *binder) missingTable(parts []string, pos int32, sc *scope) error {
	table := parts[len(parts)-1]
	named := b.namedInFrom(parts, sc)
	if named == nil {
		return b.fail(pgerr.UndefinedTable, pos, "missing FROM-clause entry for table \"%s\"", table)
	}
	err := b.fail(pgerr.UndefinedTable, pos, "invalid reference to FROM-clause entry for table \"%s\"", table)
	if named.name != table {
		for s := sc; s != nil; s = s.outer {
			if t, n := s.table("", named.name); n == 1 && t == named {
				return err.WithHint("Perhaps you meant to reference the table alias \"%s\".", named.name)
			}
		}
	}
	return err.WithHint("There is an entry for table \"%s\", but it cannot be referenced from this part of the query.", named.name)
}

// namedInFrom finds the FROM item that is the relation or common table expression of a name, or has it as its alias.
func (b *binder) namedInFrom(parts []string, sc *scope) *rangeItem {
	name := &pg_query.RangeVar{Relname: parts[len(parts)-1], Location: -1}
	if len(parts) > 1 {
		name.Schemaname = parts[len(parts)-2]
	}
	var with *cte
	if name.Schemaname == "" {
		with = sc.ctes.find(name.Relname)
	}
	var relation TableName
	if with == nil {
		if r, err := b.relation(name); err == nil {
			relation = r.Name
		}
	}
	var found *rangeItem
	b.ranges.each(func(t *rangeItem) bool {
		switch {
		case t.relation != nil && t.relation.Name == relation, t.cte != nil && t.cte == with, t.name == name.Relname:
			found = t
		}
		return found == nil
	})
	return found
}

// missingColumn says that no column has that name, and which may have been meant. table is "" for a plain name.
func (b *binder) missingColumn(table, column string, pos int32) error {
	err := b.fail(pgerr.UndefinedColumn, pos, "column \"%s\" does not exist", column)
	if table != "" {
		err = b.fail(pgerr.UndefinedColumn, pos, "column %s.%s does not exist", table, column)
	}
	n := nearest{column: column, distance: maxFuzzy + 1}
	b.ranges.each(func(t *rangeItem) bool { return n.look(t, table) })
	switch {
	case n.hidden != nil:
		return err.WithHint("There is a column named \"%s\" in table \"%s\", but it cannot be referenced from this part of the query.", column, n.hidden.name)
	case n.first == nil:
		return err
	case n.second == nil:
		return err.WithHint("Perhaps you meant to reference the column \"%s\".", n.first)
	}
	return err.WithHint("Perhaps you meant to reference the column \"%s\" or the column \"%s\".", n.first, n.second)
}

// nearest looks for the one or two columns whose names are nearest to column.
type nearest struct {
	column   string
	distance int
	hidden   *rangeItem // has the very column, which cannot be referred to

	first, second *nearColumn
}

type nearColumn struct {
	item *rangeItem
	name string
}

func (c *nearColumn) String() string { return c.item.name + "." + c.name }

// look compares the columns of an item; table is the name that the text qualifies with, or "". It gives false when
// there is no need to look further.
func (n *nearest) look(t *rangeItem, table string) bool {
	if t.joined {
		return true
	}
	penalty := 0
	if table != "" {
		penalty = min(distance(table, t.name), maxFuzzy+1)
	}
	for _, v := range t.columns {
		if v.name == n.column && penalty == 0 {
			n.hidden = t
			return false
		}
		n.consider(&nearColumn{t, v.name}, penalty)
	}
	return true
}

func (n *nearest) consider(c *nearColumn, penalty int) {
	if penalty > n.distance {
		return
	}
	d := distance(c.name, n.column)
	if d > len(n.column)/2 {
		return
	}
	switch d += penalty; {
	case d < n.distance:
		n.distance, n.first, n.second = d, c, nil
	case d > n.distance:
	case n.second != nil:
		// Three are too many: only a nearer one is of any use.
		n.distance, n.first, n.second = d-1, nil, nil
	case n.first != nil:
		n.second = c
	case d <= maxFuzzy:
		n.first = c
	}
}

// distance counts the edits of characters between two names (Levenshtein).
func distance(a, b string) int {
	to := []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	i := 0
	for _, c := range a {
		last := row[0]
		row[0] = i + 1
		for j, d := range to {
			cost := last
			if c != d {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, row[j]+1, last+1)
		}
		i++
	}
	return row[utf8.RuneCountInString(b)]
}
