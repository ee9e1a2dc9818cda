package differential

import (
	"slices"
	"strings"
	"testing"

	"tidegate/test/differential/random"
	"tidegate/test/differential/script"
)

// rowOrders are orders for the rows of PostgreSQL's tables: their own, and others.
var rowOrders = []string{"ctid", "ctid desc", "md5(ctid::text)"}

// plan is how PostgreSQL comes to read rows of grouping sets in another order than that of their keys.
type plan struct {
	setting string // of its planner
	sorted  string // behind a query with grouping sets
}

// plans: without sorts grouping sets are hashed, and the set of all rows is made in the order of the table; an ORDER BY
// turns the order of the keys around, or that of its NULLs, and at most the first two columns are keys: the set of all
// rows takes the order of one of them.
var plans = []plan{
	{setting: "enable_sort = on"},
	{setting: "enable_sort = off"},
	{setting: "enable_sort = on", sorted: " order by 1 desc, 2 desc"},
	{setting: "enable_sort = on", sorted: " order by 1 nulls first, 2 nulls first"},
	{setting: "enable_sort = on", sorted: " order by 1 desc nulls last, 2 desc nulls last"},
	{setting: "enable_sort = on", sorted: " order by 2 desc, 1 desc"},
	{setting: "enable_sort = on", sorted: " order by 2 nulls first, 1 nulls first"},
	{setting: "enable_sort = on", sorted: " order by 2 desc nulls last, 1 desc nulls last"},
}

// hashable leaves out a DISTINCT that means nothing: with one PostgreSQL sorts whatever it is told.
var hashable = strings.NewReplacer("min(distinct ", "min(", "max(distinct ", "max(")

// disputed stands for a value that depends on the order of the rows.
const disputed = "\x00DISPUTED"

// inAnyOrder gives the first difference that is left when PostgreSQL's answer counts only where it is the same for its
// tables' rows in every order, and by every plan. Of floats that cancel each other nothing is left but noise, which is
// divided by noise in corr or regr_r2, and nobody promises an order.
func (r *referee) inAnyOrder(t *testing.T, tables []random.Table, random *random.Query, want, got *answer) string {
	t.Helper()
	q := random.Statement()
	w, g := arranged(q, want), arranged(q, got)
	var others []*answer
	for i := range len(rowOrders) * len(plans) {
		other := r.reordered(t, tables, rowOrders[i/len(plans)], plans[i%len(plans)], q)
		if random.AnyScale {
			other = byValue(other)
		}
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

// reordered is PostgreSQL's answer when its tables have their rows in an order, by a plan.
func (r *referee) reordered(t *testing.T, tables []random.Table, order string, by plan, q *script.Statement) *answer {
	t.Helper()
	must(t, r.postgres, "begin")
	must(t, r.postgres, "set local "+by.setting)
	for _, table := range tables {
		must(t, r.postgres, "create temp table "+table.Name+" on commit drop as select * from public."+table.Name+" order by "+order)
	}
	asked := *q
	asked.Text = hashable.Replace(asked.Text)
	if !q.Ordered && strings.Contains(q.Text, "grouping(") {
		asked.Text += by.sorted
	}
	a := r.askPostgres(t, &asked)
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
