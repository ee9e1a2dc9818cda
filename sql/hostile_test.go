package sql_test

import (
	"fmt"
	"strings"
	"testing"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// hostile are texts that grow with n: what nests, and what is long.
func hostile(n int) map[string]string {
	nest := func(open, inner, end string) string {
		return "select " + strings.Repeat(open, n) + inner + strings.Repeat(end, n)
	}
	list := func(item, by string) string { return strings.TrimSuffix(strings.Repeat(item+by, n), by) }
	return map[string]string{
		"parentheses":   nest("(", "1", ")"),
		"minus":         "select " + strings.Repeat("- ", n) + "1",
		"not":           "select " + strings.Repeat("not ", n) + "true",
		"casts":         "select 1" + strings.Repeat("::int", n),
		"subscripts":    "select (array[1])" + strings.Repeat("[1]", n),
		"arrays":        nest("array[", "1", "]"),
		"functions":     nest("abs(", "1", ")"),
		"coalesce":      nest("coalesce(", "1", ")"),
		"case":          nest("case when true then ", "1", " end"),
		"rows":          nest("row(", "1", ")"),
		"subqueries":    nest("(select ", "1", ")"),
		"derived":       "select * from " + strings.Repeat("(select * from ", n) + "events" + strings.Repeat(") q", n),
		"exists":        "select 1 where " + strings.Repeat("exists (select 1 where ", n) + "true" + strings.Repeat(")", n),
		"in":            "select 1 where " + strings.Repeat("1 in (select 1 where ", n) + "true" + strings.Repeat(")", n),
		"with":          "with " + list("a as (with ", "") + "b as (select 1) select 1 " + strings.Repeat(") select 1", n),
		"joins":         "select * from " + strings.Repeat("(", n) + "events" + strings.Repeat(" cross join events)", n),
		"lateral":       "select * from events" + strings.Repeat(", lateral (select 1", n) + strings.Repeat(") q", n),
		"plus":          "select " + list("1", " + "),
		"concatenation": "select " + list("'a'", " || "),
		"and":           "select * from events where " + list("site_id = 1", " and "),
		"or":            "select * from events where " + list("site_id = 1", " or "),
		"mixed":         "select * from events where " + strings.Repeat("(site_id = 1 and (site_id = 2 or ", n) + "true" + strings.Repeat("))", n),
		"union":         list("select 1", " union "),
		"nested union":  strings.Repeat("(", n) + "select 1" + strings.Repeat(" union select 1)", n),
		"unclosed":      "select " + strings.Repeat("(", n),
		"closed":        "select " + strings.Repeat(")", n),
		"quotes":        "select " + strings.Repeat("'", n),
		"comments":      strings.Repeat("/*", n) + "select 1",
		"targets":       "select " + list("1", ", "),
		"values":        "values " + list("(1)", ", "),
		"in list":       "select * from events where site_id in (" + list("1", ", ") + ")",
		"from":          "select 1 from " + list("events", ", "),
		"grouping sets": "select 1 from events group by " + strings.Repeat("grouping sets (", n) + "site_id" + strings.Repeat(")", n),
		"cube":          "select 1 from events group by cube (" + list("site_id", ", ") + ")",
		"windows":       "select 1 from events window " + list("w as ()", ", "),
		"statements":    list("select 1", ";"),
		"name":          "select " + strings.Repeat("x", n),
		"number":        "select " + strings.Repeat("9", n),
		"qualified":     "select " + list("a", "."),
		"parameter":     "select $" + strings.Repeat("9", n),
		"interval":      "select interval '" + strings.Repeat("1 day ", n) + "'",
		"json":          "select '" + strings.Repeat("[", n) + strings.Repeat("]", n) + "'::json",
		"array text":    "select '" + strings.Repeat("{", n) + strings.Repeat("}", n) + "'::int[]",
		"regex":         "select 'a' ~ '" + strings.Repeat("(", n) + "a" + strings.Repeat(")", n) + "'",
		"like":          "select 'a' like '" + strings.Repeat("%a", n) + "'",
		"explain":       "explain " + strings.Repeat("(", n) + "select 1" + strings.Repeat(")", n),
	}
}

// TestHostile binds what nests 10,000 deep and lists of as many: an answer, or an error that names a limit, and never a
// crash, for the client's mistakes do not end the server.
func TestHostile(t *testing.T) {
	t.Parallel()
	for name, text := range hostile(10000) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			switch err := understand(text); pgerr.CodeOf(err) {
			case pgerr.InternalError:
				t.Errorf("%.80s… is an internal error: %v", text, err)
			case "":
				if deep[name] {
					t.Errorf("%.80s… is let through", text)
				}
			case pgerr.StatementTooComplex:
			default:
				if deep[name] {
					t.Errorf("%.80s… is %v, want 54001", text, err)
				}
			}
		})
	}
}

// deep are the texts whose depth alone is too much; the others are long, or wrong in another way.
var deep = map[string]bool{
	"functions": true, "coalesce": true, "case": true, "subqueries": true, "derived": true, "exists": true, "in": true,
	"mixed": true, "minus": true, "not": true, "nested union": true, "parentheses": false,
}

// TestLongStatement reads a statement of 10 MB.
func TestLongStatement(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"select '" + strings.Repeat("x", 10<<20) + "'", strings.Repeat(" ", 10<<20) + "select 1", "/*" + strings.Repeat("x", 10<<20) + "*/ select 1",
		"select " + strings.Repeat("1,", 5<<20) + "1", strings.Repeat("select 1;", 1<<20), strings.Repeat("(", 10<<20),
	} {
		if err := understand(text); pgerr.CodeOf(err) != pgerr.ProgramLimitExceeded {
			t.Errorf("%.20s… of %d bytes is %v, want 54000", text, len(text), err)
		}
	}
}

// understand parses and binds every statement of a text.
func understand(text string) error {
	sql.Normalize(text)
	statements, err := sql.Parse(text)
	if err != nil {
		return err
	}
	for _, s := range statements {
		_, _ = s.Fingerprint(), s.Normalized()
		if s.Kind != sql.KindSelect {
			continue
		}
		q, err := sql.Bind(s, testTables(), testEnv())
		if err != nil {
			return err
		}
		if _, err := q.Render(func(u *sql.Use) (string, error) { return "lake." + u.Relation.Name.Table, nil }); err != nil {
			return fmt.Errorf("render: %w", err)
		}
	}
	return nil
}
