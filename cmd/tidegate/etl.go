package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"tidegate/etl"
	"tidegate/etl/hotload"
	"tidegate/etl/pipeline"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
	"tidegate/internal/yamlfile"
)

type etlCmd struct {
	Run      etlRunCmd      `cmd:"" help:"Run every pipeline once, then bring what is new into the hot store."`
	Plan     etlPlanCmd     `cmd:"" help:"Show what etl run would do now, and change nothing."`
	Status   etlStatusCmd   `cmd:"" help:"Show how each pipeline fared."`
	Test     etlTestCmd     `cmd:"" help:"Run pipelines on the examples beside them (NAME.test), apart from everything, and compare what comes out with what is wanted."`
	Notices  etlNoticesCmd  `cmd:"" help:"Show what is wrong with the tables' batches now."`
	Backfill etlBackfillCmd `cmd:"" help:"Make batches again of their objects, under the present version of their pipelines, in the place of the former."`
	Work     etlWorkCmd     `cmd:"" hidden:"" help:"Make batches of objects that etl run --workers found."`
	Compact  etlCompactCmd  `cmd:"" help:"Write the rows of closed partitions that have small files anew, into files of good sizes."`
	Requeue  etlRequeueCmd  `cmd:"" help:"Read the rejected records again, under the present rules of their pipelines: what passes becomes rows."`
}

type etlRunCmd struct {
	etlChoice
	Jobs    int      `help:"How many batches to make at a time, of one pipeline and of those that do not depend on each other. They share limits.etl_memory." default:"1"`
	Workers string   `help:"So many processes of this machine share the objects of each source, the cores and limits.etl_memory; auto: as many as are needed to be in time, as far as there are cores and memory." placeholder:"N|auto"`
	Accept  []string `help:"Publish batches that break these rules of their pipelines (row_change), which would stop them. The commit records say so." placeholder:"RULE"`
	DryRun  bool     `help:"Show what would be done, as etl plan does, and change nothing."`
	Loop    bool     `help:"Go on until stopped: run everything once, then each pipeline by its schedule."`
}

// etlChoice says what etl run reads.
type etlChoice struct {
	Select  []string `help:"Run only these pipelines, by name (web/events) or table (web.events); +NAME with those it is made of, NAME+ with those made of it." placeholder:"NAME"`
	Relist  bool     `help:"List the whole of every source, as one run a day does anyhow: finds late objects whose names sort before those of the last day."`
	Shard   string   `help:"Read only the objects of a shard, INDEX/COUNT from 0/COUNT on; auto: as AWS Batch says, auto/COUNT: the index as AWS Batch or Kubernetes says." placeholder:"I/N"`
	Objects string   `help:"Read only the objects whose names are in this file, one a line, as they are below the source's location or with it; of one pipeline." type:"existingfile" placeholder:"FILE"`
}

// Run runs the pipelines of the configuration.
func (e *etlRunCmd) Run(ctx context.Context, p *program) error {
	if e.Loop && (e.DryRun || e.Objects != "") {
		return wrong{errors.New("--loop excludes --dry-run and --objects, which are for one run")}
	}
	if err := acceptable(e.Accept); err != nil {
		return err
	}
	if e.Jobs < 1 {
		return wrong{errors.New("--jobs must be at least 1")}
	}
	if e.Workers != "" && e.Jobs > 1 {
		return wrong{errors.New("--workers and --jobs exclude each other: both divide the same memory")}
	}
	c, pipelines, options, err := e.chosen(p)
	if err != nil {
		return err
	}
	if e.Workers != "" {
		if _, _, err := c.mostWorkers(e.Workers); err != nil {
			return err
		}
	}
	if e.DryRun {
		return (&etlPlanCmd{}).plan(ctx, p, c, pipelines, options)
	}
	options.Accept, options.Jobs = e.Accept, e.Jobs
	if e.Loop {
		return e.loop(ctx, p, c, pipelines, options)
	}
	return e.once(ctx, p, c, pipelines, options)
}

// once runs pipelines, brings hot what they committed, and tells people what went wrong.
func (e *etlRunCmd) once(ctx context.Context, p *program, c config, pipelines []*pipeline.Pipeline, o etl.Options) error {
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		return err
	}
	if e.Workers != "" {
		if o.Share, err = parts.newWorkers(p, e.Workers, e.Accept); err != nil {
			return errors.Join(err, parts.close())
		}
	}
	return parts.finishRun(ctx, p, parts.runPipelines(ctx, p, pipelines, o))
}

