package sql

import "strings"

// shape says what may be answered without reading everything: see Shape.
func (b *binder) shape(p *selectParts, n narrowed) Shape {
	s := Shape{Limit: -1}
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
