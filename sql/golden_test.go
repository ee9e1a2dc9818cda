package sql_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// TestGolden runs testdata/golden: "bind" shows all that is known of a query, "parse" what a text is,
// "decompose" how it is answered from parts.
func TestGolden(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata/golden", func(t *testing.T, path string) {
		t.Helper()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			switch d.Cmd {
			case "bind":
				return bindGolden(d)
			case "describe":
				// The rewrite of catalog queries is proven where the catalog is; here they must bind.
				return columnsOf(bindGolden(d))
			case "parse":
				return parseGolden(d.Input)
			case "decompose":
				return decomposeGolden(d)
			case "planned":
				return plannedGolden(d.Input)
			}
			d.Fatalf(t, "unknown command %s", d.Cmd)
			return ""
		})
	})
}

// plannedGolden shows what runs before the statement.
func plannedGolden(text string) string {
	statements, err := sql.Parse(text)
	if err != nil {
		return describeError(err)
	}
	q, err := sql.Bind(statements[0], testTables(), testEnv())
	if err != nil {
		return describeError(err)
	}
	if q.Planned() == "" {
		return "nothing"
	}
	return q.Planned()
}

// decomposeGolden shows the two texts of a query over parts.
func decomposeGolden(d *datadriven.TestData) string {
	statements, err := sql.Parse(d.Input)
	if err != nil {
		return describeError(err)
	}
	q, err := sql.Bind(statements[0], testTables(), testEnv())
	if err != nil {
		return describeError(err)
	}
	parts, why, err := q.Decompose()
	if err != nil {
		return describeError(err)
	}
	if why != "" {
		return "in one piece: " + why
	}
	partial, err := parts.RenderPartial(func(u *sql.Use) (string, error) { return "«" + u.Relation.Name.String() + "»", nil })
	if err != nil {
		return describeError(err)
	}
	if final := parts.RenderFinal("«parts»"); final != "" {
		return "partial: " + partial + "\nfinal: " + final
	}
	return fmt.Sprintf("partial: %s\nlimit: %d", partial, parts.Limit)
}

func bindGolden(d *datadriven.TestData) string {
	catalog := testTables()
	if d.HasArg("system") {
		catalog = systemTables()
	}
	statements, err := sql.Parse(d.Input)
	if err != nil {
		return describeError(err)
	}
	q, err := sql.Bind(statements[0], catalog, testEnv())
	if err != nil {
		return describeError(err)
	}
	var args []string
	if d.HasArg("args") {
		for _, a := range d.CmdArgs {
			if a.Key == "args" {
				args = a.Vals
			}
		}
		var values []sql.Arg
		for _, a := range args {
			values = append(values, sql.Arg{Text: a, Null: a == "NULL"})
		}
		if q, err = q.WithArgs(values); err != nil {
			return describeError(err)
		}
	}
	return describe(q)
}

// columnsOf gives the lines with the result's columns and what is used, or the error.
func columnsOf(text string) string {
	if strings.HasPrefix(text, "ERROR") {
		return text
	}
	return text[strings.Index(text, "\n  ")+1:]
}

func describeError(err error) string {
	e, ok := errors.AsType[*pgerr.Error](err)
	if !ok {
		return "internal: " + err.Error()
	}
	s := fmt.Sprintf("ERROR %s: %s", e.Code, e.Message)
	if e.Position > 0 {
		s += fmt.Sprintf(" @%d", e.Position)
	}
	if e.Detail != "" {
		s += "\n  " + e.Detail
	}
	if e.Hint != "" {
		s += "\n  " + e.Hint
	}
	return s
}