// acceptable refuses names that are no rule's.
func acceptable(rules []string) error {
	for _, rule := range rules {
		if names := pipeline.RuleNames(); !slices.Contains(names, rule) {
			return wrong{fmt.Errorf("--accept %s: there is no such rule%s; the rules are %s", rule,
				yamlfile.DidYouMean(rule, names), strings.Join(names, ", "))}
		}
	}
	return nil
}

// finishRun brings hot what a run committed, tells people what went wrong, and closes.
func (p *parts) finishRun(ctx context.Context, prog *program, runErr error) error {
	// What was committed is brought hot even if another pipeline failed.
	loadErr := p.bringHot(ctx, prog)
	if loadErr != nil && p.Hot.remote() && ctx.Err() == nil {
		// The lake has it: a warehouse that is down keeps no pipeline from its work.
		p.log.WarnContext(ctx, "hot load", logkey.Error, loadErr)
		loadErr = nil
	}
	p.tellPeople(ctx)
	return errors.Join(runErr, loadErr, p.close())
}

// chosen reads the configuration and what is chosen of it.
func (e *etlChoice) chosen(p *program) (c config, pipelines []*pipeline.Pipeline, o etl.Options, err error) {
	if c, pipelines, err = chosenPipelines(p, e.Select); err != nil {
		return c, nil, o, err
	}
	if err := c.checkAdopted(pipelines); err != nil {
		return c, nil, o, err
	}
	shard, err := parseShard(e.Shard, os.LookupEnv)
	if err != nil {
		return c, nil, o, wrong{err}
	}
	objects, err := e.objects()
	return c, pipelines, etl.Options{Relist: e.Relist, Objects: objects, Shard: shard}, err
}

// chosenPipelines reads the configuration and the pipelines that --select names.
func chosenPipelines(p *program, names []string) (c config, pipelines []*pipeline.Pipeline, err error) {
	if c, err = loadConfig(p.config); err != nil {
		return c, nil, err
	}
	if pipelines, err = loadPipelines(c); err != nil {
		return c, nil, err
	}
	if pipelines, err = pipeline.Choose(pipelines, names); err != nil {
		return c, nil, wrong{err}
	}
	return c, pipelines, nil
}

// objects reads the names that --objects gives; nil without it.
func (e *etlChoice) objects() ([]string, error) {
	if e.Objects == "" {
		return nil, nil
	}
	text, err := os.ReadFile(e.Objects)
	if err != nil {
		return nil, wrong{err}
	}
	names := []string{}
	for line := range strings.Lines(string(text)) {
		if name := strings.TrimRight(line, "\r\n"); name != "" {
			names = append(names, name)
		}
	}
	return names, nil
}

// turn is what a Runner does with pipelines: Run or Requeue.
type turn func(*etl.Runner, context.Context, []*pipeline.Pipeline) (etl.Report, error)

// runPipelines runs them. Of the options it takes what to read.
func (p *parts) runPipelines(ctx context.Context, prog *program, pipelines []*pipeline.Pipeline, o etl.Options) error {
	return p.giveTurns(ctx, prog, pipelines, (*etl.Runner).Run, o)
}

// giveTurns gives pipelines their turn in a DuckDB instance of its own and prints what they did.
func (p *parts) giveTurns(ctx context.Context, prog *program, pipelines []*pipeline.Pipeline, do turn, o etl.Options) error {
	db, err := p.openETL(ctx)
	if err != nil {
		return err
	}
	o.Engine, o.Step = db, prog.step
	runner, err := p.newRunner(ctx, o)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	report, err := do(runner, ctx, pipelines)
	prog.worked = prog.worked || !report.Idle()
	return errors.Join(err, printReport(prog.out, report), printCost(prog.out, report, p.cores()), db.Close())
}

// newRunner gives a Runner on the catalog, the lake and the sources.
func (p *parts) newRunner(ctx context.Context, o etl.Options) (*etl.Runner, error) {
	var err error
	if o.Memory, err = p.etlMemory(); err != nil {
		return nil, err
	}
	o.Store, o.Lake, o.WorkDir, o.Log = p.store, p.lake, p.scratch("etl"), p.log
	o.Cores = p.cores()
	o.Events = func(s *pipeline.Source) (etl.Events, error) { return p.openEvents(ctx, s) }
	o.Source = func(l string) (storage.Bucket, error) { return p.openSource(ctx, l) }
	return etl.New(o)
}

