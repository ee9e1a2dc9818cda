package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"tidegate/etl"
	"tidegate/etl/pipeline"
	"tidegate/internal/logkey"
)

// lookAtClock is how often a loop looks whether something is due: a clock may be set.
const lookAtClock = time.Second

// loop runs all pipelines, then each when its schedule says so, until it is asked to stop. A turn does what etl run does,
// and one that fails is no end: the next may succeed.
func (e *etlRunCmd) loop(ctx context.Context, p *program, c config, pipelines []*pipeline.Pipeline, o etl.Options) error {
	if err := scheduled(pipelines); err != nil {
		return err
	}
	log := p.newLog()
	for since, due := time.Now(), pipelines; ; {
		if len(due) > 0 {
			e.turn(ctx, p, log, c, due, o)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookAtClock):
		}
		now := time.Now()
		if due = pipeline.Due(pipelines, since, now); len(due) > 0 {
			c, pipelines = e.again(ctx, p, log, c, pipelines)
			due = pipeline.Due(pipelines, since, now)
		}
		since = now
	}
}

// turn does what etl run does, and prints it unless nothing happened: a loop has many turns, and most find nothing new.
func (e *etlRunCmd) turn(ctx context.Context, p *program, log *slog.Logger, c config, due []*pipeline.Pipeline, o etl.Options) {
	var printed bytes.Buffer
	quiet := *p
	quiet.out = &printed
	began := time.Now()
	err := e.once(ctx, &quiet, c, due, o)
	stopped := ctx.Err() != nil
	if err != nil && !stopped {
		log.ErrorContext(ctx, "a turn failed", logkey.Error, err)
	}
	if !quiet.worked && (err == nil || stopped) {
		log.DebugContext(ctx, "a turn found nothing to do", "pipelines", len(due), logkey.Elapsed, time.Since(began))
		return
	}
	if _, err := p.out.Write(printed.Bytes()); err != nil {
		log.ErrorContext(ctx, "print what a turn did", logkey.Error, err)
	}
}

// again reads the configuration and the pipelines anew. What was read before stays if that fails.
func (e *etlRunCmd) again(ctx context.Context, p *program, log *slog.Logger, c config, pipelines []*pipeline.Pipeline) (config, []*pipeline.Pipeline) {
	newConfig, newPipelines, _, err := e.chosen(p)
	if err == nil {
		err = scheduled(newPipelines)
	}
	if err != nil {
		log.ErrorContext(ctx, "read the configuration and the pipelines again; they are used as they were", logkey.Error, err)
		return c, pipelines
	}
	return newConfig, newPipelines
}

// scheduled makes sure that each pipeline has its time.
func scheduled(pipelines []*pipeline.Pipeline) error {
	var names []string
	for _, p := range pipeline.Unscheduled(pipelines) {
		names = append(names, p.Name)
	}
	if len(names) > 0 {
		return wrong{fmt.Errorf("--loop runs pipelines by their schedule, and nothing tells when to run %s; write schedule: 1h in its yml, or leave it out by --select",
			strings.Join(names, ", "))}
	}
	return nil
}
