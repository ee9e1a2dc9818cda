package sql

import (
	"fmt"
	"strings"

	"tidegate/internal/pgtypes"
)

// maxSeries bounds the values of generate_series where it is a list: for one row, and for each row of others. In FROM
// integers and timestamps are no list.
const (
	maxSeries       = 10_000_000
	maxSeriesPerRow = 100_000
)

// series binds generate_series.
func (b *binder) series(args []*expr, pos int32) (*set, error) {
	sig, args, err := b.resolve("generate_series", args, pos)
	if err != nil {
		return nil, err
	}
	limit := maxSeries
	for _, a := range args {
		if !a.constant {
			limit = maxSeriesPerRow
		}
	}
	switch t := sig.args[0]; {
	case isInteger(t):
		return b.integerSeries(sig, args, limit), nil
	case t == pgtypes.Numeric:
		return b.numericSeries(args, limit), nil
	}
	return b.timeSeries(sig, args, limit), nil
}

func (b *binder) integerSeries(sig *signature, args []*expr, limit int) *set {
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = "CAST(" + a.sql + " AS BIGINT)"
	}
	step := "1"
	if len(args) == 3 {
		step = "CASE WHEN " + args[2].sql + " = 0 THEN error('22023: step size cannot equal zero') ELSE " + texts[2] + " END"
		texts[2] = step
	}
	call := "generate_series(" + strings.Join(texts, ", ") + ")"
	typ := pgtypes.Of(sig.result).DuckDB()
	list := fmt.Sprintf("CASE WHEN (CAST(%s AS HUGEINT) - %s) / %s >= %d THEN error('%s') ELSE CAST(%s AS %s[]) END",
		args[1].sql, args[0].sql, step, limit, tooLong(limit), call, typ)
	return &set{
		columns: []setColumn{{"", computed(sig.result, list, args...)}},
		rows:    "(SELECT CAST(v AS " + typ + ") AS c0 FROM " + call + " AS s(v))",
	}
}

func tooLong(limit int) string {
	return fmt.Sprintf("54000: generate_series of more than %d values is not supported here; in FROM it is", limit)
}

// numericSeries has every value's own scale: that of the first is not that of the sums.
func (b *binder) numericSeries(args []*expr, limit int) *set {
	step := quoteText("1")
	if len(args) == 3 {
		step = wideText(args[2])
	}
	e := wideNumeric(fmt.Sprintf("tg_num_series(%s, %s, %s, %d)", wideText(args[0]), wideText(args[1]), step, limit), args...)
	return &set{columns: []setColumn{{"", e}}}
}

func (b *binder) timeSeries(sig *signature, args []*expr, limit int) *set {
	step := "tg_series_step(" + args[2].sql + ")"
	call := "generate_series(" + args[0].sql + ", " + args[1].sql + ", " + step + ")"
	// A month of the step counts as 30 days here.
	list := fmt.Sprintf("CASE WHEN (epoch(%s) - epoch(%s)) / epoch(%s) >= %d THEN error('%s') ELSE %s END",
		args[1].sql, args[0].sql, step, limit, tooLong(limit), call)
	return &set{
		columns: []setColumn{{"", computed(sig.result, list, args...)}},
		rows:    "(SELECT v AS c0 FROM " + call + " AS s(v))",
	}
}