func describe(q *sql.Query) string {
	var s strings.Builder
	text, err := q.Render(func(u *sql.Use) (string, error) { return "«" + u.Relation.Name.String() + "»", nil })
	if err != nil {
		return "internal: " + err.Error()
	}
	s.WriteString(text + "\n")
	for i, n := range q.Names {
		fmt.Fprintf(&s, "  %s %s", n, q.Types[i])
		if i < len(q.Names)-1 {
			s.WriteString(",")
		}
	}
	s.WriteString("\n")
	if len(q.Params) > 0 {
		s.WriteString("params:")
		for _, p := range q.Params {
			s.WriteString(" " + pgtypes.Of(p).String())
		}
		s.WriteString("\n")
	}
	for _, u := range q.Uses {
		fmt.Fprintf(&s, "use %s as %s (%s)", u.Relation.Name, u.Alias, strings.Join(u.Columns, ", "))
		for _, c := range u.Relation.Columns {
			if d, ok := u.Where[c.Name]; ok {
				fmt.Fprintf(&s, " %s: %s", c.Name, domainText(d))
			}
		}
		if u.Exact {
			s.WriteString(" exact")
		}
		s.WriteString("\n")
	}
	if q.System {
		s.WriteString("system\n")
	}
	if h := q.Shape; h.Statistics != nil {
		fmt.Fprintf(&s, "statistics %v\n", h.Statistics)
	} else if h.Limit >= 0 {
		fmt.Fprintf(&s, "preview %d order=%q desc=%v filtered=%v\n", h.Limit, h.OrderBy, h.OrderDesc, h.Filtered)
	}
	return s.String()
}

func domainText(d sql.Domain) string {
	var parts []string
	if d.Null {
		parts = append(parts, "null")
	}
	for _, i := range d.Intervals {
		low, high := "(", ")"
		if i.Low != nil {
			low = map[bool]string{false: "[", true: "("}[i.LowOpen] + datumText(*i.Low)
		}
		if i.High != nil {
			high = datumText(*i.High) + map[bool]string{false: "]", true: ")"}[i.HighOpen]
		}
		if i.Low != nil && i.High != nil && low[1:] == high[:len(high)-1] {
			parts = append(parts, low[1:])
			continue
		}
		parts = append(parts, low+" .. "+high)
	}
	if len(parts) == 0 {
		return "{}"
	}
	return "{" + strings.Join(parts, " | ") + "}"
}

func datumText(d pgtypes.Datum) string {
	switch d.Class {
	case pgtypes.ClassDate:
		return string(pgtypes.AppendDate(nil, int32(d.I)))
	case pgtypes.ClassTimestamp:
		return string(pgtypes.AppendTimestamp(nil, d.I))
	case pgtypes.ClassTimestamptz:
		return string(pgtypes.AppendTimestamptz(nil, d.I, pgtypes.NewZone(nil)))
	case pgtypes.ClassText, pgtypes.ClassNumeric:
		return d.S
	case pgtypes.ClassFloat:
		return fmt.Sprint(d.F)
	default:
		return strconv.FormatInt(d.I, 10)
	}
}

func parseGolden(input string) string {
	statements, err := sql.Parse(input)
	if err != nil {
		return describeError(err)
	}
	var s strings.Builder
	for _, st := range statements {
		fmt.Fprintf(&s, "%d %s %q", st.Kind, st.Tag, strings.TrimSpace(st.Text))
		if st.Hints.Latency+st.Hints.Engine != "" || st.Hints.MaxScan > 0 || st.Hints.Warnings != nil {
			fmt.Fprintf(&s, " hints=%+v", st.Hints)
		}
		if st.Set != nil {
			fmt.Fprintf(&s, " set=%+v", *st.Set)
		}
		if st.Show != "" {
			s.WriteString(" show=" + st.Show)
		}
		if t := st.Transaction; t != nil {
			ro := "-"
			if t.ReadOnly != nil {
				ro = strconv.FormatBool(*t.ReadOnly)
			}
			fmt.Fprintf(&s, " %s sp=%q ro=%s iso=%q chain=%v", t.Verb, t.Savepoint, ro, t.Isolation, t.Chain)
		}
		if p := st.Prepared; p != nil {
			args := make([]sql.Arg, len(p.Args))
			for i, a := range p.Args {
				args[i] = a.Arg
			}
			fmt.Fprintf(&s, " prepared=%q types=%v args=%v", p.Name, p.Types, args)
			if p.Query != nil {
				fmt.Fprintf(&s, " query=%q@%d", p.Query.Text, p.Query.Offset)
			}
		}
		if c := st.Cursor; c != nil {
			fmt.Fprintf(&s, " %s %q hold=%v scroll=%v %s %d", c.Verb, c.Name, c.Hold, c.Scroll, c.Direction, c.Count)
			if c.Query != nil {
				fmt.Fprintf(&s, " query=%q", c.Query.Text)
			}
		}
		if e := st.Explain; e != nil {
			fmt.Fprintf(&s, " route=%v analyze=%v %s query=%q", e.Route, e.Analyze, e.Format, e.Query.Text)
		}
		s.WriteString("\n")
	}
	return s.String()
}
