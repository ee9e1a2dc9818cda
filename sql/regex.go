package sql

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// strangeRegex are the parts of PostgreSQL's regular expressions that DuckDB's engine (RE2) lacks or reads
// otherwise: look-around, embedded options, directors, collating elements. Escapes are translateRegex's.
var strangeRegex = regexp.MustCompile(`\(\?[^:]|\*\*\*|\[[.=]|\[\[[.=]`)

// spaceSet is PostgreSQL's class of white space in the C.UTF-8 locale, as the inside of a bracket: RE2's is ASCII.
const spaceSet = `\t-\r \x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}`

// alphaSet is the same for letters of any script, with digits of other scripts, which the C library counts as
// letters. Characters of the newest versions of Unicode may be known to one side only.
var alphaSet = sync.OnceValue(func() string {
	var t strings.Builder
	t.WriteString(`A-Za-z\p{L}\p{Nl}`)
	for _, table := range []*unicode.RangeTable{unicode.Other_Alphabetic, unicode.Nd} {
		for _, r := range table.R16 {
			if r.Lo > unicode.MaxASCII {
				writeRange(&t, rune(r.Lo), rune(r.Hi), rune(r.Stride))
			}
		}
		for _, r := range table.R32 {
			writeRange(&t, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	return t.String()
})

func writeRange(t *strings.Builder, low, high, stride rune) {
	if stride == 1 {
		fmt.Fprintf(t, `\x{%x}-\x{%x}`, low, high)
		return
	}
	for c := low; c <= high; c += stride {
		fmt.Fprintf(t, `\x{%x}`, c)
	}
}

// translateRegex writes a pattern for RE2. ok is false if it has a part that RE2 lacks or reads otherwise.
func translateRegex(p string) (text string, ok bool) {
	if strangeRegex.MatchString(p) {
		return "", false
	}
	var t strings.Builder
	for i := 0; i < len(p); i++ {
		switch {
		case p[i] == '\\' && i+1 < len(p):
			i++
			set, ok := escapeSet(p[i])
			switch {
			case !ok:
				return "", false
			case set == "":
				t.WriteString(p[i-1 : i+1])
			case p[i] == 'W' || p[i] == 'S':
				t.WriteString("[^" + set + "]")
			default:
				t.WriteString("[" + set + "]")
			}
		case p[i] == '[':
			set, n := translateBracket(p[i:])
			if n == 0 {
				return "", false
			}
			t.WriteString(set)
			i += n - 1
		default:
			t.WriteByte(p[i])
		}
	}
	return t.String(), true
}

// escapeSet gives the set that \c stands for or, in upper case, excludes; "" if RE2 reads \c as PostgreSQL does.
// ok is false for what means something else there (\b is a backspace) or nothing.
func escapeSet(c byte) (set string, ok bool) {
	switch {
	case c == 'w' || c == 'W':
		return alphaSet() + "0-9_", true
	case c == 's' || c == 'S':
		return spaceSet, true
	case strings.IndexByte("dDafnrtv", c) >= 0:
		return "", true
	}
	return "", c < 0x80 && !unicode.IsLetter(rune(c)) && !unicode.IsDigit(rune(c))
}

// translateBracket writes the bracket expression that p begins with and gives its length, 0 if it is not supported.
func translateBracket(p string) (string, int) {
	var t strings.Builder
	i := 1
	if strings.HasPrefix(p[i:], "^") {
		i++
	}
	t.WriteString(p[:i])
	for first := true; i < len(p); first = false {
		switch {
		case p[i] == ']' && !first:
			t.WriteByte(']')
			return t.String(), i + 1
		case p[i] == '[' && strings.HasPrefix(p[i:], "[:"):
			end := strings.Index(p[i:], ":]")
			if end < 0 {
				return "", 0
			}
			set := namedSet(p[i+2 : i+end])
			if set == "" {
				return "", 0
			}
			t.WriteString(set)
			i += end + 2
		case p[i] == '\\' && i+1 < len(p):
			set, ok := escapeSet(p[i+1])
			if !ok || strings.IndexByte("WSD", p[i+1]) >= 0 {
				return "", 0
			}
			if set == "" {
				set = p[i : i+2]
			}
			t.WriteString(set)
			i += 2
		case p[i] == '[' || p[i] == ']':
			t.WriteString(`\` + p[i:i+1])
			i++
		default:
			t.WriteByte(p[i])
			i++
		}
	}
	t.WriteString(p[len(p):])
	return t.String(), len(p) // without an end: invalid on both sides
}

// namedSet gives the inside of a bracket for a named class, "" for those that only the C library can tell.
func namedSet(class string) string {
	switch class {
	case "alpha":
		return alphaSet()
	case "alnum":
		return alphaSet() + "0-9"
	case "space":
		return spaceSet
	case "digit", "xdigit":
		return "[:" + class + ":]"
	}
	return ""
}

// regex writes ~ ~* !~ !~*, which DuckDB would match against the whole string.
func (b *binder) regex(op string, x, p *expr, pos int32) (*expr, error) {
	p, err := b.pattern(p, pos)
	if err != nil {
		return nil, err
	}
	options := "s" // "." is any character, also a line end
	if strings.HasSuffix(op, "*") {
		options = "si"
	}
	text := "regexp_matches(" + x.sql + ", " + p.sql + ", '" + options + "')"
	if strings.HasPrefix(op, "!") {
		text = "(NOT " + text + ")"
	}
	return computed(pgtypes.Bool, text, x, p), nil
}

// pattern translates a regular expression, which must be a constant.
func (b *binder) pattern(p *expr, pos int32) (*expr, error) {
	if !p.isText {
		if !p.isNull() && b.args != nil || !p.constant && !p.isParam() {
			return nil, b.unsupported(pos, "a regular expression that is not a constant")
		}
		return p, nil
	}
	text, ok := translateRegex(p.literal)
	if _, err := regexp.Compile(p.literal); !ok && err != nil && strings.Contains(p.literal, "[") && !strings.Contains(p.literal, `\`) {
		return nil, b.fail(pgerr.InvalidRegularExpression, pos, "invalid regular expression: %q", p.literal)
	}
	if !ok {
		return nil, b.unsupported(pos, "the regular expression %q", p.literal)
	}
	if _, err := regexp.Compile(text); err != nil {
		return nil, b.fail(pgerr.InvalidRegularExpression, pos, "invalid regular expression: %q", p.literal)
	}
	return textConstant(text, p.typ), nil
}

// regexpReplace binds regexp_replace with a constant pattern and the flags g and i.
func (b *binder) regexpReplace(args []*expr, pos int32) (*expr, error) {
	if len(args) < 3 || len(args) > 4 {
		return nil, b.unsupported(pos, "this form of regexp_replace")
	}
	var list []*expr
	for _, a := range args {
		e, err := b.coerce(a, pgtypes.Text)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	flags := "s"
	if len(list) == 4 {
		if !list[3].isText || strings.Trim(list[3].literal, "gi") != "" {
			return nil, b.unsupported(pos, "these flags of regexp_replace")
		}
		flags += list[3].literal
	}
	var err error
	if list[1], err = b.pattern(list[1], pos); err != nil {
		return nil, err
	}
	if list[1].isText && !oneMatch(list[1].literal, strings.Contains(flags, "g")) {
		return nil, b.unsupported(pos, "regexp_replace with a pattern that can match in several ways")
	}
	if !list[2].isText || strings.Contains(list[2].literal, `\&`) || strings.Contains(list[2].literal, `\0`) {
		return nil, b.unsupported(pos, "this replacement in regexp_replace")
	}
	return computed(pgtypes.Text, "regexp_replace("+list[0].sql+", "+list[1].sql+", "+list[2].sql+", '"+flags+"')", list...), nil
}

// oneMatch reports whether both sides find the same match. PostgreSQL prefers the longest one, RE2 the first
// alternative and the longest repetition: that is the same where alternatives begin with different characters and
// all repetitions are greedy, or all are lazy. After an empty match, global replacement goes on differently.
func oneMatch(pattern string, global bool) bool {
	r, err := syntax.Parse(pattern, syntax.Perl|syntax.DotNL)
	if err != nil {
		return false
	}
	greedy, lazy, distinct := false, false, true
	var visit func(*syntax.Regexp)
	visit = func(r *syntax.Regexp) {
		switch r.Op {
		case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
			if r.Flags&syntax.NonGreedy != 0 {
				lazy = true
			} else {
				greedy = true
			}
		case syntax.OpAlternate:
			distinct = distinct && beginApart(r.Sub)
		default:
		}
		for _, s := range r.Sub {
			visit(s)
		}
	}
	visit(r)
	if greedy && lazy || !distinct {
		return false
	}
	return !global || pattern == "" || !regexp.MustCompile("^(?:"+pattern+")$").MatchString("")
}

// beginApart reports whether every alternative begins with a literal character that no other one begins with.
func beginApart(list []*syntax.Regexp) bool {
	var seen []rune
	for _, r := range list {
		for r.Op == syntax.OpConcat || r.Op == syntax.OpCapture {
			r = r.Sub[0]
		}
		if r.Op != syntax.OpLiteral || r.Flags&syntax.FoldCase != 0 || slices.Contains(seen, r.Rune[0]) {
			return false
		}
		seen = append(seen, r.Rune[0])
	}
	return true
}
