package sql

import (
	"fmt"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// summarized binds a call of an aggregate that Redshift types by a rule of its own. how makes the expression and what
// computes it of the arguments, nil for those that PostgreSQL's rule is for.
func (b *binder) summarized(n *pg_query.FuncCall, sc *scope, how func(args []*expr) (*expr, *summary, error)) (*expr, error) {
	fn := operatorName(n.Funcname)
	if n.AggStar || len(n.Args) == 0 {
		return nil, b.noFunction(fn, nil, n.Location)
	}
	if err := b.callAllowed(n, sc); err != nil {
		return nil, err
	}
	inner := *sc
	inner.inCall, inner.inWindow = sc.inCall || n.Over == nil, sc.inWindow || n.Over != nil
	args, err := b.exprs(n.Args, &inner)
	if err != nil {
		return nil, err
	}
	e, s, err := how(args)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return b.aggregate(fn, n, sc)
	}
	e.pos = n.Location
	return b.finishCall(e, s, n, sc, &inner)
}

// plainly reports whether a call of one argument has no more than DISTINCT, FILTER and OVER.
func plainly(n *pg_query.FuncCall, args []*expr) bool {
	return len(args) == 1 && len(n.AggOrder) == 0 && !n.AggWithinGroup
}

// redshiftAvg binds AVG: BIGINT of integers, and a decimal of the argument's scale.
func (b *binder) redshiftAvg(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	return b.summarized(n, sc, func(args []*expr) (*expr, *summary, error) {
		x := args[0]
		p, scale, ok := decimalOf(x)
		if !ok || !plainly(n, args) {
			if isFloat(x.oid()) {
				return b.floatSummary("avg", n, args)
			}
			return nil, nil, nil
		}
		s := &summary{calls: []string{"sum(" + x.sql + ")", "count(" + x.sql + ")"}, merges: !n.AggDistinct}
		var e *expr
		if isInteger(x.typ.OID) {
			s.wrap = "CAST(%1 // %2 AS BIGINT)"
			e = computed(pgtypes.Int8, "", x)
		} else {
			b.undocumented("the average of decimals, whose last digit")
			wide := pgtypes.MaxPrecision
			if p <= longDecimal {
				wide = longDecimal
			}
			s.wrap = fmt.Sprintf("CAST(tg_rs_divide(CAST(%%1 AS VARCHAR), CAST(%%2 AS VARCHAR), %d) AS DECIMAL(38,%d))", scale, scale)
			e = decimalExpr("", max(wide, scale), scale, x)
		}
		if n.AggDistinct {
			s.distinct()
		}
		return e, s, nil
	})
}

// longDecimal is the most digits that Redshift keeps in 64 bits.
const longDecimal = 19

// floatSummary is an aggregate of doubles, also of single-precision floats.
func (b *binder) floatSummary(fn string, n *pg_query.FuncCall, args []*expr) (*expr, *summary, error) {
	if !plainly(n, args) {
		return nil, nil, nil
	}
	x, err := b.coerce(args[0], pgtypes.Float8)
	if err != nil {
		return nil, nil, err
	}
	s := plainSummary(allowed()[fn+"(float8)"], []*expr{x})
	s.merges = !n.AggDistinct
	if n.AggDistinct {
		s.distinct()
	}
	return computed(pgtypes.Float8, "", x), s, nil
}

// redshiftSum binds SUM: a decimal of 38 digits of decimals and of BIGINT, a double of floats.
func (b *binder) redshiftSum(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	return b.summarized(n, sc, func(args []*expr) (*expr, *summary, error) {
		x := args[0]
		_, scale, ok := decimalOf(x)
		switch {
		case isFloat(x.oid()):
			return b.floatSummary("sum", n, args)
		case !ok || !plainly(n, args) || x.oid() == pgtypes.Int2 || x.oid() == pgtypes.Int4:
			return nil, nil, nil
		}
		s := &summary{calls: []string{"sum(" + x.sql + ")"}, wrap: fmt.Sprintf("CAST(%% AS DECIMAL(38,%d))", scale), merges: !n.AggDistinct}
		if n.AggDistinct {
			s.distinct()
		}
		return decimalExpr("", pgtypes.MaxPrecision, scale, x), s, nil
	})
}

