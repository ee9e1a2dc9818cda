package etl

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tidegate/catalog"
	"tidegate/etl/raw"
	"tidegate/internal/engine/parquetscan"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage"
)

// createLosers makes the table of duplicates: the row, and the place of the live file that holds its like in those that were
// looked at; NULL if that is a row of the batch.
const createLosers = "CREATE TEMP TABLE " + losersTable + " (id BIGINT, winner BIGINT)"

// dedupe fills losersTable with the rows of b.rows that are duplicates and gives their number. A duplicate lies
// in the same partition and has equal unique_key and equal time (NULL time equals NULL time). The first by (object
// key, line) wins within the batch, and a row that the table already has wins over all. A NULL in the key is equal
// to nothing. Without unique_key nothing is a duplicate.
func (b *batch) dedupe(ctx context.Context) (int64, error) {
	if err := b.exec(ctx, createLosers); err != nil {
		return 0, err
	}
	same := b.identity()
	if len(b.table.UniqueKey) == 0 {
		return 0, b.noteStale(ctx, same)
	}
	err := b.exec(ctx, fmt.Sprintf(`INSERT INTO %[1]s SELECT id, NULL FROM (
		SELECT r.rowid AS id, row_number() OVER (PARTITION BY %[2]s ORDER BY r.%[3]s, r.%[4]s) AS nth
		FROM %[5]s r JOIN (SELECT %[6]s FROM %[5]s k WHERE %[7]s GROUP BY ALL HAVING count(*) > 1) d ON %[8]s) WHERE nth > 1`,
		losersTable, prefixed("r", same), raw.ObjectColumn, raw.LineColumn, b.rows, idents(same), notNull("k", b.table.UniqueKey),
		equalColumns("r", "d", same)))
	if err != nil {
		return 0, fmt.Errorf("find duplicates within the batch: %w", err)
	}
	if err := b.dedupeAgainstTable(ctx, same); err != nil {
		return 0, fmt.Errorf("find duplicates of the table's rows: %w", err)
	}
	if err := b.noteStale(ctx, same); err != nil {
		return 0, fmt.Errorf("look for keys that are gone: %w", err)
	}
	return number(ctx, b.session, "SELECT count(DISTINCT id)::BIGINT FROM "+losersTable)
}

// takeCommitLease waits until the table's other batches that were begun before this one, and are not dead, are committed,
// and until no other may be. So neither the winner among duplicates nor what rules compare with depends on who is faster.
func (b *batch) takeCommitLease(ctx context.Context) error {
	if len(b.table.UniqueKey) == 0 && b.p.Checks.LookBack() == 0 {
		return nil
	}
	mine := b.leases[0]
	if mine.Piece != wholeTable {
		ready := func(leases []catalog.Lease) bool {
			return !slices.ContainsFunc(leases, func(l catalog.Lease) bool {
				return len(l.Inputs) > 0 && l.Token < mine.Token && l.Until.After(time.Now())
			})
		}
		err := b.watch.waiting(func() error {
			_, l, release, err := b.claims.await(ctx, b.p.Table, commitLease, ready)
			if err == nil {
				b.leases, b.release = append(b.leases, l), release
			}
			return err
		})
		if err != nil {
			return err
		}
		b.serialFrom = b.watch.read()
	}
	view, err := b.Store.View(ctx)
	if err != nil {
		return fmt.Errorf("read the catalog: %w", err)
	}
	b.view = view
	if len(b.table.UniqueKey) > 0 {
		b.basis = &view.Generation
	}
	return nil
}

// identity are the columns that are equal in duplicates: partition, key, time.
func (b *batch) identity() []string {
	same := append(slices.Clone(b.table.PartitionBy), b.table.UniqueKey...)
	if b.table.Time != nil {
		same = append(same, b.table.Time.Column)
	}
	slices.Sort(same)
	return slices.Compact(same)
}

func notNull(relation string, columns []string) string {
	terms := make([]string, len(columns))
	for i, c := range columns {
		terms[i] = relation + "." + ident(c) + " IS NOT NULL"
	}
	return strings.Join(terms, " AND ")
}

