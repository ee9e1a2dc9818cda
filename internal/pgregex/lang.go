package pgregex

import "slices"

// lang is what a pattern matches, without what it prefers and captures.
type lang struct {
	kind     langKind
	set      *set
	assert   assertion
	look     int     // of langLook: its place in the list
	items    []*lang // of langRepeat: one
	min, max int
}

type langKind byte

const (
	langConcat langKind = iota // of nothing: the empty text
	langEither
	langRepeat
	langSet
	langAssert
	langLook
)

// assertion is a place in the text.
type assertion byte

const (
	atStart assertion = iota
	atEnd
	atLineStart
	atLineEnd
	atWordStart
	atWordEnd
	atBoundary
	atNoBoundary
)

// lookKind is the kind of a look-around, as bits.
type lookKind rune

const (
	lookAhead  lookKind = 0
	lookBehind lookKind = 1
	lookNot    lookKind = 2
)

// look is a look-around.
type look struct {
	kind    lookKind
	lang    *lang
	program *program
}

func concat(a, b *lang) *lang {
	return &lang{kind: langConcat, items: append(slices.Clone(a.parts()), b.parts()...)}
}

// parts are the items of a concatenation, else the thing itself.
func (l *lang) parts() []*lang {
	if l.kind == langConcat {
		return l.items
	}
	return []*lang{l}
}

func repeated(l *lang, low, high int) *lang {
	switch {
	case low == 1 && high == 1:
		return l
	case high == 0:
		return &lang{kind: langConcat}
	}
	return &lang{kind: langRepeat, items: []*lang{l}, min: low, max: high}
}

// unconstrained gives the same without assertions and look-around: what a back reference may match elsewhere.
func (l *lang) unconstrained() *lang {
	switch l.kind {
	case langAssert, langLook:
		return &lang{kind: langConcat}
	case langSet:
		return l
	default:
	}
	out := *l
	out.items = nil
	for _, x := range l.items {
		out.items = append(out.items, x.unconstrained())
	}
	return &out
}
