package adopt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/engine/parquetscan"
	"tidegate/internal/logkey"
)

// Store is what a comparison needs of the catalog.
type Store interface {
	View(ctx context.Context) (*catalog.View, error)
	CoverDays(ctx context.Context, c catalog.CoverDays) (int64, error)
	DaySums(ctx context.Context, table catalog.Name, columns []string) (map[catalog.Day]catalog.DayCheck, error)
}

// Comparer finds the days of adopted tables that are the same in the warehouse and in the lake.
type Comparer struct {
	Store   Store
	Cold    engine.Engine
	Path    func(f engine.ScanFile) string // under which Cold opens an object
	Hot     engine.Engine
	Dialect Dialect // of Hot
	// MaxBytes bounds what one statement reads of the lake; 0: it may read all at once.
	MaxBytes int64
	Log      *slog.Logger
}

// mostDays bounds the days of a table: what lies further from its first one is in the lake only. It is a hundred years.
const mostDays = 36525

// tries bounds how often a comparison begins again because the files changed under it.
const tries = 5

// Compare compares every day of a table from hot_from on, and publishes what is the same. The lake's side is summed
// once for as long as a day's files and the columns stay; the warehouse is asked each time.
func (c *Comparer) Compare(ctx context.Context, name catalog.Name) error {
	for try := 1; ; try++ {
		err := c.compare(ctx, name)
		if !errors.Is(err, catalog.ErrConflict) || try == tries {
			return err
		}
	}
}

func (c *Comparer) compare(ctx context.Context, name catalog.Name) error {
	began := time.Now()
	v, err := c.Store.View(ctx)
	if err != nil {
		return err
	}
	tv, ok := v.Tables[name]
	if !ok || tv.Table.Adopt == nil || tv.Table.Adopt.Hot == "" {
		return nil
	}
	w := &comparison{Comparer: c, tv: tv, result: catalog.CoverDays{Table: name, Generation: v.Generation}}
	if err := w.run(ctx); err != nil {
		return fmt.Errorf("compare %s with %s: %w", name, tv.Table.Adopt.Hot, err)
	}
	w.result.At = time.Now()
	if _, err := c.Store.CoverDays(ctx, w.result); err != nil {
		return err
	}
	different := 0
	for _, d := range w.result.Days {
		if d.Difference != "" {
			different++
		}
	}
	c.Log.InfoContext(ctx, "adopted table compared", logkey.Table, name.String(), "days", len(w.result.Days),
		"different", different, "summed", w.summed, logkey.Elapsed, time.Since(began))
	return nil
}

// comparison is one table's turn.
type comparison struct {
	*Comparer
	tv       *catalog.TableView
	result   catalog.CoverDays
	calendar *catalog.Calendar
	time     catalog.Column
	columns  []catalog.Column
	measures []measure
	summed   int // days whose lake side was read
}

func (w *comparison) note(format string, args ...any) {
	w.result.Notes = append(w.result.Notes, fmt.Sprintf(format, args...))
}

func (w *comparison) run(ctx context.Context) error {
	t := w.tv.Table
	hot, err := describeHot(ctx, w.Hot, w.Dialect, t.Adopt.Hot)
	if err != nil {
		return err
	}
	if hot == nil {
		w.note("the warehouse has no table %s", t.Adopt.Hot)
		return nil
	}
	w.columns, w.result.Notes = hot.shared(t.Adopt.Hot, t)
	if w.calendar, err = t.Calendar(); err != nil {
		return err
	}
	w.time, _ = t.TimeColumn()
	if !slices.ContainsFunc(w.columns, func(c catalog.Column) bool { return c.Name == w.time.Name }) {
		w.note("nothing is hot: %s must have %s as %s, which splits the table into days", t.Adopt.Hot, w.time.Name, w.time.Type)
		return nil
	}
	for _, c := range w.columns {
		w.result.Columns = append(w.result.Columns, c.Name)
	}
	w.result.Collation = hot.collation
	w.measures = measures(w.columns, w.Dialect)
	days, silent := w.days()
	if silent > 0 {
		w.note("%d files do not tell the days of their %s: what reads them is cold", silent, w.time.Name)
	}
	if len(days) == 0 {
		return nil
	}
	lake, err := w.sumLake(ctx, days)
	if err != nil {
		return err
	}
	warehouse, err := w.sumHot(ctx, hot.ref, days)
	if err != nil {
		return err
	}
	return w.judge(lake, warehouse)
}

// days gives the days to compare.
func (w *comparison) days() (days []catalog.Day, silent int) {
	days, silent, beyond := lakeDays(w.tv, w.calendar)
	if beyond {
		w.note("days more than a hundred years after %s stay cold; hot_from says where to begin", days[0])
	}
	return days, silent
}

// lakeDays gives the days in which the lake may have rows, from hot_from on, and how many files do not tell theirs.
func lakeDays(tv *catalog.TableView, calendar *catalog.Calendar) (days []catalog.Day, silent int, beyond bool) {
	ranges, silent := tv.LakeDays(calendar)
	from := tv.Table.Adopt.From()
	for _, r := range ranges {
		for d := max(r.First, from); d <= r.Last; d++ {
			if len(days) > 0 && d-days[0] >= mostDays {
				return days, silent, true
			}
			days = append(days, d)
		}
	}
	return days, silent, false
}

// Pending reports whether a table has days that are not compared: it is new, or files of theirs changed.
func Pending(tv *catalog.TableView) bool {
	if tv.Hot.Days == nil {
		return true
	}
	if len(tv.Hot.Days.Columns) == 0 {
		return false // the warehouse has nothing to compare with
	}
	days, _, _ := lakeDays(tv, tv.Hot.Days.Calendar)
	return slices.ContainsFunc(days, func(d catalog.Day) bool {
		_, different := tv.Hot.Days.Different[d]
		_, covered := tv.Hot.Days.Covers(catalog.DayRange{First: d, Last: d})
		return !different && !covered
	})
}

