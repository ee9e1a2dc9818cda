package main

import (
	"context"

	"tidegate/etl"
)

type etlRequeueCmd struct {
	Select []string `help:"Only these pipelines, as etl run has them." placeholder:"NAME"`
}

// Run gives the rejected records of the pipelines another chance.
func (e *etlRequeueCmd) Run(ctx context.Context, p *program) error {
	c, pipelines, err := chosenPipelines(p, e.Select)
	if err != nil {
		return err
	}
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		return err
	}
	return parts.finishRun(ctx, p, parts.giveTurns(ctx, p, pipelines, (*etl.Runner).Requeue, etl.Options{}))
}