func printReport(out io.Writer, r etl.Report) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	var adopted []etl.PipelineReport
	for i, p := range r.Pipelines {
		if p.Adopted != nil {
			adopted = append(adopted, p)
			continue
		}
		if i == len(adopted) {
			fmt.Fprintln(w, "TABLE\tBATCHES\tREAD\tREJECTED\tFILTERED\tDUPLICATES\tEMITTED\tTRUNCATED\tFILES\tSECONDS")
		}
		c := p.Counts
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f\n", p.Table, p.Batches, c.Read, c.Rejected,
			c.Filtered, c.Deduplicated, c.Emitted, c.Truncated, p.Files, p.Elapsed.Seconds())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, p := range r.Pipelines {
		if err := printMessages(out, &p); err != nil {
			return err
		}
		if err := printNotes(out, p.Table.String(), p.Notes); err != nil {
			return err
		}
	}
	return printAdopted(out, adopted)
}

// printCost says what a run took, if it made something.
func printCost(out io.Writer, r etl.Report, cores int) error {
	var read, written int64
	for _, p := range r.Pipelines {
		read += p.BytesIn
		written += p.BytesOut
	}
	if read == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out, "cost: %d bytes read, %d written, %.1f s; %s\n", read, written, r.Elapsed.Seconds(), cost(cores, r.Elapsed))
	return err
}

// ownerTimeout bounds how long etl run waits for the owner of the hot store.
const ownerTimeout = 10 * time.Minute

// bringHot loads what is committed and not hot, and compares adopted tables: here if nobody owns the hot store, else by
// its owner.
func (p *parts) bringHot(ctx context.Context, prog *program) error {
	if p.Hot.Kind == "none" {
		return nil
	}
	return errors.Join(p.loadAnywhere(ctx, prog), p.printDays(ctx, prog.out))
}

// asOwner does here what needs the hot store, unless another process owns that: then it has the owner do it.
func (p *parts) asOwner(ctx context.Context, prog *program, here func(context.Context, *program) error) error {
	return p.untilQuietOwnerEnds(ctx, func() error {
		err := here(ctx, prog)
		if !errors.Is(err, hotload.ErrOwned) {
			return err
		}
		if wakeErr := p.wakeOwner(ctx, prog); !errors.Is(wakeErr, hotload.ErrNobodyListens) {
			return wakeErr
		}
		return err
	})
}

// loadAnywhere is asOwner for loadHere, with a keeper of another machine waited for: it sees by itself what is new.
func (p *parts) loadAnywhere(ctx context.Context, prog *program) error {
	err := p.asOwner(ctx, prog, func(ctx context.Context, prog *program) error {
		err := p.loadHere(ctx, prog)
		if _, elsewhere := errors.AsType[*hotload.KeptError](err); elsewhere {
			if hot, viewErr := p.allIsHot(ctx); hot || viewErr != nil {
				return viewErr
			}
		}
		return err
	})
	if kept, elsewhere := errors.AsType[*hotload.KeptError](err); elsewhere {
		_, err = fmt.Fprintf(prog.out, "%s keeps the hot store of this catalog and has not brought all rows there yet\n", kept.Keeper)
	}
	return err
}

// allIsHot reports whether everything is hot that should be.
func (p *parts) allIsHot(ctx context.Context) (bool, error) {
	v, err := p.store.View(ctx)
	if err != nil {
		return false, err
	}
	for _, t := range hotTables(v) {
		in := t.InKeep()
		for pair := range t.PairRows() {
			if _, covered := t.Hot.Covered[pair]; !covered && in(pair.Partition) {
				return false, nil
			}
		}
	}
	return true, nil
}

// loadHere loads as the owner of the hot store; hotload.ErrOwned if another process is that.
func (p *parts) loadHere(ctx context.Context, prog *program) error {
	var opened closeAll
	h, err := p.ownHot(ctx, prog, &opened)
	if err != nil {
		return errors.Join(err, opened.close())
	}
	report, err := h.loader.LoadPending(ctx)
	prog.worked = prog.worked || report.Batches > 0
	if h.server != nil {
		err = errors.Join(err, h.server.days.compareAll(ctx))
	}
	return errors.Join(err, printLoaded(prog.out, report), opened.close())
}

func (p *parts) wakeOwner(ctx context.Context, prog *program) error {
	v, err := p.store.View(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, ownerTimeout)
	defer cancel()
	if err := hotload.Wake(ctx, hotload.SocketPath(p.DataDir), v.Generation); err != nil {
		return err
	}
	_, err = fmt.Fprintln(prog.out, "the running tidegate serve brought the new rows into the hot store")
	return err
}

func printLoaded(out io.Writer, r hotload.Report) error {
	_, err := fmt.Fprintf(out, "hot: %d rows in %d batches loaded\n", r.Rows, r.Batches)
	return err
}
