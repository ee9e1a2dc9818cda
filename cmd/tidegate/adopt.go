package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"tidegate/catalog"
	"tidegate/etl"
	"tidegate/etl/pipeline"
	"tidegate/internal/yamlfile"
)

// checkAdopted refuses an adopted table whose hot side no configured hot store can have.
func (c *config) checkAdopted(pipelines []*pipeline.Pipeline) error {
	var errs []error
	for _, p := range pipelines {
		if p.Adopt != nil && p.Adopt.Hot != "" && !c.Hot.remote() {
			errs = append(errs, &yamlfile.Error{File: p.YMLFile, Line: max(p.Adopt.HotLine, 1), Message: fmt.Sprintf(
				"adopt.hot %s is a table of a warehouse, and hot.kind is %s; set hot.kind and hot.url, or leave out adopt.hot",
				p.Adopt.Hot, c.Hot.Kind)})
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return wrong{errors.Join(errs...)}
}

// printAdopted tells what became of the Parquet that others write.
func printAdopted(out io.Writer, reports []etl.PipelineReport) error {
	reports = slices.DeleteFunc(reports, func(p etl.PipelineReport) bool { return p.Adopted.Table == nil })
	if len(reports) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ADOPTED\tOBJECTS\tNEW\tKNOWN\tGONE\tROWS ADDED\tCOLUMNS\tSECONDS")
	for _, p := range reports {
		a := p.Adopted
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f\n", p.Table, len(a.Added)+a.Known, len(a.Added), a.Known, a.Gone,
			a.Rows(), len(a.Table.Columns), p.Elapsed.Seconds())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, p := range reports {
		notes := p.Adopted.Notes
		if n := p.Adopted.Ignored; n > 0 {
			notes = append(notes, fmt.Sprintf("%d objects are no Parquet by their name and were left out", n))
		}
		for _, note := range notes {
			if _, err := fmt.Fprintf(out, "%s: %s\n", p.Table, note); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareHere compares adopted tables as the owner of the hot store.
func (p *parts) compareHere(ctx context.Context, prog *program) error {
	var opened closeAll
	h, err := p.ownHot(ctx, prog, &opened)
	if err == nil && h.server != nil {
		err = h.server.days.compareAll(ctx)
	}
	return errors.Join(err, opened.close())
}

// verifyAdopted compares adopted tables and prints what is the same. A day that is not is an error.
func (p *parts) verifyAdopted(ctx context.Context, prog *program) error {
	v, err := p.store.View(ctx)
	if err != nil || len(withHotSide(v)) == 0 || !p.Hot.remote() {
		return err
	}
	if err := errors.Join(p.asOwner(ctx, prog, p.compareHere), p.printDays(ctx, prog.out)); err != nil {
		return err
	}
	if v, err = p.store.View(ctx); err != nil {
		return err
	}
	var differ []error
	for _, tv := range withHotSide(v) {
		if tv.Hot.Days == nil {
			continue
		}
		if n := len(tv.Hot.Days.Different); n > 0 {
			differ = append(differ, fmt.Errorf("days of %s that are not the same in %s: %d", tv.Table.Name, tv.Table.Adopt.Hot, n))
		}
	}
	return errors.Join(differ...)
}

// shownDays is how many days that differ are listed for each table.
const shownDays = 10

// printDays tells of each adopted table with a hot side what was the same when it was last compared.
func (p *parts) printDays(ctx context.Context, out io.Writer) error {
	v, err := p.store.View(ctx)
	if err != nil {
		return err
	}
	tables := withHotSide(v)
	if len(tables) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ADOPTED\tHOT SIDE\tDAYS EQUAL\tDIFFERENT\tCOLD ONLY\tHOT ROWS\tHOT COLUMNS\tCOMPARED")
	for _, tv := range tables {
		d := daysOf(tv)
		compared := "never"
		if !d.Verified.IsZero() {
			compared = d.Verified.UTC().Format("2006-01-02 15:04:05Z")
		}
		equal, coldOnly := d.count(tv)
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d of %d\t%s\n", tv.Table.Name, tv.Table.Adopt.Hot, equal, len(d.Different), coldOnly,
			d.Rows, d.columns(), len(tv.Table.Columns), compared)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, tv := range tables {
		for _, line := range daysOf(tv).remarks(tv) {
			if _, err := fmt.Fprintf(out, "%s: %s\n", tv.Table.Name, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// days are a table's compared days, none if it never was compared.
type days struct{ *catalog.HotDays }

func daysOf(tv *catalog.TableView) days {
	if tv.Hot.Days == nil {
		return days{&catalog.HotDays{}}
	}
	return days{tv.Hot.Days}
}

// columns counts the hot ones, with the keys of the folders that are days of the time.
func (d days) columns() int {
	n := len(d.Columns)
	for _, k := range d.DayKeys {
		if !slices.Contains(d.Columns, k) {
			n++
		}
	}
	return n
}

// count gives the days that are the same, and those of the lake that were not compared.
func (d days) count(tv *catalog.TableView) (equal, coldOnly int) {
	for _, r := range d.Covered {
		equal += r.Length()
	}
	if d.Calendar == nil {
		return equal, 0
	}
	lake, _ := tv.LakeDays(d.Calendar)
	for _, r := range lake {
		coldOnly += r.Length()
	}
	return equal, max(0, coldOnly-equal-len(d.Different))
}

// remarks are the days that differ, and what else the comparison says.
func (d days) remarks(tv *catalog.TableView) []string {
	if tv.Hot.Days == nil {
		return []string{"its days were not compared yet, so that it is cold; the log says why"}
	}
	var lines []string
	for i, day := range slices.Sorted(maps.Keys(d.Different)) {
		if i == shownDays {
			lines = append(lines, fmt.Sprintf("and %d more days", len(d.Different)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("day %s is not the same in %s: %s", day, tv.Table.Adopt.Hot, d.Different[day]))
	}
	return append(lines, d.Notes...)
}

func withHotSide(v *catalog.View) []*catalog.TableView {
	return slices.DeleteFunc(adoptedTables(v), func(tv *catalog.TableView) bool { return tv.Table.Adopt.Hot == "" })
}
