package sql

import (
	"cmp"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// respelling is a text of Redshift's in words that PostgreSQL's grammar has. What the grammar has no words for is left
// out, or stands as a call with a name of its own; marks tell where, and settle makes of the tree what was meant.
type respelling struct {
	text  string
	edits []edit          // sorted
	marks map[int]marking // by the place in the user's text
}

// edit replaces cut bytes of the user's text.
type edit struct {
	at, cut int
	put     string
}

// marking says what a call means that stands at a place.
type marking uint8

const (
	markTop         marking = iota + 1 // the SELECT's limit
	markQualify                        // a condition of QUALIFY, as a condition of HAVING
	markApproximate                    // APPROXIMATE stands before it
	markIgnoreNulls                    // IGNORE NULLS stands behind it
	markDistinct                       // DISTINCT stands in front of its arguments
	markConvert                        // CONVERT(type, value): the first argument is NULL of the type
	markNamed                          // its output column has another name
)

// respell reads tokens of the user's text.
func respell(text string, tokens []*pg_query.ScanToken) respelling {
	s := newSpeller(text, tokens)
	s.backslashes = true
	s.pair()
	s.levels = []selectLevel{{having: -1}}
	for i := 0; i < len(s.tokens); i++ {
		if end := s.show(i); end > i {
			i = end - 1
			continue
		}
		s.token(i)
	}
	return s.done()
}

func newSpeller(text string, tokens []*pg_query.ScanToken) *speller {
	s := &speller{text: text, respelling: respelling{text: text, marks: map[int]marking{}}}
	for _, t := range tokens {
		if t.Token != pg_query.Token_SQL_COMMENT && t.Token != pg_query.Token_C_COMMENT {
			s.tokens = append(s.tokens, t)
		}
	}
	return s
}

// done makes the text of the edits.
func (s *speller) done() respelling {
	text := s.text
	if len(s.edits) == 0 {
		return s.respelling
	}
	// What is put in goes before what is replaced at the same place.
	slices.SortStableFunc(s.edits, func(a, b edit) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(min(a.cut, 1), min(b.cut, 1))) })
	var out strings.Builder
	at := 0
	for _, e := range s.edits {
		if e.at < at {
			return respelling{text: text} // two meanings of one word: the parser says what is wrong
		}
		out.WriteString(text[at:e.at] + e.put)
		at = e.at + e.cut
	}
	s.respelling.text = out.String() + text[at:]
	return s.respelling
}

// origin gives the place in the user's text of a place in the respelled one.
func (r *respelling) origin(at int) int {
	shift := 0
	for _, e := range r.edits {
		switch {
		case at < e.at+shift:
			return at - shift
		case at < e.at+shift+len(e.put):
			return e.at
		}
		shift += len(e.put) - e.cut
	}
	return at - shift
}

// speller is one reading of a text, without its comments.
type speller struct {
	respelling
	text   string
	tokens []*pg_query.ScanToken
	other  []int // of a parenthesis: the one that it belongs to, -1 if there is none
	levels []selectLevel
	// backslashes says that a backslash escapes in every text.
	backslashes bool
}

// selectLevel is what was read of the SELECT in the innermost parentheses.
type selectLevel struct {
	from   bool
	having int // its token, -1 if there is none
}

const (
	openParen  = pg_query.Token_ASCII_40
	closeParen = pg_query.Token_ASCII_41
	comma      = pg_query.Token_ASCII_44
	dot        = pg_query.Token_ASCII_46
	semicolon  = pg_query.Token_ASCII_59
)

func (s *speller) pair() {
	s.other = make([]int, len(s.tokens))
	var open []int
	for i, t := range s.tokens {
		s.other[i] = -1
		switch {
		case t.Token == openParen:
			open = append(open, i)
		case t.Token == closeParen && len(open) > 0:
			last := open[len(open)-1]
			open = open[:len(open)-1]
			s.other[i], s.other[last] = last, i
		}
	}
}

// kind gives a token's kind, 0 where there is none.
func (s *speller) kind(i int) pg_query.Token {
	if i < 0 || i >= len(s.tokens) {
		return 0
	}
	return s.tokens[i].Token
}

// word gives an unquoted name or a keyword in lower case.
func (s *speller) word(i int) string {
	if i < 0 || i >= len(s.tokens) {
		return ""
	}
	w := s.text[s.tokens[i].Start:s.tokens[i].End]
	if !isLetter(w[0]) {
		return ""
	}
	return strings.ToLower(w)
}

func (s *speller) start(i int) int { return int(s.tokens[i].Start) }
func (s *speller) end(i int) int   { return int(s.tokens[i].End) }

