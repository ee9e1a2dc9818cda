package sql

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// inner makes the statement inside another (EXPLAIN, PREPARE, DECLARE). Its text begins at token number from.
func (s *Statement) inner(node *pg_query.Node, from int) (*Statement, error) {
	q := &Statement{node: node, grammar: s.grammar, dialect: s.dialect, spelled: s.spelled, source: s.source, Hints: s.Hints, Text: s.Text, Offset: s.Offset}
	if from < len(s.tokens) {
		q.tokens = s.tokens[from:]
		q.Offset = int(q.tokens[0].Start)
		q.Text = s.source[q.Offset : s.Offset+len(s.Text)]
	}
	q.log = q.logged()
	return q, q.classify()
}

// after gives the number of the token behind the first one of the given kind.
func (s *Statement) after(kind pg_query.Token) int {
	for i, t := range s.tokens {
		if t.Token == kind {
			return i + 1
		}
	}
	return len(s.tokens)
}

func (s *Statement) readExplain(n *pg_query.ExplainStmt) error {
	s.Kind, s.Tag = KindExplain, "EXPLAIN"
	e := &Explain{Format: "text"}
	s.Explain = e
	for _, o := range n.Options {
		d := o.GetDefElem()
		value, _ := constant(d.Arg)
		on := value.Text == "" || value.Text == "1" || strings.EqualFold(value.Text, "true") || strings.EqualFold(value.Text, "on")
		switch strings.ToLower(d.Defname) {
		case "route":
			e.Route = on
		case "analyze":
			e.Analyze = on
		case "format":
			e.Format = strings.ToLower(value.Text)
			if e.Format != "text" && e.Format != "json" {
				return pgerr.New(pgerr.FeatureNotSupported, "EXPLAIN format %q is not supported: text and json are", e.Format).At(s.position(d.Location))
			}
		case "verbose", "costs", "buffers", "settings", "wal", "timing", "summary", "generic_plan":
			// Asked for by tools in passing; there is nothing of the kind to show.
		default:
			return pgerr.New(pgerr.SyntaxError, "unrecognized EXPLAIN option %q", d.Defname).At(s.position(d.Location))
		}
	}
	q, err := s.inner(n.Query, s.afterExplain())
	e.Query = q
	return err
}

// afterExplain gives the number of the first token of EXPLAIN's statement: behind the options in parentheses or
// the words ANALYZE and VERBOSE.
func (s *Statement) afterExplain() int {
	i := s.after(pg_query.Token_EXPLAIN)
	depth := 0
	for ; i < len(s.tokens); i++ {
		switch t := s.tokens[i].Token; {
		case t == pg_query.Token_C_COMMENT, t == pg_query.Token_SQL_COMMENT:
		case t == pg_query.Token_ASCII_40 && (depth > 0 || i == s.after(pg_query.Token_EXPLAIN)) && !s.startsQuery(i+1):
			depth++
		case t == pg_query.Token_ASCII_41 && depth > 0:
			depth--
		case depth > 0, t == pg_query.Token_ANALYZE, t == pg_query.Token_VERBOSE:
		default:
			return i
		}
	}
	return i
}

// startsQuery reports whether token i begins a query: EXPLAIN (SELECT 1) has a query in parentheses, not options.
func (s *Statement) startsQuery(i int) bool {
	return i < len(s.tokens) && beginsQuery(s.tokens[i].Token)
}

func beginsQuery(t pg_query.Token) bool {
	switch t {
	case pg_query.Token_SELECT, pg_query.Token_VALUES, pg_query.Token_WITH, pg_query.Token_TABLE, pg_query.Token_ASCII_40:
		return true
	default:
		return false
	}
}

func (s *Statement) readPrepared() error {
	p := &Prepared{}
	s.Prepared = p
	switch n := s.node.Node.(type) {
	case *pg_query.Node_PrepareStmt:
		s.Kind, s.Tag, p.Name = KindPrepare, "PREPARE", n.PrepareStmt.Name
		for _, t := range n.PrepareStmt.Argtypes {
			p.Types = append(p.Types, writtenType(t.GetTypeName()))
		}
		q, err := s.inner(n.PrepareStmt.Query, s.after(pg_query.Token_AS))
		p.Query = q
		return err
	case *pg_query.Node_ExecuteStmt:
		s.Kind, s.Tag, p.Name = KindExecute, "EXECUTE", n.ExecuteStmt.Name
		for _, a := range n.ExecuteStmt.Params {
			p.Args = append(p.Args, executeArg(a))
		}
	case *pg_query.Node_DeallocateStmt:
		s.Kind, s.Tag, p.Name = KindDeallocate, "DEALLOCATE", n.DeallocateStmt.Name
		if p.Name == "" {
			s.Tag = "DEALLOCATE ALL"
		}
	}
	return nil
}

