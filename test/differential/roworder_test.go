package differential

import (
	"slices"
	"testing"

	"tidegate/test/differential/random"
	"tidegate/test/differential/script"
)

// rowOrders are other orders than that in which PostgreSQL's tables have their rows.
var rowOrders = []string{"ctid desc", "md5(ctid::text)"}

// disputed stands for a value that depends on the order of the rows.
const disputed = "\x00DISPUTED"

// inAnyOrder gives the first difference that is left when PostgreSQL's answer counts only where it is the same for its
// tables' rows in every order. Of floats that cancel each other nothing is left but noise, which is divided by noise in
// corr or regr_r2, and nobody promises an order.
func (r *referee) inAnyOrder(t *testing.T, tables []random.Table, q *script.Statement, want, got *answer) string {
	t.Helper()
	w, g := arranged(q, want), arranged(q, got)
	var others []*answer
	for _, order := range rowOrders {
		other := r.reordered(t, tables, order, q)
		if other.code != want.code && difference(q, other, got) == "" {
			return "" // one of PostgreSQL's own answers
		}
		if other.code == "" && want.code == "" && len(other.rows) == len(want.rows) {
			others = append(others, arranged(q, other))
		}
	}
	if len(w.rows) != len(g.rows) {
		return difference(q, want, got)
	}
	for _, other := range others {
		for i, row := range other.rows {
			for j, v := range row {
				if isReal(want.types[j]) && v != w.rows[i][j] && !closeEnough(want.types[j], w.rows[i][j], v) {
					w.rows[i][j], g.rows[i][j] = disputed, disputed
				}
			}
		}
	}
	return difference(q, w, g)
}

// reordered is PostgreSQL's answer when its tables have their rows in an order.
func (r *referee) reordered(t *testing.T, tables []random.Table, order string, q *script.Statement) *answer {
	t.Helper()
	must(t, r.postgres, "begin")
	for _, table := range tables {
		must(t, r.postgres, "create temp table "+table.Name+" on commit drop as select * from public."+table.Name+" order by "+order)
	}
	a := r.askPostgres(t, q)
	must(t, r.postgres, "rollback")
	return a
}

// arranged is a copy of an answer, sorted if it has no order.
func arranged(q *script.Statement, a *answer) *answer {
	b := *a
	b.rows = nil
	for _, row := range a.rows {
		b.rows = append(b.rows, slices.Clone(row))
	}
	if !q.Ordered {
		b.rows = sorted(b.rows, a.types)
	}
	return &b
}
