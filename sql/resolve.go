package sql

import (
	"slices"

	"tidegate/internal/pgtypes"
)

// resolution is the outcome of PostgreSQL's choice among candidates.
type resolution uint8

const (
	resolved resolution = iota
	noCandidate
	ambiguous
)

// choose picks the candidate that PostgreSQL picks for the given argument types (0 is unknown), by the rules of
// its manual, "Type Conversion": exact match, most exact matches, preferred types, categories of the unknown.
func (p *postgres) choose(candidates []signature, args []pgtypes.OID) (*signature, resolution) {
	var fit []*signature
	for i := range candidates {
		c := &candidates[i]
		if c.kind == 'p' || !p.accepts(c, args) {
			continue
		}
		if p.exact(c, args) == len(args) {
			return c, resolved
		}
		fit = append(fit, c)
	}
	if len(fit) == 0 {
		return nil, noCandidate
	}
	fit = best(fit, func(c *signature) int { return p.exact(c, args) })
	fit = best(fit, func(c *signature) int { return p.exactOrPreferred(c, args) })
	if len(fit) == 1 {
		return fit[0], resolved
	}
	fit = p.byCategory(fit, args)
	if len(fit) == 1 {
		return fit[0], resolved
	}
	if c := p.onlyFor(fit, args); c != nil {
		return c, resolved
	}
	return nil, ambiguous
}

func (p *postgres) accepts(c *signature, args []pgtypes.OID) bool {
	if len(args) != len(c.args) && (len(args) > len(c.args) || len(args) < len(c.args)-c.defaults) {
		return false
	}
	for i, a := range args {
		if c.args[i] == 0 && a == 0 && i == 0 {
			continue // a prefix operator
		}
		if !p.coercible(a, c.args[i]) || c.args[i] == 0 {
			return false
		}
	}
	_, _, consistent := p.concrete(c, args)
	return consistent
}

func (p *postgres) exact(c *signature, args []pgtypes.OID) int {
	n := 0
	for i, a := range args {
		if a == c.args[i] {
			n++
		}
	}
	return n
}

func (p *postgres) exactOrPreferred(c *signature, args []pgtypes.OID) int {
	n := 0
	for i, a := range args {
		t := p.types[c.args[i]]
		if a == c.args[i] || a != 0 && t.preferred && t.category == p.category(a) {
			n++
		}
	}
	return n
}

func best(fit []*signature, score func(*signature) int) []*signature {
	top := -1
	var kept []*signature
	for _, c := range fit {
		switch s := score(c); {
		case s > top:
			top, kept = s, []*signature{c}
		case s == top:
			kept = append(kept, c)
		}
	}
	return kept
}

// byCategory decides by the unknown arguments: the string category if any candidate takes it there, else the
// one category that all candidates share; then candidates with that category's preferred type.
func (p *postgres) byCategory(fit []*signature, args []pgtypes.OID) []*signature {
	for i, a := range args {
		if a != 0 {
			continue
		}
		category, conflict := byte(0), false
		for _, c := range fit {
			k := p.types[c.args[i]].category
			if k == 'S' {
				category, conflict = 'S', false
				break
			}
			conflict = conflict || category != 0 && category != k
			category = k
		}
		if conflict {
			return fit
		}
		fit = p.keepCategory(fit, i, category)
	}
	return fit
}

func (p *postgres) keepCategory(fit []*signature, i int, category byte) []*signature {
	var in, preferred []*signature
	for _, c := range fit {
		t := p.types[c.args[i]]
		if t.category != category {
			continue
		}
		in = append(in, c)
		if t.preferred {
			preferred = append(preferred, c)
		}
	}
	if len(preferred) > 0 {
		return preferred
	}
	return in
}

// sameKnown gives the one type that all known arguments have, 0 if there is none.
func sameKnown(args []pgtypes.OID) pgtypes.OID {
	var known pgtypes.OID
	for _, a := range args {
		switch {
		case a == 0:
		case known == 0:
			known = a
		case known != a:
			return 0
		}
	}
	return known
}

// onlyFor gives the one candidate that takes the unknown arguments too if they have the type of all others.
func (p *postgres) onlyFor(fit []*signature, args []pgtypes.OID) *signature {
	known := sameKnown(args)
	if known == 0 {
		return nil
	}
	var only *signature
	for _, c := range fit {
		if p.accepts(c, slices.Repeat([]pgtypes.OID{known}, len(args))) {
			if only != nil {
				return nil
			}
			only = c
		}
	}
	return only
}

// common gives the type that UNION, CASE, COALESCE, VALUES and GREATEST give to their parts: PostgreSQL's
// select_common_type. ok is false if there is none; text if all are unknown.
func (p *postgres) common(types []pgtypes.OID) (t pgtypes.OID, ok bool) {
	for _, o := range types {
		switch {
		case o == 0 || o == t:
		case t == 0:
			t = o
		case p.category(o) != p.category(t):
			return 0, false
		case !p.types[t].preferred && p.coercible(t, o) && !p.coercible(o, t):
			t = o
		}
	}
	if t == 0 {
		return pgtypes.Text, true
	}
	for _, o := range types {
		if !p.coercible(o, t) {
			return 0, false
		}
	}
	return t, true
}
