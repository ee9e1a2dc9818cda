// Package surface tells what of PostgreSQL's functions, operators, casts and types Tidegate answers, and how: it asks a
// real PostgreSQL 15 what there is, and the binder what it makes of each.
//
// The random queries are made of what it finds, and docs/semantics.md is written from it.
package surface

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Kind is what an entry is.
type Kind string

// The kinds of entry.
const (
	Function  Kind = "function"
	Aggregate Kind = "aggregate"
	Window    Kind = "window function"
	Operator  Kind = "operator"
	Cast      Kind = "cast"
)

// Entry is a function, operator or cast of PostgreSQL.
type Entry struct {
	Kind     Kind
	OID      uint32 // of pg_proc or pg_operator; of a cast 0
	Name     string
	Args     []Type // of an operator: left (OID 0 for a prefix operator) and right
	Result   Type
	Set      bool // it returns rows
	Volatile bool
	direct   int  // of an ordered-set aggregate: how many arguments are outside of WITHIN GROUP; else -1
	method   byte // of a cast: f a function, i by text, b binary
}

// Type is a type of PostgreSQL.
type Type struct {
	OID      uint32
	Name     string // as format_type writes it
	Category byte   // pg_type.typcategory
	Element  uint32 // of an array
}

// Signature writes an entry as PostgreSQL's messages do.
func (e *Entry) Signature() string {
	var args []string
	for _, a := range e.Args {
		if a.OID != 0 {
			args = append(args, a.Name)
		}
	}
	switch {
	case e.Kind == Cast:
		return args[0] + " → " + e.Result.Name
	case e.Kind == Operator && len(args) == 1:
		return e.Name + " " + args[0]
	case e.Kind == Operator:
		return args[0] + " " + e.Name + " " + args[1]
	}
	return e.Name + "(" + strings.Join(args, ", ") + ")"
}

// Catalog is what a PostgreSQL has, as far as SQL can name it: what takes or gives internal types is left out.
type Catalog struct {
	Types   map[uint32]Type
	Entries []*Entry
}

const typesQuery = `select oid, format_type(oid, null), typcategory, typelem from pg_type where typtype <> 'c' and typnamespace = 'pg_catalog'::regnamespace`

const functionsQuery = `select p.oid, proname, prokind, proargtypes::text, prorettype, proretset, provolatile = 'v',
	case when a.aggkind in ('o', 'h') then a.aggnumdirectargs else -1 end
from pg_proc p left join pg_aggregate a on a.aggfnoid = p.oid
where pronamespace = 'pg_catalog'::regnamespace and prokind in ('f', 'a', 'w')
	and not exists (select from unnest(array_append(proargtypes::oid[], prorettype)) t join pg_type y on y.oid = t
		where y.typtype = 'p' and y.typname not in ('anyelement', 'anyarray', 'anynonarray', 'anycompatible', 'anycompatiblearray',
			'anycompatiblenonarray', 'any', 'record', 'anyenum', 'anyrange', 'anymultirange', 'anycompatiblerange', 'anycompatiblemultirange', 'void'))
order by proname, proargtypes::text`

const operatorsQuery = `select oid, oprname, oprleft, oprright, oprresult from pg_operator where oprnamespace = 'pg_catalog'::regnamespace order by oprname, oprleft, oprright`

const castsQuery = `select castsource, casttarget, castmethod from pg_cast order by 1, 2`

// ReadCatalog asks PostgreSQL.
func ReadCatalog(ctx context.Context, c *pgconn.PgConn) (*Catalog, error) {
	out := &Catalog{Types: map[uint32]Type{}}
	for _, read := range []struct {
		query string
		row   func([]string)
	}{
		{typesQuery, out.addType}, {functionsQuery, out.addFunction}, {operatorsQuery, out.addOperator}, {castsQuery, out.addCast},
	} {
		results, err := c.Exec(ctx, read.query).ReadAll()
		if err != nil {
			return nil, fmt.Errorf("read PostgreSQL's catalog: %w", err)
		}
		for _, row := range results[0].Rows {
			var texts []string
			for _, v := range row {
				texts = append(texts, string(v))
			}
			read.row(texts)
		}
	}
	return out, nil
}

func oid(text string) uint32 {
	n, _ := strconv.ParseUint(text, 10, 32) // PostgreSQL wrote it
	return uint32(n)
}

func (c *Catalog) addType(row []string) {
	c.Types[oid(row[0])] = Type{OID: oid(row[0]), Name: row[1], Category: row[2][0], Element: oid(row[3])}
}

func (c *Catalog) addFunction(row []string) {
	e := &Entry{OID: oid(row[0]), Name: row[1], Result: c.Types[oid(row[4])], Set: row[5] == "t", Volatile: row[6] == "t"}
	e.Kind = map[string]Kind{"f": Function, "a": Aggregate, "w": Window}[row[2]]
	for a := range strings.FieldsSeq(row[3]) {
		e.Args = append(e.Args, c.Types[oid(a)])
	}
	e.direct, _ = strconv.Atoi(row[7])
	c.Entries = append(c.Entries, e)
}

func (c *Catalog) addOperator(row []string) {
	c.Entries = append(c.Entries, &Entry{
		Kind: Operator, OID: oid(row[0]), Name: row[1], Args: []Type{c.Types[oid(row[2])], c.Types[oid(row[3])]}, Result: c.Types[oid(row[4])],
	})
}

func (c *Catalog) addCast(row []string) {
	source, target := c.Types[oid(row[0])], c.Types[oid(row[1])]
	if source.OID != 0 && target.OID != 0 && source.OID != target.OID {
		c.Entries = append(c.Entries, &Entry{Kind: Cast, Name: "cast", Args: []Type{source}, Result: target, method: row[2][0]})
	}
}
