package procedures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/engine/parquetscan"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

func verifyColumns() []engine.Column {
	return columns("table_name", pgtypes.Text, "partition", pgtypes.Text, "rows_catalog", pgtypes.Int8, "rows_cold", pgtypes.Int8,
		"rows_hot", pgtypes.Int8, "rows_ledger", pgtypes.Int8, "ok", pgtypes.Bool, "difference", pgtypes.Text)
}

// verify counts the rows of every partition that begins with the prefix: in the catalog, in the lake's files, in the
// hot table and in its ledger.
func (p *Procedures) verify(ctx context.Context, t *catalog.TableView, args []sql.CallArg) ([][]any, error) {
	if args[1].Null {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "the partition's prefix is null").WithHint("'' is all partitions.")
	}
	c := comparison{table: t, in: t.InKeep()}
	if p.o.Hot != nil && (t.Table.Hot != nil || len(t.Hot.Covered) > 0) {
		c.countHot(ctx, p)
	}
	var lines [][]any
	for _, part := range partitions(t, args[1].Text) {
		cold, err := p.countFiles(ctx, part.files)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		lines = append(lines, c.line(part, cold, err))
	}
	return lines, nil
}

// partition is one of a table, with its live files.
type partition struct {
	name  string
	files []*catalog.File
}

// partitions gives those whose name, or the value of its first key, begins with the prefix.
func partitions(t *catalog.TableView, prefix string) []partition {
	var all []partition
	for _, f := range t.Files { // by partition
		value := f.Partition
		if len(t.Table.PartitionBy) > 0 {
			value, _, _ = catalog.PartitionValue(f.Partition, t.Table.PartitionBy[0])
		}
		if !strings.HasPrefix(f.Partition, prefix) && !strings.HasPrefix(value, prefix) {
			continue
		}
		if n := len(all); n == 0 || all[n-1].name != f.Partition {
			all = append(all, partition{name: f.Partition})
		}
		last := &all[len(all)-1]
		last.files = append(last.files, f)
	}
	return all
}

// countFiles counts the rows in files of the lake, by reading what each file says of itself.
func (p *Procedures) countFiles(ctx context.Context, files []*catalog.File) (n int64, err error) {
	s := engine.Statement{}
	var paths []parquetscan.ParquetFile
	for _, f := range files {
		scan := engine.ScanFile{Key: f.Path, ETag: f.ETag, Size: f.Bytes, FooterBytes: f.FooterBytes}
		s.Files = append(s.Files, scan)
		paths = append(paths, parquetscan.ParquetFile{Path: p.o.LocalPath(scan), Partition: f.Partition})
	}
	s.SQL = "SELECT count(*) FROM " + parquetscan.ParquetSource(paths, nil)
	rows, err := p.o.Cold.Query(ctx, s)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	c, err := rows.Next(ctx)
	if err != nil {
		return 0, err
	}
	n = c.Vectors[0].I64[0]
	if _, err := rows.Next(ctx); !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("count rows of %s: %w", files[0].Partition, err)
	}
	return n, nil
}

// comparison is a table's rows by load sequence, where there are any.
type comparison struct {
	table  *catalog.TableView
	in     func(partition string) bool // it should be hot
	hot    map[int64]int64             // nil: there is no hot side, or it failed
	ledger map[int64]int64             // nil: there is none, or it failed
	failed string                      // why the hot side could not be counted
}

func (c *comparison) countHot(ctx context.Context, p *Procedures) {
	if down := p.down(); down != "" {
		c.failed = "the hot store is down: " + down
		return
	}
	hot, err := p.o.Hot.Counts(ctx, c.table.Table.Name)
	if err == nil {
		if l, ok := p.o.Hot.(Ledger); ok {
			c.ledger, err = l.Ledger(ctx, c.table.Table.Name)
		}
	}
	if err != nil {
		c.ledger, c.failed = nil, p.hotReason(err)
		return
	}
	c.hot = hot
}

// line is one row of the answer. err says why the files could not be counted.
func (c *comparison) line(part partition, cold int64, err error) []any {
	pairs, want := livePairs(part)
	var rows int64
	for _, n := range want {
		rows += n
	}
	line := []any{c.table.Table.Name.String(), part.name, rows, cold, nil, nil}
	var wrong, notes []string
	switch {
	case err != nil:
		line[3] = nil
		wrong = append(wrong, "the lake cannot be read: "+message(err))
	case cold != rows:
		wrong = append(wrong, fmt.Sprintf("%d rows are in the files", cold))
	}
	if c.failed != "" {
		wrong = append(wrong, c.failed)
	}
	if c.hot != nil {
		var w []string
		line[4], w = c.compare(pairs, want, c.hot, "hot")
		wrong = append(wrong, w...)
		if c.ledger != nil {
			line[5], w = c.compare(pairs, want, c.ledger, "in the ledger")
			wrong = append(wrong, w...)
		}
		notes = c.notHot(part.name, pairs)
	}
	difference := any(strings.Join(append(wrong, notes...), "; "))
	if difference == "" {
		difference = nil
	}
	return append(line, len(wrong) == 0, difference)
}

// livePairs gives a partition's pairs in order, and their rows by the catalog.
func livePairs(part partition) ([]catalog.Pair, map[catalog.Pair]int64) {
	var pairs []catalog.Pair
	rows := map[catalog.Pair]int64{}
	for _, f := range part.files {
		p := catalog.Pair{Batch: f.Batch, Partition: f.Partition}
		if _, ok := rows[p]; !ok {
			pairs = append(pairs, p)
		}
		rows[p] += f.Rows
	}
	return pairs, rows
}

// compare sums the counted rows of the covered pairs and says which are not as many as they should be.
func (c *comparison) compare(pairs []catalog.Pair, want map[catalog.Pair]int64, got map[int64]int64, where string) (sum int64, wrong []string) {
	for _, p := range pairs {
		loads, ok := c.table.Hot.Covered[p]
		if !ok {
			continue
		}
		n := catalog.RowsOf(loads, got)
		sum += n
		if n != want[p] {
			wrong = append(wrong, fmt.Sprintf("batch %s has %d of %d rows %s", p.Batch, n, want[p], where))
		}
	}
	return sum, wrong
}

// notHot says what of the partition is not hot although nothing is wrong.
func (c *comparison) notHot(name string, pairs []catalog.Pair) []string {
	if !c.in(name) {
		return []string{"it is older than what is kept hot"}
	}
	n := 0
	for _, p := range pairs {
		if _, ok := c.table.Hot.Covered[p]; !ok {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of %d batches are not hot yet", n, len(pairs))}
}

// message is what a client may read of an error.
func message(err error) string {
	if e, ok := errors.AsType[*pgerr.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
