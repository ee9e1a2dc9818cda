package sql

import (
	"fmt"
	"math"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// windowingError is ERRCODE_WINDOWING_ERROR.
const windowingError pgerr.Code = "42P20"

// Bits of WindowDef.frameOptions, from PostgreSQL's parsenodes.h.
const (
	frameNonDefault              = 0x00001
	frameRange                   = 0x00002
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
	frameExcludeCurrentRow       = 0x08000
	frameExcludeGroup            = 0x10000
	frameExcludeTies             = 0x20000

	frameDefaults = frameRange | frameStartUnboundedPreceding | frameEndCurrentRow
)

// windowClause names the windows of WINDOW, each of which is checked even if nobody uses it.
func (b *binder) windowClause(list []*pg_query.Node, sc *scope) error {
	for _, n := range list {
		w := n.GetWindowDef()
		if sc.windows[w.Name] != nil {
			return b.fail(windowingError, w.Location, "window %q is already defined", w.Name)
		}
		whole, err := b.copied(w, sc)
		if err != nil {
			return err
		}
		sc.windows[w.Name] = whole
	}
	return nil
}

// checkWindows binds the windows of WINDOW for their errors, and says whether one of them holds an aggregate.
func (b *binder) checkWindows(list []*pg_query.Node, sc *scope) (aggregated bool, err error) {
	for _, n := range list {
		inner := *sc
		inner.inWindow = true
		w, err := b.windowText(sc.windows[n.GetWindowDef().GetName()], &inner)
		if err != nil {
			return false, err
		}
		for _, e := range w.parts {
			aggregated = aggregated || e.scopes.aggregate
		}
	}
	return aggregated, nil
}

// copied gives a window's definition with what it copies of the one that it names.
func (b *binder) copied(w *pg_query.WindowDef, sc *scope) (*pg_query.WindowDef, error) {
	if w.Refname == "" {
		return w, nil
	}
	base := sc.windows[w.Refname]
	switch {
	case base == nil:
		return nil, b.fail(pgerr.UndefinedObject, w.Location, "window %q does not exist", w.Refname)
	case len(w.PartitionClause) > 0:
		return nil, b.fail(windowingError, w.Location, "cannot override PARTITION BY clause of window %q", w.Refname)
	case len(w.OrderClause) > 0 && len(base.OrderClause) > 0:
		return nil, b.fail(windowingError, w.Location, "cannot override ORDER BY clause of window %q", w.Refname)
	case base.FrameOptions != frameDefaults:
		err := b.fail(windowingError, w.Location, "cannot copy window %q because it has a frame clause", w.Refname)
		if w.Name == "" && len(w.OrderClause) == 0 && w.FrameOptions == frameDefaults {
			err = err.WithHint("Omit the parentheses in this OVER clause.")
		}
		return nil, err
	}
	order := w.OrderClause
	if len(order) == 0 {
		order = base.OrderClause
	}
	return &pg_query.WindowDef{
		Name: w.Name, PartitionClause: base.PartitionClause, OrderClause: order, FrameOptions: w.FrameOptions,
		StartOffset: w.StartOffset, EndOffset: w.EndOffset, Location: w.Location,
	}, nil
}

// windowDefinitions is the clause that PARTITION BY and ORDER BY of a window are.
const windowDefinitions = "window definitions"

// window is a bound window definition.
type window struct {
	partition, order string // with their words
	frame, exclude   string
	parts            []*expr
}

// text puts the definition together. inGo says that the aggregate is one of ours.
func (w *window) text(inGo bool) string {
	frame := w.frame
	if inGo && w.exclude == "" && w.whole() {
		frame = "ROWS BETWEEN UNBOUNDED PRECEDING AND " + itoa(math.MaxInt32) + "000 FOLLOWING"
	}
	texts := slices.DeleteFunc([]string{w.partition, w.order, frame, w.exclude}, func(t string) bool { return t == "" })
	return strings.Join(texts, " ")
}

// whole reports whether every row's frame is its whole partition. DuckDB computes such an aggregate once, and gives an
// aggregate from outside one state where it promises one for each row: a read past the end. The frame of an aggregate in
// Go is written with an end far behind all rows instead.
func (w *window) whole() bool {
	return w.order == "" && !strings.HasPrefix(w.frame, "ROWS") || strings.HasSuffix(w.frame, "BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING")
}

// over binds what stands behind OVER: a window's name or a definition.
func (b *binder) over(w *pg_query.WindowDef, sc, inner *scope) (*window, error) {
	named := sc.windows[w.Name]
	if w.Name != "" && named == nil {
		return nil, b.fail(pgerr.UndefinedObject, w.Location, "window %q does not exist", w.Name)
	}
	if b.provisional {
		return &window{}, nil
	}
	if w.Name != "" {
		return b.windowText(named, inner)
	}
	whole, err := b.copied(w, sc)
	if err != nil {
		return nil, err
	}
	return b.windowText(whole, inner)
}

// windowText binds a definition that copies nothing.
func (b *binder) windowText(def *pg_query.WindowDef, sc *scope) (*window, error) {
	inner := *sc
	inner.clause = windowDefinitions
	parts, err := b.exprs(def.PartitionClause, &inner)
	if err != nil {
		return nil, err
	}
	if err := b.groupedAll(parts); err != nil {
		return nil, err
	}
	for i := range parts {
		if parts[i], err = b.settle(parts[i]); err != nil {
			return nil, err
		}
	}
	w := &window{}
	if len(parts) > 0 {
		w.partition = "PARTITION BY " + strings.Join(orderTexts(parts), ", ")
	}
	var keys []*expr
	for _, s := range def.OrderClause {
		e, err := b.expr(s.GetSortBy().Node, &inner)
		if err == nil {
			e, err = b.settle(e)
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, e)
	}
	w.parts = slices.Concat(parts, keys)
	order, err := b.orderKeys(def.OrderClause, &inner)
	if err != nil {
		return nil, err
	}
	w.order = strings.TrimSpace(order)
	return w, b.frame(w, def, keys, &inner)
}

// frame binds the frame of a window.
func (b *binder) frame(w *window, def *pg_query.WindowDef, keys []*expr, sc *scope) error {
	o := def.FrameOptions
	if o&frameNonDefault == 0 {
		return nil
	}
	f := &frame{unit: "RANGE", def: def}
	switch {
	case o&frameRows != 0:
		f.unit = "ROWS"
	case o&frameGroups != 0:
		f.unit = "GROUPS"
		if len(keys) == 0 {
			return b.fail(windowingError, def.Location, "GROUPS mode requires an ORDER BY clause")
		}
	case def.StartOffset != nil || def.EndOffset != nil:
		if len(keys) != 1 {
			return b.fail(windowingError, def.Location, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column")
		}
		f.key, f.order = keys[0], keys[0].sql
	}
	start, err := b.frameStart(f, sc)
	if err != nil {
		return err
	}
	end, err := b.frameEnd(f, sc)
	if err != nil {
		return err
	}
	if f.key != nil {
		w.order = "ORDER BY " + f.order + direction(def.OrderClause[0].GetSortBy())
	}
	w.frame = f.unit + " BETWEEN " + start + " AND " + end
	switch {
	case o&frameExcludeCurrentRow != 0:
		w.exclude = "EXCLUDE CURRENT ROW"
	case o&frameExcludeGroup != 0:
		w.exclude = "EXCLUDE GROUP"
	case o&frameExcludeTies != 0:
		w.exclude = "EXCLUDE TIES"
	}
	return nil
}

// frame is a frame's unit; key is what the rows are ordered by if a RANGE has offsets, and order its text for the engine.
type frame struct {
	unit  string
	key   *expr
	order string
	def   *pg_query.WindowDef
}

func (b *binder) frameStart(f *frame, sc *scope) (string, error) {
	switch o := f.def.FrameOptions; {
	case o&frameStartUnboundedPreceding != 0:
		return "UNBOUNDED PRECEDING", nil
	case o&frameStartCurrentRow != 0:
		return "CURRENT ROW", nil
	case o&frameStartOffsetPreceding != 0:
		return b.frameOffset(f, f.def.StartOffset, "starting", "PRECEDING", sc)
	case o&frameStartOffsetFollowing != 0:
		return b.frameOffset(f, f.def.StartOffset, "starting", "FOLLOWING", sc)
	}
	return "", b.unsupported(f.def.Location, "this window frame")
}

func (b *binder) frameEnd(f *frame, sc *scope) (string, error) {
	switch o := f.def.FrameOptions; {
	case o&frameEndUnboundedFollowing != 0:
		return "UNBOUNDED FOLLOWING", nil
	case o&frameEndCurrentRow != 0:
		return "CURRENT ROW", nil
	case o&frameEndOffsetPreceding != 0:
		return b.frameOffset(f, f.def.EndOffset, "ending", "PRECEDING", sc)
	case o&frameEndOffsetFollowing != 0:
		return b.frameOffset(f, f.def.EndOffset, "ending", "FOLLOWING", sc)
	}
	return "", b.unsupported(f.def.Location, "this window frame")
}

// frameOffset binds the distance of a frame's bound from the row.
func (b *binder) frameOffset(f *frame, n *pg_query.Node, which, word string, sc *scope) (string, error) {
	inner := *sc
	inner.clause, inner.noCalls = "window "+f.unit, true
	e, err := b.expr(n, &inner)
	if err != nil {
		return "", err
	}
	pos := e.pos
	if f.key != nil {
		e, err = b.rangeOffset(f, e)
	} else {
		if t := e.oid(); t != 0 && !isInteger(t) {
			if _, res := postgresTables().common([]pgtypes.OID{t, pgtypes.Int8}); !res || !isNumber(t) {
				return "", b.fail(pgerr.DatatypeMismatch, pos, "argument of %s must be type bigint, not type %s", f.unit, typeText(e.typ))
			}
		}
		e, err = b.coerce(e, pgtypes.Int8)
	}
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(e.bare, func(v *visible) bool { return v.level == sc.self }) {
		return "", b.fail(pgerr.InvalidColumnReference, pos, "argument of %s must not contain variables", f.unit)
	}
	text, err := b.checkedOffset(f, e, which)
	return text + " " + word, err
}

// checkedOffset gives the text of an offset that is neither NULL nor negative.
func (b *binder) checkedOffset(f *frame, e *expr, which string) (string, error) {
	null := pgerr.New("22004", "frame %s offset must not be null", which)
	negative := pgerr.New("22013", "frame %s offset must not be negative", which)
	if f.key != nil {
		negative = pgerr.New("22013", "invalid preceding or following size in window function")
	}
	size := orderText(e)
	switch {
	case e.isNull():
		return "", null
	case e.value != nil && e.value.Class == pgtypes.ClassFloat && math.IsInf(e.value.F, 1):
		return "", b.unsupported(e.pos, "a RANGE frame with an infinite offset")
	case e.value != nil && e.value.Class == pgtypes.ClassInt && e.value.I < 0, e.value != nil && e.value.Class == pgtypes.ClassFloat && !(e.value.F >= 0),
		e.value != nil && e.value.Class == pgtypes.ClassNumeric && strings.HasPrefix(e.value.S, "-"):
		return "", negative
	case e.value != nil:
		return e.sql, nil
	}
	return fmt.Sprintf("(CASE WHEN %s IS NULL THEN error('22004: %s') WHEN %s < 0 THEN error('22013: %s') ELSE %s END)",
		e.sql, null.Message, size, negative.Message, e.sql), nil
}

// rangeOffsets are the types of offsets that PostgreSQL's in_range functions take for a column of a type.
var rangeOffsets = map[pgtypes.OID][]pgtypes.OID{
	pgtypes.Int2: {pgtypes.Int8, pgtypes.Int4, pgtypes.Int2}, pgtypes.Int4: {pgtypes.Int8, pgtypes.Int4, pgtypes.Int2}, pgtypes.Int8: {pgtypes.Int8},
	pgtypes.Float4: {pgtypes.Float8}, pgtypes.Float8: {pgtypes.Float8}, pgtypes.Numeric: {pgtypes.Numeric},
	pgtypes.Date: {pgtypes.Interval}, pgtypes.Timestamp: {pgtypes.Interval}, pgtypes.Timestamptz: {pgtypes.Interval},
	pgtypes.Time: {pgtypes.Interval}, pgtypes.Interval: {pgtypes.Interval},
}

// rangeOffset types the offset of a RANGE frame, and writes it and the key so that neither overflows.
func (b *binder) rangeOffset(f *frame, e *expr) (*expr, error) {
	key := f.key.typ.OID
	offsets := rangeOffsets[key]
	p := postgresTables()
	if len(offsets) == 0 {
		return nil, b.fail(pgerr.FeatureNotSupported, e.pos, "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s", p.typeName(key))
	}
	want := pgtypes.OID(0)
	preferred := e.oid()
	if preferred == 0 {
		preferred = key
	}
	for _, t := range offsets {
		if (e.oid() == 0 || p.coercible(e.oid(), t)) && want != preferred {
			want = t
		}
	}
	if want == 0 {
		return nil, b.fail(pgerr.FeatureNotSupported, e.pos, "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s and offset type %s",
			p.typeName(key), p.typeName(e.oid())).WithHint("Cast the offset value to an appropriate type.")
	}
	e, err := b.coerce(e, want)
	if err != nil {
		return nil, err
	}
	offset := *e
	switch {
	case f.key.constant:
		return nil, b.unsupported(f.def.Location, "a RANGE frame with an offset over a constant")
	case key == pgtypes.Interval: // so many microseconds away, of 30 days to the month
		f.order, offset = spanTotal(f.key), *computed(pgtypes.Int8, spanTotal(e), e)
	case key == pgtypes.Time || e.typ.OID == pgtypes.Numeric && e.wide || f.key.wide:
		return nil, b.unsupported(f.def.Location, "a RANGE frame with an offset of this type")
	case isInteger(key):
		f.order = "CAST(" + f.key.sql + " AS HUGEINT)"
		offset.sql = "CAST(" + e.sql + " AS HUGEINT)"
	case key == pgtypes.Float4:
		f.order = "CAST(" + f.key.sql + " AS DOUBLE)"
	}
	return &offset, nil
}
