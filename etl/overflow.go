package etl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"tidegate/etl/raw"
)

// rejectOverflow moves the rows of rowsTable that are too long for a column with on_overflow reject to quarantine:
// from then on they count as rejected, not as parsed.
func (b *batch) rejectOverflow(ctx context.Context, rejects string) error {
	var tooLong, reason []string
	for _, c := range b.p.Columns {
		if c.MaxBytes > 0 && c.OnOverflow == "reject" {
			condition := fmt.Sprintf("coalesce(strlen(CAST(%s AS VARCHAR)) > %d, false)", ident(c.Name), c.MaxBytes)
			tooLong = append(tooLong, condition)
			reason = append(reason, fmt.Sprintf("WHEN %s THEN %s", condition, literal("too_long("+c.Name+")")))
		}
	}
	if len(tooLong) == 0 {
		return nil
	}
	overflow := rowsTable + "_overflow"
	err := b.exec(ctx, fmt.Sprintf("CREATE TEMP TABLE %s AS SELECT %s, %s, CASE %s END AS _tg_reason FROM %s WHERE %s",
		overflow, raw.ObjectColumn, raw.LineColumn, strings.Join(reason, " "), rowsTable, strings.Join(tooLong, " OR ")))
	if err != nil {
		return err
	}
	from := fmt.Sprintf("(SELECT s.*, o._tg_reason FROM %s s JOIN %s o USING (%s, %s))", sourceTable, overflow, raw.ObjectColumn, raw.LineColumn)
	n, err := b.reject(ctx, rejects, from, "_tg_reason", "true")
	if err != nil || n == 0 {
		return err
	}
	deleted, err := b.session.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s", rowsTable, strings.Join(tooLong, " OR ")))
	if err != nil {
		return err
	}
	if deleted != n {
		return fmt.Errorf("%d rows are too long, but %d records were quarantined", deleted, n)
	}
	b.counts.Rejected += n
	b.parsed -= n
	return nil
}

// reject appends the records of a relation (the source's columns) that meet a condition to the local quarantine
// file, and gives their number. Of a record that passed validation, what is kept is its declared fields as JSON.
func (b *batch) reject(ctx context.Context, path, from, reason, condition string) (n int64, err error) {
	w := raw.AppendQuarantine(path)
	defer func() {
		_, closeErr := w.Close()
		err = errors.Join(err, closeErr)
	}()
	var fields []string
	for _, f := range b.p.SourceFields() {
		fields = append(fields, literal(f.Name), ident(f.Name))
	}
	query := fmt.Sprintf("SELECT %s::BIGINT, %s::BIGINT, %s, json_object(%s)::VARCHAR FROM %s WHERE %s ORDER BY 1, 2",
		raw.ObjectColumn, raw.LineColumn, reason, strings.Join(fields, ", "), from, condition)
	err = each(ctx, b.session, query, func(row []cell) error {
		n++
		b.rejects[row[2].s]++
		in := b.inputs[row[0].i]
		return w.Write(raw.Reject{Object: in.Key, ETag: in.ETag, Line: row[1].i, Reason: row[2].s, Raw: []byte(row[3].s)})
	})
	return n, err
}

// putQuarantine puts the rejected records into the lake. The same batch gives the same file, so an attempt may
// write over a dead one's.
func (b *batch) putQuarantine(ctx context.Context, path string) (err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("put the quarantine into the lake: %w", err)
	}
	key := raw.QuarantinePath(b.p.Table, b.id)
	_, err = b.Lake.Put(ctx, key, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("put the quarantine into the lake: %w", err)
	}
	b.quarantine = key
	b.Step("quarantined")
	return nil
}

// rejectSummary lists the reasons with their counts, most frequent first.
func rejectSummary(rejects map[string]int64) string {
	var reasons []string
	for reason := range rejects {
		reasons = append(reasons, reason)
	}
	slices.SortFunc(reasons, func(a, b string) int {
		if rejects[a] != rejects[b] {
			return int(rejects[b] - rejects[a])
		}
		return strings.Compare(a, b)
	})
	for i, reason := range reasons {
		reasons[i] = fmt.Sprintf("%s %d", reason, rejects[reason])
	}
	return strings.Join(reasons, ", ")
}
