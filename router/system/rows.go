package system

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
	"tidegate/router/querylog"
)

// rows gives a relation's rows in the order of its columns.
func (r *Relations) rows(ctx context.Context, v *catalog.View, table string) (iter.Seq2[[]any, error], error) {
	switch table {
	case "tiers":
		return each(tables(v), tierRows), nil
	case "tables":
		return each(tables(v), func(t *catalog.TableView) [][]any { return [][]any{tableRow(v, t)} }), nil
	case "files":
		return each(tables(v), fileRows), nil
	case "batches":
		all, err := r.sources.Batches(ctx)
		return each(all, func(b catalog.Batch) [][]any { return [][]any{batchRow(b)} }), err
	case "query_log":
		all, err := r.sources.QueryLog(ctx)
		return each(all, func(l querylog.Entry) [][]any { return [][]any{loggedRow(l)} }), err
	case "partitions":
		return each(tables(v), partitionRows), nil
	case "loads":
		all, err := r.sources.Loads(ctx)
		return each(all, func(l catalog.Load) [][]any { return [][]any{loadRow(l)} }), err
	case "freshness":
		return r.freshness(ctx, v), nil
	case "quarantine":
		return rejectRows(r.sources.Quarantine(ctx)), nil
	}
	return nil, fmt.Errorf("no rows for %s.%s", Schema, table)
}

