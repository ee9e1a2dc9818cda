package etl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"tidegate/catalog"
	"tidegate/etl/raw"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage"
)

// reasonColumn says why a record is rejected.
const reasonColumn = "_tg_reason"

// rule is a condition on a row under which its record is rejected.
type rule struct{ condition, reason string }

// reasonOf is the reason of the first rule that a row breaks; NULL if it breaks none.
func reasonOf(rules []rule) string {
	if len(rules) == 0 {
		return "NULL::VARCHAR"
	}
	reasons := make([]string, len(rules))
	for i, r := range rules {
		reasons[i] = fmt.Sprintf("WHEN %s THEN %s", r.condition, literal(r.reason))
	}
	return "CASE " + strings.Join(reasons, " ") + " END"
}

// rejected says which rows are rejected, by a condition, and why, by an expression.
type rejected struct{ where, reason string }

// unfit are the rows of which fitted says that they cannot be in the table.
var unfit = &rejected{where: reasonColumn + " IS NOT NULL", reason: reasonColumn}

// futureRule rejects a time that is too far after its object's LastModified; nil if there is none. Validation sees that only
// where a field of the record is the time itself.
func (b *batch) futureRule(ctx context.Context, objects []storage.Object) (*rejected, error) {
	if b.table.Time == nil || len(objects) == 0 {
		return nil, nil
	}
	at := b.instant()
	cutoffs := make([]string, len(objects))
	earliest := objects[0].LastModified
	for i, o := range objects {
		cutoffs[i] = strconv.FormatInt(o.LastModified.Add(raw.FutureTolerance).UnixMicro(), 10)
		if o.LastModified.Before(earliest) {
			earliest = o.LastModified
		}
	}
	some, err := number(ctx, b.session, fmt.Sprintf("SELECT coalesce(max(%s) > make_timestamptz(%d), false)::BIGINT FROM %s",
		at, earliest.Add(raw.FutureTolerance).UnixMicro(), b.rows))
	if err != nil || some == 0 {
		return nil, err
	}
	return &rejected{
		where:  fmt.Sprintf("coalesce(%s > make_timestamptz(list_extract([%s], %s + 1)), false)", at, strings.Join(cutoffs, ", "), raw.ObjectColumn),
		reason: literal("future_time(" + b.table.Time.Column + ")"),
	}, nil
}

// instant is the table's time as a TIMESTAMPTZ.
func (b *batch) instant() string {
	c, _ := b.table.Column(b.table.Time.Column)
	if c.Type.OID == pgtypes.Timestamptz {
		return ident(c.Name)
	}
	return fmt.Sprintf("timezone(%s, CAST(%s AS TIMESTAMP))", literal(b.table.Time.Zone), ident(c.Name))
}

// rejectRows moves rows of b.rows to quarantine: from then on they count as rejected, not as parsed. Nil are none.
func (b *batch) rejectRows(ctx context.Context, rejects string, r *rejected) error {
	if r == nil {
		return nil
	}
	query := b.rejectedRows(r.reason, r.where)
	if b.p.Source != nil {
		moved := rowsTable + "_rejected"
		err := b.exec(ctx, fmt.Sprintf("CREATE OR REPLACE TEMP TABLE %s AS SELECT %s, %s, %s AS %s FROM %s WHERE %s",
			moved, raw.ObjectColumn, raw.LineColumn, r.reason, reasonColumn, b.rows, r.where))
		if err != nil {
			return err
		}
		query = b.rejectedRecords(moved)
	}
	n, err := b.reject(ctx, rejects, query, b.originals)
	if err != nil || n == 0 {
		return err
	}
	deleted, err := b.session.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s", b.rows, r.where))
	if err != nil {
		return err
	}
	if deleted != n {
		return fmt.Errorf("%d rows are rejected, but %d records were quarantined", deleted, n)
	}
	b.counts.Rejected += n
	if b.p.Source != nil {
		b.parsed -= n
	}
	return nil
}

