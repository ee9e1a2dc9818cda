package sql

import (
	"strings"

	"tidegate/internal/pgtext"
	"tidegate/internal/pgtypes"
)

// like writes ~~ !~~ ~~* !~~*, which LIKE and ILIKE are. DuckDB has no default escape character; PostgreSQL's is the
// backslash. One at the end of a pattern is an error only for texts that match up to it.
func (b *binder) like(op string, x, p *expr) *expr {
	if strings.HasSuffix(op, "*") {
		x = computed(pgtypes.Text, "tg_lower("+x.sql+")", x)
		if p.isText {
			p = textConstant(pgtext.Lower(p.literal), p.typ)
		} else {
			p = computed(pgtypes.Text, "tg_lower("+p.sql+")", p)
		}
	}
	not := strings.HasPrefix(op, "!")
	trailing := len(p.literal) - len(strings.TrimRight(p.literal, `\`))
	if !p.isText || trailing%2 != 0 {
		text := "tg_like(" + x.sql + ", " + p.sql + ")"
		if not {
			text = "(NOT " + text + ")"
		}
		return computed(pgtypes.Bool, text, x, p)
	}
	text := " LIKE " + p.sql
	if not {
		text = " NOT LIKE " + p.sql
	}
	if strings.Contains(p.literal, `\`) {
		text += ` ESCAPE '\'`
	}
	return computed(pgtypes.Bool, "("+x.sql+text+")", x, p)
}

// isParam reports whether e is a parameter whose value is not known yet.
func (e *expr) isParam() bool { return !e.constant && strings.HasPrefix(e.sql, "CAST(NULL AS ") }
