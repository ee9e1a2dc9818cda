package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// hypothetical binds rank(a, b) WITHIN GROUP (ORDER BY x, y) and its kin: what the window function of that name would give
// to a row (a, b) among those of the group. DuckDB counts the rows that come before it.
func (b *binder) hypothetical(fn string, n *pg_query.FuncCall, sc *scope) (*expr, error) {
	if err := b.callAllowed(n, sc); err != nil {
		return nil, err
	}
	if n.Over != nil {
		return nil, b.fail(pgerr.FeatureNotSupported, n.Location, "OVER is not supported for ordered-set aggregate %s", fn)
	}
	inner := *sc
	inner.sets = false
	inner.inCall = true
	row, shown, err := b.hypotheticalRow(n, sc, &inner)
	if err != nil {
		return nil, err
	}
	keys := make([]*expr, len(n.AggOrder))
	for i, s := range n.AggOrder {
		if keys[i], err = b.expr(s.GetSortBy().GetNode(), &inner); err != nil {
			return nil, err
		}
	}
	if len(row) != len(keys) {
		return nil, b.fail(pgerr.UndefinedFunction, n.Location, "function %s(%s) does not exist", fn, typeList(slices.Concat(row, keys))).WithHint("To use the hypothetical-set aggregate %s, "+
			"the number of hypothetical direct arguments (here %d) must match the number of ordering columns (here %d).", fn, len(row), len(keys))
	}
	before, parts, values, err := b.hypotheticalOrder(row, keys, n, fn == "cume_dist")
	if err != nil {
		return nil, err
	}
	s := hypotheticalSummary(fn, before, values)
	e := computed(pgtypes.Int8, "", parts...)
	if fn == "percent_rank" || fn == "cume_dist" {
		e = computed(pgtypes.Float8, "", parts...)
	}
	e.pos, s.scale = n.Location, -1
	if e, err = b.finishCall(e, s, n, sc, &inner); err != nil {
		return nil, err
	}
	for _, a := range shown {
		e.bare = append(e.bare, a.bare...)
	}
	return e, nil
}

// hypotheticalRow binds the row. It is computed once for a group, so that its columns must be grouped by: shown are the values as
// they stand outside of the call, row those that DuckDB sees beside every row.
func (b *binder) hypotheticalRow(n *pg_query.FuncCall, sc, inner *scope) (row, shown []*expr, err error) {
	outside := *sc
	outside.sets = false
	if shown, err = b.exprs(n.Args, &outside); err != nil {
		return nil, nil, err
	}
	if i := slices.IndexFunc(shown, func(e *expr) bool { return e.scopes.aggregate }); i >= 0 {
		return nil, nil, b.fail(pgerr.GroupingError, shown[i].pos, "aggregate function calls cannot be nested")
	}
	row, err = b.exprs(n.Args, inner)
	return row, shown, err
}

// hypotheticalOrder gives the condition that a row of the group comes before the hypothetical one, what it is made of, and the values
// that rows are the same by. With peers, rows that are its peers come before it, too.
func (b *binder) hypotheticalOrder(row, keys []*expr, n *pg_query.FuncCall, peers bool) (before string, parts []*expr, values []string, err error) {
	for i := range slices.Backward(keys) {
		pair, _, err := b.unify([]*expr{keys[i], row[i]}, "WITHIN GROUP", n.Location)
		if err != nil {
			return "", nil, nil, err
		}
		x, h := pair[0], pair[1]
		s := n.AggOrder[i].GetSortBy()
		if err := b.sorted(x, placeOf(s.Node, x)); err != nil {
			return "", nil, nil, err
		}
		if s, err = b.sortOperator(s); err != nil {
			return "", nil, nil, err
		}
		first := comesFirst(x, h, s)
		switch l, r := comparisonTexts(x, h); {
		case before != "":
			before = "(" + first + " OR " + l + " IS NOT DISTINCT FROM " + r + " AND " + before + ")"
		case peers:
			before = "(" + first + " OR " + l + " IS NOT DISTINCT FROM " + r + ")"
		default:
			before = first
		}
		parts, values = append(parts, h, x), append(values, keyText(x))
	}
	return before, parts, values, nil
}

// comesFirst is the condition that x comes before h in the order of a key.
func comesFirst(x, h *expr, s *pg_query.SortBy) string {
	desc := s.SortbyDir == pg_query.SortByDir_SORTBY_DESC
	nullsFirst := s.SortbyNulls == pg_query.SortByNulls_SORTBY_NULLS_FIRST || desc && s.SortbyNulls != pg_query.SortByNulls_SORTBY_NULLS_LAST
	l, r := comparisonTexts(x, h)
	op, nulls := " < ", x.sql+" IS NOT NULL AND "+h.sql+" IS NULL"
	if desc {
		op = " > "
	}
	if nullsFirst {
		nulls = x.sql + " IS NULL AND " + h.sql + " IS NOT NULL"
	}
	return "coalesce(" + l + op + r + ", " + nulls + ")"
}

func hypotheticalSummary(fn, before string, values []string) *summary {
	rows := "count(CASE WHEN " + before + " THEN 1 END)"
	switch fn {
	case "dense_rank":
		fields := make([]string, len(values))
		for i, v := range values {
			fields[i] = "k" + itoa(i) + " := " + v
		}
		return &summary{calls: []string{"count(DISTINCT CASE WHEN " + before + " THEN struct_pack(" + strings.Join(fields, ", ") + ") END)"}, wrap: "(% + 1)"}
	case "percent_rank":
		return &summary{calls: []string{rows, "count(*)"}, wrap: "CASE WHEN %2 = 0 THEN CAST(0 AS DOUBLE) ELSE CAST(%1 AS DOUBLE) / %2 END"}
	case "cume_dist":
		return &summary{calls: []string{rows, "count(*)"}, wrap: "(CAST(%1 + 1 AS DOUBLE) / (%2 + 1))"}
	}
	return &summary{calls: []string{rows}, wrap: "(% + 1)"}
}