func each[T any](all []T, rows func(T) [][]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, t := range all {
			for _, row := range rows(t) {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

func tables(v *catalog.View) []*catalog.TableView {
	all := make([]*catalog.TableView, 0, len(v.Tables))
	for _, t := range v.Tables {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *catalog.TableView) int {
		return a.Table.Name.Compare(b.Table.Name)
	})
	return all
}

// extent is what a set of files holds.
type extent struct {
	rows, bytes   int64
	batches       map[string]bool
	from, through any // time.Time, or nil
}

// measure sums the files that count; columns nil means all.
func measure(t *catalog.TableView, counts func(*catalog.File) bool, columns []string) extent {
	e := extent{batches: map[string]bool{}}
	for _, f := range t.Files {
		if !counts(f) {
			continue
		}
		e.rows += f.Rows
		e.batches[f.Batch] = true
		if columns == nil {
			e.bytes += f.Bytes
		}
		for i := range f.Stats {
			if columns != nil && slices.Contains(columns, f.Stats[i].Name) {
				e.bytes += f.Stats[i].Bytes
			}
		}
		e.widen(t.Table, f)
	}
	return e
}

func (e *extent) widen(t *catalog.Table, f *catalog.File) {
	if t.Time == nil {
		return
	}
	s, ok := f.Stat(t.Time.Column)
	if !ok {
		return
	}
	if low, ok := instant(s.Min); ok && (e.from == nil || low.Before(e.from.(time.Time))) {
		e.from = low
	}
	if high, ok := instant(s.Max); ok && (e.through == nil || high.After(e.through.(time.Time))) {
		e.through = high
	}
}

// instant reads a time statistic; a timestamp without zone is taken as UTC.
func instant(d *pgtypes.Datum) (time.Time, bool) {
	const day = 24 * 60 * 60
	switch {
	case d == nil:
		return time.Time{}, false
	case d.Class == pgtypes.ClassTimestamp || d.Class == pgtypes.ClassTimestamptz:
		return time.UnixMicro(d.I).UTC(), true
	case d.Class == pgtypes.ClassDate:
		return time.Unix(d.I*day, 0).UTC(), true
	}
	return time.Time{}, false
}

func isHot(t *catalog.TableView) func(*catalog.File) bool {
	if days := t.Hot.Days; t.Table.Adopt != nil {
		return func(f *catalog.File) bool {
			if days == nil {
				return false
			}
			r, empty, known := f.Days(t.Table, days.Calendar)
			_, covered := days.Covers(r)
			return known && !empty && covered
		}
	}
	return func(f *catalog.File) bool {
		_, ok := t.Hot.Covered[catalog.Pair{Batch: f.Batch, Partition: f.Partition}]
		return ok
	}
}

func everyFile(*catalog.File) bool { return true }

func columnNames(t *catalog.Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// tierRows gives a row per tier. Hot bytes are those of the same columns in the lake: the hot store's own size is
// not known per table.
func tierRows(t *catalog.TableView) [][]any {
	row := func(tier string, columns []string, e extent) []any {
		return []any{
			t.Table.Name.String(), tier, int64(len(columns)), e.rows, e.bytes, e.from, e.through,
			int64(len(e.batches)), strings.Join(columns, ", "),
		}
	}
	rows := [][]any{row("cold", columnNames(t.Table), measure(t, everyFile, nil))}
	if t.Table.Hot != nil {
		rows = append(rows, row("hot", t.Table.Hot.Columns, measure(t, isHot(t), t.Table.Hot.Columns)))
	}
	if days := t.Hot.Days; days != nil {
		rows = append(rows, row("hot", hotColumns(t), hotDays(t)))
	}
	return rows
}

// hotColumns gives an adopted table's, with the keys that are the days of its time.
func hotColumns(t *catalog.TableView) []string {
	return slices.DeleteFunc(columnNames(t.Table), func(c string) bool {
		return !slices.Contains(t.Hot.Days.Columns, c) && !slices.Contains(t.Hot.Days.DayKeys, c)
	})
}

// hotDays is what is hot of an adopted table: times from the first covered day's beginning to the last one's end, bytes
// of the files all of whose days are covered.
func hotDays(t *catalog.TableView) extent {
	days := t.Hot.Days
	e := measure(t, isHot(t), days.Columns)
	e.rows = days.Rows
	if n := len(days.Covered); n > 0 {
		e.from = time.UnixMicro(days.Calendar.Start(days.Covered[0].First)).UTC()
		e.through = time.UnixMicro(days.Calendar.Start(days.Covered[n-1].Last+1) - 1).UTC()
	}
	return e
}

func tableRow(v *catalog.View, t *catalog.TableView) []any {
	all, hot := measure(t, everyFile, nil), measure(t, isHot(t), nil)
	if t.Hot.Days != nil {
		hot = hotDays(t)
	}
	return []any{
		t.Table.Name.String(), orNull(t.Table.Description), strings.Join(t.Table.PartitionBy, ", "), all.rows, all.bytes,
		int64(len(t.Files)), all.through, hot.through, v.Generation,
	}
}

func fileRows(t *catalog.TableView) [][]any {
	rows := make([][]any, len(t.Files))
	for i, f := range t.Files {
		rows[i] = []any{t.Table.Name.String(), f.Batch, f.Partition, f.Path, f.Rows, f.Bytes, f.Generation}
	}
	return rows
}

func batchRow(b catalog.Batch) []any {
	c := b.Counts
	return []any{
		b.Table.String(), b.ID, int64(b.Revision), string(b.State), c.Read, c.Blank, c.Rejected, c.Filtered,
		c.Deduplicated, c.Emitted, b.BytesIn, b.BytesOut, timeOrNull(b.StartedAt), timeOrNull(b.CommittedAt),
		timeOrNull(b.HotLoadedAt), orNull(b.Reason), c.Truncated,
	}
}

func loggedRow(l querylog.Entry) []any {
	return []any{
		l.QueryID, timeOrNull(l.StartedAt), l.User, orNull(l.Route), orNull(l.Reason), orNull(l.Latency), l.Rows,
		l.BytesScanned, l.BytesFetched, float64(l.Elapsed) / float64(time.Millisecond), l.Generation,
		timeOrNull(l.AsOf), orNull(l.SQLState), l.Fingerprint, l.Query,
	}
}

func rejectRows(all iter.Seq2[Reject, error]) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for r, err := range all {
			if !yield([]any{r.Table.String(), r.Batch, r.Object, r.Line, r.Reason, r.Raw}, err) || err != nil {
				return
			}
		}
	}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
