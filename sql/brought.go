package sql

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// Brought is a mention of a table of the lake or the warehouse in a Query that runs where the system relations are: its
// rows are asked for as texts, in a statement of its own, and read there as the values that they are.
type Brought struct {
	Statement *Statement
	Query     *Query
	use       *Use
	reads     []string // DuckDB's text of each column's value, of columns c1, c2, …
}

// Bring makes the statement for a use of q. The asker's row filter, which q does not have, is in it.
func (q *Query) Bring(u *Use) (*Brought, error) {
	env := q.env
	env.Zone, env.Style, env.ParamTypes = time.UTC, pgtypes.Style{}, nil
	out := &Brought{use: u}
	b := newBinder(q.statement, q.catalog, env, nil, true)
	texts := []string{}
	for i, c := range u.Columns {
		at := slices.IndexFunc(u.Relation.Columns, func(col Column) bool { return col.Name == c })
		t := columnType(u.Relation.Columns[at].Type)
		read, err := b.brought("c"+strconv.Itoa(i+1), t)
		if err != nil {
			return nil, pgerr.New(pgerr.FeatureNotSupported, "column %s.%s of type %s in a query over tables and system relations at once is not supported yet",
				u.Relation.Name, c, typeText(t))
		}
		texts = append(texts, "CAST("+quoteIdent(c)+" AS text)")
		out.reads = append(out.reads, read)
	}
	if len(texts) == 0 {
		texts = append(texts, "CAST(1 AS text)")
	}
	text := "SELECT " + strings.Join(texts, ", ") + " FROM " + quoteIdent(u.Relation.Name.Schema) + "." + quoteIdent(u.Relation.Name.Table)
	if where := u.predicates(); len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	statements, err := Postgres.Parse(text)
	if err != nil {
		return nil, err
	}
	out.Statement = statements[0]
	out.Statement.Hints = q.statement.Hints
	out.Query, err = bind(out.Statement, q.catalog, env, nil, []Arg{})
	return out, err
}

// brought gives DuckDB's text of the value that a column of texts holds.
func (b *binder) brought(column string, t pgtypes.Type) (string, error) {
	if t.OID == pgtypes.Numeric { // as a column has it: narrow
		if t.Typmod < 0 {
			return "", b.unsupported(-1, "a numeric without a scale")
		}
		return "CAST(" + column + " AS " + duckType(t) + ")", nil
	}
	if isText(t.OID) && t.OID != pgtypes.BPChar {
		return column, nil
	}
	if t.OID == pgtypes.Time {
		return "CAST(" + column + " AS TIME)", nil
	}
	t.Typmod = -1 // the values have it already
	e, err := b.castExpr(computed(pgtypes.Text, column), t)
	if err != nil {
		return "", err
	}
	return e.sql, nil
}

// Item gives the FROM item over a table that holds the statement's rows.
func (b *Brought) Item(table string) string {
	items := make([]string, 0, len(b.reads)+1)
	for i, read := range b.reads {
		items = append(items, read+" AS "+name(b.use.Columns[i]))
	}
	if b.use.tableOID {
		n := quoteIdent(b.Query.shownSchema(b.use.Relation)) + "." + quoteIdent(b.use.Relation.Name.Table)
		items = append(items, "pgc.regclass_oid("+quoteText(n)+") AS "+tableOIDColumn)
	}
	if len(items) == 0 {
		items = append(items, "c1")
	}
	return "(SELECT " + strings.Join(items, ", ") + " FROM " + table + ")"
}

// shownSchema is a relation's schema as the system relations tell it.
func (q *Query) shownSchema(r *Relation) string {
	if c, ok := q.catalog.(Temporaries); ok && r.Class == ClassTemporary {
		return c.TemporarySchema()
	}
	return r.Name.Schema
}

// Texts is the number of columns that the statement gives.
func (b *Brought) Texts() int { return max(1, len(b.reads)) }

// predicates write what Where says in PostgreSQL's words, as far as it can be written.
func (u *Use) predicates() (all []string) {
	for _, c := range u.Relation.Columns {
		d, ok := u.Where[c.Name]
		if !ok || len(d.Intervals) > maxBroughtIntervals {
			continue
		}
		if text, ok := d.predicate(quoteIdent(c.Name), c.Type); ok {
			all = append(all, text)
		}
	}
	return all
}

// maxBroughtIntervals is how long a predicate on one column becomes: beyond it more rows are brought than are needed.
const maxBroughtIntervals = 100

func (d Domain) predicate(column string, t pgtypes.Type) (text string, ok bool) {
	var ranges []string
	if d.Null {
		ranges = append(ranges, column+" IS NULL")
	}
	for _, i := range d.Intervals {
		all := []string{column + " IS NOT NULL"}
		for _, bound := range []struct {
			value *pgtypes.Datum
			op    string
			open  bool
		}{{i.Low, " >", i.LowOpen}, {i.High, " <", i.HighOpen}} {
			if bound.value == nil {
				continue
			}
			literal, ok := literalOf(*bound.value, t)
			if !ok {
				return "", false
			}
			if !bound.open {
				bound.op += "="
			}
			all = append(all, column+bound.op+" "+literal)
		}
		ranges = append(ranges, strings.Join(all, " AND "))
	}
	if len(ranges) == 0 {
		return "false", true
	}
	return "(" + strings.Join(ranges, " OR ") + ")", true
}

// literalOf writes a value as PostgreSQL reads it. Floats are left out: their texts are not all constants.
func literalOf(d pgtypes.Datum, t pgtypes.Type) (string, bool) {
	switch d.Class {
	case pgtypes.ClassBool:
		return strconv.FormatBool(d.I != 0), true
	case pgtypes.ClassInt:
		return strconv.FormatInt(d.I, 10), true
	case pgtypes.ClassNumeric:
		return quoteText(d.S) + "::numeric", true // it may be NaN
	case pgtypes.ClassText:
		return quoteText(d.S) + "::text", isText(t.OID)
	case pgtypes.ClassDate:
		return quoteText(string(pgtypes.AppendDate(nil, int32(d.I)))) + "::date", true
	case pgtypes.ClassTimestamp:
		return quoteText(string(pgtypes.AppendTimestamp(nil, d.I))) + "::timestamp", true
	case pgtypes.ClassTimestamptz:
		return quoteText(string(pgtypes.AppendTimestamptz(nil, d.I, pgtypes.NewZone(time.UTC)))) + "::timestamptz", true
	default:
		return "", false
	}
}