// Bits of DeclareCursorStmt.options, from PostgreSQL's parsenodes.h.
const (
	cursorBinary      = 0x0001
	cursorScroll      = 0x0002
	cursorNoScroll    = 0x0004
	cursorInsensitive = 0x0008
	cursorAsensitive  = 0x0010
	cursorHold        = 0x0020
)

// contrary names the options of a DECLARE that exclude each other, "" for none.
func contrary(has func(bit int32) bool) string {
	switch {
	case has(cursorScroll) && has(cursorNoScroll):
		return "SCROLL and NO SCROLL"
	case has(cursorAsensitive) && has(cursorInsensitive):
		return "INSENSITIVE and ASENSITIVE"
	}
	return ""
}

func (s *Statement) readCursor() error {
	c := &Cursor{}
	s.Kind, s.Cursor = KindCursor, c
	switch n := s.node.Node.(type) {
	case *pg_query.Node_DeclareCursorStmt:
		d := n.DeclareCursorStmt
		s.Tag, c.Verb, c.Name = "DECLARE CURSOR", "DECLARE", d.Portalname
		has := func(bit int32) bool { return d.Options&bit != 0 }
		c.Scroll, c.Hold, c.Binary = has(cursorScroll), has(cursorHold), has(cursorBinary)
		c.Contrary = contrary(has)
		q, err := s.inner(d.Query, s.after(pg_query.Token_FOR))
		c.Query = q
		return err
	case *pg_query.Node_ClosePortalStmt:
		s.Tag, c.Verb, c.Name = "CLOSE CURSOR", "CLOSE", n.ClosePortalStmt.Portalname
		if c.Name == "" {
			s.Tag = "CLOSE CURSOR ALL"
		}
	case *pg_query.Node_FetchStmt:
		f := n.FetchStmt
		c.Verb, c.Name, c.Count = "FETCH", f.Portalname, f.HowMany
		if f.Ismove {
			c.Verb = "MOVE"
		}
		s.Tag = c.Verb
		c.Direction = strings.ToLower(strings.TrimPrefix(f.Direction.String(), "FETCH_"))
	}
	return nil
}

func (s *Statement) readTransaction(n *pg_query.TransactionStmt) error {
	t := &Transaction{Savepoint: n.SavepointName, Chain: n.Chain}
	s.Kind, s.Transaction = KindTransaction, t
	switch n.Kind {
	case pg_query.TransactionStmtKind_TRANS_STMT_BEGIN:
		t.Verb, s.Tag = "BEGIN", "BEGIN"
	case pg_query.TransactionStmtKind_TRANS_STMT_START:
		t.Verb, s.Tag = "BEGIN", "START TRANSACTION"
	case pg_query.TransactionStmtKind_TRANS_STMT_COMMIT:
		t.Verb, s.Tag = "COMMIT", "COMMIT"
	case pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK:
		t.Verb, s.Tag = "ROLLBACK", "ROLLBACK"
	case pg_query.TransactionStmtKind_TRANS_STMT_SAVEPOINT:
		t.Verb, s.Tag = "SAVEPOINT", "SAVEPOINT"
	case pg_query.TransactionStmtKind_TRANS_STMT_RELEASE:
		t.Verb, s.Tag = "RELEASE", "RELEASE"
	case pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
		t.Verb, s.Tag = "ROLLBACK TO", "ROLLBACK"
	case pg_query.TransactionStmtKind_TRANS_STMT_PREPARE:
		t.Verb, s.Tag, t.Prepared = "PREPARE TRANSACTION", "PREPARE TRANSACTION", n.Gid
	case pg_query.TransactionStmtKind_TRANS_STMT_COMMIT_PREPARED:
		t.Verb, s.Tag, t.Prepared = "COMMIT PREPARED", "COMMIT PREPARED", n.Gid
	case pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK_PREPARED:
		t.Verb, s.Tag, t.Prepared = "ROLLBACK PREPARED", "ROLLBACK PREPARED", n.Gid
	default:
		return pgerr.New(pgerr.FeatureNotSupported, "%s is not supported", n.Kind)
	}
	for _, o := range modes(n.Options) {
		switch o.Name {
		case "transaction_isolation":
			t.Isolation = o.Values[0]
		case "transaction_read_only":
			readOnly := o.Values[0] == "on"
			t.ReadOnly = &readOnly
		case "transaction_deferrable":
			deferrable := o.Values[0] == "on"
			t.Deferrable = &deferrable
		}
	}
	return nil
}

