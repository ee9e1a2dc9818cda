// Package surface tells what of PostgreSQL's functions, operators, casts and types Tidegate answers, and how: it asks a
// real PostgreSQL 15 what there is, and the binder what it makes of each.
//
// The random queries are made of what it finds, and docs/semantics.md is written from it.
package surface

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
	OID      uint32 // of pg_proc or pg_operator; of a cast its function, 0 without one
	Name     string
	Args     []Type // of an operator: left (OID 0 for a prefix operator) and right
	Result   Type
	Set      bool // it returns rows
	Volatile bool
	variadic bool // the last argument stands for any number
	Internal bool // it stands behind an operator, an index or an aggregate, and nobody calls it by name
	Direct   int  // of an ordered-set aggregate: how many arguments are outside of WITHIN GROUP; else -1
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

const functionsQuery = `select p.oid, proname, prokind, proargtypes::text, prorettype, proretset, provolatile = 'v', provariadic <> 0,
	case when a.aggkind in ('o', 'h') then a.aggnumdirectargs else -1 end,
	prokind = 'f' and coalesce(obj_description(p.oid, 'pg_proc'), '') ~ '^(implementation of|I/O|hash|less-equal-greater|internal|deprecated|sort support|aggregate|planner support|in_range|equal image|restriction|join sel|larger of|smaller of|adjust .*(precision|typmod|length)|conversion|latest|determine|.*_ops support|(BRIN|SP-GiST|GIN|GiST|btree|trigger|opc))'
		or prokind = 'f' and proname ~ '(send|recv|typmodin|typmodout|_in|_out|_support|_sortsupport|_accum|_combine|_serialize|_deserialize|_inv|_transfn|_finalfn)$|^(bt|hash|gin|gist|brin|spg|cash_|RI_|binary_upgrade|interval_avg|int[248]_avg)'
from pg_proc p left join pg_aggregate a on a.aggfnoid = p.oid
where pronamespace = 'pg_catalog'::regnamespace and prokind in ('f', 'a', 'w')
	and not exists (select from unnest(array_append(proargtypes::oid[], prorettype)) t join pg_type y on y.oid = t
		where y.typtype = 'p' and y.typname not in ('anyelement', 'anyarray', 'anynonarray', 'anycompatible', 'anycompatiblearray',
			'anycompatiblenonarray', 'any', 'record', 'anyenum', 'anyrange', 'anymultirange', 'anycompatiblerange', 'anycompatiblemultirange', 'void'))
order by proname, proargtypes::text`

const operatorsQuery = `select oid, oprname, oprleft, oprright, oprresult from pg_operator where oprnamespace = 'pg_catalog'::regnamespace order by oprname, oprleft, oprright`

// Casts to and from text that go by the types' own input and output are in no catalog.
const castsQuery = `select castsource, casttarget, castmethod, castfunc from pg_cast
union all select s, t, 'i', 0 from (
	select oid as s, 25 as t from pg_type where typtype = 'b' and typnamespace = 'pg_catalog'::regnamespace and typcategory <> 'A' and typcategory <> 'S' and typname !~ '^(pg_|reg)'
	union all select 25, oid from pg_type where typtype = 'b' and typnamespace = 'pg_catalog'::regnamespace and typcategory <> 'A' and typcategory <> 'S' and typname !~ '^(pg_|reg)'
) x where not exists (select from pg_cast where castsource = s and casttarget = t)
order by 1, 2`

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
	e.variadic = row[7] == "t"
	e.Direct, _ = strconv.Atoi(row[8])
	e.Internal = row[9] == "t"
	c.Entries = append(c.Entries, e)
}

func (c *Catalog) addOperator(row []string) {
	c.Entries = append(c.Entries, &Entry{
		Kind: Operator, OID: oid(row[0]), Name: row[1], Args: []Type{c.Types[oid(row[2])], c.Types[oid(row[3])]}, Result: c.Types[oid(row[4])], Direct: -1,
	})
}

func (c *Catalog) addCast(row []string) {
	source, target := c.Types[oid(row[0])], c.Types[oid(row[1])]
	if source.OID != 0 && target.OID != 0 && source.OID != target.OID {
		c.Entries = append(c.Entries, &Entry{Kind: Cast, OID: oid(row[3]), Name: "cast", Args: []Type{source}, Result: target, Direct: -1})
	}
}

// SortedTypes gives the types by name.
func (c *Catalog) SortedTypes() []Type {
	list := slices.Collect(maps.Values(c.Types))
	slices.SortFunc(list, func(a, b Type) int { return strings.Compare(a.Name, b.Name) })
	return list
}
