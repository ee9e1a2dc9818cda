package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"

	"tidegate/etl"
	"tidegate/etl/pipeline"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

const (
	// workerMemory is what a worker needs at least: with less, DuckDB fails where it could spill.
	workerMemory = 512 << 20
)

// workers starts processes that share the objects of a pipeline.
type workers struct {
	*parts

	prog   *program
	most   int  // that there are cores and memory for
	auto   bool // as many of them as are needed to be in time
	accept []string
}

// newWorkers reads --workers.
func (p *parts) newWorkers(prog *program, asked string, accept []string) (*workers, error) {
	most, auto, err := p.mostWorkers(asked)
	return &workers{parts: p, prog: prog, most: most, auto: auto, accept: accept}, err
}

// mostWorkers gives how many processes --workers allows, and whether only as many as are needed.
func (c *config) mostWorkers(asked string) (most int, auto bool, err error) {
	memory, err := parseMemory(c.Limits.ETLMemory)
	if err != nil {
		return 0, false, err
	}
	fit := max(1, int(memory/workerMemory))
	if asked == "auto" {
		return min(fit, c.cores()), true, nil
	}
	n, err := strconv.Atoi(asked)
	if err != nil || n < 1 {
		return 0, false, wrong{fmt.Errorf("--workers %q: write a number from 1 on, or auto", asked)}
	}
	if n > fit {
		return 0, false, wrong{fmt.Errorf("--workers %d: limits.etl_memory is %d MiB and each needs %d MiB, so there is room for %d", n, memory>>20, workerMemory>>20, fit)}
	}
	return n, false, nil
}

// count gives how many processes are of use for a pipeline.
func (w *workers) count(s *etl.Sizing, objects int) int {
	if !w.auto {
		return min(w.most, objects)
	}
	needed, _ := etl.Sizings{s}.Needed(1) // as many of one core each
	return min(w.most, needed)
}

// Share has processes of this program make batches of the objects. They divide the memory and the cores.
func (w *workers) Share(ctx context.Context, p *pipeline.Pipeline, s *etl.Sizing, objects []storage.Object) (etl.PipelineReport, error) {
	n := w.count(s, len(objects))
	if n < 2 {
		return etl.PipelineReport{}, nil
	}
	work, err := json.Marshal(workOrder{Pipeline: p.Name, Version: p.Version(), Workers: n, Accept: w.accept, Objects: objects})
	if err != nil {
		return etl.PipelineReport{}, err
	}
	w.log.InfoContext(ctx, "workers share the objects", logkey.Pipeline, p.Name, "workers", n, logkey.Files, len(objects))
	reports := make([]etl.PipelineReport, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			var err error
			if reports[i], err = w.work(ctx, n, work); err != nil && ctx.Err() == nil {
				w.log.WarnContext(ctx, "a worker failed; what it left is done without it", logkey.Pipeline, p.Name, "worker", i, logkey.Error, err)
			}
		})
	}
	all.Wait()
	var sum etl.PipelineReport
	for i := range reports {
		sum.Include(&reports[i])
	}
	return sum, context.Cause(ctx)
}

// work runs one process to its end. It is told to stop by the end of its input, which comes too if this process dies.
func (w *workers) work(ctx context.Context, n int, order []byte) (report etl.PipelineReport, err error) {
	memory, err := parseMemory(w.Limits.ETLMemory)
	if err != nil {
		return report, err
	}
	cores := strconv.Itoa(max(1, w.cores()/n))
	c, err := w.prog.itself(ctx, "etl", "work")
	if err != nil {
		return report, err
	}
	c.Env = append(c.Environ(), fmt.Sprintf("TIDEGATE_LIMITS_ETL_MEMORY=%dMB", memory/int64(n)>>20), "TIDEGATE_LIMITS_THREADS="+cores, "GOMAXPROCS="+cores)
	// A signal of the terminal is for the run, which tells its workers.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, w.prog.err
	in, err := c.StdinPipe()
	if err != nil {
		return report, err
	}
	if err := c.Start(); err != nil {
		return report, err
	}
	stop := context.AfterFunc(ctx, func() { _ = in.Close() }) // it may have ended
	_, writeErr := in.Write(order)
	err = c.Wait()
	stop()
	if out.Len() > 0 { // also of one that failed: something is committed
		err = errors.Join(err, json.Unmarshal(out.Bytes(), &report))
	}
	return report, errors.Join(err, writeErr)
}

// itself is a command that runs this program with the same configuration.
func (p *program) itself(ctx context.Context, args ...string) (*exec.Cmd, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	if p.config != "" {
		args = append([]string{"--config", p.config}, args...)
	}
	// Not killed with ctx: a worker that is told to stop leaves nothing behind.
	return exec.CommandContext(context.WithoutCancel(ctx), path, args...), nil
}

// workOrder is what a worker gets on its standard input.
type workOrder struct {
	Pipeline string
	Version  string // files of pipelines may be changed meanwhile
	Workers  int
	Accept   []string
	Objects  []storage.Object
}

// etlWorkCmd is one worker of etl run --workers, which starts it.
type etlWorkCmd struct{}

// Run makes batches of the objects that it is given, and prints what it did as JSON.
func (e *etlWorkCmd) Run(ctx context.Context, p *program) error {
	var order workOrder
	in := json.NewDecoder(p.in)
	if err := in.Decode(&order); err != nil {
		return wrong{fmt.Errorf("etl work is what etl run --workers starts: read the order: %w", err)}
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { // until the run that gave the order wants no more, or died
		_, err := io.Copy(io.Discard, p.in)
		stop(errors.Join(errors.New("the run ended"), err))
	}()
	c, pipelines, err := chosenPipelines(p, []string{order.Pipeline})
	if err != nil {
		return err
	}
	if v := pipelines[0].Version(); v != order.Version {
		return fmt.Errorf("pipeline %s was changed meanwhile: it is version %s, the run has %s", order.Pipeline, v, order.Version)
	}
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		return err
	}
	report, err := parts.followOrder(ctx, p, pipelines[0], &order)
	if len(report.Pipelines) > 0 {
		err = errors.Join(json.NewEncoder(p.out).Encode(report.Pipelines[0]), err)
	}
	return errors.Join(err, parts.close())
}

// followOrder makes the batches in a DuckDB instance of this process's own.
func (p *parts) followOrder(ctx context.Context, prog *program, line *pipeline.Pipeline, order *workOrder) (report etl.Report, err error) {
	db, err := p.openETL(ctx)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	runner, err := p.newRunner(ctx, etl.Options{Engine: db, Step: prog.step, Accept: order.Accept, Workers: order.Workers})
	if err != nil {
		return report, err
	}
	return runner.Work(ctx, line, order.Objects)
}