// modes reads transaction modes as the settings they stand for.
func modes(options []*pg_query.Node) []Setting {
	var list []Setting
	for _, o := range options {
		d := o.GetDefElem()
		v, _ := constant(d.GetArg())
		switch d.GetDefname() {
		case "transaction_isolation":
			list = append(list, Setting{Name: d.Defname, Values: []string{strings.ToLower(v.Text)}})
		case "transaction_read_only", "transaction_deferrable":
			on := "off"
			if v.Text == "1" || v.Text == "true" {
				on = "on"
			}
			list = append(list, Setting{Name: d.Defname, Values: []string{on}})
		}
	}
	return list
}

func (s *Statement) readSet(n *pg_query.VariableSetStmt) {
	set := &Setting{Name: strings.ToLower(n.Name), Local: n.IsLocal}
	s.Kind, s.Tag, s.Set = KindSet, "SET", set
	switch n.Kind {
	case pg_query.VariableSetKind_VAR_RESET, pg_query.VariableSetKind_VAR_RESET_ALL:
		s.Tag, set.Default = "RESET", true
	case pg_query.VariableSetKind_VAR_SET_DEFAULT:
		set.Default = true
	case pg_query.VariableSetKind_VAR_SET_MULTI:
		list := modes(n.Args)
		for i := range list {
			if strings.HasPrefix(set.Name, "session") {
				list[i].Name = "default_" + list[i].Name
			} else {
				list[i].Local = true
			}
		}
		if len(list) > 0 {
			*set = list[0]
			set.More = list[1:]
		}
	default:
		for _, a := range n.Args {
			v, _ := constant(a)
			if text, ok := zoneInterval(a.GetTypeCast()); ok && set.Name == "timezone" {
				v.Text = text
			}
			set.Values = append(set.Values, v.Text)
		}
	}
}

// constant gives the text of a constant node; ok is false for anything else.
func constant(n *pg_query.Node) (a Arg, ok bool) {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_AConst:
		return constText(n.AConst), true
	case *pg_query.Node_String_:
		return Arg{Text: n.String_.Sval}, true
	case *pg_query.Node_Integer:
		return Arg{Text: strconv.Itoa(int(n.Integer.Ival))}, true
	case *pg_query.Node_TypeCast:
		return constant(n.TypeCast.Arg)
	case *pg_query.Node_AExpr:
		if v, ok := constant(n.AExpr.Rexpr); ok && n.AExpr.Lexpr == nil && operatorName(n.AExpr.Name) == "-" {
			return Arg{Text: "-" + v.Text, Null: v.Null}, true
		}
	}
	return Arg{}, false
}

func constText(c *pg_query.A_Const) Arg {
	switch v := c.Val.(type) {
	case *pg_query.A_Const_Sval:
		return Arg{Text: v.Sval.Sval}
	case *pg_query.A_Const_Ival:
		return Arg{Text: strconv.Itoa(int(v.Ival.Ival))}
	case *pg_query.A_Const_Fval:
		return Arg{Text: v.Fval.Fval}
	case *pg_query.A_Const_Boolval:
		return Arg{Text: strconv.FormatBool(v.Boolval.Boolval)}
	case *pg_query.A_Const_Bsval:
		return Arg{Text: v.Bsval.Bsval}
	}
	return Arg{Null: c.Isnull}
}

func operatorName(names []*pg_query.Node) string {
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1].GetString_().GetSval()
}

// writtenType is a type's name as internal/pgtypes parses it.
func writtenType(t *pg_query.TypeName) string {
	name := operatorName(t.GetNames())
	if len(t.GetTypmods()) == 0 {
		return name
	}
	var mods []string
	for _, m := range t.Typmods {
		v, _ := constant(m)
		mods = append(mods, v.Text)
	}
	return name + "(" + strings.Join(mods, ",") + ")"
}
