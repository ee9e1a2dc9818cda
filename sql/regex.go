package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgregex"
	"tidegate/internal/pgtext"
	"tidegate/internal/pgtypes"
)

// regex writes ~ ~* !~ !~*. A constant pattern that RE2 reads the same way is DuckDB's own work; it would match against
// the whole string with its operator.
func (b *binder) regex(op string, x, p *expr, pos int32) (*expr, error) {
	flags, options := pgregex.ARE, "''"
	if strings.HasSuffix(op, "*") {
		flags, options = flags.FoldCase(), "'i'"
	}
	text := "tg_regexp_like(" + x.sql + ", " + p.sql + ", " + options + ")"
	if p.isText {
		if err := b.possible(p.literal, flags, pos); err != nil {
			return nil, err
		}
		if re2, ok := pgregex.RE2(p.literal, flags); ok {
			text = "regexp_matches(" + x.sql + ", " + quoteText(re2) + ", 's')"
		}
	}
	if strings.HasPrefix(op, "!") {
		text = "(NOT " + text + ")"
	}
	return computed(pgtypes.Bool, text, x, p), nil
}

// possible refuses what is not supported in a pattern. One that is invalid fails when it is used, as in PostgreSQL.
func (b *binder) possible(pattern string, flags pgregex.Flags, pos int32) error {
	_, err := pgregex.Compile(pattern, flags)
	if p, ok := asError(err); ok && p.Code == pgerr.FeatureNotSupported {
		return p.At(b.stmt.position(pos))
	}
	return nil
}

// escapes binds the functions that the grammar makes of ESCAPE: a constant pattern is written out here, so that it is
// seen.
func (b *binder) escapes(fn string, args []*expr, pos int32) (*expr, error) {
	var constants []string
	for _, a := range args {
		if a.lit != nil && !a.lit.Null {
			constants = append(constants, a.lit.Text)
		} else if a.isText {
			constants = append(constants, a.literal)
		}
	}
	if len(constants) != len(args) {
		return b.plainCall(fn, args, pos)
	}
	escape := `\`
	if len(args) == 2 {
		escape = constants[1]
	}
	write := pgtext.LikeEscape
	if fn == "similar_to_escape" {
		write = pgregex.Similar
	}
	pattern, err := write(constants[0], escape)
	if err != nil {
		return b.plainCall(fn, args, pos) // which fails when it is computed
	}
	return textConstant(pattern, pgtypes.Of(pgtypes.Text)), nil
}

// oneMatch binds (SELECT (regexp_matches(s, p))[n]), which is regexp_match where there is no flag g. ok is false if the
// subquery is another.
func (b *binder) oneMatch(s *pg_query.SelectStmt, sc *scope) (e *expr, ok bool, err error) {
	if len(s.GetTargetList()) != 1 || len(s.FromClause) > 0 || s.WhereClause != nil || s.Op != pg_query.SetOperation_SETOP_NONE ||
		len(s.GroupClause) > 0 || s.HavingClause != nil || s.LimitCount != nil || s.LimitOffset != nil || s.WithClause != nil {
		return nil, false, nil
	}
	value := s.TargetList[0].GetResTarget().GetVal()
	call := value.GetFuncCall()
	if at := value.GetAIndirection(); at != nil {
		call = at.Arg.GetFuncCall()
	}
	if call == nil || operatorName(call.Funcname) != "regexp_matches" || call.FuncVariadic || len(call.Args) < 2 || len(call.Args) > 3 {
		return nil, false, nil
	}
	if len(call.Args) == 3 {
		if flags, constant := constant(call.Args[2]); !constant || strings.Contains(flags.Text, "g") {
			return nil, false, nil
		}
	}
	args, err := b.exprs(call.Args, sc)
	if err != nil {
		return nil, true, err
	}
	match, err := b.plainCall("regexp_match", args, call.Location)
	if err != nil || value.GetAIndirection() == nil {
		return match, true, err
	}
	e, err = b.subscripted(match, value.GetAIndirection(), sc)
	return e, true, err
}
