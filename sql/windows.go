package sql

import (
	"math"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// windowFunction is a window function that is no aggregate: the range of its argument count, what it gives (0: the
// type of its first argument) and the cast around the call.
type windowFunction struct {
	least, most int
	result      pgtypes.OID
	wrap        string
}

// windowFunctions is the allow-list of window functions.
var windowFunctions = map[string]windowFunction{
	"row_number":   {0, 0, pgtypes.Int8, ""},
	"rank":         {0, 0, pgtypes.Int8, ""},
	"dense_rank":   {0, 0, pgtypes.Int8, ""},
	"percent_rank": {0, 0, pgtypes.Float8, ""},
	"cume_dist":    {0, 0, pgtypes.Float8, ""},
	"ntile":        {1, 1, pgtypes.Int4, "CAST(% AS INTEGER)"},
	"lag":          {1, 3, 0, ""},
	"lead":         {1, 3, 0, ""},
	"first_value":  {1, 1, 0, ""},
	"last_value":   {1, 1, 0, ""},
	"nth_value":    {2, 2, 0, ""},
}

func (b *binder) windowCall(fn string, n *pg_query.FuncCall, sc *scope) (*expr, error) {
	f, ok := windowFunctions[fn]
	if !ok {
		return nil, b.unsupported(n.Location, "function %s", fn)
	}
	if n.Over == nil {
		return nil, b.fail("42P20", n.Location, "window function %s requires an OVER clause", fn)
	}
	if err := b.callAllowed(n, sc); err != nil {
		return nil, err
	}
	if n.AggDistinct || n.AggFilter != nil || len(n.AggOrder) > 0 {
		return nil, b.unsupported(n.Location, "this form of function %s", fn)
	}
	inner := *sc
	inner.sets = false
	inner.inWindow = true
	args, err := b.exprs(n.Args, &inner)
	if err != nil {
		return nil, err
	}
	if len(args) < f.least || len(args) > f.most {
		return nil, b.noFunction(fn, args, n.Location)
	}
	if args, err = b.windowArgs(fn, args, n.Location); err != nil {
		return nil, err
	}
	e := computed(f.result, "", args...)
	if f.result == 0 {
		e.typ, e.scale, e.wide = pgtypes.Of(args[0].typ.OID), args[0].scale, args[0].wide // a window function has no modifier
	}
	e.pos = n.Location
	text := strings.Join(sqlOf(args), ", ")
	if respelledAs(n) == callIgnoreNulls {
		if f.result != 0 {
			return nil, b.fail(pgerr.SyntaxError, n.Location, "IGNORE NULLS is not for %s", fn)
		}
		text += " IGNORE NULLS"
	}
	return b.finishCall(e, &summary{calls: []string{fn + "(" + text + ")"}, wrap: f.wrap}, n, sc, &inner)
}

// windowArgs types the arguments: a value, a count, a default of the value's type.
func (b *binder) windowArgs(fn string, args []*expr, pos int32) ([]*expr, error) {
	var err error
	switch {
	case len(args) == 0:
		return nil, nil
	case fn == "ntile":
		args[0], err = b.coerce(args[0], pgtypes.Int4)
		return args, err
	}
	if len(args) == 3 {
		pair, _, err := b.unify([]*expr{args[0], args[2]}, fn, pos)
		if err != nil {
			return nil, err
		}
		args[0], args[2] = pair[0], pair[1]
	}
	if args[0], err = b.settle(args[0]); err == nil && len(args) > 1 {
		if t := args[1].oid(); t != 0 && t != pgtypes.Int2 && t != pgtypes.Int4 {
			return nil, b.noFunction(fn, args, pos)
		}
		args[1], err = b.coerce(args[1], pgtypes.Int4)
	}
	return args, err
}

// over writes a window's definition; a named window is copied in. inGo says that the aggregate is one of ours.
func (b *binder) over(w *pg_query.WindowDef, sc, inner *scope, inGo bool) (string, []*expr, error) {
	var base *pg_query.WindowDef
	for _, ref := range []string{w.Refname, w.Name} {
		if ref == "" {
			continue
		}
		if base = sc.windows[ref]; base == nil {
			return "", nil, b.fail(pgerr.UndefinedObject, w.Location, "window %q does not exist", ref)
		}
	}
	def := &pg_query.WindowDef{
		PartitionClause: w.PartitionClause, OrderClause: w.OrderClause, FrameOptions: w.FrameOptions,
		StartOffset: w.StartOffset, EndOffset: w.EndOffset, Location: w.Location,
	}
	if base != nil {
		if base.Refname != "" {
			return "", nil, b.unsupported(w.Location, "a window that copies another")
		}
		def.PartitionClause = base.PartitionClause
		if len(def.OrderClause) == 0 {
			def.OrderClause = base.OrderClause
		}
		if w.Name != "" {
			def.FrameOptions, def.StartOffset, def.EndOffset = base.FrameOptions, base.StartOffset, base.EndOffset
		}
	}
	parts, err := b.exprs(def.PartitionClause, inner)
	if err != nil {
		return "", nil, err
	}
	if err := b.groupedAll(parts); err != nil {
		return "", nil, err
	}
	for i := range parts {
		if parts[i], err = b.settle(parts[i]); err != nil {
			return "", nil, err
		}
	}
	var texts []string
	if len(parts) > 0 {
		texts = append(texts, "PARTITION BY "+strings.Join(orderTexts(parts), ", "))
	}
	for _, s := range def.OrderClause {
		e, err := b.expr(s.GetSortBy().Node, inner)
		if err != nil {
			return "", nil, err
		}
		parts = append(parts, e)
	}
	order, err := b.orderKeys(def.OrderClause, inner)
	if err != nil {
		return "", nil, err
	}
	if order != "" {
		texts = append(texts, strings.TrimSpace(order))
	}
	frame, err := b.frame(def, inner)
	if inGo && wholePartition(order, frame) {
		frame = "ROWS BETWEEN UNBOUNDED PRECEDING AND " + itoa(math.MaxInt32) + "000 FOLLOWING"
	}
	if frame != "" {
		texts = append(texts, frame)
	}
	return strings.Join(texts, " "), parts, err
}

// wholePartition reports whether every row's frame is its whole partition. DuckDB computes such an aggregate once, and
// gives an aggregate from outside one state where it promises one for each row: a read past the end. The frame of an
// aggregate in Go is written with an end far behind all rows instead.
func wholePartition(order, frame string) bool {
	return order == "" && !strings.HasPrefix(frame, "ROWS") || strings.HasSuffix(frame, "BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING")
}

// Bits of WindowDef.frameOptions, from PostgreSQL's parsenodes.h.
const (
	frameNonDefault              = 0x00001
	frameRows                    = 0x00004
	frameGroups                  = 0x00008
	frameStartUnboundedPreceding = 0x00020
	frameEndUnboundedFollowing   = 0x00100
	frameStartCurrentRow         = 0x00200
	frameEndCurrentRow           = 0x00400
	frameStartOffsetPreceding    = 0x00800
	frameEndOffsetPreceding      = 0x01000
	frameStartOffsetFollowing    = 0x02000
	frameEndOffsetFollowing      = 0x04000
	frameExclusion               = 0x38000
)

func (b *binder) frame(w *pg_query.WindowDef, sc *scope) (string, error) {
	o := w.FrameOptions
	switch {
	case o&frameNonDefault == 0:
		return "", nil
	case o&frameExclusion != 0:
		return "", b.unsupported(w.Location, "EXCLUDE in a window frame")
	}
	unit := "RANGE"
	switch {
	case o&frameRows != 0:
		unit = "ROWS"
	case o&frameGroups != 0:
		unit = "GROUPS"
	}
	bound := func(n *pg_query.Node, unbounded, current, preceding, following int32, word string) (string, error) {
		switch {
		case o&unbounded != 0:
			return "UNBOUNDED " + word, nil
		case o&current != 0:
			return "CURRENT ROW", nil
		case unit == "RANGE":
			return "", b.unsupported(w.Location, "a RANGE frame with an offset")
		}
		e, err := b.expr(n, sc)
		if err == nil {
			e, err = b.coerce(e, pgtypes.Int8)
		}
		if err != nil {
			return "", err
		}
		switch {
		case o&preceding != 0:
			return e.sql + " PRECEDING", nil
		case o&following != 0:
			return e.sql + " FOLLOWING", nil
		}
		return "", b.unsupported(w.Location, "this window frame")
	}
	start, err := bound(w.StartOffset, frameStartUnboundedPreceding, frameStartCurrentRow, frameStartOffsetPreceding, frameStartOffsetFollowing, "PRECEDING")
	if err != nil {
		return "", err
	}
	end, err := bound(w.EndOffset, frameEndUnboundedFollowing, frameEndCurrentRow, frameEndOffsetPreceding, frameEndOffsetFollowing, "FOLLOWING")
	return unit + " BETWEEN " + start + " AND " + end, err
}
