package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

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
