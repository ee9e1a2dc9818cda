package etl

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"tidegate/catalog"
)

// component are batches that can only be made again together, as one: a batch, the requeues of its quarantine, which have
// rows of the same objects, and what was compacted with it, since nobody can tell whose a row of a compacted file is.
type component struct {
	members []member // by place
}

// member is a batch of a component, and why it is made again.
type member struct {
	*catalog.Batch
	why string
}

// refs names the members.
func (c *component) refs() []catalog.BatchRef {
	refs := make([]catalog.BatchRef, len(c.members))
	for i, m := range c.members {
		refs[i] = refOf(m.Batch)
	}
	return refs
}

// bytes is the size of the members' objects.
func (c *component) bytes() int64 {
	var n int64
	for _, m := range c.members {
		if m.Kind != catalog.RecordRequeue {
			n += m.BytesIn
		}
	}
	return n
}

// replaces are the live pairs that hold rows of the members.
func (l *lineage) replaces(c *component) []catalog.Replaced {
	of := map[catalog.BatchRef]bool{}
	for _, ref := range c.refs() {
		of[ref] = true
	}
	var pairs []catalog.Replaced
	for _, p := range l.live {
		// All that were compacted with one of them are of the component.
		if of[refOf(p.of[0])] {
			pairs = append(pairs, p.Replaced)
		}
	}
	return pairs
}

// partitions gives the partitions that have live rows of each batch.
func (l *lineage) partitions() map[catalog.BatchRef][]string {
	all := map[catalog.BatchRef][]string{}
	for _, p := range l.live {
		for _, b := range p.of {
			all[refOf(b)] = append(all[refOf(b)], p.Partition)
		}
	}
	return all
}

// bond says that two batches can only be made again together, and why the one is if the other is chosen.
type bond struct {
	a, b       *catalog.Batch
	whyA, whyB string
}

// components gives the batches that are chosen, each with those that it is bound to, by place. chosen tells why a batch is,
// or "".
func (l *lineage) components(bonds []bond, chosen func(b *catalog.Batch) string) []*component {
	bound := map[*catalog.Batch][]member{}
	for _, b := range bonds {
		bound[b.a] = append(bound[b.a], member{b.b, b.whyB})
		bound[b.b] = append(bound[b.b], member{b.a, b.whyA})
	}
	why := map[*catalog.Batch]string{}
	for i := range l.batches {
		if b := &l.batches[i]; b.RemadeBy == 0 && b.Kind != catalog.RecordCompact {
			if reason := chosen(b); reason != "" {
				why[b] = reason
			}
		}
	}
	seen := map[*catalog.Batch]bool{}
	var all []*component
	for i := range l.batches {
		b := &l.batches[i]
		if why[b] == "" || seen[b] {
			continue
		}
		c := &component{}
		for queue := []member{{b, why[b]}}; len(queue) > 0; queue = queue[1:] {
			m := queue[0]
			if seen[m.Batch] {
				continue
			}
			seen[m.Batch] = true
			m.why = cmp.Or(why[m.Batch], m.why)
			c.members = append(c.members, m)
			queue = append(queue, bound[m.Batch]...)
		}
		slices.SortFunc(c.members, func(x, y member) int { return byPlace(x.Batch, y.Batch) })
		all = append(all, c)
	}
	slices.SortFunc(all, func(x, y *component) int { return byPlace(x.members[0].Batch, y.members[0].Batch) })
	return all
}

func byPlace(x, y *catalog.Batch) int {
	return cmp.Or(cmp.Compare(x.Place, y.Place), cmp.Compare(x.Seq, y.Seq))
}

// bonds ties requeues to the batches whose quarantine they read, and to each other what was compacted together.
func (t *run) bonds(ctx context.Context, l *lineage) ([]bond, error) {
	var bonds []bond
	for i := range l.batches {
		b := &l.batches[i]
		if b.Kind != catalog.RecordRequeue || b.RemadeBy != 0 {
			continue
		}
		k, err := t.related(ctx, b)
		if err != nil {
			return nil, err
		}
		for _, id := range k.requeued {
			rejecting, ok := l.newest[id]
			if !ok {
				return nil, fmt.Errorf("requeue %s read the quarantine of %s, which the catalog does not have", b.ID, id)
			}
			rejecting = l.heir(rejecting)
			bonds = append(bonds, bond{rejecting, b, "rejected what " + b.ID + " requeued", "requeued what " + rejecting.ID + " rejected"})
		}
	}
	for _, p := range l.live {
		for i := 1; i < len(p.of); i++ {
			a, b := p.of[i-1], p.of[i]
			bonds = append(bonds, bond{a, b, "compacted with " + b.ID, "compacted with " + a.ID})
		}
	}
	return bonds, nil
}

// ids gives the ids of the members, the first few of many.
func (c *component) ids() string {
	var names []string
	for i, m := range c.members {
		if i == 3 {
			return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), len(c.members)-i)
		}
		names = append(names, m.ID)
	}
	return strings.Join(names, ", ")
}
