package sql

import (
	"time"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/internal/redshift"
)

// getDate binds GETDATE(): the statement's time on the session's clock, in whole seconds.
func (b *binder) getDate(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	if args, err := b.redshiftArgs(n, sc); err != nil || len(args) > 0 {
		return nil, b.missing(n, args, err)
	}
	return b.clock(b.env.Statement.Truncate(time.Second), n.Location), nil
}

// clock is a moment that Tidegate tells every engine of the statement.
func (b *binder) clock(at time.Time, pos int32) *expr {
	e := b.moment(pgtypes.Timestamp, at)
	e.pos = pos
	b.folded[pos] = e
	return e
}

// datePartOf reads a date part, which stands bare or in quotes.
func (b *binder) datePartOf(n *pg_query.Node) (redshift.Part, error) {
	name, pos := "", int32(-1)
	if c := n.GetColumnRef(); c != nil {
		if parts, star := fields(c); len(parts) == 1 && !star {
			name, pos = parts[0], c.Location
		}
	} else if c := n.GetAConst(); c != nil {
		name, pos = c.GetSval().GetSval(), c.Location
	}
	part, ok := redshift.PartOf(name)
	if !ok {
		return "", b.fail(pgerr.InvalidParameterValue, pos, "date part %q is not recognized", name)
	}
	return part, nil
}

// partCall binds a call whose first argument is a date part.
func (b *binder) partCall(n *pg_query.FuncCall, sc *scope, types ...pgtypes.OID) (redshift.Part, []*expr, error) {
	if len(n.Args) != len(types)+1 {
		return "", nil, b.fail(pgerr.UndefinedFunction, n.Location, "function %s with %d arguments does not exist", operatorName(n.Funcname), len(n.Args))
	}
	part, err := b.datePartOf(n.Args[0])
	if err != nil {
		return "", nil, err
	}
	rest := pg_query.FuncCall{Funcname: n.Funcname, Args: n.Args[1:], Over: n.Over, AggStar: n.AggStar, AggDistinct: n.AggDistinct, Location: n.Location}
	args, err := b.redshiftTyped(&rest, sc, types...)
	return part, args, err
}

func (b *binder) countedPart(part redshift.Part, n *pg_query.FuncCall) error {
	if !part.Counts() {
		return b.fail(pgerr.InvalidParameterValue, n.Location, "date part %q cannot be counted by %s", part, operatorName(n.Funcname))
	}
	return nil
}

// dateAdd binds DATEADD(part, n, x): a timestamp, also of a date.
func (b *binder) dateAdd(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	part, a, err := b.partCall(n, sc, pgtypes.Int8, pgtypes.Timestamp)
	if err == nil {
		err = b.countedPart(part, n)
	}
	if err != nil {
		return nil, err
	}
	if count, at := a[0].value, a[1].value; count != nil && at != nil && !infinite(at) {
		moved, err := redshift.DateAdd(part, count.I, at.I)
		if err != nil {
			return nil, b.placed(err, n.Location)
		}
		return timestampConstant(pgtypes.Timestamp, moved), nil
	}
	return computed(pgtypes.Timestamp, "tg_rs_date_add('"+string(part)+"', "+a[0].sql+", "+a[1].sql+")", a...), nil
}

// placed gives an error of a constant its place.
func (b *binder) placed(err error, pos int32) error {
	if p, ok := asError(err); ok {
		return p.At(b.stmt.position(pos))
	}
	return err
}

// dateDiff binds DATEDIFF(part, a, b).
func (b *binder) dateDiff(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	part, a, err := b.partCall(n, sc, pgtypes.Timestamp, pgtypes.Timestamp)
	if err == nil {
		err = b.countedPart(part, n)
	}
	if err != nil {
		return nil, err
	}
	if part == redshift.Week {
		b.undocumented("DATEDIFF of weeks, whose first day")
	}
	return computed(pgtypes.Int8, "tg_rs_date_diff('"+string(part)+"', "+a[0].sql+", "+a[1].sql+")", a...), nil
}

// redshiftPart binds EXTRACT, which is whole, and DATE_PART, which is a double.
func (b *binder) redshiftPart(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	part, a, err := b.partCall(n, sc, pgtypes.Timestamp)
	if err != nil {
		return nil, err
	}
	if respelledAs(n) == callDatePart {
		return computed(pgtypes.Float8, "tg_rs_date_part('"+string(part)+"', "+a[0].sql+")", a...), nil
	}
	if part == redshift.Microsecond {
		return nil, b.fail(pgerr.FeatureNotSupported, n.Location, "EXTRACT of microseconds is not supported: the documentation does not say whether milliseconds are in it")
	}
	return computed(pgtypes.Int4, "CAST(tg_rs_extract('"+string(part)+"', "+a[0].sql+") AS INTEGER)", a...), nil
}

