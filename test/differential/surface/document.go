package surface

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tidegate/sql"
)

// Document is what docs/semantics.md is made of.
type Document struct {
	Findings   []*Finding
	Types      []Type
	Answered   map[uint32]bool // types that expressions can have
	Proofs     *Proofs
	Statements int      // of the scripts
	Refusals   []string // "# refused" of the scripts, with reasons
}

// Markdown writes the tables: what is answered, one line each, then what is refused, by reason.
func (d *Document) Markdown() string {
	var b strings.Builder
	for _, k := range []Kind{Function, Aggregate, Window, Operator, Cast} {
		d.answered(&b, k)
	}
	d.types(&b)
	redshift(&b)
	d.refused(&b)
	if len(d.Refusals) > 0 {
		b.WriteString("\n## Refused in the scripts\n\n")
		for _, r := range d.Refusals {
			fmt.Fprintf(&b, "- %s\n", r)
		}
	}
	return b.String()
}

func (d *Document) answered(b *strings.Builder, k Kind) {
	var lines []string
	total := 0
	for _, f := range d.Findings {
		if f.Kind != k {
			continue
		}
		total++
		if f.State == Refused {
			continue
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s | %s |", code(f.Signature()), f.Result.Name, d.state(f), d.proven(f)))
	}
	fmt.Fprintf(b, "\n## %ss: %d of %d\n\n| %s | gives | here | proven by |\n|---|---|---|---|\n", strings.ToUpper(string(k[:1]))+string(k[1:]), len(lines), total, k)
	b.WriteString(strings.Join(lines, "\n") + "\n")
}

// state says what Tidegate does with it.
func (d *Document) state(f *Finding) string {
	var words []string
	switch {
	case f.State == System:
		words = append(words, "in queries of catalogs")
	case f.Kind == Aggregate && slices.ContainsFunc(f.Args, func(t Type) bool { return t.Name == "real" || t.Name == "double precision" }) && isSum(f.Name):
		words = append(words, "approximate")
	default:
		words = append(words, string(f.State))
	}
	if f.Constant {
		words = append(words, "with constant texts or intervals")
	}
	return strings.Join(words, "; ")
}

// isSum tells the aggregates whose last digits depend on the order of the rows.
func isSum(name string) bool {
	for _, prefix := range []string{"sum", "avg", "stddev", "var", "corr", "covar", "regr_"} {
		if strings.HasPrefix(name, prefix) && name != "regr_count" {
			return true
		}
	}
	return false
}

func (d *Document) proven(f *Finding) string {
	switch {
	case f.Kind == Operator:
		return strconv.Itoa(d.Proofs.Operators[f.OID])
	case f.OID == 0: // a cast without a function leaves no trace
		return "·"
	}
	return strconv.Itoa(d.Proofs.Functions[f.OID])
}

func (d *Document) types(b *strings.Builder) {
	var here, not []string
	for _, t := range d.Types {
		switch {
		case t.Category == 'P' || t.Category == 'X' || t.Category == 'Z':
		case d.Answered[t.OID]:
			here = append(here, t.Name)
		default:
			not = append(not, t.Name)
		}
	}
	fmt.Fprintf(b, "\n## Types: %d of %d\n\nAnswered: %s.\n\nRefused: %s.\n", len(here), len(here)+len(not), strings.Join(here, ", "), strings.Join(not, ", "))
}

// redshift lists what the dialect adds. Only its documentation says what that means.
func redshift(b *strings.Builder) {
	b.WriteString("\n## dialect: redshift, documentation only\n\n| function or rule | arguments | here | page of Redshift's guide | note |\n|---|---|---|---|---|\n")
	for _, r := range sql.RedshiftRules() {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", cell(r.Name), cell(strings.ReplaceAll(r.Arguments, "|", " or ")), string(r.Semantics), cell(r.Page), cell(r.Note))
	}
}

func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

// refused groups signatures by the reason.
func (d *Document) refused(b *strings.Builder) {
	byReason := map[string][]string{}
	for _, f := range d.Findings {
		if f.State == Refused {
			r := d.reason(f)
			byReason[r] = append(byReason[r], code(f.Signature()))
		}
	}
	var reasons []string
	for r := range byReason {
		reasons = append(reasons, r)
	}
	slices.SortFunc(reasons, func(x, y string) int {
		return cmp.Or(cmp.Compare(len(byReason[y]), len(byReason[x])), cmp.Compare(x, y))
	})
	b.WriteString("\n## Refused\n")
	for _, r := range reasons {
		fmt.Fprintf(b, "\n**%s** (%d): %s\n", r, len(byReason[r]), strings.Join(byReason[r], ", "))
	}
}

// reason is why an entry is refused: a type that is not known here, or that nobody wrote it yet.
func (d *Document) reason(f *Finding) string {
	switch {
	case f.Internal:
		return "stands behind an operator, an index or an aggregate"
	case f.Kind == Function && administration.MatchString(f.Name):
		return "administration and statistics of a server"
	}
	for _, t := range append(slices.Clone(f.Args), f.Result) {
		switch name := strings.Trim(t.Name, `"`); {
		case t.OID == 0 || d.Answered[t.OID]:
		case strings.Contains(name, "range") || strings.Contains(name, "enum"):
			return "ranges and enums"
		case strings.HasPrefix(name, "any") || name == "record" || name == "void":
		default:
			return "type " + t.Name
		}
	}
	if strings.HasPrefix(f.Reason, string(f.Kind)+" ") || strings.HasPrefix(f.Reason, "function ") || strings.HasPrefix(f.Reason, "operator ") ||
		strings.HasPrefix(f.Reason, "a cast from ") {
		return "not written yet"
	}
	return f.Reason
}

var administration = regexp.MustCompile(`^(pg_|has_|lo_|lo[a-z]+$|txid_|to_reg|row_security|set_config|setval|nextval|currval|lastval|inet_|ts_|cursor_|query_to|table_to|schema_to|database_to|xml)`)

func code(text string) string { return "`" + cell(text) + "`" }