// dedupeAgainstTable adds the rows that live files hold already. Only files are opened that the batch's ranges of
// key and time leave.
func (b *batch) dedupeAgainstTable(ctx context.Context, same []string) error {
	live, ok := b.view.Tables[b.p.Table]
	if !ok {
		return nil
	}
	touched, err := b.touched(ctx, same)
	if err != nil {
		return err
	}
	replaced := b.replaced()
	var files []*catalog.File
	for _, f := range live.Files {
		if ranges, ok := touched[f.Partition]; ok && overlaps(f, ranges) && !replaced[pairOf(f)] {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return nil
	}
	keys, err := b.keysOf(ctx, files, same)
	if err != nil {
		return err
	}
	err = b.exec(ctx, fmt.Sprintf("INSERT INTO %s SELECT r.rowid, e.%s FROM %s r JOIN %s AS e ON %s WHERE %s",
		losersTable, fileColumn, b.rows, keys, equalColumns("r", "e", same), notNull("r", b.table.UniqueKey)))
	if err != nil {
		return err
	}
	return b.noteLosses(ctx, files)
}

// fileColumn is the place of a row's file in those of keysOf.
const fileColumn = "_tg_file"

// keysOf gives the FROM item of the columns same, and fileColumn, of live files.
func (b *batch) keysOf(ctx context.Context, files []*catalog.File, same []string) (string, error) {
	local := make([]parquetscan.ParquetFile, len(files))
	for i, f := range files {
		path, err := storage.LocalFile(ctx, b.Lake, f.Path, "", b.dir)
		if err != nil {
			return "", err
		}
		local[i] = parquetscan.ParquetFile{Path: path, Partition: f.Partition}
	}
	columns := []parquetscan.SourceColumn{{Name: fileColumn, DuckDBType: "BIGINT", FileIndex: true}}
	for _, name := range same {
		c, _ := b.table.Column(name)
		columns = append(columns, parquetscan.SourceColumn{Name: c.Name, DuckDBType: c.Type.DuckDB(), Partition: c.Partition})
	}
	return parquetscan.ParquetSource(local, columns), nil
}

// replaced are the pairs whose rows the batch takes the place of.
func (b *batch) replaced() map[catalog.Replaced]bool {
	replaced := make(map[catalog.Replaced]bool, len(b.replaces))
	for _, r := range b.replaces {
		replaced[r] = true
	}
	return replaced
}

// pairOf names what a live file is a part of.
func pairOf(f *catalog.File) catalog.Replaced {
	return catalog.Replaced{Batch: f.Batch, Revision: f.Revision, Partition: f.Partition}
}

// span is the range of a column's values in one partition of the batch; nil bounds are unknown or open.
type span struct {
	column   string
	low, top *pgtypes.Datum
}

// touched gives the partitions that the batch has rows for, with the ranges of the columns that can prune files.
func (b *batch) touched(ctx context.Context, same []string) (map[string][]span, error) {
	var ranged []catalog.Column
	var selected []string
	for _, c := range b.table.PartitionBy {
		selected = append(selected, ident(c)+"::VARCHAR")
	}
	for _, name := range same {
		c, _ := b.table.Column(name)
		low, ok := asDatum(fmt.Sprintf("min(%s)", ident(name)), c.Type)
		if !ok || c.Partition {
			continue
		}
		top, _ := asDatum(fmt.Sprintf("max(%s)", ident(name)), c.Type)
		ranged = append(ranged, c)
		selected = append(selected, low, top, fmt.Sprintf("(count(*) - count(%s))::BIGINT", ident(name)))
	}
	keys := len(b.table.PartitionBy)
	selected = append(selected, "count(*)::BIGINT")
	query := "SELECT " + strings.Join(selected, ", ") + " FROM " + b.rows
	if keys > 0 {
		query += " GROUP BY " + idents(b.table.PartitionBy)
	}
	touched := map[string][]span{}
	err := each(ctx, b.session, query, func(row []cell) error {
		var spans []span
		for i, c := range ranged {
			at := row[keys+3*i:]
			// A NULL equals a NULL, and bounds say nothing about NULLs.
			if at[0].null || at[1].null || at[2].i > 0 {
				continue
			}
			class := pgtypes.ClassOf(c.Type.OID)
			spans = append(spans, span{c.Name, &pgtypes.Datum{Class: class, I: at[0].i, S: at[0].s}, &pgtypes.Datum{Class: class, I: at[1].i, S: at[1].s}})
		}
		touched[partitionName(b.table.PartitionBy, row[:keys])] = spans
		return nil
	})
	return touched, err
}

// asDatum gives a bound as the BIGINT or VARCHAR that a Datum of the type holds.
func asDatum(bound string, t pgtypes.Type) (expression string, ok bool) {
	switch pgtypes.ClassOf(t.OID) {
	case pgtypes.ClassInt, pgtypes.ClassBool:
		return "CAST(" + bound + " AS BIGINT)", true
	case pgtypes.ClassDate:
		return "CAST(" + bound + " - DATE '1970-01-01' AS BIGINT)", true
	case pgtypes.ClassTimestamp, pgtypes.ClassTimestamptz:
		return "epoch_us(" + bound + ")", true
	case pgtypes.ClassText, pgtypes.ClassNumeric:
		return "CAST(" + bound + " AS VARCHAR)", true
	default:
		return "", false
	}
}

// overlaps reports whether the file may hold values in all of the ranges.
func overlaps(f *catalog.File, ranges []span) bool {
	for _, r := range ranges {
		s, ok := f.Stat(r.column)
		if !ok || s.Min == nil || s.Max == nil {
			continue
		}
		low, ok1 := s.Max.Compare(*r.low)
		top, ok2 := s.Min.Compare(*r.top)
		if ok1 && low < 0 || ok2 && top > 0 {
			return false
		}
	}
	return true
}
