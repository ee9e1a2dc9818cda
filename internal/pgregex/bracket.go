package pgregex

import "tidegate/internal/pgerr"

// bracketSet reads a bracket expression up to its end, which stays the next token.
func (p *parser) bracketSet() (*set, error) {
	s := &set{negated: p.value == 0}
	s.noFeed = s.negated && p.is(newlineStops)
	if err := p.advance(); err != nil {
		return nil, err
	}
	for p.next != ']' {
		if err := p.bracketItem(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func errRange() error { return invalid("invalid character range") }

func (p *parser) bracketItem(s *set) error {
	fold := p.is(foldCase)
	var first rune
	var err error
	switch p.next {
	case tokenPlain:
		first = p.value
		if err = p.advance(); err != nil {
			return err
		}
		if p.next != tokenRange {
			s.addChar(first, fold)
			return nil
		}
	case tokenCollating:
		if first, err = p.collating(); err != nil {
			return err
		}
	case tokenEquivalence:
		if first, err = p.collating(); err == nil {
			s.addChar(first, fold)
		}
		return err
	case tokenClass:
		return p.namedClass(s, fold)
	case tokenEscape:
		c, _ := classOf(p.name, fold)
		c.negated = p.value == 0
		s.classes = append(s.classes, c)
		return p.advance()
	default:
		return errRange()
	}
	last := first
	if p.next == tokenRange {
		if last, err = p.rangeEnd(); err != nil {
			return err
		}
	}
	if first > last {
		return errRange()
	}
	s.addRange(first, last, fold)
	return nil
}

func (p *parser) rangeEnd() (rune, error) {
	if err := p.advance(); err != nil {
		return 0, err
	}
	switch p.next {
	case tokenPlain, tokenRange:
		c := p.value
		return c, p.advance()
	case tokenCollating:
		return p.collating()
	default:
		return 0, errRange()
	}
}

// name reads what stands between [: and :].
func (p *parser) bracketName() ([]rune, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	var name []rune
	for p.next == tokenPlain {
		name = append(name, p.value)
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	return name, p.advance()
}

// collating reads a collating element of one character. PostgreSQL has names for others, such as [.hyphen.].
func (p *parser) collating() (rune, error) {
	name, err := p.bracketName()
	switch {
	case err != nil:
		return 0, err
	case len(name) == 0:
		return 0, invalid("invalid collating element")
	case len(name) > 1:
		return 0, pgerr.New(pgerr.FeatureNotSupported, "the collating element %q in a regular expression is not supported", string(name))
	}
	return name[0], nil
}

func (p *parser) namedClass(s *set, fold bool) error {
	name, err := p.bracketName()
	if err != nil {
		return err
	}
	c, ok := classOf(string(name), fold)
	if !ok {
		return invalid("invalid character class")
	}
	s.classes = append(s.classes, c)
	return nil
}