// rejectedRecords reads where the rows in moved are from, and what the source has of them if they have no originals.
func (b *batch) rejectedRecords(moved string) string {
	if b.originals != nil {
		return fmt.Sprintf("SELECT %s::BIGINT, %s::BIGINT, %s, NULL::VARCHAR FROM %s ORDER BY 1, 2", raw.ObjectColumn, raw.LineColumn, reasonColumn, moved)
	}
	var fields []string
	for _, f := range b.p.SourceFields() {
		fields = append(fields, literal(f.Name), "s."+ident(f.Name))
	}
	return fmt.Sprintf("SELECT s.%[1]s::BIGINT, s.%[2]s::BIGINT, o.%[3]s, json_object(%[4]s)::VARCHAR FROM %[5]s s JOIN %[6]s o USING (%[1]s, %[2]s) ORDER BY 1, 2",
		raw.ObjectColumn, raw.LineColumn, reasonColumn, strings.Join(fields, ", "), sourceTable, moved)
}

// rejectedRows reads rows of a second stage, which are made of many records: they are kept as they are, under the names
// of the tables that were read, and without a line.
func (b *batch) rejectedRows(reason, where string) string {
	var fields []string
	for _, c := range b.table.Columns {
		fields = append(fields, literal(c.Name), ident(c.Name))
	}
	return fmt.Sprintf("SELECT NULL::BIGINT, 0::BIGINT, %s, json_object(%s)::VARCHAR AS kept FROM %s WHERE %s ORDER BY kept",
		reason, strings.Join(fields, ", "), b.rows, where)
}

// originals finds records as they were read: by place in b.places and line the reasons why they are rejected.
type originals func(ctx context.Context, wanted raw.Wanted, found func(raw.Reject) error) error

// reject appends records to the local quarantine file, and gives their number. The query gives the place of the object in
// b.places (NULL: none, the rows are a second stage's), line, reason and what is kept of the record where originals are
// not known.
func (b *batch) reject(ctx context.Context, path, query string, find originals) (n int64, err error) {
	w := raw.AppendQuarantine(path)
	defer func() {
		_, closeErr := w.Close()
		err = errors.Join(err, closeErr)
	}()
	sought := &sought{find: find, write: w.Write, most: b.room.rejects, wanted: raw.Wanted{}}
	err = each(ctx, b.session, query, func(row []cell) error {
		n++
		b.rejects[row[2].s]++
		if find != nil && !row[0].null {
			return sought.add(ctx, int(row[0].i), row[1].i, row[2].s)
		}
		from := storage.Object{Key: b.upstream()}
		if !row[0].null {
			from = b.places[row[0].i]
		}
		return w.Write(raw.Reject{Object: from.Key, ETag: from.ETag, Modified: from.LastModified, Line: row[1].i, Reason: row[2].s, Raw: []byte(row[3].s)})
	})
	if err != nil {
		return n, err
	}
	return n, sought.all(ctx)
}

// sought are rejected records that are yet to be found again, in order of place and line. Only so many are noted in memory.
type sought struct {
	find   originals
	write  func(raw.Reject) error
	most   int64
	wanted raw.Wanted
	n      int64
}

func (s *sought) add(ctx context.Context, place int, line int64, reason string) error {
	s.wanted.Add(place, line, reason)
	if s.n++; s.n < s.most {
		return nil
	}
	return s.all(ctx)
}

// all finds those that are noted.
func (s *sought) all(ctx context.Context) error {
	if s.n == 0 {
		return nil
	}
	found := int64(0)
	err := s.find(ctx, s.wanted, func(r raw.Reject) error {
		found++
		return s.write(r)
	})
	if err == nil && found != s.n {
		err = fmt.Errorf("%d records are rejected, but %d were found again", s.n, found)
	}
	s.wanted, s.n = raw.Wanted{}, 0
	return err
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

// summary lists names with their counts, most frequent first.
func summary(counts map[string]int64) string {
	names := catalog.ByFrequency(counts)
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, counts[name])
	}
	return strings.Join(names, ", ")
}
