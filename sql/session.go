package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgtypes"
)

// sessionFunction folds a function of the session to a constant: the same for every engine and every row.
// ok is false if fn is none.
func (b *binder) sessionFunction(fn string, n *pg_query.FuncCall, sc *scope) (e *expr, ok bool, err error) {
	switch {
	case len(n.Args) == 0 && n.Over == nil && !n.AggStar:
		e = b.sessionValue(fn)
	case fn == "current_schemas" && len(n.Args) == 1 && b.system:
		e, err = b.currentSchemas(n, sc)
	case fn == "current_setting":
		e, err = b.currentSetting(n)
	}
	if e != nil {
		e.pos, e.when = n.Location, perStatement
		if e.isNull() && !b.system { // only a literal NULL makes one of what is around it
			e.constant, e.settled = false, false
			b.unfolded(e)
		}
		b.folded[n.Location] = e
	}
	return e, e != nil, err
}

func (b *binder) sessionValue(fn string) *expr {
	switch fn {
	case "now", "transaction_timestamp":
		return b.moment(pgtypes.Timestamptz, b.env.Now)
	case "statement_timestamp", "clock_timestamp":
		return b.moment(pgtypes.Timestamptz, b.env.Statement)
	case "version":
		return textConstant(b.env.Version, pgtypes.Of(pgtypes.Text))
	case "current_database", "current_catalog":
		return nameConstant(b.env.Database)
	case "current_user", "session_user", "user", "current_role":
		return nameConstant(b.env.User)
	case "current_schema":
		if schemas := b.schemas(false); len(schemas) > 0 {
			return nameConstant(schemas[0])
		}
		return null(pgtypes.Of(pgtypes.Name))
	case "pg_backend_pid":
		return intConstant(pgtypes.Int4, int64(b.env.BackendPID))
	case "txid_current": // nothing is numbered: the moment at which the transaction began is the same until it ends, and grows
		return intConstant(pgtypes.Int8, b.env.Now.UnixMicro())
	case "txid_current_if_assigned":
		return null(pgtypes.Of(pgtypes.Int8))
	case "pg_is_in_recovery":
		return boolConstant(false)
	}
	return nil
}

func nameConstant(s string) *expr { return textConstant(s, pgtypes.Of(pgtypes.Name)) }

// schemas gives the schemas of the search path that exist; with implicit, pg_catalog in front.
func (b *binder) schemas(implicit bool) []string {
	var list []string
	for _, s := range b.env.SearchPath {
		if b.catalog.HasSchema(s) {
			list = append(list, s)
		}
	}
	if implicit && !slices.Contains(list, "pg_catalog") {
		list = slices.Concat([]string{"pg_catalog"}, list)
	}
	own := ""
	if c, ok := b.catalog.(Temporaries); ok {
		own = c.TemporarySchema()
	}
	if at := slices.Index(list, tempSchema); at >= 0 && own != "" {
		list[at] = own
	} else if implicit && own != "" {
		list = slices.Concat([]string{own}, list)
	}
	return list
}

func (b *binder) currentSchemas(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	a, err := b.expr(n.Args[0], sc)
	if err == nil {
		a, err = b.boolean(a, "current_schemas")
	}
	if err != nil {
		return nil, err
	}
	if a.value == nil {
		return nil, b.unsupported(n.Location, "current_schemas of what is not a constant")
	}
	var items []string
	for _, s := range b.schemas(a.value.I == 1) {
		items = append(items, quoteText(s))
	}
	return constantOf(oidNameArray, "CAST(["+strings.Join(items, ", ")+"] AS VARCHAR[])"), nil
}

// currentSetting folds current_setting. What is not known while it is bound is left to the session, when the statement runs:
// of a name that is computed or that there is not, and beside set_config.
func (b *binder) currentSetting(n *pg_query.FuncCall) (*expr, error) {
	if len(n.Args) < 1 || len(n.Args) > 2 || n.Over != nil {
		return nil, nil
	}
	name, ok := constant(n.Args[0])
	v, known := b.env.Settings(strings.ToLower(name.Text))
	missing := Arg{Text: "true"}
	if len(n.Args) == 2 {
		var constantly bool
		missing, constantly = constant(n.Args[1])
		ok = ok && constantly
	}
	switch {
	case ok && known && !name.Null && !missing.Null && !b.changesSettings():
		return textConstant(v, pgtypes.Of(pgtypes.Text)), nil
	case ok && (missing.Text == "true" || missing.Text == "t") && len(n.Args) == 2 && !name.Null && !b.changesSettings():
		return null(pgtypes.Of(pgtypes.Text)), nil
	case b.system:
		return nil, nil
	}
	b.catalogs = true
	return nil, b.unsupported(n.Location, "current_setting of what is not known before the statement runs")
}

// changesSettings reports whether the statement may call set_config.
func (b *binder) changesSettings() bool {
	return strings.Contains(strings.ToLower(b.stmt.Text), "set_config")
}

// valueFunction binds CURRENT_DATE and its like.
func (b *binder) valueFunction(n *pg_query.SQLValueFunction) (*expr, error) {
	var e *expr
	switch n.Op {
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_DATE:
		e = b.moment(pgtypes.Date, b.env.Now)
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP:
		e = b.moment(pgtypes.Timestamptz, b.env.Now)
	case pg_query.SQLValueFunctionOp_SVFOP_LOCALTIME:
		local := b.moment(pgtypes.Timestamp, b.env.Now)
		e = constantOf(pgtypes.Time, "TIME '"+string(pgtypes.AppendTime(nil, local.value.I-floorDiv(local.value.I, microsPerDay)*microsPerDay))+"'")
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIME:
		e = b.currentTime()
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N:
		return b.limited(b.moment(pgtypes.Timestamptz, b.env.Now), pgtypes.Type{OID: pgtypes.Timestamptz, Typmod: min(n.Typmod, 6)})
	case pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:
		return b.limited(b.moment(pgtypes.Timestamp, b.env.Now), pgtypes.Type{OID: pgtypes.Timestamp, Typmod: min(n.Typmod, 6)})
	case pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP:
		e = b.moment(pgtypes.Timestamp, b.env.Now)
	default:
		e = b.sessionValue(valueFunctionNames[n.Op])
	}
	if e == nil {
		return nil, b.unsupported(n.Location, "%s", valueFunctionNames[n.Op])
	}
	e.pos, e.when = n.Location, perStatement
	b.folded[n.Location] = e
	return e, nil
}