// sumHot asks the warehouse for all days at once.
func (w *comparison) sumHot(ctx context.Context, ref string, days []catalog.Day) (map[catalog.Day]sum, error) {
	within := catalog.DayRange{First: days[0], Last: days[len(days)-1]}
	return w.ask(ctx, w.Hot, engine.Statement{SQL: w.Dialect.query(ref, w.time, w.calendar, within, w.measures)})
}

// ask runs a statement of Dialect.query.
func (w *comparison) ask(ctx context.Context, e engine.Engine, s engine.Statement) (map[catalog.Day]sum, error) {
	rows, err := engine.Texts(ctx, e, s, len(w.measures)+1)
	if err != nil {
		return nil, err
	}
	sums := make(map[catalog.Day]sum, len(rows))
	for _, r := range rows {
		d, err := catalog.ParseDay(r[0])
		if err != nil {
			return nil, fmt.Errorf("read the sums of a day: %w", err)
		}
		sums[d] = sumOf(w.measures, r[1:])
	}
	return sums, nil
}

// sumLake gives the lake's side of the days: known ones as they are, the others in as many statements as it takes.
func (w *comparison) sumLake(ctx context.Context, days []catalog.Day) (map[catalog.Day]sum, error) {
	known, err := w.Store.DaySums(ctx, w.tv.Table.Name, w.result.Columns)
	if err != nil {
		return nil, err
	}
	sums := make(map[catalog.Day]sum, len(days))
	var missing []catalog.Day
	for _, d := range days {
		if s, ok := parseSum(known[d].Sum, len(w.measures)); ok {
			sums[d] = s
		} else {
			missing = append(missing, d)
		}
	}
	w.summed = len(missing)
	for _, r := range w.pieces(missing) {
		files := w.filesOf(r)
		got, err := w.ask(ctx, w.Cold, w.scan(files, r))
		if err != nil {
			return nil, err
		}
		for d := r.First; d <= r.Last; d++ {
			if sums[d] = got[d]; got[d] == nil {
				sums[d] = nothing(w.measures)
			}
		}
	}
	return sums, nil
}

// pieces cuts days into ranges without gaps whose files have no more than MaxBytes of the columns.
func (w *comparison) pieces(days []catalog.Day) []catalog.DayRange {
	begins := map[catalog.Day]int64{} // bytes of the files whose first day it is
	if w.MaxBytes > 0 {
		for _, f := range w.tv.Files {
			if r, empty, known := f.Days(w.tv.Table, w.calendar); known && !empty {
				begins[r.First] += w.bytes(f)
			}
		}
	}
	var pieces []catalog.DayRange
	var used int64
	for _, d := range days {
		n := len(pieces)
		if n > 0 && pieces[n-1].Last == d-1 && (w.MaxBytes == 0 || used+begins[d] <= w.MaxBytes) {
			pieces[n-1].Last = d
			used += begins[d]
			continue
		}
		pieces = append(pieces, catalog.DayRange{First: d, Last: d})
		used = 0
		for _, f := range w.filesOf(pieces[n]) {
			used += w.bytes(f)
		}
	}
	return pieces
}

// filesOf gives the files that may have rows of the days. One that does not tell its days may have rows of any.
func (w *comparison) filesOf(days catalog.DayRange) []*catalog.File {
	return slices.DeleteFunc(slices.Clone(w.tv.Files), func(f *catalog.File) bool {
		r, empty, known := f.Days(w.tv.Table, w.calendar)
		return empty || known && (r.Last < days.First || r.First > days.Last)
	})
}

func (w *comparison) bytes(f *catalog.File) int64 {
	var n int64
	for _, c := range w.columns {
		if s, ok := f.Stat(c.Name); ok {
			n += s.Bytes
		}
	}
	return n
}

// scan is the lake's side of Dialect.query.
func (w *comparison) scan(files []*catalog.File, days catalog.DayRange) engine.Statement {
	var columns []parquetscan.SourceColumn
	var names []string
	for _, c := range w.columns {
		columns = append(columns, parquetscan.SourceColumn{Name: c.Name, DuckDBType: c.Type.DuckDB(), Partition: c.Partition})
		if !c.Partition {
			names = append(names, c.Name)
		}
	}
	s := engine.Statement{}
	paths := make([]parquetscan.ParquetFile, len(files))
	for i, f := range files {
		scanned := engine.ScanFile{Key: f.Path, ETag: f.ETag, Size: f.Bytes, FooterBytes: f.FooterBytes, Columns: names}
		s.Files = append(s.Files, scanned)
		paths[i] = parquetscan.ParquetFile{Path: w.Path(scanned), Partition: f.Partition}
	}
	s.SQL = DuckDB.query(parquetscan.ParquetSource(paths, columns), w.time, w.calendar, days, w.measures)
	return s
}

// judge compares the two sides of each day.
func (w *comparison) judge(lake, warehouse map[catalog.Day]sum) error {
	w.result.Days = make(map[catalog.Day]catalog.DayCheck, len(lake))
	for d, there := range lake {
		here, ok := warehouse[d]
		if !ok {
			here = nothing(w.measures)
		}
		rows, err := strconv.ParseInt(there[0], 10, 64)
		if err != nil {
			return fmt.Errorf("read the rows of %s: %w", d, err)
		}
		w.result.Days[d] = catalog.DayCheck{Rows: rows, Sum: there.String(), Difference: difference(w.measures, here, there)}
	}
	return nil
}
