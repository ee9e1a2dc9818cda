package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"tidegate/catalog"
	"tidegate/etl"
	"tidegate/etl/pipeline"
)

type etlPlanCmd struct {
	etlChoice
	submitFlags
	JSON bool `name:"json" help:"One JSON object a line for each batch, and for each pipeline without one; then how long each pipeline takes, and at last all of them."`
}

// Run looks what etl run would do. It neither waits for a run that is at work nor sees what that has not committed.
func (e *etlPlanCmd) Run(ctx context.Context, p *program) error {
	if err := e.submittable(); err != nil {
		return err
	}
	c, pipelines, options, err := e.chosen(p)
	if err != nil {
		return err
	}
	return e.plan(ctx, p, c, pipelines, options)
}

func (e *etlPlanCmd) plan(ctx context.Context, p *program, c config, pipelines []*pipeline.Pipeline, options etl.Options) error {
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		return err
	}
	runner, err := parts.newRunner(ctx, options)
	if err != nil {
		return errors.Join(err, parts.close())
	}
	planned, planErr := runner.Plan(ctx, pipelines)
	return errors.Join(e.show(p, &c, planned), planErr, parts.close())
}

func (e *etlPlanCmd) show(p *program, c *config, planned []etl.Planned) error {
	switch {
	case e.Format != "":
		return e.printJob(p, c, planned)
	case e.JSON:
		return printPlanJSON(p.out, planned, c.cores())
	}
	return printPlan(p.out, planned, c.cores())
}

func printPlan(out io.Writer, planned []etl.Planned, cores int) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "TABLE\tBATCH\tINPUTS\tBYTES\tFIRST\tLAST")
	for _, p := range planned {
		if p.Recovers > 0 {
			fmt.Fprintf(w, "%s\t-\t%d\t-\tcommit records of a run that died\t\n", p.Table, p.Recovers)
		}
		if p.Stale > 0 {
			fmt.Fprintf(w, "%s\t-\t%d\t-\tbatches to be made again: others have the rows no more that they lost\t\n", p.Table, p.Stale)
		}
		for i, b := range p.Batches {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\t%s\n", p.Table, i+1, b.Inputs, b.Bytes, b.First, b.Last)
		}
		if len(p.After) > 0 {
			fmt.Fprintf(w, "%s\t-\t-\t-\twhat changes in %s\t\n", p.Table, upstreams(p.After))
		} else if len(p.Batches) == 0 && p.Recovers+p.Stale == 0 {
			fmt.Fprintf(w, "%s\t-\t0\t0\tnothing to do\t\n", p.Table)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return printSizing(out, planned, cores)
}

func upstreams(after []catalog.Name) string {
	names := make([]string, len(after))
	for i, n := range after {
		names[i] = n.String()
	}
	return strings.Join(names, ", ")
}

// plannedLine is one line of etl plan --json.
type plannedLine struct {
	Pipeline string `json:"pipeline"`
	Table    string `json:"table"`
	Recovers int    `json:"recovers,omitempty"`
	Stale    int    `json:"stale,omitempty"`
	After    string `json:"after,omitempty"` // upstream tables that change first
	Batch    int    `json:"batch,omitempty"` // from 1
	Inputs   int    `json:"inputs"`
	Bytes    int64  `json:"bytes"`
	First    string `json:"first,omitempty"`
	Last     string `json:"last,omitempty"`
}

// plannedSize is the last line of a pipeline, and of all: then without its name.
type plannedSize struct {
	Pipeline string   `json:"pipeline,omitempty"`
	Table    string   `json:"table,omitempty"`
	Sizing   sizeLine `json:"sizing"`
}

func printPlanJSON(out io.Writer, planned []etl.Planned, cores int) error {
	lines := json.NewEncoder(out)
	for _, p := range planned {
		line := plannedLine{Pipeline: p.Name, Table: p.Table.String(), Recovers: p.Recovers, Stale: p.Stale, After: upstreams(p.After)}
		for i, b := range p.Batches {
			line.Batch, line.Inputs, line.Bytes, line.First, line.Last = i+1, b.Inputs, b.Bytes, b.First, b.Last
			if err := lines.Encode(line); err != nil {
				return err
			}
		}
		if len(p.Batches) == 0 {
			if err := lines.Encode(line); err != nil {
				return err
			}
		}
		if p.Sizing != nil {
			if err := lines.Encode(plannedSize{p.Name, p.Table.String(), sizeOfOne(p.Sizing, cores)}); err != nil {
				return err
			}
		}
	}
	return lines.Encode(plannedSize{Sizing: sizeOf(sizingsOf(planned), cores)})
}