// redshiftSpread binds STDDEV, VARIANCE and their like: doubles of all numbers.
func (b *binder) redshiftSpread(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	return b.summarized(n, sc, func(args []*expr) (*expr, *summary, error) {
		if !isNumber(args[0].oid()) {
			return nil, nil, nil
		}
		return b.floatSummary(operatorName(n.Funcname), n, args)
	})
}

// listLimit is how many bytes LISTAGG gives at most.
const listLimit = longestVarchar

// listAgg binds LISTAGG([DISTINCT] x [, delimiter]) [WITHIN GROUP (ORDER BY …)] [OVER (PARTITION BY …)].
func (b *binder) listAgg(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	distinct := n.AggDistinct || respelledAs(n) == callDistinct
	return b.summarized(n, sc, func(args []*expr) (*expr, *summary, error) {
		if len(args) > 2 {
			return nil, nil, b.noFunction("listagg", args, n.Location)
		}
		if n.Over != nil && len(n.Over.OrderClause) > 0 {
			return nil, nil, b.fail(pgerr.FeatureNotSupported, n.Location, "LISTAGG over a window with an order is not in Redshift's documentation: its order stands in WITHIN GROUP")
		}
		x, err := b.coerce(args[0], pgtypes.Text)
		if err != nil {
			return nil, nil, err
		}
		delimiter := "''"
		if len(args) == 2 {
			d, err := b.coerce(args[1], pgtypes.Text)
			if err != nil {
				return nil, nil, err
			}
			if !d.isText && !d.isParam() {
				return nil, nil, b.unsupported(n.Location, "LISTAGG with a delimiter that is not a constant")
			}
			delimiter = d.sql
		}
		inner := *sc
		inner.inCall, inner.inWindow = sc.inCall || n.Over == nil, sc.inWindow || n.Over != nil
		order, err := b.orderKeys(n.AggOrder, &inner)
		if err != nil {
			return nil, nil, err
		}
		s := &summary{calls: []string{"string_agg(" + x.sql + ", " + delimiter + order + ")"}, wrap: "tg_rs_limited(%)"}
		if distinct {
			s.distinct()
		}
		e := computed(pgtypes.Varchar, "", x)
		e.typ.Typmod = listLimit + 4
		return e, s, nil
	})
}

// quantileArg gives what is ordered for an interpolation: a decimal with the digits of the fraction added, or a double.
func (b *binder) quantileArg(x *expr, digits int) (*expr, error) {
	switch t := x.oid(); {
	case x.untyped() || isFloat(t):
		return b.coerce(x, pgtypes.Float8)
	case isMoment(t):
		return x, nil
	}
	_, scale, ok := decimalOf(x)
	if !ok || scale+digits > pgtypes.MaxPrecision/2 {
		return nil, b.unsupported(x.pos, "an interpolation of %s", typeText(x.typ))
	}
	b.undocumented("an interpolation of exact numbers, whose scale")
	// DuckDB multiplies by the fraction as a double: what that is off must not reach the last digit.
	const guard = 6
	return decimalExpr(fmt.Sprintf("CAST(%s AS DECIMAL(38,%d))", x.sql, scale+digits+guard), pgtypes.MaxPrecision, scale+digits, x), nil
}

// median binds MEDIAN(x), which is PERCENTILE_CONT(0.5).
func (b *binder) median(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	return b.summarized(n, sc, func(args []*expr) (*expr, *summary, error) {
		if !plainly(n, args) {
			return nil, nil, b.noFunction("median", args, n.Location)
		}
		return b.quantile("quantile_cont", args[0], "0.5", 1, "")
	})
}

