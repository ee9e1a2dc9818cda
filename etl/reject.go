package etl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"tidegate/etl/raw"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage"
)

// reasonColumn says why a record is rejected.
const reasonColumn = "_tg_reason"

// rule is a condition on rowsTable under which a row's record is rejected.
type rule struct{ condition, reason string }

// overflowRules reject what is too long for a column with on_overflow reject.
func (b *batch) overflowRules() []rule {
	var rules []rule
	for _, c := range b.p.Columns {
		if c.MaxBytes > 0 && c.OnOverflow == "reject" {
			rules = append(rules, rule{
				condition: fmt.Sprintf("coalesce(strlen(CAST(%s AS VARCHAR)) > %d, false)", ident(c.Name), c.MaxBytes),
				reason:    "too_long(" + c.Name + ")",
			})
		}
	}
	return rules
}

// futureRules reject a time that is too far after its object's LastModified. Validation sees that only where a field of
// the record is the time itself.
func (b *batch) futureRules(ctx context.Context, objects []storage.Object) ([]rule, error) {
	if b.table.Time == nil || len(objects) == 0 {
		return nil, nil
	}
	c, _ := b.table.Column(b.table.Time.Column)
	at := ident(c.Name)
	if c.Type.OID != pgtypes.Timestamptz {
		at = fmt.Sprintf("timezone(%s, CAST(%s AS TIMESTAMP))", literal(b.table.Time.Zone), at)
	}
	cutoffs := make([]string, len(objects))
	earliest := objects[0].LastModified
	for i, o := range objects {
		cutoffs[i] = strconv.FormatInt(o.LastModified.Add(raw.FutureTolerance).UnixMicro(), 10)
		if o.LastModified.Before(earliest) {
			earliest = o.LastModified
		}
	}
	some, err := number(ctx, b.session, fmt.Sprintf("SELECT coalesce(max(%s) > make_timestamptz(%d), false)::BIGINT FROM %s",
		at, earliest.Add(raw.FutureTolerance).UnixMicro(), rowsTable))
	if err != nil || some == 0 {
		return nil, err
	}
	return []rule{{
		condition: fmt.Sprintf("coalesce(%s > make_timestamptz(list_extract([%s], %s + 1)), false)", at, strings.Join(cutoffs, ", "), raw.ObjectColumn),
		reason:    "future_time(" + c.Name + ")",
	}}, nil
}

// rejectRows moves the rows of rowsTable that break a rule to quarantine: from then on they count as rejected, not as
// parsed.
func (b *batch) rejectRows(ctx context.Context, rejects string, rules []rule) error {
	if len(rules) == 0 {
		return nil
	}
	var broken, reason []string
	for _, r := range rules {
		broken = append(broken, r.condition)
		reason = append(reason, fmt.Sprintf("WHEN %s THEN %s", r.condition, literal(r.reason)))
	}
	where := strings.Join(broken, " OR ")
	moved := rowsTable + "_rejected"
	err := b.exec(ctx, fmt.Sprintf("CREATE TEMP TABLE %s AS SELECT %s, %s, CASE %s END AS %s FROM %s WHERE %s",
		moved, raw.ObjectColumn, raw.LineColumn, strings.Join(reason, " "), reasonColumn, rowsTable, where))
	if err != nil {
		return err
	}
	var fields []string
	for _, f := range b.p.SourceFields() {
		fields = append(fields, literal(f.Name), "s."+ident(f.Name))
	}
	n, err := b.reject(ctx, rejects, fmt.Sprintf("SELECT s.%[1]s::BIGINT, s.%[2]s::BIGINT, o.%[3]s, json_object(%[4]s)::VARCHAR FROM %[5]s s JOIN %[6]s o USING (%[1]s, %[2]s) ORDER BY 1, 2",
		raw.ObjectColumn, raw.LineColumn, reasonColumn, strings.Join(fields, ", "), sourceTable, moved))
	if err != nil || n == 0 {
		return err
	}
	deleted, err := b.session.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s", rowsTable, where))
	if err != nil {
		return err
	}
	if deleted != n {
		return fmt.Errorf("%d rows are rejected, but %d records were quarantined", deleted, n)
	}
	b.counts.Rejected += n
	b.parsed -= n
	return nil
}

// reject appends records to the local quarantine file, and gives their number. The query gives object, line, reason and
// what is kept of the record.
func (b *batch) reject(ctx context.Context, path, query string) (n int64, err error) {
	w := raw.AppendQuarantine(path)
	defer func() {
		_, closeErr := w.Close()
		err = errors.Join(err, closeErr)
	}()
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
