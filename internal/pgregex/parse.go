package pgregex

import (
	"tidegate/internal/pgerr"
)

// A part's flags: its preference, and what it holds.
type partFlags uint8

const (
	longer  partFlags = 1 << iota // prefers the longest match
	shorter                       // prefers the shortest
	mixed                         // there are parts of both below
	captures
	refers // holds a back reference
	local  = longer | shorter
)

// up is what a part hands to the one above.
func up(f partFlags) partFlags {
	out := f &^ local
	if f&local == local {
		out |= mixed
	}
	return out
}

func messy(f partFlags) bool { return f&(mixed|captures|refers) != 0 }

// combine is the flags of a concatenation: its first part that has a preference decides.
func combine(f, g partFlags) partFlags {
	preference := f & local
	if preference == 0 {
		preference = g & local
	}
	return up(f|g) | preference
}

// partKind is how a match of a part is divided.
type partKind byte

const (
	whole     partKind = '=' // not at all
	concatted partKind = '.' // between two
	either    partKind = '|'
	iterated  partKind = '*'
	wrapped   partKind = '(' // a group around a group
	backref   partKind = 'b'
)

// part is a node of the tree that a match is taken apart by: PostgreSQL's "subre".
type part struct {
	kind     partKind
	flags    partFlags
	group    int // 0: none
	refers   int // of a backref: the group
	min, max int // of a backref and of iterated
	children []*part
	lang     *lang
	program  *program
	id       int
}

type parser struct {
	lexer

	captured []*part // by group; nil before its parenthesis is closed
	backrefs bool
	looks    []*look
	depth    int
}

// maxNesting bounds the recursion, as PostgreSQL's stack does.
const maxNesting = 1000

func (p *parser) parsePattern() (*part, error) {
	if err := p.prefixes(); err != nil {
		return nil, err
	}
	if p.is(basic) {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "basic regular expressions are not supported")
	}
	if p.is(quote) {
		p.in = inLiteral
	}
	p.captured = []*part{nil}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.alternatives(tokenEnd, false)
}

