package sql

import (
	"slices"
	"strings"
)

// shape says what may be answered without reading everything: see Shape.
func (b *binder) shape(p *selectParts, n narrowed) Shape {
	s := Shape{Limit: -1, Keeps: b.keeps(p)}
	if p.source == nil || p.source.base == nil || p.with != "" {
		return s
	}
	if p.transparent || p.limit != nil || p.offset != nil {
		b.preview(p, &s)
	}
	if n.of(p.source.base).exact && p.source.base.relation.Filter == nil && len(p.group) == 0 && p.having == nil && p.qualify == nil && p.distinct == "" && p.limit == nil && p.offset == nil && len(p.order) == 0 {
		s.Statistics = statistics(p)
	}
	return s
}

// fewRows are so few that sorting needs no memory to speak of, however many are read.
const fewRows = 100_000

// keeps says what has to be kept of the rows that are read.
func (b *binder) keeps(p *selectParts) Keeps {
	single := p.source == nil || p.source.base != nil
	switch {
	case len(b.uses) > 1, !single, p.op != "", p.with != "", p.windowed:
		return KeepsRows
	case p.distinct != "", len(p.group) > 0:
		return KeepsGroups
	case p.aggregated:
		if slices.ContainsFunc(b.aggregates, func(a aggregateCall) bool { return a.merging == nil }) {
			return KeepsRows
		}
	case len(p.order) > 0 && (p.limit == nil || p.limit.value == nil || p.limit.value.I > fewRows):
		return KeepsRows
	}
	return KeepsNothing
}

// preview fills in the shape of "SELECT … FROM t [WHERE …] [ORDER BY column] LIMIT n".
func (b *binder) preview(p *selectParts, s *Shape) {
	if p.aggregated || p.windowed || p.distinct != "" || p.limit == nil || p.limit.value == nil ||
		p.offset != nil && p.offset.value == nil || len(p.order) > 1 || len(b.uses) > 1 {
		return
	}
	if len(p.order) == 1 {
		k := p.order[0]
		e := k.e
		if k.output > 0 {
			e = p.targets[k.output-1].e
		}
		if e.column == nil || strings.Contains(k.sql, " NULLS ") {
			return
		}
		s.OrderBy, s.OrderDesc = e.column.name, k.desc
	}
	s.Limit = p.limit.value.I
	if p.offset != nil {
		s.Limit += p.offset.value.I
	}
	s.Filtered = p.where != nil || p.source.base.relation.Filter != nil
}

// statistics gives the calls of a SELECT of nothing but count(*), count(c), min(c) and max(c); nil otherwise.
func statistics(p *selectParts) []StatCall {
	var calls []StatCall
	for _, t := range p.targets {
		if t.e.stat == nil {
			return nil
		}
		calls = append(calls, *t.e.stat)
	}
	return calls
}
