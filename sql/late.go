package sql

// A statement that is bound for the plan cache does not know the values of its parameters, and what they prove is to be
// worked out anew for each of them: such an expression or proof is late. at gives what it is with the values that a
// binder has.

func (e *expr) at(b *binder) (*expr, error) {
	if e.late == nil {
		return e, nil
	}
	return e.late(b)
}

func (p *proof) at(b *binder) (*proof, error) {
	if p == nil || p.late == nil {
		return p, nil
	}
	return p.late(b)
}

// later keeps what gives a late expression, so that every value is read even where it proves nothing: what a type does
// not read is an error.
func (b *binder) later(at func(b *binder) (*expr, error)) func(b *binder) (*expr, error) {
	b.lates = append(b.lates, at)
	return at
}

// anyLate reports whether one of list is late.
func anyLate(list ...*expr) bool {
	for _, e := range list {
		if e.late != nil {
			return true
		}
	}
	return false
}

// valued gives what the expressions of list are with b's values.
func (b *binder) valued(list []*expr) ([]*expr, error) {
	out := make([]*expr, len(list))
	for i, e := range list {
		var err error
		if out[i], err = e.at(b); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// then makes a proof of p, at once or when p is known.
func (p *proof) then(f func(x proof) *proof) *proof {
	if p == nil || p.late == nil {
		return f(p.get())
	}
	return &proof{late: func(b *binder) (*proof, error) {
		x, err := p.at(b)
		if err != nil {
			return nil, err
		}
		return f(x.get()), nil
	}}
}

// combine makes a proof of two, at once or when both are known.
func combine(f func(x, y proof) *proof, p, q *proof) *proof {
	if (p == nil || p.late == nil) && (q == nil || q.late == nil) {
		return f(p.get(), q.get())
	}
	return &proof{late: func(b *binder) (*proof, error) {
		x, err := p.at(b)
		if err != nil {
			return nil, err
		}
		y, err := q.at(b)
		if err != nil {
			return nil, err
		}
		return f(x.get(), y.get()), nil
	}}
}

// narrowing is a condition whose truth narrows what the query sees of its relations.
type narrowing struct {
	proof *proof
	do    func(f facts, n narrowed)
}

// narrowed is what all conditions together leave of each use.
type narrowed map[*useState]*left

// left is Use.Where and Use.Exact in the making.
type left struct {
	where map[string]Domain
	exact bool
}

func (n narrowed) of(u *useState) *left {
	l := n[u]
	if l == nil {
		l = &left{where: map[string]Domain{}}
		n[u] = l
	}
	return l
}

// narrow has do called with what the proof's truth proves, when all values are known.
func (b *binder) narrow(p *proof, do func(f facts, n narrowed)) {
	b.narrowings = append(b.narrowings, narrowing{p, do})
}

// narrowAll applies every condition in the order in which they were bound, with the values that values has.
func (b *binder) narrowAll(values *binder) (narrowed, error) {
	for _, at := range b.lates {
		if _, err := at(values); err != nil {
			return nil, err
		}
	}
	n := make(narrowed, len(b.uses))
	for _, step := range b.narrowings {
		p, err := step.proof.at(values)
		if err != nil {
			return nil, err
		}
		step.do(p.get().yes, n)
	}
	return n, nil
}

// limited gives the parts with the numbers of rows that the values have: of LIMIT and OFFSET.
func (p *selectParts) limited(values *binder) (*selectParts, error) {
	limited := *p
	for clause, e := range map[string]**expr{"LIMIT": &limited.limit, "OFFSET": &limited.offset} {
		if *e == nil || (*e).late == nil {
			continue
		}
		v, err := (*e).at(values)
		if err == nil {
			*e, err = rowCount(v, clause)
		}
		if err != nil {
			return nil, err
		}
	}
	return &limited, nil
}
