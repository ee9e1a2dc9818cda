package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// like binds [NOT] LIKE and ILIKE. DuckDB has no default escape character; PostgreSQL's is the backslash.
func (b *binder) like(op string, n *pg_query.A_Expr, sc *scope) (*expr, error) {
	word := map[string]string{"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE"}[op]
	pattern, escape := n.Rexpr, `\`
	if f := pattern.GetFuncCall(); f != nil && operatorName(f.Funcname) == "like_escape" {
		c, ok := constant(f.Args[1])
		if !ok || len([]rune(c.Text)) > 1 {
			return nil, b.fail("22025", n.Location, "invalid escape string").WithHint("Escape string must be empty or one character.")
		}
		pattern, escape = f.Args[0], c.Text
	}
	x, err := b.textArg(n.Lexpr, sc, word)
	if err != nil {
		return nil, err
	}
	p, err := b.textArg(pattern, sc, word)
	if err != nil {
		return nil, err
	}
	text := x.sql + " " + word + " " + p.sql
	if escape != "" && (!p.isText || strings.Contains(p.literal, escape)) {
		if p.isText && strings.HasSuffix(p.literal, escape) && strings.Count(p.literal, escape)%2 == 1 {
			return nil, b.fail("22025", n.Location, "LIKE pattern must not end with escape character")
		}
		text += " ESCAPE " + quoteText(escape)
	}
	return computed(pgtypes.Bool, "("+text+")", x, p), nil
}

func (b *binder) textArg(n *pg_query.Node, sc *scope, what string) (*expr, error) {
	e, err := b.expr(n, sc)
	if err != nil {
		return nil, err
	}
	if !e.untyped() && !isText(e.typ.OID) {
		return nil, b.fail(pgerr.UndefinedFunction, e.pos, "%s does not exist for type %s", what, typeText(e.typ))
	}
	return b.settle(e)
}

// isParam reports whether e is a parameter whose value is not known yet.
func (e *expr) isParam() bool { return !e.constant && strings.HasPrefix(e.sql, "CAST(NULL AS ") }
