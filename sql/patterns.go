package sql

import (
	"strings"

	"tidegate/internal/pgtypes"
)

// like writes ~~ !~~ ~~* !~~*, which LIKE and ILIKE are. DuckDB has no default escape character; PostgreSQL's is the
// backslash. One at the end of a pattern is an error only for texts that match up to it.
func (b *binder) like(op string, x, p *expr) *expr {
	text := ""
	trailing := len(p.literal) - len(strings.TrimRight(p.literal, `\`))
	switch {
	case p.isText && trailing%2 == 0:
		text = "(" + x.sql + map[string]string{"~~": " LIKE ", "!~~": " NOT LIKE ", "~~*": " ILIKE ", "!~~*": " NOT ILIKE "}[op] + p.sql
		if strings.Contains(p.literal, `\`) {
			text += ` ESCAPE '\'`
		}
		return computed(pgtypes.Bool, text+")", x, p)
	case strings.HasSuffix(op, "*"):
		text = "tg_like(lower(" + x.sql + "), lower(" + p.sql + "))"
	default:
		text = "tg_like(" + x.sql + ", " + p.sql + ")"
	}
	if strings.HasPrefix(op, "!") {
		text = "(NOT " + text + ")"
	}
	return computed(pgtypes.Bool, text, x, p)
}

// isParam reports whether e is a parameter whose value is not known yet.
func (e *expr) isParam() bool { return !e.constant && strings.HasPrefix(e.sql, "CAST(NULL AS ") }
