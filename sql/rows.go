package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// rowExpr binds ROW(a, b) as a value.
func (b *binder) rowExpr(n *pg_query.RowExpr, sc *scope) (*expr, error) {
	if len(n.Args) == 0 {
		return nil, b.unsupported(n.Location, "a row without columns")
	}
	args, err := b.rowArgs(n.Args, sc)
	if err != nil {
		return nil, err
	}
	var fields []field
	for i, a := range args {
		e, err := b.ofAnyType(a)
		if err != nil {
			return nil, err
		}
		fields = append(fields, field{"f" + itoa(i+1), e})
	}
	return b.row(fields, n.Location)
}

// rowArgs binds what ROW lists: a star there stands for columns.
func (b *binder) rowArgs(list []*pg_query.Node, sc *scope) ([]*expr, error) {
	var out []*expr
	for _, n := range list {
		if c := n.GetColumnRef(); c != nil {
			if parts, star := fields(c); star {
				columns, err := b.star(parts, c.Location, sc)
				if err != nil {
					return nil, err
				}
				for _, v := range columns {
					out = append(out, b.reference(v, c.Location))
				}
				continue
			}
		}
		e, err := b.expr(n, sc)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// row makes a row of its columns: the text that record_out writes.
func (b *binder) row(fields []field, pos int32) (*expr, error) {
	var texts []string
	var parts []*expr
	for _, f := range fields {
		text, err := b.outText(f.e)
		if err != nil {
			return nil, err
		}
		texts, parts = append(texts, text.sql), append(parts, text)
	}
	e := computed(pgtypes.Record, "tg_row_out("+listOf(texts)+")", parts...)
	e.collation = collation{} // the columns keep theirs
	e.fields, e.pos = fields, pos
	e.when = min(e.when, perStatement) // PostgreSQL makes no constant of a row
	return e, nil
}

// wholeRow gives all columns of a FROM item as one value; nil if there is no such item.
func (b *binder) wholeRow(parts []string, pos int32, sc *scope) (*expr, error) {
	schema := ""
	if len(parts) > 1 {
		schema = parts[len(parts)-2]
	}
	for s := sc; s != nil; s = s.outer {
		t, n := s.table(schema, parts[len(parts)-1])
		if n != 1 || len(parts) > 2 {
			continue
		}
		if t.scalar {
			return b.reference(t.columns[0], pos), nil
		}
		if t.filled {
			return nil, b.unsupported(pos, "the whole row of a side that an outer join fills up, as a value")
		}
		var fields []field
		for _, v := range t.columns {
			fields = append(fields, field{v.name, b.reference(v, pos)})
		}
		e, err := b.row(fields, pos)
		if err == nil {
			e.table = t.relation != nil
		}
		return e, err
	}
	return nil, nil
}

// rowField gives a column of a row by its name.
func (b *binder) rowField(row *expr, name string) (*expr, error) {
	if row.fields == nil {
		return nil, b.fail(pgerr.WrongObjectType, row.pos, "column notation .%s applied to type %s, which is not a composite type", name, postgresTables().typeName(row.oid()))
	}
	for _, f := range row.fields {
		if f.name == name {
			return f.e, nil
		}
	}
	return nil, b.fail(pgerr.UndefinedColumn, row.pos, "could not identify column %q in record data type", name)
}

// wholeRow gives x of (x).*.
func wholeRow(n *pg_query.Node) (*pg_query.Node, bool) {
	i := n.GetAIndirection()
	if steps := i.GetIndirection(); len(steps) != 1 || steps[0].GetAStar() == nil {
		return nil, false
	}
	return i.Arg, true
}

// fieldOf writes (x).name.
func fieldOf(x *pg_query.Node, name string) *pg_query.Node {
	field := &pg_query.Node{Node: &pg_query.Node_String_{String_: &pg_query.String{Sval: name}}}
	return &pg_query.Node{Node: &pg_query.Node_AIndirection{AIndirection: &pg_query.A_Indirection{Arg: x, Indirection: []*pg_query.Node{field}}}}
}

// rowNames gives the names of the fields of a column, or of what a function gives. The function is not bound for it: as in
// PostgreSQL it is called once for each of its fields.
func (b *binder) rowNames(x *pg_query.Node, sc *scope) (names []string, err error) {
	if f := x.GetFuncCall(); f != nil {
		_, fn := functionName(f)
		if names := fieldsOf(fn); names != nil {
			return names, nil
		}
	}
	if x.GetColumnRef() == nil {
		return nil, b.unsupported(location(x), "all columns of a value")
	}
	e, err := b.expr(x, sc)
	if err != nil {
		return nil, err
	}
	if e.fields == nil {
		return nil, pgerr.New(pgerr.WrongObjectType, "type %s is not composite", postgresTables().typeName(e.oid()))
	}
	for _, f := range e.fields {
		names = append(names, f.name)
	}
	return names, nil
}

// rowNull writes IS NULL and IS NOT NULL of a row, which look at its columns.
func (b *binder) rowNull(row *expr, is bool) *expr {
	word := " IS NOT NULL"
	if is {
		word = " IS NULL"
	}
	var texts []string
	for _, f := range row.fields {
		texts = append(texts, f.e.sql+word)
	}
	return computed(pgtypes.Bool, "("+strings.Join(texts, " AND ")+")", row)
}

// rowOrder spells (a, b) < (c, d) out: the first pair that is not equal decides.
func (b *binder) rowOrder(op string, l, r []*expr, pos int32) (*expr, error) {
	last := len(l) - 1
	e, err := b.operator(op, l[last], r[last], pos)
	if err != nil {
		return nil, err
	}
	strict := op[:1]
	for i := last - 1; i >= 0; i-- {
		less, err := b.operator(strict, l[i], r[i], pos)
		if err != nil {
			return nil, err
		}
		equal, err := b.operator("=", l[i], r[i], pos)
		if err != nil {
			return nil, err
		}
		p := orProof(less.proof, andProof(equal.proof, e.proof))
		e = computed(pgtypes.Bool, "("+less.sql+" OR ("+equal.sql+" AND "+e.sql+"))", less, equal, e)
		e.proof = p
	}
	return e, nil
}