// quantile writes a quantile. DuckDB interpolates dates as timestamps; the result has the argument's type here.
func (b *binder) quantile(fn string, x *expr, fraction string, digits int, direction string) (*expr, *summary, error) {
	var err error
	if fn == "quantile_cont" {
		if x, err = b.quantileArg(x, digits); err != nil {
			return nil, nil, err
		}
	}
	if x, err = b.settle(x); err != nil {
		return nil, nil, err
	}
	if x.wide || !isNumber(x.typ.OID) && !isMoment(x.typ.OID) {
		return nil, nil, b.unsupported(x.pos, "%s of %s", fn, typeText(x.typ))
	}
	if strings.Contains(direction, "DESC") {
		// DuckDB's quantile counts from the smallest value.
		fraction = "(1 - " + fraction + ")"
		if fn == "quantile_disc" {
			return nil, nil, b.unsupported(x.pos, "PERCENTILE_DISC in descending order")
		}
	}
	e := computed(x.typ.OID, "", x)
	e.typ, e.scale = x.typ, x.scale
	return e, &summary{calls: []string{fn + "(" + x.sql + ", " + fraction + ")"}, wrap: "CAST(% AS " + duckType(x.typ) + ")"}, nil
}

// percentile binds PERCENTILE_CONT and PERCENTILE_DISC (fraction) WITHIN GROUP (ORDER BY x) [OVER (PARTITION BY …)].
func (b *binder) percentile(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	return b.summarized(n, sc, func(args []*expr) (*expr, *summary, error) {
		fn := operatorName(n.Funcname)
		if len(args) != 1 || len(n.AggOrder) != 1 || !n.AggWithinGroup {
			return nil, nil, b.fail(pgerr.WrongObjectType, n.Location, "WITHIN GROUP is required for ordered-set aggregate %s", fn)
		}
		fraction, err := b.coerce(args[0], pgtypes.Numeric)
		if err != nil {
			return nil, nil, err
		}
		v, ok := constantNumeric(fraction)
		if !ok {
			return nil, nil, b.unsupported(n.Location, "%s with a fraction that is not a constant", fn)
		}
		if f := v.String(); strings.HasPrefix(f, "-") || f > "1" && strings.Trim(f, "1.0") != "" || f >= "1.0" && strings.Trim(f[1:], ".0") != "" {
			return nil, nil, b.fail("22003", n.Location, "percentile value %s is not between 0 and 1", f)
		}
		inner := *sc
		inner.inCall, inner.inWindow = sc.inCall || n.Over == nil, sc.inWindow || n.Over != nil
		x, err := b.expr(n.AggOrder[0].GetSortBy().Node, &inner)
		if err != nil {
			return nil, nil, err
		}
		_, digits, _ := strings.Cut(v.String(), ".")
		return b.quantile(strings.Replace(fn, "percentile", "quantile", 1), x, v.String(), len(digits), direction(n.AggOrder[0].GetSortBy()))
	})
}

// ratioToReport binds RATIO_TO_REPORT(x) OVER (PARTITION BY …).
func (b *binder) ratioToReport(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	if n.Over == nil || len(n.Over.OrderClause) > 0 {
		return nil, b.fail(pgerr.SyntaxError, n.Location, "RATIO_TO_REPORT wants OVER, with PARTITION BY alone")
	}
	return b.summarized(n, sc, func(args []*expr) (*expr, *summary, error) {
		x, err := b.coerce(args[0], pgtypes.Float8)
		if err != nil || !plainly(n, args) {
			return nil, nil, b.missing(n, args, err)
		}
		return computed(pgtypes.Float8, "", x), &summary{calls: []string{"sum(" + x.sql + ")"}, wrap: "tg_float_div(" + x.sql + ", %)"}, nil
	})
}

// approximate binds APPROXIMATE COUNT(DISTINCT x) and APPROXIMATE PERCENTILE_DISC, which is exact here.
func (b *binder) approximate(fn string, n *pg_query.FuncCall, sc *scope) (*expr, error) {
	if fn == "percentile_disc" {
		return b.percentile(n, sc)
	}
	if !n.AggDistinct {
		return nil, b.fail(pgerr.SyntaxError, n.Location, "APPROXIMATE COUNT wants DISTINCT")
	}
	return b.summarized(n, sc, func(args []*expr) (*expr, *summary, error) {
		x, err := b.settle(args[0])
		if err != nil || !plainly(n, args) {
			return nil, nil, b.missing(n, args, err)
		}
		return computed(pgtypes.Int8, "", x), &summary{calls: []string{"approx_count_distinct(" + orderText(x) + ")"}, wrap: "CAST(% AS BIGINT)"}, nil
	})
}
