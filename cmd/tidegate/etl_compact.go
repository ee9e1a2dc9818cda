package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"tidegate/etl"
	"tidegate/internal/logkey"
)

type etlCompactCmd struct {
	Select []string `help:"Only these pipelines, as etl run has them." placeholder:"NAME"`
	From   string   `help:"Only partitions from this hour, day or month on, as dt has it: 2018-02-15." placeholder:"TIME"`
	To     string   `help:"Up to the end of this hour, day or month." placeholder:"TIME"`
	All    bool     `help:"The newest partition too, and partitions without a time, which new rows may still come to."`
	DryRun bool     `help:"Show which partitions would be compacted, and change nothing."`
	JSON   bool     `name:"json" help:"A line of JSON for each partition."`
}

// Run compacts partitions.
func (e *etlCompactCmd) Run(ctx context.Context, p *program) error {
	from, to, err := partitionBounds(e.From, e.To)
	if err != nil {
		return err
	}
	what := etl.Compaction{From: from, To: to, All: e.All}
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
		runner, err := parts.newRunner(ctx, etl.Options{})
		if err != nil {
			return errors.Join(err, parts.close())
		}
		planned, err := runner.PlanCompact(ctx, pipelines, what)
		return errors.Join(err, e.print(p.out, planned, 0), parts.close())
	}
	loading := *p
	if e.JSON {
		loading.out = p.err // what is loaded is told beside the lines for programs
	}
	if err := parts.hotFirst(ctx, &loading); err != nil {
		shown.close()
		return errors.Join(err, parts.close())
	}
	db, err := parts.openETL(ctx)
	if err != nil {
		shown.close()
		return errors.Join(err, parts.close())
	}
	runner, err := parts.newRunner(ctx, etl.Options{Engine: db, Step: p.step})
	if err != nil {
		shown.close()
		return errors.Join(err, db.Close(), parts.close())
	}
	shown.begin(ctx, parts.log)
	began := time.Now()
	done, err := runner.Compact(ctx, pipelines, what, shown)
	shown.close()
	return parts.finishRun(ctx, &loading, errors.Join(err, e.print(p.out, done, time.Since(began)), db.Close()))
}

// hotFirst brings what is not hot yet into the hot store: a partition that is hot as a whole stays so when it is compacted,
// another one is loaded again.
func (p *parts) hotFirst(ctx context.Context, prog *program) error {
	if p.Hot.Kind == "none" {
		return nil
	}
	if all, err := p.allIsHot(ctx); all || err != nil {
		return err
	}
	first, err := open(ctx, p.config, p.log) // of p the hot store is loaded when all is done, and a process opens it once
	if err != nil {
		return err
	}
	if err := first.bringHot(ctx, prog); err != nil {
		p.log.WarnContext(ctx, "hot load before the compaction", logkey.Error, err) // the one behind it fails the command
	}
	return first.close()
}

func (e *etlCompactCmd) print(out io.Writer, partitions []etl.Compacted, took time.Duration) error {
	if e.JSON {
		encoder := json.NewEncoder(out)
		for _, c := range partitions {
			if err := encoder.Encode(c); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "TABLE\tPARTITION\tROWS\tFILES\tBYTES\tINTO FILES\tINTO BYTES")
	var bytes int64
	for _, c := range partitions {
		into := "-"
		if c.IntoBytes > 0 {
			into = strconv.FormatInt(c.IntoBytes, 10)
		}
		name := c.Partition
		if name == "" {
			name = "all"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\n", c.Table, name, c.Rows, c.Files, c.Bytes, c.IntoFiles, into)
		bytes += c.Bytes
	}
	if err := w.Flush(); err != nil {
		return err
	}
	switch {
	case len(partitions) == 0:
		fmt.Fprintln(out, "nothing to do: no partition has more than one file of which some are small")
	case took > 0:
		fmt.Fprintf(out, "%d partitions, %d bytes in %.1f s\n", len(partitions), bytes, took.Seconds())
	}
	return nil
}