// alternatives reads branches up to the token that stops them. Within a look-around nothing is captured.
func (p *parser) alternatives(stop token, looking bool) (*part, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, invalid("regular expression is too complex")
	}
	defer func() { p.depth-- }()
	all := &part{kind: either, flags: longer}
	for {
		branch, err := p.branch(stop, looking)
		if err != nil {
			return nil, err
		}
		all.children = append(all.children, branch)
		all.flags |= up(all.flags | branch.flags)
		if p.next != '|' {
			break
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	if p.next != stop {
		return nil, invalid("parentheses () not balanced")
	}
	if len(all.children) == 1 {
		return all.children[0], nil
	}
	all.lang = &lang{kind: langEither}
	for _, c := range all.children {
		all.lang.items = append(all.lang.items, c.lang)
	}
	if !messy(all.flags) {
		all.kind, all.children = whole, nil
	}
	return all, nil
}

func (p *parser) branchEnds(stop token) bool {
	return p.next == '|' || p.next == stop || p.next == tokenEnd
}

// branch reads a concatenation. It is one whole part for as long as nothing in it needs to be known apart.
func (p *parser) branch(stop token, looking bool) (*part, error) {
	top := &part{kind: whole, lang: &lang{kind: langConcat}}
	for begun := false; !p.branchEnds(stop); begun = true {
		done, err := p.quantified(top, begun, stop, looking)
		if err != nil {
			return nil, err
		}
		if done {
			break
		}
	}
	return top, nil
}

// quantified reads an atom with its quantifier into top. If it is one that must be known apart, top becomes a
// concatenation of what was before, the atom, and all the rest of the branch: then done is true.
func (p *parser) quantified(top *part, begun bool, stop token, looking bool) (done bool, err error) {
	switch constraint, err := p.constraint(); {
	case err != nil:
		return false, err
	case constraint != nil:
		top.lang = concat(top.lang, constraint)
		return false, nil
	}
	atom, form, err := p.atom(looking)
	if err != nil {
		return false, err
	}
	q, err := p.quantifier()
	if err != nil {
		return false, err
	}
	if q.max == 0 {
		return false, nil // nothing, though its groups may be referred to
	}
	flags := top.flags | q.prefers | atom.flags
	if form == plainAtom && !messy(up(flags)) {
		top.flags = flags
		top.lang = concat(top.lang, repeated(atom.lang, q.min, q.max))
		return false, nil
	}
	return true, p.apart(top, p.iteration(atom, form, q), combine(q.prefers, atom.flags), begun, stop, looking)
}

// apart makes top a concatenation with an item that must be known apart; flags are what it hands on.
func (p *parser) apart(top, item *part, flags partFlags, begun bool, stop token, looking bool) error {
	prefix := &part{kind: whole, flags: top.flags, lang: top.lang}
	t := &part{kind: concatted, flags: flags}
	top.kind = concatted
	if p.branchEnds(stop) {
		top.flags |= combine(top.flags, t.flags)
		if !begun {
			*top = *item
			if item.group > 0 {
				p.captured[item.group] = top
			}
			return nil
		}
		top.children = []*part{prefix, item}
		top.lang = concat(prefix.lang, item.lang)
		return nil
	}
	rest, err := p.branch(stop, looking)
	if err != nil {
		return err
	}
	t.flags |= combine(t.flags, rest.flags)
	top.flags |= combine(top.flags, t.flags)
	t.children = []*part{item, rest}
	t.lang = concat(item.lang, rest.lang)
	switch {
	case !begun:
		top.children, top.lang = t.children, t.lang
		return nil
	case item.kind == whole && rest.kind == whole && !messy(up(item.flags|rest.flags)):
		t.kind, t.flags, t.children = whole, combine(item.flags, rest.flags), nil
	}
	top.children = []*part{prefix, t}
	top.lang = concat(prefix.lang, t.lang)
	return nil
}

// iteration puts an atom's quantifier around it.
func (p *parser) iteration(atom *part, form atomForm, q quantifier) *part {
	language := repeated(atom.lang, q.min, q.max)
	flags := combine(q.prefers, atom.flags)
	preference := atom.flags & (longer | shorter | mixed)
	switch {
	case form == refAtom:
		atom.min, atom.max, atom.lang = q.min, q.max, language
		atom.flags |= flags
		return atom
	case q.min == 1 && q.max == 1 && (q.prefers == 0 || preference == 0 || q.prefers == preference):
		return atom
	case atom.flags&(captures|refers) == 0:
		return &part{kind: whole, flags: flags, lang: language}
	case q.min > 0 && atom.flags&refers == 0:
		// Only the last iteration's groups are kept: x{m,n} is x{m-1,n-1}x.
		most := q.max
		if most != infinite {
			most--
		}
		before := &part{kind: whole, flags: flags & local, lang: repeated(atom.lang, q.min-1, most)}
		return &part{kind: concatted, flags: flags, lang: concat(before.lang, atom.lang), children: []*part{before, atom}}
	}
	return &part{kind: iterated, flags: flags, min: q.min, max: q.max, lang: language, children: []*part{atom}}
}

// constraint reads what matches no characters; nil if there is none.
func (p *parser) constraint() (*lang, error) {
	var l *lang
	switch p.next {
	case '^':
		l = &lang{kind: langAssert, assert: atStart}
		if p.is(newlineAnchors) {
			l.assert = atLineStart
		}
	case '$':
		l = &lang{kind: langAssert, assert: atEnd}
		if p.is(newlineAnchors) {
			l.assert = atLineEnd
		}
	case tokenTextStart:
		l = &lang{kind: langAssert, assert: atStart}
	case tokenTextEnd:
		l = &lang{kind: langAssert, assert: atEnd}
	case '<':
		l = &lang{kind: langAssert, assert: atWordStart}
	case '>':
		l = &lang{kind: langAssert, assert: atWordEnd}
	case tokenBoundary:
		l = &lang{kind: langAssert, assert: atBoundary}
	case tokenNoBoundary:
		l = &lang{kind: langAssert, assert: atNoBoundary}
	case tokenLook:
		return p.lookAround()
	default:
		return nil, nil
	}
	return l, p.advance()
}

func (p *parser) lookAround() (*lang, error) {
	kind := lookKind(p.value)
	if err := p.advance(); err != nil {
		return nil, err
	}
	inner, err := p.alternatives(')', true)
	if err != nil {
		return nil, err
	}
	p.looks = append(p.looks, &look{kind: kind, lang: inner.lang})
	return &lang{kind: langLook, look: len(p.looks) - 1}, p.advance()
}

// atomForm is how an atom is written.
type atomForm byte

const (
	plainAtom atomForm = iota // also a group that does not capture
	groupAtom
	refAtom
)

// atom reads what a quantifier may follow.
func (p *parser) atom(looking bool) (a *part, form atomForm, err error) {
	fold := p.is(foldCase)
	s := &set{}
	switch p.next {
	case '*', '+', '?', '{':
		return nil, 0, errOperand()
	case '(':
		return p.group(looking)
	case tokenBackref:
		a, err = p.backrefAtom(looking)
		return a, refAtom, err
	case ')':
		if p.is(advanced) {
			return nil, 0, invalid("parentheses () not balanced")
		}
		s.addChar(')', fold)
	case tokenPlain:
		s.addChar(p.value, fold)
	case '[':
		if s, err = p.bracketSet(); err != nil {
			return nil, 0, err
		}
	case tokenEscape:
		c, _ := classOf(p.name, fold)
		c.negated = p.value == 0
		s.classes = append(s.classes, c)
	case '.':
		s.negated, s.noFeed = true, p.is(newlineStops)
	default: // the lexer has no other outside of brackets and bounds
	}
	return &part{kind: whole, lang: &lang{kind: langSet, set: s}}, plainAtom, p.advance()
}

func (p *parser) group(looking bool) (*part, atomForm, error) {
	capturing := p.value == 1 && !looking
	group := 0
	if capturing {
		p.groups++
		group = p.groups
		p.captured = append(p.captured, nil)
	}
	if err := p.advance(); err != nil {
		return nil, 0, err
	}
	a, err := p.alternatives(')', looking)
	if err != nil {
		return nil, 0, err
	}
	if err := p.advance(); err != nil {
		return nil, 0, err
	}
	if !capturing {
		return a, plainAtom, nil
	}
	if a.group != 0 {
		a = &part{kind: wrapped, flags: a.flags, lang: a.lang, children: []*part{a}}
	}
	a.flags |= captures
	a.group = group
	p.captured[group] = a
	return a, groupAtom, nil
}

func (p *parser) backrefAtom(looking bool) (*part, error) {
	n := int(p.value)
	if looking || n < 1 || n >= len(p.captured) || p.captured[n] == nil {
		return nil, invalid("invalid backreference number")
	}
	p.backrefs = true
	return &part{kind: backref, flags: refers, refers: n, min: 1, max: 1, lang: p.captured[n].lang.unconstrained()}, p.advance()
}

// quantifier is {min,max} with a preference.
type quantifier struct {
	min, max int
	prefers  partFlags
}

const (
	infinite   = 256
	maxRepeats = 255
)

func (p *parser) quantifier() (quantifier, error) {
	q := quantifier{min: 1, max: 1}
	switch p.next {
	case '*':
		q = quantifier{min: 0, max: infinite}
	case '+':
		q = quantifier{min: 1, max: infinite}
	case '?':
		q = quantifier{min: 0, max: 1}
	case '{':
		return p.bounds()
	default:
		return q, nil
	}
	q.prefers = preferenceOf(p.value)
	return q, p.advance()
}

func preferenceOf(greedy rune) partFlags {
	if greedy == 0 {
		return shorter
	}
	return longer
}

func (p *parser) bounds() (q quantifier, err error) {
	if err = p.advance(); err != nil {
		return q, err
	}
	if q.min, err = p.count(); err != nil {
		return q, err
	}
	q.max = q.min
	if p.next == ',' {
		if err = p.advance(); err != nil {
			return q, err
		}
		q.max = infinite
		if p.next == tokenDigit {
			if q.max, err = p.count(); err != nil {
				return q, err
			}
		}
		q.prefers = preferenceOf(p.value)
	}
	if p.next != '}' || q.min > q.max {
		return q, errBound()
	}
	return q, p.advance()
}

func (p *parser) count() (int, error) {
	n := 0
	for p.next == tokenDigit && n < maxRepeats {
		n = n*10 + int(p.value)
		if err := p.advance(); err != nil {
			return 0, err
		}
	}
	if p.next == tokenDigit || n > maxRepeats {
		return 0, errBound()
	}
	return n, nil
}
