package pgregex

import "unicode"

func (m *matcher) same(a, b rune) bool {
	return a == b || m.r.fold && unicode.ToLower(a) == unicode.ToLower(b)
}

// iteration is the search for the ends of the iterations of a part.
type iteration struct {
	m        *matcher
	child    *part
	min, max int
	ends     []int // ends[k] is where iteration k, from 1, ends; ends[0] is the beginning
	verified int   // so many iterations have been dissected where they are now
	end      int
}

func (m *matcher) iterate(t *part, begin, end int) bool {
	low := t.min
	if low <= 0 {
		if begin == end {
			if t.children[0].flags&shorter == 0 {
				m.once(t.children[0], begin)
			}
			return true
		}
		low = 1
	}
	most := end - begin // an iteration of nothing is needed to reach the minimum only
	if t.max != infinite {
		most = min(most, t.max)
	}
	most = max(most, low)
	i := &iteration{m: m, child: t.children[0], min: low, max: most, ends: make([]int, most+1), end: end}
	i.ends[0] = begin
	if i.child.flags&shorter != 0 {
		return i.short()
	}
	return i.long()
}

// once lets a part match nothing, if it can: its groups are empty then rather than not matched.
func (m *matcher) once(t *part, at int) {
	m.forget(t)
	if m.machines[t.id].longest(at, at) != at || !m.dissect(t, at, at) {
		m.forget(t)
	}
}

// long prefers the longest iterations.
func (i *iteration) long() bool {
	machine := i.m.machines[i.child.id]
	for k, limit := 1, i.end; k > 0 && !i.m.tooMany; {
		i.ends[k] = machine.longest(i.ends[k-1], limit)
		if i.ends[k] < 0 {
			k, limit = i.backLong(k - 1)
			continue
		}
		i.verified = min(i.verified, k-1)
		if i.ends[k] != i.end {
			switch {
			case k >= i.max:
				k, limit = i.backLong(k - 1)
			case i.ends[k] == i.ends[k-1] && (k >= i.min || i.min-k < i.end-i.ends[k]):
				k, limit = i.backLong(k)
			default:
				k, limit = k+1, i.end
			}
			continue
		}
		if k >= i.min {
			failed := i.verify(k)
			if failed == 0 {
				return true
			}
			k = failed
		}
		k, limit = i.backLong(k)
	}
	return false
}

// backLong shortens iteration k, or one before it. k is 0 if none can be.
func (i *iteration) backLong(k int) (int, int) {
	for ; k > 0; k-- {
		before := i.ends[k-1]
		if i.ends[k] > before {
			limit := i.ends[k] - 1
			if limit > before || k < i.min && i.min-k >= i.end-before {
				return k, limit
			}
		}
	}
	return 0, 0
}

// short prefers the shortest iterations.
func (i *iteration) short() bool {
	machine := i.m.machines[i.child.id]
	for k, limit := 1, i.ends[0]; k > 0 && !i.m.tooMany; {
		if limit == i.ends[k-1] && limit != i.end && (k >= i.min || i.min-k < i.end-limit) {
			limit++
		}
		if k >= i.max {
			limit = i.end
		}
		i.ends[k] = machine.shortest(i.ends[k-1], limit, i.end)
		if i.ends[k] < 0 {
			k, limit = i.backShort(k - 1)
			continue
		}
		i.verified = min(i.verified, k-1)
		if i.ends[k] != i.end {
			if k >= i.max {
				k, limit = i.backShort(k - 1)
			} else {
				k++
				limit = i.ends[k-1]
			}
			continue
		}
		if k >= i.min {
			failed := i.verify(k)
			if failed == 0 {
				return true
			}
			k = failed
		}
		k, limit = i.backShort(k)
	}
	return false
}

// backShort lengthens iteration k, or one before it. k is 0 if none can be.
func (i *iteration) backShort(k int) (int, int) {
	for ; k > 0; k-- {
		if i.ends[k] < i.end {
			return k, i.ends[k] + 1
		}
	}
	return 0, 0
}

// verify dissects the iterations up to k that were not yet, and gives the first one that fails, 0 if none does.
func (i *iteration) verify(k int) int {
	for n := i.verified + 1; n <= k; n++ {
		i.m.forget(i.child)
		if !i.m.dissect(i.child, i.ends[n-1], i.ends[n]) {
			return n
		}
		i.verified = n
	}
	return 0
}