func (s *speller) edit(at, cut int, put string) {
	s.edits = append(s.edits, edit{at, cut, put})
}

// replace puts a text in a token's place.
func (s *speller) replace(i int, put string) { s.edit(s.start(i), s.end(i)-s.start(i), put) }

func (s *speller) token(i int) {
	level := &s.levels[len(s.levels)-1]
	switch s.kind(i) {
	case openParen:
		s.levels = append(s.levels, selectLevel{having: -1})
		return
	case closeParen:
		if len(s.levels) > 1 {
			s.levels = s.levels[:len(s.levels)-1]
		}
		return
	case semicolon, pg_query.Token_SELECT:
		*level = selectLevel{having: -1}
		return
	case pg_query.Token_FROM:
		level.from = true
		return
	case pg_query.Token_HAVING:
		level.having = i
		return
	case pg_query.Token_Op:
		s.temporary(i)
		return
	case pg_query.Token_SCONST:
		s.escapes(i)
		return
	default:
	}
	switch s.word(i) {
	case "top":
		s.top(i)
	case "minus":
		s.minus(i)
	case "qualify":
		s.qualify(i, level)
	case "approximate":
		s.approximate(i)
	case "ignore", "respect":
		s.nulls(i)
	case "max":
		s.longest(i)
	case "convert":
		s.convert(i)
	case "listagg":
		s.distinctList(i)
	case callExtract, callDatePart, callDecode:
		if s.kind(i+1) == openParen && s.kind(i-1) != dot {
			s.marks[s.start(i)] = markNamed
		}
	}
}

// temporary makes "#name" of #name, where # is not behind an operand.
func (s *speller) temporary(i int) {
	if s.text[s.start(i):s.end(i)] != "#" || s.word(i+1) == "" || s.start(i+1) != s.end(i) || s.operand(i-1) {
		return
	}
	s.edit(s.start(i), s.end(i+1)-s.start(i), `"#`+s.word(i+1)+`"`)
}

// escapes makes an escaped text of a plain one with a backslash: there a backslash escapes in every text.
func (s *speller) escapes(i int) {
	text := s.text[s.start(i):s.end(i)]
	if escaped(text) {
		s.edit(s.start(i), 0, "E")
	}
}

