package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"tidegate/etl"
	"tidegate/etl/pipeline"
)

type etlBackfillCmd struct {
	Select []string `help:"Only these pipelines, as etl run has them." placeholder:"NAME"`
	From   string   `help:"Only batches with rows of partitions from this hour, day or month on, as dt has it: 2018-02-15." placeholder:"TIME"`
	To     string   `help:"Up to the end of this hour, day or month." placeholder:"TIME"`
	Batch  []string `help:"Only these batches, by their ids of tidegate.batches." placeholder:"ID"`
	Force  bool     `help:"Also what the present version of the pipeline has made."`
	Jobs   int      `help:"How many batches to make at a time, as etl run has it." default:"1"`
	Accept []string `help:"Publish batches that break these rules of their pipelines, as etl run has it." placeholder:"RULE"`
	DryRun bool     `help:"Show which batches would be made again and why, and change nothing."`
	JSON   bool     `name:"json" help:"With --dry-run: one JSON object a line for each batch and partition, and for each pipeline without one."`
}

// choice reads the bounds.
func (e *etlBackfillCmd) choice() (c etl.Choice, err error) {
	c = etl.Choice{Batches: e.Batch, Force: e.Force}
	if len(e.Batch) > 0 && (e.From != "" || e.To != "") {
		return c, wrong{errors.New("--batch names what is made again; leave out --from and --to")}
	}
	c.From, c.To, err = partitionBounds(e.From, e.To)
	return c, err
}

// partitionBounds reads --from and --to, which is inclusive as it is written; the zero time is no bound.
func partitionBounds(first, last string) (from, to time.Time, err error) {
	var ok bool
	if first != "" {
		if from, _, ok = etl.ParseSpan(first); !ok {
			return from, to, wrong{fmt.Errorf("--from %s is no hour (2018-02-15T03), day (2018-02-15) or month (2018-02)", first)}
		}
	}
	if last != "" {
		if _, to, ok = etl.ParseSpan(last); !ok {
			return from, to, wrong{fmt.Errorf("--to %s is no hour (2018-02-15T03), day (2018-02-15) or month (2018-02)", last)}
		}
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, wrong{fmt.Errorf("--from %s is after --to %s", first, last)}
	}
	return from, to, nil
}

// Run makes batches again.
func (e *etlBackfillCmd) Run(ctx context.Context, p *program) error {
	choice, err := e.choice()
	if err != nil {
		return err
	}
	if e.JSON && !e.DryRun {
		return wrong{errors.New("--json is for --dry-run")}
	}
	if err := acceptable(e.Accept); err != nil {
		return err
	}
	if e.Jobs < 1 {
		return wrong{errors.New("--jobs must be at least 1")}
	}
	c, pipelines, err := chosenPipelines(p, e.Select)
	if err != nil {
		return err
	}
	shown := newProgress(p.err)
	parts, err := open(ctx, c, p.logTo(shown.out))
	if err != nil {
		shown.close()
		return err
	}
	if e.DryRun {
		shown.close()
		return e.plan(ctx, p, parts, pipelines, choice)
	}
	shown.begin(ctx, parts.log)
	do := func(r *etl.Runner, ctx context.Context, pipelines []*pipeline.Pipeline) (etl.Report, error) {
		defer shown.close()
		return r.Backfill(ctx, pipelines, choice, shown)
	}
	return asked(parts.finishRun(ctx, p, parts.giveTurns(ctx, p, pipelines, do, etl.Options{Jobs: e.Jobs, Accept: e.Accept})))
}

// asked makes an error of what was asked wrongly one.
func asked(err error) error {
	if _, ok := errors.AsType[*etl.UnknownBatchesError](err); ok {
		return wrong{err}
	}
	return err
}

func (e *etlBackfillCmd) plan(ctx context.Context, p *program, parts *parts, pipelines []*pipeline.Pipeline, choice etl.Choice) error {
	runner, err := parts.newRunner(ctx, etl.Options{})
	if err != nil {
		return errors.Join(err, parts.close())
	}
	planned, planErr := runner.PlanBackfill(ctx, pipelines, choice)
	show := printBackfill
	if e.JSON {
		show = printBackfillJSON
	}
	return errors.Join(show(p.out, planned), asked(planErr), parts.close())
}

func printBackfill(out io.Writer, planned []etl.PlannedRemake) error {
	if len(planned) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "TABLE\tNEW\tBATCH OR PARTITION\tROWS\tBYTES\tWHY")
	for _, p := range planned {
		for i, b := range p.Batches {
			for _, m := range b.Members {
				fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\t%s\n", p.Table, i+1, m.ID, m.Rows, m.Bytes, m.Why)
			}
		}
		for _, part := range p.Parts {
			if part == "" {
				part = "all"
			}
			fmt.Fprintf(w, "%s\t-\t%s\t-\t-\tmade of tables\n", p.Table, part)
		}
		if len(p.After) > 0 {
			fmt.Fprintf(w, "%s\t-\t-\t-\t-\twhat changes in %s\n", p.Table, upstreams(p.After))
		} else if len(p.Batches)+len(p.Parts) == 0 {
			fmt.Fprintf(w, "%s\t-\t-\t0\t0\tnothing to do\n", p.Table)
		}
	}
	return w.Flush()
}

// remadeLine is one line of etl backfill --dry-run --json.
type remadeLine struct {
	Pipeline  string  `json:"pipeline"`
	Table     string  `json:"table"`
	New       int     `json:"new,omitempty"` // from 1: batches with the same number become one
	Batch     string  `json:"batch,omitempty"`
	Version   string  `json:"version,omitempty"` // of the pipeline, that made it
	Rows      int64   `json:"rows,omitempty"`
	Bytes     int64   `json:"bytes,omitempty"`
	Why       string  `json:"why,omitempty"`
	Partition *string `json:"partition,omitempty"` // of a second stage; "": the whole table
	After     string  `json:"after,omitempty"`     // upstream tables that change first
}

func printBackfillJSON(out io.Writer, planned []etl.PlannedRemake) error {
	encoder := json.NewEncoder(out)
	for _, p := range planned {
		of := remadeLine{Pipeline: p.Name, Table: p.Table.String(), After: upstreams(p.After)}
		var lines []remadeLine
		for i, b := range p.Batches {
			for _, m := range b.Members {
				line := of
				line.New, line.Batch, line.Version, line.Rows, line.Bytes, line.Why = i+1, m.ID, m.Version, m.Rows, m.Bytes, m.Why
				lines = append(lines, line)
			}
		}
		for _, part := range p.Parts {
			line := of
			line.Partition = &part
			lines = append(lines, line)
		}
		if len(lines) == 0 {
			lines = []remadeLine{of}
		}
		for _, line := range lines {
			if err := encoder.Encode(line); err != nil {
				return err
			}
		}
	}
	return nil
}
