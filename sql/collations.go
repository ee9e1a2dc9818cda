package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// collation is what PostgreSQL knows of a text's collation when it has analysed a statement (parse_collate.c). All that are
// let in order by bytes, so it decides no answer: but texts whose collations differ may not always meet.
type collation struct {
	strength    collationStrength
	name, other string // other is the one that name meets, of conflicting and mismatched
	pos         int32  // of COLLATE, or of the column that has it; of the other one
}

// collationStrength says how a collation came about, and so which of two wins: the greater one.
type collationStrength byte

const (
	uncollated   collationStrength = iota // no text, or one with the collation of its type
	undetermined                          // a column of a subquery that is made of conflicting ones
	inherent                              // that of the type
	implicit                              // of a column to which COLLATE gave it
	conflicting                           // two implicit ones: an error where a collation is needed
	explicit                              // COLLATE
	mismatched                            // two explicit ones: an error
)

// collatable reports whether values of a type have a collation.
func collatable(t pgtypes.OID) bool {
	p := postgresTables()
	return p.category(t) == 'S' || p.category(p.elementOf(t)) == 'S'
}

// collationOf is what an expression brings into one that it is part of.
func collationOf(e *expr) collation {
	c := e.collation
	switch {
	case c.strength == mismatched:
	case !collatable(e.typ.OID):
		return collation{}
	case c.strength == uncollated && (e.typ.OID == pgtypes.Name || postgresTables().elementOf(e.typ.OID) == pgtypes.Name):
		return collation{strength: implicit, name: "C", pos: e.pos}
	case c.strength == uncollated:
		c.strength = inherent
	}
	return c
}

// meets is the collation of what has parts of both.
func (c collation) meets(d collation) collation {
	switch {
	case d.strength != c.strength:
		if d.strength > c.strength {
			return d
		}
	case c.strength == implicit && c.name != d.name:
		return collation{strength: conflicting, name: c.name, other: d.name, pos: d.pos}
	case c.strength == explicit && c.name != d.name:
		return collation{strength: mismatched, name: c.name, other: d.name, pos: d.pos}
	}
	return c
}

// ofColumn is the collation of a column whose values have c.
func (c collation) ofColumn() collation {
	switch c.strength {
	case conflicting, mismatched:
		c.strength = undetermined
	case explicit:
		c.strength = implicit
	default:
	}
	return c
}

// collate gives a text a collation: one of those that are the order of bytes.
func (b *binder) collate(n *pg_query.CollateClause, sc *scope) (*expr, error) {
	e, err := b.expr(n.Arg, sc)
	if err != nil {
		return nil, err
	}
	if t := e.oid(); t != 0 && !collatable(t) {
		return nil, b.fail(pgerr.DatatypeMismatch, n.Location, "collations are not supported by type %s", postgresTables().typeName(t))
	}
	name := operatorName(n.Collname)
	switch name {
	case "default", "C", "POSIX", "ucs_basic", "C.utf8":
	default:
		return nil, b.unsupported(n.Location, "collation %q", name)
	}
	collated := *e
	collated.collation = collation{strength: explicit, name: name, pos: n.Location}
	return &collated, nil
}

// collated notes the error of collations that may not meet in e, which was written as n. PostgreSQL looks for those when it has
// analysed a whole SELECT. What it only finds when it computes e is left to the engine.
func (b *binder) collated(e *expr, n *pg_query.Node) (*expr, error) {
	c := e.collation
	if c.strength == uncollated {
		return e, nil
	}
	b.collide(c)
	made := n.GetColumnRef() == nil && n.GetCollateClause() == nil
	if made && (c.strength == conflicting || c.strength == undetermined) {
		need, ok := collationNeed(n)
		switch {
		case !ok:
			return nil, b.unsupported(e.pos, "a text of two collations as an argument here")
		case need != "":
			e = indeterminate(e, need)
		}
	}
	if !e.untyped() && !collatable(e.typ.OID) {
		plain := *e
		plain.collation = collation{}
		return &plain, nil
	}
	return e, nil
}

// collide notes that two texts that have COLLATE met with different ones.
func (b *binder) collide(c collation) {
	if c.strength == mismatched && b.collision == nil {
		b.collision = b.fail(pgerr.CollationMismatch, c.pos, "collation mismatch between explicit collations %q and %q", c.name, c.other)
	}
}

// collationNeed says what needs a collation to compute n, "" for nothing. ok is false where nobody looked.
func collationNeed(n *pg_query.Node) (need string, ok bool) {
	switch x := n.GetNode().(type) {
	case *pg_query.Node_AExpr:
		op := operatorName(x.AExpr.Name)
		switch {
		case op == "||" || op == "~~" || op == "!~~":
			return "", true
		case op == "~~*" || op == "!~~*":
			return "ILIKE", true
		case strings.HasSuffix(strings.TrimSuffix(op, "*"), "~"):
			return "regular expression", true
		}
		return "string comparison", flip[op] != ""
	case *pg_query.Node_MinMaxExpr:
		return "string comparison", true
	case *pg_query.Node_FuncCall:
		switch fn := operatorName(x.FuncCall.Funcname); fn {
		case "lower", "upper", "initcap":
			return fn + "() function", true
		case "length", "char_length", "octet_length", "concat", "concat_ws", "left", "right", "substr", "substring", "md5", "count", "array_agg", "string_agg":
			return "", true
		}
		return "", false
	case *pg_query.Node_TypeCast, *pg_query.Node_CoalesceExpr, *pg_query.Node_CaseExpr, *pg_query.Node_NullTest, *pg_query.Node_SubLink, *pg_query.Node_AArrayExpr:
		return "", true
	}
	return "", false
}

// indeterminate is e, which fails once its texts are there.
func indeterminate(e *expr, need string) *expr {
	var there []string
	for _, p := range e.parts {
		if collatable(p.typ.OID) {
			there = append(there, p.sql+" IS NOT NULL")
		}
	}
	failure := errorText(&pgerr.Error{Code: pgerr.IndeterminateCollation, Message: "could not determine which collation to use for " + need})
	failing := *e
	failing.sql = "CASE WHEN " + strings.Join(there, " AND ") + " THEN CAST(" + failure + " AS " + duckType(e.typ) + ") END"
	failing.proof, failing.outcome = nil, nil
	return &failing
}

// oneCollation refuses keys and columns of set operations that have two, or none.
func (b *binder) oneCollation(c collation) error {
	switch c.strength {
	case undetermined:
		return b.unsupported(c.pos, "sorting or grouping by a text without a collation")
	case conflicting:
	default:
		return nil
	}
	return b.fail(pgerr.CollationMismatch, c.pos, "collation mismatch between implicit collations %q and %q", c.name, c.other).
		WithHint("You can choose the collation by applying the COLLATE clause to one or both expressions.")
}