// escaped reports whether a token is a plain text with backslashes that escape something.
func escaped(text string) bool {
	body := strings.TrimRight(strings.TrimSuffix(text, "'"), `\`)
	// ESCAPE '\' is what PostgreSQL's drivers write: there it would be a text without an end.
	odd := (len(text)-1-len(body))%2 == 1
	return text[0] == '\'' && !odd && strings.IndexByte(text, '\\') >= 0
}

// operand reports whether a token may end an expression.
func (s *speller) operand(i int) bool {
	switch s.kind(i) {
	case pg_query.Token_IDENT, pg_query.Token_ICONST, pg_query.Token_FCONST, pg_query.Token_SCONST, pg_query.Token_PARAM,
		closeParen, pg_query.Token_ASCII_93:
		return true
	default:
		return false
	}
}

const topName = "tidegate_top"

// top makes TOP n the first target. PostgreSQL's grammar never has a number behind a name.
func (s *speller) top(i int) {
	before := i - 1
	if k := s.kind(before); k == pg_query.Token_DISTINCT || k == pg_query.Token_ALL {
		before--
	}
	if s.kind(before) != pg_query.Token_SELECT || s.kind(i+1) != pg_query.Token_ICONST && s.kind(i+1) != pg_query.Token_PARAM {
		return
	}
	call := topName + "("
	if s.kind(i+2) == pg_query.Token_DISTINCT && before == i-1 {
		call = "DISTINCT " + call
		s.replace(i+2, "")
	} else if s.kind(i+2) == pg_query.Token_ALL && before == i-1 {
		s.replace(i+2, "")
	}
	s.replace(i, call)
	s.edit(s.end(i+1), 0, "),")
	s.marks[s.start(i)] = markTop
}

// minus makes EXCEPT of MINUS before a query.
func (s *speller) minus(i int) {
	if s.isMinus(i) {
		s.replace(i, "EXCEPT")
		s.levels[len(s.levels)-1] = selectLevel{having: -1}
	}
}

func (s *speller) isMinus(i int) bool {
	if s.word(i) != "minus" || s.kind(i-1) == dot || s.kind(i-1) == pg_query.Token_AS || s.kind(i-1) == comma || i == 0 {
		return false
	}
	j := i + 1
	for s.kind(j) == openParen {
		j++
	}
	k := s.kind(j)
	return k == pg_query.Token_SELECT || j > i+1 && (k == pg_query.Token_WITH || k == pg_query.Token_VALUES)
}

const qualifyName = "tidegate_qualify"

// qualify makes QUALIFY a condition of HAVING.
func (s *speller) qualify(i int, level *selectLevel) {
	if !level.from || !s.beginsCondition(i) {
		return
	}
	if level.having >= 0 {
		s.edit(s.end(level.having), 0, "(")
		s.replace(i, ") AND "+qualifyName+"(")
	} else {
		s.replace(i, "HAVING "+qualifyName+"(")
	}
	s.edit(s.clauseEnd(i+1), 0, ")")
	s.marks[s.start(i)] = markQualify
}

// beginsCondition tells QUALIFY from a name.
func (s *speller) beginsCondition(i int) bool {
	if s.kind(i-1) != closeParen && !s.operand(i-1) && s.tokens[i-1].KeywordKind == pg_query.KeywordKind_NO_KEYWORD {
		return false // behind a comma, a point or an operator
	}
	if s.kind(i-1) == pg_query.Token_AS || s.kind(i-1) == pg_query.Token_SELECT {
		return false
	}
	switch s.kind(i + 1) {
	case openParen, pg_query.Token_NOT, pg_query.Token_CASE, pg_query.Token_IDENT, pg_query.Token_ICONST, pg_query.Token_FCONST,
		pg_query.Token_SCONST, pg_query.Token_PARAM, pg_query.Token_TRUE_P, pg_query.Token_FALSE_P, pg_query.Token_EXISTS:
		return true
	default:
	}
	kind := pg_query.KeywordKind_NO_KEYWORD
	if i+1 < len(s.tokens) {
		kind = s.tokens[i+1].KeywordKind
	}
	return kind == pg_query.KeywordKind_UNRESERVED_KEYWORD || kind == pg_query.KeywordKind_COL_NAME_KEYWORD
}

// clauseEnd gives the place behind the last token of the clause that begins at i.
func (s *speller) clauseEnd(i int) int {
	end := s.end(i - 1)
	for ; i < len(s.tokens); i++ {
		switch s.kind(i) {
		case openParen:
			if s.other[i] > 0 {
				i = s.other[i]
			}
		case closeParen, semicolon, pg_query.Token_ORDER, pg_query.Token_LIMIT, pg_query.Token_OFFSET, pg_query.Token_FETCH,
			pg_query.Token_UNION, pg_query.Token_EXCEPT, pg_query.Token_INTERSECT, pg_query.Token_WINDOW, pg_query.Token_FOR:
			return end
		default:
		}
		if s.isMinus(i) {
			return end
		}
		end = s.end(i)
	}
	return end
}

// approximate makes APPROXIMATE the schema of the function that follows.
func (s *speller) approximate(i int) {
	if w := s.word(i + 1); w != "count" && w != "percentile_disc" || s.kind(i+2) != openParen || s.kind(i-1) == dot {
		return
	}
	s.edit(s.end(i), 0, ".")
	s.marks[s.start(i)] = markApproximate
}

// nulls takes IGNORE NULLS and RESPECT NULLS out from between a call and OVER.
func (s *speller) nulls(i int) {
	if s.kind(i-1) != closeParen || s.kind(i+1) != pg_query.Token_NULLS_P || s.kind(i+2) != pg_query.Token_OVER || s.other[i-1] < 1 {
		return
	}
	name := s.other[i-1] - 1
	for s.kind(name-1) == dot {
		name -= 2
	}
	if name < 0 {
		return
	}
	s.edit(s.start(i), s.end(i+1)-s.start(i), "")
	if s.word(i) == "ignore" {
		s.marks[s.start(name)] = markIgnoreNulls
	}
}

// longest makes a number of VARCHAR(MAX).
func (s *speller) longest(i int) {
	if s.kind(i-1) != openParen || s.kind(i+1) != closeParen {
		return
	}
	switch s.word(i - 2) {
	case "varchar", "varying", "nvarchar":
		s.replace(i, itoa(longestVarchar))
	}
}

// convert gives the type that is CONVERT's first argument a value.
func (s *speller) convert(i int) {
	if s.kind(i+1) != openParen || s.kind(i-1) == dot || s.word(i+2) == "" {
		return
	}
	s.edit(s.end(i+1), 0, "NULL::")
	s.marks[s.start(i)] = markConvert
}

// distinctList takes DISTINCT out of LISTAGG(DISTINCT …) WITHIN GROUP, which the grammar allows in other calls only.
func (s *speller) distinctList(i int) {
	if s.kind(i+1) != openParen || s.kind(i+2) != pg_query.Token_DISTINCT || s.kind(s.other[i+1]+1) != pg_query.Token_WITHIN {
		return
	}
	s.replace(i+2, "")
	s.marks[s.start(i)] = markDistinct
}