// redshiftTrunc binds DATE_TRUNC, which takes every name of a part, and gives a timestamp of a date.
func (b *binder) redshiftTrunc(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	args, err := b.redshiftArgs(n, sc)
	if err != nil {
		return nil, err
	}
	if len(args) != 2 {
		return nil, b.noFunction("date_trunc", args, n.Location)
	}
	if part, ok := redshift.PartOf(fieldName(args[0])); ok && part.Counts() {
		unit := string(part)
		if part == redshift.Millisecond || part == redshift.Microsecond {
			unit += "s"
		}
		args[0] = &expr{lit: &Arg{Text: unit}, pos: args[0].pos, scale: -1}
	}
	if args[1].oid() == pgtypes.Date || args[1].lit != nil {
		if args[1], err = b.coerce(args[1], pgtypes.Timestamp); err != nil {
			return nil, err
		}
	}
	return b.dateTrunc(args, n.Location)
}

// addMonths binds ADD_MONTHS(x, n).
func (b *binder) addMonths(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	a, err := b.redshiftTyped(n, sc, pgtypes.Timestamp, pgtypes.Int8)
	if err != nil || len(a) < 2 {
		return nil, b.missing(n, a, err)
	}
	if at, count := a[0].value, a[1].value; at != nil && count != nil && !infinite(at) {
		moved, err := redshift.AddMonths(at.I, count.I)
		if err != nil {
			return nil, b.placed(err, n.Location)
		}
		return timestampConstant(pgtypes.Timestamp, moved), nil
	}
	return computed(pgtypes.Timestamp, "tg_rs_add_months("+a[0].sql+", "+a[1].sql+")", a...), nil
}

// lastDay binds LAST_DAY, a date.
func (b *binder) lastDay(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	a, err := b.redshiftTyped(n, sc, pgtypes.Timestamp)
	if err != nil || len(a) < 1 {
		return nil, b.missing(n, a, err)
	}
	day, err := b.coerce(a[0], pgtypes.Date)
	if err != nil {
		return nil, err
	}
	if v := day.value; v != nil && !infinite(v) {
		return dateConstant(int64(redshift.LastDay(int32(v.I)))), nil
	}
	return computed(pgtypes.Date, "tg_rs_last_day("+day.sql+")", day), nil
}

// convertTimezone binds CONVERT_TIMEZONE([from,] to, x); from is UTC if it is left out.
func (b *binder) convertTimezone(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	args, err := b.redshiftArgs(n, sc)
	if err != nil {
		return nil, err
	}
	if len(args) == 2 {
		args = append([]*expr{textConstant("UTC", pgtypes.Of(pgtypes.Text))}, args...)
	}
	a, err := b.redshiftAs(n, args, pgtypes.Text, pgtypes.Text, pgtypes.Timestamp)
	if err != nil || len(a) < 3 {
		return nil, b.missing(n, a, err)
	}
	if a[0].isText && a[1].isText {
		// A zone that there is not is found here, also where no row comes.
		at := a[2].value
		if at == nil || infinite(at) {
			at = &pgtypes.Datum{}
		}
		moved, err := new(redshift.Zones).Convert(a[0].literal, a[1].literal, at.I)
		if err != nil {
			return nil, b.placed(err, n.Location)
		}
		if a[2].value != nil && !infinite(a[2].value) {
			return timestampConstant(pgtypes.Timestamp, moved), nil
		}
	}
	return computed(pgtypes.Timestamp, "tg_rs_convert_timezone("+a[0].sql+", "+a[1].sql+", "+a[2].sql+")", a...), nil
}

// redshiftTruncate binds TRUNC: of a timestamp its date, of numbers as PostgreSQL does.
func (b *binder) redshiftTruncate(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	args, err := b.redshiftArgs(n, sc)
	if err != nil {
		return nil, err
	}
	if len(args) == 1 && isMoment(args[0].oid()) {
		return b.coerce(args[0], pgtypes.Date)
	}
	if len(args) == 2 {
		return b.roundTo("trunc", args, n.Location)
	}
	return b.plainCall("trunc", args, n.Location)
}
