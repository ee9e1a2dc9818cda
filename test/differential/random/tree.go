package random

import (
	"slices"
	"strings"
)

// node is a piece of a statement. Its text is that of its parts in order, or of its items with a separator.
type node struct {
	typ   uint32 // of an expression; 0: a clause
	plain string // of an expression: the simplest one of its type
	parts []any  // string or *node

	items     []*node // of a list
	separator string
	fixed     bool // the number of items matters
	optional  bool // may be left out
}

func text(s string) *node { return &node{parts: []any{s}} }

func clause(parts ...any) *node { return &node{parts: parts} }

func optional(parts ...any) *node { return &node{parts: parts, optional: true} }

func list(separator string, items ...*node) *node { return &node{items: items, separator: separator} }

func (n *node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	for _, p := range n.parts {
		switch p := p.(type) {
		case string:
			b.WriteString(p)
		case *node:
			p.write(b)
		}
	}
	for i, item := range n.items {
		if i > 0 {
			b.WriteString(n.separator)
		}
		item.write(b)
	}
}

// kids gives the nodes right below.
func (n *node) kids() []*node {
	kids := slices.Clone(n.items)
	for _, p := range n.parts {
		if k, ok := p.(*node); ok {
			kids = append(kids, k)
		}
	}
	return kids
}

// below gives the expressions of a type below n, the nearest first.
func (n *node) below(typ uint32) []*node {
	var found []*node
	for level := n.kids(); len(level) > 0; {
		var next []*node
		for _, k := range level {
			if k.typ == typ {
				found = append(found, k)
			}
			next = append(next, k.kids()...)
		}
		level = next
	}
	return found
}

// edits gives the ways to make the tree smaller, the largest first.
func (n *node) edits() []node {
	var list []node
	if n.optional && len(n.parts)+len(n.items) > 0 {
		list = append(list, node{optional: true})
	}
	if n.typ != 0 && n.String() != n.plain {
		list = append(list, node{typ: n.typ, plain: n.plain, parts: []any{n.plain}})
		for _, k := range n.below(n.typ) {
			list = append(list, *k)
		}
	}
	if !n.fixed {
		for i := range n.items {
			if len(n.items) > 1 {
				smaller := *n
				smaller.items = slices.Delete(slices.Clone(n.items), i, i+1)
				list = append(list, smaller)
			}
		}
	}
	return list
}

// shrink makes the tree as small as it stays wrong, in at most budget trials.
func shrink(root *node, budget int, wrong func(text string) bool) {
	for progress := true; progress; {
		progress = false
		for queue := []*node{root}; len(queue) > 0; queue = queue[1:] {
			n := queue[0]
			for again := true; again; {
				again = false
				for _, smaller := range n.edits() {
					if budget--; budget < 0 {
						return
					}
					whole := *n
					*n = smaller
					if wrong(root.String()) {
						progress, again = true, true
						break
					}
					*n = whole
				}
			}
			queue = append(queue, n.kids()...)
		}
	}
}
